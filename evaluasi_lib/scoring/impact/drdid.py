"""Difference in differences given covariates, doubly robust (Sant'Anna and Zhao 2020).

Right where the comparison group's change, or the chance to be in the program, is modelled well:
the groups may develop differently, as long as persons alike in their covariates would not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluasi_lib.scoring.impact.did import did, did_repeated
from evaluasi_lib.scoring.impact.estimate import Estimate
from evaluasi_lib.scoring.impact.weighting import (
    Ready,
    att_influence,
    can_model,
    design,
    from_influence,
    prepare,
    why_no_propensity,
)
from evaluasi_lib.wording import _

Array = NDArray[np.float64]
Shown = tuple[Array, list[str]]

MIN_PER_COVARIATE = 5  # persons of the smaller group for one column (Vittinghoff, McCulloch 2007)


def drdid(
    after: ArrayLike, before: ArrayLike, program: ArrayLike, covariates: ArrayLike, *,
    clusters: ArrayLike | None = None, names: Sequence[str] | None = None,
    shown: Shown | None = None, estimator: str = "drdid",
) -> Estimate:  # fmt: skip
    """Effect on the treated from persons measured twice: after, before, program (n,), covariates
    (n, p) measured before.

    Sant'Anna and Zhao's estimator for panel data with a logit and least squares (R DRDID::
    drdid_panel): the doubly robust effect on the change, with the influence function of both
    models, summed by cluster. Without covariates it is did. Where the chances cannot be modelled,
    the outcome model alone ("regression_did"; DRDID::reg_did_panel), and with too few persons for
    that did itself; a warning says so. shown: columns and names whose balance is reported.
    """
    after, before = np.asarray(after, dtype=float), np.asarray(before, dtype=float)
    member = np.asarray(program, dtype=bool)
    plain = did(after, before, member, clusters=clusters)
    if plain.estimate is None:
        return replace(plain, estimator=estimator)
    z = np.asarray(covariates, dtype=float).reshape(len(after), -1)
    waves = (np.ones(len(after), dtype=bool),)
    found = _adjusted(
        after - before, z, member, waves, plain, clusters, shown or (z, names), estimator
    )
    return replace(found, sd=plain.sd, sd_df=plain.sd_df)


def drdid_repeated(
    y: ArrayLike, program: ArrayLike, later: ArrayLike, covariates: ArrayLike, *,
    clusters: ArrayLike | None = None, names: Sequence[str] | None = None,
    shown: Shown | None = None, estimator: str = "drdid_repeated",
) -> Estimate:  # fmt: skip
    """The same from independent samples: y, program, later (n,) and covariates (n, p) are rows of
    both waves (R DRDID::drdid_rc1).

    The chances come from the rows of both waves, which supposes that neither group changes its
    make-up between them; each wave has its own outcome model. Falls back as drdid does.
    """
    y, late = np.asarray(y, dtype=float), np.asarray(later, dtype=bool)
    member = np.asarray(program, dtype=bool)
    plain = did_repeated(y, member, late, clusters=clusters)
    if plain.estimate is None:
        return replace(plain, estimator=estimator)
    z = np.asarray(covariates, dtype=float).reshape(len(y), -1)
    found = _adjusted(y, z, member, (late, ~late), plain, clusters, shown or (z, names), estimator)
    return replace(found, sd=plain.sd, sd_df=plain.sd_df)


def _adjusted(
    y: Array, z: Array, member: NDArray[np.bool_], waves: tuple[NDArray[np.bool_], ...],
    plain: Estimate, clusters: ArrayLike | None, shown: tuple[Array, Sequence[str] | None],
    estimator: str,
) -> Estimate:  # fmt: skip
    """The doubly robust effect in the first wave less that in the second, or what stands in."""
    x = design(z, len(y))
    fewest = min(int((group & wave).sum()) for group in (member, ~member) for wave in waves)
    thin = fewest < MIN_PER_COVARIATE * z.shape[1]
    if thin or not all(can_model(x, ~member & wave) for wave in waves):
        note = _(
            "There are too few persons for so many covariates, so the difference in differences "
            "does without them."
        )
        return replace(
            plain,
            estimator=_named(estimator, plain.estimator),
            details=plain.details | {"method": "unadjusted"},
            warnings=(*plain.warnings, note),
        )
    ready = prepare(z, member, shown)
    found: dict[str, Any] = {k: v for k, v in plain.details.items() if k.startswith("mean_")}
    if isinstance(ready, Ready):
        fit, notes, name = ready.fit, ready.notes, estimator
        found |= ready.details | {"method": "doubly robust"}
    else:
        note = _(
            "A doubly robust estimate is not possible ({reason}); the change of the comparison "
            "group is modelled by regression alone, beyond what the data cover."
        ).format(reason=why_no_propensity(ready))
        fit, notes, name = None, (note,), _named(estimator, "regression_did")
        found |= {"method": "regression"}
    parts = [att_influence(y, x, member, fit, wave) for wave in waves]
    signs = (1.0, -1.0)[: len(parts)]
    att = sum(sign * part[0] for sign, part in zip(signs, parts, strict=True))
    influence = np.sum([s * part[1] for s, part in zip(signs, parts, strict=True)], axis=0)
    return from_influence(
        att, influence, member, k=x.shape[1] * len(waves), clusters=clusters, estimator=name,
        details=found, warnings=(*plain.warnings, *notes),
        persons=(plain.n_program, plain.n_comparison or 0),
    )  # fmt: skip


def _named(estimator: str, instead: str) -> str:
    """The name of what stands in; an estimate on another measure (net shares) keeps its own."""
    return instead if estimator.startswith("drdid") else estimator
