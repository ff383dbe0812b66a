"""Items to scores, reliability, known indices, and who is in the sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evaluasi_lib as el
from evaluasi_lib import wording
from evaluasi_lib.conclusion import quadrants
from evaluasi_lib.disclosure import publish
from evaluasi_lib.errors import ProgramError
from evaluasi_lib.measures import Drafts, Measure, Remark, wide
from evaluasi_lib.scoring.answers import Beside, answer_drafts, quantile_drafts, score_answers
from evaluasi_lib.scoring.bands import bands_of
from evaluasi_lib.scoring.frames import instrument_scores
from evaluasi_lib.scoring.items import (
    describe_reliability,
    diagnose_reliability,
    omega_total,
    rake,
    rescale_100,
    score_items,
)
from evaluasi_lib.scoring.participation import score_sample
from evaluasi_lib.scoring.scales import attainment, ikm, mean_interval, nps, score_scales
from evaluasi_lib.scoring.standards import band, standards
from evaluasi_lib.study import Study
from tests.made_studies import make_study, survey

ITEMS = ["p1", "p2", "p3"]
BANDS = standards()["ikm"]["bands"]


def study_of(folder: Path, n: int = 60, **changes: Any) -> Study:
    """Participants who judge three items, of four answers each, once."""
    rng = np.random.default_rng(1)
    level = rng.normal(2.9, 0.6, n)
    answers = {p: np.clip(np.round(level + rng.normal(0, 0.5, n)), 1, 4) for p in ITEMS}
    table = pd.DataFrame(
        {
            "pid": [f"p{i}" for i in range(n)],
            **answers,
            "setuju": np.clip(np.round(rng.normal(7.5, 2, n)), 0, 10),
            "penting1": np.full(n, 4.0), "penting2": np.full(n, 2.0), "penting3": np.full(n, 3.0),
            "wajib": np.full(n, 3.0),
            "unit": pd.Categorical(np.where(np.arange(n) % 4 == 0, "a", "b")),
        }
    )  # fmt: skip
    kinds = dict.fromkeys([*ITEMS, "penting1", "penting2", "penting3"], "item:empat")
    declaration: dict[str, Any] = {
        "design": {"type": "single_group"},
        "link": "anonymous",
        "sources": {
            "post": survey(
                kinds | {"setuju": "item:sepuluh", "wajib": "number", "unit": "category"},
                wave="post",
            )
        },
        "scales": {"empat": {"points": 4}, "sepuluh": {"points": 11, "min": 0}},
        "instruments": {
            "puas": {
                "label": "Kepuasan", "scale": "empat", "items": ITEMS, "index": "ikm",
                "importance": "penting", "dimensions": {"isi": ["p1", "p2"]},
            },
            "penting": {
                "label": "Penting", "scale": "empat", "items": ["penting1", "penting2", "penting3"]
            },
            "nps": {"label": "NPS", "scale": "sepuluh", "items": ["setuju"], "index": "nps"},
            "level": {
                "label": "Level", "scale": "empat", "items": ITEMS, "index": "jpm",
                "required_level": "wajib",
            },
        },
    }  # fmt: skip
    return make_study(folder, declaration | changes, {"post": table})


def published(study: Study) -> tuple[tuple[Measure, ...], tuple[Remark, ...]]:
    return publish(score_scales(study), study.program.privacy.min_cell)


def score(study: Study, name: str) -> dict[str, Any]:
    """The first score of a scale as published."""
    return wide(published(study)[0], f"scales/{name}/*/*")[0]


def test_a_score_needs_its_declared_share_of_answers() -> None:
    nan = np.nan
    answers = [[1, 2, 3], [1, 2, nan], [1, nan, nan], [nan, nan, nan]]
    np.testing.assert_array_equal(score_items(answers, 2 / 3), [2, 1.5, nan, nan])
    np.testing.assert_array_equal(score_items(answers, 1.0), [2, nan, nan, nan])
    np.testing.assert_array_equal(score_items(answers, 0.0), [2, 1.5, 1, nan])


def test_rescaling_runs_from_0_to_100() -> None:
    assert [rescale_100(v, 1, 5) for v in (1, 3, 5)] == [0, 50, 100]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_turning_all_items_round_leaves_reliability_as_it_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.clip(np.round(3 + rng.normal(size=(40, 1)) + rng.normal(size=(40, 4))), 1, 5)
    one, two = diagnose_reliability(x), diagnose_reliability(6 - x)
    assert one is not None
    assert two is not None
    assert two.alpha == pytest.approx(one.alpha)
    assert two.item_rest == pytest.approx(one.item_rest)
    assert (two.omega_total is None) == (one.omega_total is None)
    if one.omega_total is not None:  # None where the one-factor solution is improper
        assert two.omega_total == pytest.approx(one.omega_total, rel=1e-6)


def test_reliability_of_too_little_is_a_reason_in_words() -> None:
    assert diagnose_reliability(np.ones((30, 3))) is None
    assert diagnose_reliability(np.eye(3)) is None
    assert describe_reliability(None)


def test_what_a_reliability_is_worth_is_said_by_its_size() -> None:
    said = {"too low": (-9, 0.7), "acceptable": (0.7, 0.8), "good": (0.8, 0.95),
            "the same thing twice": (0.95, 1)}  # fmt: skip
    rng, heard = np.random.default_rng(1), set()
    trait, draws = rng.normal(size=(500, 1)), rng.normal(size=(500, 4))
    wording.set_language("en")
    for noise in (0.2, 0.7, 1.1, 1.2, 1.4, 1.5, 2.0, 3.0):
        found = el.reliability(pd.DataFrame(trait + noise * draws), [0, 1, 2, 3])
        (words,) = [w for w in said if w in found["note"].iloc[0]]
        low, high = said[words]
        assert low <= found.alpha < high
        heard.add(words)
    assert heard == set(said)


def test_omega_of_a_known_model() -> None:
    """Loadings .8 .7 .6 and unique variances 1 - loading^2: omega = 2.1^2 / (2.1^2 + 1.51)."""
    loading = np.array([0.8, 0.7, 0.6])
    cov = np.outer(loading, loading) + np.diag(1 - loading**2)
    assert omega_total(cov) == pytest.approx(2.1**2 / (2.1**2 + 1.51), rel=1e-7)
    assert omega_total(cov[:2, :2]) is None  # two items do not identify it


def test_ikm_is_the_mean_of_item_means_times_25() -> None:
    answers = np.tile([3.0, 3.2, 3.4], (5, 1))
    answers[0] = [3, 4, 3]
    found = ikm(np.clip(np.round(answers), 1, 4), BANDS)
    assert found.index == pytest.approx(round(np.mean([3, 3.2, 3.0]) * 25, 2))
    with pytest.raises(ValueError, match="1 to 4"):
        ikm([[5, 5]], BANDS)


@pytest.mark.parametrize(
    ("index", "grade"),
    [(88.31, "A"), (88.30, "B"), (76.61, "B"), (76.60, "C"), (65.0, "C"), (64.99, "D"), (25, "D")],
)
def test_ikm_bands(index: float, grade: str) -> None:
    assert band(index, BANDS)["grade"] == grade


def test_ikm_says_where_the_weight_011_would_change_the_grade() -> None:
    """Nine items with mean 3.57: 89.25 is A; with 0.11 instead of 1/9 it would be 88.36, still A;
    3.54: 88.5 is A, and would be 87.62, B."""
    nine = np.full((100, 9), 3.0)
    nine[:57] = 4
    assert (ikm(nine, BANDS).grade, ikm(nine, BANDS).grade_with_011) == ("A", "A")
    nine[54:57] = 3
    assert (ikm(nine, BANDS).grade, ikm(nine, BANDS).grade_with_011) == ("A", "B")


def test_ikm_and_importance_come_with_the_score(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    rows, remarks = published(study)
    (index,) = wide(rows, "scales/puas/post/program/ikm")
    assert band(index["index"], BANDS)["grade"] in {r.text for r in remarks if r.id[-3:] == "ikm"}
    assert any(r.id == "scales/puas/post/program" for r in remarks)  # it is an analogy
    (cross,) = wide(rows, "scales/puas/post/program/ipa")
    below = wide(rows, "scales/puas/post/program/*")
    items = {x["subject"]: x for x in below if x["item_rest"] is not None}
    assert list(items) == ITEMS
    found = quadrants(
        [items[p]["performance"] for p in ITEMS],
        [items[p]["importance"] for p in ITEMS],
        cross=(cross["cross_performance"], cross["cross_importance"]),
    )
    assert found[0] in ("keep_up", "concentrate")
    assert found[1] in ("overkill", "low_priority")
    assert score(study, "puas.isi")["n_items"] == 2


def test_alpha_without_an_item_is_that_of_the_others(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    (item,) = wide(published(study)[0], "scales/puas/post/program/p1")
    others = diagnose_reliability(study.tables["post"][["p2", "p3"]])
    assert others is not None
    assert item["alpha_if_deleted"] == pytest.approx(others.alpha)


def test_no_ikm_on_five_points(tmp_path: Path) -> None:
    scales = {"empat": {"points": 5}, "sepuluh": {"points": 11, "min": 0}}
    rows, remarks = published(study_of(tmp_path, scales=scales))
    assert wide(rows, "scales/puas/post/program/ikm") == []
    assert any(r.id == "scales/puas/post/program" for r in remarks)


def test_net_promoter_score() -> None:
    found = nps([10, 9, 8, 7, 6, 0, np.nan])
    assert found["score"] == 0
    assert found["ci_low"] < 0 < found["ci_high"]
    assert nps([10, 9, 9, 8, 0])["score"] == pytest.approx(3 / 5 - 1 / 5)
    assert nps([np.nan]) == {}


def test_attainment_of_the_required_level(tmp_path: Path) -> None:
    found = attainment([[3], [2], [1], [4]], [3, 3, 2, 2])
    assert found["mean_pct"] == pytest.approx((100 + 200 / 3 + 50 + 100) / 4)
    assert (found["n"], found["below_share"]) == (4, 0.5)
    (found,) = wide(published(study_of(tmp_path))[0], "scales/level/post/program/jpm")
    assert found["mean_pct"] < 100


def test_skp_keeps_its_order_and_gets_no_mean(tmp_path: Path) -> None:
    instruments = {"skp": {"label": "SKP", "scale": "empat", "items": ["p1"], "index": "skp"}}
    found = score(study_of(tmp_path, instruments=instruments), "skp")
    assert found["mean"] is None
    assert found["mean_100"] is None
    assert found["sd"] is None
    assert found["mean_reason"]


def test_small_groups_are_not_shown(tmp_path: Path) -> None:
    rows, _remarks = published(study_of(tmp_path, n=4))
    assert {row.value for row in rows if row.measure != "n_items"} == {None}
    found = score(study_of(tmp_path, n=4), "puas")
    assert (found["n"], found["n_items"], found["reason"]) == (None, 3, "small_cell")


def published_answers(drafts: Drafts) -> list[dict[str, Any]]:
    return wide(publish(drafts, 5)[0], "answers/*/*/*/*")


def test_distributions_pass_the_gate_and_keep_their_questions(tmp_path: Path) -> None:
    answers = [a for a in published_answers(score_answers(study_of(tmp_path)))
               if a["stem"][1] == "puas"]  # fmt: skip
    assert {a["stem"][3] for a in answers} == {"p1", "p2", "p3"}
    assert all(a["n"] is None or a["n"] == 0 or a["n"] >= 5 for a in answers)
    assert all(a["note"] for a in answers)
    assert {a["group"] for a in answers} == {"program"}


def bands(*counts: int, **known: Any) -> list[tuple[int, ...]]:
    return bands_of(dict(enumerate(counts, 1)), 5, **known)


def test_few_answers_are_merged_with_those_of_their_side_and_the_item_stays() -> None:
    assert bands(10, 10, 10, 10) == [(1,), (2,), (3,), (4,)]
    assert bands(2, 6, 20, 20) == [(1, 2), (3,), (4,)]
    assert bands(2, 6, 3, 20, 20) == [(1, 2, 3), (4,), (5,)]
    assert bands(0, 1, 20, 29) == [(1, 2, 3), (4,)]
    assert bands(29, 20, 1, 0) == [(1,), (2, 3, 4)]
    assert bands(0, 1, 2, 1) == []


def test_a_merged_answer_cannot_be_found_from_the_mean() -> None:
    """7 negative answers with the mean are two equations for two unknowns: the positive ones are
    merged too, and of a scale's mean and deviation nothing is left to show."""
    assert bands(2, 5, 20, 20, moments=1) == [(1, 2), (3, 4)]
    assert bands(0, 1, 20, 29, moments=1) == []
    assert bands(2, 5, 20, 20, moments=2) == []


def test_a_merged_answer_cannot_be_found_from_the_share_of_the_upper_ones() -> None:
    """1 chose 4, with 6 beside: where the share of 3 and 4 is known, so is the one."""
    sides = ((1,), (2, 3), (4,))
    assert bands(9, 6, 6, 1, sides=sides) == [(1,), (2, 3, 4)]
    assert bands(9, 6, 6, 1, sides=((1, 2), (3,), (4,)), sums={4: "top", 3: "rest"}) == []


def test_the_only_merged_item_is_held_against_the_mean_of_all() -> None:
    chosen = {"a": np.repeat([1, 2, 3, 4], [2, 6, 20, 20]), "b": np.repeat([1, 2, 3, 4], 12)}
    of = {"labels": dict.fromkeys(range(1, 5), ""), "place": ["answers", "s", "post"], "k": 5}
    alone, pooled = (
        [a["stem"][-1] for a in published_answers(
            answer_drafts(pd.DataFrame(chosen), known=known, **of)) if a["subject"] == "a"]
        for known in (Beside(), Beside(pooled=True))
    )  # fmt: skip
    assert alone == ["1..2", "3", "4"]
    assert pooled == ["1..2", "3..4"]


def test_a_merged_answer_is_named_by_its_ends_and_a_reversed_item_keeps_what_was_said() -> None:
    chosen = pd.DataFrame({"q": np.repeat([1, 2, 3, 4], [2, 6, 20, 20])})
    labels = {1: "never", 2: "seldom", 3: "often", 4: "always"}
    place = ["answers", "s", "post"]
    found = published_answers(answer_drafts(chosen, labels, place, k=5, reversed=["q"]))
    assert [(a["stem"][-1], a["label"]) for a in found] == [
        ("1..2", "often s.d. always"), ("3", "seldom"), ("4", "never")
    ]  # fmt: skip
    assert {a["direction"] for a in found} == {"lower"}


@pytest.mark.parametrize(
    ("n", "shown"),
    [(9, []), (10, ["median"]), (20, ["q25", "median", "q75"]), (49, ["q25", "median", "q75"]),
     (50, ["q25", "median", "q75", "q10", "q90"])],
)  # fmt: skip
def test_a_quantile_is_shown_where_five_persons_lie_beyond_it(n: int, shown: list[str]) -> None:
    rows, _remarks = publish(quantile_drafts(np.linspace(1, 5, n), ["scales", "s"]), 5)
    assert [row.measure for row in rows if row.value is not None] == shown
    assert list(quantile_drafts(np.full(n, 3.0), ["scales", "s"])) == []


def test_scores_are_weighted_to_the_population(tmp_path: Path) -> None:
    """A quarter of the answers come from unit a, which is half of the population."""
    study = study_of(tmp_path, population={"unit": {"a": 500, "b": 500}})
    found = score(study, "puas")
    rows = instrument_scores(study, "puas", "post")
    halves = rows.groupby("unit", observed=True)["score"].mean().mean()
    assert found["mean"] == pytest.approx(halves)
    (analysed,) = [row for row in publish(score_sample(study), 5)[0] if row.measure == "analysed"]
    assert analysed.note


def test_a_unit_that_nobody_speaks_for_is_named(tmp_path: Path) -> None:
    study = study_of(tmp_path, population={"unit": {"a": 500, "b": 500, "c": 100}})
    _rows, remarks = published(study)
    assert any("menjawab dari c," in remark.text for remark in remarks)


def test_raking_meets_its_margins_and_names_whom_nobody_speaks_for() -> None:
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"a": rng.choice(["x", "y"], 200), "b": rng.choice(["u", "v", None], 200)})
    found = rake(rows, {"a": {"x": 30, "y": 60, "z": 10}, "b": {"u": 1, "v": 3}})
    w = pd.Series(found.per_row)
    assert found.left_out == (("a", "z"),)
    assert w[rows["a"] == "x"].sum() / w.sum() == pytest.approx(1 / 3)
    known = rows["b"].notna()
    assert w[rows["b"] == "u"].sum() / w[known].sum() == pytest.approx(0.25)


def test_weighted_mean_of_equal_weights_is_the_plain_one() -> None:
    y = np.arange(20.0)
    plain, weighted = mean_interval(y), mean_interval(y, np.full(20, 3.0))
    assert weighted == pytest.approx(plain)


def test_a_program_may_replace_a_threshold_but_not_invent_one() -> None:
    assert standards({"baseline": {"adjustment": 0.3}})["baseline"]["adjustment"] == 0.3
    assert standards()["baseline"]["adjustment"] == 0.25
    with pytest.raises(ProgramError, match="adjustment"):
        standards({"baseline": {"adjustmen": 0.3}})
