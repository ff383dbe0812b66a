"""One small folder for each trouble of real files: the expected table, or the expected message.

tests/data/cleaning/<trouble>/ holds the raw files and `declare.yml`, what program.yml says beyond a
minimum. `expected.csv` is the processed table `survei` without pseudonyms, `expected_<log>.csv` a
platform's log with the rows of the roster in their place, `expected_log.json` what cleaning counted
and noted, `expected_restricted.csv` the open answers, `expected.txt` the problems in English.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

import evaluasi_lib as el
from tests.cleaning_help import problems_of, write

TROUBLES = sorted(p for p in (Path(__file__).parent / "data" / "cleaning").iterdir() if p.is_dir())


def outcome(data: Path, logs: list[str]) -> dict[str, str]:
    """File name -> content, as the folder of the trouble should hold it."""
    folder = data / "processed" / "uji"
    if problems_of(data):
        with pytest.raises(el.EvaluationError) as caught:
            el.open("uji", "en", data)
        assert not folder.exists(), "nothing half-written"
        return {"expected.txt": "\n".join(map(str, caught.value.problems)) + "\n"}
    el.open("uji", "en", data)
    quality = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["quality"]
    log = {"changes": quality["changes"], "notes": quality["problems"]}
    found = {"expected_log.json": json.dumps(log, indent=1, ensure_ascii=False) + "\n"}
    tables = {"expected.csv": "survei", "expected_restricted.csv": "restricted/survei"}
    for file, name in tables.items():
        if (folder / f"{name}.parquet").is_file():
            table = pd.read_parquet(folder / f"{name}.parquet").drop(columns="pid")
            found[file] = table.to_csv(index=False)
    for name in logs:
        roster = pd.read_parquet(folder / "peserta.parquet").set_index("pid")["row"]
        table = pd.read_parquet(folder / f"{name}.parquet")
        table["pid"] = table["pid"].astype(str).map(roster).astype("Int64")
        found[f"expected_{name}.csv"] = table.to_csv(index=False)
    return found


@pytest.mark.parametrize("trouble", TROUBLES, ids=[p.name for p in TROUBLES])
def test_a_trouble_gives_the_expected_table_or_message(
    trouble: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALUASI_KEY", "a key for tests")
    declared = yaml.safe_load((trouble / "declare.yml").read_text(encoding="utf-8"))
    raw = [p for p in trouble.iterdir() if not p.name.startswith(("declare", "expected"))]
    write(tmp_path, declared, {p.name: p.read_bytes() for p in raw})
    logs = [n for n, source in declared["sources"].items() if source.get("role") == "events"]
    found = outcome(tmp_path, logs)
    expected = {p.name: p.read_text(encoding="utf-8") for p in trouble.glob("expected*")}
    assert found == expected
