"""One outcome's data as the estimators take them: of everybody, or of one subgroup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluasi_lib.program import Design, Outcome
from evaluasi_lib.scoring.frames import OutcomeFrame, design_matrix, in_program
from evaluasi_lib.scoring.impact.estimate import Estimand

Array = NDArray[np.float64]
Baseline = Literal["none", "linked", "independent"]


def cluster_codes(rows: pd.DataFrame, name: str | None) -> NDArray[np.intp] | None:
    """Codes of a cluster variable; a person without a value is a cluster of their own."""
    if name is None or name not in rows:
        return None
    code, values = pd.factorize(rows[name].astype("object"), sort=False)
    lone = code < 0
    code[lone] = len(values) + np.arange(int(lone.sum()))
    return code


@dataclass(frozen=True)
class Case:
    """The arrays of one outcome (or of one of its subgroups)."""

    outcome: Outcome
    design: Design
    frame: OutcomeFrame
    best: float | None = None

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

    def stacked(self) -> pd.DataFrame:
        """Both waves of independent samples under one another, `later` true for the later one."""
        before = self.frame.before
        if before is None:
            raise ValueError("the waves of this case are linked")
        rows = pd.concat([self.frame.after, before], ignore_index=True)
        return rows.assign(later=np.arange(len(rows)) < len(self.frame.after))

    def subset(self, variable: str, rule: Callable[[pd.Series], pd.Series]) -> Case:
        """The same case for the persons whose value of a variable meets a rule."""

        def kept(rows: pd.DataFrame) -> pd.DataFrame:
            return rows[rule(rows[variable])].reset_index(drop=True)

        before = None if self.frame.before is None else kept(self.frame.before)
        return replace(self, frame=replace(self.frame, after=kept(self.frame.after), before=before))
