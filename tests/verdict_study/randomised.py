"""Programs whose participants were chosen by lot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.verdict_study.people import (
    DAYS_SD,
    ROUNDING,
    SESOI,
    SESOI_DAYS,
    Benefit,
    Drawn,
    People,
    Rng,
    competence,
    days,
    flag,
    halves,
    leave,
    likert,
    people,
    persons_needed,
    standard,
)
from tests.verdict_study.situations import (
    CEILING,
    FEW,
    LOST,
    RELIABLE,
    SELF_REPORT,
    SLIP,
    UNITS,
    situation,
)

N = 2 * persons_needed("randomised")
TWICE = 2 * SESOI * ROUNDING
CONTINUES = "scale_up, continue, “the program raised”"


def _trial(rng: Rng, n: int = N) -> tuple[People, np.ndarray]:
    return people(rng, n), halves(rng, n)


@situation(
    "randomised", "Everything improves by twice the smallest effect of interest",
    "redesign, adjust", works=True,
)  # fmt: skip
def lot_works(rng: Rng) -> Drawn:
    who, program = _trial(rng)
    return Drawn("randomised", who, program, standard(rng, who, 2, 2, 2))


@situation("randomised", "The program does nothing", CONTINUES)
def lot_null(rng: Rng) -> Drawn:
    who, program = _trial(rng)
    return Drawn("randomised", who, program, standard(rng, who))


@situation(
    "randomised", "Behaviour and results get worse by twice the smallest effect of interest, "
    "self-rated competence rises", CONTINUES,
)  # fmt: skip
def lot_harm(rng: Rng) -> Drawn:
    who, program = _trial(rng)
    return Drawn("randomised", who, program, standard(rng, who, 2, -2, -2))


@situation(
    "randomised", "Works, but only 36 persons take part in the trial", "redesign",
    must_say=(FEW,),
)  # fmt: skip
def lot_small_works(rng: Rng) -> Drawn:
    who, program = _trial(rng, 36)
    return Drawn("randomised", who, program, standard(rng, who, 2, 2, 2))


@situation("randomised", "Does nothing, 20 persons", CONTINUES, must_say=(FEW,))
def lot_small_null(rng: Rng) -> Drawn:
    who, program = _trial(rng, 20)
    return Drawn("randomised", who, program, standard(rng, who))


@situation("randomised", "Does nothing, 1,600 persons: a precise null", CONTINUES)
def lot_large_null(rng: Rng) -> Drawn:
    who, program = _trial(rng, 1600)
    return Drawn("randomised", who, program, standard(rng, who))


@situation(
    "randomised", "Costed trial, no effect; of the program's persons those who do badly leave "
    "before the measurement", CONTINUES, must_say=(LOST,),
)  # fmt: skip
def lot_attrition_by_outcome(rng: Rng) -> Drawn:
    who, program = _trial(rng, 400)
    measures = standard(rng, who)
    doing_well = measures[1].without.mean(axis=1) / 0.76 - measures[2].without / DAYS_SD
    leaves = program & (doing_well < np.quantile(doing_well, 0.35))
    benefit = (Benefit("hari_naskah", 12e6, "comparison_group"),)
    return Drawn("randomised", who, program, leave(measures, ~leaves), benefits=benefit)


@situation(
    "randomised", "As many leave both groups, but of the program those who do badly and of the "
    "comparison those who do well; no effect", CONTINUES, can_tell=False, must_say=(LOST,),
)  # fmt: skip
def lot_attrition_opposite(rng: Rng) -> Drawn:
    who, program = _trial(rng, 400)
    measures = standard(rng, who)
    well = measures[1].without.mean(axis=1) / 0.76 - measures[2].without / DAYS_SD
    low, high = np.quantile(well, [0.25, 0.75])
    stays = ~((program & (well < low)) | (~program & (well > high)))
    return Drawn("randomised", who, program, leave(measures, stays))


@situation(
    "randomised", "Six units by lot, three with the program; units differ by chance (ICC 0.2); "
    "declared as clusters; no effect", CONTINUES, must_say=(UNITS, FEW),
)  # fmt: skip
def lot_few_clusters_null(rng: Rng) -> Drawn:
    who = people(rng, 180, units=6, icc=0.2)
    program = np.isin(who.unit, rng.permutation(6)[:3])
    return Drawn("randomised", who, program, standard(rng, who), cluster=True)


@situation(
    "randomised", "Sixteen units by lot (ICC 0.15), but program.yml does not say that persons of a "
    "unit go together; no effect", CONTINUES, must_say=(UNITS,),
)  # fmt: skip
def lot_undeclared_clusters_null(rng: Rng) -> Drawn:
    who = people(rng, 480, units=16, icc=0.15)
    program = np.isin(who.unit, rng.permutation(16)[:8])
    return Drawn("randomised", who, program, standard(rng, who))


@situation(
    "randomised", "Works; days are very skewed; benefits pay for the costs", "redesign, adjust",
    works=True,
)  # fmt: skip
def lot_skewed_costed_works(rng: Rng) -> Drawn:
    # The spread of these days is 6 and their smallest effect of interest a third of it.
    who, program = _trial(rng)
    outcome = days(rng, who, 4.0, skewed=True, sesoi=2.0)
    measures = [competence(rng, who, TWICE), likert(rng, who, TWICE), outcome]
    benefit = (Benefit("hari_naskah", 3e6, "comparison_group"),)
    return Drawn("randomised", who, program, measures, benefits=benefit)


@situation(
    "randomised", "No effect; benefits are valued at a high price", CONTINUES + ", benefits that "
    "cover the costs",
)  # fmt: skip
def lot_costed_null(rng: Rng) -> Drawn:
    who, program = _trial(rng)
    benefit = (Benefit("hari_naskah", 60e6, "comparison_group"),)
    return Drawn("randomised", who, program, standard(rng, who), benefits=benefit)


@situation(
    "randomised", "More pass their certification (50% to 72%) and behave better",
    "redesign, adjust", works=True,
)  # fmt: skip
def lot_binary_works(rng: Rng) -> Drawn:
    # 80% power at 11 points from 50% takes 320 persons a group.
    who, program = _trial(rng, 660)
    measures = [likert(rng, who, TWICE), flag(rng, who, 0.5, 0.72, sesoi=0.11)]
    return Drawn("randomised", who, program, measures)


@situation(
    "randomised", "A rare event (3%), no effect, one in five by lot in the program", CONTINUES,
    must_say=(FEW,),
)  # fmt: skip
def lot_rare_null(rng: Rng) -> Drawn:
    who = people(rng, 350)
    program = np.zeros(350, dtype=bool)
    program[rng.permutation(350)[:70]] = True
    event = flag(rng, who, 0.03, 0.03, id="promosi", label="Naik jabatan", sesoi=0.03)
    return Drawn("randomised", who, program, [event])


@situation(
    "randomised", "Half the persons gain four smallest effects, the others nothing",
    "redesign, adjust", works=True,
)  # fmt: skip
def lot_mixed_effects(rng: Rng) -> Drawn:
    who, program = _trial(rng)
    gains = who.tenure < np.median(who.tenure)
    share = gains.mean()
    measures = [
        competence(rng, who, 1.05 * TWICE * gains / share),
        likert(rng, who, 1.05 * TWICE * gains / share),
        days(rng, who, 2.04 * SESOI_DAYS * gains / share),
    ]
    return Drawn("randomised", who, program, measures, covariates=("masa_kerja",))


@situation(
    "randomised", "Self-rated competence rises, behaviour and results do not (1,200 persons)",
    CONTINUES,
)  # fmt: skip
def lot_learning_only(rng: Rng) -> Drawn:
    who, program = _trial(rng, 1200)
    return Drawn("randomised", who, program, standard(rng, who, 3, 0, 0))


@situation(
    "randomised", "A more demanding course than the usual one: liked a little less, results and "
    "behaviour far better", "redesign", works=True,
)  # fmt: skip
def lot_liked_less_works_more(rng: Rng) -> Drawn:
    who, program = _trial(rng, 500)
    liked = likert(
        rng, who, -1.2 * SESOI, id="tanggapan", label="Tanggapan atas pelatihan",
        level="reaction", place="survei", mean=3.6, baseline=False,
    )  # fmt: skip
    measures = [liked, likert(rng, who, 1.5 * TWICE), days(rng, who, 3 * SESOI_DAYS)]
    return Drawn("randomised", who, program, measures)


@situation(
    "randomised", "Works; a fifth of the answers are missing at random", "redesign, adjust",
    works=True, must_say=(LOST,),
)  # fmt: skip
def lot_missing_at_random_works(rng: Rng) -> Drawn:
    who, program = _trial(rng, 2 * persons_needed("randomised", 0.8))
    measures = [
        replace(m, asked_after=m.asked_after & (rng.random(who.n) < 0.86))
        for m in standard(rng, who, 2, 2, 2)
    ]
    return Drawn("randomised", who, program, measures)


@situation("randomised", "Ten outcomes and no effect on any", CONTINUES)
def lot_many_outcomes_null(rng: Rng) -> Drawn:
    who, program = _trial(rng, 300)
    measures = [
        likert(rng, who, id=f"perilaku{k}", label=f"Perilaku bidang {k}", items=4)
        for k in range(1, 11)
    ]
    return Drawn("randomised", who, program, measures)


@situation(
    "randomised", "Two in five of those drawn never come; those who come gain three smallest "
    "effects", "redesign", must_say=(r"complet|assign|took part|never came",), fine=False,
)  # fmt: skip
def lot_no_shows(rng: Rng) -> Drawn:
    who, program = _trial(rng)
    comes = rng.random(who.n) < 0.6
    measures = [
        competence(rng, who, 1.5 * TWICE * comes),
        likert(rng, who, 1.5 * TWICE * comes),
        days(rng, who, 3 * SESOI_DAYS * comes),
    ]
    return Drawn("randomised", who, program, measures, completed=comes)


@situation(
    "randomised", "Works; the smallest effects of interest were mistyped by a factor of ten",
    "redesign, adjust", must_say=(SLIP,),
)  # fmt: skip
def lot_sesoi_slip(rng: Rng) -> Drawn:
    who, program = _trial(rng)
    measures = [
        replace(m, declared_sesoi=round(10 * m.sesoi, 3)) for m in standard(rng, who, 2, 2, 2)
    ]
    return Drawn("randomised", who, program, measures)


@situation(
    "randomised", "Behaviour improves, but the only instrument is mostly noise (alpha about 0.3)",
    "redesign", must_say=(RELIABLE,),
)  # fmt: skip
def lot_unreliable(rng: Rng) -> Drawn:
    who, program = _trial(rng, 120)
    measure = likert(rng, who, SESOI * ROUNDING * 1.2, noise=1.3, trait=0.3, items=4)
    return Drawn("randomised", who, program, [measure])


@situation(
    "randomised", "Behaviour improves; two of five items are worded the other way round and "
    "nobody declared it", "redesign, adjust", must_say=(RELIABLE,),
)  # fmt: skip
def lot_wrong_keying(rng: Rng) -> Drawn:
    who, program = _trial(rng)
    measures = [likert(rng, who, TWICE, negative=(1, 3))]
    return Drawn("randomised", who, program, measures)


@situation(
    "randomised", "Truly works, but nearly everybody chooses the best answer before and after",
    "redesign", must_say=(CEILING,),
)  # fmt: skip
def lot_ceiling(rng: Rng) -> Drawn:
    who, program = _trial(rng, 500)
    measures = [
        likert(rng, who, 2 * SESOI, mean=5.6, latent_truth=True),
        likert(
            rng, who, 2 * SESOI, id="layanan", label="Mutu layanan", mean=5.6, latent_truth=True
        ),
    ]
    return Drawn("randomised", who, program, measures)


@situation(
    "randomised", "No effect; who took the course answers as the course taught to answer (only "
    "self-report)", CONTINUES, can_tell=False, must_say=(SELF_REPORT,),
)  # fmt: skip
def lot_demand(rng: Rng) -> Drawn:
    who, program = _trial(rng)
    measures = [
        competence(rng, who, pleasing=0.5),
        likert(rng, who, place="survei", pleasing=0.5, label="Perilaku kerja (penilaian diri)"),
    ]
    return Drawn("randomised", who, program, measures)
