"""What became of what was recommended before, and the indicators by which that is seen.

An indicator to watch is the id of a measure, such as participation/barriers/beban_kerja/share, or a
short form of it: scales/kepuasan/mean is the program's group at wave post (another wave as
kepuasan@followup), effects/skp/estimate the primary estimate.

The change's interval comes from the two cycles' own intervals by MOVER (Zou & Donner 2008,
Statistics in Medicine 27:1693), which for two Wilson intervals is Newcombe's tenth method. It takes
the two cycles' participants as independent; persons who are in both make it too wide or narrow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from evaluasi_lib.findings.rules import say
from evaluasi_lib.measures import Measure, record_rows
from evaluasi_lib.program import Program
from evaluasi_lib.results import EvaluationResult, FollowUp
from evaluasi_lib.wording import (
    _,
    choose,
    digits_for,
    interval,
    joined,
    number,
    percent,
    phrase,
    rupiah,
    word_for,
)

# Parts whose measures may be named without group, wave, role, source or level.
SHORT = ("scales/", "effects/", "themes/", "participation/drivers/")
LOWER_IS_BETTER = ("barriers", "cost", "std_error", "module_demand")

Rows = Sequence[Measure]


class Indicator(NamedTuple):
    """A value of one cycle with its 95% interval; both ends None where none is known."""

    value: float
    ci_low: float | None
    ci_high: float | None


def follow_up(
    program: Program, measured: EvaluationResult, history: Sequence[EvaluationResult]
) -> tuple[FollowUp, ...]:
    """Each earlier recommendation with its status and the change in its indicator.

    history: results of earlier cycles, oldest first.
    """
    cycles = [(r.program.cycle, r.rows) for r in (*history, measured)]
    found = []
    for item in program.earlier_recommendations:
        change = _change(item.indicator, item.from_cycle, cycles)
        known, reason = (change, None) if isinstance(change, dict) else (None, change)
        text = choose(item.text)
        found.append(FollowUp(item.id, item.from_cycle, text, item.status, known, reason))
    return tuple(found)


def follow_up_rows(items: Sequence[FollowUp]) -> Iterator[Measure]:
    """How far each indicator moved, or why that cannot be told."""
    for item in items:
        change = item.change or {"reason": item.reason or _("not computed")}
        note = phrase("{}. {}", word_for("status", item.status), change.get("sentence", "")).strip()
        names = ["follow_up", item.id]
        yield from record_rows(change, names, "difference:ci", label=item.text, note=note)


def _change(
    path: str | None, from_cycle: str, cycles: Sequence[tuple[str, Rows]]
) -> dict[str, Any] | str:
    """How the indicator moved up to the last of the cycles, or why that cannot be told."""
    if path is None:
        return say("no_indicator")
    *earlier, (to_cycle, now) = values = [(c, read_indicator(rows, path)) for c, rows in cycles]
    if not earlier:
        return say("no_earlier_result")
    since, before = next((e for e in earlier if e[0] == from_cycle), earlier[-1])
    if before is None or now is None:
        return say("no_value", indicator=path, cycle=since if before is None else to_cycle)
    low, high = difference_interval(before, now)
    change = {
        "indicator": path,
        "from_cycle": since,
        "to_cycle": to_cycle,
        "before": before.value,
        "after": now.value,
        "difference": now.value - before.value,
        "ci_low": low,
        "ci_high": high,
        "better_when": better_when(path, cycles[-1][1]),
        "trend": [{"cycle": c} | v._asdict() for c, v in values if v is not None],
        "reason": None if low is not None else say("no_interval"),
    }
    return change | {"sentence": _sentence(change)}


def _sentence(change: dict[str, Any]) -> str:
    """ "From 3.20 (2024) to 3.60 (2025): better; difference 0.40 (95% interval 0.10 to 0.70)." """
    low, high = change["ci_low"], change["ci_high"]
    digits, factor = digits_for(change["before"], change["after"]), 1
    before, after = (number(change[at], digits) for at in ("before", "after"))
    if share := change["indicator"].endswith("share"):
        before, after = percent(change["before"]), percent(change["after"])
        digits, factor = 1, 100
    difference = number(change["difference"] * factor, digits)
    if share:
        difference = say("points", points=difference)
    text = say(
        "moved", before=before, after=after, difference=difference,
        from_cycle=change["from_cycle"], to_cycle=change["to_cycle"],
    )  # fmt: skip
    if low is None or high is None:
        return phrase("{}. {}", text, say("moved.by_chance"))
    better = (low > 0) == (change["better_when"] == "higher")
    how = "moved.not" if low <= 0 <= high else "moved.better" if better else "moved.worse"
    ends = say("moved.interval", interval=interval(low * factor, high * factor, digits))
    return phrase("{} {}. {}", text, ends, say(how))


def difference_interval(
    before: Indicator, now: Indicator
) -> tuple[float, float] | tuple[None, None]:
    """95% interval of now - before from the two intervals (MOVER); None without both."""
    (a, a_low, a_high), (b, b_low, b_high) = before, now
    if a_low is None or a_high is None or b_low is None or b_high is None:
        return None, None
    return b - a - math.hypot(b - b_low, a_high - a), b - a + math.hypot(b_high - b, a - a_low)


def better_when(path: str, rows: Rows) -> str:
    """ "lower" for barriers, costs and outcomes declared so, else "higher"."""
    row = measure_at(rows, path)
    if row is not None and row.direction and row.measure == "estimate":
        return row.direction
    return "lower" if any(word in path for word in LOWER_IS_BETTER) else "higher"


def indicator_words(rows: Rows, path: str) -> str:
    """An indicator's name and its value now: "“High workload”: 53%"."""
    field, row = path.rpartition("/")[2], measure_at(rows, path)
    # Some numbers have a name of their own; others are a part of what the measure is about.
    own, part = f"indicator.{field}", f"part.{field}"
    name = say(own) if own in say.rows else phrase("“{}”", row.label) if row and row.label else path
    name = joined([name, say(part) if part in say.rows else None])
    value = None if row is None else row.value
    now = say("not_known_yet") if value is None else _shown(field, value)
    return phrase("{}: {}", name, now)


def _shown(field: str, value: float) -> str:
    if field.endswith("_idr"):
        return rupiah(value)
    return percent(value) if field.endswith("share") else number(value, digits_for(value))


def read_indicator(rows: Rows, path: str) -> Indicator | None:
    """The indicator's value in one cycle's measures, or None where it has none."""
    row = measure_at(rows, path)
    if row is None or row.value is None:
        return None
    return Indicator(row.value, row.low, row.high)


def measure_at(rows: Rows, path: str) -> Measure | None:
    """The measure that an indicator names; None where there is none."""
    path = path.strip("/")
    if not path.startswith(SHORT):
        return next((row for row in rows if row.id == path), None)
    place, _slash, field = path.rpartition("/")
    place, _at, wave = place.partition("@")
    found = [
        row for row in rows
        if row.measure == field and row.id.startswith(f"{place}/")
        and row.group != "comparison" and row.role in (None, "primary")
    ]  # fmt: skip
    if place.startswith("scales/") and found:
        last = "post" if any(row.wave == "post" for row in found) else found[-1].wave
        found = [row for row in found if row.wave == (wave or last)]
    return found[0] if found else None
