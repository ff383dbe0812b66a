"""The table engine: what a reader sees, what the workbook gets, and what may not be shown."""

from __future__ import annotations

import pytest

import evaluasi_lib as el
from evaluasi_lib.reporting.tables import CI, Column, share_columns, table
from evaluasi_lib.results import RuleCount


@pytest.fixture(autouse=True)
def _english():
    el.set_language("en")
    yield
    el.set_language("id")


def barrier(label: str, n: int | None, reason: str | None = None) -> dict[str, object]:
    share = None if n is None else n / 100
    low, high = (None, None) if share is None else (share - 0.05, share + 0.05)
    ends = {"share_low": low, "share_high": high}
    return {"label": label, "n": n, "share": share, "reason": reason} | ends


COLUMNS = [Column("Barrier", "label"), *share_columns()]


def test_readers_get_texts_and_the_workbook_numbers():
    made = table("t", "Barriers", [barrier("Time", 40)], COLUMNS, 5)
    assert made.rows == [["Time", "40", "40%", "35% to 45%"]]
    assert made.values == [["Time", 40, 0.4, pytest.approx((0.35, 0.45))]]
    assert made.numeric == {1, 2, 3}


def test_a_form_is_a_number_a_word_for_a_code_or_the_text_itself():
    columns = [
        Column("Level", "level", "level"),
        Column("Cost", "cost", "Rp"),
        Column("p", "p", "p"),
        Column("Owner", "owner"),
        Column("Both", lambda row: f"{row['owner']}, {row['level']}"),
    ]
    row = {"level": "learning", "cost": 1250000, "p": 0.0001, "owner": None}
    made = table("t", "", [row], columns, 5)
    assert made.rows == [["Learning", "Rp1,250,000", "< 0.001", "—", "None, learning"]]
    assert made.numeric == {1, 2}


def test_rows_may_be_tuples_mappings_or_results():
    columns = [Column("Name", 0), Column("n", 1, "n")]
    assert table("t", "", [("a", 3)], columns, 5).rows == [["a", "3"]]
    mapping = {"name": "a", "ci_low": 1.0, "ci_high": 2.0}
    made = table("t", "", [mapping], [Column("Name", "name"), Column("Interval", CI, "1")], 5)
    assert made.rows == [["a", "1.0 to 2.0"]]


def test_a_field_that_no_row_has_is_an_error_and_no_dash():
    with pytest.raises(KeyError):
        table("t", "", [{"label": "a"}], [Column("n", "persons", "n")], 5)
    with pytest.raises(AttributeError):
        table("t", "", [RuleCount("rule", "table", 3)], [Column("n", "persons", "n")], 5)


def test_what_may_not_be_shown_says_so_and_is_named_in_the_note_where_folded():
    rows = [barrier("Time", 40), barrier("Cost", None, "small_cell")]
    whole = table("t", "", rows, COLUMNS, 5)
    assert whole.rows[1] == ["Cost", "not shown (fewer than 5 persons)", "—", "—"]
    assert whole.values[1] == ["Cost", None, None, None]
    folded = table("t", "", rows, COLUMNS, 5, "Note.", fold=True)
    assert [row[0] for row in folded.rows] == ["Time"]
    assert folded.note == "Note. Not shown (fewer than 5 persons): Cost."
    hidden = table("t", "", rows[1:], COLUMNS, 5, fold=True)
    assert [row[0] for row in hidden.rows] == ["Cost"]


def test_many_hidden_rows_are_counted_and_not_listed():
    rows = [barrier("Time", 40), *(barrier(f"b{i}", None, "small_cell") for i in range(9))]
    assert "9 rows" in table("t", "", rows, COLUMNS, 5, fold=True).note


def test_a_long_reason_becomes_a_note_once_and_no_rows_make_no_table():
    late = "fewer than half have completed"
    made = table("t", "", [barrier("A", None, late), barrier("A", None, late)], COLUMNS, 5)
    assert [row[1] for row in made.rows] == ["see note", "see note"]
    assert made.note == f"A: {late}"
    assert table("t", "", [], COLUMNS, 5) is None
