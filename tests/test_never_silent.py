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

N = 40
CODES = [f"K{i:03}" for i in range(N)]
GROUPS = ["Peserta" if i % 2 else "Pembanding" for i in range(N)]
GROUP = {"variable": "kelompok", "program": ["Peserta"], "comparison": ["Pembanding"]}
CATEGORY, NUMBER, FLAG = ({"type": kind} for kind in ("category", "number", "flag"))
SURNAMES = [
    "Siregarkan", "Simatupangan", "Nasutionan", "Harahapan", "Lubisan", "Tampubolonan",
    "Hutagalungan", "Panjaitanan", "Sitompulan", "Manurungan", "Situmorangan", "Sihombingan",
    "Wiratmajan", "Kusumanan", "Pramuditan", "Hartawanan", "Setyadiban", "Gunawarman",
]  # fmt: skip
FIRST = ["Ahmad", "Budi", "Citra", "Dewi", "Eka", "Fajar", "Gita", "Hadi", "Indah", "Joko"]
PEOPLE = [f"{a} {b}" for a, b in itertools.islice(itertools.product(FIRST, SURNAMES), 0, None, 4)]
PEOPLE = PEOPLE[:N]
SURNAME = [p.split()[1] for p in PEOPLE]

Columns = dict[str, tuple[dict[str, Any], list[Any]]]  # heading -> how it is declared, its values


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALUASI_KEY", "a key for tests")


def data(root: Path, tables: dict[str, tuple[dict[str, Any], Columns]], **changes: Any) -> Path:
    """A folder of data with one program of N persons. tables: source -> its keys, and its columns
    beside the code of the person; a variable is called as its heading, in small letters."""
    folder = root / "raw" / "uji"
    folder.mkdir(parents=True)
    sources = {}
    for name, (keys, columns) in tables.items():
        declared = {"kode": {"from": "kode", "type": "respondent_code"}} | {
            heading.lower().replace(" ", "_"): {"from": heading} | column
            for heading, (column, _values) in columns.items()
        }
        sources[name] = {"file": f"{name}.csv", "preset": "none", "columns": declared} | keys
        values = {heading: values for heading, (_column, values) in columns.items()}
        pd.DataFrame({"kode": CODES} | values).to_csv(folder / f"{name}.csv", index=False)
    program = {
        "id": "uji", "title": "Uji", "kind": "other", "organisation": "Contoh", "cycle": "2025",
        "design": {"type": "single_group"}, "link": "respondent_code", "sources": sources,
    }  # fmt: skip
    if "peserta" in tables:
        program["roster"] = "peserta"
    text = yaml.safe_dump(program | changes, sort_keys=False, allow_unicode=True)
    (folder / "program.yml").write_text(text, encoding="utf-8")
    return root


def problems(root: Path) -> list[Any]:
    """Each problem: where, what, count, remedy."""
    return list(el.problems("uji", "id", root).itertuples())


def effect(root: Path) -> pd.Series:
    assert problems(root) == []
    return el.open("uji", "id", root).effects().iloc[0]


# --- What counts as success ---

WORKS = [i % 2 == 1 or i % 8 == 0 for i in range(N)]  # every participant, a quarter of the others
LABELS = ["Bekerja" if w else "Tidak bekerja" for w in WORKS]
YES_NO = ["Ya" if w else "Tidak" for w in WORKS]
TWO = CATEGORY | {"categories": {"Bekerja": "B", "Tidak bekerja": "T"}}


def binary(root: Path, column: dict[str, Any], values: list[str], **outcome: Any) -> Path:
    tables = {"s": ({"wave": "post"}, {"kelompok": (CATEGORY, GROUPS), "kerja": (column, values)})}
    declared = {"id": "kerja", "label": "Bekerja", "level": "results", "variable": "kerja",
                "scale_type": "binary", "unit": "bagian"}  # fmt: skip
    design = {"type": "randomised", "group": GROUP}
    return data(root, tables, design=design, outcomes=[declared | outcome])


def ordered(*labels: str) -> dict[str, Any]:
    return CATEGORY | {"categories": {label: label for label in labels}}


@pytest.mark.parametrize(
    ("column", "values", "success", "estimate"),
    [
        (ordered("Bekerja", "Tidak bekerja"), LABELS, ["Bekerja"], 0.75),  # the order of labels
        (ordered("Tidak bekerja", "Bekerja"), LABELS, ["Bekerja"], 0.75),  # decides nothing
        (CATEGORY, LABELS, ["Bekerja"], 0.75),
        (FLAG, YES_NO, [], 0.75),
        ({"type": "integer"}, [str(int(w)) for w in WORKS], [], 0.75),
        (FLAG, YES_NO, ["false"], -0.75),
    ],
)
def test_success_is_what_was_declared_or_what_can_be_nothing_else(
    column: dict[str, Any], values: list[str], success: list[str], estimate: float, tmp_path: Path
) -> None:
    found = effect(binary(tmp_path, column, values, success=success))
    assert found["estimate"] == pytest.approx(estimate)


@pytest.mark.parametrize(
    ("column", "values", "outcome", "where", "said"),
    [
        (TWO, LABELS, {}, "outcomes.kerja", "Tidak bekerja"),
        (CATEGORY, LABELS, {}, "outcomes.kerja", "“Tidak bekerja”"),
        ({"type": "integer"}, [str(1 + w) for w in WORKS], {}, "outcomes.kerja", "“2”"),
        (CATEGORY, [str(int(w)) for w in WORKS], {}, "outcomes.kerja", "“1”"),
        (TWO, LABELS, {"scale_type": "continuous"}, "outcomes.kerja", "success"),
        (CATEGORY, LABELS, {"success": ["Berkerja"]}, "outcomes.kerja.success", ""),
    ],
)
def test_what_proves_no_success_is_refused_with_what_there_is_to_choose(
    column: dict[str, Any], values: list[str], outcome: dict[str, Any], where: str, said: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    (problem,) = problems(binary(tmp_path, column, values, **outcome))
    assert problem.where.removeprefix("uji/program.yml: ") == where
    assert said in problem.remedy


# --- A group variable in one file only ---


def grouped(root: Path, holders: dict[str, list[str]], *, roster: bool = True) -> Path:
    """Roster, before and after of N persons; holders: which of them have the group's column."""
    # Alike in both groups but for the lift: the person's own change repeats every four persons.
    lift = [4.0 * (group == "Peserta") + (i // 2) % 2 for i, group in enumerate(GROUPS)]
    before = [50 + 3 * (i % 7) for i in range(N)]
    after = [b + x for b, x in zip(before, lift, strict=True)]
    tables: dict[str, tuple[dict[str, Any], Columns]] = {
        "peserta": ({"role": "roster"}, {}),
        "pra": ({"role": "survey", "wave": "pre"}, {"nilai": (NUMBER, before)}),
        "pasca": ({"role": "survey", "wave": "post"}, {"nilai": (NUMBER, after)}),
    }
    for name, values in holders.items():
        tables[name][1]["kelompok"] = (CATEGORY, values)
    if not roster:
        del tables["peserta"]
    outcome = {"id": "nilai", "label": "Nilai", "level": "learning", "variable": "nilai",
               "wave": "post", "baseline_wave": "pre", "unit": "poin"}  # fmt: skip
    design = {"type": "comparison", "group": GROUP}
    return data(root, tables, design=design, outcomes=[outcome])


@pytest.mark.parametrize(
    ("holder", "roster"),
    [("peserta", True), ("pra", True), ("pasca", True), ("pra", False), ("pasca", False)],
)
def test_a_group_variable_in_any_one_file_keeps_everybody(
    holder: str, roster: bool, tmp_path: Path
) -> None:
    found = effect(grouped(tmp_path, {holder: GROUPS}, roster=roster))
    assert (found["n_program"], found["n_comparison"]) == (N / 2, N / 2)
    assert found["estimate"] == pytest.approx(4.0)


def test_the_roster_counts_before_other_sources_and_a_contradiction_is_counted(
    tmp_path: Path,
) -> None:
    other = ["Pembanding" if i < 4 else g for i, g in enumerate(GROUPS)]
    (problem,) = problems(grouped(tmp_path, {"peserta": GROUPS, "pra": other}))
    assert (problem.where, problem.count) == ("design.group", 2)


@pytest.mark.parametrize("value", ["Peserta", "Pembanding", "Entah"])
def test_a_group_of_nobody_is_refused(value: str, tmp_path: Path) -> None:
    found = problems(grouped(tmp_path, {"pra": [value] * N}))
    assert "design.group" in {p.where for p in found}


def test_a_stage_of_participation_may_stand_in_another_file_than_the_roster(
    tmp_path: Path,
) -> None:
    done = ["Ya" if i % 4 == 1 else "Tidak" for i in range(N)]
    tables = {"peserta": ({"role": "roster"}, {}), "hadir": ({}, {"selesai": (FLAG, done)})}
    program = el.open("uji", data=data(tmp_path, tables, participation={"completed": "selesai"}))
    assert program.measures.set_index("id")["value"]["participation/completed"] == N / 4


# --- Names never leave ---


def named(root: Path, heading: str, declared: dict[str, Any], values: list[Any],
          names: bool = False, **changes: Any) -> Path:  # fmt: skip
    """A roster with a column of names under a heading, beside the declared full names or not."""
    columns = {heading: (declared, values),
               "Unit": (CATEGORY, [f"Biro {i % 4}" for i in range(N)])}  # fmt: skip
    if names:
        columns["Pemilik Data"] = ({"type": "name"}, PEOPLE)
    after = {"nilai": (NUMBER, [50 + i % 9 for i in range(N)])}
    tables = {"peserta": ({"role": "roster"}, columns),
              "pasca": ({"role": "survey", "wave": "post"}, after)}  # fmt: skip
    outcome = {"id": "nilai", "label": "Nilai", "level": "learning", "variable": "nilai",
               "unit": "poin"}  # fmt: skip
    return data(root, tables, outcomes=[outcome], **changes)


def everything_written(root: Path) -> bytes:
    """All bytes that leave cleaning and reporting, archives unpacked, Parquet also as text."""
    el.open("uji", "id", root).report(out=root / "out", formats="html,xlsx")
    found = b""
    for path in [*(root / "out").rglob("*"), *(root / "processed").rglob("*")]:
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


NAME_COLUMNS: dict[str, tuple[str, dict[str, Any], list[Any], bool]] = {
    "surnames as a category, full names declared": ("Kolom 7", CATEGORY, SURNAME, True),
    "surnames as text, full names declared": ("Kolom 7", {}, SURNAME, True),
    "surnames as a category, by the heading": ("Marga", CATEGORY, SURNAME, False),
    "surnames as declared categories": ("Marga", ordered(*sorted({*SURNAME})), SURNAME, False),
    "surnames that occur once, without a hint": (
        "Kolom 7", CATEGORY, [*SURNAMES, *[None] * (N - len(SURNAMES))], False,
    ),
    "full names as text": ("Pegawai", {}, PEOPLE, False),
    "full names as a category": ("Kolom 7", CATEGORY, PEOPLE, False),
    "full names under a name's heading, as an open answer": (
        "Nama Lengkap", {"type": "open"}, PEOPLE, False,
    ),
    "names with degrees, repeated": (
        "Atasan", CATEGORY, [f"Dr. {SURNAMES[i % 4]}, M.Si." for i in range(N)], False,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "declared", "values", "names"), NAME_COLUMNS.values(), ids=NAME_COLUMNS
)
def test_no_name_leaves_whatever_type_was_declared(
    heading: str, declared: dict[str, Any], values: list[str], names: bool, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    written = everything_written(named(tmp_path, heading, declared, values, names))
    said = "".join([*capsys.readouterr(), caplog.text]).encode()
    canaries = {s for s in SURNAMES if any(s in v for v in values if v)}
    assert len(canaries) >= 4
    assert [s for s in canaries if s.encode() in written + said] == []
    program = el.open("uji", data=tmp_path)
    notes = [text for text in program.result.quality.problems if heading in text]
    assert len(notes) == 1, "the reader is told, by the column's heading"
    assert set(program.tables["peserta"]["unit"]) == {f"Biro {i}" for i in range(4)}


def test_a_column_of_names_that_the_program_rests_on_is_a_problem(tmp_path: Path) -> None:
    design = {"type": "single_group", "cluster": "nama_atasan"}
    found = problems(named(tmp_path, "Nama Atasan", CATEGORY, PEOPLE, design=design))
    assert any("Nama Atasan" in p.what for p in found)
    assert not any(name in str(p) for p in found for name in PEOPLE)


def test_unknown_labels_that_could_be_names_are_counted_and_not_shown(tmp_path: Path) -> None:
    values = [*SURNAMES[:6], *["A"] * (N - 6)]
    found = problems(named(tmp_path, "Nama Belakang", ordered("A", "B"), values))
    assert not any(s in str(p) for p in found for s in SURNAMES)


def test_a_file_without_headings_shows_nobody_from_its_first_row(tmp_path: Path) -> None:
    root = data(tmp_path, {"s": ({}, {"Unit": (CATEGORY, PEOPLE)})})
    rows = "".join(f"19860926201505100{i},{PEOPLE[i]},Biro {i}\n" for i in range(5))
    (root / "raw" / "uji" / "s.csv").write_text(rows, encoding="utf-8")
    found = problems(root)
    assert any("header_row" in p.remedy for p in found)
    assert not any(word in str(p) for p in found for word in PEOPLE[0].split())


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("Nama Instansi", [f"Dinas Kesehatan Kota {i % 6}" for i in range(N)]),
        ("Satuan Kerja", [("Biro Umum", "Biro Hukum", "Pusat Data")[i % 3] for i in range(N)]),
        ("Status Pegawai", [("PNS", "PPPK", "Honorer")[i % 3] for i in range(N)]),
    ],
)
def test_places_of_work_and_grades_are_no_names(
    heading: str, values: list[str], tmp_path: Path
) -> None:
    program = el.open("uji", data=named(tmp_path, heading, CATEGORY, values, names=True))
    assert set(program.tables["peserta"][heading.lower().replace(" ", "_")]) == set(values)


def test_mostly_distinct_texts_become_codes_that_agree_between_sources(tmp_path: Path) -> None:
    place: Columns = {"tempat": (CATEGORY, [f"kantor {i % 25}" for i in range(N)])}
    tables = {name: ({"wave": name}, place) for name in ("pre", "post")}
    found = el.open("uji", data=data(tmp_path, tables)).tables
    before, after = (found[name]["tempat"] for name in ("pre", "post"))
    assert list(before) == list(after)
    assert before.nunique() == 25
    assert not before.astype(str).str.contains("kantor").any()


def test_a_misspelt_standard_is_found_by_check(tmp_path: Path) -> None:
    root = data(tmp_path, {"s": ({}, {"Ya": (FLAG, YES_NO)})}, standards={"ikmm": {}})
    assert any("ikmm" in p.what for p in problems(root))
