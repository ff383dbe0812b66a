"""The one table: design -> primary estimator; and how each estimator takes a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from evaluasi_lib.scoring.frames import numeric
from evaluasi_lib.scoring.impact import did, dose, groups, ordinal, single_group, weighting
from evaluasi_lib.scoring.impact.case import Case
from evaluasi_lib.scoring.impact.estimate import Estimate, binary_effect_size

# (design, what was measured before) -> estimators: the primary one, then those that check it. An
# outcome's key `estimator` overrides the primary one. "covariates": nothing of the outcome itself,
# but background that was declared.
PLANS: dict[tuple[str, str], tuple[str, ...]] = {
    ("randomised", "none"): ("difference",),
    ("randomised", "covariates"): ("difference", "adjusted"),
    ("randomised", "linked"): ("difference", "ancova", "adjusted", "did"),
    ("randomised", "independent"): ("difference", "adjusted"),
    ("comparison", "none"): ("difference",),
    ("comparison", "covariates"): ("aipw", "ipw", "adjusted", "difference"),
    ("comparison", "linked"): ("did", "ancova", "aipw", "ipw", "difference"),
    ("comparison", "independent"): ("did_repeated", "difference"),
    ("single_group", "linked"): ("paired",),
    ("single_group", "independent"): ("waves",),
}
ORDINAL_PLANS: dict[tuple[str, str], tuple[str, ...]] = {
    ("randomised", "none"): ("superiority", "difference"),
    ("randomised", "covariates"): ("superiority", "difference", "adjusted"),
    ("randomised", "linked"): ("superiority", "net_rise", "difference", "ancova"),
    ("randomised", "independent"): ("superiority", "difference"),
    ("comparison", "none"): ("superiority", "difference"),
    ("comparison", "covariates"): ("superiority", "aipw", "difference"),
    ("comparison", "linked"): ("net_rise", "superiority", "did", "ancova"),
    ("comparison", "independent"): ("did_repeated", "superiority", "difference"),
    ("single_group", "linked"): ("net_rise", "paired"),
    ("single_group", "independent"): ("superiority", "waves"),
}
ALWAYS = ("attrition_weighted", "raked", "dose_response")
NET_SHARE = ("superiority", "net_rise")  # in persons, whatever the outcome's unit
# What must have been measured before, for the estimators that cannot do without.
NEEDS = {
    "ancova": "linked", "did": "linked", "paired": "linked", "net_rise": "linked",
    "did_repeated": "independent", "waves": "independent",
}  # fmt: skip


def plan_of(case: Case) -> tuple[str, ...] | None:
    """The estimators of a case, the primary one first; None where one group was measured once. A
    declared estimator comes first and the table's own checks it."""
    table = ORDINAL_PLANS if case.outcome.scale_type == "ordinal" else PLANS
    situation: str = case.baseline
    if situation == "none" and case.design.covariates and case.frame.design != "single_group":
        situation = "covariates"
    plan = table.get((case.frame.design, situation))
    if plan is None:
        return None
    first = case.outcome.estimator or plan[0]
    return (first, *(name for name in plan if name != first), *ALWAYS)


def estimate(name: str, case: Case) -> Estimate | None:
    """The named estimator's result; None where it does not fit the data of the case."""
    if name not in ESTIMATORS or NEEDS.get(name, case.baseline) != case.baseline:
        return None
    return ESTIMATORS[name](case)


def _difference(case: Case) -> Estimate:
    rows = case.frame.after
    found = groups.difference(rows["y"], **case.arms(rows), estimand=case.estimand)
    if case.outcome.scale_type != "binary" or found.estimate is None:
        return found
    y, member = rows["y"].to_numpy(), case.member(rows)
    g, error = binary_effect_size(y[member], y[~member])
    return replace(found, g=g, g_se=error, sd=None)


def _adjusted(case: Case) -> Estimate | None:
    rows = case.frame.after
    z, names = case.covariates(rows)
    if not names:
        return None
    return groups.adjusted(rows["y"], covariates=z, **case.arms(rows), estimand=case.estimand)


def _ancova(case: Case) -> Estimate:
    rows = case.frame.complete
    z, _names = case.covariates(rows)
    return groups.ancova(
        rows["y"], rows["y0"], covariates=z, **case.arms(rows), estimand=case.estimand
    )


def _did(case: Case) -> Estimate:
    rows = case.frame.complete
    return did.did(rows["y"], rows["y0"], **case.arms(rows))


def _did_repeated(case: Case) -> Estimate:
    rows = case.stacked()
    return did.did_repeated(rows["y"], later=rows["later"], **case.arms(rows))


def _weighting(estimator: Callable[..., Estimate]) -> Callable[[Case], Estimate | None]:
    """By the covariates, with the linked measure before among them."""

    def run(case: Case) -> Estimate | None:
        rows = case.frame.complete
        z, names = case.covariates(rows)
        if "y0" in rows:
            z, names = np.column_stack([rows["y0"], z]), ["y0", *names]
        if not names or case.frame.design == "single_group":
            return None
        return estimator(rows["y"], z, **case.arms(rows), names=names)

    return run


def _paired(case: Case) -> Estimate:
    rows = case.frame.complete
    rows = rows[case.member(rows)]
    return single_group.paired(rows["y"], rows["y0"], clusters=case.clusters(rows), best=case.best)


def _waves(case: Case) -> Estimate:
    rows = case.stacked()
    rows = rows[case.member(rows)]
    later = rows["later"].to_numpy()
    return single_group.waves(rows["y"][later], rows["y"][~later], clusters=case.clusters(rows))


def _superiority(case: Case) -> Estimate | None:
    if case.frame.design != "single_group":
        rows = case.frame.after
        return ordinal.superiority(rows["y"], **case.arms(rows), estimand=case.estimand)
    if case.baseline != "independent":
        return None
    rows = case.stacked()
    found = ordinal.superiority(
        rows["y"], rows["later"], clusters=case.clusters(rows), estimand="change"
    )
    return replace(found, n_program=len(case.frame.after), n_comparison=None)


def _net_rise(case: Case) -> Estimate:
    rows = case.frame.complete
    arms = case.arms(rows)
    if case.frame.design == "single_group":
        arms["program"] = None
    return ordinal.net_rise(rows["y"], rows["y0"], **arms)


def _weighted(estimator: str, weight: str) -> Callable[[Case], Estimate | None]:
    """The design's own difference, each person weighted by a column that the frame holds."""

    def run(case: Case) -> Estimate | None:
        rows = case.frame.complete
        if weight not in rows or case.frame.design == "single_group":
            return None
        rows = rows.dropna(subset=[weight])
        how = {**case.arms(rows), "weights": rows[weight], "estimator": estimator}
        if case.frame.design == "comparison" and case.baseline == "linked":
            return did.did(rows["y"], rows["y0"], **how)
        return groups.difference(rows["y"], **how, estimand=case.estimand)

    return run


def _dose_response(case: Case) -> Estimate | None:
    rows, name = case.frame.complete, case.outcome.dose
    if name is None or name not in rows:
        return None
    rows = rows[case.member(rows)]
    return dose.dose_response(
        rows["y"], numeric(rows[name]), rows.get("y0"), clusters=case.clusters(rows)
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
