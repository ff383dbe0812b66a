"""One outcome's data as a case; the table design -> primary estimator; how each takes a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluasi_lib.program import Design, Outcome
from evaluasi_lib.scoring.frames import OutcomeFrame, design_matrix, in_program, numeric
from evaluasi_lib.scoring.impact import designs, weighting
from evaluasi_lib.scoring.impact.designs import MIN_PER_COVARIATE
from evaluasi_lib.scoring.impact.estimate import Estimand, Estimate, binary_effect_size
from evaluasi_lib.scoring.impact.models import cluster_codes
from evaluasi_lib.wording import _

Array = NDArray[np.float64]
Baseline = Literal["none", "linked", "independent"]
# (design, what was measured before) -> estimators: the primary one, then those that check it. An
# outcome's key `estimator` overrides the primary one. "covariates": nothing of the outcome itself,
# but background that was declared; "+covariates": both.
PLANS: dict[tuple[str, str], tuple[str, ...]] = {
    ("randomised", "none"): ("difference",),
    ("randomised", "covariates"): ("difference", "adjusted"),
    ("randomised", "linked"): ("ancova", "difference", "adjusted", "did"),
    ("randomised", "independent"): ("difference", "adjusted"),
    ("comparison", "none"): ("difference",),
    ("comparison", "covariates"): ("aipw", "ipw", "adjusted", "difference"),
    ("comparison", "linked"): ("did", "ancova", "aipw", "ipw", "difference"),
    ("comparison", "linked+covariates"): ("drdid", "did", "ancova", "aipw", "ipw", "difference"),
    ("comparison", "independent"): ("did_repeated", "difference"),
    ("comparison", "independent+covariates"): ("drdid_repeated", "did_repeated", "difference"),
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
# Estimators that rest on the groups' changes being alike without the program (given covariates).
PARALLEL = ("did", "drdid", "regression_did", "did_repeated", "drdid_repeated", "net_rise")
NET_SHARE = ("superiority", "net_rise")  # in persons, whatever the outcome's unit
# What must have been measured before, for the estimators that cannot do without.
NEEDS = {
    "ancova": "linked", "did": "linked", "drdid": "linked", "paired": "linked",
    "net_rise": "linked", "did_repeated": "independent", "drdid_repeated": "independent",
    "waves": "independent",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """The arrays of one outcome (or of one of its subgroups)."""

    outcome: Outcome
    design: Design
    frame: OutcomeFrame

    @property
    def baseline(self) -> Baseline:
        if not self.frame.has_baseline:
            return "none"
        return "independent" if self.frame.before is not None else "linked"

    @property
    def estimand(self) -> Estimand:
        """Of a randomised design the effect on those assigned, whether or not they took part."""
        return "itt" if self.frame.design == "randomised" else "att"

    @property
    def unadjusted_estimand(self) -> Estimand:
        """Of groups compared as they are: an effect only where they were drawn by lot."""
        return "itt" if self.frame.design == "randomised" else "difference"

    def member(self, rows: pd.DataFrame) -> NDArray[np.bool_]:
        return in_program(rows)

    def clusters(self, rows: pd.DataFrame) -> NDArray[np.intp] | None:
        return cluster_codes(rows, self.design.cluster)

    def arms(self, rows: pd.DataFrame) -> dict[str, Any]:
        """Group and clusters of the rows, as estimators name them."""
        return {"program": self.member(rows), "clusters": self.clusters(rows)}

    def covariates(self, rows: pd.DataFrame, *, baseline: bool = False) -> tuple[Array, list[str]]:
        """Columns as the models take them, the linked measure before first where it is meant."""
        return design_matrix(rows, self._names(rows, baseline), self.design.covariate_form)

    def characteristics(
        self, rows: pd.DataFrame, *, baseline: bool = False
    ) -> tuple[Array, list[str]]:
        """The same as persons' characteristics, of which balance is reported."""
        return design_matrix(rows, self._names(rows, baseline))

    def _names(self, rows: pd.DataFrame, baseline: bool) -> list[str]:
        return [*(["y0"] if baseline and "y0" in rows else []), *self.design.covariates]

    @property
    def waves(self) -> pd.DataFrame:
        """The persons measured twice, y0 beside y; of independent samples the rows of both waves
        under one another, `later` true for the later ones."""
        before = self.frame.before
        if before is None:
            return self.frame.complete
        rows = pd.concat([self.frame.after, before], ignore_index=True)
        return rows.assign(later=np.arange(len(rows)) < len(self.frame.after))

    def subset(self, variable: str, rule: Callable[[pd.Series], pd.Series]) -> Case:
        """The same case for the persons whose value of a variable meets a rule."""

        def kept(rows: pd.DataFrame) -> pd.DataFrame:
            return rows[rule(rows[variable])].reset_index(drop=True)

        before = None if self.frame.before is None else kept(self.frame.before)
        return replace(self, frame=replace(self.frame, after=kept(self.frame.after), before=before))


Adapter = Callable[[Case], Estimate | None]


def plan_of(case: Case) -> tuple[str, ...] | None:
    """The estimators of a case, the primary one first; None where one group was measured once. A
    declared estimator comes first and the table's own checks it."""
    table = ORDINAL_PLANS if case.outcome.scale_type == "ordinal" else PLANS
    design, situation = case.frame.design, str(case.baseline)
    if case.design.covariates and design != "single_group":
        adjusted = "covariates" if situation == "none" else f"{situation}+covariates"
        situation = adjusted if (design, adjusted) in table else situation
    plan = table.get((design, situation))
    if plan is None:
        return None
    first = case.outcome.estimator or plan[0]
    return (first, *(name for name in plan if name != first), *ALWAYS)


def estimate(name: str, case: Case) -> Estimate | None:
    """The named estimator's result; None where it does not fit the data of the case."""
    if name not in ESTIMATORS or NEEDS.get(name, case.baseline) != case.baseline:
        return None
    return ESTIMATORS[name](case)


def bracket(case: Case, primary: Estimate) -> Estimate | None:
    """ANCOVA beside a difference in differences of a comparison design, which it has to agree with;
    None where the measure before is of other persons or the same for everybody (both are one)."""
    if case.frame.design != "comparison" or case.baseline != "linked":
        return None
    if primary.estimator not in PARALLEL or primary.estimate is None:
        return None
    rows = case.frame.complete
    if not np.ptp(rows["y0"]):
        return None
    found = _ancova(case)
    if found.estimate is not None:
        return found
    how = {**case.arms(rows), "estimand": case.estimand, "estimator": "ancova"}
    return designs.adjusted(rows["y"], covariates=rows["y0"], **how)


def _difference(case: Case) -> Estimate:
    rows = case.frame.after
    found = designs.difference(rows["y"], **case.arms(rows), estimand=case.unadjusted_estimand)
    if case.outcome.scale_type != "binary" or found.estimate is None:
        return found
    y, member = rows["y"].to_numpy(), case.member(rows)
    g, error = binary_effect_size(y[member], y[~member])
    found = replace(found, g=g, g_se=error, sd=None, sd_outcome=found.sd)
    if case.clusters(rows) is not None or not set(np.unique(y)) <= {0.0, 1.0}:
        return found
    shares = (int(y[member].sum()), int(member.sum()), int(y[~member].sum()), int((~member).sum()))
    return replace(found, shares=shares, inference=True, reason=None)


def _adjusted(case: Case) -> Estimate | None:
    rows = case.frame.after
    z, names = case.covariates(rows)
    if not names:
        return None
    return designs.adjusted(rows["y"], covariates=z, **case.arms(rows), estimand=case.estimand)


def _ancova(case: Case) -> Estimate:
    """Given the measure before and the covariates: in Lin's form where the groups were drawn by
    lot, which keeps everybody (a missing measure before becomes its mean and an indicator)."""
    if case.frame.design == "randomised":
        return _lin(case)
    rows = case.frame.complete
    z, _names = case.covariates(rows, baseline=True)
    return designs.adjusted(
        rows["y"], covariates=z, **case.arms(rows), estimand=case.estimand, estimator="ancova"
    )


def _lin(case: Case) -> Estimate:
    """Lin's estimator with the covariates, else with the measure before alone, else unadjusted."""
    rows = case.frame.after
    member = case.member(rows)
    fewest = int(min(member.sum(), (~member).sum()))
    for shown in (case, replace(case, design=case.design.model_copy(update={"covariates": []}))):
        z, _names = shown.covariates(rows, baseline=True)
        z = z[:, [_told_in(c[member]) and _told_in(c[~member]) for c in z.T]] if fewest else z
        if z.shape[1] == 0 or fewest < MIN_PER_COVARIATE * z.shape[1]:
            continue
        found = designs.adjusted(
            rows["y"], covariates=z, **case.arms(rows), interacted=True, estimand=case.estimand,
            estimator="ancova",
        )  # fmt: skip
        if found.estimate is not None:
            if shown is case:
                return found
            note = _("There are too few persons for so many covariates, so only the measure before "
                     "is adjusted for.")  # fmt: skip
            return replace(found, warnings=(*found.warnings, note))
    found = _difference(case)
    note = _("The measure before could not be used for adjustment: it is the same for everybody.")
    if fewest < MIN_PER_COVARIATE:
        note = _("The measure before could not be used for adjustment: too few persons.")
    return found if found.estimate is None else replace(found, warnings=(*found.warnings, note))


def _change(
    estimator: Callable[..., Estimate], *, given: bool = False
) -> Callable[[Case], Estimate]:
    """By both waves of both groups, given the covariates."""

    def run(case: Case) -> Estimate:
        rows = case.waves
        linked = case.baseline == "linked"
        how = case.arms(rows) | ({"before": rows["y0"]} if linked else {"later": rows["later"]})
        if given:
            z, _names = case.covariates(rows)
            how |= {"covariates": z, "shown": case.characteristics(rows)}
        return estimator(rows["y"], **how)

    return run


def _told_in(column: Array) -> bool:
    """Whether a covariate varies within one group, an indicator by enough persons: a model with an
    effect of its own for one or two of them (Lin's crosses each covariate with the group) would
    rest on them alone."""
    values, counts = np.unique(column, return_counts=True)
    return len(values) > 1 and (len(values) > 2 or bool(counts.min() >= MIN_PER_COVARIATE))


def _weighting(estimator: Callable[..., Estimate]) -> Adapter:
    """By the covariates, with the linked measure before among them."""

    def run(case: Case) -> Estimate | None:
        rows = case.frame.complete
        z, names = case.covariates(rows, baseline=True)
        if not names or case.frame.design == "single_group":
            return None
        shown = case.characteristics(rows, baseline=True)
        return estimator(rows["y"], z, **case.arms(rows), shown=shown)

    return run


def _paired(case: Case) -> Estimate:
    rows = case.waves
    rows = rows[case.member(rows)]
    return designs.paired(rows["y"], rows["y0"], clusters=case.clusters(rows))


def _waves(case: Case) -> Estimate:
    rows = case.waves
    rows = rows[case.member(rows)]
    later = rows["later"].to_numpy()
    return designs.waves(rows["y"][later], rows["y"][~later], clusters=case.clusters(rows))


def _superiority(case: Case) -> Estimate | None:
    if case.frame.design != "single_group":
        rows = case.frame.after
        return designs.superiority(rows["y"], **case.arms(rows), estimand=case.unadjusted_estimand)
    if case.baseline != "independent":
        return None
    rows = case.waves
    found = designs.superiority(
        rows["y"], rows["later"], clusters=case.clusters(rows), estimand="change"
    )
    return replace(found, n_program=len(case.frame.after), n_comparison=None)


def _net_rise(case: Case) -> Estimate:
    if case.frame.design == "single_group":
        rows = case.waves
        return designs.net_rise(rows["y"], rows["y0"], clusters=case.clusters(rows))
    given = case.frame.design == "comparison" and bool(case.design.covariates)
    return _change(designs.net_rise, given=given)(case)


def _weighted(estimator: str, weight: str) -> Adapter:
    """The design's own difference, each person weighted by a column that the frame holds."""

    def run(case: Case) -> Estimate | None:
        rows = case.frame.complete
        if weight not in rows or case.frame.design == "single_group":
            return None
        rows = rows.dropna(subset=[weight])
        how = {**case.arms(rows), "weights": rows[weight], "estimator": estimator}
        if case.frame.design == "comparison" and case.baseline == "linked":
            return designs.did(rows["y"], rows["y0"], **how)
        return designs.difference(rows["y"], **how, estimand=case.unadjusted_estimand)

    return run


def _dose_response(case: Case) -> Estimate | None:
    rows, name = case.frame.complete, case.outcome.dose
    if name is None or name not in rows:
        return None
    rows = rows[case.member(rows)]
    return designs.dose_response(
        rows["y"], numeric(rows[name]), rows.get("y0"), clusters=case.clusters(rows)
    )


ESTIMATORS: dict[str, Adapter] = {
    "difference": _difference,
    "adjusted": _adjusted,
    "ancova": _ancova,
    "did": _change(designs.did),
    "did_repeated": _change(designs.did_repeated),
    "drdid": _change(designs.drdid, given=True),
    "drdid_repeated": _change(designs.drdid_repeated, given=True),
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
