"""No published number tells a reader something of fewer than five colleagues."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from evaluasi_lib.measures import (
    Cell,
    Draft,
    Measure,
    Remark,
    drafts,
    enough,
    part_of,
    publish,
    record_rows,
    wide,
)


def test_one_to_four_persons_are_a_small_cell_and_nobody_is_none() -> None:
    assert [enough(5, n) for n in (None, 0, 1, 4, 5)] == [True, True, False, False, True]
    assert not enough(5, 20, 3)


def _groups(counts: list[int], sizes: list[int]) -> list[Draft]:
    """Who named a barrier in each group: parts and rests add up to what is published elsewhere."""
    return [
        draft
        for i, (n, size) in enumerate(zip(counts, sizes, strict=True))
        for draft in drafts(
            {"n": n, "share": n / size if size else None, "reason": "no_answers"},
            ["participation", "barriers", f"group{i}"],
            "share",
            part_of(n, size, "named", "silent"),
        )
    ]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=4),
    st.integers(2, 5),
)
def test_no_hidden_count_follows_from_the_published_rows_and_their_totals(
    groups: list[tuple[int, int]], k: int
) -> None:
    """Every table that agrees with what is shown, listed: no hidden count is the same in all."""
    named = [n for n, _rest in groups]
    sizes = [n + rest for n, rest in groups]
    rows, _remarks = publish(_groups(named, sizes), k)
    shown = [row.n for row in rows]
    away = [i for i, row in enumerate(rows) if row.reason == "small_cell"]
    if not away or len(away) == len(rows):
        return  # nothing to find, or nothing but the total to find it from
    for cells in (named, [size - n for n, size in zip(named, sizes, strict=True)]):
        if not sum(cells[i] for i in away):
            continue  # zeros are nobody's secret
        left = sum(cells) - sum(n for i, n in enumerate(cells) if i not in away)
        agree = [
            found
            for found in itertools.product(range(left + 1), repeat=len(away))
            if sum(found) == left
        ]
        if sum(n > 0 for i, n in enumerate(cells) if i not in away):
            assert all(len(set(column)) > 1 for column in zip(*agree, strict=True))
            assert enough(k, left)
    assert enough(k, *shown)


def test_publishing_keeps_what_a_hidden_row_is_about_and_drops_its_remark() -> None:
    about = {"label": "Beban kerja", "note": "kritik"}
    cell = part_of(3, 30)
    found = [
        *drafts({"n": 3, "share": 0.1, "ci_low": 0.02, "ci_high": 0.3},
                ["participation", "barriers", "beban"], "share:ci", cell, **about),
        Draft(Remark("participation/barriers/beban", "3 dari 30"), cell),
        Draft(Remark("participation/barriers", "Boleh dibaca")),
    ]  # fmt: skip
    (row,), remarks = publish(found, 5)
    assert (row.value, row.low, row.high, row.n, row.note) == (None,) * 5
    assert (row.label, row.reason) == ("Beban kerja", "small_cell")
    assert [r.text for r in remarks] == ["Boleh dibaca"]
    assert publish(found, 2)[0][0].value == 0.1


def test_nested_stages_are_shown_only_where_no_difference_tells_who_left() -> None:
    counts = {"enrolled": 40, "started": 38, "completed": 20}
    found = [
        draft
        for rank, (stage, n) in zip((1, 2, 0), counts.items(), strict=True)
        for draft in drafts(
            {"n": n}, ["participation", "funnel", stage], "n", Cell((n,), (), ("funnel", n, rank))
        )
    ]
    rows, _remarks = publish(found, 5)
    assert {row.id.split("/")[2]: row.value for row in rows} == {
        "enrolled": 40, "started": None, "completed": 20,
    }  # fmt: skip


def test_what_would_give_a_hidden_number_away_is_hidden_with_it() -> None:
    found = [
        *drafts({"n": 3}, ["elearning", "funnel", "M1"], "n", Cell((3,))),
        *drafts({"lost": 0.4}, ["elearning", "modules", "M0"], "lost",
                Cell(based_on=("elearning/funnel/M0", "elearning/funnel/M1"))),
        *drafts({"lost": 0.2}, ["elearning", "modules", "M7"], "lost",
                Cell(based_on=("elearning/funnel/M7",))),
        *drafts({"lost": 0.1}, ["elearning", "modules", "M9"], "lost",
                Cell(based_on=("elearning/modules/M0",))),
    ]  # fmt: skip
    rows, _remarks = publish(found, 5)
    assert [row.value for row in rows] == [None, None, 0.2, None]


def test_a_hidden_row_whose_id_tells_of_somebody_leaves_no_trace() -> None:
    found = [
        draft
        for day, n in ((3, 2), (4, 20))
        for draft in drafts({"share": 0.5}, ["curve", day], "share", Cell((n,), traceless=True))
    ]
    rows, _remarks = publish(found, 5)
    assert [row.id for row in rows] == ["curve/4/share"]


def test_records_put_the_rows_of_one_place_side_by_side() -> None:
    record = {"label": "Beban", "n": 12, "share": 0.3, "ci_low": 0.2, "ci_high": 0.4}
    found = drafts(record, ["themes", "beban", "survey"], "share:ci", group="survey")
    rows, _remarks = publish(found, 5)
    (theme,) = wide(rows, "themes/*/survey")
    assert theme["stem"] == ("themes", "beban", "survey")
    assert (theme["label"], theme["n"], theme["group"]) == ("Beban", 12, "survey")
    assert (theme["share"], theme["share_low"], theme["share_high"]) == (0.3, 0.2, 0.4)
    assert wide(rows, "themes/*") == []


def test_what_follows_from_shown_rows_is_worked_out_from_them_alone() -> None:
    def left(shown: Sequence[Measure]) -> Iterator[Measure]:
        first, *_hidden, last = (row.value for row in shown)
        return record_rows({"dropped": first - last}, ["flow"], "dropped")

    found = [
        draft
        for place, n in enumerate((40, 38, 20))
        for draft in drafts({"n": n}, ["flow", place], "n", Cell(stage=("flow", n, place)))
    ]
    rows, _remarks = publish([*found[:2], Draft(left), found[2]], 5)
    assert [(row.id, row.value) for row in rows] == [
        ("flow/0/n", 40), ("flow/1/n", None), ("flow/dropped", 20), ("flow/2/n", 20),
    ]  # fmt: skip
