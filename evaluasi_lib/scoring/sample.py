"""From the invited to the analysed."""

from __future__ import annotations

from typing import Any

from evaluasi_lib.disclosure import SMALL_CELL, is_small
from evaluasi_lib.results import FlowStep, Sample
from evaluasi_lib.scoring.background import person_variable, reached
from evaluasi_lib.scoring.frames import OutcomeFrame, OutcomeFrames, outcome_frames
from evaluasi_lib.scoring.impact.checks import diagnose_attrition
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose

SURVEYS = ("survey", "rating")


def score_sample(study: Study, frames: OutcomeFrames | None = None) -> Sample:
    """Invited (roster, or those flagged as invited), responded (any answer in a survey), analysed
    (in the primary estimate of the first decisive outcome), with the flow between them.

    details: `groups` {group: {assigned, analysed}} and `linked_share` {group: share of the answers
    that could be linked with the measure before}, both of that outcome. frames:
    outcome_frames(study), where the caller has them.
    """
    invited, reason = _invited(study)
    responded = _responded(study)
    frames = frames or outcome_frames(study)
    label, frame = "—", None
    for outcome in sorted(study.program.outcomes, key=lambda o: not o.decisive):
        found = frames[outcome.id]
        if not isinstance(found, str):
            label, frame = choose(outcome.label), found
            break
    analysed = None if frame is None else len(frame.complete)
    flow = _flow(
        [
            (_("invited or assigned"), invited, reason),
            (_("answered at least one questionnaire"), responded, None),
            (_("analysed for the estimate of: {outcome}").format(outcome=label), analysed, None),
        ],
        study.program.privacy.min_cell,
    )  # fmt: skip
    first, second, third = (step.n for step in flow)
    hidden = responded is not None and second is None
    return Sample(
        invited=first,
        responded=second,
        analysed=third,
        response_rate_share=second / first if first and second is not None else None,
        weighted=bool(study.program.population),
        flow=flow,
        reason=SMALL_CELL if hidden else reason,
        details={} if frame is None else _details(study, frame),
    )


def _flow(steps: list[tuple[str, int | None, str | None]], k: int) -> tuple[FlowStep, ...]:
    """Steps with the number lost before each; a few who left could be found by subtraction, so a
    step after which 1 to k-1 persons are missing is hidden."""
    flow: list[FlowStep] = []
    last: int | None = None
    for step, n, why in steps:
        dropped = None if n is None or last is None else last - n
        if dropped is not None and dropped < 0:
            dropped = None  # records also cover persons who answered no questionnaire
        if is_small(n, k) or is_small(dropped, k):
            flow.append(FlowStep(step, None, None, SMALL_CELL))
            continue
        flow.append(FlowStep(step, n, dropped, why))
        last = n if n is not None else last
    return tuple(flow)


def _details(study: Study, frame: OutcomeFrame) -> dict[str, Any]:
    """Who was lost in each group, and how many answers could be linked."""
    k = study.program.privacy.min_cell
    details: dict[str, Any] = {}
    loss = diagnose_attrition(study, frame)
    if loss is not None:
        groups: dict[str, dict[str, int | None]] = {}
        for group, assigned in loss.assigned.items():
            kept = loss.analysed[group]
            small = is_small(kept, k) or is_small(assigned - kept, k)
            groups[group] = {"assigned": assigned, "analysed": None if small else kept}
        if sum(row["analysed"] is None for row in groups.values()) == 1:
            groups = {g: row | {"analysed": None} for g, row in groups.items()}  # no subtraction
        details["groups"] = groups
    if frame.linked_share:
        sizes = frame.after["group"].value_counts()
        details["linked_share"] = {
            group: None if is_small(round(sizes[group] * (1 - share)), k) else share
            for group, share in frame.linked_share.items()
        }
    return details


def _invited(study: Study) -> tuple[int | None, str | None]:
    program = study.program
    if program.design.attrition == "unknown":
        return None, _("it is not known how many persons were invited or assigned")
    if program.roster is None:
        return None, _("there is no list of the persons who were invited")
    persons = study.persons
    flag = program.participation.invited if program.participation else None
    values = person_variable(study, flag) if flag else None
    if values is not None:
        # Persons of the comparison group are never invited, yet they are part of the sample.
        chosen = reached(values) | (persons["group"] == "comparison")
        return int((chosen & persons["group"].notna()).sum()), None
    return int(persons["group"].notna().sum()), None


def _responded(study: Study) -> int | None:
    """Persons with any answer in a questionnaire; the largest wave where persons are not linked."""
    program = study.program
    names = [n for n, s in program.sources.items() if s.role in SURVEYS and n in study.tables]
    people = []
    for name in names or list(study.tables)[:1]:
        table = study.tables[name]
        columns = program.sources[name].columns
        items = [c for c in columns if columns[c].type == "item" and c in table]
        people.append(
            set(table[table[items].notna().any(axis=1)]["pid"] if items else table["pid"])
        )
    if not people:
        return None
    if not study.linked:
        return max(len(group) for group in people)
    everyone = set().union(*people)
    return len(everyone & set(study.persons.index)) if program.roster else len(everyone)
