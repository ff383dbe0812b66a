"""Values that could not be typed, as problems with place, count, remedy; no person's data."""

from __future__ import annotations

from evaluasi_lib.cleaning.labels import Tally, show
from evaluasi_lib.cleaning.privacy import Names, could_be_persons
from evaluasi_lib.cleaning.values import Spec, categories_of, option_texts
from evaluasi_lib.errors import Problem, nearest
from evaluasi_lib.wording import _

MANY_LABELS = 20  # so many unknown labels are no spellings: the column itself is the wrong one


def explain(tally: Tally, spec: Spec, file: str, names: Names | None = None) -> list[Problem]:
    """Values that could not be typed, as problems: label, count, first row, nearest known label.

    file: the name of the file in which they stand; empty where they come from a table in memory.
    Labels that could be names are counted and not shown.
    """
    column, problems = spec.column, []
    where = f"{file}, “{show(column.header)}”" if file else f"“{show(column.header)}”"
    labelled = column.type in ("item", "category", "ordinal", "flag", "multi")
    of_persons = labelled and could_be_persons(
        spec, list(tally.unknown), tally.seen, names or Names()
    )
    if labelled and (of_persons or len(tally.unknown) > MANY_LABELS):
        n = sum(k for k, _row in tally.unknown.values())
        first = min(row for _k, row in tally.unknown.values())
        what = _("{n} different values are not declared; is this the right column?")
        at = where + ", " + _("row {row}").format(row=first)
        return [Problem(what.format(n=len(tally.unknown)), at, _check_labels(spec), n)]
    for label, (n, row) in sorted(tally.unknown.items(), key=lambda item: (-item[1][0], item[0])):
        at = where + ", " + _("row {row}").format(row=row)
        if label == "required":
            what = _("a required value is missing")
            problems.append(Problem(what, at, _("complete it in koreksi.csv"), n))
            continue
        if labelled:
            near = nearest(label, _known_labels(spec))
            remedy = _("did you mean “{name}”?").format(name=near) + " " if near else ""
            what = _("unknown label “{label}”").format(label=show(label))
            problems.append(Problem(what, at, remedy + _check_labels(spec), n))
        elif label == "range":
            what = _("values outside {low} to {high}").format(
                low=f"{column.min:g}" if column.min is not None else "−∞",
                high=f"{column.max:g}" if column.max is not None else "∞",
            )
            remedy = _("correct them in koreksi.csv, or declare “out_of_range: missing”")
            problems.append(Problem(what, at, remedy, n))
        elif label == "uneven":
            what = _("values that are no whole number")
            problems.append(Problem(what, at, _("declare “type: number”, or correct them"), n))
        elif label == "decimal":
            what = _("the decimal sign cannot be told: “1.250” could be 1250 or 1.25")
            problems.append(Problem(what, at, _("declare “decimal: ','” or “decimal: '.'”"), n))
        elif column.type == "date":
            remedy = (
                _("the month seems to come first: declare “date_format: '%m/%d/%Y'”")
                if label == "month_first"
                else _("declare “date_format”, or correct them in koreksi.csv")
            )
            problems.append(Problem(_("values that are no date"), at, remedy, n))
        else:
            remedy = _("declare codes under “missing”, or correct them in koreksi.csv")
            problems.append(Problem(_("values that are no number"), at, remedy, n))
    return problems


def _known_labels(spec: Spec) -> list[str]:
    if spec.column.type == "item" and spec.scale is not None:
        return [*spec.scale.labels, *spec.scale.aliases] or [
            str(v) for v in range(spec.scale.min, spec.scale.max + 1)
        ]
    texts = option_texts if spec.column.type == "multi" else categories_of
    return [label for key, spelled in texts(spec.column).items() for label in (key, *spelled)]


def _check_labels(spec: Spec) -> str:
    if spec.column.type == "item":
        return _("add it to the scale's “labels”, “aliases” or “missing”")
    if spec.column.type == "multi":
        return _("add it to “options”, or give one option the text “*” for everything else")
    return _("add it to “categories” or “missing”")
