"""Hand-made programs and results, from a few words, for the tests of findings and reports.

`make(outcomes=[{estimate: 0.4, se: 0.1}], ...)` gives (Program, EvaluationResult). An outcome's
interval, p-value and conclusion follow from estimate, standard error, df and sesoi by the written
rule (90% interval inside the smallest change of interest; else 95% interval without zero).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scipy import stats

from evaluasi_lib.conclusion import tone_of
from evaluasi_lib.measures import Effect, Measure, record_rows, share_interval
from evaluasi_lib.program import Program
from evaluasi_lib.results import (
    EvaluationResult,
    ProgramInfo,
    Provenance,
    Quality,
    Triangulated,
    Verdict,
)
from evaluasi_lib.voices.triangulation import source_rows
from tests.made_effects import effect_rows, evidence_rows


def conclusion_of(
    estimate: float, se: float, df: float, sesoi: float | None, direction: str
) -> str:
    """The written rule for a single outcome (nothing to adjust for)."""
    half90, half95 = (se * stats.t.ppf(q, df) for q in (0.95, 0.975))
    if sesoi is not None and abs(estimate) + half90 < sesoi:
        return "no_meaningful_change"
    if abs(estimate) <= half95:
        return "inconclusive"
    return "improved" if (estimate > 0) == (direction == "higher") else "worsened"


def effect(
    outcome: str = "kinerja", estimate: float | None = 0.5, se: float | None = 0.1,
    sesoi: float | None = 0.2, claim: str = "effect", level: str = "behaviour",
    direction: str = "higher", df: float = 200, role: str = "primary", **other: Any,
) -> Effect:  # fmt: skip
    values: dict[str, Any] = {}
    if estimate is not None and se is not None:
        half = se * stats.t.ppf(0.975, df)
        values |= {"ci_low": estimate - half, "ci_high": estimate + half}
        p = float(2 * stats.t.sf(abs(estimate / se), df))
        values |= {
            "p_value": p,
            "p_adjusted": p,
            "conclusion": conclusion_of(estimate, se, df, sesoi, direction),
        }
    given = {
        "outcome": outcome, "label": outcome.capitalize(), "role": role,
        "wave": "post", "sesoi": sesoi, "direction": direction, "claim": claim, "level": level,
        "design": "randomised" if claim == "effect" else "single_group",
        "estimator": "ols", "estimand": "att", "unit": "poin", "n_program": 100,
        "n_comparison": 100 if claim == "effect" else None, "estimate": estimate,
        "std_error": se, "df": df,
    }  # fmt: skip
    return Effect(**(given | values | other))


def make(
    outcomes: list[dict[str, Any]] | None = None,
    *,
    id: str = "contoh",
    cycle: str = "2025",
    ratings: int | list[int | None] | None = 4,
    completion: float | None = None,
    enrolled: int = 200,
    cost: float | None = None,
    bcr: float | None = None,
    absorption: float | None = None,
    response: float | None = None,
    alpha: float | None = None,
    scales: tuple[list[Measure], ...] = (),
    agreement: list[str] | None = None,
    barriers: dict[str, float | None] | None = None,
    modules: dict[str, float | None] | None = None,
    themes: dict[str, tuple[float | None, float | None]] | None = None,
    thresholds: dict[str, Any] | None = None,
    decisive: list[bool] | None = None,
    flags: list[str] | dict[str, str] | None = None,
    program_keys: dict[str, Any] | None = None,
    **parts: Any,
) -> tuple[Program, EvaluationResult]:
    """A program and its measured result. Outcomes are named kinerja, kinerja2, ... by default."""
    specs = [
        {"outcome": f"kinerja{i + 1}" if i else "kinerja", **spec}
        for i, spec in enumerate([{}] if outcomes is None else outcomes)
    ]
    effects = tuple(effect(**spec) for spec in specs)
    named = list(dict.fromkeys(e.outcome for e in effects))
    by_outcome = {e.outcome: e for e in effects}
    rated = ratings if isinstance(ratings, list) else [ratings] * len(named)
    program = Program.model_validate(
        {
            "id": id, "title": {"id": "Program contoh", "en": "Sample program"},
            "kind": "leadership", "organisation": "Instansi contoh", "cycle": cycle,
            "period": {"start": "2025-01-01", "end": "2025-06-30"},
            "design": {"type": "single_group"}, "link": "nip", "sources": {},
            "thresholds": thresholds or {},
            "outcomes": [
                {
                    "id": name, "label": name.capitalize(), "level": by_outcome[name].level,
                    "unit": "poin", "instrument": f"alat_{name}",
                    "direction": by_outcome[name].direction,
                    "decisive": decisive[i] if decisive else True,
                }
                for i, name in enumerate(named)
            ],
        }
        | (program_keys or {})
    )  # fmt: skip
    money = {"cost_per_completer_idr": cost, "budget_absorption_share": absorption, "bcr": bcr}
    questions = tuple(
        Triangulated(f"q{i}", None, None, None, a)  # type: ignore[arg-type]
        for i, a in enumerate(agreement or [])
    )
    if alpha is not None:
        scales += tuple(scale(f"alat_{name}", alpha=alpha) for name in named)
    threats = flags if isinstance(flags, dict) else dict.fromkeys(flags or ())
    sample = {"invited": 200, "responded": 150, "analysed": 150, "response_rate_share": response}
    took = {"enrolled": enrolled, "started": enrolled}
    done = {"completion_share": completion, "n": enrolled} | share_interval(enrolled, completion)
    rows = [
        *(row for e in effects for row in effect_rows(e)),
        *(
            row
            for name, rating in zip(named, rated, strict=True)
            for row in evidence_rows(name, rating, threats, design=by_outcome[name].design)
        ),
        *record_rows(sample, ["sample"], " ".join(sample)),
        *record_rows(took, ["participation"], " ".join(took)),
        *record_rows(done, ["participation"], "completion_share:ci"),
        *(row for name, share in (barriers or {}).items() for row in barrier(name, share)),
        *(row for found in scales for row in found),
    ]
    result = EvaluationResult(
        program=ProgramInfo(
            id, "Program contoh", "leadership", "Instansi contoh", cycle, None, None
        ),
        triangulation=questions,
        strengths=(), weaknesses=(),
        verdict=Verdict("insufficient_evidence", (), ""),
        recommendations=(), follow_up=(),
        quality=Quality(0, 0, (), ()),
        provenance=Provenance((), "0", {}, {}, 0),
        rows=(
            *rows,
            *record_rows(money, ["efficiency"], " ".join(money)),
            *_shares("themes", {f"{name}/survey": x for name, x in (themes or {}).items()}),
            *_shares("module_demand", {name: (x, None) for name, x in (modules or {}).items()}),
            *(draft.row for draft in source_rows(questions)),
        ),
        **parts,
    )  # fmt: skip
    return program, result


def barrier(name: str, share: float | None) -> Iterator[Measure]:
    """Of a barrier; hidden without a share."""
    low, high = _around(share)
    record = {"share": share, "ci_low": low, "ci_high": high, "label": name.replace("_", " ")}
    record["reason"] = "small_cell" if share is None else None
    return record_rows(record, ["participation", "barriers", name], "share:ci")


def scale(name: str = "kepuasan", mean: float | None = 4.0, half: float = 0.1,
          alpha: float | None = 0.85, wave: str = "post",
          items: dict[str, tuple[float, float]] | None = None) -> list[Measure]:  # fmt: skip
    """The rows of a scale in the program's group. items: label -> its performance and importance,
    about a crosshair at 3."""
    low, high = (None, None) if mean is None else (mean - half, mean + half)
    record = {"label": name.capitalize(), "n": 100, "alpha": alpha, "n_items": 5,
              "mean": mean, "ci_low": low, "ci_high": high}  # fmt: skip
    about = {"subject": name, "wave": wave, "group": "program", "level": "reaction"}
    place = ["scales", name, wave, "program"]
    rows = list(record_rows(record, place, "mean:ci alpha n_items", **about))
    cross = {"cross_performance": 3.0, "cross_importance": 3.0}
    rows += record_rows(cross, [*place, "ipa"], " ".join(cross)) if items else ()
    for label, (performance, importance) in (items or {}).items():
        rated = {"label": label, "performance": performance, "importance": importance}
        rows += record_rows(rated, [*place, label], "performance importance")
    return rows


def _shares(part: str, shares: dict[str, tuple[float | None, float | None]]) -> Iterator[Measure]:
    """Rows of shares and their tones; the place of each starts with the name of its subject."""
    for place, (share, tone) in shares.items():
        name, *source = place.split("/")
        low, high = _around(share)
        record = {"share": share, "ci_low": low, "ci_high": high, "sentiment": tone}
        record["tone"] = None if tone is None else tone_of(*(max(x, 0) for x in (tone, -tone)), 1)
        label = name.replace("_", " ") if part == "module_demand" else name.capitalize()
        yield from record_rows(
            record, [part, name, *source], "share:ci sentiment tone", subject=name, label=label,
            reason=None if share is not None else "small_cell",
        )  # fmt: skip


def _around(share: float | None) -> tuple[float | None, float | None]:
    return (None, None) if share is None else (max(share - 0.07, 0.0), min(share + 0.07, 1.0))
