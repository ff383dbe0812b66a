"""Programs with a comparison group that was not drawn by lot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.verdict_study.people import (
    ROUNDING,
    SESOI,
    SESOI_DAYS,
    Drawn,
    Rng,
    competence,
    days,
    halves,
    leave,
    likert,
    people,
    persons_needed,
    predicate,
    standard,
)
from tests.verdict_study.situations import (
    BEFORE,
    CEILING,
    FEW,
    LINK,
    LOST,
    NOT_BY_LOT,
    REGRESSION,
    SHAPE,
    UNITS,
    situation,
)

N = 2 * persons_needed("comparison")
TWICE = 2 * SESOI * ROUNDING
CONTINUES = "scale_up, continue, “the program raised”"


@situation(
    "comparison", "Groups alike before; everything improves by twice the smallest effect",
    "redesign, adjust", works=True,
)  # fmt: skip
def pair_works(rng: Rng) -> Drawn:
    who = people(rng, N)
    return Drawn("comparison", who, halves(rng, N), standard(rng, who, 2, 2, 2))


@situation(
    "comparison", "Groups alike before; no effect, both rise a little", CONTINUES,
)  # fmt: skip
def pair_null(rng: Rng) -> Drawn:
    who = people(rng, N)
    measures = [
        competence(rng, who, trend=0.2), likert(rng, who, trend=0.2), days(rng, who, trend=0.5),
    ]  # fmt: skip
    return Drawn("comparison", who, halves(rng, N), measures)


@situation("comparison", "Groups alike before; behaviour and results get worse", CONTINUES)
def pair_harm(rng: Rng) -> Drawn:
    who = people(rng, N)
    return Drawn("comparison", who, halves(rng, N), standard(rng, who, 0, -2, -2))


@situation(
    "comparison", "Ashenfelter's dip: the program takes those who have just done badly, the "
    "comparison is everybody else; no effect", CONTINUES, must_say=(REGRESSION, BEFORE),
)  # fmt: skip
def pair_dip_null(rng: Rng) -> Drawn:
    who = people(rng, 300)
    measures = standard(rng, who)
    before = measures[1].score_before() / 0.76 + measures[2].score_before() / 2
    program = before + rng.normal(0, 0.5, who.n) < np.quantile(before, 0.4)
    return Drawn("comparison", who, program, measures)


@situation(
    "comparison", "The program takes the best; no effect; they fall back to the mean and the "
    "program seems to harm", "“the program lowered”", must_say=(REGRESSION, BEFORE),
)  # fmt: skip
def pair_best_null(rng: Rng) -> Drawn:
    who = people(rng, 300)
    measures = standard(rng, who)
    before = measures[1].score_before() / 0.76 + measures[2].score_before() / 2
    program = before + rng.normal(0, 0.5, who.n) > np.quantile(before, 0.6)
    return Drawn("comparison", who, program, measures)


@situation(
    "comparison", "Works, but the groups differ before (0.5 SD) in a stable trait that is measured",
    "redesign", must_say=(BEFORE,),
)  # fmt: skip
def pair_imbalance_works(rng: Rng) -> Drawn:
    who = people(rng, 360)
    program = 0.8 * who.ability + rng.normal(size=who.n) > 0
    return Drawn("comparison", who, program, standard(rng, who, 2, 2, 2))


@situation(
    "comparison", "Alike before, but the motivated came and would have improved anyway; no effect",
    CONTINUES, can_tell=False, must_say=(NOT_BY_LOT,),
)  # fmt: skip
def pair_hidden_null(rng: Rng) -> Drawn:
    who = people(rng, N)
    motivated = rng.normal(size=who.n)
    program = motivated + rng.normal(0, 0.7, who.n) > 0
    growth = 0.25 * motivated
    measures = [
        competence(rng, who, trend=growth), likert(rng, who, trend=growth),
        days(rng, who, trend=2.5 * growth),
    ]  # fmt: skip
    return Drawn("comparison", who, program, measures)


@situation(
    "comparison", "Measured only afterwards; the abler took part; no effect", CONTINUES,
    must_say=(BEFORE, NOT_BY_LOT),
)  # fmt: skip
def pair_post_only_null(rng: Rng) -> Drawn:
    who = people(rng, 300)
    program = who.ability + rng.normal(0, 0.8, who.n) > 0
    measures = [
        competence(rng, who, baseline=False), likert(rng, who, baseline=False),
        days(rng, who, baseline=False),
    ]  # fmt: skip
    return Drawn("comparison", who, program, measures)


@situation(
    "comparison", "Measured only afterwards, groups happen to be alike; works", "redesign",
    can_tell=False, must_say=(BEFORE, NOT_BY_LOT),
)  # fmt: skip
def pair_post_only_works(rng: Rng) -> Drawn:
    who = people(rng, 320)
    measures = [
        competence(rng, who, TWICE, baseline=False), likert(rng, who, TWICE, baseline=False),
        days(rng, who, 2 * SESOI_DAYS, baseline=False),
    ]  # fmt: skip
    return Drawn("comparison", who, halves(rng, 320), measures)


@situation(
    "comparison", "Only age and service are known from before; the middle-aged take part and the "
    "middle-aged do better, so a straight line does not adjust; no effect", CONTINUES,
    must_say=(SHAPE, NOT_BY_LOT),
)  # fmt: skip
def pair_nonlinear_null(rng: Rng) -> Drawn:
    who = people(rng, 500)
    middle = 1 - ((who.age - 40) / 9) ** 2
    program = rng.random(who.n) < 1 / (1 + np.exp(-1.0 * middle))
    measures = [
        likert(rng, who, baseline=False, extra=0.45 * middle),
        days(rng, who, baseline=False, extra=1.2 * middle),
    ]
    return Drawn("comparison", who, program, measures, covariates=("usia", "masa_kerja"))


@situation(
    "comparison", "Only age and service are known from before; the younger take part and do "
    "better, in a straight line; works", "redesign, adjust", works=True,
    must_say=(BEFORE, NOT_BY_LOT),
)  # fmt: skip
def pair_linear_works(rng: Rng) -> Drawn:
    who = people(rng, 460)
    young = (40 - who.age) / 9
    program = rng.random(who.n) < 1 / (1 + np.exp(-0.4 * young))
    measures = [
        likert(rng, who, TWICE, baseline=False, extra=0.15 * young),
        days(rng, who, 2.04 * SESOI_DAYS, baseline=False, extra=0.4 * young),
    ]
    return Drawn("comparison", who, program, measures, covariates=("usia", "masa_kerja"))


@situation(
    "comparison", "Sixteen units from very large to very small (ICC 0.15), half of them with the "
    "program, declared; no effect", CONTINUES, must_say=(UNITS, NOT_BY_LOT),
)  # fmt: skip
def pair_unequal_clusters_null(rng: Rng) -> Drawn:
    who = people(rng, 480, units=16, sizes=0.78 ** np.arange(16), icc=0.15)
    program = np.isin(who.unit, rng.permutation(16)[:8])
    return Drawn("comparison", who, program, standard(rng, who), cluster=True)


@situation(
    "comparison", "Forty units (ICC 0.05), half with the program, declared; works",
    "redesign, adjust", works=True, must_say=(UNITS,),
)  # fmt: skip
def pair_clusters_works(rng: Rng) -> Drawn:
    # 20 units of 22 a group give 80% power at the smallest effect (change of a unit: SD 0.24).
    who = people(rng, 880, units=40, icc=0.05)
    program = np.isin(who.unit, rng.permutation(40)[:20])
    return Drawn("comparison", who, program, standard(rng, who, 2, 2, 2), cluster=True)


@situation(
    "comparison", "Anonymous surveys, other persons before and after; behaviour improves",
    "redesign", works=True, must_say=(NOT_BY_LOT, LINK),
)  # fmt: skip
def pair_independent_works(rng: Rng) -> Drawn:
    n = 8 * persons_needed("randomised")
    who = people(rng, n)
    after = halves(rng, n)
    measures = [competence(rng, who, TWICE), likert(rng, who, TWICE)]
    return _apart(Drawn("comparison", who, halves(rng, n), measures, linked=False), after)


@situation(
    "comparison", "Anonymous surveys, other persons before and after; no effect", CONTINUES,
    must_say=(NOT_BY_LOT, LINK),
)  # fmt: skip
def pair_independent_null(rng: Rng) -> Drawn:
    who = people(rng, 600)
    after = halves(rng, 600)
    measures = [competence(rng, who, trend=0.2), likert(rng, who, trend=0.2)]
    return _apart(Drawn("comparison", who, halves(rng, 600), measures, linked=False), after)


def _apart(drawn: Drawn, after: np.ndarray) -> Drawn:
    """The persons asked after are others than those asked before."""
    measures = [
        replace(m, asked_before=m.asked_before & ~after, asked_after=m.asked_after & after)
        for m in drawn.measures
    ]
    return replace(drawn, measures=measures)


@situation(
    "comparison", "No effect; the program's persons who got worse are no longer reached",
    CONTINUES, must_say=(LOST,),
)  # fmt: skip
def pair_attrition_null(rng: Rng) -> Drawn:
    who = people(rng, 360)
    program = halves(rng, 360)
    measures = standard(rng, who)
    change = (measures[1].without - measures[1].before).mean(axis=1) / 0.66
    change = change - (measures[2].without - measures[2].before) / 1.7
    leaves = program & (change < np.quantile(change, 0.35))
    return Drawn("comparison", who, program, leave(measures, ~leaves))


@situation(
    "comparison", "SKP predicates and behaviour improve", "redesign, adjust", works=True,
    must_say=(NOT_BY_LOT,),
)  # fmt: skip
def pair_ordinal_works(rng: Rng) -> Drawn:
    # 80% power at a net share of 0.15 takes about 290 persons a group (its SD is about 0.64).
    who = people(rng, 600)
    measures = [likert(rng, who, TWICE), predicate(rng, who, 0.53)]
    return Drawn("comparison", who, halves(rng, 600), measures)


@situation(
    "comparison", "The program's units were already improving before it, as an earlier survey "
    "shows; no effect", CONTINUES, must_say=(r"moved apart|\btrend|parallel|earlier|placebo",),
)  # fmt: skip
def pair_earlier_trend_null(rng: Rng) -> Drawn:
    who = people(rng, N)
    program = halves(rng, N)
    rise = np.where(program, 0.35, 0.0)
    measures = [
        competence(rng, who, trend=rise),
        likert(rng, who, trend=rise, earlier_trend=rise),
    ]
    return Drawn("comparison", who, program, measures)


@situation(
    "comparison", "No effect; 120 in the program, 9 to compare with", CONTINUES,
    must_say=(FEW, NOT_BY_LOT),
)  # fmt: skip
def pair_few_to_compare_null(rng: Rng) -> Drawn:
    who = people(rng, 129)
    program = np.ones(129, dtype=bool)
    program[rng.permutation(129)[:9]] = False
    return Drawn("comparison", who, program, standard(rng, who))


@situation(
    "comparison", "Everybody rises, but the comparison group stands at the top of the scale and "
    "cannot; no effect", CONTINUES, must_say=(BEFORE, CEILING),
)  # fmt: skip
def pair_ceiling_null(rng: Rng) -> Drawn:
    who = people(rng, 300)
    program = halves(rng, 300)
    level = np.where(program, 3.0, 4.9)
    measures = [
        competence(rng, who, trend=0.5, mean=level), likert(rng, who, trend=0.5, mean=level),
    ]  # fmt: skip
    return Drawn("comparison", who, program, measures)


@situation(
    "comparison", "Self-rated competence rises; behaviour and results do not (900 persons)",
    CONTINUES, must_say=(NOT_BY_LOT,),
)  # fmt: skip
def pair_learning_only(rng: Rng) -> Drawn:
    who = people(rng, 900)
    return Drawn("comparison", who, halves(rng, 900), standard(rng, who, 3, 0, 0))
