"""Files of the kinds that agencies have come through `new`, `check` and `report` with few edits.

The files and their numbers are in tests/data/agency; tests/agency.py makes them.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluasi_lib import cli, wording
from tests import agency

CASES = {case["id"]: case for case in agency.CASES}
MOST_EDITS = 10


def run(*arguments: str | Path) -> int:
    try:
        return cli.main([str(a) for a in arguments])
    finally:
        wording.set_language("id")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every file drafted, edited as its case says, and reported on."""
    root = tmp_path_factory.mktemp("agency")
    (root / "raw").mkdir()
    for case in CASES.values():
        files = [agency.FOLDER / name for name in case["files"]]
        assert run("new", case["id"], "--from", *files, "--data", root) == 0
        declaration = root / "raw" / case["id"] / "program.yml"
        text = declaration.read_text(encoding="utf-8")
        (root / f"{case['id']}.yml").write_text(text, encoding="utf-8")
        declaration.write_text(agency.edited(text, case), encoding="utf-8")
    assert run("check", "--data", root) == 0
    out = root / "reports"
    assert run("report", "--all", "--language", "id", "--data", root, "--out", out) == 0
    return root


@pytest.mark.parametrize("name", CASES)
def test_the_report_has_the_numbers_that_were_counted_by_hand(name: str, data: Path) -> None:
    result = json.loads((data / "reports" / name / "result.json").read_text(encoding="utf-8"))
    values = {row["id"]: row["value"] for row in result["measures"]}
    wanted = CASES[name]["numbers"]
    assert {key: values.get(key) for key in wanted} == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_at_most_ten_lines_were_edited(name: str, data: Path) -> None:
    before = (data / f"{name}.yml").read_text(encoding="utf-8").splitlines()
    after = (data / "raw" / name / "program.yml").read_text(encoding="utf-8").splitlines()
    changed = sum(a != b for a, b in zip(before, after, strict=True))
    assert changed == len(CASES[name]["edits"]) <= MOST_EDITS


@pytest.mark.parametrize("name", CASES)
def test_a_draft_has_a_comment_at_each_column_and_no_person_in_it(name: str, data: Path) -> None:
    text = (data / f"{name}.yml").read_text(encoding="utf-8")
    columns = [line for line in text.splitlines() if re.match(r" {6}\S+: *(\{from|  #|# )", line)]
    assert columns
    assert all("# PERIKSA" in line for line in columns)
    people = [*agency.FIRST, *agency.LAST, "@contoh.go.id", "0812", "R_0", "1970", "10.0.0."]
    assert [word for word in people if word in text] == []


def test_the_page_tells_edits_and_minutes_as_they_are(data: Path) -> None:
    drafts = {name: (data / f"{name}.yml").read_text(encoding="utf-8") for name in CASES}
    assert agency.table(drafts) in agency.PAGE.read_text(encoding="utf-8")


def test_numbers_that_excel_spoilt_are_told_with_count_and_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "raw").mkdir()
    run("new", "x", "--from", agency.FOLDER / "rekap_pelatihan.xlsx", "--data", tmp_path)
    told = capsys.readouterr().out
    assert "pra.nip: 23 NIP kehilangan tiga angka terakhir" in told
    assert "1 NIP tersisa sebagai 1.98E+17 dan tidak dapat dipulihkan: ekspor ulang" in told


# --- Variants -----------------------------------------------------------------------------------

LIKERT = ["Setuju", "Sangat Setuju", "Netral", "Tidak Setuju"]


def drafted(root: Path, rows: list[list[Any]], *, name: str = "survei.csv") -> dict[str, Any]:
    """The draft of one file of these rows, which `check` has nothing against."""
    (root / "raw").mkdir(exist_ok=True)
    agency.write_csv(name, rows, folder=root)
    assert run("new", "x", "--from", root / name, "--data", root) == 0
    assert run("check", "x", "--data", root) == 0
    return _read(root)


def _read(root: Path) -> dict[str, Any]:
    text = (root / "raw" / "x" / "program.yml").read_text(encoding="utf-8")
    declared: dict[str, Any] = yaml.safe_load(text)
    return declared


def items(labels: list[str], n: int = 24) -> list[list[Any]]:
    """A table of three items, whose labels turn."""
    rows: list[list[Any]] = [["No", "Materi jelas", "Waktu cukup", "Tempat nyaman"]]
    return rows + [[i + 1, *[labels[(i + k) % len(labels)] for k in range(3)]] for i in range(n)]


@pytest.mark.parametrize(
    ("labels", "low", "high", "points"),
    [
        (["SS", "S", "N", "TS", "STS"], "Sangat Tidak Setuju", "Sangat Setuju", 5),
        (["SS", "S", "TS"], "Sangat Tidak Setuju", "Sangat Setuju", 4),
        (
            ["sangat setuju ", "Setuju", "S", "ragu - ragu"],
            "Sangat Tidak Setuju",
            "Sangat Setuju",
            5,
        ),
        (["5 = Sangat Puas", "4 = Puas", "3 = Cukup Puas"], "Sangat Tidak Puas", "Sangat Puas", 5),
        (["4 - Setuju", "5 - Sangat Setuju", "2"], "Sangat Tidak Setuju", "Sangat Setuju", 5),
        (
            ["Setuju (4)", "Sangat Setuju (5)", "Netral (3)"],
            "Sangat Tidak Setuju",
            "Sangat Setuju",
            5,
        ),
        (["SB", "B", "C", "K"], "Kurang", "Sangat Baik", 4),
        (["sangat_puas", "puas", "tidak_puas"], "Sangat Tidak Puas", "Sangat Puas", 4),
        (["Sgt Setuju", "Setuju", "Tdk Setuju"], "Sangat Tidak Setuju", "Sangat Setuju", 4),
        (["Agree", "Strongly agree", "Neutral"], "Strongly Disagree", "Strongly agree", 5),
        (["0 = Tidak pernah", "1 = Jarang", "3 = Sering"], "Tidak pernah", "Selalu", 5),
    ],
)
def test_a_scale_is_known_in_its_spellings_and_whole(
    labels: list[str], low: str, high: str, points: int, tmp_path: Path
) -> None:
    (scale,) = drafted(tmp_path, items(labels))["scales"].values()
    assert (scale["labels"][0], scale["labels"][-1], len(scale["labels"])) == (low, high, points)


@pytest.mark.parametrize(
    "above",
    [
        [],
        [["REKAP EVALUASI"], []],
        [["DINAS CONTOH"], ["Nama Pelatihan", ": Bimtek"], ["Tanggal", ": 1 Mei 2025"], [], []],
    ],
)
@pytest.mark.parametrize("numbered", [False, True])
@pytest.mark.parametrize("footer", [[], [["", "Jumlah", 3, 4], [], ["", "", "Contoh, 1 Mei 2025"]]])
def test_headings_are_found_wherever_they_stand(
    above: list[list[Any]], footer: list[list[Any]], *, numbered: bool, tmp_path: Path
) -> None:
    heads, *rows = items(LIKERT)
    between = [["(1)", "(2)", "(3)", "(4)"]] if numbered else []
    source = drafted(tmp_path, [*above, heads, *between, *rows, *footer])["sources"]["survei"]
    assert source.get("header_row", 1) == len(above) + 1
    assert source.get("skip_rows", 0) == numbered
    assert source.get("footer_rows", 0) == len(footer)
    assert [c["type"] for c in source["columns"].values()] == ["drop", *["item"] * 3]


def test_codes_without_words_stand_as_a_question_that_check_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "raw").mkdir()
    agency.write_csv("a.csv", items(["A1", "A2", "A4"]), folder=tmp_path)
    run("new", "x", "--from", tmp_path / "a.csv", "--data", tmp_path)
    capsys.readouterr()
    assert run("check", "x", "--data", tmp_path) == 1
    told = capsys.readouterr().err
    assert "scales.a4.labels" in told
    assert "Perbaikan" in told


def test_two_surveys_that_nothing_tells_apart_ask_which_was_first(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for name in ("a.csv", "b.csv"):
        agency.write_csv(name, items(LIKERT), folder=tmp_path)
    run("new", "x", "--from", tmp_path / "a.csv", tmp_path / "b.csv", "--data", tmp_path)
    assert [s["wave"] for s in _read(tmp_path)["sources"].values()] == ["?", "?"]
    assert run("check", "x", "--data", tmp_path) == 1


def test_running_numbers_are_not_taken_for_persons(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for name in ("pra.csv", "pasca.csv"):
        heads, *rows = items(LIKERT)
        agency.write_csv(name, [["No Responden", *heads[1:]], *rows], folder=tmp_path)
    files = (tmp_path / "pra.csv", tmp_path / "pasca.csv")
    run("new", "x", "--from", *files, "--data", tmp_path)
    assert _read(tmp_path)["link"] == "?"
    assert run("check", "x", "--data", tmp_path) == 1


def test_dates_tell_which_of_two_surveys_was_first(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for name, month in (("a.csv", "Mei"), ("b.csv", "Maret")):
        heads, *rows = items(LIKERT)
        rows = [[*row, f"{1 + i} {month} 2025"] for i, row in enumerate(rows)]
        agency.write_csv(name, [[*heads, "Tanggal"], *rows], folder=tmp_path)
    run("new", "x", "--from", tmp_path / "a.csv", tmp_path / "b.csv", "--data", tmp_path)
    waves = {name: s["wave"] for name, s in _read(tmp_path)["sources"].items()}
    assert waves == {"a": "post", "b": "pre"}


@pytest.mark.parametrize(
    ("heading", "values", "kind"),
    [
        ("Nama", ["Siti Aminah", "Budi Santoso", "Tri Wahyuni"], "name"),
        ("Kolom A", ["a@b.go.id", "c@d.go.id", "e@f.go.id"], "email"),
        ("Kolom B", ["0812-3456-7890", "+62 813 4567 8901", "081345678902"], "phone"),
        ("Kolom C", ["Jl. Melati No. 3", "Jalan Mawar 12", "Perum Griya Asri B/3"], "drop"),
        ("Kolom D", ["3201011501850001", "3201011501850002", "3201011501850003"], "drop"),
        ("Tempat, Tanggal Lahir", ["Solo, 1 Mei 1980", "Bogor, 2 Mei 1981", "Solo, 3 Mei"], "drop"),
        ("Nama Atasan Langsung", ["Rahayu Pratiwi", "Agus Salim", "Rahayu Pratiwi"], "name"),
        ("Fasilitator", ["Rahayu Pratiwi", "Agus Salim", "Rahayu Pratiwi"], "drop"),
    ],
)
def test_what_tells_of_a_person_is_drafted_as_such_and_written_nowhere(
    heading: str, values: list[str], kind: str, tmp_path: Path
) -> None:
    heads, *rows = items(LIKERT)
    rows = [[*row, values[i % len(values)]] for i, row in enumerate(rows)]
    columns = drafted(tmp_path, [[*heads, heading], *rows])["sources"]["survei"]["columns"]
    assert list(columns.values())[-1]["type"] == kind
    text = (tmp_path / "raw" / "x" / "program.yml").read_text(encoding="utf-8")
    assert [value for value in values if value in text] == []


def test_a_second_run_adds_a_file_and_leaves_what_a_person_wrote(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    first, second = (agency.FOLDER / f"moodle_{name}.csv" for name in ("pretest", "posttest"))
    run("new", "x", "--from", first, "--data", tmp_path)
    path = tmp_path / "raw" / "x" / "program.yml"
    own = path.read_text(encoding="utf-8").replace("title: X", "title: Milik saya  # jangan diubah")
    own = own.replace("      nilai: {", "      skor_tes: {  # diganti\n        ")
    path.write_text(own + "seed: 7\n", encoding="utf-8")
    assert run("new", "x", "--from", second, "--data", tmp_path) == 0
    text = path.read_text(encoding="utf-8")
    assert "title: Milik saya  # jangan diubah" in text
    assert "      skor_tes: {  # diganti\n" in text
    declared = yaml.safe_load(text)
    assert declared["seed"] == 7
    assert declared["link"] == "respondent_code", "a guess that nobody touched is made anew"
    assert [s["wave"] for s in declared["sources"].values()] == ["pre", "post"]
    assert "skor_tes" in declared["sources"]["moodle_posttest"]["columns"], "one name for one thing"
    assert run("check", "x", "--data", tmp_path) == 0
    assert run("new", "x", "--from", second, "--data", tmp_path) == 0
    assert path.read_text(encoding="utf-8") == text, "a further run finds nothing to add"


def test_a_column_that_came_later_is_added_with_a_comment(tmp_path: Path) -> None:
    drafted(tmp_path, items(LIKERT))
    heads, *rows = items(LIKERT)
    units = ["Biro Umum", "Biro Hukum"]
    wider = [[*heads, "Unit Kerja"], *[[*r, units[i % 2]] for i, r in enumerate(rows)]]
    agency.write_csv("survei.csv", wider, folder=tmp_path / "raw" / "x")
    assert run("new", "x", "--from", tmp_path / "raw/x/survei.csv", "--data", tmp_path) == 0
    assert _read(tmp_path)["sources"]["survei"]["columns"]["unit_kerja"]["type"] == "category"
    assert run("check", "x", "--data", tmp_path) == 0


def test_a_spelling_that_came_later_is_added(tmp_path: Path) -> None:
    drafted(tmp_path, items(["S", "SS", "TS"]))
    later = items(["S", "SS", "TS", "Sgt Setuju"])
    agency.write_csv("survei.csv", later, folder=tmp_path / "raw" / "x")
    assert run("check", "x", "--data", tmp_path) == 1
    assert run("new", "x", "--from", tmp_path / "raw/x/survei.csv", "--data", tmp_path) == 0
    assert run("check", "x", "--data", tmp_path) == 0


def test_another_file_of_the_same_name_is_not_written_over(tmp_path: Path) -> None:
    drafted(tmp_path, items(LIKERT))
    before = (tmp_path / "raw" / "x" / "survei.csv").read_bytes()
    agency.write_csv("survei.csv", items(LIKERT, 30), folder=tmp_path)
    assert run("new", "x", "--from", tmp_path / "survei.csv", "--data", tmp_path) == 2
    assert (tmp_path / "raw" / "x" / "survei.csv").read_bytes() == before


def test_a_decimal_sign_that_nobody_can_tell_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    heads, *rows = items(LIKERT)
    rows = [[*row, f"{1 + i % 3}.250"] for i, row in enumerate(rows)]
    agency.write_csv("a.csv", [[*heads, "Indeks"], *rows], folder=tmp_path)
    run("new", "x", "--from", tmp_path / "a.csv", "--data", tmp_path)
    assert _read(tmp_path)["sources"]["a"]["columns"]["indeks"]["decimal"] == "?"
    assert run("check", "x", "--data", tmp_path) == 1


def test_an_option_may_hold_the_sign_that_parts_options(tmp_path: Path) -> None:
    heads, *rows = items(LIKERT)
    told = ["Rapat, dinas luar", "Beban kerja", "Beban kerja, Rapat, dinas luar", "Jaringan"]
    rows = [[*row, told[i % 4]] for i, row in enumerate(rows)]
    source = drafted(tmp_path, [[*heads, "Apa kendala Anda?"], *rows])["sources"]["survei"]
    options = source["columns"]["apa_kendala_anda"]["options"]
    assert sorted(options.values()) == ["Beban kerja", "Jaringan", "Rapat, dinas luar"]


def test_a_file_given_for_a_program_of_another_hand_is_read_beside_it(tmp_path: Path) -> None:
    """A program.yml that was never drafted is extended too."""
    shipped = Path(__file__).parents[1] / "data" / "raw" / "mentoring-karier-2024"
    shutil.copytree(shipped, tmp_path / "raw" / "x")
    path = tmp_path / "raw" / "x" / "program.yml"
    own = path.read_text(encoding="utf-8").replace("id: mentoring-karier-2024", "id: x")
    path.write_text(own, encoding="utf-8")
    agency.write_csv("tambahan.csv", items(LIKERT), folder=tmp_path)
    assert run("new", "x", "--from", tmp_path / "tambahan.csv", "--data", tmp_path) == 0
    text = path.read_text(encoding="utf-8")
    assert [line for line in own.splitlines() if line not in text.splitlines()] == []
    assert "tambahan" in yaml.safe_load(text)["sources"]


def test_before_and_after_side_by_side_ask_whether_it_was_told_from_memory(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    asked = ["Paham aturan", "Mampu menyusun", "Yakin memimpin"]
    upper = ["No", "Sebelum", "", "", "Sesudah", "", ""]
    rows = [[i + 1, *[2 + (i + k) % 2 for k in range(3)], *[4 + (i + k) % 2 for k in range(3)]]
            for i in range(20)]  # fmt: skip
    agency.write_csv("a.csv", [upper, ["", *asked, *asked], *rows], folder=tmp_path)
    run("new", "x", "--from", tmp_path / "a.csv", "--data", tmp_path)
    (outcome,) = _read(tmp_path)["outcomes"]
    assert outcome["instrument"] == "skor_sesudah"
    assert outcome["baseline_instrument"] == "skor_sebelum"
    assert outcome["retrospective"] == "?"
    assert run("check", "x", "--data", tmp_path) == 1


def test_the_first_answer_is_never_taken_for_the_questions(tmp_path: Path) -> None:
    """Somebody cut the second and third row of Qualtrics away."""
    with (agency.FOLDER / "qualtrics.csv").open(encoding="utf-8") as file:
        heads, _questions, _codes, *rows = list(csv.reader(file))
    declared = drafted(tmp_path, [heads, *rows])
    source = declared["sources"]["survei"]
    assert "skip_rows" not in source
    assert {c.get("label") for c in source["columns"].values()} <= {None, *heads}


def test_the_log_of_a_platform_is_drafted_with_its_activities(tmp_path: Path) -> None:
    heads = ["Time", "User full name", "Affected user", "Event context", "Component",
             "Event name", "Description", "Origin", "IP address"]  # fmt: skip
    contexts = ["Course: Dasar", "Quiz: Kuis awal", "File: Bahan bacaan", "User: Andi Wibowo"]
    rows = [
        [f"{1 + i // 4}/05/2025, 10:{i:02d}:00", "Andi Wibowo", "-", contexts[i % 4], "Quiz",
         "Attempt viewed", f"The user with id '{i % 6}' viewed it", "web", "10.0.0.1"]
        for i in range(48)
    ]  # fmt: skip
    declared = drafted(tmp_path, [heads, *rows], name="logs.csv")
    assert declared["elearning"] == {
        "events": "logs",
        "modules": {"Kuis awal": "Kuis awal", "Bahan bacaan": "Bahan bacaan"},
    }
    assert "Andi" not in (tmp_path / "raw" / "x" / "program.yml").read_text(encoding="utf-8")


def test_marks_that_a_platform_lists_beside_each_other_are_an_outcome(tmp_path: Path) -> None:
    heads = ["First name", "Last name", "Email address", "Quiz: Pretest (Real)",
             "Quiz: Posttest (Real)", "Course total (Real)"]  # fmt: skip
    rows = [
        [
            f"A{i}",
            "Wibowo",
            f"a{i}@x.go.id",
            f"{60 + i % 5}.50",
            f"{80 + i % 5}.25" if i else "-",
            "-",
        ]
        for i in range(20)
    ]
    declared = drafted(tmp_path, [heads, *rows])
    assert declared["sources"]["survei"]["role"] == "record"
    (outcome,) = declared["outcomes"]
    assert outcome["variable"] == "quiz_posttest_real"
    assert outcome["baseline_variable"] == "quiz_pretest_real"
