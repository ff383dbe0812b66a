"""How far an estimate's design carries: baseline, attrition, rating, threats."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evaluasi_lib as el
from evaluasi_lib.measures import value_at, wide
from evaluasi_lib.scoring.evidence import (
    attrition_level,
)
from evaluasi_lib.wording import word_for
from tests.made_effects import evidence, primary
from tests.made_studies import make_study, survey


def study_of(
    folder: Path, *, design: str = "comparison", lost: tuple[int, int] = (10, 10),
    apart: float = 0.0, n: int = 200, attrition: str = "known", drift: float | None = None,
    **changes: Any,
) -> Any:  # fmt: skip
    """Two groups of n / 2, `lost` of each without an answer afterwards, `apart` SD before; drift:
    what the program's persons gained since an earlier wave, where there is one."""
    rng = np.random.default_rng(3)
    member = np.arange(n) % 2 == 0
    draws = rng.normal(size=n)
    for rows in (member, ~member):  # exactly alike on average, but for `apart`
        draws[rows] = (draws[rows] - draws[rows].mean()) / draws[rows].std()
    before = draws + apart * member
    after = before + 0.5 * member + rng.normal(size=n) * 0.5
    roster = pd.DataFrame(
        {"pid": [f"p{i}" for i in range(n)], "ikut": np.where(member, "ya", "tidak")}
    )
    pre = pd.DataFrame({"pid": roster["pid"], "y": before})
    gone = set(np.flatnonzero(member)[: lost[0]]) | set(np.flatnonzero(~member)[: lost[1]])
    post = pd.DataFrame({"pid": roster["pid"], "y": after}).drop(index=sorted(gone))
    declaration: dict[str, Any] = {
        "design": {
            "type": design, "attrition": attrition,
            "group": {"variable": "ikut", "program": ["ya"], "comparison": ["tidak"]},
        },
        "roster": "peserta",
        "sources": {
            "peserta": survey({"ikut": "category"}, role="roster"),
            "pre": survey({"y": "number"}, wave="pre"),
            "post": survey({"y": "number"}, wave="post"),
        },
        "outcomes": [
            {"id": "y", "label": "Y", "level": "results", "variable": "y", "baseline_wave": "pre",
             "unit": "poin"}
        ],
    }  # fmt: skip
    tables = {"peserta": roster, "pre": pre, "post": post}
    if drift is not None:
        tables["awal"] = pre.assign(y=before - drift * member + rng.normal(size=n) * 0.1)
        early = {"awal": survey({"y": "number"}, wave="awal")}
        declaration["sources"] = early | declaration["sources"]
    return make_study(folder, declaration | changes, tables)


def test_hedges_g_has_the_pooled_sd_and_cox_index_is_for_two_values() -> None:
    a, b = np.array([1.0, 2, 3, 4]), np.array([2.0, 3, 4, 5, 6])
    sd = math.sqrt((3 * a.var(ddof=1) + 4 * b.var(ddof=1)) / 7)
    # J(7) = 0.8882 (Hedges' table)
    assert apart(a, b) == pytest.approx(-1.5 / sd * 0.8882, rel=1e-4)
    p, q = np.repeat([1.0, 0.0], [30, 70]), np.repeat([1.0, 0.0], [20, 80])
    odds = math.log((0.3 / 0.7) / (0.2 / 0.8)) / 1.65
    assert apart(p, q) == pytest.approx(odds, rel=0.01)  # J(198) = 0.996
    assert pd.isna(apart(np.ones(5), np.zeros(5)))


def apart(program: np.ndarray, comparison: np.ndarray) -> float:
    """The standardised difference of a characteristic before."""
    member = np.repeat([1, 0], [len(program), len(comparison)])
    table = pd.DataFrame({"x": np.concatenate([program, comparison]), "ikut": member})
    return el.balance(table, ["x"], "ikut", min_cell=0)["smd"].iloc[0]


@pytest.mark.parametrize(
    ("overall", "differential", "level"),
    [(0.10, 0.063, "low"), (0.10, 0.064, "moderate"), (0.10, 0.11, "high"), (0.15, 0.0585, "low"),
     (0.60, 0.01, "moderate"), (0.60, 0.02, "high"), (0.80, 0.0, "high")],
)  # fmt: skip
def test_attrition_against_the_table(overall: float, differential: float, level: str) -> None:
    """0.15 lies between the rows of 10% (6.3) and 20% (5.4): 5.85 points."""
    assert attrition_level(overall, differential) == level


def test_a_randomised_design_with_little_loss_needs_no_baseline_check(tmp_path: Path) -> None:
    found = evidence(study_of(tmp_path, design="randomised"))
    assert found["alike"] == word_for("baseline", "not_required")
    assert found["maryland_sms"] == 5
    assert found["attrition_overall_share"] == pytest.approx(0.1)
    assert found["attrition_differential_share"] == pytest.approx(0)
    # 180 persons could show 0.42 SD unadjusted; the measure before explains 0.8 of the variance.
    assert found["mdes"] == pytest.approx(2.8 * 2 / math.sqrt(180) * math.sqrt(0.2), rel=0.05)
    assert found["rating_0_5"] == 5


def test_much_differential_loss_brings_the_check_back_and_a_threat(tmp_path: Path) -> None:
    study = study_of(tmp_path, design="randomised", lost=(5, 40))
    found = evidence(study)
    assert found["alike"] != word_for("baseline", "not_required")
    assert "attrition" in found["threats"]
    assert found["rating_0_5"] is not None
    assert found["rating_0_5"] <= 1
    (bounds,) = wide(study.result.rows, "effects/*/primary")
    assert bounds["lee_lower_low"] < bounds["lee_lower"] <= bounds["lee_upper"]
    assert bounds["lee_upper"] < bounds["lee_upper_high"]
    assert "e_value" not in bounds


@pytest.mark.parametrize(
    ("apart", "verdict"),
    [(0.0, "satisfied"), (0.15, "satisfied_with_adjustment"), (0.6, "not_satisfied")],
)
def test_baseline_equivalence_of_a_comparison(apart: float, verdict: str, tmp_path: Path) -> None:
    study = study_of(tmp_path, apart=apart, lost=(0, 0))
    found = evidence(study)
    assert found["alike"] == word_for("baseline", verdict)
    assert found["maryland_sms"] == 3
    assert found["baseline_max_abs_smd"] == pytest.approx(apart, abs=0.01)
    assert ("baseline" in found["threats"]) == (apart > 0.25)
    assert {"selection", "parallel"} <= set(found["threats"])
    assert all(found["threats"].values())
    assert (found["rating_0_5"] or 0) <= (1 if apart > 0.25 else 3)


def test_unknown_attrition_is_null_with_a_reason(tmp_path: Path) -> None:
    found = evidence(study_of(tmp_path, design="randomised", attrition="unknown"))
    assert found["attrition_overall_share"] is None
    assert found["alike"] is None
    assert found["reason"]
    assert found["rating_0_5"] is not None
    assert found["rating_0_5"] <= 4


def test_a_threshold_can_be_replaced(tmp_path: Path) -> None:
    study = study_of(tmp_path, apart=0.3, lost=(0, 0), standards={"baseline": {"adjustment": 0.4}})
    assert evidence(study)["alike"] == word_for("baseline", "satisfied_with_adjustment")


def test_a_single_group_shows_change_and_no_padlock(tmp_path: Path) -> None:
    outcome = {
        "id": "y", "label": "Y", "level": "results", "variable": "y", "baseline_wave": "pre",
        "unit": "poin", "estimator": "paired",
    }  # fmt: skip
    study = study_of(tmp_path, outcomes=[outcome])
    effect = primary(study)
    assert (effect.claim, effect.design, effect.n_comparison) == ("change", "single_group", None)
    found = evidence(study)
    assert (found["maryland_sms"], found["rating_0_5"], found["alike"]) == (1, 0, None)


def test_small_losses_are_hidden(tmp_path: Path) -> None:
    study = study_of(tmp_path, lost=(3, 0))
    found = evidence(study)
    assert found["attrition_overall_share"] is None
    assert found["reason"] == "small_cell"
    # the estimate shows how many were analysed
    shown = [
        value_at(study.result.rows, f"sample/{step}")
        for step in ("invited", "responded", "analysed")
    ]
    assert shown[-1] == 197
    assert all(n is None or n == 197 for n in shown)


def test_a_wave_before_the_baseline_is_a_placebo(tmp_path: Path) -> None:
    study = study_of(tmp_path, drift=0.8)
    (found,) = wide(study.result.rows, "effects/*/primary")
    assert found["earlier_trend"] == pytest.approx(0.8, abs=0.1)
    threat = evidence(study)["threats"]["earlier_trend"]
    assert threat in found["note"]  # said once, beside the estimate and among the threats
