"""How the e-learning was used and when, how far people came, how long it took, and for whom.

Associations among users, who chose how much and when to learn. Time to completion is analysed by
statsmodels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight, survdiff
from statsmodels.regression.linear_model import OLS

from evaluasi_lib.claims import level_label, participation_of, term_label
from evaluasi_lib.measures import (
    UNPUBLISHED,
    Cell,
    Drafts,
    drafts,
    measure_id,
    nested,
    part_of,
)
from evaluasi_lib.program import ElearningPlan, Outcome
from evaluasi_lib.scoring.events import EventSummary, summarise_events, zone_name
from evaluasi_lib.scoring.frames import (
    cluster_of,
    known_variables,
    levels_of,
    outcome_frame,
    person_levels,
    share_of,
    small_levelled,
)
from evaluasi_lib.scoring.participation import FEW, encode, fit_drivers, stage_flags
from evaluasi_lib.study import Study
from evaluasi_lib.wording import DataError, _, choose, joined, word_for

PART = "elearning"
IN_ORDER = 0.9  # share of users by whom a module counts as opened by all, or after another
LEVELS = ("learning", "behaviour", "results", "reaction")  # in which an outcome by dose is sought
JACKKNIFE_CLUSTERS = 50  # up to which the sandwich of a Cox model is too small


def score_elearning(study: Study) -> Drafts:
    """Use of the platform by the persons of the program group.

    users: persons with any event. off_hours_share: share of events outside office hours, in each
    learner's own zone. median_days_to_complete: Kaplan-Meier, from enrolment (else the declared
    start, else the first event) to completion. Then each function's rows below its own name.
    """
    plan = study.program.elearning
    if plan is None:
        yield from _nothing("undeclared")
        return
    path = study.events_path(plan.events)
    if not path.is_file():
        yield from _nothing("no_log")
    elif not study.linked or study.persons.empty:
        yield from _nothing("unlinked")
    else:
        stages = stage_flags(study)
        summary = summarise_events(
            path, learner_zones(study, plan, stages.index),
            gap_minutes=plan.session_gap_minutes, work_hours=plan.work_hours,
        )  # fmt: skip
        yield from _used(study, plan, summary, stages)


def _nothing(why: str, **known: int) -> Drafts:
    record = {"reason": word_for("platform", why)} | known
    return drafts(record, [PART], "users median_days_to_complete off_hours_share")


def _used(study: Study, plan: ElearningPlan, summary: EventSummary, stages: pd.DataFrame) -> Drafts:
    persons = summary.persons.to_pandas().set_index("pid")
    if persons.empty:
        yield from _nothing("nobody", users=0)
        return
    times = completion_times(study, persons, stages)
    km, users = kaplan_meier(*times.to_numpy().T), Cell((len(persons),))
    off = off_hours(persons)
    totals = {"users": len(persons), "off_hours_share": off["events_share"]}
    timed = km | {"median_days_to_complete": km["median_days"]}
    why = _why_no_median(stages, km)
    yield from drafts(totals, [PART], "users", users)
    cell = Cell((km["n"], km["n_completed"]))
    yield from drafts(timed, [PART], "median_days_to_complete:median_ci", cell, n=None, reason=why)
    yield from drafts(totals, [PART], "off_hours_share", users)
    yield from modules(plan, summary, stages)
    yield from devices(summary, len(persons))
    yield from access(study, plan, persons, stages)
    yield from heatmap(summary, len(persons))
    if km["n_completed"]:
        yield from curve_rows(km, [PART, "curve"])
        yield from completion_by_group(study, plan, times)
    sessions = {
        "gap_minutes": plan.session_gap_minutes, "median_per_user": persons["sessions"].median()
    }  # fmt: skip
    yield from drafts(sessions, [PART, "sessions"], "gap_minutes median_per_user", users)
    yield from drafts(off, [PART, "off_hours"], "events_share:ci sessions_share weekend_share",
                      users)  # fmt: skip
    task = {"median_minutes": persons["minutes"].median()}
    caveat = word_for("platform", "minutes").format(gap=round(plan.session_gap_minutes))
    yield from drafts(task, [PART, "time_on_task"], "median_minutes", users, note=caveat)
    yield from dose_response(study, persons)


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


def heatmap(summary: EventSummary, users: int) -> Drafts:
    """Share of all events in each hour of the week (weekday 1 = Monday): 168 rows."""
    week = pd.MultiIndex.from_product([range(1, 8), range(24)], names=["weekday", "hour"])
    hours = summary.hours.to_pandas().set_index(["weekday", "hour"]).reindex(week, fill_value=0)
    for place, events, n in zip(week, hours["events"], hours["persons"], strict=True):
        cell = Cell((n, users), (("heatmap", n),))
        share = {"share": events / summary.n_events}
        yield from drafts(share, [PART, "heatmap", *place], "share", cell)


def devices(summary: EventSummary, users: int) -> Drafts:
    """Share of the users with each origin, and its share of all events."""
    labels = {"web": _("web browser"), "ws": _("mobile application"), "cli": _("server")}
    for row in summary.origins.sort("persons", "origin", descending=[True, False]).to_dicts():
        origin, n = row["origin"] or "", row["persons"]
        found = share_of(n, users) | {"events_share": row["events"] / summary.n_events}
        found["label"] = labels.get(origin.lower(), origin or _("not recorded"))
        cell = part_of(n, users, "devices")
        yield from drafts(found, [PART, "devices", origin], "share:ci events_share", cell)


def modules(plan: ElearningPlan, summary: EventSummary, stages: pd.DataFrame) -> Drafts:
    """The funnel: enrolled, active, each module that is a stage (it or a later one was opened),
    completed; where the modules have no order, the reason alone.

    Of each module: share of the users who opened it, their median_minutes, and of a stage
    dropoff_share, of those who reached it (n), who came no further.
    """
    table = summary.modules.to_pandas()
    order = list(plan.modules) or _by_first_use(table)
    active = summary.persons["pid"].to_list()
    opened_at = table.pivot_table(index="pid", columns="module", values="first", aggfunc="min")
    opened_at = opened_at.reindex(index=active, columns=order).astype("datetime64[us]")
    done = pd.Series(False, index=active)
    if "completed" in stages:
        done = stages["completed"].reindex(active).fillna(False).astype(bool)
    steps, said = _steps(plan, opened_at, done)
    funnel = [PART, "funnel"]
    counts: dict[str, int] = {}
    if steps:
        reached = _reached(opened_at[steps], done)
        counts = {"enrolled": max(int(stages["enrolled"].sum()), len(active)),
                  "active": len(active)}  # fmt: skip
        counts |= {m: int(reached[m].sum()) for m in steps}
        if "completed" in stages:
            counts["completed"] = int(done.sum())
    if said:
        yield from drafts({"reason": said}, funnel, "stages")
    first = ("active", "enrolled", "completed")
    yield from nested({stage: {"n": n} for stage, n in counts.items()}, funnel, "n", first=first)
    following = dict(zip(steps, [*steps[1:], "completed"], strict=False))
    for module in order:
        later = following.get(module, "")
        minutes = table.loc[table["module"].eq(module), "minutes"]
        names, n = [PART, "modules", module], len(minutes)
        label = _named(plan, module)
        opened = share_of(n, len(active)) | {"median_minutes": minutes.median() if n else None}
        here, further = counts.get(module, n), counts.get(later)
        cell = Cell((*part_of(n, len(active)).persons, here - n))
        yield from drafts(opened, names, "share:ci", cell, label=label)
        if here and further is not None:
            lost = {"n": here, "dropoff_share": 1 - further / here}
            rests = Cell(based_on=tuple(measure_id(*funnel, stage) for stage in (module, later)))
            yield from drafts(lost, names, "dropoff_share", rests, label=label)
        yield from drafts(opened, names, "median_minutes", cell, label=label)


def _reached(opened_at: pd.DataFrame, done: pd.Series) -> pd.DataFrame:
    """Whether each user opened each module or a later one, or completed; users by modules."""
    backwards = opened_at.notna().iloc[:, ::-1]
    return backwards.cummax(axis="columns").iloc[:, ::-1].apply(lambda column: column | done)


def _steps(
    plan: ElearningPlan, opened_at: pd.DataFrame, done: pd.Series
) -> tuple[list[str], str | None]:
    """(the modules that are stages of a funnel, what to say of those that are not).

    opened_at: when each user first opened each module, users by modules in their order. A module is
    optional, where nothing is declared, if fewer than IN_ORDER of those who came further opened it;
    two modules are in order if at least IN_ORDER of those who opened both opened the first first.
    """
    steps = [str(name) for name in opened_at if name not in plan.optional]
    skipped = [str(name) for name in opened_at if name in plan.optional]
    if plan.order == "free":
        return [], word_for("no_funnel", "free")
    if plan.order is None:
        beyond = _reached(opened_at[steps], done).assign(**{"": done})
        for name, later in zip(list(steps), beyond.columns[1:], strict=True):
            if opened_at[name][beyond[later]].notna().mean() < IN_ORDER:
                steps.remove(name)
                skipped.append(name)
        for earlier, later in pairwise(steps):
            both = opened_at[[earlier, later]].dropna()
            if (both[earlier] <= both[later]).mean() < IN_ORDER:
                text = word_for("no_funnel", "no_order")
                return [], text.format(later=_named(plan, later), earlier=_named(plan, earlier))
    if not steps:
        return [], word_for("no_funnel", "none")
    if not skipped:
        return steps, None
    text = word_for("no_funnel", "some")
    return steps, text.format(modules=joined([_named(plan, m) for m in skipped], ", "))


def _named(plan: ElearningPlan, module: str) -> str:
    return choose(plan.modules.get(module)) or module


def _by_first_use(table: pd.DataFrame) -> list[str]:
    """Modules in the order in which people (median) first opened them, where none is declared."""
    first = table.groupby("module")["first"].median().reset_index()
    return first.sort_values(["first", "module"])["module"].tolist()


def completion_times(study: Study, persons: pd.DataFrame, stages: pd.DataFrame) -> pd.DataFrame:
    """days and done (0/1) of each user; who completed before the start is set aside.

    Start: the date of enrolment, else of the declared start, else the first event. End: the date of
    completion, else the last event of who is flagged as completed; who is not is censored at the
    last day that the log or the roster knows. Nobody where completion is not declared.
    """
    if "completed" not in stages:
        return pd.DataFrame({"days": [], "done": []})
    plan = participation_of(study.program)
    roster = study.persons.reindex(persons.index)
    names = {s: getattr(plan, s) for s in ("enrolled", "started", "completed")}
    dates = {
        stage: roster[name]
        for stage, name in names.items()
        if name in roster and pd.api.types.is_datetime64_any_dtype(roster[name].dtype)
    }
    first, last = persons["first"], persons["last"]
    start = dates.get("enrolled", dates.get("started", first)).fillna(first)
    end = dates.get("completed", last).fillna(last)
    done = stages["completed"].reindex(persons.index).fillna(False).astype(bool)
    end = end.where(done, max(last.max(), end.max()))
    days = (end - start).dt.total_seconds() / 86_400
    return pd.DataFrame({"days": days, "done": done.astype(int)})[~(days < 0)]


def _why_no_median(stages: pd.DataFrame, km: dict[str, Any]) -> str:
    if "completed" not in stages:
        return _("The program does not declare who completed.")
    if km["n_completed"] == 0:
        return _("Nobody completed.")
    return _("Fewer than half completed within the time observed, so there is no median.")


def completion_by_group(study: Study, plan: ElearningPlan, times: pd.DataFrame) -> Drafts:
    """Medians of the declared group's levels, the hazards, and the log-rank test of the levels."""
    program, group = study.program, person_levels(study, plan.group, times.index)
    usable: list[str] = []
    if group is not None and plan.group is not None:
        for level in levels_of(program, plan.group, group):
            km = kaplan_meier(*times[group.eq(level)].to_numpy().T)
            usable += [level] if min(km["n"], km["n_completed"]) >= FEW else []
            about = {"label": level_label(program, plan.group, level), "n": None,
                     "reason": _("fewer than half have completed")}  # fmt: skip
            place = [PART, "time", level]
            yield from drafts(
                km, place, "median_days:median_ci", Cell((km["n"], km["n_completed"])), **about
            )
    yield from hazards(study, plan, times)
    if group is not None:
        kept = group.isin(usable)
        if test := log_rank(times["days"][kept], times["done"][kept], group[kept]):
            yield from drafts({"p_value": test[1]}, [PART, "log_rank"], "p_value")


def hazards(study: Study, plan: ElearningPlan, times: pd.DataFrame) -> Drafts:
    """Cox model of the declared group and drivers, errors clustered by agency.

    Persons lacking a value are left out, and so is a variable with a level of few persons. A hazard
    ratio above 1: completes sooner. Associations, no causes.
    """
    program = study.program
    names = dict.fromkeys(n for n in [plan.group, *participation_of(program).drivers] if n)
    frame = known_variables(study, names, times.index, at_least=1).dropna()
    frame = frame.drop(columns=small_levelled(frame, FEW))
    days, done = times.loc[frame.index].to_numpy().T
    if frame.empty or done.sum() < FEW:
        return
    matrix, terms = encode(frame)
    ratios = cox(days, done, matrix, cluster_of(study, frame.index))
    for column, term in zip(map(str, matrix), terms, strict=True):
        if column not in ratios:
            continue
        sizes = [len(frame)] if term.level is None else frame[term.variable].value_counts()
        cell = Cell((int(done.sum()), *map(int, sizes)))
        level = None if column == term.variable else term.level  # a flag needs no name of a level
        label = term_label(program, term.variable, level, term.reference)
        place = [PART, "hazards", column]
        yield from drafts(ratios[column], place, "hazard_ratio:ci:p_value", cell, label=label)


def dose_response(study: Study, persons: pd.DataFrame) -> Drafts:
    """per_hour: slope of the first outcome of learning that is known of enough users, in its unit.

    Against hours of learning by OLS with HC2 errors, adjusted for the outcome before the program
    where it is known of most users. Where there is no such outcome, the reason alone.
    """
    place, fields = [PART, "dose_response"], "per_hour:ci:p_value"
    for outcome in sorted(study.program.outcomes, key=lambda o: LEVELS.index(o.level)):
        frame = _doses(study, outcome, persons)
        if frame is None or len(frame) < 2 * FEW or frame["hours"].nunique() < 3:
            continue
        design = np.column_stack([np.ones(len(frame)), frame.drop(columns="y").to_numpy(float)])
        fit = OLS(frame["y"].to_numpy(), design).fit(cov_type="HC2", use_t=True)
        slope = (fit.params[1], *fit.conf_int()[1], fit.pvalues[1])
        if np.isfinite(fit.bse[1]) and fit.bse[1] > 0:
            names = ("per_hour", "ci_low", "ci_high", "p_value")
            record = dict(zip(names, map(float, slope), strict=True))
            about = {"subject": outcome.id, "label": choose(outcome.label), "n": len(frame),
                     "unit": choose(outcome.unit)}  # fmt: skip
            yield from drafts(record, place, fields, Cell((len(frame),)), **about)
        return
    reason = _("No outcome is known for enough users of the platform.")
    yield from drafts({"reason": reason}, place, fields)


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


def access(
    study: Study, plan: ElearningPlan, persons: pd.DataFrame, stages: pd.DataFrame
) -> Drafts:
    """Whether groups and regions use the platform alike, of the enrolled.

    Of each level of the e-learning group, the time zone and the groups of participation:
    used_share, completed_share (p: whether all of the variable's levels complete alike, not
    corrected for the number of tests), median_minutes (of users).
    """
    program, enrolled = study.program, stages.index[stages["enrolled"]]
    flags = {"used": pd.Series(enrolled.isin(persons.index), index=enrolled)}
    if "completed" in stages:
        flags["completed"] = stages["completed"].reindex(enrolled)
    clusters, minutes = cluster_of(study, enrolled), persons["minutes"].reindex(enrolled)
    names = [plan.group, plan.time_zone_variable, *participation_of(program).groups]
    for name in dict.fromkeys(n for n in names if n is not None):
        group = person_levels(study, name, enrolled)
        if group is None:
            continue
        p = {"completed": _p_alike(group, flags["completed"], clusters)} if len(flags) > 1 else {}
        family = measure_id(PART, "access", name)
        for level in [*levels_of(program, name, group), ""]:
            here = group.eq(level)
            place, size = [PART, "access", name, level], int(here.sum())
            about = {"n": size, "group": level, "label": level_label(program, name, level)}
            whole = [*place, "n"]
            yield from drafts({UNPUBLISHED: size}, whole, UNPUBLISHED,
                              Cell((size,), ((family, size),)))  # fmt: skip
            rests = (measure_id(*whole),)
            for what, flag in flags.items():
                n = int(flag[here].sum())
                found = share_of(n, size) | {UNPUBLISHED: n, "p": p.get(what)}
                found[f"{what}_share"] = found["share"]
                families = (f"{family}/{what}", f"{family}/{what}/rest")
                cell = replace(part_of(n, size, *families), based_on=rests)
                fields = f"{what}_share:ci:p" if level else UNPUBLISHED
                yield from drafts(found, place, fields, cell, **about)
            time = minutes[here].dropna()
            if level and len(time):
                found = {"median_minutes": time.median()}
                cell = Cell((len(time),), based_on=rests)
                yield from drafts(found, place, "median_minutes", cell, **about)


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


def kaplan_meier(times: np.ndarray, done: np.ndarray) -> dict[str, Any]:
    """Product-limit estimate of the time to completion; limits by Greenwood's error of log S.

    times: days from the start to completion, or to the last day known (n). done: 1 where completed,
    0 where not yet (n). n, n_completed, median_days and its median_ci (None where fewer than half
    have completed by the end of the curve), and the `curve`: a record for each day, of
    share_completed (1 minus the survival just after it) with its ci, n_at_risk before it,
    n_completed on it. The limits of the median are the times at which those of the curve reach one
    half (Brookmeyer and Crowley 1982). Reference: survival::survfit of R, whose conf.type is "log"
    unless another is asked for.
    """
    times, done = np.asarray(times, float), np.asarray(done, int)
    medians = ("median_days", "median_ci_low", "median_ci_high")
    found: dict[str, Any] = {"n": len(times), "n_completed": int(done.sum()), "curve": []}
    if not found["n_completed"]:
        return found | dict.fromkeys(medians)
    fit = SurvfuncRight(times, done)
    days, surv = np.asarray(fit.surv_times, float), np.clip(fit.surv_prob, 0, 1)
    left = surv > 0
    half = stats.norm.ppf(0.975) * np.where(left, fit.surv_prob_se, 0) / np.where(left, surv, 1)
    lower, upper = surv * np.exp(-half), np.minimum(surv * np.exp(half), 1.0)
    curve = {"days": days, "share_completed": 1 - surv, "ci_low": 1 - upper, "ci_high": 1 - lower,
             "n_at_risk": fit.n_risk, "n_completed": fit.n_events}  # fmt: skip
    counts = {"n_at_risk": int, "n_completed": int}
    found["curve"] = pd.DataFrame(curve).astype(counts).to_dict("records")
    # Where everybody has completed, the error of log S is not defined, and R gives no upper limit.
    limits = (surv, lower, np.where(left, upper, 1.0))
    return found | {m: _median(days, s) for m, s in zip(medians, limits, strict=True)}


def curve_rows(km: dict[str, Any], names: Sequence[str]) -> Drafts:
    """share_completed:ci at each day on which somebody completed.

    Those who had not completed yet are nested stages: a day after which too few more did waits for
    the next, and leaves no trace. names: start of the ids.
    """
    family, left = "/".join(names), km["n"]
    everybody = Cell(stage=(family, left, 0))
    yield from drafts({UNPUBLISHED: left}, names, UNPUBLISHED, everybody)
    for point in km["curve"]:
        left -= point["n_completed"]
        cell = Cell((point["n_at_risk"],), stage=(family, left, 1), traceless=True)
        yield from drafts(point, [*names, point["days"]], "share_completed:ci", cell)


def _median(times: np.ndarray, surv: np.ndarray) -> float | None:
    """First time at which half have completed; the middle of a stretch at exactly one half (as R).

    The tolerance is that of a product of many factors in floating point.
    """
    below = np.flatnonzero(surv <= 0.5 + 1e-9)
    if len(below) == 0:
        return None
    until = np.flatnonzero(surv < 0.5 - 1e-9)
    level = surv[below[0]] >= 0.5 - 1e-9 and len(until)
    return float((times[below[0]] + times[until[0]]) / 2 if level else times[below[0]])


def log_rank(times: ArrayLike, done: ArrayLike, group: ArrayLike) -> tuple[float, float] | None:
    """(chi2, p) of the unstratified log-rank test between the groups.

    None where there are fewer than two groups, or no event. Reference: survival::survdiff of R.
    """
    if len(np.unique(group)) < 2 or np.asarray(done).sum() == 0:
        return None
    chi2, p = survdiff(np.asarray(times, float), np.asarray(done, int), np.asarray(group))
    return (float(chi2), float(p)) if np.isfinite(chi2) else None


def cox(
    times: np.ndarray, done: np.ndarray, covariates: pd.DataFrame,
    clusters: np.ndarray | None = None,
) -> dict[Any, dict[Any, Any]]:  # fmt: skip
    """Cox model with Efron's treatment of ties: the record of each covariate, its hazard_ratio of
    completing with ci and p_value, beta and std_error; none where it cannot be estimated.

    covariates: (n, p) floats without missing values. clusters: codes (n) of persons that may be
    alike; the errors then come from leaving out one cluster at a time, with t of G-1 degrees of
    freedom, or with many clusters from Lin and Wei's (1989) sandwich. Reference: survival::coxph
    of R.
    """
    times, done = np.asarray(times, float), np.asarray(done, int)
    varying = covariates.loc[:, [bool(np.ptp(covariates[c])) for c in covariates]]
    if done.sum() == 0 or not _estimable(varying):
        return {}
    model = PHReg(times, varying, status=done, ties="efron")
    fit = model.fit() if clusters is None else model.fit(groups=clusters)
    beta, error, df = np.asarray(fit.params), np.asarray(fit.bse), np.inf
    if clusters is not None and len(np.unique(clusters)) <= JACKKNIFE_CLUSTERS:
        left_out = []
        for code in np.unique(clusters):
            kept, others = clusters != code, np.full(len(beta), np.nan)
            if _estimable(varying[kept]) and done[kept].any():
                model = PHReg(times[kept], varying[kept], status=done[kept], ties="efron")
                others = model.fit(start_params=beta).params
            left_out.append(others)
        df = len(left_out) - 1
        error = np.sqrt(df / (df + 1) * ((np.array(left_out) - beta) ** 2).sum(axis=0))
    if not (np.isfinite(beta).all() and np.isfinite(error).all()) or (np.abs(beta) > 15).any():
        return {}
    half = stats.t.ppf(0.975, df) * error
    columns = {"beta": beta, "std_error": error, "hazard_ratio": np.exp(beta),
               "ci_low": np.exp(beta - half), "ci_high": np.exp(beta + half),
               "p_value": 2 * stats.t.sf(np.abs(beta) / error, df)}  # fmt: skip
    return pd.DataFrame(columns, index=varying.columns).to_dict("index")


def _estimable(covariates: pd.DataFrame) -> bool:
    """Whether there are covariates (n, p), of which none follows from the others."""
    rank = np.linalg.matrix_rank(covariates - covariates.mean()) if covariates.size else 0
    return 0 < covariates.shape[1] == rank
