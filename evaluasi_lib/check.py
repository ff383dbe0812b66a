"""Every name in program.yml followed to what it names, and what else must fit together in it.

A field that names something bears a `Names` mark in program.py. `names_in` walks the marks, so a
new key is checked by being marked; KNOWN says where each kind of name is declared. What stands in
files (themes, rubric indicators, the files themselves) is checked where these are read.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from evaluasi_lib.errors import Problem, suggestion
from evaluasi_lib.program import (
    IDENTIFIERS,
    Column,
    Instrument,
    Names,
    Outcome,
    Program,
    Source,
)
from evaluasi_lib.wording import _, word_for, workbook_texts

UNSEEN = ("drop", *IDENTIFIERS)  # never in the tables
UNORDERED = ("category", "text")  # which of their values is more, nobody can tell
FILED = ("theme", "codebook_theme", "rubric_indicator", "path")  # declared in files
# The measures of each part that an indicator may watch from one cycle to the next.
WATCHED = {
    "sample": "invited responded analysed response_rate_share n dropped share",
    "scales": "mean mean_100 sd alpha omega_total top2_share n_items q10 q25 median q75 q90 index "
    "score mean_pct below_share cross_performance cross_importance performance importance "
    "item_rest alpha_if_deleted",
    "answers": "share",
    "asked": "share mean sd",
    "effects": "estimate effect_size_g std_error df p_adjusted sesoi n_program n_comparison "
    "n_needed interaction_p smd_unadjusted smd_weighted",
    "evidence": "rating_0_5 baseline_max_abs_smd maryland_sms attrition_overall_share "
    "attrition_differential_share mdes",
    "participation": "enrolled started completed completion_share n share mean_before mean_after "
    "change ame gap population_share",
    "elearning": "users median_days_to_complete off_hours_share n share dropoff_share "
    "median_minutes events_share used_share completed_share share_completed median_days "
    "hazard_ratio p_value gap_minutes median_per_user sessions_share weekend_share "
    "per_hour",
    "efficiency": "total_cost_idr cost_per_participant_idr cost_per_completer_idr "
    "budget_absorption_share cost_per_jp_idr price_year planned_idr realised_idr absorption_share "
    "share_of_total estimate bcr roi_pct per_person_idr total_idr confidence_share cost_idr "
    "benefit_idr",
    "themes": "share sentiment tone praise criticism",
    "module_demand": "share",
}


@dataclasses.dataclass(frozen=True)
class Named:
    """A text of program.yml that names something: where it stands, and in which models."""

    name: str
    mark: Names
    at: tuple[str, ...]
    inside: tuple[BaseModel, ...]

    @property
    def where(self) -> str:
        return ".".join(self.at)

    def holder(self, kind: type[BaseModel]) -> Any:
        """The nearest model of a kind in which the name stands."""
        return next((m for m in reversed(self.inside) if isinstance(m, kind)), None)


def names_in(program: Program) -> Iterator[Named]:
    """Every text of the program whose field bears a `Names` mark, in declared order."""
    return _walk(program, Program, (), ())


def _walk(
    value: Any, annotation: Any, at: tuple[str, ...], inside: tuple[BaseModel, ...]
) -> Iterator[Named]:
    """annotation: as pydantic keeps it; a branch of a union is chosen by the value."""
    inner: Any
    annotation, marks = _branch(annotation, value)
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            inner = field.annotation
            if field.metadata:  # pydantic takes the outermost marks off
                inner = Annotated[(inner, *field.metadata)]
            yield from _walk(getattr(value, name), inner, (*at, name), (*inside, value))
    elif isinstance(value, dict):
        keys, values = get_args(annotation) or (Any, Any)
        for key, item in value.items():
            yield from _walk(key, keys, (*at, str(key)), inside)
            yield from _walk(item, values, (*at, str(key)), inside)
    elif isinstance(value, (list, tuple)):
        inner = next(iter(get_args(annotation)), Any)
        for place, item in enumerate(value, 1):
            label = [str(getattr(item, "id", place))] if isinstance(item, BaseModel) else []
            yield from _walk(item, inner, (*at, *label), inside)
    elif isinstance(value, str):
        yield from (Named(value, m, at, inside) for m in marks if isinstance(m, Names))


def _branch(annotation: Any, value: Any) -> tuple[Any, tuple[Any, ...]]:
    """The bare annotation and the marks of the branch that the value takes."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        bare, more = _branch(inner, value)
        return bare, (*marks, *more)
    if get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            bare, found = _branch(part, value)
            origin = get_origin(bare) or bare
            if isinstance(origin, type) and isinstance(value, origin):
                return bare, found
    return annotation, ()


def columns_of(program: Program, variable: str) -> list[Column]:
    """Every declaration of a variable, in the order of the sources."""
    found = (s.columns.get(variable) for s in program.sources.values())
    return [c for c in found if c is not None]


def _variables(program: Program, sources: Iterable[Source], mark: Names) -> list[str]:
    columns = [item for source in sources for item in source.columns.items()]
    return [
        name for name, column in columns
        if (column.type in mark.types if mark.types else column.type not in UNSEEN)
    ]  # fmt: skip


def _own(program: Program, named: Named) -> list[str]:
    """Variables of the source that holds the name, or that the key beside it names."""
    holder = named.holder(Source)
    if holder is None:
        holder = program.sources.get(getattr(named.inside[-1], "source", ""))
    return [] if holder is None else _variables(program, [holder], named.mark)


def _labels(program: Program, named: Named) -> list[str] | None:
    """The values that a table can hold of the label's variable; None where they are not declared.

    An answer is written as in the file, so the spellings of a category count too.
    """
    of = named.mark.of
    variable = getattr(named.inside[-1], of) if of else named.at[-2 if _is_key(named) else -1]
    found: list[str] = []
    for column in columns_of(program, variable or ""):
        scale = program.scale_of(variable or "", column)
        if column.type == "flag" and not column.categories and named.mark.kind == "label":
            found += ["true", "false"]
        elif column.type == "item" and scale is not None:
            found += map(str, range(scale.min, scale.max + 1))
            found += [*scale.labels, *scale.aliases] if named.mark.kind == "answer" else []
        elif column.categories:
            found += column.categories
            if named.mark.kind == "answer":
                texts = column.categories.values()
                found += [t for x in texts for t in ([x] if isinstance(x, str) else x.values())]
                found += column.aliases
        else:
            return None
    return found


def _is_key(named: Named) -> bool:
    """Whether the label is itself a key of program.yml (population), not one of a list."""
    return named.at[-1] == named.name


def _waves(program: Program, named: Named) -> list[str] | None:
    return list(dict.fromkeys(s.wave for s in program.sources.values() if s.wave)) or None


def _barriers(program: Program, named: Named) -> list[str]:
    plan = program.participation.barriers if program.participation else None
    source = program.sources.get(plan.source) if plan else None
    column = source.columns.get(plan.variable) if source and plan else None
    return list(column.options) if column else []


KNOWN: dict[str, Callable[[Program, Named], Iterable[str] | None]] = {
    "variable": lambda p, n: _variables(p, p.sources.values(), n.mark),
    "own_variable": _own,
    "background": lambda p, n: [*_variables(p, p.sources.values(), n.mark), *p.instruments],
    "source": lambda p, n: p.sources,
    "events_source": lambda p, n: [k for k, s in p.sources.items() if s.role == "events"],
    "scale": lambda p, n: p.scales,
    "instrument": lambda p, n: p.instruments,
    "item": lambda p, n: n.holder(Instrument).items,
    "outcome": lambda p, n: [o.id for o in p.outcomes],
    "wave": _waves,
    "barrier": _barriers,
    "module": lambda p, n: (p.elearning and p.elearning.modules) or None,
    "label": _labels,
    "answer": _labels,
}


def unknown_name(named: Named, known: Iterable[str]) -> Problem:
    """The problem of a name that is not among the known ones, with the nearest of them."""
    what = f"{word_for('unknown_name', named.mark.kind)}: “{named.name}”"
    return Problem(what, named.where, suggestion(named.name, known))


def check_names(program: Program) -> Iterator[Problem]:
    """Names used in one place of program.yml that another place does not declare."""
    for named in names_in(program):
        kind = named.mark.kind
        if kind in FILED:
            continue
        if kind == "result":
            yield from _check_result_path(program, named)
            continue
        known = KNOWN[kind](program, named)
        if known is None or named.name in known:
            continue
        unfit = columns_of(program, named.name) if kind in ("variable", "own_variable") else []
        if unfit and named.mark.types:
            what = _("the variable “{name}” is of the type {type}")
            what = what.format(name=named.name, type=unfit[0].type)
            remedy = _("here one of these types is needed: {types}")
            yield Problem(what, named.where, remedy.format(types=", ".join(named.mark.types)))
        else:
            yield unknown_name(named, known)


def _check_result_path(program: Program, named: Named) -> Iterator[Problem]:
    """A place of result.json, such as scales/kepuasan/mean, as far as program.yml can tell."""
    ids = {
        "scales": [
            name for i, x in program.instruments.items()
            for name in (i, *(f"{i}.{d}" for d in x.dimensions))
        ],
        "effects": [o.id for o in program.outcomes],
        "evidence": [o.id for o in program.outcomes],
        "barriers": _barriers(program, named),
    }  # fmt: skip
    part, *places = named.name.strip("/").split("/")
    if part not in WATCHED:
        yield _unknown_result(named, part, WATCHED)
        return
    for above, place in itertools.pairwise([part, *places]):
        name, _at, wave = place.partition("@")
        if name not in ids.get(above, [name]):
            yield _unknown_result(named, place, ids[above])
        elif wave and wave not in (_waves(program, named) or [wave]):
            yield _unknown_result(named, wave, _waves(program, named) or [])
    measures = WATCHED[part].split()
    if not places or places[-1] not in measures:
        yield _unknown_result(named, places[-1] if places else part, measures)


def _unknown_result(named: Named, part: str, known: Iterable[str]) -> Problem:
    what = _("“{path}” is no place in the result: “{part}”").format(path=named.name, part=part)
    return Problem(what, named.where, suggestion(part, known))


def check_program_text(program: Program) -> list[Problem]:
    """Everything in program.yml that does not fit together, whatever the data are."""
    found = [
        *check_names(program), *_check_items(program), *_check_groups(program),
        *_check_outcomes(program), *_check_own_words(program),
    ]  # fmt: skip
    # What is wrong in a source of several waves is wrong once, where program.yml declares it.
    declared = {f"sources.{n}.": f"sources.{program.declared_name(n)}." for n in program.sources}
    for written, name in declared.items():
        found = [
            dataclasses.replace(p, where=p.where.replace(written, name, 1))
            if p.where.startswith(written) else p for p in found
        ]  # fmt: skip
    return list(dict.fromkeys(found))


def remarks_on(program: Program) -> list[str]:
    """What `check` says of a declaration that is allowed, and that somebody should know of."""
    said = []
    for outcome in program.outcomes:
        before = [outcome.baseline_variable] if outcome.baseline_variable else []
        before += [outcome.variable] if outcome.variable and outcome.baseline_wave else []
        for name in sorted({*before} & {*program.design.covariates}):
            text = _(
                "“{variable}” is a covariate and the measure before of the outcome “{outcome}” at "
                "once: the estimate uses it twice; name it in one place unless both are meant"
            )
            said.append(text.format(variable=name, outcome=outcome.id))
    return said


def _check_groups(program: Program) -> Iterator[Problem]:
    """Whether a design with two groups says who is in which."""
    whole = {source.group for source in program.sources.values()}
    if program.design.type == "single_group" or program.design.group is not None:
        return
    if not {"program", "comparison"} <= whole:
        what = _("a design with two groups needs the key “group”")
        remedy = _("declare “design.group”, or “group” in the sources of each group's persons")
        yield Problem(what, "design", remedy)


def _check_own_words(program: Program) -> Iterator[Problem]:
    """Whether each word that a program replaces stands in any sentence of the workbook."""
    for code, words in program.words.items():
        texts = "\n".join(workbook_texts(code)).casefold() if words else ""
        for old in words:
            if old.casefold() not in texts:
                what = _("“{old}” stands in no sentence of the workbook").format(old=old)
                remedy = _("take it over from a report as it stands there, without its numbers")
                yield Problem(what, f"words.{code}", remedy)


def _check_items(program: Program) -> Iterator[Problem]:
    for name, source in program.sources.items():
        for variable, column in source.columns.items():
            scaled = any(variable in i.items for i in program.instruments.values())
            if column.type == "item" and column.scale is None and not scaled:
                remedy = _("add “scale”, or name it in an instrument")
                where = f"sources.{name}.columns.{variable}"
                yield Problem(_("the item has no scale"), where, remedy)


def _check_outcomes(program: Program) -> Iterator[Problem]:
    ids = [o.id for o in program.outcomes]
    for repeated in sorted({i for i in ids if ids.count(i) > 1}):
        what = _("two outcomes have the id “{id}”").format(id=repeated)
        remedy = _("an outcome has one primary estimate: give each its own id")
        yield Problem(what, "outcomes", remedy)
    for outcome in program.outcomes:
        yield from _check_success(program, outcome)
        yield from _check_before(program, outcome)


def _check_before(program: Program, outcome: Outcome) -> Iterator[Problem]:
    """Whether it is said how a measure before was taken that one survey asked with the one after,
    and whether both can be subtracted."""
    where = f"outcomes.{outcome.id}"
    after = program.instruments.get(outcome.instrument or "")
    before = program.instruments.get(outcome.baseline_instrument or "")
    if after is not None and before is not None:
        spans = [(s.min, s.max) for x in (after, before) if (s := program.scales.get(x.scale))]
        if len(after.items) != len(before.items) or len(set(spans)) > 1:
            what = _("“{before}” and “{after}” do not ask the same items on the same scale")
            what = what.format(before=outcome.baseline_instrument, after=outcome.instrument)
            remedy = _("the scores are subtracted: give both the same number of items and points")
            yield Problem(what, f"{where}.baseline_instrument", remedy)
    asked = {*before.items} if before is not None else {outcome.baseline_variable} - {None}
    if not asked or outcome.retrospective is not None or outcome.baseline_wave is not None:
        return
    for name, source in program.sources.items():
        if source.role == "survey" and source.wave == outcome.wave and asked & {*source.columns}:
            what = _("“{source}” asked after the program how it was before")
            remedy = _(
                "say “retrospective: true” where people answered from memory, “false” where the "
                "column holds what was measured before"
            )
            yield Problem(what.format(source=name), f"{where}.retrospective", remedy)


def _check_success(program: Program, outcome: Outcome) -> Iterator[Problem]:
    """Whether it is said which value of a binary outcome is its success.

    The order in which labels are declared decides nothing: of “selesai” and “tidak selesai” either
    could be written first, and the sign of the effect would turn with it.
    """
    where = f"outcomes.{outcome.id}"
    binary = outcome.scale_type == "binary"
    if outcome.success and not binary:
        what = _("“success” belongs to a binary outcome")
        yield Problem(what, f"{where}.success", _("add “scale_type: binary”"))
    if binary and outcome.instrument is not None:
        what = _("the score of an instrument is not binary")
        yield Problem(what, where, _("name a variable of two values, or another scale_type"))
    names = dict.fromkeys(filter(None, [outcome.variable, outcome.baseline_variable]))
    columns = [c for name in names for c in columns_of(program, name)]
    labels = list(dict.fromkeys(label for c in columns for label in c.categories))
    if not binary:
        if not outcome.success and any(c.type in UNORDERED and not c.coarsen for c in columns):
            what = _("labels without an order are no scale: which of them is more?")
            yield Problem(what, where, _success_remedy(labels))
        return
    if outcome.success and labels and set(labels) <= set(outcome.success):
        what = _("every value counts as success")
        yield Problem(what, f"{where}.success", _success_remedy(labels))
    if not outcome.success and any(c.categories and c.type != "flag" for c in columns):
        yield Problem(missing_success(), where, _success_remedy(labels))


def missing_success() -> str:
    """What is wrong with a binary outcome without `success`."""
    return _("the binary outcome does not say which value is its success")


def _success_remedy(labels: Iterable[str]) -> str:
    """A remedy that names the labels to choose from."""
    labels = list(labels)
    text = _("declare “scale_type: binary” and “success” with one or more of its labels")
    return text + (": " + ", ".join(f"“{x}”" for x in labels) if labels else "")
