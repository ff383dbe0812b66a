"""Whatever small data come, numbers are finite or have a reason, or the files are refused with a
remedy: no other error, no NaN, no small cell."""

from __future__ import annotations

import dataclasses
import itertools
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evaluasi_lib as el
from evaluasi_lib.measures import Effect, effects_of
from tests.made_studies import make_study, survey

DESIGNS = ("single_group", "comparison", "randomised")
KINDS = ("continuous", "binary", "ordinal")


def study_of(
    folder: Path, design: str, kind: str, linked: bool, seed: int, n: int, turned: bool = False
) -> Any:
    """A small study with gaps: two items, a cluster, a covariate, a subgroup and a dose."""
    rng = np.random.default_rng(seed)
    points = 2 if kind == "binary" else 4

    def wave(low: int) -> pd.DataFrame:
        size = int(rng.integers(low, n + 1))
        picked = rng.permutation(n)[:size]
        y = rng.integers(0, points, size).astype(float)
        y[rng.random(size) < 0.2] = np.nan
        items = {f"a{i}": np.where(rng.random(size) < 0.2, np.nan, rng.integers(1, 5, size) * 1.0)
                 for i in range(2)}  # fmt: skip
        return pd.DataFrame(
            {"pid": pd.Series([f"p{i}" for i in picked], dtype="str"), "y": y, **items}
        )

    if design == "single_group":
        rule: dict[str, Any] = {}
        group = ["ya"] * n
    else:
        rule = {"group": {"variable": "ikut", "program": ["ya"], "comparison": ["tidak"]}}
        group = [str(v) for v in rng.choice(["ya", "tidak", "lain"], n, p=[0.5, 0.4, 0.1])]
    roster = pd.DataFrame(
        {
            "pid": [f"p{i}" for i in range(n)],
            "ikut": group,
            "unit": pd.Categorical(rng.choice(["u1", "u2", "u3", "u4", "u5"], n)),
            "usia": rng.integers(25, 28, n).astype(float),
            "dosis": rng.integers(0, 3, n).astype(float),
        }
    )
    tables = {"pre": wave(0), "post": wave(1)}
    if turned:
        tables = {name: table[::-1] for name, table in tables.items()}
    if not linked:
        tables = {
            name: table.merge(roster, on="pid").assign(pid=lambda d, w=name: w + d["pid"])
            for name, table in tables.items()
        }
    extra = {"ikut": "category", "unit": "category", "usia": "number", "dosis": "number"}
    answers = {"y": "number", "a0": "item:s", "a1": "item:s"} | ({} if linked else extra)
    common = {
        "level": "learning", "baseline_wave": "pre", "unit": "poin", "label": "Y",
        "subgroups": ["usia", "unit"], "dose": "dosis", "sesoi": 0.3,
    }  # fmt: skip
    declaration: dict[str, Any] = {
        "design": {"type": design, "cluster": "unit", "covariates": ["usia"], **rule},
        "link": "respondent_code" if linked else "anonymous",
        "roster": "peserta" if linked else None,
        "sources": {
            **({"peserta": survey(extra, role="roster")} if linked else {}),
            "pre": survey(answers, wave="pre"),
            "post": survey(answers, wave="post"),
        },
        "scales": {"s": {"points": 4}},
        "instruments": {"k": {"label": "K", "scale": "s", "items": ["a0", "a1"], "index": "ikm"}},
        "outcomes": [
            {"id": "y", "variable": "y", "scale_type": kind, **common},
            {"id": "k", "instrument": "k", **common},
            {"id": "sekali", "instrument": "k", **(common | {"baseline_wave": None})},
        ],
        "population": {"unit": {"u1": 10, "u2": 5, "u6": 3}},
    }
    return make_study(folder, declaration, (({"peserta": roster} if linked else {}) | tables))


def numbers_in(value: object) -> list[float]:
    if isinstance(value, dict):
        return [n for v in value.values() for n in numbers_in(v)]
    if isinstance(value, (list, tuple)):
        return [n for v in value for n in numbers_in(v)]
    return [float(value)] if isinstance(value, (int, float)) else []


def check(*drawn: Any) -> None:
    refused: el.EvaluationError | None = None
    with tempfile.TemporaryDirectory() as folder:
        try:
            hold_result(study_of(Path(folder), *drawn))
        except el.EvaluationError as error:  # where nobody is left to tell of
            refused = error
    if refused is not None:
        assert drawn[-1] < 60
        assert all(problem.remedy for problem in refused.problems)


def hold_result(study: Any) -> None:
    for row in study.result.rows:
        assert all(math.isfinite(n) for n in numbers_in(dataclasses.asdict(row))), row
    effects = effects_of(study.result.rows)
    for effect in effects:
        hold_together(effect)
    names = [e.outcome for e in effects if e.role == "primary"]
    assert names == ["y", "k", "sekali"]


def hold_together(effect: Effect) -> None:
    for n in (effect.n_program, effect.n_comparison):
        assert n is None or n == 0 or n >= 5
    if effect.estimate is None:
        assert effect.reason
    if effect.ci_low is not None:
        assert effect.ci_low <= effect.estimate <= effect.ci_high
        assert effect.p_value is not None
    elif effect.estimate is not None:
        assert effect.reason
    if effect.role != "primary":
        assert effect.p_adjusted is None
        assert effect.conclusion is None


@pytest.mark.parametrize(
    ("design", "kind", "linked"), list(itertools.product(DESIGNS, KINDS, (True, False)))
)
def test_every_design(design: str, kind: str, linked: bool) -> None:
    check(design, kind, linked, 3, 60)


@settings(max_examples=8, deadline=None)
@given(
    st.sampled_from(DESIGNS), st.sampled_from(KINDS), st.booleans(), st.integers(0, 10**6),
    st.integers(1, 40),
)  # fmt: skip
def test_any_small_study(design: str, kind: str, linked: bool, seed: int, n: int) -> None:
    check(design, kind, linked, seed, n)


def test_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    rows, turned = (
        study_of(tmp_path / str(way), "comparison", "continuous", True, 4, 80, way).result.rows
        for way in (False, True)
    )
    for a, b in zip(rows, turned, strict=True):
        assert numbers_in(dataclasses.asdict(a)) == pytest.approx(
            numbers_in(dataclasses.asdict(b)), rel=1e-7, abs=1e-9
        )
