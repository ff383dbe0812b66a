"""The table of the study, with figures that miss an aim in bold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tests.pages import bold, put
from tests.verdict_study.judge import KINDS, Truth
from tests.verdict_study.situations import DESIGNS, Situation

MAX_WRONG, MIN_FOUND = 0.05, 0.9
SHORT = {
    "scale_up": "scale up",
    "insufficient_evidence": "insufficient",
}


def summarise(
    situation: Situation, truths: dict[str, Truth], rows: list[dict[str, Any]]
) -> dict[str, Any]:
    """Figures of one situation. Shares are of all repetitions, refused and failed ones included;
    bias and coverage of those with an estimate."""
    total = len(rows)
    judged = [row for row in rows if "decision" in row]
    shares = Counter(row["decision"] for row in judged)
    shares["refused"] = sum("refused" in row for row in rows)
    shares["error"] = sum("error" in row for row in rows)
    return {
        "situation": situation.name,
        "design": situation.design,
        "words": situation.words,
        "can_tell": situation.can_tell,
        "works": situation.works,
        "repetitions": total,
        "n": int(np.median([row["n"] for row in judged])) if judged else None,
        "verdicts": {name: n / total for name, n in shares.most_common() if n},
        "wrong": sum(bool(row["wrong"]) for row in judged) / total,
        "kinds": {k: sum(k in row["wrong"] for row in judged) / total for k in KINDS},
        "silent": sum(row["silent"] for row in judged) / total,
        "nameless": not situation.must_say,
        "found": sum(row["found"] for row in judged) / total,
        "provisional": sum(row["provisional"] for row in judged) / total,
        "errors": shares["error"] / total,
        "seconds": float(np.mean([row.get("seconds", 0.0) for row in rows])),
        "outcomes": {name: _estimates(name, truth, judged) for name, truth in truths.items()},
    }


def _estimates(name: str, truth: Truth, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """True effect, bias and coverage of one primary estimate; gain: of the truth, in smallest
    effects of interest; bias_sesoi: bias in the same unit, positive is too good."""
    found = [row["estimates"][name] for row in rows if name in row["estimates"]]
    made = [e for e, _low, _high in found if e is not None]
    limits = [(low, high) for _e, low, high in found if low is not None and high is not None]
    unit = truth.effect / truth.gain if truth.gain else None
    bias = float(np.mean(made)) - truth.effect if made else None
    return {
        "effect": truth.effect,
        "gain": truth.gain,
        "estimates": len(made),
        "bias": bias,
        "bias_sesoi": bias / unit if bias is not None and unit else None,
        "coverage": float(np.mean([lo <= truth.effect <= hi for lo, hi in limits]))
        if limits
        else None,
    }


def misses(row: dict[str, Any]) -> set[str]:
    """Columns in which a situation misses an aim."""
    out = set()
    if row["can_tell"] and row["wrong"] > MAX_WRONG:
        out.add("wrong")
    if row["silent"] > 0:
        out.add("silent")
    if row["works"] and row["can_tell"] and row["found"] < MIN_FOUND:
        out.add("found")
    if row["errors"] > 0:
        out.add("verdicts")
    return out


def _pct(share: float) -> str:
    return f"{share * 100:.0f}%"


def _joined(values: list[float | None], form: str) -> str:
    """Values of each outcome; of many, the lowest and the highest."""
    if len(values) > 3:
        known = sorted(v for v in values if v is not None)
        return f"{_plain(known[0], form)} … {_plain(known[-1], form)}" if known else "–"
    return " / ".join("–" if v is None else _plain(v, form) for v in values) or "–"


def _plain(value: float, form: str) -> str:
    """The number as text; a zero has no sign."""
    text = format(value, form)
    return text.lstrip("+-") if not text.strip("+-0.%") else text


COLUMNS = {
    "situation": "Situation", "design": "Design", "n": "n", "gain": "True gain",
    "can_tell": "Can tell", "verdicts": "Verdicts", "wrong": "Wrong claims", "kinds": "of which",
    "silent": "Silent", "found": "Found", "bias": "Bias", "coverage": "Coverage",
}  # fmt: skip


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """What stands in each column."""
    outcomes = row["outcomes"].values()
    return {
        "situation": row["situation"],
        "design": DESIGNS[row["design"]],
        "n": str(row["n"] or "–"),
        "gain": _joined([o["gain"] for o in outcomes], "+.1f"),
        "can_tell": "yes" if row["can_tell"] else "no",
        "verdicts": ", ".join(
            f"{SHORT.get(name, name)} {_pct(share)}" for name, share in row["verdicts"].items()
        ),
        "wrong": _pct(row["wrong"]),
        "kinds": ", ".join(f"{k} {_pct(s)}" for k, s in row["kinds"].items() if s),
        "silent": "–" if row["nameless"] else _pct(row["silent"]),
        "found": _pct(row["found"]) if row["works"] else "",
        "bias": _joined([o["bias"] for o in outcomes], "+.2f"),
        "coverage": _joined([o["coverage"] for o in outcomes], ".0%"),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown, one row a situation."""
    lines = [_line(COLUMNS.values()), "|" + "---|" * len(COLUMNS)]
    return "\n".join(lines + [_line(bold(_cells(row), misses(row)).values()) for row in rows])


def situations_list(situations: list[Situation]) -> str:
    """What happens in each situation, and what would be a wrong claim."""
    return "\n".join(f"- `{s.name}`: {s.words}. Wrong: {s.wrong}." for s in situations)


def summary_line(rows: list[dict[str, Any]]) -> str:
    """How many situations miss each aim."""
    tell = [row for row in rows if row["can_tell"]]
    cannot = [row for row in rows if not row["can_tell"]]
    working = [row for row in tell if row["works"]]
    return (
        f"{sum('wrong' in misses(r) for r in rows)} of {len(tell)} situations where the data can "
        f"tell have more than 5% wrong claims; {sum('silent' in misses(r) for r in rows)} of "
        f"{len(rows)} have silent ones ({sum('silent' in misses(r) for r in cannot)} of "
        f"{len(cannot)} where the data cannot tell); "
        f"{sum('found' in misses(r) for r in rows)} of {len(working)} working programs are found "
        f"in fewer than 90%."
    )


def write(page: Path, rows: list[dict[str, Any]], situations: list[Situation]) -> None:
    """Put the study into its place in the page."""
    repetitions = max(row["repetitions"] for row in rows)
    body = (
        f"{repetitions} repetitions of {len(rows)} situations: {summary_line(rows)}\n\n"
        f"{table(rows)}\n\n{situations_list(situations)}"
    )
    put(page, "verdict study", body)
