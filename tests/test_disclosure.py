"""No published number tells a reader something of fewer than five colleagues."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evaluasi_lib.disclosure import is_small, protect, protect_counts, publishable_share
from evaluasi_lib.results import Barrier


def test_one_to_four_persons_are_a_small_cell_and_nobody_is_none() -> None:
    assert [is_small(n) for n in (None, 0, 1, 4, 5)] == [False, False, True, True, False]


def test_a_result_on_a_small_cell_keeps_its_labels_and_loses_its_numbers() -> None:
    barrier = Barrier("beban", "Beban kerja", 3, 0.1, 0.02, 0.3)
    hidden = protect(barrier, persons=3, k=5, keep=("barrier", "label"))
    assert hidden == Barrier("beban", "Beban kerja", None, None, None, None, "small_cell")
    assert protect(barrier, persons=30, k=5, keep=("barrier",)) is barrier


@given(st.lists(st.integers(0, 12), min_size=2, max_size=8), st.integers(2, 6))
def test_a_hidden_count_cannot_be_found_by_subtraction(counts: list[int], k: int) -> None:
    named = {str(i): n for i, n in enumerate(counts)}
    shown = protect_counts(named, k=k)
    hidden = [name for name, n in shown.items() if n is None]
    assert all(shown[name] == named[name] for name in named if name not in hidden)
    assert all(n is None or n == 0 or n >= k for n in shown.values())
    others = [n for name, n in named.items() if name not in hidden and n > 0]
    # One hidden cell alone is found by subtraction, unless it is the only cell that is not empty.
    assert len(hidden) != 1 or not others


@given(st.integers(0, 40), st.integers(0, 40), st.integers(2, 6))
def test_a_share_is_shown_only_where_part_and_rest_are_safe(part: int, rest: int, k: int) -> None:
    n, share, reason = publishable_share(part, part + rest, k=k)
    if n is None or part + rest == 0:
        assert share is None
        assert reason is not None
    else:
        assert not is_small(part, k)
        assert not is_small(rest, k)
        assert share == part / (part + rest)
