"""The one table: design -> primary estimator; and how each estimator takes a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluasi_lib.scoring.frames import numeric
from evaluasi_lib.scoring.impact import did, dose, groups, ordinal, single_group, weighting
from evaluasi_lib.scoring.impact.case import Case
from evaluasi_lib.scoring.impact.estimate import Estimate, binary_effect_size


@dataclass(frozen=True, slots=True)
class Plan:
    """The one primary estimator of a situation, and those that check it."""

    primary: str
    sensitivity: tuple[str, ...] = ()


# (design, what was measured before) -> estimators. An outcome's key `estimator` overrides the
# primary one. "covariates": nothing of the outcome itself, but background that was declared.
PLANS: dict[tuple[str, str], Plan] = {
    ("randomised", "none"): Plan("difference"),
    ("randomised", "covariates"): Plan("difference", ("adjusted",)),
    ("randomised", "linked"): Plan("difference", ("ancova", "adjusted", "did")),
    ("randomised", "independent"): Plan("difference", ("adjusted",)),
    ("comparison", "none"): Plan("difference"),
    ("comparison", "covariates"): Plan("aipw", ("ipw", "adjusted", "difference")),
    ("comparison", "linked"): Plan("did", ("ancova", "aipw", "ipw", "difference")),
    ("comparison", "independent"): Plan("did_repeated", ("difference",)),
    ("single_group", "linked"): Plan("paired"),
    ("single_group", "independent"): Plan("waves"),
}
ORDINAL_PLANS: dict[tuple[str, str], Plan] = {
    ("randomised", "none"): Plan("superiority", ("difference",)),
    ("randomised", "covariates"): Plan("superiority", ("difference", "adjusted")),
    ("randomised", "linked"): Plan("superiority", ("net_rise", "difference", "ancova")),
    ("randomised", "independent"): Plan("superiority", ("difference",)),
    ("comparison", "none"): Plan("superiority", ("difference",)),
    ("comparison", "covariates"): Plan("superiority", ("aipw", "difference")),
    ("comparison", "linked"): Plan("net_rise", ("superiority", "did", "ancova")),
    ("comparison", "independent"): Plan("did_repeated", ("superiority", "difference")),
    ("single_group", "linked"): Plan("net_rise", ("paired",)),
    ("single_group", "independent"): Plan("superiority", ("waves",)),
}
ALWAYS = ("attrition_weighted", "raked", "dose_response")
NET_SHARE = ("superiority", "net_rise")  # in persons, whatever the outcome's unit


def plan_of(case: Case) -> Plan | None:
    """The plan of a case; None where one group was measured once. A declared estimator comes
    first and the table's own checks it."""
    table = ORDINAL_PLANS if case.outcome.scale_type == "ordinal" else PLANS
    situation: str = case.baseline
    if situation == "none" and case.design.covariates and case.frame.design != "single_group":
        situation = "covariates"
    plan = table.get((case.frame.design, situation))
    if plan is None:
        return None
    declared = case.outcome.estimator
    if declared is not None and declared != plan.primary:
        others = tuple(n for n in (plan.primary, *plan.sensitivity) if n != declared)
        plan = Plan(declared, others)
    return Plan(plan.primary, (*plan.sensitivity, *ALWAYS))


def _with_baseline(case: Case, rows: pd.DataFrame) -> tuple[NDArray[np.float64], list[str]]:
    """The covariates, with the linked measure before among them."""
    z, names = case.covariates(rows)
    if "y0" in rows:
        return np.column_stack([rows["y0"], z]), ["y0", *names]
    return z, names


def _difference(case: Case) -> Estimate:
    rows = case.frame.after
    member = case.member(rows)
    found = groups.difference(
        rows["y"], member, clusters=case.clusters(rows), estimand=case.estimand
    )
    if case.outcome.scale_type != "binary" or found.estimate is None:
        return found
    y = rows["y"].to_numpy()
    g, error = binary_effect_size(y[member], y[~member])
    return replace(found, g=g, g_se=error, sd=None)


def _adjusted(case: Case) -> Estimate | None:
    rows = case.frame.after
    z, names = case.covariates(rows)
    if not names:
        return None
    return groups.adjusted(
        rows["y"], case.member(rows), z, clusters=case.clusters(rows), estimand=case.estimand
    )


def _ancova(case: Case) -> Estimate | None:
    if case.baseline != "linked":
        return None
    rows = case.frame.complete
    z, _names = case.covariates(rows)
    return groups.ancova(
        rows["y"], rows["y0"], case.member(rows), z, clusters=case.clusters(rows),
        estimand=case.estimand,
    )  # fmt: skip


def _did(case: Case) -> Estimate | None:
    if case.baseline != "linked":
        return None
    rows = case.frame.complete
    return did.did(rows["y"], rows["y0"], case.member(rows), clusters=case.clusters(rows))


def _did_repeated(case: Case) -> Estimate | None:
    if case.frame.before is None:
        return None
    rows = case.stacked()
    return did.did_repeated(
        rows["y"], case.member(rows), rows["later"], clusters=case.clusters(rows)
    )


def _weighting(estimator: Callable[..., Estimate]) -> Callable[[Case], Estimate | None]:
    def run(case: Case) -> Estimate | None:
        rows = case.frame.complete
        z, names = _with_baseline(case, rows)
        if not names or case.frame.design == "single_group":
            return None
        return estimator(rows["y"], z, case.member(rows), clusters=case.clusters(rows), names=names)

    return run


def _paired(case: Case) -> Estimate | None:
    if case.baseline != "linked":
        return None
    rows = case.frame.complete
    rows = rows[case.member(rows)]
    return single_group.paired(rows["y"], rows["y0"], clusters=case.clusters(rows), best=case.best)


def _waves(case: Case) -> Estimate | None:
    if case.frame.before is None:
        return None
    rows = case.stacked()
    rows = rows[case.member(rows)]
    later = rows["later"].to_numpy()
    return single_group.waves(rows["y"][later], rows["y"][~later], clusters=case.clusters(rows))


def _superiority(case: Case) -> Estimate | None:
    if case.frame.design == "single_group":
        if case.frame.before is None:
            return None
        rows = case.stacked()
        found = ordinal.superiority(
            rows["y"], rows["later"], clusters=case.clusters(rows), estimand="change"
        )
        return replace(found, n_program=len(case.frame.after), n_comparison=None)
    rows = case.frame.after
    return ordinal.superiority(
        rows["y"], case.member(rows), clusters=case.clusters(rows), estimand=case.estimand
    )


def _net_rise(case: Case) -> Estimate | None:
    if case.baseline != "linked":
        return None
    rows = case.frame.complete
    member = None if case.frame.design == "single_group" else case.member(rows)
    return ordinal.net_rise(rows["y"], rows["y0"], member, clusters=case.clusters(rows))


def _weighted(estimator: str, weight: str) -> Callable[[Case], Estimate | None]:
    """The design's own difference, each person weighted by a column that the frame holds."""

    def run(case: Case) -> Estimate | None:
        rows = case.frame.complete
        if weight not in rows or case.frame.design == "single_group":
            return None
        rows = rows.dropna(subset=[weight])
        member, clusters = case.member(rows), case.clusters(rows)
        if case.frame.design == "comparison" and case.baseline == "linked":
            return did.did(
                rows["y"], rows["y0"], member, clusters=clusters, weights=rows[weight],
                estimator=estimator,
            )  # fmt: skip
        return groups.difference(
            rows["y"], member, clusters=clusters, weights=rows[weight], estimator=estimator,
            estimand=case.estimand,
        )  # fmt: skip

    return run


def _dose_response(case: Case) -> Estimate | None:
    name = case.outcome.dose
    rows = case.frame.complete
    if name is None or name not in rows:
        return None
    rows = rows[case.member(rows)]
    baseline = rows.get("y0")
    return dose.dose_response(
        rows["y"], numeric(rows[name]), baseline, clusters=case.clusters(rows)
    )


ESTIMATORS: dict[str, Callable[[Case], Estimate | None]] = {
    "difference": _difference,
    "adjusted": _adjusted,
    "ancova": _ancova,
    "did": _did,
    "did_repeated": _did_repeated,
    "aipw": _weighting(weighting.aipw),
    "ipw": _weighting(weighting.ipw),
    "paired": _paired,
    "waves": _waves,
    "superiority": _superiority,
    "net_rise": _net_rise,
    "attrition_weighted": _weighted("attrition_weighted", "weight_attrition"),
    "raked": _weighted("raked", "weight_population"),
    "dose_response": _dose_response,
}
