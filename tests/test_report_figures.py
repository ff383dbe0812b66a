"""Figures: the same bytes twice, true answers, nothing drawn that may not be shown."""

from __future__ import annotations

import re

import matplotlib as mpl
import pytest

from evaluasi_lib.disclosure import SMALL_CELL
from evaluasi_lib.effects import effects_of
from evaluasi_lib.measures import wide
from evaluasi_lib.reporting import figures, figures_people, figures_scores
from evaluasi_lib.reporting.elements import Figure
from evaluasi_lib.wording import set_language
from tests import fixtures_result as fixtures

QUARTILES = {"q25": 2.5, "median": 3.1, "q75": 3.6, "q10": 2.0, "q90": 4.0}
LEVELS = ["Tidak", "Kurang", "Cukup", "Setuju", "Sangat"]


@pytest.fixture(autouse=True)
def _english():
    set_language("en")
    yield
    set_language("id")


def scale(label: str, wave: str, mean: float | None, group: str = "program") -> dict:
    low, high = (None, None) if mean is None else (mean - 0.1, mean + 0.1)
    return {"label": label, "wave": wave, "group": group, "n": 50, "mean": mean,
            "mean_low": low, "mean_high": high}  # fmt: skip


def barrier(share: float | None) -> dict[str, object]:
    low, high = (None, None) if share is None else (share - 0.1, share + 0.1)
    return {"label": "A", "share": share, "share_low": low, "share_high": high}


def answers(shares: list[float | None], item: str = "Grid [Row]") -> list[dict]:
    return [
        {"note": item, "label": label, "share": share}
        for label, share in zip(LEVELS, shares, strict=True)
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
        "flow": figures_people.plot_flow(wide(result.rows, "sample/flow/*"), 5),
        "slope": figures_scores.plot_slope([scale("A", "pre", 3), scale("A", "post", 4)], "s", "?"),
        "boxes": figures_scores.plot_boxes([scale("A", "pre", 3) | QUARTILES], (1, 5), "c", "?"),
        "specifications": figures.plot_specifications(
            [e for e in effects if e.outcome == "komunikasi" and not e.subgroup], "m"
        ),
        "love": figures.plot_love(
            [{"label": "Age", "smd_unadjusted": 0.3, "smd_weighted": 0.05}], "l", "Skill"
        ),
        "importance": figures_scores.plot_importance(rated, cross, "i"),
        "shares": figures_people.plot_shares([barrier(0.4)], "b", "?", "{label} {share}"),
        "funnel": figures_people.plot_funnel(wide(result.rows, "elearning/funnel/*"), 5),
        "calendar": figures_people.plot_calendar(cells, ("07:30", "16:00")),
        "completion": figures_people.plot_completion(curve, 5.0),
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
    assert "A: 0.55, 0.28 to 0.82" in figure.alt
    assert "B: −0.55, −0.82 to −0.28" in figure.alt


def test_hidden_answers_are_neither_drawn_as_known_nor_counted():
    figure = figures_scores.plot_likert(answers([None, None, 0.2, 0.3, 0.4]), LEVELS, "a", "How?")
    assert "Row (70%)" in figure.answer
    hidden = figures_scores.plot_likert(answers([0.2, 0.3, 0.4, None, None]), LEVELS, "a", "How?")
    assert "may" in hidden.answer


def test_nothing_is_drawn_where_everything_is_hidden():
    assert figures_scores.plot_likert(answers([None] * 5), LEVELS, "a", "How?") is None
    assert figures_people.plot_shares([barrier(None)], "b", "?", "") is None
    assert (
        figures_people.plot_funnel([{"subject": "a", "n": None, "reason": SMALL_CELL}], 5) is None
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
    set_language("id")
    figure = figures.plot_effects([fixtures.effect("a", "A")])
    assert "0,55" in figure.alt
