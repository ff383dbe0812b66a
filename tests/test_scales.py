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
from evaluasi_lib.measures import texts_at, wide
from evaluasi_lib.scoring.scales import bands_of
from tests.made_studies import make_study, survey

ITEMS = ["p1", "p2", "p3"]


def study_of(folder: Path, n: int = 60, **changes: Any) -> Any:
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


def score(study: Any, name: str, place: str = "") -> dict[str, Any]:
    """The first score of a scale as published, or what stands at a place below it."""
    return wide(study.result.rows, f"scales/{name}/*/*" + (place and f"/{place}"))[0]


def asked(
    folder: Path, answers: dict[str, Any], points: int = 4, index: str | None = None,
    of: dict[str, Any] | None = None, **more: Any,
) -> Any:  # fmt: skip
    """A program of one instrument, whose items were answered so."""
    scale = of if of and "labels" in of else {"points": points} | (of or {})
    instrument = {"label": "S", "scale": "s", "items": list(answers)} | more
    declared = {
        "design": {"type": "single_group"},
        "link": "anonymous",
        "sources": {"post": survey(dict.fromkeys(answers, "item:s"), wave="post")},
        "scales": {"s": scale},
        "instruments": {"s": instrument | ({"index": index} if index else {})},
    }
    return make_study(folder, declared, {"post": pd.DataFrame(answers)})


def test_a_score_needs_its_declared_share_of_answers() -> None:
    nan = np.nan
    answers = pd.DataFrame([[1, 2, 3], [1, 2, nan], [1, nan, nan], [nan, nan, nan]], columns=ITEMS)
    for share, found in ((2 / 3, [2, 1.5, nan, nan]), (1.0, [2, nan, nan, nan]),
                         (0.0, [2, 1.5, 1, nan])):  # fmt: skip
        np.testing.assert_array_equal(el.score(answers, ITEMS, min_answered=share), found)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_turning_all_items_round_leaves_reliability_as_it_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.clip(np.round(3 + rng.normal(size=(40, 1)) + rng.normal(size=(40, 4))), 1, 5)
    table, names = pd.DataFrame(x, columns=list("abcd")), list("abcd")
    one, two = el.reliability(table, names), el.reliability(table, names, names, scale=(1, 5))
    assert two.alpha == pytest.approx(one.alpha)
    assert two.by_item["item_rest"].tolist() == pytest.approx(one.by_item["item_rest"].tolist())
    # missing where the one-factor solution is improper
    assert two.omega == pytest.approx(one.omega, rel=1e-6, nan_ok=True)


@pytest.mark.parametrize("answers", [np.ones((30, 3)), np.eye(3)])
def test_reliability_of_too_little_is_a_reason_in_words(answers: np.ndarray) -> None:
    with pytest.raises(el.EvaluationError) as caught:
        el.reliability(pd.DataFrame(answers, columns=ITEMS), ITEMS)
    assert caught.value.problems[0].remedy


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
    draws = np.random.default_rng(1).normal(size=(50, 3))
    white = np.linalg.qr(draws - draws.mean(axis=0))[0] * 7  # covariance exactly the unit matrix
    table = pd.DataFrame(white @ np.linalg.cholesky(cov).T, columns=ITEMS)
    assert el.reliability(table, ITEMS).omega == pytest.approx(2.1**2 / (2.1**2 + 1.51), rel=1e-6)
    assert np.isnan(el.reliability(table, ITEMS[:2]).omega)  # two items do not identify it


@pytest.mark.parametrize(
    ("fours", "index", "grade"),
    [(54, 88.5, "A"), (53, 88.25, "B"), (7, 76.75, "B"), (6, 76.5, "C"), (-40, 65.0, "C"),
     (-41, 64.75, "D")],
)  # fmt: skip
def test_ikm_is_the_mean_of_item_means_times_25_and_falls_into_its_band(
    tmp_path: Path, fours: int, index: float, grade: str
) -> None:
    """100 persons answer 3 to each item, but so many 4, or, where it is negative, 2. PermenPANRB
    14/2017: A from 88.31, B from 76.61, C from 65.00."""
    values = np.where(np.arange(100) < abs(fours), 3 + np.sign(fours), 3)
    study = asked(tmp_path, {f"q{i}": values for i in range(2)}, index="ikm")
    assert score(study, "s", "ikm")["index"] == index
    assert grade in texts_at(study.result.remarks, "scales", "s", "post", "program", "ikm")


def test_ikm_says_where_the_weight_011_would_change_the_grade(tmp_path: Path) -> None:
    """Nine items of mean 3.57: 89.25 is A, and with 0.11 instead of 1/9 it would be 88.36, still A;
    3.54: 88.5 is A, and would be 87.62, B."""
    said = []
    for fours in (57, 54):
        values = np.where(np.arange(100) < fours, 4, 3)
        study = asked(tmp_path / str(fours), {f"q{i}": values for i in range(9)}, index="ikm")
        said.append(" ".join(remark.text for remark in study.result.remarks))
    assert "0,11" not in said[0]
    assert "0,11" in said[1]


def test_ikm_and_importance_come_with_the_score(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    assert texts_at(study.result.remarks, "scales", "puas", "post", "program")  # it is an analogy
    cross = score(study, "puas", "ipa")
    below = wide(study.result.rows, "scales/puas/post/program/*")
    items = {x["subject"]: x for x in below if x["item_rest"] is not None}
    assert list(items) == ITEMS
    assert [items[p]["importance"] > cross["cross_importance"] for p in ITEMS[:2]] == [True, False]
    assert score(study, "puas.isi")["n_items"] == 2
    others = el.reliability(study.tables["post"], ["p2", "p3"])  # alpha without the first item
    assert items["p1"]["alpha_if_deleted"] == pytest.approx(others.alpha)


def test_no_ikm_on_five_points(tmp_path: Path) -> None:
    study = study_of(tmp_path, scales={"empat": {"points": 5}, "sepuluh": {"points": 11, "min": 0}})
    assert wide(study.result.rows, "scales/puas/post/program/ikm") == []
    assert texts_at(study.result.remarks, "scales", "puas", "post", "program")


def test_net_promoter_score(tmp_path: Path) -> None:
    answers = np.repeat([10, 9, 8, 7, 6, 0], 5)
    found = score(asked(tmp_path, {"q": answers}, 11, "nps", of={"min": 0}), "s", "nps")
    assert found["score"] == 0
    assert found["score_low"] < 0 < found["score_high"]


def test_attainment_of_the_required_level(tmp_path: Path) -> None:
    """PermenPANRB 38/2017: held / required, each competency capped at 100."""
    table = pd.DataFrame({"a": [3, 2, 1, 4] * 5, "wajib": [3, 3, 2, 2] * 5})
    level = {"label": "L", "scale": "s", "items": ["a"], "index": "jpm", "required_level": "wajib"}
    declared = {
        "design": {"type": "single_group"},
        "link": "anonymous",
        "sources": {"post": survey({"a": "item:s", "wajib": "number"}, wave="post")},
        "scales": {"s": {"points": 4}},
        "instruments": {"level": level},
    }
    found = score(make_study(tmp_path, declared, {"post": table}), "level", "jpm")
    assert found["mean_pct"] == pytest.approx((100 + 200 / 3 + 50 + 100) / 4)
    assert (found["n"], found["below_share"]) == (20, 0.5)


def test_skp_keeps_its_order_and_gets_no_mean(tmp_path: Path) -> None:
    found = score(asked(tmp_path, {"q": [2, 3, 4] * 10}, index="skp"), "s")
    assert found["mean"] is None
    assert found["mean_100"] is None
    assert found["sd"] is None
    assert found["mean_reason"]


def test_small_groups_are_not_shown(tmp_path: Path) -> None:
    study = study_of(tmp_path, n=4)
    scales = [row for row in study.result.rows if row.part == "scales"]
    assert {row.value for row in scales if row.measure != "n_items"} == {None}
    found = score(study, "puas")
    assert (found["n"], found["n_items"], found["reason"]) == (None, 3, "small_cell")


# Answers


def answers_of(study: Any, *items: str) -> list[dict[str, Any]]:
    return [a for a in wide(study.result.rows, "answers/*/*/*/*") if a["subject"] in items]


def test_distributions_pass_the_gate_and_keep_their_questions(tmp_path: Path) -> None:
    answers = answers_of(study_of(tmp_path), *ITEMS)
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


def test_a_merged_answer_is_named_by_its_ends_and_a_reversed_item_keeps_what_was_said(
    tmp_path: Path,
) -> None:
    words = ["never", "seldom", "often", "always"]
    chosen = [words[v] for v in np.repeat([0, 1, 2, 3], [2, 6, 20, 20])]
    turned = [words[v] for v in np.repeat([0, 1, 2, 3], [20, 20, 6, 2])]
    study = asked(tmp_path, {"a": turned, "b": chosen}, of={"labels": words}, reversed=["a"])
    for item, labels, way in (
        ("a", ["often s.d. always", "seldom", "never"], "lower"),
        ("b", ["never s.d. seldom", "often", "always"], "higher"),
    ):
        found = answers_of(study, item)
        assert [(a["stem"][-1], a["label"]) for a in found] == list(
            zip(["1..2", "3", "4"], labels, strict=True)
        )
        assert {a["direction"] or "higher" for a in found} == {way}


@pytest.mark.parametrize(
    ("n", "shown"),
    [(9, []), (10, ["median"]), (20, ["q25", "median", "q75"]), (49, ["q25", "median", "q75"]),
     (50, ["q25", "median", "q75", "q10", "q90"])],
)  # fmt: skip
def test_a_quantile_is_shown_where_five_persons_lie_beyond_it(
    tmp_path: Path, n: int, shown: list[str]
) -> None:
    waves = dict.fromkeys(("pre", "post"), pd.DataFrame({"q": range(1, n + 1)}))
    declared = {
        "design": {"type": "single_group"},
        "link": "anonymous",
        "sources": {wave: survey({"q": "item:s"}, wave=wave) for wave in waves},
        "scales": {"s": {"points": 60}},
        "instruments": {"s": {"label": "S", "scale": "s", "items": ["q"]}},
    }
    rows = make_study(tmp_path, declared, waves).result.rows
    quantiles = {"q10", "q25", "median", "q75", "q90"}
    found = {r.measure for r in rows if r.id.startswith("scales/s/post") and r.value is not None}
    assert found & quantiles == set(shown)


def test_scores_are_weighted_to_the_population(tmp_path: Path) -> None:
    """A quarter of the answers come from unit a, which is half of the population."""
    margin = {"unit": {"a": 500, "b": 500}}
    study = study_of(tmp_path, population=margin)
    rows = study.tables["post"]
    halves = rows[ITEMS].mean(axis=1).groupby(rows["unit"], observed=True).mean().mean()
    assert score(study, "puas")["mean"] == pytest.approx(halves)
    (analysed,) = [row for row in study.result.rows if row.id == "sample/analysed"]
    assert analysed.note
    by_hand = el.describe(rows.assign(y=el.score(rows, ITEMS)), columns=["y"], weights=margin)
    assert by_hand["mean"].iloc[0] == pytest.approx(halves)


def test_a_unit_that_nobody_speaks_for_is_named(tmp_path: Path) -> None:
    study = study_of(tmp_path, population={"unit": {"a": 500, "b": 500, "c": 100}})
    assert any("menjawab dari c," in remark.text for remark in study.result.remarks)


def test_a_program_may_not_invent_a_threshold(tmp_path: Path) -> None:
    with pytest.raises(el.EvaluationError, match="adjustment"):
        _ = study_of(tmp_path, standards={"baseline": {"adjustmen": 0.3}}).result
