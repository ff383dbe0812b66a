"""One outcome's arrays for the estimators, and the one table: design -> primary estimator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluasi_lib.program import Design, Outcome
from evaluasi_lib.scoring.frames import OutcomeFrame, design_matrix
from evaluasi_lib.scoring.impact import did, groups, single_group
from evaluasi_lib.scoring.impact.estimate import Estimand, Estimate

Array = NDArray[np.float64]
Baseline = Literal["none", "linked", "independent"]


@dataclass(frozen=True, slots=True)
class Plan:
    """The one primary estimator of a situation, and those that check it."""

    primary: str
    sensitivity: tuple[str, ...] = ()


# (design, what was measured before) -> primary estimator. An outcome's `estimator` overrides it.
PRIMARY: dict[tuple[str, Baseline], Plan] = {
    ("randomised", "none"): Plan("difference", ("adjusted",)),
    ("randomised", "linked"): Plan("difference", ("ancova", "adjusted", "did")),
    ("randomised", "independent"): Plan("difference", ("adjusted",)),
    ("comparison", "linked"): Plan("did", ("ancova", "difference")),
    ("comparison", "independent"): Plan("did_repeated", ("difference",)),
    ("comparison", "none"): Plan("difference", ("adjusted",)),
    ("single_group", "linked"): Plan("paired", ("waves",)),
    ("single_group", "independent"): Plan("waves"),
}


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
        return "ate" if self.design.type == "randomised" else "att"

    def member(self, rows: pd.DataFrame) -> NDArray[np.bool_]:
        return (rows["group"] == "program").to_numpy(dtype=bool)

    def clusters(self, rows: pd.DataFrame) -> NDArray[np.intp] | None:
        """Codes of the declared cluster; a person without one is a cluster of their own."""
        name = self.design.cluster
        if name is None or name not in rows:
            return None
        code, values = pd.factorize(rows[name].astype("object"), sort=False)
        lone = code < 0
        code[lone] = len(values) + np.arange(int(lone.sum()))
        return code

    def covariates(self, rows: pd.DataFrame) -> tuple[Array, list[str]]:
        return design_matrix(rows, self.design.covariates)

    def subset(self, keep: Callable[[pd.DataFrame], pd.Series]) -> Case:
        """The same case for some of the persons."""
        before = self.frame.before
        frame = OutcomeFrame(
            self.frame.after[keep(self.frame.after)].reset_index(drop=True),
            None if before is None else before[keep(before)].reset_index(drop=True),
            self.frame.has_baseline,
        )
        return Case(self.outcome, self.design, frame, self.best)


def _difference(case: Case) -> Estimate:
    rows = case.frame.after
    return groups.difference(
        rows["y"], case.member(rows), clusters=case.clusters(rows), estimand=case.estimand
    )


def _adjusted(case: Case) -> Estimate | None:
    rows = case.frame.after
    z, names = case.covariates(rows)
    if not names:
        return None
    return groups.adjusted(
        rows["y"], case.member(rows), z, clusters=case.clusters(rows), estimand=case.estimand
    )


def _ancova(case: Case) -> Estimate | None:
    if case.baseline != "linked":
        return None
    rows = case.frame.complete
    z, _names = case.covariates(rows)
    return groups.ancova(
        rows["y"], rows["y0"], case.member(rows), z, clusters=case.clusters(rows),
        estimand=case.estimand,
    )  # fmt: skip


def _did(case: Case) -> Estimate | None:
    if case.baseline != "linked":
        return None
    rows = case.frame.complete
    return did.did(rows["y"], rows["y0"], case.member(rows), clusters=case.clusters(rows))


def _did_repeated(case: Case) -> Estimate | None:
    before = case.frame.before
    if before is None:
        return None
    rows = pd.concat([case.frame.after, before], ignore_index=True)
    later = np.arange(len(rows)) < len(case.frame.after)
    return did.did_repeated(rows["y"], case.member(rows), later, clusters=case.clusters(rows))


def _paired(case: Case) -> Estimate | None:
    if case.baseline != "linked":
        return None
    rows = case.frame.complete
    rows = rows[case.member(rows)]
    return single_group.paired(rows["y"], rows["y0"], clusters=case.clusters(rows), best=case.best)


def _waves(case: Case) -> Estimate | None:
    after, before = case.frame.after, case.frame.before
    if case.baseline == "linked":
        # As a check on the pairs alone: everybody who answered after, against the pairs' before.
        before = after.dropna(subset=["y0"]).assign(y=lambda d: d["y0"])
        if len(before) == len(after):
            return None
    if before is None:
        return None
    rows = pd.concat([after, before], ignore_index=True)
    return single_group.waves(after["y"], before["y"], clusters=case.clusters(rows))


ESTIMATORS: dict[str, Callable[[Case], Estimate | None]] = {
    "difference": _difference,
    "adjusted": _adjusted,
    "ancova": _ancova,
    "did": _did,
    "did_repeated": _did_repeated,
    "paired": _paired,
    "waves": _waves,
}
