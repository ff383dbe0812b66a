"""program.yml: every problem named at once, in words, with the nearest known name; and what
`evaluasi check` says of a program in which there is none."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import evaluasi_lib as el
from evaluasi_lib import program as declaration
from evaluasi_lib.check import Named, names_in  # no list of names that may be misspelt is as whole
from evaluasi_lib.cli import main
from evaluasi_lib.program import Model, Program
from tests.synthetic.model import RAW

LEADERSHIP = RAW / "pelatihan-kepemimpinan-2025"
WRONG = "zzsalah"
MINIMAL: dict[str, Any] = {
    "id": "uji", "title": "Uji", "kind": "mentoring", "organisation": "Instansi", "cycle": 2025,
    "design": {"type": "single_group"}, "link": "anonymous",
    "sources": {"s": {"file": "s.csv", "wave": "post", "columns": {"a": "A"}}},
}  # fmt: skip
ANSWERS = {"s.csv": "A\n1\n"}


def written(root: Path, declared: dict[str, Any] | bytes, files: dict[str, str]) -> Path:
    """root as a folder of data with one program."""
    folder = root / "raw" / (declared["id"] if isinstance(declared, dict) else "uji")
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(declared, dict):
        declared = yaml.safe_dump(declared, sort_keys=False, allow_unicode=True).encode()
    (folder / "program.yml").write_bytes(declared)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return root


def problems(root: Path, declared: dict[str, Any] | bytes) -> list[str]:
    """Each problem as a line: where, what, remedy."""
    declared_id = declared["id"] if isinstance(declared, dict) else "uji"
    found = el.problems(declared_id, "id", written(root, declared, ANSWERS))
    return [f"{p.where}: {p.what}; {p.remedy}" for p in found.itertuples()]


def opened(root: Path, **changes: Any) -> Any:
    return el.open("uji", "id", written(root, MINIMAL | changes, ANSWERS)).declared


OUTCOME = {"id": "o", "label": "O", "level": "learning", "variable": "a", "unit": "poin"}
REFUSED: dict[str, tuple[dict[str, Any] | bytes, tuple[str, ...]]] = {
    "an unknown key": ({"organizasion": "x"}, ("organizasion", "“organisation”")),
    "an unknown key deep inside": (
        {"sources": {"s": {"file": "s.csv", "columns": {"a": {"from": "A", "typo": "item"}}}}},
        ("sources.s.columns.a.typo", "“type”"),
    ),
    "a staggered design, with the reason": (
        {"design": {"type": "staggered"}}, ("bertahap", "bias"),
    ),
    "a roster that is not there": ({"roster": "tidak-ada"}, ("tidak-ada",)),
    "a scale that is not there": (
        {"instruments": {"i": {"label": "I", "scale": "x", "items": ["a"]}}}, ("“x”",),
    ),
    "a population of an unknown variable": ({"population": {"gender": {"L": 3}}}, ("gender",)),
    "an end before the start": (
        {"period": {"start": "2025-02-01", "end": "2025-01-01"}}, ("berakhir sebelum",),
    ),
    "two groups that nobody names": ({"design": {"type": "comparison"}}, ("group",)),
    "a scale without labels": ({"scales": {"s": {}}}, ("labels",)),
    "two outcomes of one id": ({"outcomes": [OUTCOME, OUTCOME]}, ("“o”",)),
    "broken YAML": (b"id: [", ("YAML",)),
    "an empty file": (b"", ("tidak menyatakan apa pun",)),
    "a list": (b"- a\n- b\n", ("tidak menyatakan apa pun",)),
    "another encoding": (b"id: \xff\xfe", ("UTF-8",)),
}  # fmt: skip


@pytest.mark.parametrize(("change", "words"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_named(
    change: dict[str, Any] | bytes, words: tuple[str, ...], tmp_path: Path
) -> None:
    found = problems(tmp_path, change if isinstance(change, bytes) else MINIMAL | change)
    assert any(all(word in problem for word in words) for problem in found), found
    assert len(found) == 1 or isinstance(change, dict)


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, MINIMAL | {"kind": "mentorin", "link": "nippp", "cycles": 3})
    assert len(found) == 3
    assert any("“mentoring”" in p for p in found)


def test_the_id_is_the_folder_s_name_and_a_missing_file_names_the_remedy(tmp_path: Path) -> None:
    written(tmp_path, yaml.safe_dump(MINIMAL | {"id": "lain"}).encode(), ANSWERS)
    assert "lain" in el.problems("uji", data=tmp_path)["what"][0]
    (tmp_path / "raw" / "uji" / "program.yml").unlink()
    assert "evaluasi new" in el.problems("uji", data=tmp_path)["remedy"][0]


def test_a_minimal_program_is_valid_and_labels_that_look_like_booleans_stay_text(
    tmp_path: Path,
) -> None:
    assert problems(tmp_path, MINIMAL) == []
    assert opened(tmp_path).cycle == "2025"
    text = yaml.safe_dump(MINIMAL) + "scales: {s: {labels: [No, Yes], missing: [off]}}\n"
    data = written(tmp_path, (text + "synthetic: true\n").encode(), ANSWERS)
    program = el.open("uji", "id", data).declared
    assert (program.scales["s"].labels, program.scales["s"].missing) == (["No", "Yes"], ["off"])
    assert program.synthetic is True


@pytest.mark.parametrize(
    ("program_id", "word"),
    [("nsw-1967", "nsw-1976"), (2025, "“2025”"), ("", ""), ("../x", ""), ("A B", ""),
     ("x/../y", "")],
)  # fmt: skip
def test_an_identifier_is_known_and_cannot_leave_the_folder(program_id: Any, word: str) -> None:
    with pytest.raises(el.EvaluationError) as caught:
        el.open(program_id)
    assert word in str(caught.value)


def test_a_data_folder_without_raw_is_refused(tmp_path: Path) -> None:
    with pytest.raises(el.EvaluationError, match="raw"):
        el.programs(data=tmp_path)


# --- Every key that names something is followed: one misspelling after another. The cases come
# from the marks in program.py, so that a new key cannot be forgotten. ---------------------------

REST = """
sources:
  survei_pra:
    started: waktu
    finished: waktu
    columns:
      saran_lain: {from: S, type: open, ask_if: {ya: ["true"]}}
      butir: {from: B, type: item, scale: sesuai5}
      ya: {from: Y, type: flag, categories: {"true": Ya, "false": Tidak}}
  log: {file: log.csv, role: events}
elearning:
  {events: log, time_zone_variable: eselon, group: eselon, modules: {M1: Satu}, optional: [M1]}
population: {jenis_kelamin: {L: 3, P: 4}}
participation: {motivation: komunikasi}
report: {logo: logo.png}
voices: {codebook: b.yml, quotes: kutipan.csv, manual_codes: k.csv}
earlier_recommendations:
  - {id: R, from_cycle: "2024", text: x, status: done, indicator: scales/kepuasan/mean}
"""
BINARY = {
    "id": "lanjut", "label": "Lanjut", "level": "behaviour", "variable": "jenis_kelamin",
    "source": "peserta", "scale_type": "binary", "success": ["P"], "unit": "bagian",
}  # fmt: skip


def merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: merged(old.get(key), value) for key, value in new.items()}
    return new


def everything() -> dict[str, Any]:
    """The leadership program with the keys that it lacks, so that every marked field is filled."""
    text = (LEADERSHIP / "program.yml").read_text(encoding="utf-8")
    data = merged(yaml.safe_load(text), yaml.safe_load(REST))
    first = data["outcomes"][0]
    first |= {"dose": "beban_kerja", "baseline_instrument": first["instrument"]}
    data["outcomes"].append(BINARY)
    data["questions"][0] |= {"counter_themes": ["materi"]}
    return data


DATA = everything()
PROGRAM = Program.model_validate(DATA)
NAMES = list(names_in(PROGRAM))
MODELS = [m for m in vars(declaration).values() if isinstance(m, type) and issubclass(m, Model)]
FIELDS = {name for model in MODELS for name in model.model_fields}
IN_FILES = ("theme", "codebook_theme", "rubric_indicator", "path")  # known when these are read


def wrong(name: str) -> str:
    return f"{name[:-2]}q{name[-1]}"


def misspelt(*names: Named) -> dict[str, Any]:
    """program.yml with these names spelt wrongly: a key, a value, or a member of a list."""
    data = copy.deepcopy(DATA)
    for named in names:
        node = parent = data
        for step in named.at:
            if isinstance(node, list):
                node = next(x for n, x in enumerate(node, 1) if step == str(x.get("id", n)))
            else:
                parent, node = node, node[step]
        if named.at[-1] == named.name:
            parent[wrong(named.name)] = parent.pop(named.at[-1])
        elif isinstance(node, list):
            node[node.index(named.name)] = wrong(named.name)
        else:
            parent[named.at[-1]] = wrong(named.name)
    return data


def one_of_each() -> Iterator[Named]:
    """One name for each marked field, wherever in program.yml it stands first."""
    seen = set()
    for named in NAMES:
        fields = tuple(part for part in named.at if part in FIELDS)
        key = (fields, named.mark, named.at[-1] == named.name)
        if key not in seen:
            seen.add(key)
            yield named


def test_every_marked_field_is_filled_so_that_it_is_tested() -> None:
    marked = {
        (model, name) for model in MODELS for name, field in model.model_fields.items()
        if "Names(" in repr(field)
    }  # fmt: skip
    filled = {(type(n.inside[-1]), part) for n in NAMES for part in n.at}
    assert {(m.__name__, f) for m, f in marked - filled} == set()


@pytest.mark.parametrize(
    "named",
    [n for n in one_of_each() if n.mark.kind not in (*IN_FILES, "result")],
    ids=lambda n: n.where,
)
def test_a_misspelt_name_is_refused_with_the_nearest(named: Named, tmp_path: Path) -> None:
    found = problems(tmp_path, misspelt(named))
    right = f"“{named.name}”" if len(named.name) > 4 else ""  # a short one is near to many
    assert any(wrong(named.name) in p and right in p.split(";")[-1] for p in found), found


def test_names_that_files_declare_and_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    shutil.copytree(LEADERSHIP, tmp_path / "raw" / DATA["id"])
    shipped = yaml.safe_load((LEADERSHIP / "program.yml").read_text(encoding="utf-8"))
    themes = [n for n in one_of_each() if n.mark.kind in IN_FILES and n.mark.kind != "path"]
    voices = shipped["voices"] | {"asks": {"baik": wrong("berhasil")}}
    questions = misspelt(*[n for n in themes if n.at[0] == "questions"])["questions"]
    found = problems(tmp_path, shipped | {"questions": questions, "voices": voices})
    assert [n.where for n in themes if not any(wrong(n.name) in p for p in found)] == []
    files = [n.at[-1] for n in NAMES if n.mark.kind == "path" and n.at[0] == "voices"]
    found = problems(
        tmp_path, shipped | {"voices": shipped["voices"] | dict.fromkeys(files, WRONG)}
    )
    assert [key for key in files if not any(f"{key}: {WRONG}" in p for p in found)] == [], found


def test_a_variable_of_a_type_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    data = copy.deepcopy(DATA)
    data["participation"]["completed"] = "alasan_berhenti"
    (problem,) = [p for p in problems(tmp_path, data) if "completed" in p]
    assert "flag" in problem


@pytest.mark.parametrize("path", ["scales/kepuasan/meen", "skales/kepuasan/mean", "efficiency/bcx"])
def test_an_indicator_is_a_place_in_the_result(path: str, tmp_path: Path) -> None:
    data = copy.deepcopy(DATA)
    data["earlier_recommendations"][0]["indicator"] = path
    assert any(path in p for p in problems(tmp_path, data))


# --- What `evaluasi check` says ---

NIPS = [f"19{80 + i % 10}0{1 + i % 9}1{i % 10}2010{1 + i % 9:02d}{1 + i % 2}{i + 1:03d}"
        for i in range(40)]  # fmt: skip
STRANGER = "197501012000121999"
NIP = {"nip": {"from": "NIP", "type": "nip"}}
LINKED = MINIMAL | {
    "design": {"type": "single_group", "covariates": ["usia", "nilai_awal"]}, "link": "nip",
    "roster": "peserta",
    "sources": {
        "peserta": {"file": "peserta.csv", "role": "roster", "columns": NIP | {
            "usia": {"from": "Usia", "type": "number"},
            "nilai_awal": {"from": "Nilai", "type": "number"},
        }},
        "tes": {"file": "tes.csv", "role": "record", "wave": "post", "columns": NIP | {
            "nilai": {"from": "Nilai", "type": "number"},
        }},
    },
    "outcomes": [{
        "id": "tes", "label": "Tes", "level": "learning", "variable": "nilai", "wave": "post",
        "baseline_variable": "nilai_awal", "unit": "poin",
    }],
}  # fmt: skip


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """`evaluasi check` for the persons of NIPS, of whom `tests` took the test: its lines."""

    def run(tests: list[str], corrections: str = "", **changes: Any) -> list[str]:
        people = "".join(f"{nip},{30 + i % 20},{50 + i % 7}\n" for i, nip in enumerate(NIPS))
        taken = "".join(f"{nip},{60 + i % 9}\n" for i, nip in enumerate(tests))
        files = {"peserta.csv": "NIP,Usia,Nilai\n" + people, "tes.csv": "NIP,Nilai\n" + taken}
        files |= {"koreksi.csv": corrections} if corrections else {}
        written(tmp_path, LINKED | changes, files)
        before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
        assert main(["check", "uji", "--data", str(tmp_path)]) == 0
        assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
        return capsys.readouterr().out.splitlines()

    return run


def row_of(lines: list[str]) -> list[str]:
    """The numbers of the outcome "tes" after the program."""
    return next(x.split() for x in lines if x.split()[:2] == ["tes", "sesudah"])[2:]


def test_rows_that_match_nobody_are_told_by_reason(check: Any) -> None:
    lines = check([*NIPS[:30], "", "", "1.97502E+17", "12345", "130456789", STRANGER])
    (line,) = [x for x in lines if "tidak cocok" in x]
    assert "6 dari 36" in line
    for reason in ("kosong 2", "rusak oleh Excel 1", "bentuk lain 2", "tidak ada di sana 1"):
        assert reason in line
    assert STRANGER not in "".join(lines)
    assert row_of(lines) == ["36", "30", "30"]
    assert row_of(check(NIPS[:3])) == ["<", "5"] * 3


def test_a_covariate_that_is_the_measure_before_as_well_is_said(check: Any) -> None:
    said = "“nilai_awal” sekaligus menjadi kovariat dan ukuran awal"
    assert said in "".join(check(NIPS))
    only = {"type": "single_group", "covariates": ["usia"]}
    assert "sekaligus" not in "".join(check(NIPS, design=only))


def test_corrections_that_meet_nothing_are_said(check: Any) -> None:
    head = "sumber,baris,kolom,lama,baru,alasan,oleh\n"
    rows = "tes,1,nilai,60,61,salah ketik,E\ntes,2,nilai,99,61,salah,E\ntes,999,nilai,60,61,x,E\n"
    told = [x for x in check(NIPS, head + rows) if "koreksi.csv" in x]
    assert [next(n for n in "123" if f"baris {n}" in x) for x in told] == ["2", "3"]
