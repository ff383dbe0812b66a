"""The estimators of each design, by one convention: the case of one outcome in, an estimate out.

PLANS says which design takes which; `estimate` runs one by its name. Estimates of ordered outcomes
(superiority, net_rise) are net shares of persons, from -1 to 1: the share above minus the share
below, without distances between the steps. Half of it plus one half is the probability of
superiority.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluasi_lib.program import Design, Outcome
from evaluasi_lib.scoring.estimate import (
    Estimand,
    Estimate,
    Ready,
    att_influence,
    binary_effect_size,
    can_model,
    cluster_codes,
    from_influence,
    linear_contrast,
    mean_change,
    model_columns,
    not_estimated,
    paired,
    pooled_sd,
    prepare,
    say,
    two_few,
    two_groups,
)
from evaluasi_lib.scoring.frames import OutcomeFrame, design_matrix, in_program, numeric

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Baseline = Literal["none", "linked", "independent"]
MIN_PER_COVARIATE = 5  # persons of the smaller group for one column (Vittinghoff, McCulloch 2007)
MIN_DOSED = 10
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

    def clusters(self, rows: pd.DataFrame) -> NDArray[np.intp] | None:
        return cluster_codes(rows, self.design.cluster)

    def compared(self, rows: pd.DataFrame, y: Any = None, **how: Any) -> Estimate:
        """`two_groups` of the rows' y, or of what is given for it."""
        y = rows["y"] if y is None else y
        return two_groups(y, in_program(rows), clusters=self.clusters(rows), **how)

    def covariates(
        self, rows: pd.DataFrame, *, baseline: bool = False, modelled: bool = True
    ) -> tuple[Array, list[str]]:
        """Columns as the models take them, the linked measure before first where it is meant, or
        (not modelled) as persons' characteristics, of which balance is reported."""
        names = [*(["y0"] if baseline and "y0" in rows else []), *self.design.covariates]
        return design_matrix(rows, names, self.design.covariate_form if modelled else "linear")

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
    return ESTIMATORS[name](case, name)


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
    found = _ancova(case, "ancova")
    if found.estimate is not None:
        return found
    return _given(case, rows, rows[["y0"]].to_numpy(), "ancova")


def _difference(case: Case, name: str) -> Estimate:
    rows = case.frame.after
    found = case.compared(rows, estimator="difference", estimand=case.unadjusted_estimand)
    if case.outcome.scale_type != "binary" or found.estimate is None:
        return found
    y, member = rows["y"].to_numpy(), in_program(rows)
    own, others = y[member], y[~member]
    g, error = binary_effect_size(own, others)
    found = replace(found, g=g, g_se=error, sd=None, sd_outcome=found.sd)
    if case.clusters(rows) is not None or not set(np.unique(y)) <= {0.0, 1.0}:
        return found
    shares = (int(own.sum()), len(own), int(others.sum()), len(others))
    return replace(found, shares=shares, inference=True, reason=None)


def _given(
    case: Case, rows: pd.DataFrame, z: Array, name: str, *, interacted: bool = False
) -> Estimate:
    """Difference given covariates z (n, p) measured before the program; full rank with the group.

    interacted: Lin (2013), centred covariates crossed with the group, which in a large randomised
    sample cannot be less precise than no adjustment. Without: ANCOVA. Agrees with R lm and sandwich
    (HC2) on NSW (1676.343) and JOBS II (-0.0486, Lin -0.0480).
    """
    y, member = rows["y"].to_numpy(dtype=float), in_program(rows)
    if reason := two_few(member):
        return not_estimated(name, case.estimand, reason)
    z = z - z.mean(axis=0)
    x = np.column_stack([np.ones(len(y)), member, z])
    if interacted:
        x = np.column_stack([x, z * member[:, None]])
    few = len(y) <= x.shape[1] + 2
    if few or np.linalg.matrix_rank(x) < x.shape[1]:
        return not_estimated(name, case.estimand, say(f"covariates.{'many' if few else 'fixed'}"))
    sd, df = pooled_sd(y[member], y[~member])
    return linear_contrast(
        x, y, 1, member, clusters=case.clusters(rows), estimator=name, estimand=case.estimand,
        sd=sd, sd_df=df,
    )  # fmt: skip


def _adjusted(case: Case, name: str) -> Estimate | None:
    z, names = case.covariates(case.frame.after)
    return _given(case, case.frame.after, z, name) if names else None


def _ancova(case: Case, name: str) -> Estimate:
    """Given the measure before and the covariates: in Lin's form where the groups were drawn by
    lot, which keeps everybody (a missing measure before becomes its mean and an indicator); with
    the measure before alone where persons are few, else unadjusted."""
    if case.frame.design != "randomised":
        rows = case.frame.complete
        return _given(case, rows, case.covariates(rows, baseline=True)[0], name)
    rows = case.frame.after
    member = in_program(rows)
    fewest = int(min(member.sum(), (~member).sum()))
    for shown in (case, replace(case, design=case.design.model_copy(update={"covariates": []}))):
        z, _names = shown.covariates(rows, baseline=True)
        z = z[:, [_told_in(c[member]) and _told_in(c[~member]) for c in z.T]] if fewest else z
        if z.shape[1] == 0 or fewest < MIN_PER_COVARIATE * z.shape[1]:
            continue
        found = _given(case, rows, z, name, interacted=True)
        if found.estimate is not None:
            return found if shown is case else noted(found, say("lin.before_alone"))
    found = _difference(case, name)
    if found.estimate is None:
        return found
    return noted(found, say(f"lin.{'few' if fewest < MIN_PER_COVARIATE else 'same'}"))


def _told_in(column: Array) -> bool:
    """Whether a covariate varies within one group, an indicator by enough persons: a model with an
    effect of its own for one or two of them (Lin's crosses each covariate with the group) would
    rest on them alone."""
    values, counts = np.unique(column, return_counts=True)
    return len(values) > 1 and (len(values) > 2 or bool(counts.min() >= MIN_PER_COVARIATE))


def noted(found: Estimate, note: str) -> Estimate:
    """The estimate with one warning more."""
    return replace(found, warnings=(*found.warnings, note))


def _change(case: Case, name: str) -> Estimate:
    """By both waves of both groups: did, did_repeated (independent samples), the same given the
    covariates (drdid, drdid_repeated), and net_rise, which uses order alone.

    did is two-way fixed effects on the balanced panel. Its effect size divides by the pooled SD
    afterwards (WWC), not by the SD of the changes.
    """
    rows, ordered = case.waves, name == "net_rise"
    member, clusters = in_program(rows), case.clusters(rows)
    y = rows["y"].to_numpy(dtype=float)
    if case.baseline == "linked":
        moved = y - rows["y0"].to_numpy(dtype=float)
        moved = np.sign(moved) if ordered else moved
        used: tuple[Bools, ...] = (np.ones(len(y), dtype=bool),)
        plain = case.compared(rows, moved, spread=moved if ordered else y, estimand="att",
                              estimator=name if ordered else "did")  # fmt: skip
    else:
        late = rows["later"].to_numpy(dtype=bool)
        moved, used = y, (late, ~late)
        plain = _did_repeated(y, member, late, clusters)
    given = case.frame.design == "comparison" and bool(case.design.covariates)
    if name.startswith("drdid") or (ordered and given):
        plain = _doubly_robust(case, rows, moved, member, used, plain, name)
    if not ordered:
        return plain
    return replace(plain, sd=None, sd_df=None, bounds=(-2.0, 2.0), sd_outcome=plain.sd)


def _did_repeated(y: Array, member: Bools, late: Bools, clusters: Any) -> Estimate:
    """Difference in differences of independent samples, the rows of both waves; n counts the rows
    afterwards."""
    for wave in (late, ~late):
        if reason := two_few(member[wave]):
            return not_estimated("did_repeated", "att", reason)
    sd, df = pooled_sd(y[member & late], y[~member & late])
    x = np.column_stack([np.ones(len(y)), member, late, member & late])
    return linear_contrast(
        x, y, 3, member, estimator="did_repeated", estimand="att", clusters=clusters, sd=sd,
        sd_df=df, persons=(int((member & late).sum()), int((~member & late).sum())),
        warnings=(say("unlinked_waves"),),
    )  # fmt: skip


def _doubly_robust(
    case: Case, rows: pd.DataFrame, y: Array, member: Bools, waves: tuple[Bools, ...],
    plain: Estimate, name: str,
) -> Estimate:  # fmt: skip
    """The doubly robust effect on the treated in the first wave less that in the second.

    Sant'Anna and Zhao's estimators with a logit and least squares (R DRDID::drdid_panel of the
    changes, drdid_rc1 of independent samples, whose chances come from the rows of both waves): it
    supposes that neither group changes its make-up between them. Without covariates it is `plain`.
    Where the chances cannot be modelled, the outcome model alone ("regression_did";
    DRDID::reg_did_panel), and with too few persons for that `plain`; a warning says so. An estimate
    on another measure (net shares) keeps its name.
    """
    named = name.startswith("drdid")
    if plain.estimate is None:
        return replace(plain, estimator=name)
    z, _names = case.covariates(rows)
    x = model_columns(z)
    fewest = min(int((group & wave).sum()) for group in (member, ~member) for wave in waves)
    thin = fewest < MIN_PER_COVARIATE * z.shape[1]
    if thin or not all(can_model(x, ~member & wave) for wave in waves):
        return noted(plain, say("without_covariates"))
    ready = prepare(z, member, case.covariates(rows, modelled=False))
    if isinstance(ready, Ready):
        fit, balance, notes = ready
    else:
        fit, balance, notes = None, (), (say("regression_did", reason=ready),)
        name = "regression_did" if named else name
    # Not plain's warnings as such: what few clusters forbid is said of the estimate's own df.
    unlinked = (say("unlinked_waves"),) if len(waves) > 1 else ()
    (att, influence), *early = [att_influence(y, x, member, fit, wave) for wave in waves]
    for before, lost in early:
        att, influence = att - before, influence - lost
    return from_influence(
        att, influence, member, k=x.shape[1] * len(waves), clusters=case.clusters(rows),
        estimator=name, balance=balance, warnings=(*unlinked, *notes), sd=plain.sd,
        sd_df=plain.sd_df, persons=(plain.n_program, plain.n_comparison or 0),
    )  # fmt: skip


def _weighting(case: Case, name: str) -> Estimate | None:
    """Effect on the treated by the covariates, with the linked measure before among them.

    ipw: inverse-probability weights (Hajek); HC2 (CR2 in clusters) takes the weights as known,
    which is usually a little conservative. lalonde614: 1214.07, HC2 827.76. aipw: doubly robust,
    right if either the chance to take part or the outcome of the comparison group is modelled well:
    mean over the treated of (y - m) minus the Hajek-weighted mean of the comparison's residuals.
    Its error includes both models' estimation (stacked estimating equations). lalonde614: 1231.044.
    """
    rows = case.frame.complete
    z, names = case.covariates(rows, baseline=True)
    if not names or case.frame.design == "single_group":
        return None
    y, member = rows["y"].to_numpy(dtype=float), in_program(rows)
    ready = two_few(member) or prepare(
        z, member, case.covariates(rows, baseline=True, modelled=False)
    )
    if isinstance(ready, str):
        return not_estimated(name, "att", ready)
    told: dict[str, Any] = {"estimator": name, "balance": ready.balance, "warnings": ready.notes}
    if name == "ipw":
        return case.compared(rows, weights=ready.fit.weights, estimand="att", **told)
    x = model_columns(z)
    if not can_model(x, ~member):
        return not_estimated(name, "att", say("few_to_model"))
    att, influence = att_influence(y, x, member, ready.fit)
    sd, df = pooled_sd(y[member], y[~member])
    return from_influence(
        att, influence, member, k=x.shape[1], clusters=case.clusters(rows), sd=sd, sd_df=df, **told
    )


def _paired(case: Case, name: str) -> Estimate:
    rows = case.waves[in_program(case.waves)]
    return paired(rows["y"], rows["y0"], clusters=case.clusters(rows))


def _waves(case: Case, name: str) -> Estimate:
    """Difference between two waves that cannot be linked: independent samples. Weaker than pairs:
    the same persons may answer twice, and who answers may change."""
    rows = case.waves[in_program(case.waves)]
    later = rows["later"].to_numpy()
    n = int(later.sum())
    if min(n, len(rows) - n) < 2:
        return not_estimated(name, "change", say("few_answers"), n_program=n)
    return two_groups(
        rows["y"], later, estimator=name, estimand="change", clusters=case.clusters(rows),
        persons=(n, None), warnings=(say("unlinked_waves"),),
    )  # fmt: skip


def _superiority(case: Case, name: str) -> Estimate | None:
    """Net share of the program's persons above those of the comparison (Cliff's delta), or above
    those of an earlier wave.

    Its error is that of a difference of mean placements, the place of each person among the other
    group (Brunner and Munzel 2000, with their df); CR2 within clusters. Limits beyond -1 and 1 are
    cut off there, which changes neither coverage nor the test. sd_outcome is the pooled
    SD of the placements, in net shares.
    """
    single = case.frame.design == "single_group"
    if single and case.baseline != "independent":
        return None
    rows = case.waves if single else case.frame.after
    member = rows["later"].to_numpy() if single else in_program(rows)
    estimand: Estimand = "change" if single else case.unadjusted_estimand
    if reason := two_few(member):
        found = not_estimated(name, estimand, reason)
    else:
        y = rows["y"].to_numpy(dtype=float)
        placement = np.empty(len(y))
        placement[member] = _net_place(y[member], y[~member])
        placement[~member] = _net_place(y[~member], y[member])
        # A group's mean placement is delta, the other's minus delta: half their difference is
        # delta, and its variance adds up what each group contributes.
        found = two_groups(placement / 2, member, estimator=name, estimand=estimand,
                           clusters=case.clusters(rows))  # fmt: skip
        error = None if found.std_error is None else found.std_error * 2
        sd, _df = pooled_sd(placement[member], placement[~member])
        found = replace(found, std_error=error, bounds=(-1.0, 1.0), sd=None, sd_df=None,
                        sd_outcome=sd)  # fmt: skip
    if single:
        return replace(found, n_program=len(case.frame.after), n_comparison=None)
    return found


def _net_place(values: Array, others: Array) -> Array:
    """Share of the others below minus share above, for each value."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, side="left")
    above = len(ordered) - np.searchsorted(ordered, values, side="right")
    return (below - above) / len(ordered)


def _net_rise(case: Case, name: str) -> Estimate:
    """Share of persons who rose minus share who fell, in one group or, of two, in the program minus
    the comparison. sd_outcome: SD of -1, 0, 1 over persons."""
    if case.frame.design != "single_group":
        return _change(case, name)
    rows = case.waves
    moved = np.sign(rows["y"].to_numpy(dtype=float) - rows["y0"].to_numpy(dtype=float))
    spread = float(moved.std(ddof=1)) if len(moved) > 1 else None
    found = mean_change(moved, name, clusters=case.clusters(rows), sd_outcome=spread)
    return replace(found, bounds=(-1.0, 1.0))


def _reweighted(case: Case, name: str) -> Estimate | None:
    """The design's own difference, each person weighted by a column that the frame holds."""
    rows, weight = case.frame.complete, WEIGHTS[name]
    if weight not in rows or case.frame.design == "single_group":
        return None
    rows = rows.dropna(subset=[weight])
    change = case.frame.design == "comparison" and case.baseline == "linked"
    return case.compared(
        rows, rows["y"] - rows["y0"] if change else None, spread=rows["y"], weights=rows[weight],
        estimator=name, estimand="att" if change else case.unadjusted_estimand,
    )  # fmt: skip


def _dose_response(case: Case, name: str) -> Estimate | None:
    """Slope of the outcome on the dose among participants, given the measure before where there is
    one: its difference for one more unit of dose."""
    rows, dose = case.frame.complete, case.outcome.dose
    if dose is None or dose not in rows:
        return None
    rows = rows[in_program(rows)].assign(dose=lambda d: numeric(d[dose])).dropna(subset=["dose"])
    few = len(rows) < MIN_DOSED
    if few or rows["dose"].nunique() < 2:
        reason = say(f"dose.{'few' if few else 'same'}")
        return not_estimated(name, "association", reason, n_program=len(rows))
    y, columns = rows["y"].to_numpy(dtype=float), ["dose", *(["y0"] if "y0" in rows else [])]
    x = np.column_stack([np.ones(len(y)), rows[columns].to_numpy(dtype=float)])
    return linear_contrast(
        x, y, 1, np.ones(len(y), dtype=bool), estimator=name, estimand="association",
        clusters=case.clusters(rows), sd_outcome=float(y.std(ddof=1)),
        warnings=(say("dose.association"),),
    )  # fmt: skip


WEIGHTS = {"attrition_weighted": "weight_attrition", "raked": "weight_population"}
ESTIMATORS: dict[str, Callable[[Case, str], Estimate | None]] = {
    "difference": _difference,
    "adjusted": _adjusted,
    "ancova": _ancova,
    **dict.fromkeys(("did", "did_repeated", "drdid", "drdid_repeated"), _change),
    **dict.fromkeys(("aipw", "ipw"), _weighting),
    "paired": _paired,
    "waves": _waves,
    "superiority": _superiority,
    "net_rise": _net_rise,
    **dict.fromkeys(WEIGHTS, _reweighted),
    "dose_response": _dose_response,
}
