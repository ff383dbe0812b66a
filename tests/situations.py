"""Hand-made programs and results, from a few words, for the tests of findings and reports.

`make(outcomes=[{estimate: 0.4, se: 0.1}], ...)` gives (Program, EvaluationResult). An outcome's
interval, p-value and conclusion follow from estimate, standard error, df and sesoi by the written
rule (90% interval inside the smallest change of interest; else 95% interval without zero).
"""

from __future__ import annotations

from typing import Any

from scipy import stats

from evaluasi_lib.program import Program
from evaluasi_lib.results import (
    Barrier,
    Effect,
    Efficiency,
    EvaluationResult,
    Evidence,
    ModuleDemand,
    Participation,
    ProgramInfo,
    Provenance,
    Quality,
    Sample,
    ScaleScore,
    Theme,
    Triangulated,
    Verdict,
)


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
    values: dict[str, Any] = dict.fromkeys(
        ("ci_low", "ci_high", "ci90_low", "ci90_high", "p_value", "p_adjusted", "conclusion")
    )
    if estimate is not None and se is not None:
        for name, q in (("ci", 0.975), ("ci90", 0.95)):
            half = se * stats.t.ppf(q, df)
            values |= {f"{name}_low": estimate - half, f"{name}_high": estimate + half}
        p = float(2 * stats.t.sf(abs(estimate / se), df))
        values |= {
            "p_value": p,
            "p_adjusted": p,
            "conclusion": conclusion_of(estimate, se, df, sesoi, direction),
        }
    given = {
        "outcome": outcome, "label": outcome.capitalize(), "role": role, "subgroup": None,
        "wave": "post", "sesoi": sesoi, "direction": direction, "claim": claim, "level": level,
        "design": "randomised" if claim == "effect" else "single_group",
        "estimator": "ols", "estimand": "att", "unit": "poin", "n_program": 100,
        "n_comparison": 100 if claim == "effect" else None, "estimate": estimate,
        "std_error": se, "df": df, "effect_size_g": None, "g_ci_low": None, "g_ci_high": None,
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
    scales: tuple[ScaleScore, ...] = (),
    agreement: list[str] | None = None,
    barriers: dict[str, float | None] | None = None,
    modules: dict[str, float | None] | None = None,
    themes: dict[str, tuple[float | None, float | None]] | None = None,
    thresholds: dict[str, Any] | None = None,
    decisive: list[bool] | None = None,
    flags: list[str] | None = None,
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
    if alpha is not None:
        scales += tuple(scale(f"alat_{name}", alpha=alpha) for name in named)
    result = EvaluationResult(
        program=ProgramInfo(
            id, "Program contoh", "leadership", "Instansi contoh", cycle, None, None
        ),
        sample=Sample(200, 150, 150, response, False, ()),
        scales=scales,
        effects=effects,
        evidence=tuple(
            Evidence(
                name, by_outcome[name].design, None, None, None, None, None, None, rating, (),
                flags=tuple(flags or ()),
            )
            for name, rating in zip(named, rated, strict=True)
        ),
        participation=Participation(
            enrolled, enrolled, None, completion,
            barriers=tuple(
                Barrier(name, name.replace("_", " "), None, share, *_around(share))
                for name, share in (barriers or {}).items()
            ),
        ),
        efficiency=Efficiency(None, None, cost, None, absorption, bcr, None),
        themes=tuple(
            Theme(name, name.capitalize(), "survey", None, share, *_around(share), mood)
            for name, (share, mood) in (themes or {}).items()
        ),
        module_demand=tuple(
            ModuleDemand(name, name.replace("_", " "), None, share, *_around(share))
            for name, share in (modules or {}).items()
        ),
        triangulation=tuple(
            Triangulated(f"q{i}", None, None, None, a)  # type: ignore[arg-type]
            for i, a in enumerate(agreement or [])
        ),
        strengths=(), weaknesses=(),
        verdict=Verdict("insufficient_evidence", (), ""),
        recommendations=(), follow_up=(),
        quality=Quality(0, 0, (), ()),
        provenance=Provenance((), "0", {}, {}, 0),
        **parts,
    )  # fmt: skip
    return program, result


def scale(name: str = "kepuasan", mean: float | None = 4.0, half: float = 0.1,
          alpha: float | None = 0.85, wave: str = "post") -> ScaleScore:  # fmt: skip
    low, high = (None, None) if mean is None else (mean - half, mean + half)
    return ScaleScore(
        name, name.capitalize(), "reaction", wave, "program", 5, 100, mean, 0.6, None, low, high,
        alpha, None, None, None, None,
    )  # fmt: skip


def _around(share: float | None) -> tuple[float | None, float | None]:
    return (None, None) if share is None else (max(share - 0.07, 0.0), min(share + 0.07, 1.0))
