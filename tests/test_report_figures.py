"""Figures: the same bytes twice, true answers, nothing drawn that may not be shown."""

from __future__ import annotations

import re

import matplotlib as mpl
import pytest

import evaluasi_lib as el
from evaluasi_lib.measures import effects_of, wide
from evaluasi_lib.reporting import figures, figures_scores
from evaluasi_lib.reporting.elements import Figure
from tests import fixtures_result as fixtures

QUARTILES = {"q25": 2.5, "median": 3.1, "q75": 3.6, "q10": 2.0, "q90": 4.0}
LEVELS = ["Tidak", "Kurang", "Cukup", "Setuju", "Sangat"]


@pytest.fixture(autouse=True)
def _english():
    el.set_language("en")
    yield
    el.set_language("id")


def scale(label: str, wave: str, mean: float | None, group: str = "program") -> dict:
    low, high = (None, None) if mean is None else (mean - 0.1, mean + 0.1)
    return {"label": label, "wave": wave, "group": group, "n": 50, "mean": mean,
            "mean_low": low, "mean_high": high}  # fmt: skip


def barrier(share: float | None) -> dict[str, object]:
    low, high = (None, None) if share is None else (share - 0.1, share + 0.1)
    return {"label": "A", "share": share, "share_low": low, "share_high": high}


def answers(
    shares: list[float] | dict[str, float | None], item: str = "Grid [Row]", better: str = "higher"
) -> list[dict]:
    points = shares if isinstance(shares, dict) else dict(enumerate(shares, 1))
    return [
        {"stem": ("answers", str(point)), "note": item, "share": share, "direction": better}
        for point, share in points.items()
    ]


def example_figures() -> dict[str, Figure | None]:
    result = fixtures.example_result("en")
    effects = effects_of(result.rows)
    cells = [
        {"stem": (str(day), str(hour)), "share": None if hour < 6 else 1 / 126}
        for day in range(1, 8)
        for hour in range(24)
    ]
    rated = [
        {"label": "Stay [Food]", "importance": 4.5, "performance": 2.0},
        {"label": "Stay [Room]", "importance": 2.0, "performance": 4.0},
    ]
    cross = {"cross_performance": 3.0, "cross_importance": 3.0}
    curve = [
        {"stem": (str(d),), "share_completed": d / 10, "share_completed_low": d / 12,
         "share_completed_high": d / 9}
        for d in range(1, 7)
    ]  # fmt: skip
    return {
        "forest": figures.plot_effects(effects),
        "likert": figures_scores.plot_likert(
            answers([0.1, 0.1, 0.2, 0.3, 0.3]), LEVELS, "a", "How?"
        ),
        "flow": figures_scores.plot_flow(wide(result.rows, "sample/flow/*"), 5),
        "slope": figures_scores.plot_slope([scale("A", "pre", 3), scale("A", "post", 4)], "s", "?"),
        "boxes": figures_scores.plot_boxes([scale("A", "pre", 3) | QUARTILES], (1, 5), "c", "?"),
        "specifications": figures.plot_specifications(
            [e for e in effects if e.outcome == "komunikasi" and not e.subgroup], "m"
        ),
        "love": figures.plot_love(
            [{"label": "Age", "smd_unadjusted": 0.3, "smd_weighted": 0.05}], "l", "Skill"
        ),
        "importance": figures_scores.plot_importance(rated, cross, "i"),
        "shares": figures_scores.plot_shares([barrier(0.4)], "b", "?", "{label} {share}"),
        "funnel": figures_scores.plot_funnel(wide(result.rows, "elearning/funnel/*"), 5),
        "calendar": figures_scores.plot_calendar(cells, ("07:30", "16:00")),
        "completion": figures_scores.plot_completion(curve, 5.0),
    }


def test_every_figure_is_drawn_the_same_twice_and_leaves_the_session_alone():
    before = dict(mpl.rcParams)
    backend = mpl.get_backend()
    once, twice = example_figures(), example_figures()
    assert {k: v.svg for k, v in once.items()} == {k: v.svg for k, v in twice.items()}
    assert mpl.get_backend() == backend
    assert dict(mpl.rcParams) == before


def test_every_figure_asks_answers_and_can_be_heard():
    drawn = example_figures()
    assert all(drawn.values())
    for name, figure in drawn.items():
        assert figure.title, name
        assert figure.answer, name
        assert len(figure.alt) > 25, name
        assert not re.search(r"\bnan\b|None", figure.answer + figure.alt), name
        assert figure.svg.startswith(b"<svg"), name
    assert len({figure.alt for figure in drawn.values()}) == len(drawn)


def test_a_picture_names_no_address_but_that_of_its_own_language():
    for figure in example_figures().values():
        addresses = set(re.findall(rb'https?://[^"]+', figure.svg))
        assert addresses <= {b"http://www.w3.org/2000/svg"}


def test_the_forest_counts_conclusions_and_turns_outcomes_where_less_is_better():
    figure = figures.plot_effects(
        [fixtures.effect("a", "A"), fixtures.effect("b", "B", direction="lower")]
    )
    assert "Of 2: 2 improved." in figure.answer
    assert "A: effect, 0.55, 0.28 to 0.82" in figure.alt
    assert "B: effect, −0.55, −0.82 to −0.28" in figure.alt


def likert(*items: list[dict]) -> Figure:
    figure = figures_scores.plot_likert([row for rows in items for row in rows], LEVELS, "a", "?")
    assert figure is not None
    return figure


def test_merged_answers_keep_their_item_in_the_comparison():
    figure = likert(
        answers({"1..2": 0.2, "3": 0.2, "4": 0.3, "5": 0.3}, "A"),
        answers({"1..3": 0.1, "4": 0.4, "5": 0.5}, "B"),
        answers([0.2, 0.2, 0.2, 0.2, 0.2], "C"),
    )
    assert figure.answer == "Most in the upper half: B (90%). Least: C (40%)."


def test_items_are_not_compared_over_what_may_not_be_shown():
    """98% of the answers to B are in the upper half, which may not be said; A is not the best."""
    known = answers([0.1, 0.1, 0.2, 0.3, 0.3], "A"), answers([0.2, 0.2, 0.2, 0.2, 0.2], "C")
    figure = likert(*known, answers({"1..4": 0.4, "5": 0.6}, "B"))
    assert "outside the upper half of the scale to be shown: B." in figure.answer
    assert "Of the others, most in its upper half: A (60%). Least: C (40%)." in figure.answer
    for unknown in ({"1..5": None}, {"1": 0.5, "2..5": 0.5}):
        figure = likert(*known, answers(unknown, "B"))
        assert figure.answer == (
            "The items cannot all be compared, because some answers are too few."
        )


def test_a_negative_statement_is_named_and_not_compared_with_the_others():
    """Its points were turned: 5 is to disagree most."""
    figure = likert(
        answers([0.1, 0.1, 0.2, 0.3, 0.3], "A"),
        answers([0.05, 0.05, 0.1, 0.4, 0.4], "Lost", "lower"),
        answers([0.2, 0.2, 0.2, 0.2, 0.2], "C"),
    )
    assert "Least: C (40%)" in figure.answer
    assert "the fewer agree the better: Lost 10%." in figure.answer
    assert "Lost (negative statement) 10%" in figure.alt


def test_nothing_is_drawn_where_everything_is_hidden():
    assert figures_scores.plot_likert(answers({"1..5": None}), LEVELS, "a", "How?") is None
    assert figures_scores.plot_shares([barrier(None)], "b", "?", "") is None
    assert (
        figures_scores.plot_funnel([{"subject": "a", "n": None, "reason": "small_cell"}], 5) is None
    )
    assert figures_scores.plot_slope([scale("A", "pre", None)], "s", "?") is None
    assert figures.plot_effects([]) is None


def test_tenths_are_drawn_where_every_wave_may_show_them():
    before, after = (scale("A", wave, 3) | QUARTILES for wave in ("pre", "post"))
    assert "tenth" in figures_scores.plot_boxes([before, after], (1, 5), "c", "?").key
    after |= {"q10": None, "q90": None}
    assert "tenth" not in figures_scores.plot_boxes([before, after], (1, 5), "c", "?").key
    hidden = dict.fromkeys(after)
    assert figures_scores.plot_boxes([hidden], (1, 5), "c", "?") is None


def test_the_slope_counts_scales_that_rose_in_the_program_group():
    scales = [
        scale("A", "pre", 3),
        scale("A", "post", 4),
        scale("B", "pre", 4),
        scale("B", "post", 3),
    ]
    assert "rose on 1 of 2" in figures_scores.plot_slope(scales, "s", "?").answer


def test_other_methods_are_told_by_direction_and_zero():
    same = [
        fixtures.effect("a", "A"),
        fixtures.effect("a", "A", role="sensitivity", estimate=-0.1, ci_low=-0.3, ci_high=0.1),
    ]
    answer = figures.plot_specifications(same, "m").answer
    assert answer.startswith("0 of 1 other ways")
    assert "1 of all 2" in answer


def test_the_importance_map_names_what_to_concentrate_on():
    figure = example_figures()["importance"]
    assert "Concentrate on: Food." in figure.answer


def test_numbers_in_a_picture_are_those_of_the_language():
    el.set_language("id")
    figure = figures.plot_effects([fixtures.effect("a", "A")])
    assert "0,55" in figure.alt
