"""Several programs side by side: what can be compared, pooled and ranked, and what cannot.

Everything reads result.json as a dict (or several of them) and nothing else. Estimates are turned
so that more is better. Numbers stay unrounded; a number that a report does not have is None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
SPREAD = 8.0  # of the drawn weights around the given ones: larger is closer
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


def ratings_of(result: Result) -> list[int]:
    """The evidence ratings that are known."""
    return [e["rating_0_5"] for e in result["evidence"] if e["rating_0_5"] is not None]


def side_by_side(results: Sequence[Result]) -> list[dict[str, Any]]:
    """One row a program: verdict and its stability, size, participation, cost."""
    return [
        {
            "name": name_of(r),
            "decision": r["verdict"]["decision"],
            "stability_share": (r["verdict"]["details"].get("stability") or {}).get("share"),
            "analysed": r["sample"]["analysed"],
            "completion_share": r["participation"]["completion_share"],
            "cost_per_completer_idr": r["efficiency"]["cost_per_completer_idr"],
        }
        for r in results
    ]


def evidence_map(results: Sequence[Result]) -> list[list[int | None]]:
    """Programs x LEVELS: lowest evidence rating of the level's primaries; None: not measured."""
    found = []
    for result in results:
        rating = {e["outcome"]: e["rating_0_5"] for e in result["evidence"]}
        by_level = [(e["level"], rating.get(e["outcome"])) for _i, e in primaries_of(result)]
        found.append(
            [min((r for at, r in by_level if at == x and r is not None), default=None)
             for x in LEVELS]
        )  # fmt: skip
    return found


def common_weaknesses(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Kinds of weakness that two programs or more share: kind, programs, an example."""
    found: dict[str, dict[str, str]] = {}
    for result in results:
        for weakness in result["weaknesses"]:
            kind = weakness["id"].partition(".")[0]
            found.setdefault(kind, {}).setdefault(name_of(result), weakness["statement"])
    shared = [
        {"kind": kind, "programs": list(said), "example": next(iter(said.values()))}
        for kind, said in found.items()
        if len(said) > 1
    ]
    return sorted(shared, key=lambda row: (-len(row["programs"]), row["kind"]))


@dataclass(frozen=True, slots=True)
class Pooled:
    """Random-effects mean of one outcome over k programs, in its own unit.

    ci: Hartung-Knapp-Sidik-Jonkman with t(k - 1); tau2 by Paule-Mandel; prediction interval with
    t(k - 2), None for k < 3. Agrees with R metafor rma(method="PM", test="knha").
    """

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
    q_p_value: float
    prediction_low: float | None
    prediction_high: float | None


def comparable(results: Sequence[Result]) -> list[list[tuple[str, dict[str, Any]]]]:
    """Groups of at least two programs' (name, estimate) that measure the same: outcome, unit,
    wave, level, direction and claim alike. Change and effect are never mixed."""
    groups: dict[tuple[str, ...], list[tuple[str, dict[str, Any]]]] = {}
    for result in results:
        for _i, effect in primaries_of(result):
            if effect["std_error"]:
                groups.setdefault(_measured(effect), []).append((name_of(result), effect))
    return [group for group in groups.values() if len(group) > 1]


def _measured(effect: Mapping[str, Any]) -> tuple[str, ...]:
    keys = ("outcome", "unit", "wave", "level", "direction", "claim")
    return tuple(str(effect[key]) for key in keys)


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
        q_p_value=float(found.test_homogeneity().pvalue),
        prediction_low=None if reach is None else mean - reach,
        prediction_high=None if reach is None else mean + reach,
    )


@dataclass(frozen=True, slots=True)
class Ranked:
    """A program's place. utilities: criterion used -> 0-1 or None; rank_shares: share of the draws
    in which it takes place 1, 2, ...; failed: gates not passed, which no other criterion makes
    good, and then rank is None."""

    name: str
    utilities: dict[str, float | None]
    failed: tuple[str, ...]
    rank: int | None
    rank_shares: tuple[float, ...]


def costs_comparable(results: Sequence[Result]) -> bool:
    """Whether all programs measure one primary outcome in common (outcome, unit, wave, level,
    direction and claim alike) and give their costs at the same price level."""
    measured = [{_measured(e) for _i, e in primaries_of(r)} for r in results]
    years = {r["efficiency"]["details"].get("price_year") for r in results}
    return len(results) > 1 and bool(set.intersection(*measured)) and len(years) == 1


def utilities_of(result: Result, cheapest: float | None) -> dict[str, float | None]:
    """Criterion -> 0-1. effectiveness: mean g beyond reaction, -0.8..0.8; evidence: lowest rating
    / 5; participation: completion share; cost: the cheapest program's cost per completer / own."""
    sizes = [g[0] for _i, e in primaries_of(result) if e["level"] != "reaction"
             if (g := turned_g(e)) is not None]  # fmt: skip
    ratings = ratings_of(result)
    cost = result["efficiency"]["cost_per_completer_idr"]
    mean = float(np.mean(sizes)) if sizes else 0.0
    return {
        "effectiveness": min(max(0.5 + mean / (2 * LARGE_G), 0.0), 1.0) if sizes else None,
        "evidence": min(ratings) / 5 if ratings else None,
        "participation": result["participation"]["completion_share"],
        "cost": cheapest / cost if cheapest and cost else None,
    }


def failed_gates(result: Result) -> tuple[str, ...]:
    """harm: an outcome got worse. open: the evidence does not suffice for a verdict. evidence: a
    rating is below the gate, or none is known."""
    tests = {
        "harm": any(e["conclusion"] == "worsened" for _i, e in primaries_of(result)),
        "open": result["verdict"]["decision"] == "insufficient_evidence",
        "evidence": min(ratings_of(result), default=0) < MIN_RATING,
    }
    return tuple(gate for gate, failed in tests.items() if failed)


def rank_programs(
    results: Sequence[Result], weights: Mapping[str, float] | None = None
) -> list[Ranked]:
    """Programs that pass all gates, ranked by the weighted mean of their utilities, then the rest.

    weights: criterion -> weight; all the same where none is given. Cost counts only where it is
    comparable among the programs that are ranked. Stability: the weights are drawn from a Dirichlet
    distribution around them and an unknown utility from 0-1 each time; in the ranking itself it
    counts as one half.
    """
    passed = [r for r in results if not failed_gates(r)]
    criteria = CRITERIA if costs_comparable(passed) else CRITERIA[:-1]
    given = np.array([(weights or dict.fromkeys(CRITERIA, 1.0)).get(c, 0.0) for c in criteria])
    base = given / given.sum() if given.any() else np.full(len(criteria), 1 / len(criteria))
    costs = [c for r in passed if (c := r["efficiency"]["cost_per_completer_idr"])]
    known = [utilities_of(r, min(costs, default=None)) for r in passed]
    utilities = [{c: u[c] for c in criteria} for u in known]
    table = np.array([list(u.values()) for u in utilities], dtype=float)
    table = table.reshape(len(passed), len(criteria))
    places = _places(np.where(np.isnan(table), 0.5, table) @ base)
    rng = np.random.default_rng(SEED)
    draws = np.zeros((DRAWS, len(criteria)))
    draws[:, base > 0] = rng.dirichlet(base[base > 0] * SPREAD, DRAWS)
    filled = np.where(np.isnan(table), rng.uniform(size=(DRAWS, *table.shape)), table)
    drawn = _places(np.einsum("dpc,dc->dp", filled, draws))
    shares = [
        tuple(float(np.mean(drawn[:, i] == place + 1)) for place in range(len(passed)))
        for i in range(len(passed))
    ]
    ranked = [
        Ranked(name_of(r), utilities[i], (), int(places[i]), shares[i])
        for i, r in enumerate(passed)
    ]
    rest = [
        Ranked(name_of(r), {}, failed, None, ()) for r in results if (failed := failed_gates(r))
    ]
    return sorted(ranked, key=lambda r: (r.rank or 0, r.name)) + rest


def _places(scores: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Along the last axis, 1 for the highest score; ties share the better place."""
    return stats.rankdata(-scores, method="min", axis=-1)


def dac_coverage(result: Result) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Each OECD-DAC criterion: covered, partly or none, and pointers to what covers it.

    A map of what the report answers, without a total (the criteria are no scale): relevance by what
    participants ask for and what holds them back; coherence by documents; effectiveness by
    learning and behaviour; efficiency by costs; impact by results; sustainability by a later wave
    and by what became of earlier recommendations. A change without comparison covers partly.
    """
    effects = primaries_of(result)

    def judged(chosen: Callable[[dict[str, Any]], bool]) -> tuple[list[str], list[str]]:
        full, part = (
            [f"/effects/{i}/estimate" for i, e in effects if e["claim"] == claim and chosen(e)]
            for claim in ("effect", "change")
        )
        return full, part

    def known(rows: Sequence[Mapping[str, Any]], place: str, field: str) -> list[str]:
        return [f"{place}/{i}/{field}" for i, row in enumerate(rows) if row[field] is not None]

    costs, barriers = result["efficiency"], result["participation"]["barriers"]
    money = {
        "/efficiency/cost_per_completer_idr": costs["cost_per_completer_idr"],
        "/efficiency/cost_per_unit_effect/estimate": (costs["cost_per_unit_effect"] or {}).get(
            "estimate"
        ),
    }
    priced = [path for path, value in money.items() if value is not None]
    full, part = judged(lambda e: e["wave"] not in ("pre", "post", "baseline"))
    found = {
        "relevance": (
            known(result["module_demand"], "/module_demand", "share"),
            known(barriers, "/participation/barriers", "share"),
        ),
        "coherence": (known(result["triangulation"], "/triangulation", "document"), []),
        "effectiveness": judged(lambda e: e["level"] in ("learning", "behaviour")),
        "efficiency": (priced, []) if len(priced) == len(money) else ([], priced),
        "impact": judged(lambda e: e["level"] == "results"),
        "sustainability": (full, part + known(result["follow_up"], "/follow_up", "status")),
    }
    return {
        criterion: ("covered", tuple(full)) if full else ("partly", tuple(part)) if part
        else ("none", ())
        for criterion, (full, part) in found.items()
    }  # fmt: skip
