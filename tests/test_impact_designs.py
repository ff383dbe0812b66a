"""From a study to its effects: which estimator is primary, and what the result says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from evaluasi_lib import wording
from evaluasi_lib.disclosure import publish
from evaluasi_lib.measures import value_at, wide
from evaluasi_lib.scoring.evidence import score_effects
from evaluasi_lib.scoring.impact.designs import waves
from evaluasi_lib.scoring.participation import score_sample
from evaluasi_lib.study import Study
from tests.made_effects import effects, primary
from tests.made_studies import make_study, published, survey

ROOT = Path(__file__).parents[1]


@pytest.fixture
def nsw(tmp_path: Path) -> Study:
    declaration = yaml.safe_load((ROOT / "data/raw/nsw-1976/program.yml").read_text("utf-8"))
    table = pd.read_csv(ROOT / "data/raw/nsw-1976/nsw.csv").astype(float)
    labels = table["treat"].astype(int).astype(str)
    table["treat"] = pd.Categorical(labels, categories=["1", "0"])
    table["pid"] = [f"p{i}" for i in range(len(table))]
    return make_study(tmp_path, declaration, {"peserta": table})


def test_nsw_gives_the_published_effect_and_error(nsw: Study) -> None:
    effect = primary(nsw)
    assert effect.estimate == pytest.approx(1794.34238485445, rel=1e-9)
    assert effect.std_error == pytest.approx(670.996544247151, rel=1e-9)
    assert (effect.n_program, effect.n_comparison) == (185, 260)
    assert (effect.claim, effect.conclusion) == ("effect", "improved")
    assert (effect.estimator, effect.estimand) == ("difference", "itt")


def test_unknown_attrition_leaves_the_invited_empty_with_a_reason(nsw: Study) -> None:
    (sample,) = wide(published(score_sample(nsw)), "sample")
    assert (sample["invited"], sample["responded"], sample["analysed"]) == (None, 445, 445)
    assert sample["response_rate_share"] is None
    assert sample["reason"]


def two_waves(tmp_path: Path, rng: np.random.Generator, **changes: Any) -> Study:
    """Sixty persons in twelve units, half of them in the program, before and after."""
    n = 60
    roster = pd.DataFrame(
        {
            "pid": [f"p{i}" for i in range(n)],
            "kelompok": ["program" if i % 2 else "pembanding" for i in range(n)],
            "unit": pd.Categorical([f"u{i % 12}" for i in range(n)]),
        }
    )
    ability = rng.normal(size=n)
    gain = np.where(roster["kelompok"] == "program", 1.0, 0.2)
    waves = {
        wave: pd.DataFrame(
            {"pid": roster["pid"], "y": 3 + ability + shift + rng.normal(size=n) * 0.3}
        )
        for wave, shift in (("pre", 0.0), ("post", gain))
    }
    declaration: dict[str, Any] = {
        "design": {
            "type": "comparison",
            "group": {"variable": "kelompok", "program": ["program"], "comparison": ["pembanding"]},
        },
        "link": "nip",
        "roster": "peserta",
        "sources": {
            "peserta": survey({"kelompok": "category", "unit": "category"}, role="roster"),
            "pre": survey({"y": "number"}, wave="pre"),
            "post": survey({"y": "number"}, wave="post"),
        },
        "outcomes": [
            {
                "id": "y", "label": "Y", "level": "learning", "variable": "y", "wave": "post",
                "baseline_wave": "pre", "unit": "poin", "sesoi": 0.3,
            }
        ],
    }  # fmt: skip
    declaration["design"] |= changes.pop("design", {})
    return make_study(tmp_path, declaration | changes, {"peserta": roster, **waves})


def test_comparison_with_linked_baseline_is_difference_in_differences(tmp_path: Path) -> None:
    study = two_waves(tmp_path, np.random.default_rng(1))
    effect = primary(study)
    assert effect.estimator == "did"
    assert effect.estimate == pytest.approx(0.8, abs=0.25)  # true effect; SE is about 0.11
    found = {e.estimator for e in effects(study) if e.role == "sensitivity"}
    assert found >= {"ancova", "difference"}
    assert value_at(published(score_sample(study)), "sample/invited") == 60


def test_clusters_bring_cr2_and_few_of_them_no_p_value(tmp_path: Path) -> None:
    study = two_waves(tmp_path, np.random.default_rng(1), design={"cluster": "unit"})
    effect = primary(study)
    assert effect.df is not None
    assert effect.df < 12
    few = tmp_path / "few"
    few.mkdir()
    study = two_waves(few, np.random.default_rng(1), design={"cluster": "unit"})
    roster = study.tables["peserta"]
    roster["unit"] = roster["kelompok"].astype(str) + (roster["row"] % 3).astype(str)
    effect = primary(study)
    assert effect.estimate is not None
    assert (effect.p_value, effect.ci_low, effect.conclusion) == (None, None, "inconclusive")
    assert effect.reason


def test_anonymous_waves_are_independent_samples_and_marked_weaker(tmp_path: Path) -> None:
    study = two_waves(
        tmp_path, np.random.default_rng(1), link="anonymous", roster=None,
        design={"type": "single_group", "group": None},
    )  # fmt: skip
    effect = primary(study)
    assert (effect.estimator, effect.claim) == ("waves", "change")
    remarks = publish(score_effects(study), 5)[1]
    assert len([r for r in remarks if r.id == "effects/y/primary"]) >= 2


def test_answers_of_a_unit_that_resemble_each_other_widen_the_interval_of_unlinked_waves() -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({
        "wave": np.repeat(["pre", "post"], 200), "unit": [f"u{i % 20}" for i in range(400)],
    })  # fmt: skip
    table["y"] = rng.normal(size=20)[np.arange(400) % 20] + rng.normal(size=400) * 0.1
    after, before = (table[table["wave"] == w] for w in ("post", "pre"))
    apart = waves(after["y"], before["y"])
    units = pd.factorize(pd.concat([after, before])["unit"])[0]
    units[200:] += 20  # other units before
    together = waves(after["y"], before["y"], clusters=units)
    assert apart.std_error is not None
    assert together.std_error is not None
    assert together.std_error > 2 * apart.std_error


@pytest.mark.parametrize("ordered", [True, False])
def test_steps_taken_as_equal_are_told_where_persons_cannot_be_linked(
    ordered: bool, tmp_path: Path
) -> None:
    outcome = {"id": "y", "label": "Y", "level": "learning", "variable": "y", "wave": "post",
               "baseline_wave": "pre", "unit": "poin", "sesoi": 0.3}  # fmt: skip
    study = two_waves(
        tmp_path, np.random.default_rng(1), link="anonymous", roster=None,
        outcomes=[outcome | ({"scale_type": "ordinal"} if ordered else {})],
    )  # fmt: skip
    for wave in ("pre", "post"):
        study.tables[wave]["kelompok"] = study.tables["peserta"]["kelompok"]
    wording.set_language("en")
    said = " ".join(r.text for r in publish(score_effects(study), 5)[1])
    assert ("treated as equally far apart" in said) == ordered


def test_missing_data_is_a_reason_not_an_error(tmp_path: Path) -> None:
    study = two_waves(tmp_path, np.random.default_rng(1))
    del study.tables["post"]["y"]
    effect = primary(study)
    assert effect.estimate is None
    assert effect.reason
    assert effect.conclusion is None


def test_from_what_to_what_is_of_those_measured_twice_and_goes_where_few_were_not(
    tmp_path: Path,
) -> None:
    study = two_waves(tmp_path, np.random.default_rng(1))
    before, after = (study.tables[wave].set_index("pid")["y"] for wave in ("pre", "post"))
    own = study.persons.index[study.persons["group"] == "program"]
    found = primary(study)
    assert found.mean_before == pytest.approx(before[own].mean())
    assert found.mean_after == pytest.approx(after[own].mean())
    # Two persons more in the published mean of the wave: subtraction would tell of them.
    lost = study.tables["pre"]["pid"].isin(own[:2])
    study.tables["pre"] = study.tables["pre"][~lost]
    found = primary(study)
    assert found.estimate is not None
    assert found.mean_before is None
    assert found.mean_after is None
