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
from evaluasi_lib.scoring.scales import bands_of
from tests.made_studies import at, made, remarks

ITEMS = ["p1", "p2", "p3"]
IMPORTANCE = ["penting1", "penting2", "penting3"]
PLACE = "scales/s/post/program"


def study_of(folder: Path, n: int = 60, points: int = 4, **declared: Any) -> Any:
    """Participants who judge three items on four points, once, and how important they are."""
    rng = np.random.default_rng(1)
    level = rng.normal(2.9, 0.6, n)
    answers = {p: np.clip(np.round(level + rng.normal(0, 0.5, n)), 1, 4) for p in ITEMS}
    people = pd.DataFrame(answers | dict(zip(IMPORTANCE, (4.0, 2.0, 3.0), strict=True)))
    people = people.add_suffix("@post").assign(unit=np.where(np.arange(n) % 4 == 0, "a", "b"))
    scale = {"points": points}
    instruments = {
        "s": {"label": "Kepuasan", "scale": "empat", "items": ITEMS, "index": "ikm",
              "level": "learning", "importance": "penting", "dimensions": {"isi": ["p1", "p2"]}},
        "penting": {"label": "Penting", "scale": "empat", "items": IMPORTANCE},
    }  # fmt: skip
    return made(folder, people, link="anonymous", scales={"empat": scale}, instruments=instruments,
                **declared)  # fmt: skip


def asked(
    folder: Path, answers: dict[str, Any], scale: dict[str, Any] | None = None, **told: Any
) -> Any:
    """A program of one instrument, whose items were answered so, on four points."""
    instrument = {"label": "S", "scale": "s", "items": list(answers)} | told
    people = pd.DataFrame(answers).add_suffix("@post")
    return made(folder, people, link="anonymous", scales={"s": scale or {"points": 4}},
                instruments={"s": instrument})  # fmt: skip


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
    el.set_language("en")
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
    assert at(study, f"{PLACE}/ikm")["index"] == index
    assert remarks(study, f"{PLACE}/ikm") == grade


@pytest.mark.parametrize(("fours", "changes"), [(57, False), (54, True)])
def test_ikm_says_where_the_weight_011_would_change_the_grade(
    tmp_path: Path, fours: int, changes: bool
) -> None:
    """Nine items of mean 3.57: 89.25 is A, and with 0.11 instead of 1/9 it would be 88.36, still A;
    3.54: 88.5 is A, and would be 87.62, B."""
    values = np.where(np.arange(100) < fours, 4, 3)
    study = asked(tmp_path, {f"q{i}": values for i in range(9)}, index="ikm")
    assert ("0,11" in remarks(study)) == changes


def test_ikm_and_importance_come_with_the_score(tmp_path: Path) -> None:
    study = study_of(tmp_path / "4")
    assert "analogi" in remarks(study, PLACE)
    cross = at(study, f"{PLACE}/ipa")["cross_importance"]
    items = {p: at(study, f"{PLACE}/{p}") for p in ITEMS}
    assert [items[p]["importance"] > cross for p in ITEMS[:2]] == [True, False]
    assert at(study, "scales/s.isi/post/program")["n_items"] == 2
    others = el.reliability(study.tables["survey_post"], ["p2", "p3"])  # without the first item
    assert items["p1"]["alpha_if_deleted"] == pytest.approx(others.alpha)
    five = study_of(tmp_path / "5", points=5)  # no IKM on five points
    assert at(five, f"{PLACE}/ikm") == {}
    assert "IKM" in remarks(five, PLACE)


def test_net_promoter_score(tmp_path: Path) -> None:
    answers, scale = np.repeat([10, 9, 8, 7, 6, 0], 5), {"points": 11, "min": 0}
    found = at(asked(tmp_path, {"q": answers}, scale, index="nps"), f"{PLACE}/nps")
    assert found["score"] == 0
    assert found["score_low"] < 0 < found["score_high"]


def test_attainment_of_the_required_level(tmp_path: Path) -> None:
    """PermenPANRB 38/2017: held / required, each competency capped at 100."""
    people = pd.DataFrame({"a@post": [3, 2, 1, 4] * 5, "wajib": [3, 3, 2, 2] * 5})
    level = {"label": "L", "scale": "s", "items": ["a"], "index": "jpm", "required_level": "wajib"}
    study = made(tmp_path, people, link="anonymous", scales={"s": {"points": 4}},
                 instruments={"s": level})  # fmt: skip
    found = at(study, f"{PLACE}/jpm")
    assert found["mean_pct"] == pytest.approx((100 + 200 / 3 + 50 + 100) / 4)
    assert (found["n"], found["below_share"]) == (20, 0.5)


def test_skp_keeps_its_order_and_gets_no_mean(tmp_path: Path) -> None:
    found = at(asked(tmp_path, {"q": [2, 3, 4] * 10}, index="skp"), PLACE)
    assert [found[name] for name in ("mean", "mean_100", "sd")] == [None] * 3
    assert found["mean_reason"]


def test_small_groups_are_not_shown(tmp_path: Path) -> None:
    study = study_of(tmp_path, n=4)
    scales = study.measures.query("part == 'scales' and measure != 'n_items'")
    assert scales["value"].isna().all()
    found = at(study, PLACE)
    assert (found.get("n"), found["n_items"], found["reason"]) == (None, 3, "small_cell")


# Answers


def answers_of(study: Any, item: str) -> pd.DataFrame:
    """The shares of an item's answers, from low to high; `band`: the points put together."""
    found = study.measures.query("part == 'answers' and subject == @item and measure == 'share'")
    return found.assign(band=found["id"].str.split("/").str[-2])


def test_distributions_pass_the_gate_and_keep_their_questions(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    for item in ITEMS:
        found = answers_of(study, item)
        assert len(found)
        assert (found["n"].isna() | found["n"].eq(0) | found["n"].ge(5)).all()
        assert found["note"].notna().all()
        assert set(found["group"]) == {"program"}


SIDES = ((1,), (2, 3), (4,))
APART = ((1, 2), (3,), (4,))


@pytest.mark.parametrize(
    ("counts", "known", "bands"),
    [
        # few answers are merged with those of their side, and the item stays
        ((10, 10, 10, 10), {}, [(1,), (2,), (3,), (4,)]),
        ((2, 6, 20, 20), {}, [(1, 2), (3,), (4,)]),
        ((2, 6, 3, 20, 20), {}, [(1, 2, 3), (4,), (5,)]),
        ((0, 1, 20, 29), {}, [(1, 2, 3), (4,)]),
        ((29, 20, 1, 0), {}, [(1,), (2, 3, 4)]),
        ((0, 1, 2, 1), {}, []),
        # 7 negative answers with the mean are two equations for two unknowns: the positive ones
        # are merged too, and of a scale's mean and deviation nothing is left to show
        ((2, 5, 20, 20), {"moments": 1}, [(1, 2), (3, 4)]),
        ((0, 1, 20, 29), {"moments": 1}, []),
        ((2, 5, 20, 20), {"moments": 2}, []),
        # 1 chose 4, with 6 beside: where the share of 3 and 4 is known, so is the one
        ((9, 6, 6, 1), {"sides": SIDES}, [(1,), (2, 3, 4)]),
        ((9, 6, 6, 1), {"sides": APART, "sums": {4: "top", 3: "rest"}}, []),
    ],
)
def test_few_answers_are_merged_until_none_can_be_worked_out(
    counts: tuple[int, ...], known: dict[str, Any], bands: list[Any]
) -> None:
    """The rule alone: through the door each item has several published sums at once."""
    assert bands_of(dict(enumerate(counts, 1)), 5, **known) == bands


def test_a_merged_answer_is_named_by_its_ends_and_a_reversed_item_keeps_what_was_said(
    tmp_path: Path,
) -> None:
    words = np.array(["never", "seldom", "often", "always"])
    chosen = {"a": np.repeat(words, [20, 20, 6, 2]), "b": np.repeat(words, [2, 6, 20, 20])}
    study = asked(tmp_path, chosen, {"labels": words.tolist()}, reversed=["a"])
    for item, labels, way in (
        ("a", ["often s.d. always", "seldom", "never"], "lower"),
        ("b", ["never s.d. seldom", "often", "always"], "higher"),
    ):
        found = answers_of(study, item)
        assert found["band"].tolist() == ["1..2", "3", "4"]
        assert found["label"].tolist() == labels
        assert set(found["direction"].fillna("higher")) == {way}


@pytest.mark.parametrize(
    ("n", "shown"),
    [(9, []), (10, ["median"]), (20, ["q25", "median", "q75"]), (49, ["q25", "median", "q75"]),
     (50, ["q25", "median", "q75", "q10", "q90"])],
)  # fmt: skip
def test_a_quantile_is_shown_where_five_persons_lie_beyond_it(
    tmp_path: Path, n: int, shown: list[str]
) -> None:
    people = pd.DataFrame({f"q@{wave}": range(1, n + 1) for wave in ("pre", "post")})
    instrument = {"label": "S", "scale": "s", "items": ["q"]}
    study = made(tmp_path, people, link="anonymous", scales={"s": {"points": 60}},
                 instruments={"s": instrument})  # fmt: skip
    found = at(study, PLACE)
    quantiles = ("q10", "q25", "median", "q75", "q90")
    assert {q for q in quantiles if found.get(q) is not None} == set(shown)


def test_scores_are_weighted_to_the_population(tmp_path: Path) -> None:
    """A quarter of the answers come from unit a, which is half of the population."""
    margin = {"unit": {"a": 500, "b": 500}}
    study = study_of(tmp_path / "two", population=margin)
    rows = study.tables["survey_post"]
    halves = rows[ITEMS].mean(axis=1).groupby(rows["unit"], observed=True).mean().mean()
    assert at(study, PLACE)["mean"] == pytest.approx(halves)
    assert at(study, "sample")["note"]
    for one, weighted in ((study, True), (study_of(tmp_path / "plain"), False)):
        pages = "".join(chapter.html() for chapter in one.report(["efektivitas"]))
        assert ("Rata-rata kelompok program dibobot" in pages) == weighted
    by_hand = el.describe(rows.assign(y=el.score(rows, ITEMS)), columns=["y"], weights=margin)
    assert by_hand["mean"].iloc[0] == pytest.approx(halves)
    margin["unit"]["c"] = 100  # a unit that nobody speaks for is named
    assert "menjawab dari c," in remarks(study_of(tmp_path / "three", population=margin))
