"""How the e-learning was used and when, how far people came, how long it took, and for whom.

Associations among users, who chose how much and when to learn.

A platform's log, of any size, summed up for each person by polars.

The log (pid, time in UTC, event, module, component, origin) is read once and written to temporary
files, each with all events of some persons and codes for texts (28 bytes an event), so that memory
is bounded by a part and not by the log. Everything that needs the order of events is worked out
inside a part; rows of the file may stand in any order.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from scipy import stats
from statsmodels.regression.linear_model import OLS

from evaluasi_lib.claims import level_label, participation_of, term_label
from evaluasi_lib.measures import (
    UNPUBLISHED,
    Cell,
    Drafts,
    as_plain,
    drafts,
    measure_id,
    nested,
    part_of,
)
from evaluasi_lib.program import ElearningPlan, Outcome
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
from evaluasi_lib.scoring.survival import KaplanMeier, cox, curve_rows, kaplan_meier, log_rank
from evaluasi_lib.study import Study
from evaluasi_lib.wording import DataError, _, choose, joined

KEYS = ("event", "module", "component", "origin")
ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
CODES = pl.Categorical()  # the same codes in every part
ORDER = ("key", "module", "event", "component", "origin")
PART_ROWS = 4_000_000


@dataclass(frozen=True, slots=True)
class EventSummary:
    """Sums of a log. Local times are naive, in each person's own zone.

    persons: pid, events, off_events, weekend_events, sessions, off_sessions, minutes, first, last
    (local).  modules: pid, module, minutes, first.  hours: weekday (1 = Monday), hour, events,
    persons.  origins: origin, events, persons.
    """

    persons: pl.DataFrame
    modules: pl.DataFrame
    hours: pl.DataFrame
    origins: pl.DataFrame
    n_events: int


def zone_name(value: str | None, default: str) -> str:
    """IANA name of a zone written as WIB, WITA, WIT or as an IANA name; the default if missing."""
    return default if value is None else ZONES.get(value.strip().upper(), value.strip())


def minutes_of_day(clock: str) -> int:
    """ "07:30" -> 450."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def summarise_events(
    path: Path,
    zones: Mapping[str, str],
    *,
    gap_minutes: float,
    work_hours: tuple[str, str],
    part_rows: int = PART_ROWS,
) -> EventSummary:
    """Sum up the events of the persons in `zones` (pid -> IANA zone).

    A session ends at a pause longer than gap_minutes. Time on task is the sum of the pauses within
    sessions, counted for the module of the earlier event: the last page of a session counts for
    nothing, and a pause within the limit counts whole, whatever was done in it. Off-hours are
    Saturday, Sunday, and the other days before or after `work_hours`; public holidays are not
    known. Pauses are taken in UTC, so a change of clocks neither makes nor swallows time. Events
    that are the same in every column are counted once.
    """
    people = pl.DataFrame(
        {"pid": list(zones), "zone": list(zones.values())},
        schema={"pid": pl.String, "zone": pl.String},
    )
    people = people.sort("zone").with_row_index("person")  # so those of a zone follow one another
    places = people.group_by("zone").agg(pl.min("person"), last=pl.max("person")).sort("person")
    log = pl.scan_parquet(path)
    n_rows = log.select(pl.len()).collect(engine="streaming").item()
    parts = max(1, -(-n_rows // part_rows))
    located = (
        log.filter(pl.col("time").is_not_null())
        .with_columns(pl.col("pid").cast(pl.String))
        .join(people.lazy().select("pid", "person"), on="pid", how="inner")
        .select("person", "time", pl.col(KEYS).cast(CODES), part=pl.col("person") % parts)
    )
    work = [minutes_of_day(clock) for clock in work_hours]
    sums: dict[str, list[pl.DataFrame]] = {}
    with tempfile.TemporaryDirectory(prefix="evaluasi-") as folder:
        located.sink_ipc(pl.PartitionBy(folder, key="part", include_key=False), mkdir=True)
        files = [pl.scan_ipc(part / "*.ipc") for part in sorted(Path(folder).iterdir())]
        for part in files or [located]:  # an empty log has no files
            # No name holds the events, or Windows could not take away their file, which is mapped.
            found = _sums(_measure(part.collect(), places.rows(), gap_minutes, work))
            for name, frame in found.items():
                sums.setdefault(name, []).append(frame)
    totals = {name: pl.concat(frames) for name, frames in sums.items()}
    pids = people.select("person", "pid")
    hours = _added(totals["hours"], ["weekday", "hour"])
    return EventSummary(
        persons=_event_named(totals["persons"], pids, ["pid"]),
        modules=_event_named(totals["modules"], pids, ["pid", "module"]),
        hours=hours,
        origins=_added(totals["origins"], ["origin"]),
        n_events=int(hours["events"].sum()),
    )


def _measure(
    events: pl.DataFrame,
    places: Sequence[tuple[str, int, int]],
    gap_minutes: float,
    work: list[int],
) -> pl.DataFrame:
    """Events in order, with local time, off-hours, what opens a session, and the time spent.

    places: each zone, with the first and the last number of its persons.
    """
    key = pl.col("person").cast(pl.Int128) * 2**63 + pl.col("time").to_physical()
    events = events.with_columns(key=key).sort(ORDER)  # one key sorts in a third of the time of two
    again = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in ORDER)
    events = events.filter(~again)
    local = pl.col("time").dt.convert_time_zone
    placed = pl.concat(
        events.filter(pl.col("person").is_between(first, last)).with_columns(
            local=local(zone).dt.replace_time_zone(None)
        )
        for zone, first, last in places or [("UTC", 0, 0)]
    )
    minute = pl.col("local").dt.hour().cast(pl.Int32) * 60 + pl.col("local").dt.minute()
    weekend = pl.col("local").dt.weekday() > 5
    same = pl.col("person") == pl.col("person").shift(1)
    # whole milliseconds: their sums do not depend on the order of addition
    pause = (pl.col("time") - pl.col("time").shift(1)).dt.total_milliseconds()
    goes_on = (same & (pause <= round(gap_minutes * 60_000))).fill_null(False)
    return (
        placed.with_columns(
            off=weekend | (minute < work[0]) | (minute >= work[1]),
            weekend=weekend,
            opens=~goes_on,
            before=pl.when(goes_on).then(pause).otherwise(0),
        )
        .with_columns(spent=pl.col("before").shift(-1, fill_value=0))
        .drop("key", "before", "time")
    )


def _sums(events: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What one part adds to each table of the summary."""
    minutes = pl.col("spent").sum().truediv(60_000).alias("minutes")
    moment = pl.col("local").dt
    counted = {"events": pl.len(), "persons": pl.col("person").n_unique()}
    return {
        "persons": events.group_by("person").agg(
            events=pl.len(),
            off_events=pl.col("off").sum(),
            weekend_events=pl.col("weekend").sum(),
            sessions=pl.col("opens").sum(),
            off_sessions=(pl.col("opens") & pl.col("off")).sum(),
            minutes=minutes,
            first=pl.col("local").min(),
            last=pl.col("local").max(),
        ),
        "modules": events.filter(pl.col("module").is_not_null())
        .group_by("person", "module")
        .agg(minutes, first=pl.col("local").min()),
        "hours": events.group_by(weekday=moment.weekday(), hour=moment.hour()).agg(**counted),
        "origins": events.group_by("origin").agg(**counted),
    }


def _event_named(frame: pl.DataFrame, pids: pl.DataFrame, order: list[str]) -> pl.DataFrame:
    named = frame.join(pids, on="person", how="left").drop("person")
    return named.with_columns(pl.col(CODES).cast(pl.String)).sort(order)


def _added(frame: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Parts hold different persons, so numbers of persons add up as numbers of events do."""
    frame = frame.with_columns(pl.col(CODES).cast(pl.String))
    return frame.group_by(keys).agg(pl.col("events").sum(), pl.col("persons").sum()).sort(keys)


PART = "elearning"
IN_ORDER = 0.9  # share of users by whom a module counts as opened by all, or after another
LEVELS = ("learning", "behaviour", "results", "reaction")  # in which an outcome by dose is sought


def score_elearning(study: Study) -> Drafts:
    """Use of the platform by the persons of the program group.

    users: persons with any event. off_hours_share: share of events outside office hours, in each
    learner's own zone. median_days_to_complete: Kaplan-Meier, from enrolment (else the declared
    start, else the first event) to completion. Then each function's rows below its own name.
    """
    plan = study.program.elearning
    if plan is None:
        yield from _nothing(_("The program declares no e-learning."))
        return
    path = study.events_path(plan.events)
    if not path.is_file():
        yield from _nothing(_("The log of the platform is missing."))
    elif not study.linked or study.persons.empty:
        yield from _nothing(_("The log cannot be linked to persons."))
    else:
        stages = stage_flags(study)
        summary = summarise_events(
            path, learner_zones(study, plan, stages.index),
            gap_minutes=plan.session_gap_minutes, work_hours=plan.work_hours,
        )  # fmt: skip
        yield from _used(study, plan, summary, stages)


def _nothing(reason: str, **known: int) -> Drafts:
    record = {"reason": reason} | known
    return drafts(record, [PART], "users median_days_to_complete off_hours_share")


def _used(study: Study, plan: ElearningPlan, summary: EventSummary, stages: pd.DataFrame) -> Drafts:
    persons = summary.persons.to_pandas().set_index("pid")
    if persons.empty:
        yield from _nothing(_("Nobody of the program appears in the log."), users=0)
        return
    times = completion_times(study, persons, stages)
    km, users = _curve(times), Cell((len(persons),))
    off = off_hours(persons)
    totals = {"users": len(persons), "off_hours_share": off["events_share"]}
    timed = as_plain(km) | {"median_days_to_complete": km.median_days}
    why = _why_no_median(stages, km)
    yield from drafts(totals, [PART], "users", users)
    yield from drafts(timed, [PART], "median_days_to_complete:median_ci", _timed(km), n=None,
                      reason=why)  # fmt: skip
    yield from drafts(totals, [PART], "off_hours_share", users)
    yield from modules(plan, summary, stages)
    yield from devices(summary, len(persons))
    yield from access(study, plan, persons, stages)
    yield from heatmap(summary, len(persons))
    if km.n_completed:
        yield from curve_rows(km, [PART, "curve"])
        yield from completion_by_group(study, plan, times)
    sessions = {
        "gap_minutes": plan.session_gap_minutes, "median_per_user": persons["sessions"].median()
    }  # fmt: skip
    yield from drafts(sessions, [PART, "sessions"], "gap_minutes median_per_user", users)
    yield from drafts(off, [PART, "off_hours"], "events_share:ci sessions_share weekend_share",
                      users)  # fmt: skip
    task = {"median_minutes": persons["minutes"].median()}
    yield from drafts(task, [PART, "time_on_task"], "median_minutes", users, note=_caveat(plan))
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


def _caveat(plan: ElearningPlan) -> str:
    return _(
        "Time on task is estimated from the pauses between clicks. Pauses over {gap} minutes count "
        "as away, shorter ones as learning; the last page of each session counts for nothing, and "
        "reading offline is not seen."
    ).format(gap=round(plan.session_gap_minutes))


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
        return [], _("No funnel is drawn: the modules may be opened in any order.")
    if plan.order is None:
        beyond = _reached(opened_at[steps], done).assign(**{"": done})
        for name, later in zip(list(steps), beyond.columns[1:], strict=True):
            if opened_at[name][beyond[later]].notna().mean() < IN_ORDER:
                steps.remove(name)
                skipped.append(name)
        for earlier, later in pairwise(steps):
            both = opened_at[[earlier, later]].dropna()
            if (both[earlier] <= both[later]).mean() < IN_ORDER:
                text = _("No funnel is drawn: the modules were opened in no fixed order, for "
                         "example “{later}” before “{earlier}”.")  # fmt: skip
                return [], text.format(later=_named(plan, later), earlier=_named(plan, earlier))
    if not steps:
        return [], _("No funnel is drawn: no module is one that everybody opens.")
    if not skipped:
        return steps, None
    text = _("Not a stage, since it is optional or was passed over by many: {modules}.")
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
    start, end = persons["first"], persons["last"]
    began = dates.get("enrolled", dates.get("started"))
    if began is not None:
        start = began.fillna(start)
    if "completed" in dates:
        end = dates["completed"].fillna(end)
    done = stages["completed"].reindex(persons.index).fillna(False).astype(bool)
    end = end.where(done, max(persons["last"].max(), end.max()))
    days = (end - start).dt.total_seconds() / 86_400
    return pd.DataFrame({"days": days, "done": done.astype(int)})[~(days < 0)]


def _curve(times: pd.DataFrame) -> KaplanMeier:
    return kaplan_meier(times["days"].to_numpy(), times["done"].to_numpy())


def _timed(km: KaplanMeier) -> Cell:
    return Cell((km.n, km.n_completed))


def _why_no_median(stages: pd.DataFrame, km: KaplanMeier) -> str:
    if "completed" not in stages:
        return _("The program does not declare who completed.")
    if km.n_completed == 0:
        return _("Nobody completed.")
    return _("Fewer than half completed within the time observed, so there is no median.")


def completion_by_group(study: Study, plan: ElearningPlan, times: pd.DataFrame) -> Drafts:
    """Medians of the declared group's levels, the hazards, and the log-rank test of the levels."""
    group = person_levels(study, plan.group, times.index)
    usable: list[str] = []
    if group is not None and plan.group is not None:
        for level in levels_of(study.program, plan.group, group):
            km = _curve(times[group.eq(level)])
            usable += [level] if min(km.n, km.n_completed) >= FEW else []
            about = {"label": level_label(study.program, plan.group, level), "n": None,
                     "reason": _("fewer than half have completed")}  # fmt: skip
            yield from drafts(
                km, [PART, "time", level], "median_days:median_ci", _timed(km), **about
            )
    yield from hazards(study, plan, times)
    if group is not None:
        kept = group.isin(usable)
        columns = (column[kept].to_numpy() for column in (times["days"], times["done"], group))
        if test := log_rank(*columns):
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
    kept = times.loc[frame.index]
    completed = int(kept["done"].sum())
    if frame.empty or completed < FEW:
        return
    matrix, terms = encode(frame)
    found = cox(
        kept["days"].to_numpy(), kept["done"].to_numpy(), matrix, cluster_of(study, frame.index)
    )
    ratios = {hazard.term: hazard for hazard in found}
    for t in terms:
        sizes = frame[t.variable].value_counts() if t.levels else pd.Series([len(frame)])
        cell = Cell((completed, *map(int, sizes)))
        for column, level in zip_longest(t.columns, t.levels):
            known = level if column != t.variable else None
            label = term_label(program, t.variable, known, t.reference)
            if column in ratios:
                place = [PART, "hazards", column]
                yield from drafts(
                    ratios[column], place, "hazard_ratio:ci:p_value", cell, label=label
                )


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
