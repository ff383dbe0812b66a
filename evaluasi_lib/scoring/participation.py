"""Who was invited, takes part and completes, what holds people back, who is missed, and what goes
with completing: a logit model, its average marginal effects, a plain sentence each.

The effects are associations among the persons observed; they become causes only by a design, which
this model is not.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from evaluasi_lib.claims import (
    level_label,
    option_label,
    participation_of,
    term_label,
    variable_label,
)
from evaluasi_lib.measures import (
    SAFE,
    SMALL_CELL,
    Cell,
    Draft,
    Drafts,
    Measure,
    Remark,
    Rows,
    drafts,
    enough,
    measure_id,
    nested,
    record_rows,
    share_interval,
    value_at,
    wide,
)
from evaluasi_lib.program import SURVEYS, Outcome, Program, Source
from evaluasi_lib.scoring.estimate import (
    NoConvergenceError,
    cluster_codes,
    fit_logit,
    paired,
    separated_columns,
    standardised,
    two_groups,
)
from evaluasi_lib.scoring.frames import (
    OutcomeFrames,
    as_levels,
    chosen_options,
    cluster_of,
    known_variables,
    level_shares,
    levels_of,
    option_shares,
    option_shares_by,
    outcome_frame,
    person_levels,
    person_variable,
    reached,
    small_levelled,
)
from evaluasi_lib.study import Study
from evaluasi_lib.wording import DataError, _, choose, interval, number, spoken, word_for

Floats = np.ndarray
PART = ("participation",)
FUNNEL = (*PART, "funnel")
FLOW = ("invited", "responded", "analysed")
STAGES = ("invited", "enrolled", "started", "completed")
PLACE = ("participation", "drivers")
FEW = 5  # persons of a variable or a level, from fewer of whom nothing is estimated
MIN_EVENTS = 10  # of completing and of not completing, under which no model is fitted
FLAG = ("true", "1")  # levels that need no name beside their variable's
EVENTS_PER_TERM = 10  # Peduzzi et al. (1996): fewer make logit estimates unreliable


class Term(NamedTuple):
    """What a column of a design stands for: a number, or a level of a variable against its
    reference."""

    variable: str
    level: str | None
    reference: str | None


class DriverModel(NamedTuple):
    """effects: records of average marginal effects. ame: change of the chance (share points, 0-1)
    for a unit of a number, or a level against the reference, averaged over the persons; gap: the
    same from gap_from to gap_to (a number's quartiles; None of a level).

    left_out: variable -> "constant" | "separation" | "collinear". joint_p: variable -> p-value of
    all its levels together (Wald; F over the clusters' df).
    """

    effects: list[dict[str, Any]]
    left_out: dict[str, str]
    n_clusters: int | None
    joint_p: dict[str, float]


def encode(drivers: pd.DataFrame) -> tuple[pd.DataFrame, list[Term]]:
    """Design matrix (float, no constant) and what its columns mean.

    Flags and numbers stay one column. A category has one column for each level but its reference:
    the lowest of an ordered one, else the most frequent (of ties the first declared).
    """
    columns: dict[str, Floats] = {}
    terms: list[Term] = []
    for name, values in drivers.items():
        name = str(name)
        if pd.api.types.is_numeric_dtype(values.dtype):
            columns[name] = values.to_numpy(float)
            if pd.api.types.is_bool_dtype(values.dtype):
                terms.append(Term(name, "true", "false"))
            elif set(np.unique(columns[name])) <= {0.0, 1.0}:
                terms.append(Term(name, "1", "0"))
            else:
                terms.append(Term(name, None, None))
            continue
        text = values.astype(str)
        counts = text.value_counts()
        declared = isinstance(values.dtype, pd.CategoricalDtype)
        known = map(str, values.cat.categories) if declared else sorted(counts.index)
        present = [level for level in known if level in counts]
        lowest = declared and values.cat.ordered
        reference = present[0] if lowest else max(present, key=lambda v: int(counts[v]))
        for level in present:
            if level != reference:
                columns[f"{name}={level}"] = text.eq(level).to_numpy(float)
                terms.append(Term(name, level, reference))
    return pd.DataFrame(columns, index=drivers.index), terms


def fit_drivers(
    drivers: pd.DataFrame, completed: pd.Series, cluster: pd.Series | np.ndarray | None = None
) -> DriverModel:
    """Logit of `completed` (bool) on the drivers, row for row; rows must be complete.

    Standard errors: with `cluster` the jackknife over clusters and t with G-1 degrees of freedom;
    without, the model's own and normal quantiles. Those of the marginal effects by the delta method
    at the persons observed (as marginaleffects::avg_slopes and avg_comparisons of R). Variables
    that are constant, collinear or separate the outcome are left out and named. Raises ValueError
    where nobody, or everybody, completed; NoConvergenceError where Newton's method does not settle.
    """
    y = completed.to_numpy(float)
    if y.min(initial=1) == y.max(initial=0):
        raise ValueError("the outcome does not vary")
    left_out: dict[str, str] = {}
    while True:
        kept = drivers.drop(columns=list(left_out))
        matrix, terms = encode(kept)
        x = np.column_stack([np.ones(len(y)), matrix.to_numpy(float)])
        places = {
            str(name): [j for j, term in enumerate(terms, 1) if term.variable == name]
            for name in kept
        }
        found = _fault(x, y, places)
        if not found:
            break
        left_out |= found
    fit = fit_logit(x, y)
    if isinstance(fit, str):
        raise NoConvergenceError(fit)
    cov, n_clusters, df = fit.cov, None, None
    codes = pd.factorize(cluster)[0] if cluster is not None else np.zeros(len(y), int)
    if codes.max() > 0:
        n_clusters, df = int(codes.max() + 1), float(codes.max())
        cov = jackknife_covariance(x, y, fit.coef, codes)
    return DriverModel(
        effects=[
            term._asdict() | _effect(fit.coef, cov, x, j, places[term.variable], term, df)
            for j, term in enumerate(terms, 1)
        ],
        left_out={name: left_out[name] for name in drivers.columns if name in left_out},
        n_clusters=n_clusters,
        joint_p={name: _wald_p(fit.coef, cov, at, df) for name, at in places.items()},
    )


def jackknife_covariance(x: Floats, y: Floats, beta: Floats, codes: np.ndarray) -> Floats:
    """Covariance of logit coefficients by leaving out one cluster at a time, one Newton step each.

    V = (G-1)/G sum_g d_g d_g', d_g = -(H - H_g)^+ s_g, with H_g and s_g the information and the
    score of cluster g: the linearised cluster jackknife (CV3L; MacKinnon, Nielsen and Webb 2023).
    The usual CR1 sandwich is too small with some ten to thirty agencies: in
    tests/synthetic/recovery.py its intervals cover 92-94%, these 94-96%.
    """
    p = expit(x @ beta)
    weight = (p * (1 - p))[:, None]
    # All columns of one size, or the inverse would take those beside a salary for nothing.
    scale = np.sqrt((weight * x**2).sum(axis=0))
    x = x / scale
    weighted = weight * x
    information = weighted.T @ x
    total = np.zeros_like(information)
    n_clusters = codes.max() + 1
    for g in range(n_clusters):
        own = codes == g
        score = x[own].T @ (y[own] - p[own])
        step = np.linalg.pinv(information - weighted[own].T @ x[own], hermitian=True) @ score
        total += np.outer(step, step)
    return (n_clusters - 1) / n_clusters * total / np.outer(scale, scale)


def _wald_p(beta: Floats, cov: Floats, places: list[int], df: float | None) -> float:
    beta, cov = beta[places], cov[np.ix_(places, places)]
    statistic = float(beta @ np.linalg.pinv(cov, hermitian=True) @ beta)
    if df is None:
        return float(stats.chi2.sf(statistic, len(beta)))
    return float(stats.f.sf(statistic / len(beta), len(beta), df))


def _fault(x: Floats, y: Floats, places: dict[str, list[int]]) -> dict[str, str]:
    """Variables to leave out next, with the reason; none when the model can be fitted. places:
    theirs in the design, in which column 0 is the constant."""
    constant = [name for name, at in places.items() if not at or np.ptp(x[:, at]) == 0]
    if constant:
        return dict.fromkeys(constant, "constant")
    for name, at in places.items():
        upto = x[:, : at[-1] + 1]
        if np.linalg.matrix_rank(upto) < upto.shape[1]:
            return {name: "collinear"}
    scaled = np.column_stack([x[:, 0], standardised(x[:, 1:])])
    concerned = separated_columns(scaled, y)
    alone = [name for name, at in places.items()
             if concerned.any() and separated_columns(scaled[:, [0, *at]], y).any()]  # fmt: skip
    last = [name for name, at in places.items() if concerned[at].any()][-1:]
    return dict.fromkeys(alone or last, "separation")


def _effect(
    beta: Floats, cov: Floats, x: Floats, column: int, places: list[int], term: Term,
    df: float | None,
) -> dict[str, Any]:  # fmt: skip
    """The marginal effect of one column, each with the interval of its delta method's error."""
    before, after = x.copy(), x.copy()
    ends: tuple[float | None, float | None] = (None, None)
    if term.level is not None:
        before[:, places] = after[:, places] = 0.0
        after[:, column] = 1.0
    else:  # a number's quartiles (type 7), or its extremes where the quartiles are the same
        low, high = np.quantile(x[:, column], [0.25, 0.75])
        if low == high:
            low, high = x[:, column].min(), x[:, column].max()
        before[:, column], after[:, column] = ends = float(low), float(high)
    p0, p1, p = (expit(design @ beta) for design in (before, after, x))
    gap = (p1 - p0).mean()
    gap_gradient = ((p1 * (1 - p1)) @ after - (p0 * (1 - p0)) @ before) / len(x)
    ame, gradient = gap, gap_gradient
    if term.level is None:  # the average derivative
        slope = p * (1 - p)
        ame = beta[column] * slope.mean()
        gradient = beta[column] * (slope * (1 - 2 * p)) @ x / len(x)
        gradient[column] += slope.mean()
    law = stats.norm() if df is None else stats.t(df)
    found: dict[str, Any] = {"gap_from": ends[0], "gap_to": ends[1]}
    for name, start, value, slopes in (
        ("ame", "ci", ame, gradient), ("gap", "gap_ci", gap, gap_gradient),
    ):  # fmt: skip
        error = float(np.sqrt(slopes @ cov @ slopes))
        half = float(law.ppf(0.975)) * error
        found |= {name: value, f"{start}_low": value - half, f"{start}_high": value + half}
        found |= {f"{name}_error": error}
    certain = found["ame_error"] == 0
    return found | {"p_value": 1.0 if certain else 2 * law.sf(abs(ame) / found["ame_error"])}


def score_drivers(study: Study, stages: pd.DataFrame) -> Drafts:
    """Drivers of completing among the enrolled, each with its sentence, and what was left out.

    A model is fitted to enough persons only, and without variables that single out a few of them.
    """
    program, names = study.program, participation_of(study.program).drivers
    if not names or "completed" not in stages:
        return
    enrolled = stages.index[stages["enrolled"]]
    frame = known_variables(study, names, enrolled, at_least=FEW)
    left_out = {name: "missing" for name in names if name not in frame}
    known = frame.notna().all(axis=1)
    frame, completed = frame[known], stages.loc[enrolled, "completed"][known]
    n, events = len(completed), int(completed.sum())
    fewer, model = min(events, n - events), None
    small, why = small_levelled(frame, FEW), "few"
    if fewer < MIN_EVENTS or frame.columns.empty:
        if events in (0, n):
            why = "unknown" if n == 0 else "everybody" if events else "nobody"
    else:
        try:
            clusters = cluster_of(study, frame.index)
            model = fit_drivers(frame.drop(columns=small), completed, clusters)
        except NoConvergenceError:
            why = "unsettled"
    said = [word_for("no_model", why)]
    if model is not None:
        for effect in model.effects:
            level = effect["level"]
            groups = [] if level is None else frame[effect["variable"]].value_counts().tolist()
            yield from _driver(program, effect, Cell((events, n - events, *groups)))
        left_out |= dict.fromkeys(small, "small_cell") | model.left_out
        said = _notes(study, model, fewer)
    lost = [word_for("left_out", why).format(label=variable_label(program, name))
            for name, why in left_out.items()]  # fmt: skip
    for sentence in (*lost, *said):
        yield Draft(Remark(measure_id(*PLACE), sentence))


def _notes(study: Study, model: DriverModel, fewer: int) -> list[str]:
    notes = [word_for("model_note", "association")]
    if fewer < EVENTS_PER_TERM * len(model.effects):
        notes.append(word_for("model_note", "few").format(n=EVENTS_PER_TERM))
    if model.n_clusters is not None:
        notes.append(word_for("model_note", "clusters").format(n=model.n_clusters))
    elif study.program.design.cluster is None:
        notes.append(word_for("model_note", "no_clusters"))
    return notes


def _driver(program: Program, effect: dict[str, Any], cell: Cell) -> Drafts:
    """Its rows, and for a number a remark that names what its gap compares."""
    variable, level = effect["variable"], effect["level"]
    place = [*PLACE, variable, *([] if level in (None, *FLAG) else [level])]
    label = term_label(program, variable, level, effect["reference"])
    about = {"subject": variable, "label": label, "note": driver_sentence(program, effect)}
    yield from drafts(effect, place, "ame:ci:p_value gap:gap_ci", cell, **about)
    if level is None:
        ends = (effect["gap_from"], effect["gap_to"])
        digits = 0 if all(map(float.is_integer, ends)) else 1
        low, high = (number(x, digits) for x in ends)
        text = _("{label}: {high} against {low}").format(label=label, high=high, low=low)
        yield Draft(Remark(measure_id(*place), text), cell)


@spoken
def driver_sentence(program: Program, effect: dict[str, Any]) -> str:
    """A driver in one plain sentence, in percentage points, with its 95% interval."""
    label = variable_label(program, effect["variable"])
    of = partial(level_label, program, effect["variable"])
    label = re.sub(r"\s*\([^()]*\)$", "", label)  # "(1-5)" says nothing within a sentence
    label = label if label[:2].isupper() else label[:1].lower() + label[1:]
    if effect["level"] is None:
        who = _("staff with high {label} ({high})").format(label=label, high=of(effect["gap_to"]))
        whom = _("those with lower {label} ({low})").format(label=label, low=of(effect["gap_from"]))
    elif effect["level"] in FLAG:
        who = _("staff with {label}").format(label=label)
        whom = _("those without")
    else:
        who = _("staff in {label} {level}").format(label=label, level=of(effect["level"]))
        whom = _("those in {level}").format(level=of(effect["reference"]))
    gap, ends = effect["gap"], [effect["gap_ci_low"], effect["gap_ci_high"]]
    said = "unsettled" if ends[0] <= 0 <= ends[1] else "less" if gap < 0 else "more"
    if said != "unsettled":
        gap, ends = abs(gap), sorted(map(abs, ends))
    sentence = word_for("driver", said).format(
        who=who,
        whom=whom,
        points=number(100 * gap, 0),
        interval=interval(100 * ends[0], 100 * ends[1], 0),
    )
    return sentence[:1].upper() + sentence[1:]


def score_sample(study: Study, frames: OutcomeFrames) -> Drafts:
    """Invited (roster, or those flagged as invited), responded (any answer in a survey), analysed
    (in the primary estimate of the first decisive outcome), with the flow between them.

    frames: outcome_frames(study). A few who left could be found by subtraction, so a step after
    which a few are missing is hidden, and "dropped" is counted from the last step that is shown.
    Only how many took part, where that is one group, is shown all the same: that a few of them gave
    no answers tells nothing else of anybody, and without their number there is no cost of a
    participant.
    """
    invited, unknown = _invited(study)
    label, analysed, unanalysed = _analysed(study, frames)
    answered, last = (
        _("answered at least one questionnaire"),
        _("analysed for the estimate of: {outcome}"),
    )
    responded = _responded(study)
    if not _questionnaires(study):
        answered = _("found in the data")
    elif responded is not None and analysed is not None and analysed > responded:
        # Not every one of them was asked: a register tells of all, or two files each of one group.
        last = _("analysed, not from questionnaires alone, for the estimate of: {outcome}")
    steps = [
        (_("invited or assigned"), invited, unknown),
        (answered, responded, "no_answers"),
        (last.format(outcome=label), analysed, unanalysed),
    ]
    note = _("Answers are weighted to the population.") if study.program.population else None
    first = _invited_stage(study.program)
    yield Draft(partial(_sample_rows, note))
    one_group = study.program.design.group is None
    for place, (step, n, why) in enumerate(steps, 1):
        record = {"label": step, "n": n, "reason": why if n is None else None}
        same = (measure_id(*FUNNEL, first),) if first and place == 1 else ()
        cell = SAFE
        if n is not None:
            stage = ("sample/flow", n, place % len(FLOW))  # the last is shown before the others
            alone = place == 1 and one_group
            cell = Cell((n,), based_on=same) if alone else Cell(stage=stage, based_on=same)
        yield from drafts(record, ["sample", "flow", place], "n", cell)
        yield Draft(partial(_dropped, place, study.program.privacy.min_cell))
    waves = [source.wave for source in study.program.sources.values() if source.wave]
    single_group = study.program.design.type == "single_group"
    yield Draft(partial(_wave_rows, list(dict.fromkeys(waves)), single_group))


def _wave_rows(waves: Sequence[str], single_group: bool, shown: Sequence[Measure]) -> Rows:
    """How many of the program's group were measured at each wave, by the scale that most of them
    answered, and their share of the enrolled; from shown numbers alone."""
    enrolled = value_at(shown, measure_id(*FUNNEL, "enrolled", "n"))
    if enrolled is None and single_group:
        enrolled = value_at(shown, "sample/flow/1/n")
    measured: dict[str, int] = {}
    for scale in wide(shown, "scales/*/*/program"):
        if scale["n"] and scale["mean"] is not None:
            wave = str(scale["wave"])
            measured[wave] = max(measured.get(wave, 0), scale["n"])
    for wave in sorted(measured, key=waves.index):
        n = measured[wave]
        share = n / enrolled if enrolled and n <= enrolled else None
        record = {"n": n, "share": share}
        yield from record_rows(record, ["sample", "waves", wave], "n share", wave=wave)


def _sample_rows(note: str | None, shown: Sequence[Measure]) -> Rows:
    """The steps that are shown by their names, and the share of the invited who answered."""
    steps = wide(shown, "sample/flow/*")
    for name, step, said in zip(FLOW, steps, (None, None, note), strict=True):
        record = {name: step["n"], "reason": step["reason"]}
        yield from record_rows(record, ["sample"], name, note=said)
    whole, answered = steps[0]["n"], steps[1]["n"]
    share, reason = None, steps[0]["reason"] or steps[1]["reason"]
    if whole and answered is not None:
        share = answered / whole
    if share is not None and share > 1:
        share, reason = None, _("more persons answered than were invited")
    record = {"n": whole, "response_rate_share": share, "reason": reason}
    record |= share_interval(whole, share)
    yield from record_rows(record, ["sample"], "response_rate_share:ci")


def _dropped(place: int, k: int, shown: Sequence[Measure]) -> Rows:
    """How many left between this step and the last one before it that is shown."""
    steps = wide(shown, "sample/flow/*")[:place]
    step = steps.pop()
    before = [earlier["n"] for earlier in steps if earlier["n"] is not None]
    lost = before[-1] - step["n"] if before and step["n"] is not None else None
    if lost is not None and lost < 0:
        lost = None  # records also cover persons who answered no questionnaire
    if not enough(k, lost):
        lost, step = None, step | {"reason": SMALL_CELL}
    yield from record_rows(step | {"dropped": lost}, ["sample", "flow", place], "dropped")


def _analysed(study: Study, frames: OutcomeFrames) -> tuple[str, int | None, str]:
    """(name, persons) of the first outcome that can be estimated, decisive ones first, or why there
    is none."""
    why = _("The program declares no outcomes.")
    for outcome in sorted(study.program.outcomes, key=lambda o: not o.decisive):
        found = frames[outcome.id]
        if not isinstance(found, str):
            return choose(outcome.label), len(found.complete), why
        why = found
    return "—", None, why


def _invited(study: Study) -> tuple[int | None, str | None]:
    program = study.program
    if program.design.attrition == "unknown":
        return None, _("it is not known how many persons were invited or assigned")
    if not program.rosters:
        return None, _("there is no list of the persons who were invited")
    persons = study.persons
    known = persons["group"].notna()
    flags = person_variable(study, participation_of(program).invited, persons.index)
    if flags is not None:
        # Persons of the comparison group are never invited, yet they are part of the sample.
        known &= reached(flags) | (persons["group"] == "comparison")
    return int(known.sum()), None


def _questionnaires(study: Study) -> list[str]:
    sources = study.program.sources
    return [n for n, s in sources.items() if s.role in SURVEYS and n in study.tables]


def answered(table: pd.DataFrame, source: Source) -> pd.Series:
    """The persons of a source's table with any answer: to an item, else to any other question."""
    kinds: dict[bool, list[str]] = {True: [], False: []}
    for column in table.columns:
        declared = source.columns.get(str(column).partition("__")[0])
        if declared is not None and declared.type != "date":
            kinds[declared.type == "item"].append(column)
    asked = kinds[True] or kinds[False]
    return table.loc[table[asked].notna().any(axis=1) if asked else slice(None), "pid"]


def _responded(study: Study) -> int | None:
    """Persons with any answer in a questionnaire; the largest wave where persons are not linked."""
    program = study.program
    names = _questionnaires(study) or list(study.tables)[:1]
    people = [set(answered(study.tables[name], program.sources[name])) for name in names]
    if not people:
        return None
    if not study.linked:
        return max(len(group) for group in people)
    everyone = set().union(*people)
    return len(everyone & set(study.persons.index)) if program.rosters else len(everyone)


def score_participation(study: Study) -> Drafts:
    """Funnel, reasons to leave, barriers, motivation, drivers and representation of one program.

    completion_share = completed / enrolled (all of the program's persons where enrolment is not
    declared).
    """
    if study.program.participation is None:
        yield from _nothing(_("The program declares nothing on participation."))
        return
    if study.persons.empty:
        yield from _nothing(_("The sources cannot be linked, so persons cannot be followed."))
        yield from score_barriers(study, pd.DataFrame())
        return
    stages = stage_flags(study)
    yield Draft(_completion)
    yield from _funnel(stages)
    yield from _dropout_reasons(study, stages)
    yield from score_barriers(study, stages)
    yield from score_motivation(study)
    yield from score_drivers(study, stages)
    yield from score_representation(study, stages)


def _nothing(reason: str) -> Drafts:
    yield from drafts({"reason": reason}, PART, "enrolled started completed completion_share")


def _completion(shown: Sequence[Measure]) -> Rows:
    """Persons enrolled, started and completed, and the share who completed, as may be shown."""
    funnel = {stage["subject"]: stage["n"] for stage in wide(shown, measure_id(*FUNNEL, "*"))}
    enrolled, completed = funnel["enrolled"], funnel.get("completed")
    share = reason = None
    if "completed" not in funnel:
        reason = _("The program does not declare who completed.")
    elif enrolled == 0:
        reason = _("Nobody enrolled.")
    elif completed is None or enrolled is None:
        reason = SMALL_CELL
    else:
        share = completed / enrolled
    record = funnel | {"reason": reason, "n": None}
    yield from record_rows(record, PART, "enrolled started completed")
    record |= {"n": enrolled, "completion_share": share} | share_interval(enrolled, share)
    yield from record_rows(record, PART, "completion_share:ci")


def _invited_stage(program: Program) -> str:
    """The stage of the funnel whose persons are those of the sample's first step; "" for none: a
    comparison group is part of the sample alone."""
    plan = program.participation
    if program.has_groups or plan is None:
        return ""
    return "invited" if plan.invited else "" if plan.enrolled else "enrolled"


def _funnel(stages: pd.DataFrame) -> Drafts:
    """Persons at each stage, and their share of the first one shown."""
    records = {str(stage): {"n": int(stages[stage].sum())} for stage in stages}
    for draft in nested(records, FUNNEL, "n", first=("completed", "enrolled")):
        yield draft
        if isinstance(draft.row, Measure):
            yield Draft(partial(_stage_share, draft.row.subject))


def _stage_share(stage: str | None, shown: Sequence[Measure]) -> Rows:
    funnel = {record["subject"]: record["n"] for record in wide(shown, measure_id(*FUNNEL, "*"))}
    n, base = funnel[stage], next((n for n in funnel.values() if n), None)
    share = n / base if n is not None and base else None
    record = {"n": n, "share": share, "reason": SMALL_CELL if n is None else None}
    yield from record_rows(record, [*FUNNEL, stage], "share")


def stage_flags(study: Study) -> pd.DataFrame:
    """One column for each declared stage (bool), index pid: the persons of the program group.

    `enrolled` is there always: everybody where it is not declared. Stages are nested: who reached
    a later one has reached the earlier ones, whatever their flags say.
    """
    plan = participation_of(study.program)
    persons = study.persons[study.persons["group"].eq("program")]
    found: dict[str, pd.Series] = {}
    later = pd.Series(False, index=persons.index)
    for stage in reversed(STAGES):
        variable = getattr(plan, stage)
        values = person_variable(study, variable, persons.index)
        if values is not None:
            found[stage] = later = later | reached(values)
        elif stage == "enrolled":
            found[stage] = later = pd.Series(True, index=persons.index)
    return pd.DataFrame({stage: found[stage] for stage in STAGES if stage in found})


def _dropout_reasons(study: Study, stages: pd.DataFrame) -> Drafts:
    """Why persons who enrolled did not complete, as recorded; most frequent first."""
    name = participation_of(study.program).dropout_reason
    if name is None or "completed" not in stages:
        return
    left = stages.index[stages["enrolled"] & ~stages["completed"]]
    given = person_levels(study, name, left)
    if given is None:
        return
    counts = given[given.ne("")].value_counts().to_dict()
    levels = sorted(levels_of(study.program, name, given), key=lambda level: -int(counts[level]))
    whole = dict.fromkeys(levels, sum(counts.values()))
    about = {level: {"label": level_label(study.program, name, level)} for level in levels}
    yield from level_shares(counts, whole, about, [*PART, "dropout_reasons"])


def score_motivation(study: Study) -> Drafts:
    """Change of the declared motivation instrument from its first wave to its last.

    The same persons are compared where they can be linked (errors clustered by agency), otherwise
    two independent samples, which is weaker. A change in one group is no effect. Nothing where no
    instrument is declared.
    """
    name = participation_of(study.program).motivation
    if name is None:
        return
    found, cell = _motivation(study, name)
    about = {"subject": name, "label": variable_label(study.program, name)}
    fields = "mean_before mean_after change:ci:p_value"
    yield from drafts(found, [*PART, "motivation"], fields, cell, **about)


def _motivation(study: Study, name: str) -> tuple[dict[str, Any], Cell]:
    """Means before and after and their difference, or the reason why there are none."""
    waves = study.waves_of(study.program.instruments[name])
    if len(waves) < 2:
        return {"reason": _("Motivation was measured only once.")}, SAFE
    outcome = Outcome(
        id=name, label=name, level="reaction", unit="", instrument=name, estimator="paired",
        baseline_wave=waves[0], wave=waves[-1],
    )  # fmt: skip
    try:
        frame = outcome_frame(study, outcome)
    except DataError as error:
        return {"reason": error.problems[0].what}, SAFE
    rows = frame.complete
    after, before = rows["y"], rows["y0"] if frame.before is None else frame.before["y"]
    cell = Cell((len(before), len(after)))
    if frame.before is None:
        clusters = cluster_codes(rows, study.program.design.cluster)
        found = paired(after, before, clusters=clusters)
    else:
        later = np.repeat([False, True], [len(before), len(after)])
        found = two_groups(np.r_[before, after], later, estimator="waves", estimand="change")
    if found.estimate is None or found.p_value is None:
        return {"reason": found.reason or _("All answers are alike.")}, cell
    low, high = found.interval(0.95)
    return {"n": len(after), "mean_before": float(before.mean()), "mean_after": float(after.mean()),
            "change": found.estimate, "ci_low": low, "ci_high": high,
            "p_value": found.p_value}, cell  # fmt: skip


def score_representation(study: Study, stages: pd.DataFrame) -> Drafts:
    """Who is missed: shares of the enrolled beside those of the population, by background.

    For each declared population variable, and each group variable without one (there the persons
    of the roster's program group stand for the population). A level is called too few when the
    population's share lies above the Wilson interval of the share enrolled.
    """
    program, enrolled = study.program, stages["enrolled"]
    for name in represented(study):
        everyone = person_levels(study, name, stages.index)
        declared = program.population.get(name)
        assert everyone is not None
        here = everyone[enrolled & everyone.ne("")]
        roster = {str(v): int(n) for v, n in everyone[everyone.ne("")].value_counts().items()}
        population = declared or roster
        levels = {
            level: {"label": level_label(program, name, level), "group": level}
            for level in (population if declared else levels_of(program, name, everyone))
        }
        total, place = float(sum(population.values())), [*PART, "representation", name]
        whole, beside = dict.fromkeys(levels, len(here)), None if declared else roster
        found = level_shares(here.value_counts().to_dict(), whole, levels, place, beside)
        for row, cell in found:
            if not isinstance(row, Measure) or row.group is None:
                yield Draft(row, cell)
                continue
            expected = float(population[row.group]) / total
            yield Draft(dataclasses.replace(row, note=_presence(expected, row)), cell)
            yield Draft(partial(_population_share, row.id, expected, bool(declared)))


def represented(study: Study) -> list[str]:
    """The variables by which it is known who is missed."""
    program = study.program
    if program.participation is None or study.persons.empty:
        return []
    stages = stage_flags(study)
    names = [*program.population, *participation_of(program).groups]
    return [
        name for name in dict.fromkeys(names)
        # Where everybody enrolled, the roster would be compared with itself.
        if (name in program.population or not stages["enrolled"].all())
        and person_variable(study, name, stages.index) is not None
    ]  # fmt: skip


def _presence(expected: float, row: Measure) -> str | None:
    """How the share enrolled compares with the population's, in a word."""
    if row.low is None or row.high is None:
        return None
    if expected > row.high:
        return word_for("presence", "under")
    return word_for("presence", "over" if expected < row.low else "as_expected")


def _population_share(id: str, share: float, public: bool, shown: Sequence[Measure]) -> Rows:
    """The population's share beside that of the enrolled; a roster's, which is of persons too, only
    where that may be shown."""
    beside = next(row for row in shown if row.id == id)
    known = public or beside.reason != SMALL_CELL
    name = "population_share"
    yield dataclasses.replace(
        beside, id=f"{id.rpartition('/')[0]}/{name}", measure=name, low=None, high=None,
        value=share if known else None, reason=None if known else beside.reason,
    )  # fmt: skip


def score_barriers(study: Study, stages: pd.DataFrame) -> Drafts:
    """Share of the respondents who name each barrier, most frequent first; then within the groups
    of each declared variable, and by completion. stages: stage_flags, or empty."""
    question, program = participation_of(study.program).barriers, study.program
    if question is None or question.source not in study.tables:
        return
    chosen, rows = chosen_options(study.rows(question.source), question.variable)
    if chosen.columns.empty:
        return
    column = program.sources[question.source].columns.get(question.variable)
    label, place = partial(option_label, column), [*PART, "barriers"]
    yield from option_shares(chosen, place, label)
    groups = groupings(study, rows)
    if "completed" in stages:
        groups["completed"] = rows["pid"].map(stages["completed"].astype("object"))
    yield from shares_by_group(program, chosen, groups, place, label)


def groupings(study: Study, rows: pd.DataFrame) -> dict[str, pd.Series | None]:
    """The declared groups of the answers: asked in the same survey, or known of the person."""
    found: dict[str, pd.Series | None] = {}
    for name in participation_of(study.program).groups:
        values = rows.get(name)
        if values is None:
            known = person_variable(study, name, pd.Index(rows["pid"].unique()))
            values = None if known is None else rows["pid"].map(known.astype("object"))
        found[name] = values
    return found


def shares_by_group(
    program: Program, chosen: pd.DataFrame, groups: Mapping[str, pd.Series | None],
    place: Sequence[str], label: Callable[[str], str | None],
) -> Drafts:  # fmt: skip
    """The share of each option (chosen: bool columns) within the groups, all row for row."""
    for name, values in groups.items():
        if values is not None:
            group = as_levels(values)
            levels = {v: level_label(program, name, v) for v in levels_of(program, name, group)}
            yield from option_shares_by(chosen, group, levels, place, label, variable=name)
