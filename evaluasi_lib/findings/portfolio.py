"""Several programs side by side: what can be compared, pooled and ranked, and what cannot.

Everything reads result.json as a dict (or several of them) and nothing else. Estimates are turned
so that more is better. Numbers stay unrounded; a number that a report does not have is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

Result = Mapping[str, Any]
LEVELS = ("reaction", "learning", "behaviour", "results")
CRITERIA = ("effectiveness", "evidence", "participation", "cost")
DAC = ("relevance", "coherence", "effectiveness", "efficiency", "impact", "sustainability")
MIN_RATING = 2
DRAWS = 5000
SEED = 20250101
LARGE_G = 0.8  # Cohen's "large": utility 1; its negative: utility 0


def name_of(result: Result) -> str:
    """Title and cycle, or the title alone where it holds the cycle."""
    title, cycle = result["program"]["title"], str(result["program"]["cycle"])
    return title if not cycle or cycle in title else f"{title} {cycle}"


def primaries_of(result: Result) -> list[tuple[int, dict[str, Any]]]:
    """Place and dict of each primary estimate that is there."""
    return [
        (i, e)
        for i, e in enumerate(result["effects"])
        if e["role"] == "primary" and e["estimate"] is not None
    ]


def turned_g(effect: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """(g, low, high) with more as better; None where any is missing."""
    g, low, high = effect["effect_size_g"], effect["g_ci_low"], effect["g_ci_high"]
    if g is None or low is None or high is None:
        return None
    return (g, low, high) if effect["direction"] == "higher" else (-g, -high, -low)


def side_by_side(results: Sequence[Result]) -> list[dict[str, Any]]:
    """One row a program: verdict and its stability, size, participation, cost."""
    rows = []
    for result in results:
        stability = result["verdict"]["details"].get("stability") or {}
        rows.append(
            {
                "program": result["program"]["id"],
                "name": name_of(result),
                "decision": result["verdict"]["decision"],
                "stability_share": stability.get("share"),
                "analysed": result["sample"]["analysed"],
                "completion_share": result["participation"]["completion_share"],
                "cost_per_completer_idr": result["efficiency"]["cost_per_completer_idr"],
            }
        )
    return rows


def evidence_map(results: Sequence[Result]) -> list[list[int | None]]:
    """Programs x LEVELS: lowest evidence rating of the level's primaries; None: not measured."""
    found = []
    for result in results:
        level = {e["outcome"]: e["level"] for _i, e in primaries_of(result)}
        ratings = [
            (level.get(e["outcome"]), e["rating_0_5"])
            for e in result["evidence"]
            if e["rating_0_5"] is not None
        ]
        found.append([min((r for at, r in ratings if at == x), default=None) for x in LEVELS])
    return found


def common_weaknesses(results: Sequence[Result], at_least: int = 2) -> list[dict[str, Any]]:
    """Kinds of weakness that several programs share: kind, programs, an example."""
    found: dict[str, dict[str, Any]] = {}
    for result in results:
        for weakness in result["weaknesses"]:
            kind = weakness["id"].partition(".")[0]
            row = found.setdefault(
                kind, {"kind": kind, "programs": [], "example": weakness["statement"]}
            )
            if name_of(result) not in row["programs"]:
                row["programs"].append(name_of(result))
    shared = [row for row in found.values() if len(row["programs"]) >= at_least]
    return sorted(shared, key=lambda row: (-len(row["programs"]), row["kind"]))


@dataclass(frozen=True, slots=True)
class Pooled:
    """Random-effects mean of one outcome over k programs, in its own unit.

    ci: Hartung-Knapp-Sidik-Jonkman with t(k - 1); tau2 by Paule-Mandel; prediction interval with
    t(k - 2), None for k < 3. Agrees with R metafor rma(method="PM", test="knha").
    """

    outcome: str
    label: str
    unit: str
    claim: str
    names: tuple[str, ...]
    k: int
    estimate: float
    ci_low: float
    ci_high: float
    tau2: float
    i2: float
    q: float
    q_p_value: float
    prediction_low: float | None
    prediction_high: float | None


def comparable(results: Sequence[Result]) -> list[list[tuple[str, dict[str, Any]]]]:
    """Groups of at least two programs' (name, estimate) that measure the same: outcome, unit,
    wave, level, direction and claim alike. Change and effect are never mixed."""
    keys = ("outcome", "unit", "wave", "level", "direction", "claim")
    groups: dict[tuple[str, ...], list[tuple[str, dict[str, Any]]]] = {}
    for result in results:
        for _i, effect in primaries_of(result):
            if effect["std_error"]:
                key = tuple(str(effect[k]) for k in keys)
                groups.setdefault(key, []).append((name_of(result), effect))
    return [group for group in groups.values() if len(group) > 1]


def pool(group: Sequence[tuple[str, Mapping[str, Any]]]) -> Pooled:
    """Random-effects meta-analysis of one comparable group (statsmodels combine_effects)."""
    k, first = len(group), group[0][1]
    found = combine_effects(
        np.array([e["estimate"] for _n, e in group]),
        np.array([e["std_error"] ** 2 for _n, e in group]),
        method_re="iterated",
        use_t=True,
    )
    low, high = (float(x) for x in found.conf_int()[3])
    spread = float(np.sqrt(found.tau2 + found.sd_eff_w_re_hksj**2))
    reach = float(stats.t.ppf(0.975, k - 2)) * spread if k > 2 else None
    mean = float(found.mean_effect_re)
    return Pooled(
        outcome=first["outcome"],
        label=first["label"],
        unit=first["unit"],
        claim=first["claim"],
        names=tuple(name for name, _e in group),
        k=k,
        estimate=mean,
        ci_low=low,
        ci_high=high,
        tau2=float(found.tau2),
        i2=max(float(found.i2), 0.0),
        q=float(found.q),
        q_p_value=float(found.test_homogeneity().pvalue),
        prediction_low=None if reach is None else mean - reach,
        prediction_high=None if reach is None else mean + reach,
    )


@dataclass(frozen=True, slots=True)
class Ranked:
    """A program's place. utilities: criterion -> 0-1 or None; rank_shares: share of the draws in
    which it takes place 1, 2, ...; failed: gates not passed, which no other criterion makes good,
    and then rank is None."""

    name: str
    utilities: dict[str, float | None]
    failed: tuple[str, ...]
    rank: int | None
    rank_shares: tuple[float, ...]


def utilities_of(result: Result, cheapest: float | None) -> dict[str, float | None]:
    """Criterion -> 0-1. effectiveness: mean g beyond reaction, -0.8..0.8; evidence: lowest rating
    / 5; participation: completion share; cost: the cheapest program's cost per completer / own."""
    sizes = [g[0] for _i, e in primaries_of(result) if e["level"] != "reaction"
             if (g := turned_g(e)) is not None]  # fmt: skip
    ratings = [e["rating_0_5"] for e in result["evidence"] if e["rating_0_5"] is not None]
    cost = result["efficiency"]["cost_per_completer_idr"]
    return {
        "effectiveness": float(np.clip((np.mean(sizes) + LARGE_G) / (2 * LARGE_G), 0, 1))
        if sizes
        else None,
        "evidence": min(ratings) / 5 if ratings else None,
        "participation": result["participation"]["completion_share"],
        "cost": cheapest / cost if cheapest and cost else None,
    }


def failed_gates(result: Result, min_rating: int = MIN_RATING) -> tuple[str, ...]:
    """harm: an outcome got worse. open: the evidence does not suffice for a verdict. evidence: a
    rating is below the gate, or none is known."""
    ratings = [e["rating_0_5"] for e in result["evidence"] if e["rating_0_5"] is not None]
    tests = {
        "harm": any(e["conclusion"] == "worsened" for _i, e in primaries_of(result)),
        "open": result["verdict"]["decision"] == "insufficient_evidence",
        "evidence": not ratings or min(ratings) < min_rating,
    }
    return tuple(gate for gate, failed in tests.items() if failed)


def rank_programs(
    results: Sequence[Result],
    weights: Mapping[str, float] | None = None,
    *,
    min_rating: int = MIN_RATING,
    spread: float = 8.0,
    seed: int = SEED,
) -> list[Ranked]:
    """Programs that pass all gates, ranked by the weighted mean of their utilities, then the rest.

    weights: criterion -> weight, equal where absent. Stability: the weights are drawn from a
    Dirichlet distribution around them (spread: larger is closer) and an unknown utility from 0-1
    each time; in the ranking itself it counts as one half.
    """
    base = np.array([(weights or {}).get(c, 1.0 if weights is None else 0.0) for c in CRITERIA])
    base = base / base.sum()
    passed = [r for r in results if not failed_gates(r, min_rating)]
    costs = [c for r in passed if (c := r["efficiency"]["cost_per_completer_idr"])]
    cheapest = min(costs, default=None)
    utilities = [utilities_of(r, cheapest) for r in passed]
    table = np.array(
        [[np.nan if u[c] is None else u[c] for c in CRITERIA] for u in utilities], dtype=float
    ).reshape(len(passed), len(CRITERIA))
    places = _places(np.where(np.isnan(table), 0.5, table) @ base)
    rng = np.random.default_rng(seed)
    used = base > 0
    draws = np.zeros((DRAWS, len(CRITERIA)))
    draws[:, used] = rng.dirichlet(base[used] * spread, DRAWS)
    filled = np.where(np.isnan(table), rng.uniform(size=(DRAWS, *table.shape)), table)
    drawn = np.array([_places(filled[d] @ draws[d]) for d in range(DRAWS if passed else 0)])
    ranked = [
        Ranked(
            name_of(result), utilities[i], (), int(places[i]),
            tuple(float(np.mean(drawn[:, i] == p + 1)) for p in range(len(passed))),
        )
        for i, result in enumerate(passed)
    ]  # fmt: skip
    rest = [
        Ranked(name_of(r), utilities_of(r, cheapest), failed, None, ())
        for r in results
        if (failed := failed_gates(r, min_rating))
    ]
    return sorted(ranked, key=lambda r: (r.rank or 0, r.name)) + rest


def _places(scores: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """1 for the highest score; ties share the better place."""
    return stats.rankdata(-scores, method="min")


def dac_coverage(result: Result) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Each OECD-DAC criterion: covered, partly or none, and pointers to what covers it.

    A map of what the report answers, without a total (the criteria are no scale): relevance by what
    participants ask for and what holds them back; coherence by documents; effectiveness by
    learning and behaviour; efficiency by costs; impact by results; sustainability by a later wave
    and by what became of earlier recommendations. A change without comparison covers partly.
    """
    effects = primaries_of(result)
    later = {"pre", "post", "baseline"}

    def judged(*levels: str, wave: bool = False) -> tuple[list[str], list[str]]:
        full: list[str] = []
        part: list[str] = []
        for i, e in effects:
            if e["level"] in levels and (not wave or e["wave"] not in later):
                (full if e["claim"] == "effect" else part).append(f"/effects/{i}/estimate")
        return full, part

    def known(name: str, field: str) -> list[str]:
        return [f"/{name}/{i}/{field}" for i, x in enumerate(result[name]) if x[field] is not None]

    costs = result["efficiency"]
    money = {
        "cost_per_completer_idr": costs["cost_per_completer_idr"] is not None,
        "cost_per_unit_effect/estimate": bool(
            costs["cost_per_unit_effect"] and costs["cost_per_unit_effect"]["estimate"] is not None
        ),
    }
    priced = ["/efficiency/" + path for path, there in money.items() if there]
    barriers = [
        f"/participation/barriers/{i}/share"
        for i, b in enumerate(result["participation"]["barriers"])
        if b["share"] is not None
    ]
    followed = [f"/follow_up/{i}/status" for i, _f in enumerate(result["follow_up"])]
    waves = judged(*LEVELS, wave=True)
    found = {
        "relevance": (known("module_demand", "share"), barriers),
        "coherence": (known("triangulation", "document"), []),
        "effectiveness": judged("learning", "behaviour"),
        "efficiency": (priced, []) if len(priced) == len(money) else ([], priced),
        "impact": judged("results"),
        "sustainability": (waves[0], waves[1] + followed),
    }
    return {
        criterion: ("covered", tuple(full)) if full else ("partly", tuple(part)) if part
        else ("none", ())
        for criterion, (full, part) in found.items()
    }  # fmt: skip
