"""Programs whose persons are compared with themselves alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.verdict_study.people import (
    ROUNDING,
    SESOI,
    SESOI_DAYS,
    Benefit,
    Drawn,
    Measure,
    People,
    Rng,
    competence,
    days,
    flag,
    leave,
    likert,
    people,
    persons_needed,
    standard,
)
from tests.verdict_study.situations import (
    CEILING,
    FEW,
    LINK,
    LOST,
    MONEY,
    NO_COMPARISON,
    REGRESSION,
    RELIABLE,
    SELF_REPORT,
    SLIP,
    situation,
)

N = persons_needed("single_group")
TWICE = 2 * SESOI * ROUNDING
CONTINUES = "scale_up, continue, “the program raised”"


def _all(who: People, measures: list[Measure], **more: object) -> Drawn:
    return Drawn("single_group", who, np.ones(who.n, dtype=bool), measures, **more)  # type: ignore[arg-type]


@situation(
    "single_group", "Everything improves by twice the smallest effect, nothing else happens",
    "redesign, “the program raised”", can_tell=False, works=True, must_say=(NO_COMPARISON,),
)  # fmt: skip
def alone_works(rng: Rng) -> Drawn:
    who = people(rng, N)
    return _all(who, standard(rng, who, 2, 2, 2))


@situation("single_group", "Nothing happens", CONTINUES)
def alone_null(rng: Rng) -> Drawn:
    who = people(rng, N)
    return _all(who, standard(rng, who))


@situation(
    "single_group", "Behaviour and results get worse because of the program", CONTINUES,
    must_say=(NO_COMPARISON,),
)  # fmt: skip
def alone_harm(rng: Rng) -> Drawn:
    who = people(rng, N)
    return _all(who, standard(rng, who, 0, -2, -2))


@situation(
    "single_group", "Regression to the mean: persons were chosen because they had just done badly; "
    "no effect", CONTINUES, can_tell=False, must_say=(REGRESSION, NO_COMPARISON),
)  # fmt: skip
def alone_chosen_for_low_scores(rng: Rng) -> Drawn:
    pool = people(rng, 500)
    measures = standard(rng, pool)
    before = measures[0].score_before() + measures[1].score_before()
    before = before + 0.38 * measures[2].score_before()
    chosen = np.argsort(before)[:80]
    who = pool.take(chosen)
    return _all(who, [m.take(chosen) for m in measures])


@situation(
    "single_group", "Everybody in the ministry improves that year; no effect", CONTINUES,
    can_tell=False, must_say=(NO_COMPARISON,),
)  # fmt: skip
def alone_secular_trend(rng: Rng) -> Drawn:
    who = people(rng, 90)
    measures = [
        competence(rng, who, trend=0.5), likert(rng, who, trend=0.5),
        days(rng, who, trend=2 * SESOI_DAYS),
    ]  # fmt: skip
    return _all(who, measures)


@situation(
    "single_group", "The program helps by the smallest effect, but a budget cut makes everything "
    "worse by three", "redesign, “the program lowered”", can_tell=False, must_say=(NO_COMPARISON,),
)  # fmt: skip
def alone_bad_year(rng: Rng) -> Drawn:
    who = people(rng, 90)
    measures = [
        likert(rng, who, SESOI * ROUNDING, trend=-3 * SESOI),
        days(rng, who, SESOI_DAYS * 1.02, trend=-3 * SESOI_DAYS),
    ]
    return _all(who, measures)


@situation(
    "single_group", "No effect; half the persons, those who got worse, do not answer again",
    CONTINUES, must_say=(LOST,),
)  # fmt: skip
def alone_attrition_by_outcome(rng: Rng) -> Drawn:
    who = people(rng, 160)
    measures = standard(rng, who)
    change = (measures[1].without - measures[1].before).mean(axis=1) / 0.66
    change = change - (measures[2].without - measures[2].before) / 1.7
    return _all(who, leave(measures, change > np.median(change)))


@situation(
    "single_group", "600 took part, one in twelve answered, mostly those who improved; no effect",
    CONTINUES, must_say=(LOST,),
)  # fmt: skip
def alone_low_response(rng: Rng) -> Drawn:
    who = people(rng, 600)
    measures = [competence(rng, who), likert(rng, who, place="survei")]
    change = (measures[1].without - measures[1].before).mean(axis=1)
    answers = rng.random(who.n) < 0.085 * np.exp(1.2 * change) / np.exp(1.2 * change).mean()
    return _all(who, leave(measures, answers))


@situation(
    "single_group", "No effect; persons answer to please (only self-report)", CONTINUES,
    can_tell=False, must_say=(SELF_REPORT, NO_COMPARISON),
)  # fmt: skip
def alone_pleasing(rng: Rng) -> Drawn:
    who = people(rng, 90)
    measures = [
        competence(rng, who, pleasing=0.5),
        likert(rng, who, place="survei", pleasing=0.5, label="Perilaku kerja (penilaian diri)"),
    ]
    return _all(who, measures)


@situation(
    "single_group", "Truly works, but nearly everybody chooses the best answer already before",
    "redesign", must_say=(CEILING,),
)  # fmt: skip
def alone_ceiling(rng: Rng) -> Drawn:
    who = people(rng, 150)
    measures = [
        likert(rng, who, 2 * SESOI, mean=5.6, latent_truth=True),
        likert(
            rng, who, 2 * SESOI, id="layanan", label="Mutu layanan", mean=5.6, latent_truth=True
        ),
    ]
    return _all(who, measures)


@situation(
    "single_group", "Only asked how pleased they were: very", CONTINUES,
    must_say=(r"reaction|satisf|pleased", NO_COMPARISON),
)  # fmt: skip
def alone_reaction_only(rng: Rng) -> Drawn:
    who = people(rng, 90)
    return _all(who, [], reaction_only=True, satisfaction=3.6)


@situation("single_group", "Fourteen persons, no effect", CONTINUES, must_say=(FEW, NO_COMPARISON))
def alone_small_null(rng: Rng) -> Drawn:
    who = people(rng, 14)
    return _all(who, standard(rng, who))


@situation(
    "single_group", "Anonymous surveys; afterwards mostly the abler answer; no effect", CONTINUES,
    can_tell=False,
    must_say=(NO_COMPARISON, LINK),
)  # fmt: skip
def alone_other_persons(rng: Rng) -> Drawn:
    who = people(rng, 400)
    after = rng.random(who.n) < 0.5
    able = rng.random(who.n) < 1 / (1 + np.exp(-2 * who.ability))
    measures = [
        replace(m, asked_before=m.asked_before & ~after, asked_after=m.asked_after & after & able)
        for m in (competence(rng, who), likert(rng, who))
    ]
    return _all(who, measures, linked=False)


@situation(
    "single_group", "Everybody improves that year, and the rise is valued in money; no effect",
    CONTINUES + ", benefits that cover the costs", can_tell=False, must_say=(NO_COMPARISON, MONEY),
)  # fmt: skip
def alone_costed_trend(rng: Rng) -> Drawn:
    who = people(rng, 90)
    measures = [
        likert(rng, who, trend=0.5), days(rng, who, trend=2 * SESOI_DAYS),
    ]  # fmt: skip
    return _all(who, measures, benefits=(Benefit("hari_naskah", 20e6, "trend"),))


@situation(
    "single_group", "Improves; two of five items are worded the other way round, undeclared",
    "redesign", must_say=(RELIABLE,),
)  # fmt: skip
def alone_wrong_keying(rng: Rng) -> Drawn:
    who = people(rng, 90)
    return _all(who, [likert(rng, who, TWICE, negative=(1, 3))])


@situation(
    "single_group", "Improves; the smallest effects of interest were mistyped by a factor of ten",
    "redesign, adjust", must_say=(SLIP,),
)  # fmt: skip
def alone_sesoi_slip(rng: Rng) -> Drawn:
    who = people(rng, 90)
    measures = [
        replace(m, declared_sesoi=round(10 * m.sesoi, 3)) for m in standard(rng, who, 2, 2, 2)
    ]
    return _all(who, measures)


@situation(
    "single_group", "More have a plan after a national campaign (30% to 55%); no effect",
    CONTINUES, can_tell=False, must_say=(NO_COMPARISON,),
)  # fmt: skip
def alone_binary_trend(rng: Rng) -> Drawn:
    who = people(rng, 140)
    measure = flag(
        rng, who, 0.3, 0.3, id="rencana", label="Punya rencana karier", baseline=True, trend=0.25
    )
    return _all(who, [measure])


@situation(
    "single_group", "Self-rated competence rises, behaviour and results do not (300 persons)",
    CONTINUES, must_say=(NO_COMPARISON,),
)  # fmt: skip
def alone_learning_only(rng: Rng) -> Drawn:
    who = people(rng, 300)
    return _all(who, standard(rng, who, 3, 0, 0))
