"""How the e-learning was used, when, how far people came, and how long it took them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import SMALL_CELL, is_small, protect_counts
from evaluasi_lib.program import ElearningPlan
from evaluasi_lib.results import Elearning, Stage
from evaluasi_lib.scoring.background import (
    level_label,
    level_text,
    levels_of,
    person_variable,
    protect_funnel,
    share_row,
    variable_label,
)
from evaluasi_lib.scoring.events import EventSummary, summarise_events, zone_name
from evaluasi_lib.scoring.participation import stage_flags
from evaluasi_lib.scoring.survival import cox, kaplan_meier, log_rank, publishable_curve
from evaluasi_lib.scoring.usage import compare_access, relate_to_outcome
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose


def score_elearning(study: Study) -> Elearning:
    """Use of the platform by the persons of the program group.

    users: persons with any event. off_hours_share: share of events outside office hours, in each
    learner's own zone. median_days_to_complete: Kaplan-Meier, from enrolment (else the declared
    start, else the first event) to completion. funnel: enrolled, active, each module (it or a later
    one was opened), completed. modules: module, label, n, share, ci_low, ci_high, reached,
    dropoff_share (of those who reached it, who came no further), median_minutes, reason.
    `details`:

    - off_hours: events_share, ci_low, ci_high, sessions_share, weekend_share, time_zones, note
    - sessions: n, gap_minutes, median_per_user;  time_on_task: median_minutes, q25, q75, caveat
    - heatmap: weekday (1 = Monday), hour, share (of all events), reason — 168 rows
    - weeks: week, persons, reason;  devices: origin, label, persons, share, events_share, ...
    - survival: n, n_completed, n_set_aside, start, median_days, median_ci_low, median_ci_high,
      curve [{days, share_completed, ci_low, ci_high}], groups [same with group, label], log_rank
      {chi2, df, p_value}, cox [{term, label, hazard_ratio, ci_low, ci_high, p_value, ph_p_value}],
      median_days_of_completers, reason
    - dose_response, spacing: see usage.relate_to_outcome;  access: see usage.compare_access
    - log_quality: events, duplicates, without_time, other_persons
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
    zones = learner_zones(study, plan, stages.index)
    summary = summarise_events(
        path, zones, gap_minutes=plan.session_gap_minutes, work_hours=plan.work_hours
    )
    persons = summary.persons.to_pandas().set_index("pid")
    users = len(persons)
    if is_small(users, k):
        return _absent(SMALL_CELL)
    quality = {
        "events": summary.n_events,
        "duplicates": summary.n_duplicates,
        "without_time": summary.n_without_time,
        "other_persons": summary.n_other_persons,
    }
    if users == 0:
        reason = _("Nobody of the program appears in the log.")
        return Elearning(0, None, None, reason=reason, details={"log_quality": quality})
    modules, funnel = score_modules(study, plan, summary, stages)
    survival = score_survival(study, plan, persons, stages)
    off = off_hours(persons)
    details: dict[str, Any] = {
        "off_hours": off
        | {
            "time_zones": sorted(set(zones.values())),
            "note": _("Public holidays are not known to the log and count as working days."),
        },
        "sessions": {
            "n": int(persons["sessions"].sum()),
            "gap_minutes": plan.session_gap_minutes,
            "median_per_user": float(persons["sessions"].median()),
        },
        "time_on_task": time_on_task(persons, plan),
        "heatmap": heatmap(summary, k),
        "weeks": [
            {"week": row["week"].isoformat()} | _hide(row["persons"], k)
            for row in summary.weeks.to_dicts()
        ],
        "devices": devices(summary, users, k),
        "survival": survival,
        "log_quality": quality,
        **relate_to_outcome(study, persons, k),
        "access": compare_access(study, plan, persons, stages, zones),
    }
    return Elearning(
        users=users,
        median_days_to_complete=survival["median_days"],
        off_hours_share=off["events_share"],
        funnel=funnel,
        modules=modules,
        details=details,
        reason=survival["reason"],
    )


def _absent(reason: str) -> Elearning:
    return Elearning(None, None, None, reason=reason)


def _hide(n: int, k: int) -> dict[str, Any]:
    small = is_small(n, k)
    return {"persons": None if small else n, "reason": SMALL_CELL if small else None}


def learner_zones(study: Study, plan: ElearningPlan, index: pd.Index) -> dict[str, str]:
    """pid -> IANA name of the learner's own zone; the declared one where it is not known."""
    variable = plan.time_zone_variable
    values = person_variable(study, variable) if variable is not None else None
    if values is None:
        return dict.fromkeys(map(str, index), plan.time_zone)
    texts = values.reindex(index).astype("object").map(level_text)
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
    low, middle, high = np.quantile(persons["minutes"], [0.25, 0.5, 0.75])
    caveat = _(
        "Time on task is estimated from the pauses between clicks. Pauses over {gap} minutes count "
        "as away, shorter ones as learning; the last page of each session counts for nothing, and "
        "reading offline is not seen."
    ).format(gap=round(plan.session_gap_minutes))
    return {
        "median_minutes": float(middle),
        "q25_minutes": float(low),
        "q75_minutes": float(high),
        "caveat": caveat,
    }


def heatmap(summary: EventSummary, k: int) -> list[dict[str, Any]]:
    """Share of all events in each hour of the week; cells of 1 to k-1 persons are hidden."""
    total = summary.n_events
    cells = {(r["weekday"], r["hour"]): r for r in summary.hours.to_dicts()}
    nobody = {"events": 0, "persons": 0}
    week = [(weekday, hour) for weekday in range(1, 8) for hour in range(24)]
    hidden = protect_counts(
        {f"{d}-{h}": cells.get((d, h), nobody)["persons"] for d, h in week}, k=k
    )
    rows = []
    for weekday in range(1, 8):
        for hour in range(24):
            cell = cells.get((weekday, hour), nobody)
            small = hidden[f"{weekday}-{hour}"] is None
            rows.append(
                {
                    "weekday": weekday,
                    "hour": hour,
                    "share": None if small else cell["events"] / total,
                    "reason": SMALL_CELL if small else None,
                }
            )
    return rows


def devices(summary: EventSummary, users: int, k: int) -> list[dict[str, Any]]:
    """Persons who used each origin, and its share of events (hidden with its persons)."""
    labels = {"web": _("web browser"), "ws": _("mobile application"), "cli": _("server")}
    rows = []
    for row in summary.origins.sort("persons", "origin", descending=[True, False]).to_dicts():
        origin = row["origin"] or ""
        shares = share_row(row["persons"], users, k)
        hidden = is_small(row["persons"], k)
        rows.append(
            {
                "origin": origin,
                "label": labels.get(origin.lower(), origin or _("not recorded")),
                **shares,
                "events_share": None if hidden else row["events"] / summary.n_events,
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
    furthest = table["module"].map(place).groupby(table["pid"]).max()
    active = summary.persons["pid"].to_list()
    furthest = furthest.reindex(active).fillna(-1)
    done = pd.Series(False, index=active)
    if "completed" in stages:
        done = stages["completed"].reindex(active).fillna(False).astype(bool)
    counts = {"enrolled": int(stages["enrolled"].sum()), "active": len(active)}
    counts["enrolled"] = max(counts["enrolled"], counts["active"])
    counts |= {m: int(((furthest >= i) | done).sum()) for m, i in place.items()}
    if "completed" in stages:
        counts["completed"] = int(done.sum())
    shown = protect_funnel(counts, k=k, first=("active", "enrolled", "completed"))
    funnel = tuple(Stage(s, n, SMALL_CELL if n is None else None) for s, n in shown.items())
    following = [*order[1:], "completed" if "completed" in stages else None]
    rows = []
    for module, later in zip(order, following, strict=True):
        used = table[table["module"].eq(module)]
        here = shown[module]
        further = shown.get(later) if later is not None else None
        lost = 1 - further / here if here and further is not None else None
        enough = not is_small(len(used), k) and len(used) > 0
        rows.append(
            {
                "module": module,
                "label": choose(plan.modules.get(module)) or module,
                **share_row(len(used), len(active), k),
                "reached": here,
                "dropoff_share": lost,
                "median_minutes": float(used["minutes"].median()) if enough else None,
            }
        )
    return tuple(rows), funnel


def _by_first_use(table: pd.DataFrame) -> list[str]:
    """Modules in the order in which people (median) first opened them, where none is declared."""
    first = table.groupby("module")["first"].median().reset_index()
    return first.sort_values(["first", "module"])["module"].tolist()


# Time to completion


def completion_times(
    study: Study, persons: pd.DataFrame, stages: pd.DataFrame
) -> tuple[pd.DataFrame, str]:
    """(frame with days and done for each user, what the clock starts at).

    Start: the date of enrolment, else of the declared start, else the first event. End: the date of
    completion, else the last event of who is flagged as completed; who is not is censored at the
    last day that the log or the roster knows. Negative times (completion before the start) stay in:
    the caller sets them aside and counts them.
    """
    plan = study.program.participation
    roster = study.persons.reindex(persons.index)
    start, kind = persons["first"], "first_event"
    for stage in ("enrolled", "started"):
        name = getattr(plan, stage) if plan is not None else None
        if name in roster and pd.api.types.is_datetime64_any_dtype(roster[name].dtype):
            start, kind = roster[name].fillna(persons["first"]), stage
            break
    done = pd.Series(False, index=persons.index)
    if "completed" in stages:
        done = stages["completed"].reindex(persons.index).fillna(False).astype(bool)
    end = persons["last"]
    name = plan.completed if plan is not None else None
    if name in roster and pd.api.types.is_datetime64_any_dtype(roster[name].dtype):
        end = roster[name].fillna(persons["last"])
    horizon = max(persons["last"].max(), end.max())
    end = end.where(done, horizon)
    days = (end - start).dt.total_seconds() / 86_400
    return pd.DataFrame({"days": days, "done": done.astype(int)}), kind


def score_survival(
    study: Study, plan: ElearningPlan, persons: pd.DataFrame, stages: pd.DataFrame
) -> dict[str, Any]:
    """Time to completion of the users, in all and by the declared group."""
    k = study.program.privacy.min_cell
    empty: dict[str, Any] = dict.fromkeys(
        ["n", "n_completed", "n_set_aside", "start", "median_days", "median_ci_low",
         "median_ci_high", "median_days_of_completers", "log_rank"]
    ) | {"curve": [], "groups": [], "cox": []}  # fmt: skip
    if "completed" not in stages:
        return empty | {"reason": _("The program does not declare who completed.")}
    times, start = completion_times(study, persons, stages)
    aside = times["days"] < 0
    times = times[~aside]
    km = kaplan_meier(times["days"].to_numpy(), times["done"].to_numpy())
    result = empty | {"start": start, "n_set_aside": int(aside.sum())}
    if is_small(int(aside.sum()), k):
        result["n_set_aside"] = None
    if km.n_completed == 0:
        return result | {"n": km.n, "n_completed": 0, "reason": _("Nobody completed.")}
    if is_small(km.n_completed, k) or is_small(km.n, k):
        return result | {"reason": SMALL_CELL}
    shown = protect_funnel({"n": km.n, "completed": km.n_completed}, k=k)
    reason = None
    if km.median_days is None:
        reason = _("Fewer than half completed within the time observed, so there is no median.")
    result |= _median(km) | {
        "n": shown["n"],
        "n_completed": shown["completed"],
        "median_days_of_completers": float(times.loc[times["done"].eq(1), "days"].median()),
        "curve": publishable_curve(km, k=k),
        "reason": reason,
    }
    return result | _by_group(study, plan, times, k)


def _median(km: Any) -> dict[str, float | None]:
    return {
        "median_days": km.median_days,
        "median_ci_low": km.median_ci_low,
        "median_ci_high": km.median_ci_high,
    }


def _by_group(study: Study, plan: ElearningPlan, times: pd.DataFrame, k: int) -> dict[str, Any]:
    """Curves, log-rank and Cox of the groups with at least k persons and k completions."""
    values = person_variable(study, plan.group) if plan.group is not None else None
    if values is None or plan.group is None:
        return {}
    group = values.reindex(times.index).astype("object").map(level_text)
    rows: list[dict[str, Any]] = []
    usable: list[str] = []
    for level in levels_of(study.program, plan.group, group):
        part = times[group.eq(level)]
        km = kaplan_meier(part["days"].to_numpy(), part["done"].to_numpy())
        row: dict[str, Any] = {
            "group": level,
            "label": level_label(study.program, plan.group, level),
        }
        if km.n < k or km.n_completed < k:
            blank = {"median_days": None, "median_ci_low": None, "median_ci_high": None}
            rows.append(row | blank | {"curve": [], "reason": SMALL_CELL})
            continue
        usable.append(level)
        rows.append(row | _median(km) | {"curve": publishable_curve(km, k=k), "reason": None})
    kept = group.isin(usable)
    days, done = times.loc[kept, "days"].to_numpy(), times.loc[kept, "done"].to_numpy()
    test = log_rank(days, done, group[kept].to_numpy()) if len(usable) > 1 else None
    hazards = []
    if len(usable) > 1:
        dummies = pd.DataFrame({lv: group[kept].eq(lv).astype(float) for lv in usable[1:]})
        for hazard in cox(days, done, dummies):
            hazards.append(
                {
                    "term": hazard.term,
                    "label": _("{label}: {level} (against {reference})").format(
                        label=variable_label(study.program, plan.group),
                        level=level_label(study.program, plan.group, hazard.term),
                        reference=level_label(study.program, plan.group, usable[0]),
                    ),
                    "hazard_ratio": hazard.hazard_ratio,
                    "ci_low": hazard.ci_low,
                    "ci_high": hazard.ci_high,
                    "p_value": hazard.p_value,
                    "ph_p_value": hazard.ph_p_value,
                }
            )
    return {
        "groups": rows,
        "log_rank": None
        if test is None
        else {"chi2": test.chi2, "df": test.df, "p_value": test.p_value},
        "cox": hazards,
    }
