"""A drafted program.yml loads, cleans without a problem, and says where it guessed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

import evaluasi_lib as el
from evaluasi_lib.check import DataFolder
from evaluasi_lib.cleaning.draft import draft_program
from evaluasi_lib.cleaning.options import ordered_labels
from evaluasi_lib.measures import wide
from tests.cleaning_help import problems_of

SHARED = Path(__file__).resolve().parents[2] / "shared" / "real"
CARPENTRIES = SHARED / "carpentries-instructor-training.csv"
LONGTERM = SHARED / "carpentries-longterm-2017.csv"
SHIPPED = Path(__file__).resolve().parents[1] / "data" / "raw"


def drafted(root: Path, program_id: str, files: list[Path]) -> tuple[DataFolder, str]:
    raw = root / "raw" / program_id
    raw.mkdir(parents=True)
    for file in files:
        shutil.copy(file, raw)
    text = draft_program(program_id, [raw / f.name for f in files]).text
    (raw / "program.yml").write_text(text, encoding="utf-8")
    return DataFolder.at(root), text


@pytest.mark.skipif(not CARPENTRIES.is_file(), reason="the shared real data are not here")
def test_a_real_survey_needs_no_edited_line_to_be_cleaned_and_scored(tmp_path: Path) -> None:
    data, text = drafted(tmp_path, "carpentries-2018", [CARPENTRIES])
    assert problems_of(data, "carpentries-2018") == []
    study = el.open("carpentries-2018", data=data)
    program = study.declared
    (table,) = study.tables.values()
    assert len(table) == 967
    assert len(program.instruments) == 6
    means = {s["subject"]: s["mean"] for s in wide(study.result.rows, "scales/*/*/*")}
    assert all(m is not None for m in means.values())
    agreement = program.scales["strongly_agree"]
    assert [str(x) for x in agreement.labels] == [
        "Strongly Disagree", "Disagree", "Neither Agree nor Disagree", "Agree", "Strongly Agree",
    ]  # fmt: skip
    unique = next(iter(program.sources.values())).columns["unique_id"]
    assert unique.type == "respondent_code", "codes never leave cleaning as they are"
    assert text.count("# ") > 5


@pytest.mark.skipif(not LONGTERM.is_file(), reason="the shared real data are not here")
def test_options_spread_over_columns_that_lost_their_headings_are_one_question(
    tmp_path: Path,
) -> None:
    data, _text = drafted(tmp_path, "longterm-2017", [LONGTERM])
    assert problems_of(data, "longterm-2017") == []
    (table,) = el.open("longterm-2017", data=data).tables.values()
    raw = pd.read_csv(LONGTERM, usecols=["Content", *(f"Column{i}" for i in range(14, 25))])
    answered = raw.notna().any(axis="columns")
    assert table["content__git"].count() == answered.sum()
    assert table["content__git"].sum() == raw["Column14"].notna().sum()


def test_files_of_two_waves_become_sources_with_an_outcome(tmp_path: Path) -> None:
    folder = SHIPPED / "mentoring-karier-2024"
    names = ["survei_awal.csv", "survei_akhir.csv", "daftar_hadir.csv"]
    data, _text = drafted(tmp_path, "draf-2024", [folder / n for n in names])
    program = el.open("draf-2024", data=data).declared
    assert program.link == "respondent_code"
    assert program.roster == "daftar_hadir"
    assert {s.wave for s in program.sources.values()} == {"pre", "post", None}
    assert {o.baseline_wave for o in program.outcomes} == {"pre"}
    assert problems_of(data, program.id) == []


def test_the_draft_of_a_platform_log_is_a_source_of_events(tmp_path: Path) -> None:
    heads = "Time,User full name,Affected user,Event context,Component,Event name,Description"
    (tmp_path / "log.csv").write_text(heads + "\n", encoding="utf-8")
    drafted = draft_program("x", [tmp_path / "log.csv"])
    assert yaml.safe_load(drafted.text)["sources"]["log"]["role"] == "events"


@pytest.mark.parametrize(
    "labels",
    [
        ["Sangat Tidak Setuju", "Tidak Setuju", "Netral", "Setuju", "Sangat Setuju"],
        ["Sangat Tidak Setuju", "Tidak Setuju", "Kurang Setuju", "Setuju", "Sangat Setuju"],
        ["Tidak Pernah", "Jarang", "Kadang-kadang", "Sering", "Selalu"],
        ["Tidak Puas", "Kurang Puas", "Puas", "Sangat Puas"],
        ["Never", "Rarely", "Sometimes", "Often", "All of the time"],
        ["None of it", "Some of it", "About half of it", "Most of it", "All of it"],
    ],
)
def test_labels_are_put_in_order_by_how_much_they_affirm(labels: list[str]) -> None:
    assert list(ordered_labels(reversed(labels))) == labels


def test_labels_without_an_order_are_no_scale() -> None:
    assert ordered_labels(["Too fast", "Just right", "Too slow"]) == ()
    assert ordered_labels(["Biro Umum", "Biro Hukum", "Biro Keuangan"]) == ()
