"""What keeps persons out of the processed tables: masked texts and coarsened values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from evaluasi_lib.cleaning.labels import PERSONAL, Tally, normalise
from evaluasi_lib.cleaning.mapping import Mapped
from evaluasi_lib.cleaning.tables import class_labels

MASK = "[…]"
_TITLES = re.compile(
    r"\b(?:dr|drs|dra|ir|prof|hj?|kh|st|se|sh|mm|msi|mh|mkom|skom|spd|mpd|sip|ssos|sstp|map|mpa|"
    r"mkes|phd|amd|sag|skm|mt|bapak|ibu|pak|bu|sdr|sdri)\b\.?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Names:
    """Names of persons in lower case without titles: those of several words, and single words."""

    full: tuple[str, ...] = ()
    single: tuple[str, ...] = ()


def core_name(name: str) -> str:
    """ "Dr. Budi Santoso, M.Si." -> "budi santoso"."""
    return normalise(_TITLES.sub(" ", name.split(",", maxsplit=1)[0]))


def names_in(sources: Iterable[Mapped]) -> Names:
    """Every name of the sources, where some table could hold one outside its own column."""
    sources = list(sources)
    columns = [c for m in sources for c in m.source.columns.values()]
    free = any(
        c.type == "text" or (c.type in ("category", "ordinal") and not c.categories)
        for c in columns
    )
    if not free and all(m.source.role != "events" for m in sources):
        return Names()
    found: set[str] = set()
    for mapped in sources:
        for variable, column in mapped.source.columns.items():
            if column.type == "name" and variable in mapped.columns:
                for batch in mapped.table.batches({variable: mapped.columns[variable]}, 1_000_000):
                    found.update(core_name(name) for name in batch[variable].drop_nulls().unique())
    known = sorted(name for name in found if len(name) > 2)
    return Names(tuple(n for n in known if " " in n), tuple(n for n in known if " " not in n))


def hides(values: pl.Series, names: Names, *, words: bool) -> pl.Series:
    """Texts with a NIP, e-mail, telephone number or full name; words: or a name of one word."""
    hit = values.str.contains(PERSONAL.pattern)
    lower = values.str.to_lowercase().str.replace_all(r"[\s_/\-]+", " ")
    if names.full:
        hit = hit | lower.str.contains_any(list(names.full))
    if names.single and words:
        tokens = lower.str.extract_all(r"\w+")
        hit = hit | tokens.list.set_intersection(list(names.single)).list.len().gt(0)
    return hit.fill_null(False)


def mask(values: pl.Series, names: Names, tally: Tally, *, words: bool) -> pl.Series:
    """Texts that hold a person's name or number are replaced as a whole."""
    hit = hides(values, names, words=words)
    tally.add("identifier_masked", int(hit.sum()))
    return pl.select(pl.when(hit).then(pl.lit(MASK)).otherwise(values)).to_series()


def coarsen(values: pl.Series, limits: list[float]) -> pl.Series:
    """Class labels of numbers: a value on a limit belongs to the class above it."""
    place = pl.Series(limits).search_sorted(values.cast(pl.Float64), side="right")
    labels = pl.Series(class_labels(limits), dtype=pl.String).gather(place)
    return pl.select(pl.when(values.is_not_null()).then(labels)).to_series()
