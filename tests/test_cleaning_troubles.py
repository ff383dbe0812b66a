"""One small folder for each trouble of real files: the expected table, or the expected message.

tests/data/cleaning/<trouble>/ holds the raw files and `declare.yml`, what program.yml says beyond a
minimum. `expected.csv` is the processed table `survei` (without pseudonyms), `expected_log.json`
what cleaning counted and noted, `expected_restricted.csv` the open answers, `expected.txt` the
problems in English.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

import evaluasi_lib as el
from evaluasi_lib.check import DataFolder
from evaluasi_lib.program import Program
from tests.cleaning_help import BASE, folder_with, problems_of

TROUBLES = sorted(p for p in (Path(__file__).parent / "data" / "cleaning").iterdir() if p.is_dir())


@pytest.fixture(autouse=True)
def _english():
    el.set_language("en")
    yield
    el.set_language("id")


def outcome(trouble: Path, data: DataFolder, program: Program) -> dict[str, str]:
    """File name -> content, as the folder of the trouble should hold it."""
    if problems_of(data, program.id):
        with pytest.raises(el.EvaluationError) as caught:
            el.open(program.id, "en", data)
        assert not data.processed(program.id).exists(), "nothing half-written"
        return {"expected.txt": "\n".join(map(str, caught.value.problems)) + "\n"}
    el.open(program.id, "en", data)
    folder = data.processed(program.id)
    table = pd.read_parquet(folder / "survei.parquet").drop(columns="pid")
    quality = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["quality"]
    log = {"changes": quality["changes"], "notes": quality["problems"]}
    found = {
        "expected.csv": table.to_csv(index=False),
        "expected_log.json": json.dumps(log, indent=1, ensure_ascii=False) + "\n",
    }
    restricted = folder / "restricted" / "survei.parquet"
    if restricted.is_file():
        answers = pd.read_parquet(restricted).drop(columns="pid")
        found["expected_restricted.csv"] = answers.to_csv(index=False)
    return found


@pytest.mark.parametrize("trouble", TROUBLES, ids=[p.name for p in TROUBLES])
def test_a_trouble_gives_the_expected_table_or_message(
    trouble: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALUASI_KEY", "a key for tests")
    declared = yaml.safe_load((trouble / "declare.yml").read_text(encoding="utf-8"))
    data, program = folder_with(tmp_path, BASE | declared)
    for file in trouble.iterdir():
        if not file.name.startswith(("declare", "expected")):
            (data.raw(program.id) / file.name).write_bytes(file.read_bytes())
    found = outcome(trouble, data, program)
    expected = {
        p.name: p.read_text(encoding="utf-8") for p in trouble.glob("expected*") if p.is_file()
    }
    assert found == expected
