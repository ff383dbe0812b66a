"""Whatever small data come, numbers are finite or have a reason, or the files are refused with a
remedy: no other error, no NaN, no small cell."""

from __future__ import annotations

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
from tests.made_studies import made

DESIGNS = ("single_group", "comparison", "randomised")
KINDS = ("continuous", "binary", "ordinal")


def study_of(
    folder: Path, design: str, kind: str, linked: bool, seed: int, n: int, turned: bool = False
) -> Any:
    """A small study with gaps: two items, a cluster, a covariate, a subgroup and a dose."""
    rng = np.random.default_rng(seed)
    people = pd.DataFrame(
        {
            "pid": [f"p{i}" for i in range(n)],
            "unit": rng.choice(["u1", "u2", "u3", "u4", "u5"], n),
            "usia": rng.integers(25, 28, n).astype(float),
            "dosis": rng.integers(0, 3, n).astype(float),
        }
    )
    if design != "single_group":
        people["ikut"] = rng.choice(["ya", "tidak", "lain"], n, p=[0.5, 0.4, 0.1])
    for wave, low in (("pre", 0), ("post", 1)):
        lost = rng.permutation(n) >= rng.integers(low, n + 1)
        answers = {"y": (0, 2 if kind == "binary" else 4), "a0": (1, 5), "a1": (1, 5)}
        for name, ends in answers.items():
            values = rng.integers(*ends, n).astype(float)
            people[f"{name}@{wave}"] = np.where(lost | (rng.random(n) < 0.2), np.nan, values)
    common = {
        "level": "learning", "baseline_wave": "pre", "unit": "poin", "label": "Y",
        "subgroups": ["usia", "unit"], "dose": "dosis", "sesoi": 0.3,
    }  # fmt: skip
    outcomes = [
        {"id": "y", "variable": "y", "scale_type": kind, **common},
        {"id": "k", "instrument": "k", **common},
        {"id": "sekali", "instrument": "k", **(common | {"baseline_wave": None})},
    ]
    instrument = {"label": "K", "scale": "s", "items": ["a0", "a1"], "index": "ikm"}
    return made(
        folder, people[::-1] if turned else people, design=design, cluster="unit",
        covariates=["usia"], link="respondent_code" if linked else "anonymous",
        scales={"s": {"points": 4}}, instruments={"k": instrument}, outcomes=outcomes,
        population={"unit": {"u1": 10, "u2": 5, "u6": 3}},
    )  # fmt: skip


def check(*drawn: Any) -> None:
    refused: tuple[Any, ...] = ()
    with tempfile.TemporaryDirectory() as folder:
        try:
            hold(study_of(Path(folder), *drawn))
        except el.EvaluationError as error:  # where nobody is left to tell of
            refused = error.problems
    assert not refused or drawn[-1] < 60
    assert all(problem.remedy for problem in refused)


def hold(study: Any) -> None:
    for row in study.result.rows:
        numbers = [row.value, row.low, row.high, row.p, row.n]
        assert all(n is None or math.isfinite(n) for n in numbers), row
    found = study.effects(role=None)
    assert found.query("role == 'primary'")["outcome"].tolist() == ["y", "k", "sekali"]
    for effect in found.astype("object").to_dict("records"):
        e = {name: None if pd.isna(value) else value for name, value in effect.items()}
        assert all(n is None or n == 0 or n >= 5 for n in (e["n_program"], e["n_comparison"]))
        if e["low"] is None:
            assert e["reason"]
        else:
            assert e["low"] <= e["estimate"] <= e["high"]
            assert e["p"] is not None
        if e["role"] != "primary":
            assert e["p_adjusted"] is e["conclusion"] is None


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
    one, other = (
        study_of(tmp_path / str(way), "comparison", "continuous", True, 4, 80, way).measures
        for way in (False, True)
    )
    numbers = ["n", "value", "low", "high", "p"]
    assert one["id"].tolist() == other["id"].tolist()
    np.testing.assert_allclose(one[numbers].to_numpy(float), other[numbers].to_numpy(float),
                               rtol=1e-7, atol=1e-9)  # fmt: skip
