"""How the e-learning was used and when, how far people came, how long it took, and for whom.

Associations among users, who chose how much and when to learn.
"""

from __future__ import annotations

from dataclasses import asdict
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.regression.linear_model import OLS

from evaluasi_lib.disclosure import SMALL_CELL, is_small, protect_counts, protect_funnel
from evaluasi_lib.errors import DataError
from evaluasi_lib.labels import level_label, participation_of, term_label
from evaluasi_lib.program import ElearningPlan, Outcome
from evaluasi_lib.results import Elearning, Stage
from evaluasi_lib.scoring import survival
from evaluasi_lib.scoring.drivers import encode, fit_drivers
from evaluasi_lib.scoring.events import EventSummary, summarise_events, zone_name
from evaluasi_lib.scoring.frames import outcome_frame
from evaluasi_lib.scoring.participation import stage_flags
from evaluasi_lib.scoring.persons import (
    cluster_of,
    known_variables,
    level_rows,
    levels_of,
    person_levels,
    share_row,
    small_levelled,
)
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose

LEVELS = ("learning", "behaviour", "results", "reaction")  # in which an outcome by dose is sought
MEDIAN = ("median_days", "median_ci_low", "median_ci_high")
NO_TIMES: dict[str, Any] = dict.fromkeys(["n", *MEDIAN, "log_rank"]) | {
    "curve": [], "groups": [], "cox": []
}  # fmt: skip


def score_elearning(study: Study) -> Elearning:
    """Use of the platform by the persons of the program group.

    users: persons with any event. off_hours_share: share of events outside office hours, in each
    learner's own zone. median_days_to_complete: Kaplan-Meier, from enrolment (else the declared
    start, else the first event) to completion. funnel: enrolled, active, each module (it or a later
    one was opened), completed. modules: module, label, n, share, ci_low, ci_high, reached,
    dropoff_share (of those who reached it, who came no further), median_minutes, reason.
    `details`:

    - off_hours: events_share, ci_low, ci_high, sessions_share, weekend_share, note
    - sessions: gap_minutes, median_per_user;  time_on_task: median_minutes, caveat
    - heatmap: weekday (1 = Monday), hour, share (of all events), reason — 168 rows
    - devices: origin, label, n, share, ci_low, ci_high, events_share, reason
    - survival: see score_completion;  dose_response, access: see those functions
    """
    plan = study.program.elearning
    if plan is None:
        return _absent(_("The program declares no e-learning."))
    path = study.events_path(plan.events)
    if not path.is_file():
        return _absent(_("The log of the platform is missing."))
    if not study.linked or study.persons.empty:
        return _absent(_("The log cannot be linked to persons."))
    k = study.program.privacy.min_cell
    stages = stage_flags(study)
    summary = summarise_events(
        path, learner_zones(study, plan, stages.index),
        gap_minutes=plan.session_gap_minutes, work_hours=plan.work_hours,
    )  # fmt: skip
    persons = summary.persons.to_pandas().set_index("pid")
    users = len(persons)
    if is_small(users, k):
        return _absent(SMALL_CELL)
    if users == 0:
        return Elearning(0, None, None, reason=_("Nobody of the program appears in the log."))
    modules, funnel = score_modules(study, plan, summary, stages)
    completion = score_completion(study, plan, persons, stages)
    off = off_hours(persons)
    details: dict[str, Any] = {
        "off_hours": off
        | {"note": _("Public holidays are not known to the log and count as working days.")},
        "sessions": {
            "gap_minutes": plan.session_gap_minutes,
            "median_per_user": float(persons["sessions"].median()),
        },
        "time_on_task": time_on_task(persons, plan),
        "heatmap": heatmap(summary, k),
        "devices": devices(summary, users, k),
        "survival": completion,
        "dose_response": dose_response(study, persons),
        "access": compare_access(study, plan, persons, stages),
    }
    return Elearning(
        users=users,
        median_days_to_complete=completion["median_days"],
        off_hours_share=off["events_share"],
        funnel=funnel,
        modules=modules,
        details=details,
        reason=completion["reason"],
    )


def _absent(reason: str) -> Elearning:
    return Elearning(None, None, None, reason=reason)


def learner_zones(study: Study, plan: ElearningPlan, index: pd.Index) -> dict[str, str]:
    """pid -> IANA name of the learner's own zone; the declared one where it is not known."""
    texts = person_levels(study, plan.time_zone_variable, index)
    if texts is None:
        return dict.fromkeys(map(str, index), plan.time_zone)
    return {str(p): zone_name(text or None, plan.time_zone) for p, text in texts.items()}


def off_hours(persons: pd.DataFrame) -> dict[str, float]:
    """Shares of events and of sessions outside office hours, and of events on weekends.

    The interval of the events' share takes persons as the sampling unit (linearised ratio), for
    the events of one person are not independent.
    """
    total, off = persons["events"].to_numpy(float), persons["off_events"].to_numpy(float)
    share = off.sum() / total.sum()
    n = len(total)
    residual = off - share * total
    error = np.sqrt(n / (n - 1) * (residual**2).sum()) / total.sum() if n > 1 else 0.0
    return {
        "events_share": float(share),
        "ci_low": float(max(0.0, share - 1.959964 * error)),
        "ci_high": float(min(1.0, share + 1.959964 * error)),
        "sessions_share": float(persons["off_sessions"].sum() / persons["sessions"].sum()),
        "weekend_share": float(persons["weekend_events"].sum() / total.sum()),
    }


def time_on_task(persons: pd.DataFrame, plan: ElearningPlan) -> dict[str, Any]:
    """Median of the minutes of each user, and what they cannot know."""
    caveat = _(
        "Time on task is estimated from the pauses between clicks. Pauses over {gap} minutes count "
        "as away, shorter ones as learning; the last page of each session counts for nothing, and "
        "reading offline is not seen."
    ).format(gap=round(plan.session_gap_minutes))
    return {"median_minutes": float(persons["minutes"].median()), "caveat": caveat}


def heatmap(summary: EventSummary, k: int) -> list[dict[str, Any]]:
    """Share of all events in each hour of the week; cells of 1 to k-1 persons are hidden."""
    week = pd.MultiIndex.from_product([range(1, 8), range(24)], names=["weekday", "hour"])
    hours = summary.hours.to_pandas().set_index(["weekday", "hour"]).reindex(week, fill_value=0)
    persons = protect_counts({str(i): int(n) for i, n in enumerate(hours["persons"])}, k=k)
    rows = []
    for (weekday, hour), events, shown in zip(week, hours["events"], persons.values(), strict=True):
        share, reason = (None, SMALL_CELL) if shown is None else (events / summary.n_events, None)
        rows.append({"weekday": weekday, "hour": hour, "share": share, "reason": reason})
    return rows


def devices(summary: EventSummary, users: int, k: int) -> list[dict[str, Any]]:
    """Persons who used each origin, and its share of events (hidden with its persons)."""
    labels = {"web": _("web browser"), "ws": _("mobile application"), "cli": _("server")}
    rows = []
    for row in summary.origins.sort("persons", "origin", descending=[True, False]).to_dicts():
        origin, share = row["origin"] or "", row["events"] / summary.n_events
        rows.append(
            {
                "origin": origin,
                "label": labels.get(origin.lower(), origin or _("not recorded")),
                **share_row(row["persons"], users, k),
                "events_share": None if is_small(row["persons"], k) else share,
            }
        )
    return rows


def score_modules(
    study: Study, plan: ElearningPlan, summary: EventSummary, stages: pd.DataFrame
) -> tuple[tuple[dict[str, Any], ...], tuple[Stage, ...]]:
    """Rows of `modules` and the funnel, as `score_elearning` describes them."""
    k = study.program.privacy.min_cell
    table = summary.modules.to_pandas()
    order = list(plan.modules) or _by_first_use(table)
    place = {name: i for i, name in enumerate(order)}
    active = summary.persons["pid"].to_list()
    furthest = table["module"].map(place).groupby(table["pid"]).max().reindex(active).fillna(-1)
    counts = {"enrolled": max(int(stages["enrolled"].sum()), len(active)), "active": len(active)}
    if "completed" in stages:
        done = stages["completed"].reindex(active).fillna(False).astype(bool)
        furthest = furthest.mask(done, len(order))
    counts |= {m: int((furthest >= i).sum()) for m, i in place.items()}
    if "completed" in stages:
        counts["completed"] = int(done.sum())
    shown = protect_funnel(counts, k=k, first=("active", "enrolled", "completed"))
    funnel = tuple(Stage(s, n, SMALL_CELL if n is None else None) for s, n in shown.items())
    rows = []
    for module, later in zip(order, [*order[1:], "completed"], strict=True):
        used = table[table["module"].eq(module)]
        here, further = shown[module], shown.get(later)
        rows.append(
            {
                "module": module,
                "label": choose(plan.modules.get(module)) or module,
                **share_row(len(used), len(active), k),
                "reached": here,
                "dropoff_share": 1 - further / here if here and further is not None else None,
                "median_minutes": float(used["minutes"].median()) if len(used) >= k else None,
            }
        )
    return tuple(rows), funnel


def _by_first_use(table: pd.DataFrame) -> list[str]:
    """Modules in the order in which people (median) first opened them, where none is declared."""
    first = table.groupby("module")["first"].median().reset_index()
    return first.sort_values(["first", "module"])["module"].tolist()


def score_completion(
    study: Study, plan: ElearningPlan, persons: pd.DataFrame, stages: pd.DataFrame
) -> dict[str, Any]:
    """Time to completion of the users; who completed before the start of the clock is set aside.

    n, median_days, median_ci_low, median_ci_high (Kaplan-Meier), curve [{days, share_completed,
    ci_low, ci_high}], groups (of the declared group: group, label, median..., reason), log_rank
    {chi2, df, p_value} of the groups, cox [{term, label, hazard_ratio, ci_low, ci_high, p_value,
    ph_p_value}] of the group and the drivers together, reason. A hazard ratio above 1: completes
    sooner. Associations, no causes.
    """
    k = study.program.privacy.min_cell
    if "completed" not in stages:
        return NO_TIMES | {"reason": _("The program does not declare who completed.")}
    times = completion_times(study, persons, stages)
    times = times[~(times["days"] < 0)]
    km = _curve(times)
    if km.n_completed == 0:
        return NO_TIMES | {"n": km.n, "reason": _("Nobody completed.")}
    if is_small(km.n_completed, k) or is_small(km.n, k):
        return NO_TIMES | {"reason": SMALL_CELL}
    reason = None
    if km.median_days is None:
        reason = _("Fewer than half completed within the time observed, so there is no median.")
    result = NO_TIMES | _median(km) | {"n": km.n, "reason": reason}
    result |= {"curve": survival.publishable_curve(km, k=k), "cox": _hazards(study, plan, times)}
    return result | _by_group(study, plan, times)


def completion_times(study: Study, persons: pd.DataFrame, stages: pd.DataFrame) -> pd.DataFrame:
    """days and done (0/1) of each user.

    Start: the date of enrolment, else of the declared start, else the first event. End: the date of
    completion, else the last event of who is flagged as completed; who is not is censored at the
    last day that the log or the roster knows. Negative times (completion before the start) stay in.
    """
    plan = participation_of(study.program)
    roster = study.persons.reindex(persons.index)
    names = {s: getattr(plan, s) for s in ("enrolled", "started", "completed")}
    dates = {
        stage: roster[name]
        for stage, name in names.items()
        if name in roster and pd.api.types.is_datetime64_any_dtype(roster[name].dtype)
    }
    start, end = persons["first"], persons["last"]
    began = dates.get("enrolled", dates.get("started"))
    if began is not None:
        start = began.fillna(start)
    if "completed" in dates:
        end = dates["completed"].fillna(end)
    done = stages["completed"].reindex(persons.index).fillna(False).astype(bool)
    end = end.where(done, max(persons["last"].max(), end.max()))
    days = (end - start).dt.total_seconds() / 86_400
    return pd.DataFrame({"days": days, "done": done.astype(int)})


def _curve(times: pd.DataFrame) -> survival.KaplanMeier:
    return survival.kaplan_meier(times["days"].to_numpy(), times["done"].to_numpy())


def _median(km: survival.KaplanMeier) -> dict[str, Any]:
    return {name: getattr(km, name) for name in MEDIAN}


def _by_group(study: Study, plan: ElearningPlan, times: pd.DataFrame) -> dict[str, Any]:
    """Medians and log-rank of the groups with at least k persons and k completions."""
    group, k = person_levels(study, plan.group, times.index), study.program.privacy.min_cell
    if group is None or plan.group is None:
        return {}
    rows: list[dict[str, Any]] = []
    usable: list[str] = []
    for level in levels_of(study.program, plan.group, group):
        km = _curve(times[group.eq(level)])
        shown: dict[str, Any] = dict.fromkeys(MEDIAN) | {"reason": SMALL_CELL}
        if km.n >= k and km.n_completed >= k:
            usable.append(level)
            shown = _median(km) | {"reason": None}
        label = level_label(study.program, plan.group, level)
        rows.append({"group": level, "label": label} | shown)
    kept = group.isin(usable)
    test = survival.log_rank(*(v[kept].to_numpy() for v in (times["days"], times["done"], group)))
    return {"groups": rows, "log_rank": None if test is None else asdict(test)}


def _hazards(study: Study, plan: ElearningPlan, times: pd.DataFrame) -> list[dict[str, Any]]:
    """Cox model of the declared group and drivers, errors clustered by agency.

    Persons lacking a value are left out; a variable with a level of fewer than k persons too.
    """
    program, k = study.program, study.program.privacy.min_cell
    names = dict.fromkeys(n for n in [plan.group, *participation_of(program).drivers] if n)
    frame = known_variables(study, names, times.index, at_least=1).dropna()
    frame = frame.drop(columns=small_levelled(frame, k))
    kept = times.loc[frame.index]
    if frame.empty or is_small(int(kept["done"].sum()), k):
        return []
    matrix, terms = encode(frame)
    labels = {
        column: term_label(
            program, t.variable, level if column != t.variable else None, t.reference
        )
        for t in terms
        for column, level in zip_longest(t.columns, t.levels)
    }
    found = survival.cox(
        kept["days"].to_numpy(), kept["done"].to_numpy(), matrix, cluster_of(study, frame.index)
    )
    shown = ("term", "hazard_ratio", "ci_low", "ci_high", "p_value", "ph_p_value")
    return [{n: getattr(h, n) for n in shown} | {"label": labels[h.term]} for h in found]


def dose_response(study: Study, persons: pd.DataFrame) -> dict[str, Any]:
    """The first outcome of learning that is known of enough users, against hours of learning.

    {outcome, label, unit, n, per_hour, ci_low, ci_high, p_value, note, reason}: the slope in the
    outcome's unit by OLS with HC2 errors, adjusted for the outcome before the program where it is
    known of most users. Where there is no such outcome, the reason alone.
    """
    k = study.program.privacy.min_cell
    for outcome in sorted(study.program.outcomes, key=lambda o: LEVELS.index(o.level)):
        frame = _doses(study, outcome, persons)
        if frame is None or len(frame) < max(2 * k, 10) or frame["hours"].nunique() < 3:
            continue
        design = np.column_stack([np.ones(len(frame)), frame.drop(columns="y").to_numpy(float)])
        fit = OLS(frame["y"].to_numpy(), design).fit(cov_type="HC2", use_t=True)
        slope = (fit.params[1], *fit.conf_int()[1], fit.pvalues[1])
        known = np.isfinite(fit.bse[1]) and fit.bse[1] > 0
        names = ("per_hour", "ci_low", "ci_high", "p_value")
        return {
            "outcome": outcome.id,
            "label": choose(outcome.label),
            "unit": choose(outcome.unit),
            "n": len(frame),
            **{n: float(v) if known else None for n, v in zip(names, slope, strict=True)},
            "note": _("An association: people chose themselves how much and when to learn."),
            "reason": None,
        }
    return {"reason": _("No outcome is known for enough users of the platform.")}


def _doses(study: Study, outcome: Outcome, persons: pd.DataFrame) -> pd.DataFrame | None:
    """Users with hours, y0 (where known of most) and y; complete rows only. None for an outcome
    that cannot be read, or has no distances."""
    if outcome.scale_type == "ordinal":
        return None
    try:
        rows = outcome_frame(study, outcome).after.set_index("pid")
    except DataError:
        return None
    hours = persons.loc[persons["minutes"] > 0, ["minutes"]] / 60
    frame = hours.rename(columns={"minutes": "hours"}).join(rows, how="inner").sort_index()
    if "y0" in frame and frame["y0"].notna().mean() > 0.5:
        return frame[["hours", "y0", "y"]].dropna()
    return frame[["hours", "y"]]


def compare_access(
    study: Study, plan: ElearningPlan, persons: pd.DataFrame, stages: pd.DataFrame
) -> list[dict[str, Any]]:
    """Whether groups and regions use the platform alike.

    One row for each group: variable, variable_label, group, label, n, used_share, used_ci_low,
    used_ci_high, completed_share, completed_ci_low, completed_ci_high, median_minutes (of users),
    p_completed (whether all of the variable's groups complete alike, not corrected for the number
    of tests), reason. Variables: the e-learning group, the time zone, and the groups of
    participation.
    """
    program = study.program
    k, enrolled = program.privacy.min_cell, stages.index[stages["enrolled"]]
    flags = {"used": pd.Series(enrolled.isin(persons.index), index=enrolled)}
    if "completed" in stages:
        flags["completed"] = stages["completed"].reindex(enrolled)
    clusters, minutes = cluster_of(study, enrolled), persons["minutes"].reindex(enrolled)
    found: list[dict[str, Any]] = []
    names = [plan.group, plan.time_zone_variable, *participation_of(program).groups]
    for name in dict.fromkeys(n for n in names if n is not None):
        group = person_levels(study, name, enrolled)
        if group is None:
            continue
        total, levels = group.value_counts(), levels_of(program, name, group)
        sizes = protect_counts({str(level): int(n) for level, n in total.items()}, k=k)
        p = _p_alike(group, flags["completed"], clusters) if "completed" in flags else None
        shares = {
            what: level_rows(program, name, group[flag].value_counts(), total, levels)
            for what, flag in flags.items()
        }
        for i, level in enumerate(levels):
            used, time = shares["used"][i], minutes[group.eq(level)].dropna()
            row = {key: used[key] for key in ("variable", "variable_label", "group", "label")}
            row["n"] = sizes[level]
            for what in ("used", "completed"):
                part = shares[what][i] if what in shares else {}
                row |= {f"{what}_{key}": part.get(key) for key in ("share", "ci_low", "ci_high")}
            row["median_minutes"] = float(time.median()) if len(time) >= k else None
            row["p_completed"] = p
            row["reason"] = SMALL_CELL if used["share"] is None else None
            found.append(row)
    return found


def _p_alike(group: pd.Series, flag: pd.Series, clusters: np.ndarray | None) -> float | None:
    """p-value that the share of `flag` is the same in all groups.

    Chi-squared; with clusters a Wald test of a logit, None where a group has everybody or nobody.
    """
    known = group.ne("").to_numpy()
    table = pd.crosstab(group[known], flag[known])
    if min(table.shape) < 2:
        return None
    if clusters is None:
        return float(stats.chi2_contingency(table, correction=False).pvalue)
    model = fit_drivers(pd.DataFrame({"group": group[known]}), flag[known], clusters[known])
    return model.joint_p.get("group")
