"""How the e-learning was used, when, how far people came, and how long it took them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import SMALL_CELL, is_small, protect_counts
from evaluasi_lib.program import ElearningPlan
from evaluasi_lib.results import Elearning, Stage
from evaluasi_lib.scoring.background import (
    person_levels,
    protect_funnel,
    share_row,
)
from evaluasi_lib.scoring.completion import score_completion
from evaluasi_lib.scoring.events import EventSummary, summarise_events, zone_name
from evaluasi_lib.scoring.participation import stage_flags
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
    - survival: see completion.score_completion
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
    counted = ("events", "duplicates", "without_time", "other_persons")
    quality = {name: getattr(summary, f"n_{name}") for name in counted}
    if users == 0:
        reason = _("Nobody of the program appears in the log.")
        return Elearning(0, None, None, reason=reason, details={"log_quality": quality})
    modules, funnel = score_modules(study, plan, summary, stages)
    survival = score_completion(study, plan, persons, stages)
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
        "weeks": weeks(summary, k),
        "devices": devices(summary, users, k),
        "survival": survival,
        "log_quality": quality,
        **relate_to_outcome(study, persons, k),
        "access": compare_access(study, plan, persons, stages),
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


def weeks(summary: EventSummary, k: int) -> list[dict[str, Any]]:
    """Persons in each week; 1 to k-1 are hidden."""
    rows = []
    for row in summary.weeks.to_dicts():
        n, small = row["persons"], is_small(row["persons"], k)
        shown = {"persons": None if small else n, "reason": SMALL_CELL if small else None}
        rows.append({"week": row["week"].isoformat()} | shown)
    return rows


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
    """Quartiles of the minutes of each user, and what they cannot know."""
    quartiles = map(float, np.quantile(persons["minutes"], [0.25, 0.5, 0.75]))
    caveat = _(
        "Time on task is estimated from the pauses between clicks. Pauses over {gap} minutes count "
        "as away, shorter ones as learning; the last page of each session counts for nothing, and "
        "reading offline is not seen."
    ).format(gap=round(plan.session_gap_minutes))
    named = zip(("q25_minutes", "median_minutes", "q75_minutes"), quartiles, strict=True)
    return {**dict(named), "caveat": caveat}


def heatmap(summary: EventSummary, k: int) -> list[dict[str, Any]]:
    """Share of all events in each hour of the week; cells of 1 to k-1 persons are hidden."""
    cells = {f"{r['weekday']}-{r['hour']}": r for r in summary.hours.to_dicts()}
    nobody = {"events": 0, "persons": 0}
    week = [(weekday, hour) for weekday in range(1, 8) for hour in range(24)]
    found = {f"{d}-{h}": cells.get(f"{d}-{h}", nobody) for d, h in week}
    shown = protect_counts({name: cell["persons"] for name, cell in found.items()}, k=k)
    rows = []
    for (weekday, hour), (name, cell) in zip(week, found.items(), strict=True):
        share = cell["events"] / summary.n_events if shown[name] is not None else None
        reason = SMALL_CELL if share is None else None
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
