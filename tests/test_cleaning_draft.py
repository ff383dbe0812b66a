"""A drafted program.yml loads, cleans without a problem, and says where it guessed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from evaluasi_lib.cleaning.draft import draft_program
from evaluasi_lib.cleaning.ladders import ordered_labels
from evaluasi_lib.cleaning.pipeline import check_program, clean_program
from evaluasi_lib.disclosure import publish
from evaluasi_lib.loading import DataFolder, load_program
from evaluasi_lib.measures import wide
from evaluasi_lib.scoring.scales import score_scales
from evaluasi_lib.study import load_study

SHARED = Path(__file__).resolve().parents[2] / "shared" / "real"
CARPENTRIES = SHARED / "carpentries-instructor-training.csv"
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
    program = load_program(data.raw("carpentries-2018"))
    assert check_program(program, data) == []
    study = load_study(program, clean_program(program, data))
    (table,) = study.tables.values()
    assert len(table) == 967
    assert len(program.instruments) == 6
    rows, _remarks = publish(score_scales(study), study.program.privacy.min_cell)
    means = {s["subject"]: s["mean"] for s in wide(rows, "scales/*/*/*")}
    assert all(m is not None for m in means.values())
    agreement = program.scales["strongly_agree"]
    assert [str(x) for x in agreement.labels] == [
        "Strongly Disagree", "Disagree", "Neither Agree nor Disagree", "Agree", "Strongly Agree",
    ]  # fmt: skip
    unique = next(iter(program.sources.values())).columns["unique_id"]
    assert unique.type == "respondent_code", "codes never leave cleaning as they are"
    assert text.count("# ") > 5


def test_files_of_two_waves_become_sources_with_an_outcome(tmp_path: Path) -> None:
    folder = SHIPPED / "mentoring-karier-2024"
    names = ["survei_awal.csv", "survei_akhir.csv", "daftar_hadir.csv"]
    data, _text = drafted(tmp_path, "draf-2024", [folder / n for n in names])
    program = load_program(data.raw("draf-2024"))
    assert program.link == "respondent_code"
    assert program.roster == "daftar_hadir"
    assert {s.wave for s in program.sources.values()} == {"pre", "post", None}
    assert {o.baseline_wave for o in program.outcomes} == {"pre"}
    assert check_program(program, data) == []


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
