"""The estimators of each design, as pure functions on arrays.

Two groups afterwards, two groups before and after (plain and doubly robust), one group, a dose.

Ordered outcomes come last: how often the one is above the other, without distances between the
steps. Their estimates are net shares of persons, from -1 to 1: the share above minus the share
below. Half of it plus one half is the probability of superiority.

One outcome's data as a case; the table design -> primary estimator; how each takes a case.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evaluasi_lib.program import Design, Outcome
from evaluasi_lib.scoring import weighting
from evaluasi_lib.scoring.estimate import (
    Estimand,
    Estimate,
    binary_effect_size,
    cluster_codes,
    linear_contrast,
    mean_contrast,
    not_estimated,
    pooled_sd,
    two_few,
    two_groups_contrast,
    unlinked_note,
)
from evaluasi_lib.scoring.frames import OutcomeFrame, design_matrix, in_program, numeric
from evaluasi_lib.scoring.weighting import (
    Ready,
    Shown,
    att_influence,
    can_model,
    design,
    from_influence,
    prepare,
)
from evaluasi_lib.wording import _

MIN_PER_COVARIATE = 5  # persons of the smaller group for one column (Vittinghoff, McCulloch 2007)
MIN_DOSED = 10


def difference(
    y: ArrayLike, program: ArrayLike, *, clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None, estimand: Estimand = "ate", estimator: str = "difference",
) -> Estimate:  # fmt: skip
    """Mean of y (n,) in the program minus that of the comparison; program (n,) is true or false.

    Ordinary least squares on the group with HC2 errors and Welch's df, which is Welch's t test.
    NSW (Dehejia-Wahba) gives 1794.342 with HC2 670.997 and classical 632.853.
    """
    y, member = np.asarray(y, dtype=float), np.asarray(program, dtype=bool)
    if reason := two_few(member):
        return not_estimated(estimator, estimand, reason)
    sd, df = pooled_sd(y[member], y[~member])
    return two_groups_contrast(
        y, member, estimator=estimator, estimand=estimand, clusters=clusters, weights=weights,
        sd=sd, sd_df=df,
    )  # fmt: skip


def adjusted(
    y: ArrayLike, program: ArrayLike, covariates: ArrayLike, *, interacted: bool = False,
    clusters: ArrayLike | None = None, estimand: Estimand = "ate", estimator: str = "adjusted",
) -> Estimate:  # fmt: skip
    """Difference given covariates (n, p) measured before the program; full rank with the group.

    interacted: Lin (2013), centred covariates crossed with the group, which in a large randomised
    sample cannot be less precise than no adjustment. Without: ANCOVA. Agrees with R lm and sandwich
    (HC2) on NSW (1676.343) and JOBS II (-0.0486, Lin -0.0480).
    """
    y, member = np.asarray(y, dtype=float), np.asarray(program, dtype=bool)
    if reason := two_few(member):
        return not_estimated(estimator, estimand, reason)
    z = np.asarray(covariates, dtype=float).reshape(len(y), -1)
    z = z - z.mean(axis=0)
    x = np.column_stack([np.ones(len(y)), member, z])
    if interacted:
        x = np.column_stack([x, z * member[:, None]])
    if len(y) <= x.shape[1] + 2 or np.linalg.matrix_rank(x) < x.shape[1]:
        few = _("too few persons for so many covariates")
        fixed = _("the covariates leave no choice of group, or one follows from the others")
        reason = few if len(y) <= x.shape[1] + 2 else fixed
        return not_estimated(estimator, estimand, reason)
    sd, df = pooled_sd(y[member], y[~member])
    return linear_contrast(
        x, y, 1, estimator=estimator, estimand=estimand, program=member, clusters=clusters,
        sd=sd, sd_df=df,
    )  # fmt: skip


def did(
    after: ArrayLike, before: ArrayLike, program: ArrayLike, *,
    clusters: ArrayLike | None = None, weights: ArrayLike | None = None, estimator: str = "did",
) -> Estimate:  # fmt: skip
    """Change of the program's persons minus that of the comparison's; all arrays (n,), persons
    measured twice. The same as two-way fixed effects on the balanced panel.

    The effect size divides by the pooled SD afterwards (WWC), not by the SD of the changes.
    """
    after, before = np.asarray(after, dtype=float), np.asarray(before, dtype=float)
    member = np.asarray(program, dtype=bool)
    if reason := two_few(member):
        return not_estimated(estimator, "att", reason)
    sd, df = pooled_sd(after[member], after[~member])
    return two_groups_contrast(
        after - before, member, estimator=estimator, estimand="att", clusters=clusters,
        weights=weights, sd=sd, sd_df=df,
    )  # fmt: skip


def did_repeated(
    y: ArrayLike, program: ArrayLike, later: ArrayLike, *, clusters: ArrayLike | None = None,
    estimator: str = "did_repeated",
) -> Estimate:  # fmt: skip
    """Difference in differences of independent samples: y, program, later (n,) are rows of both
    waves. n counts the rows afterwards."""
    y = np.asarray(y, dtype=float)
    member, late = np.asarray(program, dtype=bool), np.asarray(later, dtype=bool)
    for wave in (late, ~late):
        if reason := two_few(member[wave]):
            return not_estimated(estimator, "att", reason)
    sd, df = pooled_sd(y[member & late], y[~member & late])
    return linear_contrast(
        np.column_stack([np.ones(len(y)), member, late, member & late]), y, 3, estimator=estimator,
        estimand="att", program=member, clusters=clusters, sd=sd, sd_df=df,
        persons=(int((member & late).sum()), int((~member & late).sum())),
        warnings=(unlinked_note(),),
    )  # fmt: skip


def drdid(
    after: ArrayLike, before: ArrayLike, program: ArrayLike, covariates: ArrayLike, *,
    clusters: ArrayLike | None = None, shown: Shown | None = None, estimator: str = "drdid",
) -> Estimate:  # fmt: skip
    """Effect on the treated from persons measured twice: after, before, program (n,), covariates
    (n, p) measured before.

    Sant'Anna and Zhao's estimator for panel data with a logit and least squares (R DRDID::
    drdid_panel): the doubly robust effect on the change, with the influence function of both
    models, summed by cluster. Without covariates it is did. Where the chances cannot be modelled,
    the outcome model alone ("regression_did"; DRDID::reg_did_panel), and with too few persons for
    that did itself; a warning says so. shown: as in ipw.
    """
    after, before = np.asarray(after, dtype=float), np.asarray(before, dtype=float)
    member = np.asarray(program, dtype=bool)
    plain = did(after, before, member, clusters=clusters)
    every = np.ones(len(after), dtype=bool)
    return _doubly_robust(
        after - before, covariates, member, (every,), plain, clusters, shown, estimator
    )


def drdid_repeated(
    y: ArrayLike, program: ArrayLike, later: ArrayLike, covariates: ArrayLike, *,
    clusters: ArrayLike | None = None, shown: Shown | None = None,
    estimator: str = "drdid_repeated",
) -> Estimate:  # fmt: skip
    """The same from independent samples: y, program, later (n,) and covariates (n, p) are rows of
    both waves (R DRDID::drdid_rc1).

    The chances come from the rows of both waves, which supposes that neither group changes its
    make-up between them; each wave has its own outcome model. Falls back as drdid does.
    """
    y, late = np.asarray(y, dtype=float), np.asarray(later, dtype=bool)
    member = np.asarray(program, dtype=bool)
    plain = did_repeated(y, member, late, clusters=clusters)
    return _doubly_robust(y, covariates, member, (late, ~late), plain, clusters, shown, estimator)


def _doubly_robust(
    y: Array, covariates: ArrayLike, member: NDArray[np.bool_],
    waves: tuple[NDArray[np.bool_], ...], plain: Estimate, clusters: ArrayLike | None,
    shown: Shown | None, estimator: str,
) -> Estimate:  # fmt: skip
    """The doubly robust effect in the first wave less that in the second, or what stands in for it:
    `plain`, the same without covariates, or the outcome model alone."""
    if plain.estimate is None:
        return replace(plain, estimator=estimator)
    z = np.asarray(covariates, dtype=float).reshape(len(y), -1)
    x = design(z, len(y))
    fewest = min(int((group & wave).sum()) for group in (member, ~member) for wave in waves)
    thin = fewest < MIN_PER_COVARIATE * z.shape[1]
    if thin or not all(can_model(x, ~member & wave) for wave in waves):
        note = _(
            "There are too few persons for so many covariates, so the difference in differences "
            "does without them."
        )
        return replace(
            plain, estimator=_named(estimator, plain.estimator), warnings=(*plain.warnings, note)
        )
    ready = prepare(z, member, shown)
    if isinstance(ready, Ready):
        fit, balance, notes, name = ready.fit, ready.balance, ready.notes, estimator
    else:
        note = _(
            "A doubly robust estimate is not possible ({reason}); the change of the comparison "
            "group is modelled by regression alone, beyond what the data cover."
        ).format(reason=ready)
        fit, balance, notes, name = None, [], (note,), _named(estimator, "regression_did")
    # Not plain's warnings as such: what few clusters forbid is said of the estimate's own df.
    unlinked = (unlinked_note(),) if len(waves) > 1 else ()
    parts = [att_influence(y, x, member, fit, wave) for wave in waves]
    att, influence = parts[0]
    for before, lost in parts[1:]:
        att, influence = att - before, influence - lost
    return from_influence(
        att, influence, member, k=x.shape[1] * len(waves), clusters=clusters, estimator=name,
        balance=balance, warnings=(*unlinked, *notes), sd=plain.sd, sd_df=plain.sd_df,
        persons=(plain.n_program, plain.n_comparison or 0),
    )  # fmt: skip


def _named(estimator: str, instead: str) -> str:
    """The name of what stands in; an estimate on another measure (net shares) keeps its own."""
    return instead if estimator.startswith("drdid") else estimator


def paired(
    after: ArrayLike, before: ArrayLike, *, clusters: ArrayLike | None = None,
    estimator: str = "paired",
) -> Estimate:  # fmt: skip
    """Mean of after - before (n,) of the same persons: the paired t test, CR2 within clusters.

    The effect size is g_av (the mean of the two variances in the denominator). Agrees with R
    t.test(paired) and effectsize on the sleep data.
    """
    after, before = np.asarray(after, dtype=float), np.asarray(before, dtype=float)
    found = mean_contrast(after - before, estimator=estimator, clusters=clusters)
    if found.estimate is None:
        return found
    sd_av = math.sqrt((after.var(ddof=1) + before.var(ddof=1)) / 2)
    return replace(found, sd=sd_av or None, sd_df=float(len(after) - 1))


def waves(
    after: ArrayLike, before: ArrayLike, *, clusters: ArrayLike | None = None,
    estimator: str = "waves",
) -> Estimate:  # fmt: skip
    """Difference between two waves that cannot be linked: independent samples, after (n1,) and
    before (n0,). clusters (n1 + n0,), after first. Weaker than pairs: the same persons may answer
    twice, and who answers may change."""
    after, before = np.asarray(after, dtype=float), np.asarray(before, dtype=float)
    if min(len(after), len(before)) < 2:
        return not_estimated(
            estimator, "change", _("at least 2 answers are needed at each time"),
            n_program=len(after),
        )  # fmt: skip
    y = np.concatenate([after, before])
    later = np.arange(len(y)) < len(after)
    sd, df = pooled_sd(after, before)
    return two_groups_contrast(
        y, later, estimator=estimator, estimand="change", clusters=clusters,
        persons=(len(after), None), sd=sd, sd_df=df, warnings=(unlinked_note(),),
    )  # fmt: skip


def dose_response(
    y: ArrayLike, dose: ArrayLike, baseline: ArrayLike | None = None, *,
    clusters: ArrayLike | None = None, estimator: str = "dose_response",
) -> Estimate:  # fmt: skip
    """Slope of y (n,) on the dose (n,) among participants, given the measure before where there is
    one: difference in the outcome for one more unit of dose."""
    y, dose = np.asarray(y, dtype=float), np.asarray(dose, dtype=float)
    known = ~np.isnan(dose)
    columns = [np.ones(int(known.sum())), dose[known]]
    if baseline is not None:
        columns.append(np.asarray(baseline, dtype=float)[known])
    if known.sum() < MIN_DOSED or len(np.unique(dose[known])) < 2:
        return not_estimated(
            estimator, "association",
            _("too few persons with a known dose") if known.sum() < MIN_DOSED
            else _("all had the same dose"),
            n_program=int(known.sum()),
        )  # fmt: skip
    return linear_contrast(
        np.column_stack(columns), y[known], 1, estimator=estimator, estimand="association",
        program=np.ones(int(known.sum()), dtype=bool), two_groups=False,
        clusters=None if clusters is None else np.asarray(clusters)[known],
        sd_outcome=float(y[known].std(ddof=1)),
        warnings=(
            _("Who received more may differ from who received less: this is an association, not "
              "the effect of a higher dose."),
        ),
    )  # fmt: skip


def superiority(
    y: ArrayLike, program: ArrayLike, *, clusters: ArrayLike | None = None,
    estimand: Estimand = "ate", estimator: str = "superiority",
) -> Estimate:  # fmt: skip
    """Net share of the program's persons above those of the comparison (Cliff's delta).

    Its error is that of a difference of mean placements, the place of each person among the other
    group (Brunner and Munzel 2000, with their df); CR2 within clusters. Limits beyond -1 and 1 are
    cut off there, which changes neither coverage nor the test. sd_outcome is the pooled
    SD of the placements, in net shares.
    """
    y, member = np.asarray(y, dtype=float), np.asarray(program, dtype=bool)
    if reason := two_few(member):
        return not_estimated(estimator, estimand, reason)
    placement = np.empty(len(y))
    placement[member] = _net_place(y[member], y[~member])
    placement[~member] = _net_place(y[~member], y[member])
    # A group's mean placement is delta, the other's minus delta: half their difference is delta,
    # and its variance adds up what each group contributes.
    found = two_groups_contrast(
        placement / 2, member, estimator=estimator, estimand=estimand, clusters=clusters,
    )  # fmt: skip
    error = None if found.std_error is None else found.std_error * 2
    sd, _df = pooled_sd(placement[member], placement[~member])
    return replace(found, std_error=error, bounds=(-1.0, 1.0), sd_outcome=sd)


def _net_place(values: Array, others: Array) -> Array:
    """Share of the others below minus share above, for each value."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, side="left")
    above = len(ordered) - np.searchsorted(ordered, values, side="right")
    return (below - above) / len(ordered)


def net_rise(
    after: ArrayLike, before: ArrayLike, program: ArrayLike | None = None, *,
    covariates: ArrayLike | None = None, shown: tuple[Array, list[str]] | None = None,
    clusters: ArrayLike | None = None, estimator: str = "net_rise",
) -> Estimate:  # fmt: skip
    """Share of persons who rose minus share who fell, of one group or, with program (n,), in the
    program minus the comparison: a difference in differences that uses order alone, with
    covariates (n, p) doubly robust as drdid. sd_outcome: SD of -1, 0, 1 over persons."""
    moved = np.sign(np.asarray(after, dtype=float) - np.asarray(before, dtype=float))
    if program is not None:
        still = np.zeros(len(moved))
        how: dict[str, Any] = {"clusters": clusters, "estimator": estimator}
        if covariates is None:
            found = did(moved, still, program, **how)
        else:
            found = drdid(moved, still, program, covariates, shown=shown, **how)
        return replace(found, sd=None, sd_df=None, bounds=(-2.0, 2.0), sd_outcome=found.sd)
    spread = float(moved.std(ddof=1)) if len(moved) > 1 else None
    found = mean_contrast(moved, estimator=estimator, clusters=clusters, sd_outcome=spread)
    return replace(found, bounds=(-1.0, 1.0))


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
    return adjusted(rows["y"], covariates=rows["y0"], **how)


def _difference(case: Case) -> Estimate:
    rows = case.frame.after
    found = difference(rows["y"], **case.arms(rows), estimand=case.unadjusted_estimand)
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
    return adjusted(rows["y"], covariates=z, **case.arms(rows), estimand=case.estimand)


def _ancova(case: Case) -> Estimate:
    """Given the measure before and the covariates: in Lin's form where the groups were drawn by
    lot, which keeps everybody (a missing measure before becomes its mean and an indicator)."""
    if case.frame.design == "randomised":
        return _lin(case)
    rows = case.frame.complete
    z, _names = case.covariates(rows, baseline=True)
    return adjusted(
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
        found = adjusted(
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
    return paired(rows["y"], rows["y0"], clusters=case.clusters(rows))


def _waves(case: Case) -> Estimate:
    rows = case.waves
    rows = rows[case.member(rows)]
    later = rows["later"].to_numpy()
    return waves(rows["y"][later], rows["y"][~later], clusters=case.clusters(rows))


def _superiority(case: Case) -> Estimate | None:
    if case.frame.design != "single_group":
        rows = case.frame.after
        return superiority(rows["y"], **case.arms(rows), estimand=case.unadjusted_estimand)
    if case.baseline != "independent":
        return None
    rows = case.waves
    found = superiority(rows["y"], rows["later"], clusters=case.clusters(rows), estimand="change")
    return replace(found, n_program=len(case.frame.after), n_comparison=None)


def _net_rise(case: Case) -> Estimate:
    if case.frame.design == "single_group":
        rows = case.waves
        return net_rise(rows["y"], rows["y0"], clusters=case.clusters(rows))
    given = case.frame.design == "comparison" and bool(case.design.covariates)
    return _change(net_rise, given=given)(case)


def _weighted(estimator: str, weight: str) -> Adapter:
    """The design's own difference, each person weighted by a column that the frame holds."""

    def run(case: Case) -> Estimate | None:
        rows = case.frame.complete
        if weight not in rows or case.frame.design == "single_group":
            return None
        rows = rows.dropna(subset=[weight])
        how = {**case.arms(rows), "weights": rows[weight], "estimator": estimator}
        if case.frame.design == "comparison" and case.baseline == "linked":
            return did(rows["y"], rows["y0"], **how)
        return difference(rows["y"], **how, estimand=case.unadjusted_estimand)

    return run


def _dose_response(case: Case) -> Estimate | None:
    rows, name = case.frame.complete, case.outcome.dose
    if name is None or name not in rows:
        return None
    rows = rows[case.member(rows)]
    return dose_response(
        rows["y"], numeric(rows[name]), rows.get("y0"), clusters=case.clusters(rows)
    )


ESTIMATORS: dict[str, Adapter] = {
    "difference": _difference,
    "adjusted": _adjusted,
    "ancova": _ancova,
    "did": _change(did),
    "did_repeated": _change(did_repeated),
    "drdid": _change(drdid, given=True),
    "drdid_repeated": _change(drdid_repeated, given=True),
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
