"""From the invited to the analysed."""

from __future__ import annotations

from evaluasi_lib.disclosure import is_small
from evaluasi_lib.program import Outcome
from evaluasi_lib.results import FlowStep, Sample
from evaluasi_lib.scoring.frames import numeric, try_outcome_frame
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose

SURVEYS = ("survey", "rating")


def score_sample(study: Study) -> Sample:
    """Invited (roster, or those flagged as invited), responded (any answer in a survey), analysed
    (in the primary estimate of the first decisive outcome), with the flow between them."""
    invited, reason = _invited(study)
    responded = _responded(study)
    analysed, label = _analysed(study)
    k = study.program.privacy.min_cell
    steps = [
        (_("invited or assigned"), invited, reason),
        (_("answered at least one questionnaire"), responded, None),
        (_("analysed for the primary estimate: {outcome}").format(outcome=label), analysed, None),
    ]
    flow: list[FlowStep] = []
    last: int | None = None
    for step, n, why in steps:
        dropped = None if n is None or last is None else last - n
        small = is_small(n, k) or is_small(dropped, k)
        flow.append(
            FlowStep(step, None if is_small(n, k) else n, None if small else dropped,
                     "small_cell" if small else why)
        )  # fmt: skip
        last = n if n is not None else last
    rate = responded / invited if invited and responded is not None else None
    hide = is_small(responded, k)
    return Sample(
        invited=None if is_small(invited, k) else invited,
        responded=None if hide else responded,
        analysed=None if is_small(analysed, k) else analysed,
        response_rate_share=None if hide else rate,
        weighted=False,
        flow=tuple(flow),
        reason="small_cell" if hide else reason,
    )


def _invited(study: Study) -> tuple[int | None, str | None]:
    program = study.program
    if program.design.attrition == "unknown":
        return None, _("it is not known how many persons were invited or assigned")
    if program.roster is None:
        return None, _("there is no list of the persons who were invited")
    persons = study.persons
    flag = program.participation.invited if program.participation else None
    if flag and flag in persons:
        # Persons of the comparison group are never invited, yet they are part of the sample.
        chosen = (numeric(persons[flag]) == 1) | (persons["group"] == "comparison")
        return int((chosen & persons["group"].notna()).sum()), None
    return int(persons["group"].notna().sum()), None


def _responded(study: Study) -> int | None:
    """Persons with any answer in a questionnaire; the largest wave where persons are not linked."""
    program = study.program
    names = [n for n, s in program.sources.items() if s.role in SURVEYS and n in study.tables]
    if not names:
        names = list(study.tables)[:1]
    people = []
    for name in names:
        table = study.tables[name]
        items = [c for c, column in program.sources[name].columns.items() if column.type == "item"]
        items = [c for c in items if c in table]
        answered = table[table[items].notna().any(axis=1)] if items else table
        people.append(set(answered["pid"]))
    if not people:
        return None
    if not study.linked:
        return max(len(group) for group in people)
    everyone = set().union(*people)
    return len(everyone & set(study.persons.index)) if program.roster else len(everyone)


def _analysed(study: Study) -> tuple[int | None, str]:
    for outcome in sorted(study.program.outcomes, key=lambda o: not o.decisive):
        n = analysed_persons(study, outcome)
        if n is not None:
            return n, choose(outcome.label)
    return None, "—"


def analysed_persons(study: Study, outcome: Outcome) -> int | None:
    """Persons in the primary estimate of an outcome; None where its data are missing."""
    frame = try_outcome_frame(study, outcome)
    return None if isinstance(frame, str) else len(frame.complete)
