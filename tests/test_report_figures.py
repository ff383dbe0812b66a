"""Pictures of a researcher's own table: true answers, and nothing drawn that may not be shown."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import evaluasi_lib as el

LEVELS = ["Never", "Rarely", "Sometimes", "Often", "Always"]
EVEN, GOOD = [20] * 5, [10, 10, 20, 30, 30]  # 40% and 60% in the upper half of the scale


@pytest.fixture(autouse=True)
def _english() -> None:
    el.set_language("en")


def likert(turned: tuple[str, ...] = (), **items: list[int]) -> el.Figure:
    """The picture of items of which so many gave the answers 1, 2 ... 5."""
    answers = {name: pd.Series(np.repeat(range(1, 6), n)) for name, n in items.items()}
    return el.likert(pd.DataFrame(answers), list(items), LEVELS, turned)


@pytest.mark.parametrize(
    ("items", "answer"),
    [
        # Merged answers keep their item in the comparison.
        ({"A": GOOD, "B": [3, 3, 10, 30, 30], "C": EVEN},
         "Most in the upper half: B (79%). Least: C (40%)."),
        # 98% of the answers to B are in the upper half, which may not be said; A is not the best.
        ({"A": GOOD, "B": [1, 0, 1, 40, 60], "C": EVEN},
         "Too few answered outside the upper half of the scale to be shown: B. "
         "Of the others, most in its upper half: A (60%). Least: C (40%)."),
        # Where nothing, or too little, of an item may be shown, none is the best.
        ({"A": GOOD, "B": [1, 2, 1, 1, 3], "C": EVEN},
         "The items cannot all be compared, because some answers are too few."),
        ({"A": GOOD, "B": [50, 44, 2, 1, 1], "C": EVEN},
         "The items cannot all be compared, because some answers are too few."),
        ({"A": GOOD}, "A: 60% in the upper half of the scale."),
    ],
)  # fmt: skip
def test_items_are_compared_over_what_may_be_shown(
    items: dict[str, list[int]], answer: str
) -> None:
    assert likert(**items).answer == answer


def test_a_negative_statement_is_named_and_not_compared_with_the_others() -> None:
    """It was turned when it was read: 5 is to disagree most."""
    figure = likert(("Lost",), A=GOOD, Lost=[5, 5, 10, 40, 40], C=EVEN)
    assert "Least: C (40%)" in figure.answer
    assert "the fewer agree the better: Lost 10%." in figure.answer
    assert "Lost (negative statement) 10%" in figure.html()


def two_effects() -> pd.DataFrame:
    """The same effect twice, of which once less is better."""
    rng = np.random.default_rng(1)
    y = np.r_[rng.normal(0, 1, 50), rng.normal(1, 1, 50)]
    df = pd.DataFrame({"in": [0] * 50 + [1] * 50, "more": y, "less": -y})
    return pd.concat(
        el.effect(df, name, "in", design="randomised", sesoi=0.1, direction=direction)
        for name, direction in (("more", "higher"), ("less", "lower"))
    )


def test_the_forest_counts_conclusions_and_turns_outcomes_where_less_is_better() -> None:
    table = two_effects()
    figure = el.forest(table)
    assert figure.answer == "Of 2: 2 improved."
    more, less = table["g"]
    assert more == -less
    assert figure.html().count(f"effect, {more:.2f}, ") == 2
    assert "Grey bands: changes too small to matter." in figure.html()
    assert "Hollow marks" not in figure.html(), "a lot decided"
    el.set_language("id")
    assert f"{more:.2f}".replace(".", ",") in el.forest(table).html()


def test_before_and_after_are_told_for_the_program_group() -> None:
    df = pd.DataFrame({"y0": [1, 2, 3] * 20, "y": [2, 3, 4] * 20, "group": ["program"] * 60})
    assert "rose on 1 of 1" in el.prepost(df).answer
    df.loc[40:, "group"] = "comparison"
    df.loc[:39, "y"] = 0
    assert "rose on 0 of 1" in el.prepost(df).answer


def test_a_picture_is_the_same_twice_and_names_no_address_but_its_own_languages() -> None:
    once, twice = (el.forest(two_effects()).svg for _again in range(2))
    assert once == twice
    assert set(re.findall(rb'https?://[^"]+', once)) == {b"http://www.w3.org/2000/svg"}


def test_nothing_is_drawn_where_everything_is_hidden() -> None:
    few = pd.DataFrame({"y0": [1, 2, 3], "y": [2, 3, 4], "flag": [1, 0, 1]})
    for draw in (
        lambda: el.likert(few, ["y"]),
        lambda: el.prepost(few),
        lambda: el.dropoff(few, ["flag", "flag"]),
        lambda: el.forest(el.effect(few, "y", before="y0")),
    ):
        with pytest.raises(el.EvaluationError, match="nothing that may be drawn"):
            draw()
