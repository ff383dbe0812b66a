"""What a program published, by place: the rows of its `measures`, and the words beside them."""

from __future__ import annotations

from collections import defaultdict

ENDS = ("n", "low", "high", "p", "reason")


def at(program, place):
    """The records of a place such as "participation/barriers/*" in their order: `stem`, the names
    of the place; the columns of its first row; each measure, with _low, _high ... after its name.
    What is not there is None."""
    wanted, rows = place.split("/"), program.measures.astype(object)
    found = {}
    for row in rows.where(rows.notna(), None).to_dict("records"):
        *stem, measure = row["id"].split("/")
        if len(stem) != len(wanted) or any(w not in ("*", s) for w, s in zip(wanted, stem)):  # noqa: B905
            continue
        record = found.setdefault(tuple(stem), defaultdict(lambda: None, stem=tuple(stem)))
        record |= {column: value for column, value in row.items() if record[column] is None}
        record |= {f"{measure}_{end}": row[end] for end in ENDS}
        if measure != "n":
            record[measure] = row["value"]
    return list(found.values())


def remarks(program, *places):
    """The words beside the numbers of places."""
    return [r.text for r in program.result.remarks if r.id.startswith(places)]
