"""From raw files to what a reader sees: what is a success, who is in a group, no name leaks."""

from __future__ import annotations

import io
import itertools
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import evaluasi_lib as el
from evaluasi_lib.check import DataFolder
from evaluasi_lib.cleaning.pipeline import clean_program
from evaluasi_lib.measures import effects_of, value_at
from evaluasi_lib.program import Program
from evaluasi_lib.reporting.export import write_report
from evaluasi_lib.reporting.sections import report_sections
from evaluasi_lib.results import EvaluationResult
from tests.cleaning_help import BASE, folder_with, problems_of

N = 40
GROUP = {"variable": "kelompok", "program": ["Peserta"], "comparison": ["Pembanding"]}
SURNAMES = [
    "Siregarkan", "Simatupangan", "Nasutionan", "Harahapan", "Lubisan", "Tampubolonan",
    "Hutagalungan", "Panjaitanan", "Sitompulan", "Manurungan", "Situmorangan", "Sihombingan",
    "Wiratmajan", "Kusumanan", "Pramuditan", "Hartawanan", "Setyadiban", "Gunawarman",
]  # fmt: skip
FIRST = ["Ahmad", "Budi", "Citra", "Dewi", "Eka", "Fajar", "Gita", "Hadi", "Indah", "Joko"]
PEOPLE = [f"{a} {b}" for a, b in itertools.islice(itertools.product(FIRST, SURNAMES), 0, None, 4)]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALUASI_KEY", "a key for tests")


def csv(**columns: list[Any]) -> str:
    return pd.DataFrame(columns).to_csv(index=False)


def codes() -> list[str]:
    return [f"K{i:03}" for i in range(N)]


def groups() -> list[str]:
    return ["Peserta" if i % 2 else "Pembanding" for i in range(N)]


def source(file: str, columns: dict[str, Any], **more: Any) -> dict[str, Any]:
    code = {"kode": {"from": "kode", "type": "respondent_code"}}
    return {"file": file, "preset": "none", "columns": code | columns} | more


def evaluated(data: DataFolder) -> EvaluationResult:
    return el.open("uji", "id", data.path).result


# --- What counts as success (point 9) ------------------------------------------------------------


def binary(tmp_path: Path, column: dict[str, Any], values: list[str], **outcome: Any) -> Any:
    declared = BASE | {
        "design": {"type": "randomised", "group": GROUP},
        "sources": {"s": {"file": "s.csv", "wave": "post", "columns": {
            "kelompok": {"from": "kelompok", "type": "category"},
            "kerja": {"from": "kerja"} | column,
        }}},
        "outcomes": [{
            "id": "kerja", "label": "Bekerja", "level": "results", "variable": "kerja",
            "scale_type": "binary", "unit": "bagian",
        } | outcome],
    }  # fmt: skip
    return folder_with(tmp_path, declared, {"s.csv": csv(kelompok=groups(), kerja=values)})


WORKS = [i % 2 == 1 or i % 8 == 0 for i in range(N)]  # every participant, a quarter of the others
LABELS = ["Bekerja" if w else "Tidak bekerja" for w in WORKS]


@pytest.mark.parametrize("order", [["Bekerja", "Tidak bekerja"], ["Tidak bekerja", "Bekerja"], []])
def test_the_order_of_labels_does_not_decide_what_success_is(
    order: list[str], tmp_path: Path
) -> None:
    column: dict[str, Any] = {"type": "category"}
    if order:
        column["categories"] = {label: label for label in order}
    data, _program = binary(tmp_path, column, LABELS, success=["Bekerja"])
    (effect,) = effects_of(evaluated(data).rows, "primary")
    assert effect.estimate == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ({"type": "flag"}, ["Ya" if w else "Tidak" for w in WORKS]),
        ({"type": "integer"}, [str(int(w)) for w in WORKS]),
    ],
)
def test_a_flag_and_zero_or_one_need_no_success(
    column: dict[str, Any], values: list[str], tmp_path: Path
) -> None:
    data, _program = binary(tmp_path, column, values)
    assert problems_of(data) == []
    (effect,) = effects_of(evaluated(data).rows, "primary")
    assert effect.estimate == pytest.approx(0.75)


def test_a_success_may_be_the_flag_that_is_false(tmp_path: Path) -> None:
    values = ["Ya" if w else "Tidak" for w in WORKS]
    data, _program = binary(tmp_path, {"type": "flag"}, values, success=["false"])
    (effect,) = effects_of(evaluated(data).rows, "primary")
    assert effect.estimate == pytest.approx(-0.75)


def test_two_declared_labels_without_success_are_refused_with_the_labels(tmp_path: Path) -> None:
    column = {"type": "category", "categories": {"Bekerja": "B", "Tidak bekerja": "T"}}
    with pytest.raises(el.EvaluationError, match=r"Bekerja.*Tidak bekerja") as caught:
        binary(tmp_path, column, LABELS)
    assert "outcomes.kerja" in str(caught.value)


@pytest.mark.parametrize(
    ("column", "values", "shown"),
    [
        ({"type": "category"}, LABELS, "“Tidak bekerja”"),
        ({"type": "integer"}, [str(1 + w) for w in WORKS], "“2”"),
        ({"type": "category"}, ["1" if w else "0" for w in WORKS], "“1”"),
    ],
)
def test_values_that_prove_no_success_are_refused_with_what_the_file_holds(
    column: dict[str, Any], values: list[str], shown: str, tmp_path: Path
) -> None:
    data, _program = binary(tmp_path, column, values)
    (problem,) = problems_of(data)
    assert problem.where == "outcomes.kerja"
    assert shown in problem.remedy


def test_labels_without_an_order_are_no_scale(tmp_path: Path) -> None:
    column = {"type": "category", "categories": {"Bekerja": "B", "Tidak bekerja": "T"}}
    with pytest.raises(el.EvaluationError, match="success"):
        binary(tmp_path, column, LABELS, scale_type="continuous")


def test_success_names_a_label_that_is_there(tmp_path: Path) -> None:
    data, _program = binary(tmp_path, {"type": "category"}, LABELS, success=["Berkerja"])
    (problem,) = problems_of(data)
    assert problem.where == "outcomes.kerja.success"


# --- A group variable in one file only (point 10) ------------------------------------------------


def grouped(
    tmp_path: Path, holders: dict[str, list[str]], *, roster: bool = True
) -> tuple[DataFolder, Program]:
    """Roster, pre and post of N persons; holders: which of them have the group's column."""
    score = {"nilai": {"from": "nilai", "type": "number"}}
    group = {"kelompok": {"from": "kelompok", "type": "category"}}
    names = {"peserta": "roster", "pra": "survey", "pasca": "survey"}
    waves = {"pra": {"wave": "pre"}, "pasca": {"wave": "post"}, "peserta": {}}
    sources, files = {}, {}
    for name, role in names.items():
        if name == "peserta" and not roster:
            continue
        mine = (score if role == "survey" else {}) | (group if name in holders else {})
        sources[name] = source(f"{name}.csv", mine, role=role, **waves[name])
        after = name == "pasca"
        # Alike in both groups but for the lift: the person's own change repeats every four persons.
        lift = [after * (4.0 * (g == "Peserta") + (i // 2) % 2) for i, g in enumerate(groups())]
        columns: dict[str, list[Any]] = {"kode": codes()}
        if role == "survey":
            columns["nilai"] = [50 + 3 * (i % 7) + x for i, x in enumerate(lift)]
        if name in holders:
            columns["kelompok"] = holders[name]
        files[f"{name}.csv"] = csv(**columns)
    declared = BASE | {
        "design": {"type": "comparison", "group": GROUP},
        "link": "respondent_code",
        "sources": sources,
        "outcomes": [{
            "id": "nilai", "label": "Nilai", "level": "learning", "variable": "nilai",
            "wave": "post", "baseline_wave": "pre", "unit": "poin",
        }],
    } | ({"roster": "peserta"} if roster else {})  # fmt: skip
    return folder_with(tmp_path, declared, files)


@pytest.mark.parametrize(
    ("holder", "roster"),
    [("peserta", True), ("pra", True), ("pasca", True), ("pra", False), ("pasca", False)],
)
def test_a_group_variable_in_any_one_file_keeps_everybody(
    holder: str, roster: bool, tmp_path: Path
) -> None:
    data, _program = grouped(tmp_path, {holder: groups()}, roster=roster)
    assert problems_of(data) == []
    (effect,) = effects_of(evaluated(data).rows, "primary")
    assert (effect.n_program, effect.n_comparison) == (N / 2, N / 2)
    assert effect.estimate == pytest.approx(4.0)


def test_the_roster_counts_before_other_sources_and_a_contradiction_is_counted(
    tmp_path: Path,
) -> None:
    other = ["Pembanding" if i < 4 else g for i, g in enumerate(groups())]
    data, _program = grouped(tmp_path, {"peserta": groups(), "pra": other})
    (problem,) = problems_of(data)
    assert (problem.where, problem.count) == ("design.group", 2)


@pytest.mark.parametrize("value", ["Peserta", "Pembanding", "Entah"])
def test_a_group_of_nobody_is_refused(value: str, tmp_path: Path) -> None:
    data, _program = grouped(tmp_path, {"pra": [value] * N})
    assert "design.group" in {p.where for p in problems_of(data)}


def test_a_stage_of_participation_may_stand_in_another_file_than_the_roster(
    tmp_path: Path,
) -> None:
    done = ["Ya" if i % 4 == 1 else "Tidak" for i in range(N)]
    declared = BASE | {
        "link": "respondent_code", "roster": "peserta",
        "sources": {
            "peserta": source("peserta.csv", {}, role="roster"),
            "hadir": source("hadir.csv", {"selesai": {"from": "selesai", "type": "flag"}}),
        },
        "participation": {"completed": "selesai"},
    }  # fmt: skip
    files = {"peserta.csv": csv(kode=codes()), "hadir.csv": csv(kode=codes(), selesai=done)}
    data, _program = folder_with(tmp_path, declared, files)
    assert value_at(evaluated(data).rows, "participation/completed") == N / 4


# --- Names never leave (point 11) ----------------------------------------------------------------


def named(
    tmp_path: Path, heading: str, declared: dict[str, Any], values: list[str], *, name: bool
) -> tuple[DataFolder, Program]:
    """A roster with a column of names under a heading, beside the declared full names or not."""
    columns: dict[str, Any] = {
        "kolom": {"from": heading} | declared, "unit": {"from": "Unit", "type": "category"},
    }  # fmt: skip
    file: dict[str, list[Any]] = {"kode": codes(), heading: values}
    file["Unit"] = [f"Biro {i % 4}" for i in range(N)]
    if name:
        columns["nama"] = {"from": "Pemilik Data", "type": "name"}
        file["Pemilik Data"] = PEOPLE[:N]
    survey = {"nilai": {"from": "nilai", "type": "number"}}
    program = BASE | {
        "link": "respondent_code", "roster": "peserta",
        "sources": {
            "peserta": source("peserta.csv", columns, role="roster"),
            "pasca": source("pasca.csv", survey, wave="post", role="survey"),
        },
        "outcomes": [{
            "id": "nilai", "label": "Nilai", "level": "learning", "variable": "nilai",
            "unit": "poin",
        }],
    }  # fmt: skip
    files = {
        "peserta.csv": csv(**file),
        "pasca.csv": csv(kode=codes(), nilai=[50 + i % 9 for i in range(N)]),
    }
    return folder_with(tmp_path, program, files)


def everything_written(data: DataFolder, folder: Path) -> bytes:
    """All bytes that leave cleaning and reporting, archives unpacked, Parquet also as text."""
    program = el.open("uji", "id", data.path)
    result = program.result
    folder.mkdir()
    write_report(folder, report_sections(program.declared, result), result, ("html", "xlsx"))
    found = b""
    for path in [*folder.rglob("*"), *data.processed("uji").rglob("*")]:
        if not path.is_file():
            continue
        content = path.read_bytes()
        found += content
        if path.suffix == ".parquet":
            found += pd.read_parquet(path).to_csv().encode()
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                found += b"".join(archive.read(name) for name in archive.namelist())
    return found


SURNAME = [p.split()[1] for p in PEOPLE[:N]]
NAME_COLUMNS = {
    "surnames as a category, full names declared": ("Kolom 7", {"type": "category"}, SURNAME, True),
    "surnames as text, full names declared": ("Kolom 7", {}, SURNAME, True),
    "surnames as a category, by the heading": ("Marga", {"type": "category"}, SURNAME, False),
    "surnames as declared categories": (
        "Marga", {"type": "category", "categories": {s: s for s in sorted(set(SURNAME))}},
        SURNAME, False,
    ),
    "surnames that occur once, without a hint": (
        "Kolom 7", {"type": "category"},
        [SURNAMES[i] if i < len(SURNAMES) else None for i in range(N)], False,
    ),
    "full names as text": ("Pegawai", {}, PEOPLE[:N], False),
    "full names as a category": ("Kolom 7", {"type": "category"}, PEOPLE[:N], False),
    "full names under a name's heading, as an open answer": (
        "Nama Lengkap", {"type": "open"}, PEOPLE[:N], False,
    ),
    "names with degrees, repeated": (
        "Atasan", {"type": "category"}, [f"Dr. {SURNAMES[i % 4]}, M.Si." for i in range(N)], False,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "declared", "values", "name"), NAME_COLUMNS.values(), ids=NAME_COLUMNS
)
def test_no_name_leaves_whatever_type_was_declared(
    heading: str,
    declared: dict[str, Any],
    values: list[str],
    name: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    data, _program = named(tmp_path, heading, declared, values, name=name)
    written = everything_written(data, tmp_path / "out")
    said = (capsys.readouterr().out + capsys.readouterr().err + caplog.text).encode()
    canaries = {s for s in SURNAMES if any(s in v for v in values if v)}
    assert len(canaries) >= 4
    assert [s for s in canaries if s.encode() in written + said] == []
    study = el.open("uji", data=data)
    notes = [text for text in study.result.quality.problems if heading in text]
    assert len(notes) == 1, "the reader is told, by the column's heading"
    assert set(study.tables["peserta"]["unit"]) == {f"Biro {i}" for i in range(4)}


def test_a_column_of_names_that_the_program_rests_on_is_a_problem(tmp_path: Path) -> None:
    values = PEOPLE[:N]
    data, _program = named(tmp_path, "Nama Atasan", {"type": "category"}, values, name=False)
    path = data.raw("uji") / "program.yml"
    declared = yaml.safe_load(path.read_text("utf-8"))
    declared["design"]["cluster"] = "kolom"
    path.write_text(yaml.safe_dump(declared), encoding="utf-8")
    problems = problems_of(data)
    assert any("Nama Atasan" in p.what for p in problems)
    assert not any(v in str(p) for p in problems for v in values)


def test_unknown_labels_that_could_be_names_are_counted_and_not_shown(tmp_path: Path) -> None:
    declared = {"type": "category", "categories": {"A": "A", "B": "B"}}
    values = [SURNAMES[i] if i < 6 else "A" for i in range(N)]
    data, _program = named(tmp_path, "Nama Belakang", declared, values, name=False)
    problems = problems_of(data)
    assert not any(s in str(p) for p in problems for s in SURNAMES)


def test_places_of_work_and_grades_are_no_names(tmp_path: Path) -> None:
    for heading, values in {
        "Nama Instansi": [f"Dinas Kesehatan Kota {i % 6}" for i in range(N)],
        "Satuan Kerja": [("Biro Umum", "Biro Hukum", "Pusat Data")[i % 3] for i in range(N)],
        "Status Pegawai": [("PNS", "PPPK", "Honorer")[i % 3] for i in range(N)],
    }.items():
        folder = tmp_path / heading
        data, program = named(folder, heading, {"type": "category"}, values, name=True)
        table = pd.read_parquet(clean_program(program, data) / "peserta.parquet")
        assert set(table["kolom"]) == set(values)


def test_mostly_distinct_texts_become_codes_that_agree_between_sources(tmp_path: Path) -> None:
    values = [f"kantor {i % 25}" for i in range(N)]
    place = {"tempat": {"from": "tempat", "type": "category"}}
    declared = BASE | {
        "link": "respondent_code",
        "sources": {
            name: source(f"{name}.csv", place, wave=name) for name in ("pre", "post")
        },
    }  # fmt: skip
    files = {f"{n}.csv": csv(kode=codes(), tempat=values) for n in ("pre", "post")}
    data, program = folder_with(tmp_path, declared, files)
    folder = clean_program(program, data)
    before, after = (pd.read_parquet(folder / f"{n}.parquet")["tempat"] for n in ("pre", "post"))
    assert list(before) == list(after)
    assert before.nunique() == 25
    assert not before.astype(str).str.contains("kantor").any()


def test_a_file_without_headings_shows_nobody_from_its_first_row(tmp_path: Path) -> None:
    columns = {"unit": {"from": "Unit", "type": "category"}}
    declared = BASE | {"sources": {"s": {"file": "s.csv", "columns": columns}}}
    rows = "".join(f"19860926201505100{i},{PEOPLE[i]},Biro {i}\n" for i in range(5))
    data, _program = folder_with(tmp_path, declared, {"s.csv": rows})
    (problem,) = problems_of(data)
    assert "header_row" in problem.remedy
    assert not any(word in str(problem) for word in PEOPLE[0].split())


def test_a_misspelt_standard_is_found_by_check(tmp_path: Path) -> None:
    data, _program = binary(tmp_path, {"type": "flag"}, ["Ya" if w else "Tidak" for w in WORKS])
    path = data.raw("uji") / "program.yml"
    path.write_text(path.read_text("utf-8") + "standards: {ikmm: {}}\n", encoding="utf-8")
    assert el.problems("uji", data=data)["what"].str.contains("ikmm").any()
