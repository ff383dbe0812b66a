"""Drivers of completing in one program: the model, what was left out, and a plain sentence each."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pandas as pd

from evaluasi_lib.disclosure import is_small
from evaluasi_lib.labels import level_label, participation_of, term_label, variable_label
from evaluasi_lib.program import Program
from evaluasi_lib.results import Driver
from evaluasi_lib.scoring.drivers import DriverModel, MarginalEffect, fit_drivers
from evaluasi_lib.scoring.logit import NoConvergenceError
from evaluasi_lib.scoring.persons import cluster_of, known_variables, small_levelled
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, interval, number

MIN_EVENTS = 10  # of completing and of not completing, under which no model is fitted
FLAG = ("true", "1")  # levels that need no name beside their variable's
EVENTS_PER_TERM = 10  # Peduzzi et al. (1996): fewer make logit estimates unreliable


def score_drivers(study: Study, stages: pd.DataFrame) -> tuple[tuple[Driver, ...], dict[str, Any]]:
    """Drivers of completing among the enrolled, each with its sentence, and what was left out."""
    names = participation_of(study.program).drivers
    extra: dict[str, Any] = {"drivers_left_out": [], "driver_notes": [], "driver_model": None}
    if not names or "completed" not in stages:
        return (), extra
    program, k = study.program, study.program.privacy.min_cell
    enrolled = stages.index[stages["enrolled"]]
    frame = known_variables(study, names, enrolled, at_least=k)
    left_out = {name: "missing" for name in names if name not in frame}
    known = frame.notna().all(axis=1)
    frame, completed = frame[known], stages.loc[enrolled, "completed"][known]
    n, events = len(completed), int(completed.sum())
    fewer = min(events, n - events)
    if fewer < max(k, MIN_EVENTS) or frame.columns.empty:
        return (), extra | {
            "drivers_left_out": _left_out(program, left_out),
            "driver_notes": [_why_no_model(n, events)],
        }
    small = small_levelled(frame, k)
    try:
        model = fit_drivers(frame.drop(columns=small), completed, cluster_of(study, frame.index))
    except NoConvergenceError:
        return (), extra | {
            "drivers_left_out": _left_out(program, left_out),
            "driver_notes": [
                _("Drivers could not be examined: the estimation did not settle on a result.")
            ],
        }
    left_out |= dict.fromkeys(small, "small_cell") | model.left_out
    n_missing = int((~known).sum())
    return tuple(_driver(program, effect) for effect in model.effects), {
        "drivers_left_out": _left_out(program, left_out),
        "driver_notes": _notes(study, model, fewer),
        "driver_model": {
            "n": model.n,
            "n_clusters": model.n_clusters,
            "n_missing": None if is_small(n_missing, k) else n_missing,
        },
    }


def _why_no_model(n: int, events: int) -> str:
    if n == 0:
        return _("Drivers could not be examined: the variables are known of nobody.")
    if events == 0:
        return _("Drivers could not be examined: nobody completed.")
    if events == n:
        return _("Drivers could not be examined: everybody completed.")
    return _("Drivers could not be examined: too few persons completed or did not complete.")


def _left_out(program: Program, reasons: dict[str, str]) -> list[dict[str, str]]:
    sentences = {
        "constant": _("“{label}” was left out: it is the same for everybody."),
        "separation": _(
            "“{label}” was left out: in one of its groups everybody, or nobody, completed "
            "(separation), so its effect has no finite estimate."
        ),
        "collinear": _("“{label}” was left out: the other variables already tell it."),
        "missing": _("“{label}” was left out: too few persons have a value."),
        "small_cell": _("“{label}” was left out: one of its groups has too few persons to show."),
    }
    rows = []
    for name, why in reasons.items():
        label = variable_label(program, name)
        sentence = sentences[why].format(label=label)
        rows.append({"variable": name, "label": label, "why": why, "sentence": sentence})
    return rows


def _notes(study: Study, model: DriverModel, fewer: int) -> list[str]:
    notes = [
        _("These are associations: they do not show what would happen if a condition changed.")
    ]
    if len(model.beta) > 1 and fewer / (len(model.beta) - 1) < EVENTS_PER_TERM:
        notes.append(
            _("Few persons for this many variables (under {n} each): read with care.").format(
                n=EVENTS_PER_TERM
            )
        )
    if model.n_clusters is not None:
        notes.append(
            _("Intervals allow for persons of one agency being alike ({n} agencies).").format(
                n=model.n_clusters
            )
        )
    elif study.program.design.cluster is None:
        notes.append(_("No agency is declared, so persons are taken as independent of each other."))
    return notes


def _driver(program: Program, effect: MarginalEffect) -> Driver:
    level = None if effect.level in FLAG else effect.level
    same = ("variable", "ame", "std_error", "ci_low", "ci_high", "p_value",
            "gap", "gap_ci_low", "gap_ci_high")  # fmt: skip
    return Driver(
        **{name: getattr(effect, name) for name in same},
        label=term_label(program, effect.variable, level, effect.reference),
        sentence=driver_sentence(program, effect),
        level=level,
        gap_from=effect.low,
        gap_to=effect.high,
    )


def driver_sentence(program: Program, effect: MarginalEffect) -> str:
    """A driver in one plain sentence, in percentage points, with its 95% interval."""
    label = variable_label(program, effect.variable)
    of = partial(level_label, program, effect.variable)
    label = re.sub(r"\s*\([^()]*\)$", "", label)  # "(1-5)" says nothing within a sentence
    label = label if label[:2].isupper() else label[:1].lower() + label[1:]
    if effect.level is None:
        who = _("staff with high {label} ({high})").format(label=label, high=of(effect.high))
        whom = _("those with lower {label} ({low})").format(label=label, low=of(effect.low))
    elif effect.level in FLAG:
        who = _("staff with {label}").format(label=label)
        whom = _("those without")
    else:
        who = _("staff in {label} {level}").format(label=label, level=of(effect.level))
        whom = _("those in {level}").format(level=of(effect.reference))
    gap, ends = effect.gap, [effect.gap_ci_low, effect.gap_ci_high]
    unsettled = ends[0] <= 0 <= ends[1]
    if unsettled:
        text = _(
            "The data do not settle whether {who} complete more or less often than {whom}: "
            "the difference is {points} percentage points [{interval}]."
        )
    elif gap < 0:
        text = _("{who} complete {points} percentage points less often than {whom} [{interval}].")
    else:
        text = _("{who} complete {points} percentage points more often than {whom} [{interval}].")
    if not unsettled:
        gap, ends = abs(gap), sorted(map(abs, ends))
    sentence = text.format(
        who=who,
        whom=whom,
        points=number(100 * gap, 0),
        interval=interval(100 * ends[0], 100 * ends[1], 0),
    )
    return sentence[:1].upper() + sentence[1:]
