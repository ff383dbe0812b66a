"""Programs and results from a few words, for the tests of findings, verdict and reports.

The door opens raw files alone, and a verdict needs situations of which none comes about by chance
(an estimate of exactly 0.1973, a rating of 4), so that this one file knows what lies behind it:
`concluded(outcomes=[{estimate: 0.4, se: 0.1}], ...)` is the result.json of such a program. An
outcome's interval, p-value and conclusion follow from estimate, standard error, df and sesoi by the
written rule (90% interval inside the smallest change of interest; else 95% interval without zero).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from scipy import stats

import evaluasi_lib as el
from evaluasi_lib.findings import conclude
from evaluasi_lib.measures import (
    COLUMNS,
    EvaluationResult,
    Measure,
    ProgramInfo,
    Provenance,
    Quality,
    Triangulated,
    result_json,
)
from evaluasi_lib.program import Program

Given = Mapping[str, Any]


def concluded(*earlier: Given, language: str = "en", **given: Any) -> dict[str, Any]:
    """The result.json of a situation (words of `make`). earlier: the cycles before it."""
    el.set_language(language)
    try:
        program, measured = make(**given)
        result = conclude(program, measured, [make(**before)[1] for before in earlier])
        document: dict[str, Any] = json.loads(result_json(result))
    finally:
        el.set_language("id")
    return document


def rows(at: str, **content: Any) -> list[Measure]:
    """The measures of a place. content: columns of its rows by their names; any other is a measure:
    its value, or value, ends of its interval and p."""
    place = at.split("/")
    about: dict[str, Any] = {"subject": place[-1] if len(place) > 1 else None}
    about |= {key: content.pop(key) for key in list(content) if key in COLUMNS}
    reason = about.pop("reason", None)
    found = []
    for name, given in content.items():
        numbers = list(given) if isinstance(given, (list, tuple)) else [given]
        value, low, high, p = (*numbers, None, None, None)[:4]
        if value is not None or reason:
            found.append(Measure(
                id=f"{at}/{name}", part=place[0], measure=name, value=value, low=low, high=high,
                p=p, reason=reason if value is None else None, **about,
            ))  # fmt: skip
    return found


def estimate_rows(
    outcome: str, estimate: float | None = 0.5, se: float | None = 0.1, df: float = 200,
    sesoi: float | None = 0.2, claim: str = "effect", direction: str = "higher",
    role: str = "primary", level: str = "behaviour", **other: Any,
) -> list[Measure]:  # fmt: skip
    """An estimate; other: further columns or numbers of it."""
    known: dict[str, Any] = {"estimate": estimate, "conclusion": None}
    if estimate is not None and se is not None:
        half90, half95 = (se * stats.t.ppf(q, df) for q in (0.95, 0.975))
        p = float(2 * stats.t.sf(abs(estimate / se), df))
        better = (estimate > 0) == (direction == "higher")
        known = {
            "estimate": (estimate, estimate - half95, estimate + half95, p),
            "p_adjusted": p,
            "conclusion": "no_meaningful_change"
            if sesoi is not None and abs(estimate) + half90 < sesoi
            else "inconclusive" if abs(estimate) <= half95
            else "improved" if better else "worsened",
        }  # fmt: skip
    known |= {
        "std_error": se, "df": df, "sesoi": sesoi, "n_program": 100,
        "n_comparison": 100 if claim == "effect" else None, "subject": outcome,
        "label": outcome.capitalize(), "role": role, "wave": "post", "direction": direction,
        "claim": claim, "level": level, "estimator": "ols", "estimand": "att", "unit": "poin",
        "design": "randomised" if claim == "effect" else "single_group",
    }  # fmt: skip
    known |= other
    if "g_ci_low" in known:
        known["effect_size_g"] = [known.pop(k) for k in ("effect_size_g", "g_ci_low", "g_ci_high")]
    first = {key: known.pop(key) for key in ("estimate", "conclusion", "note", "reason")
             if key in known}  # fmt: skip
    about = {key: value for key, value in known.items() if key in COLUMNS}
    at = f"effects/{outcome}/{role}"
    return [*rows(at, **about, **({"reason": "not estimated"} | first)), *rows(at, **known)]


def scale(
    name: str = "kepuasan", mean: float | None = 4.0, half: float = 0.1, wave: str = "post",
    alpha: float | None = 0.85, items: Mapping[str, tuple[float, float]] | None = None,
) -> list[Measure]:  # fmt: skip
    """A scale in the program's group. items: label -> its performance and importance, about a
    crosshair at 3."""
    about = {"subject": name, "wave": wave, "group": "program", "level": "reaction"}
    at = f"scales/{name}/{wave}/program"
    score = (mean, mean - half, mean + half) if mean is not None and half else mean
    found = rows(at, **about, label=name.capitalize(), n=100, mean=score, alpha=alpha, n_items=5.0)
    if items:
        found += rows(f"{at}/ipa", cross_performance=3.0, cross_importance=3.0)
    for label, (performance, importance) in (items or {}).items():
        found += rows(f"{at}/{label}", label=label, performance=performance, importance=importance)
    return found


def share_rows(at: str, share: float | None, **about: Any) -> list[Measure]:
    """A share with its interval; hidden without a number."""
    value = None if share is None else (share, max(share - 0.07, 0.0), min(share + 0.07, 1.0))
    reason = "small_cell" if share is None else None
    label = at.rpartition("/")[2].replace("_", " ")
    return rows(at, **{"label": label, "share": value, "reason": reason} | about)


def make(
    outcomes: Sequence[Given] = ({},), *, id: str = "contoh", cycle: str = "2025",
    ratings: int | list[int | None] | None = 4, completion: float | None = None,
    cost: float | None = None, bcr: float | None = None,
    absorption: float | None = None, response: float | None = None, alpha: float | None = None,
    scales: Sequence[Given] = (), agreement: Sequence[str] | None = None,
    barriers: Mapping[str, float | None] | None = None,
    modules: Mapping[str, float | None] | None = None,
    themes: Mapping[str, tuple[float | None, float | None]] | None = None,
    thresholds: Given | None = None, decisive: list[bool] | None = None,
    flags: Sequence[str] | Mapping[str, str] | None = None, program_keys: Given | None = None,
    more: Sequence[Given] = (),
) -> tuple[Program, EvaluationResult]:  # fmt: skip
    """A program and its measured result. Outcomes are named kinerja, kinerja2, ... by default;
    themes: name -> share and tone; flags: threats to the evidence, with their sentences; more: rows
    of further places, as words of `rows`."""
    specs = [
        {"outcome": f"kinerja{i}" if i > 1 else "kinerja", **spec}
        for i, spec in enumerate(outcomes, 1)
    ]
    by_outcome = {spec["outcome"]: spec for spec in reversed(specs)}
    names = list(dict.fromkeys(spec["outcome"] for spec in specs))
    declared = {
        "id": id, "title": {"id": "Program contoh", "en": "Sample program"}, "kind": "leadership",
        "organisation": "Instansi contoh", "cycle": cycle,
        "period": {"start": "2025-01-01", "end": "2025-06-30"},
        "design": {"type": "single_group"}, "link": "nip", "sources": {},
        "thresholds": thresholds or {},
        "outcomes": [
            {"id": name, "label": name.capitalize(), "unit": "poin", "instrument": f"alat_{name}",
             "level": by_outcome[name].get("level", "behaviour"),
             "direction": by_outcome[name].get("direction", "higher"),
             "decisive": decisive[i] if decisive else True}
            for i, name in enumerate(names)
        ],
    }  # fmt: skip
    threats = flags if isinstance(flags, Mapping) else dict.fromkeys(flags or ())
    rated = ratings if isinstance(ratings, list) else [ratings] * len(names)
    found: list[Measure] = [row for spec in specs for row in estimate_rows(**spec)]
    for name, rating in zip(names, rated, strict=True):
        found += rows(f"evidence/{name}", rating_0_5=rating, reason="not rated")
        for code, text in threats.items():
            found += rows(f"evidence/{name}/threats", subject=name, note=text, **{code: 1.0})
    found += rows("sample", invited=200.0, responded=150.0, analysed=150.0,
                  response_rate_share=response)  # fmt: skip
    found += rows("participation", enrolled=200.0, started=200.0)
    found += rows("participation", n=200, completion_share=completion)
    for name, share in (barriers or {}).items():
        found += share_rows(f"participation/barriers/{name}", share)
    for spec in scales:
        found += scale(**spec)
    for name in names if alpha is not None else ():
        found += scale(f"alat_{name}", alpha=alpha)
    found += rows("efficiency", cost_per_completer_idr=cost, budget_absorption_share=absorption,
                  bcr=bcr)  # fmt: skip
    for name, (share, mood) in (themes or {}).items():
        tone = None if mood is None else float(mood > 0) - float(mood < 0)
        about = {"subject": name, "label": name.capitalize(), "sentiment": mood, "tone": tone}
        found += share_rows(f"themes/{name}/survey", share, **about)
    for name, share in (modules or {}).items():
        found += share_rows(f"module_demand/{name}", share)
    for i in range(len(agreement or ())):
        found += rows(f"triangulation/{i + 1}", label=f"q{i}", sources=2.0)
    found += [row for spec in more for row in rows(**spec)]
    result = EvaluationResult(
        ProgramInfo(id, "Program contoh", "leadership", "Instansi contoh", cycle, None, None),
        tuple(found), Quality(0, 0, (), ()), Provenance((), "0", {}, {"language": "id"}, 0),
        triangulation=tuple(
            Triangulated(f"q{i}", None, None, None, a)  # type: ignore[arg-type]
            for i, a in enumerate(agreement or ())
        ),
    )  # fmt: skip
    return Program.model_validate(declared | dict(program_keys or {})), result
