"""Drafts of program.yml: exports of agencies and platforms come through `new`, `check` and `report`
with few edits, and a second `new` leaves what a person wrote.

The files and their numbers are in tests/data/agency, and further shapes in drafts.yml there.
"""

from __future__ import annotations

import csv
import itertools
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import evaluasi_lib as el
from evaluasi_lib import cli

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "data" / "agency"
PAGE = ROOT / "docs" / "berkas-instansi.md"
SHIPPED = ROOT / "data" / "raw" / "mentoring-karier-2024"
REAL = ROOT.parent / "shared" / "real"
CASES = {c["id"]: c for c in yaml.safe_load((FOLDER / "cases.yml").read_text("utf-8"))}
SHAPES = yaml.safe_load((FOLDER / "drafts.yml").read_text("utf-8"))
ITEMS = ("Materi jelas", "Waktu cukup", "Tempat nyaman")
MOST_EDITS = 10
READ_SECONDS, EDIT_SECONDS, COMMANDS_SECONDS = 5, 30, 60


def run(*arguments: str | Path) -> int:
    return cli.main([str(a) for a in arguments])


def new(root: Path, *files: Path, program: str = "x") -> dict[str, Any]:
    """The draft of files, which is made."""
    (root / "raw").mkdir(exist_ok=True)
    assert run("new", program, "--from", *files, "--data", root) == 0
    return yaml.safe_load((root / "raw" / program / "program.yml").read_text("utf-8"))


def check(root: Path) -> int:
    return run("check", "x", "--data", root)


# --- Exports as platforms make them --------------------------------------------------------------


def edited(text: str, edits: list[dict[str, str]]) -> str:
    """A draft with other lines, each of which stands in it once."""
    lines = text.splitlines()
    for edit in edits:
        (at,) = [i for i, line in enumerate(lines) if line.strip() == edit["from"]]
        lines[at] = lines[at].replace(edit["from"], edit["to"])
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every export drafted, edited as its case says, and reported on."""
    root = tmp_path_factory.mktemp("agency")
    for case in CASES.values():
        new(root, *(FOLDER / name for name in case["files"]), program=case["id"])
        path = root / "raw" / case["id"] / "program.yml"
        text = path.read_text("utf-8")
        (root / f"{case['id']}.yml").write_text(text, "utf-8")
        path.write_text(edited(text, case["edits"]), "utf-8")
    assert run("check", "--data", root) == 0
    out = root / "reports"
    assert run("report", "--all", "--language", "id", "--data", root, "--out", out) == 0
    return root


@pytest.mark.parametrize("name", CASES)
def test_the_report_of_an_export_has_the_numbers_that_were_counted_by_hand(
    name: str, data: Path
) -> None:
    values = el.open(name, data=data).measures.set_index("id")["value"]
    wanted = CASES[name]["numbers"]
    assert {key: values.get(key) for key in wanted} == pytest.approx(wanted, abs=1e-6)
    assert (data / "reports" / name / "result.json").is_file()
    assert len(CASES[name]["edits"]) <= MOST_EDITS


@pytest.mark.parametrize("name", CASES)
def test_a_draft_knows_the_platform_asks_about_each_column_and_has_no_person_in_it(
    name: str, data: Path
) -> None:
    text = (data / f"{name}.yml").read_text("utf-8")
    preset = place(yaml.safe_load(text), "sources.*.preset")
    assert preset == CASES[name].get("preset")
    columns = [line for line in text.splitlines() if re.match(r" {6}\S+: *(\{from|  #|# )", line)]
    assert columns
    assert all("# PERIKSA" in line for line in columns)
    people = "Andi Bunga Candra Dewi Eko Fitri Galih Hesti Indra Joko Kartini Lukman Wibowo Lestari"
    others = ["@contoh.go.id", "0812", "R_0", "1970", "10.0.0."]
    assert [word for word in [*people.split(), *others] if word in text] == []


def test_the_page_tells_edits_and_minutes_as_they_are(data: Path) -> None:
    for name, case in CASES.items():
        n, guesses = (
            len(case["edits"]),
            (data / f"{name}.yml").read_text("utf-8").count("# PERIKSA"),
        )
        seconds = READ_SECONDS * guesses + EDIT_SECONDS * n + COMMANDS_SECONDS
        row = f"| {case['kind']} | {n} | {guesses} | {math.ceil(seconds / 60)} |\n"
        assert row in PAGE.read_text("utf-8")


def test_numbers_that_excel_spoilt_are_told_with_count_and_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new(tmp_path, FOLDER / "rekap_pelatihan.xlsx")
    told = capsys.readouterr().out
    assert "pra.nip: 23 NIP kehilangan tiga angka terakhir" in told
    assert "1 NIP tersisa sebagai 1.98E+17 dan tidak dapat dipulihkan: ekspor ulang" in told


# --- Further shapes ------------------------------------------------------------------------------


def written(path: Path, *, n: int = 24, labels: Any = None, columns: Any = None, number: str = "No",
            head: str = "", rows: str = "") -> Path:  # fmt: skip
    """A file as drafts.yml describes it."""
    labels = labels or SHAPES["labels"]
    if head:
        turns = itertools.islice(itertools.cycle(rows.splitlines()), n)
        lines = [row.replace("{i}", str(i)) for i, row in enumerate(turns, 1)]
        path.write_text(head + "\n".join(lines) + "\n", "utf-8")
        return path
    answers = {item: labels[k:] + labels[:k] for k, item in enumerate(ITEMS)} | (columns or {})
    cells = {name: [given[i % len(given)] for i in range(n)] for name, given in answers.items()}
    pd.DataFrame({number: range(1, n + 1), **cells}).to_csv(path, index=False)
    return path


def place(declared: Any, path: str) -> Any:
    """What stands at a place of a draft; None where nothing does."""
    for key in path.split("."):
        if isinstance(declared, list):
            declared = declared[int(key)]
        elif declared is not None:
            declared = next(iter(declared.values())) if key == "*" else declared.get(key)
    return declared


@pytest.mark.parametrize("case", SHAPES["cases"], ids=lambda case: case["id"])
def test_a_file_of_another_shape_is_drafted(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = case.get("files", {"survei.csv": {}})
    shape = {key: case[key] for key in case.keys() & set(written.__kwdefaults__)}
    drafted = new(
        tmp_path, *(written(tmp_path / name, **shape | own) for name, own in files.items())
    )
    assert {path: place(drafted, path) for path in case["draft"]} == case["draft"]
    assert check(tmp_path) == case.get("check", 0)
    told = capsys.readouterr().err
    assert [words for words in case.get("told", ()) if words not in told] == []
    text = (tmp_path / "raw" / "x" / "program.yml").read_text("utf-8")
    assert [words for words in case.get("unseen", ()) if words in text] == []


@pytest.mark.parametrize("case", SHAPES["scales"], ids=lambda case: ", ".join(case["given"]))
def test_a_scale_is_known_in_its_spellings_and_whole(case: dict[str, Any], tmp_path: Path) -> None:
    drafted = new(tmp_path, written(tmp_path / "survei.csv", labels=case["given"]))
    assert check(tmp_path) == 0
    assert place(drafted, "scales.*.labels") == case["whole"]


TITLES = [
    "",
    "REKAP EVALUASI\n\n",
    "DINAS CONTOH\nNama Pelatihan,: Bimtek\nTanggal,: 1 Mei 2025\n\n\n",
]


@pytest.mark.parametrize("above", TITLES)
@pytest.mark.parametrize("numbered", ["", "(1),(2),(3),(4)\n"])
@pytest.mark.parametrize("footer", ["", ',Jumlah,3,4\n\n,,"Contoh, 1 Mei 2025"\n'])
def test_headings_are_found_wherever_they_stand(
    above: str, numbered: str, footer: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "survei.csv")
    heads, rows = path.read_text("utf-8").split("\n", 1)
    path.write_text(f"{above}{heads}\n{numbered}{rows}{footer}", "utf-8")
    source = new(tmp_path, path)["sources"]["survei"]
    assert check(tmp_path) == 0
    assert source.get("header_row", 1) == above.count("\n") + 1
    assert source.get("skip_rows", 0) == bool(numbered)
    assert source.get("footer_rows", 0) == footer.count("\n")
    assert [c["type"] for c in source["columns"].values()] == ["drop", *["item"] * 3]


def test_the_first_answer_is_never_taken_for_the_questions(tmp_path: Path) -> None:
    """Somebody cut the second and third row of Qualtrics away."""
    heads, _questions, _codes, *rows = csv.reader(
        (FOLDER / "qualtrics.csv").read_text("utf-8").splitlines()
    )
    with (tmp_path / "survei.csv").open("w", newline="") as file:
        csv.writer(file).writerows([heads, *rows])
    source = new(tmp_path, tmp_path / "survei.csv")["sources"]["survei"]
    assert check(tmp_path) == 0
    assert "skip_rows" not in source
    assert {c.get("label") for c in source["columns"].values()} <= {None, *heads}


def test_files_of_two_waves_and_a_roster_become_a_program_with_outcomes(tmp_path: Path) -> None:
    names = ["survei_awal.csv", "survei_akhir.csv", "daftar_hadir.csv"]
    drafted = new(tmp_path, *(SHIPPED / name for name in names))
    assert check(tmp_path) == 0
    assert (drafted["link"], drafted["roster"]) == ("respondent_code", "daftar_hadir")
    assert [s.get("wave") for s in drafted["sources"].values()] == ["pre", "post", None]
    assert {o["baseline_wave"] for o in drafted["outcomes"]} == {"pre"}


REAL_DATA = pytest.mark.skipif(not REAL.is_dir(), reason="the shared real data are not here")


@REAL_DATA
def test_a_real_survey_needs_no_edited_line_to_be_cleaned_and_scored(tmp_path: Path) -> None:
    drafted = new(tmp_path, REAL / "carpentries-instructor-training.csv")
    assert check(tmp_path) == 0
    program = el.open("x", data=tmp_path)
    (table,) = program.tables.values()
    assert len(table) == 967
    scores = program.measures.query("part == 'scales' and measure == 'mean'")
    assert scores["subject"].nunique() == len(drafted["instruments"]) == 6
    assert scores["value"].notna().all()
    assert drafted["scales"]["strongly_agree"]["labels"] == [
        "Strongly Disagree", "Disagree", "Neither Agree nor Disagree", "Agree", "Strongly Agree",
    ]  # fmt: skip
    unique = next(iter(drafted["sources"].values()))["columns"]["unique_id"]
    assert unique["type"] == "respondent_code", "codes never leave cleaning as they are"


@REAL_DATA
def test_options_spread_over_columns_that_lost_their_headings_are_one_question(
    tmp_path: Path,
) -> None:
    new(tmp_path, REAL / "carpentries-longterm-2017.csv")
    assert check(tmp_path) == 0
    (table,) = el.open("x", data=tmp_path).tables.values()
    columns = ["Content", *(f"Column{i}" for i in range(14, 25))]
    raw = pd.read_csv(REAL / "carpentries-longterm-2017.csv", usecols=columns)
    assert table["content__git"].count() == raw.notna().any(axis="columns").sum()
    assert table["content__git"].sum() == raw["Column14"].notna().sum()


# --- A second time -------------------------------------------------------------------------------


def test_a_second_run_adds_a_file_and_leaves_what_a_person_wrote(tmp_path: Path) -> None:
    first, second = (FOLDER / f"moodle_{name}.csv" for name in ("pretest", "posttest"))
    new(tmp_path, first)
    path = tmp_path / "raw" / "x" / "program.yml"
    own = path.read_text("utf-8").replace("title: X", "title: Milik saya  # jangan diubah")
    own = own.replace("      nilai: {", "      skor_tes: {  # diganti\n        ")
    path.write_text(own + "seed: 7\n", "utf-8")
    declared, text = new(tmp_path, second), path.read_text("utf-8")
    assert "title: Milik saya  # jangan diubah" in text
    assert "      skor_tes: {  # diganti\n" in text
    assert declared["seed"] == 7
    assert declared["link"] == "respondent_code", "a guess that nobody touched is made anew"
    assert [s["wave"] for s in declared["sources"].values()] == ["pre", "post"]
    assert "skor_tes" in declared["sources"]["moodle_posttest"]["columns"], "one name for one thing"
    assert check(tmp_path) == 0
    new(tmp_path, second)
    assert path.read_text("utf-8") == text, "a further run finds nothing to add"


def test_what_came_later_is_added_and_another_file_of_the_same_name_is_not_written_over(
    tmp_path: Path,
) -> None:
    there = tmp_path / "raw" / "x" / "survei.csv"
    new(tmp_path, written(tmp_path / "survei.csv", labels=["S", "SS", "TS"]))
    units = {"Unit Kerja": ["Biro Umum", "Biro Hukum"]}
    written(there, labels=["S", "SS", "TS", "Sgt Setuju"], columns=units)
    assert check(tmp_path) == 1, "a spelling that nobody declared"
    later = new(tmp_path, there)
    assert later["sources"]["survei"]["columns"]["unit_kerja"]["type"] == "category"
    assert check(tmp_path) == 0
    before = there.read_bytes()
    assert run("new", "x", "--from", tmp_path / "survei.csv", "--data", tmp_path) == 2
    assert there.read_bytes() == before


def test_a_file_given_for_a_program_of_another_hand_is_read_beside_it(tmp_path: Path) -> None:
    """A program.yml that was never drafted is extended too."""
    shutil.copytree(SHIPPED, tmp_path / "raw" / "x")
    path = tmp_path / "raw" / "x" / "program.yml"
    own = path.read_text("utf-8").replace("id: mentoring-karier-2024", "id: x")
    path.write_text(own, "utf-8")
    assert "tambahan" in new(tmp_path, written(tmp_path / "tambahan.csv"))["sources"]
    text = path.read_text("utf-8").splitlines()
    assert [line for line in own.splitlines() if line not in text] == []
