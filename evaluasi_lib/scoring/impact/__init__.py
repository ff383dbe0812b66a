"""Effects of a program: one primary estimate for each outcome, and what checks it.

`estimate_effects` is the way from a study to results; the estimators themselves are pure functions
on arrays, one file for each design.
"""

from __future__ import annotations

from dataclasses import replace

from evaluasi_lib.disclosure import protect
from evaluasi_lib.program import Outcome
from evaluasi_lib.results import Effect, Role
from evaluasi_lib.scoring.frames import OutcomeFrame, try_outcome_frame
from evaluasi_lib.scoring.impact.case import ESTIMATORS, PRIMARY, Case, Plan
from evaluasi_lib.scoring.impact.estimate import (
    Estimate,
    adjusted_interval,
    conclude,
    not_estimated,
)
from evaluasi_lib.scoring.multiplicity import adjust_p_values
from evaluasi_lib.scoring.power import n_needed
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose, percent

KEPT = ("sesoi", "warnings", "details")


def estimate_effects(study: Study) -> tuple[Effect, ...]:
    """Every effect of a study: outcomes in declared order, the primary estimate first.

    p_adjusted and the conclusion belong to primary estimates alone (the declared family).
    """
    program = study.program
    rows: list[tuple[Outcome, Role, str | None, Estimate]] = []
    for outcome in program.outcomes:
        rows += [(outcome, *found) for found in _estimates(study, outcome)]
    primaries = [e.p_value for _o, role, _s, e in rows if role == "primary"]
    adjusted = iter(adjust_p_values(primaries, program.multiplicity))
    return tuple(
        _effect(
            study, outcome, role, subgroup, estimate, next(adjusted) if role == "primary" else None
        )
        for outcome, role, subgroup, estimate in rows
    )


def _estimates(study: Study, outcome: Outcome) -> list[tuple[Role, str | None, Estimate]]:
    frame = try_outcome_frame(study, outcome)
    if isinstance(frame, str):
        return [("primary", None, not_estimated(outcome.estimator or "none", "difference", frame))]
    case = Case(outcome, study.program.design, frame, _best(study, outcome))
    plan = plan_of(case)
    if plan is None:
        reason = _("one group measured once: there is nothing to compare it with")
        n = len(frame.after)
        return [("primary", None, not_estimated("none", "difference", reason, n_program=n))]
    primary = ESTIMATORS[plan.primary](case) or not_estimated(
        plan.primary, "difference",
        _("the declared estimator “{name}” does not fit the data of this outcome").format(
            name=plan.primary
        ),
    )  # fmt: skip
    notes = (*frame.warnings, *_cautions(study, case))
    found: list[tuple[Role, str | None, Estimate]] = [
        ("primary", None, replace(primary, warnings=(*primary.warnings, *notes)))
    ]
    for name in plan.sensitivity:
        if (other := ESTIMATORS[name](case)) is not None:
            found.append(("sensitivity", None, other))
    return found


def plan_of(case: Case) -> Plan | None:
    """The plan of a case: the table's, or the declared estimator with the table's as a check."""
    plan = PRIMARY.get((case.design.type, case.baseline))
    declared = case.outcome.estimator
    if declared is None or declared not in ESTIMATORS or (plan and declared == plan.primary):
        return plan
    others = () if plan is None else (plan.primary, *plan.sensitivity)
    return Plan(declared, tuple(name for name in others if name != declared))


def _best(study: Study, outcome: Outcome) -> float | None:
    """The best possible value of an instrument's score, for the normalised gain."""
    if outcome.instrument is None or outcome.direction == "lower":
        return None
    return float(study.program.scales[study.program.instruments[outcome.instrument].scale].max)


def _cautions(study: Study, case: Case) -> list[str]:
    """What a reader must know of the design, in words."""
    notes = []
    if case.design.type == "single_group":
        notes.append(
            _("There is no comparison group: the figure shows change, and other causes than the "
              "program cannot be told apart.")
        )  # fmt: skip
    if case.baseline == "linked" and study.program.link in ("nip", "respondent_code"):
        words = {"program": _("program group"), "comparison": _("comparison group")}
        for group, share in case.frame.linked_share.items():
            if share < 0.9:
                notes.append(
                    _("Only {share} of the answers of the {group} could be linked with the measure "
                      "before the program.").format(share=percent(share), group=words[group])
                )  # fmt: skip
    return notes


def _effect(
    study: Study, outcome: Outcome, role: Role, subgroup: str | None, found: Estimate,
    p_adjusted: float | None,
) -> Effect:  # fmt: skip
    low, high = found.interval(0.95)
    low90, high90 = found.interval(0.90)
    g, g_low, g_high = found.effect_size()
    details = dict(found.details)
    conclusion, needed = None, None
    if role == "primary":
        conclusion = conclude(
            found, sesoi=outcome.sesoi, direction=outcome.direction, p_adjusted=p_adjusted
        )
        details["ci_adjusted_low"], details["ci_adjusted_high"] = adjusted_interval(
            found, p_adjusted
        )
        n = found.n_program + (found.n_comparison or 0)
        if outcome.sesoi and found.inference and found.std_error and found.df and n:
            needed = n_needed(n, found.std_error, found.df, outcome.sesoi)
    effect = Effect(
        outcome=outcome.id,
        label=choose(outcome.label),
        role=role,
        subgroup=subgroup,
        wave=outcome.wave,
        sesoi=outcome.sesoi,
        direction=outcome.direction,
        claim="change" if study.program.design.type == "single_group" else "effect",
        level=outcome.level,
        design=study.program.design.type,
        estimator=found.estimator,
        estimand=found.estimand,
        unit=choose(outcome.unit),
        n_program=found.n_program,
        n_comparison=found.n_comparison,
        estimate=found.estimate,
        std_error=found.std_error,
        df=found.df,
        ci_low=low,
        ci_high=high,
        p_value=found.p_value,
        p_adjusted=p_adjusted,
        effect_size_g=g,
        g_ci_low=g_low,
        g_ci_high=g_high,
        conclusion=conclusion,
        ci90_low=low90,
        ci90_high=high90,
        n_needed=needed,
        details=details,
        warnings=found.warnings,
        reason=found.reason,
    )
    safe = protect(
        effect, persons=[found.n_program, found.n_comparison], k=study.program.privacy.min_cell,
        keep=KEPT,
    )  # fmt: skip
    return effect if safe is effect else replace(safe, details={}, conclusion=None)


__all__ = ["Estimate", "OutcomeFrame", "estimate_effects"]
