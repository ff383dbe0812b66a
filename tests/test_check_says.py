"""What `evaluasi check` says: every misspelt name with the nearest, who stands behind each outcome,
which rows match nobody and why, what was declared and met nothing."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluasi_lib.cli import main
from tests.synthetic.declared import RAW

NIPS = [f"19{80 + i % 10}0{1 + i % 9}1{i % 10}2010{1 + i % 9:02d}{1 + i % 2}{i + 1:03d}"
        for i in range(40)]  # fmt: skip
PROGRAM: dict[str, Any] = {
    "id": "uji", "title": "Uji", "kind": "other", "organisation": "Contoh", "cycle": "2025",
    "design": {"type": "single_group", "covariates": ["usia", "nilai_awal"]}, "link": "nip",
    "roster": "peserta",
    "sources": {
        "peserta": {
            "file": "peserta.csv", "role": "roster",
            "columns": {
                "nip": {"from": "NIP", "type": "nip"}, "usia": {"from": "Usia", "type": "number"},
                "nilai_awal": {"from": "Nilai", "type": "number"},
            },
        },
        "tes": {
            "file": "tes.csv", "role": "record", "wave": "post",
            "columns": {
                "nip": {"from": "NIP", "type": "nip"}, "nilai": {"from": "Nilai", "type": "number"},
            },
        },
    },
    "outcomes": [{
        "id": "tes", "label": "Tes", "level": "learning", "variable": "nilai", "wave": "post",
        "baseline_variable": "nilai_awal", "source": None, "unit": "poin",
    }],
}  # fmt: skip


def check(
    root: Path, declared: dict[str, Any], files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    folder = root / "raw" / declared["id"]
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(declared, sort_keys=False, allow_unicode=True)
    (folder / "program.yml").write_text(text, encoding="utf-8")
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    before = {p: p.read_bytes() for p in folder.iterdir()}
    status = main(["check", declared["id"], "--data", str(root)])
    out = capsys.readouterr()
    assert {p: p.read_bytes() for p in folder.iterdir()} == before, "check changes nothing"
    return status, out.out + out.err


def files(tests: list[str]) -> dict[str, str]:
    people = "".join(f"{nip},{30 + i % 20},{50 + i % 7}\n" for i, nip in enumerate(NIPS))
    return {
        "peserta.csv": "NIP,Usia,Nilai\n" + people,
        "tes.csv": "NIP,Nilai\n" + "".join(f"{nip},{60 + i % 9}\n" for i, nip in enumerate(tests)),
    }


def test_rows_that_match_nobody_are_told_by_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = "197501012000121999"
    damaged = "1.97502E+17"
    status, words = check(
        tmp_path, PROGRAM, files([*NIPS[:30], "", "", damaged, "12345", "130456789", stranger]),
        capsys,
    )  # fmt: skip
    assert status == 0, words
    (line,) = [x for x in words.splitlines() if "tidak cocok" in x]
    assert "6 dari 36" in line
    for reason in ("kosong 2", "rusak oleh Excel 1", "bentuk lain 2", "tidak ada di sana 1"):
        assert reason in line
    assert stranger not in words
    table = next(x for x in words.splitlines() if x.split()[:2] == ["tes", "sesudah"])
    assert table.split()[2:] == ["36", "30", "30"]


def test_numbers_of_few_persons_are_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _status, words = check(tmp_path, PROGRAM, files(NIPS[:3]), capsys)
    table = next(x for x in words.splitlines() if x.split()[:2] == ["tes", "sesudah"])
    assert "3" not in table
    assert table.count("< 5") == 3


def test_a_covariate_that_is_the_measure_before_as_well_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _status, words = check(tmp_path, PROGRAM, files(NIPS), capsys)
    assert "“nilai_awal” sekaligus menjadi kovariat dan ukuran awal" in words
    other = copy.deepcopy(PROGRAM)
    other["design"]["covariates"] = ["usia"]
    _status, words = check(tmp_path, other, files(NIPS), capsys)
    assert "sekaligus" not in words


def test_corrections_that_meet_nothing_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = "sumber,baris,kolom,lama,baru,alasan,oleh\n"
    lines = "tes,1,nilai,60,61,salah ketik,E\ntes,2,nilai,99,61,salah,E\ntes,999,nilai,60,61,x,E\n"
    status, words = check(tmp_path, PROGRAM, files(NIPS) | {"koreksi.csv": head + lines}, capsys)
    assert status == 0
    told = [x for x in words.splitlines() if "koreksi.csv" in x]
    assert ["baris 1" in x for x in told] == [False, False]
    assert ["baris 2" in x for x in told] == [True, False]
    assert ["baris 3" in x for x in told] == [False, True]


SHIPPED = "pelatihan-kepemimpinan-2025"


@pytest.mark.parametrize(
    "place",
    [
        "participation.completed",
        "participation.barriers.variable",
        "participation.barriers.source",
        "participation.drivers.0",
        "voices.open_answers.0",
        "design.covariates.0",
        "outcomes.0.subgroups.0",
        "outcomes.0.instrument",
        "costs.benefits.0.outcome",
        "objectives.0.outcomes.0",
    ],
)
def test_a_misspelt_name_names_the_nearest(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = yaml.safe_load((RAW / SHIPPED / "program.yml").read_text(encoding="utf-8"))
    node = declared
    *path, last = [int(p) if p.isdigit() else p for p in place.split(".")]
    for step in path:
        node = node[step]
    right = str(node[last])
    node[last] = wrong = right[:-2] + right[-1] + "q"
    status, words = check(tmp_path, declared, {}, capsys)
    assert status == 1
    (line,) = [x for x in words.splitlines() if wrong in x]
    assert place.split(".", maxsplit=1)[0] in line
    assert "maksud Anda" in line
