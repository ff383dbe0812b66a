"""More of the program, more of the outcome? An association, since people choose their dose."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evaluasi_lib.scoring.impact.contrast import linear_contrast
from evaluasi_lib.scoring.impact.estimate import Estimate, not_estimated
from evaluasi_lib.wording import _

MIN_DOSED = 10


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
            _("too few persons with a known dose, or all had the same"),
            n_program=int(known.sum()),
        )  # fmt: skip
    spread = float(dose[known].std(ddof=1))
    return linear_contrast(
        np.column_stack(columns), y[known], 1, estimator=estimator, estimand="association",
        program=np.ones(int(known.sum()), dtype=bool), two_groups=False,
        clusters=None if clusters is None else np.asarray(clusters)[known],
        details={"dose_mean": float(dose[known].mean()), "dose_sd": spread,
                 "sd_outcome": float(y[known].std(ddof=1))},
        warnings=(
            _("Who received more may differ from who received less: this is an association, not "
              "the effect of a higher dose."),
        ),
    )  # fmt: skip
