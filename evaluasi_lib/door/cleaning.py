"""Cleaning, one column or one table at a time: pandas in, pandas out.

A cleaned column carries in `.attrs` what happened to it: `changes` (rule -> number of values) and
`translations` (each distinct text with n, first_row, value, rule; see `translations`). Labels that
nobody declared are an error that names all of them at once, with where, how many, and a remedy.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import polars as pl

from evaluasi_lib.cleaning import identity
from evaluasi_lib.cleaning.guess import free, ordered_labels, strength
from evaluasi_lib.cleaning.source import DTYPES, MAX_TEXTS, changes_in, problems_of, translate
from evaluasi_lib.cleaning.typers import (
    BLANKS,
    Spec,
    decimal_sign,
    option_columns,
)
from evaluasi_lib.program import Column, Scale, Source
from evaluasi_lib.reading.child import cell_text
from evaluasi_lib.reading.files import normalise, open_source, show
from evaluasi_lib.tables import Table, need
from evaluasi_lib.wording import DataError, Problem, UsageError, _, count, suggestion


def read(path: str | Path, sheet: str | None = None) -> pd.DataFrame:
    """A file as it was received, every cell as text: nothing is guessed, no NIP loses a digit.

    path: CSV (any usual encoding and separator), Excel, ODS, SPSS, Stata (labels rather than
    codes), Parquet or JSON lines. sheet: of a workbook; its first where absent. A heading that
    stands twice becomes "Nama#2". Raises DataError for a file that is missing or cannot be read,
    or a sheet that is not there.

    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "daftar.csv"
    >>> _ = file.write_text("NIP;Nilai\\n199001012015031001;87,5\\n")
    >>> read(file).to_dict("records")
    [{'NIP': '199001012015031001', 'Nilai': '87,5'}]
    """
    file = Path(path).expanduser()
    if not file.is_file():
        there = sorted(p.name for p in file.parent.glob("*")) if file.parent.is_dir() else []
        remedy = suggestion(file.name, there) if there else _("check the folder")
        raise DataError(Problem(_("there is no such file"), str(path), remedy))
    if not file.stat().st_size:
        raise DataError(Problem(_("the file is empty"), file.name, _("export it once more")))
    table = open_source(file, Source(file=file.name, sheet=sheet))
    seen: dict[str, int] = {}
    names = []
    for heading in table.headers:
        seen[heading] = seen.get(heading, 0) + 1
        names.append(heading if seen[heading] == 1 else f"{heading}#{seen[heading]}")
    batches = list(table.batches(dict(zip(names, range(len(names)), strict=True))))
    empty = dict.fromkeys(names, pl.String)
    rows = pl.concat(batches).drop("row") if batches else pl.DataFrame(schema=empty)
    return pd.DataFrame({name: pd.Series(rows[name].to_list(), dtype="str") for name in names})


def clean_likert(
    s: pd.Series,
    labels: Sequence[str] | int | None = None,
    reversed: bool = False,
    *,
    lowest: int = 1,
    aliases: Mapping[str, str] | None = None,
    missing: Sequence[str] = (),
) -> pd.Series:
    """Answers on a scale as numbers (float64; no answer: NaN), the lowest label as `lowest`.

    s: (n,) answers. labels: from low to high; or the number of points where the answers are numbers
    already; None: read from the words of degree in them (sangat tidak setuju ... sangat setuju),
    with a warning that says what was read, since a label that nobody chose is not seen. reversed:
    turn the item round (1 becomes 5). aliases: other spelling -> label. missing: texts that mean
    "no answer", beside blanks, "-" and "n/a". Case, dashes and blanks do not matter; "Tidak Setuju"
    is never "Setuju". Raises DataError that names every unknown label at once, UsageError where the
    scale cannot be told. Source: the rules of docs/pembersihan.md.

    >>> import pandas as pd
    >>> s = pd.Series(["Setuju", " tidak  setuju", "Ragu – ragu", "-"], name="q1")
    >>> scale = ["Tidak Setuju", "Ragu-ragu", "Setuju"]
    >>> clean_likert(s, scale).tolist()
    [3.0, 1.0, 2.0, nan]
    >>> clean_likert(s, scale, reversed=True).tolist()
    [1.0, 3.0, 2.0, nan]
    >>> clean_likert(s, scale).attrs["changes"]
    {'spaces_trimmed': 1}
    """
    text = texts_of(s)
    scale = _scale(text, labels, lowest, aliases or {}, missing, _name(s))
    spec = Spec(_name(s), _column(s, "item", missing=missing), scale, reversed)
    return _typed(s, text, spec)


def clean_number(
    s: pd.Series,
    *,
    decimal: Literal[".", ","] | None = None,
    min: float | None = None,
    max: float | None = None,
    missing: Sequence[str] = (),
) -> pd.Series:
    """Numbers as people write them, as float64: "1.234,5", "Rp 1.250.000", "20 JP", "85%".

    s: (n,). decimal: the decimal sign, where the column itself does not prove it ("1.250" alone
    could be 1250 or 1.25, and is refused). min, max: outside them a value is an error. missing:
    codes that mean "no answer", such as 999. Units are dropped, not converted. Raises DataError.

    >>> import pandas as pd
    >>> clean_number(pd.Series(["Rp 1.250.000", "20 JP", "12,5", "-"])).tolist()
    [1250000.0, 20.0, 12.5, nan]
    """
    text = texts_of(s)
    column = _column(s, "number", missing=missing, min=min, max=max, decimal=decimal)
    sign = decimal or decimal_sign(text)
    return _typed(s, text, Spec(_name(s), column, decimal=lambda: sign))


def clean_date(
    s: pd.Series, *, format: str | None = None, missing: Sequence[str] = ()
) -> pd.Series:
    """Dates and times as datetime64: ISO, day first, Indonesian and English month names.

    s: (n,). format: such as "%m/%d/%Y" where the month stands first. Times stay as written on the
    respondent's clock. Raises DataError for what is no date, and says where the month seems to
    come first.

    >>> import pandas as pd
    >>> clean_date(pd.Series(["3 Februari 2025", "03/02/2025", "2025-02-03"])).nunique()
    1
    """
    text = texts_of(s)
    column = _column(s, "date", missing=missing, date_format=format)
    return _typed(s, text, Spec(_name(s), column))


def clean_category(
    s: pd.Series,
    labels: Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
    *,
    ordered: bool = False,
    spelling: Literal["golongan", "eselon"] | None = None,
    missing: Sequence[str] = (),
) -> pd.Series:
    """A category as one spelling for each value; a pandas category where labels are declared.

    s: (n,). labels: the values allowed, or value -> its spellings; None: every text, tidied.
    ordered: labels go from low to high. spelling: brings grades ("IV b", "4b" -> "IV/b") or
    echelons into one form. Raises DataError that names every undeclared label at once.

    >>> import pandas as pd
    >>> s = pd.Series(["laki-laki", "P", "Pr."])
    >>> clean_category(s, {"L": "Laki-laki", "P": ["Pr"]}).tolist()
    ['L', 'P', 'P']
    >>> clean_category(pd.Series(["Pembina Tk.I/ IV/b", "4b"]), spelling="golongan").tolist()
    ['IV/b', 'IV/b']
    """
    allowed = labels if isinstance(labels, Mapping) else {x: x for x in labels or ()}
    spelled = {k: [v] if isinstance(v, str) else list(v) for k, v in allowed.items()}
    column = _column(
        s, "category", missing=missing, spelling=spelling,
        categories={key: key for key in spelled},
        aliases={text: key for key, texts in spelled.items() for text in texts},
    )  # fmt: skip
    out = _typed(s, texts_of(s), Spec(_name(s), column))
    if spelled:
        kept = out.attrs
        out = out.astype(pd.CategoricalDtype(list(spelled), ordered=ordered))
        out.attrs = kept
    return out


def clean_multi(
    s: pd.Series,
    options: Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
    *,
    separator: str | None = None,
    missing: Sequence[str] = (),
) -> pd.DataFrame:
    """A question with several answers as one yes/no column for each option: `<question>__<option>`.

    s: (n,) answers such as "Jadwal; Beban kerja". options: short name -> text (or texts) in the
    file; "*" takes what people wrote themselves; a list: the texts; None: the parts that occur.
    separator: what stands between options; else ";", "," "|" or a line break. An option may hold
    the separator itself. Columns are "boolean"; a question left blank is missing in all of them.
    Raises DataError that names every unknown option at once.

    >>> import pandas as pd
    >>> s = pd.Series(["Jadwal; Beban kerja", "jadwal", None], name="hambatan")
    >>> clean_multi(s, {"jadwal": "Jadwal", "beban": "Beban kerja"}).sum().to_dict()
    {'hambatan__jadwal': 2, 'hambatan__beban': 1}
    """
    text = texts_of(s)
    if options is None:
        options = _parts(text, separator)
    if not isinstance(options, Mapping):
        options = _short_names(options)
    spelled = {k: v if isinstance(v, str) else list(v) for k, v in options.items()}
    column = _column(s, "multi", missing=missing, options=spelled, separator=separator)
    spec = Spec(_name(s), column)
    values, table = _translated(text, spec)
    has = option_columns(spec.name, values, options)
    out = pd.DataFrame({k: pd.array(v.to_list(), "boolean") for k, v in has.items()}, s.index)
    out.attrs.update(_account(table.with_columns(pl.col("value").list.join(", ")), spec))
    return out


def translations(cleaned: pd.Series | pd.DataFrame) -> Table:
    """How each distinct text of a cleaned column was read: text, n, first_row, value, rule.

    first_row: 1-based position of its first appearance. value: None where it is read as no answer.
    rule: what was done ("" where the text means itself). Of a column with more than 1,000 distinct
    texts only those that a rule changed are kept. Raises UsageError for what no clean_* made
    (pandas drops `.attrs` when columns are put together).

    >>> import pandas as pd
    >>> translations(clean_number(pd.Series(["20 JP", "20 JP", "7"])))["value"].tolist()
    [20.0, 7.0]
    """
    if "translations" not in cleaned.attrs:
        what = _("this was not cleaned by a clean_ function, or pandas dropped its account")
        raise UsageError(Problem(what, remedy=_("ask the cleaned column itself")))
    columns = ["text", "n", "first_row", "value", "rule"]
    return Table(pd.DataFrame(cleaned.attrs["translations"], columns=columns))


def pseudonymise(
    df: pd.DataFrame,
    column: str,
    key: str | bytes | None = None,
    *,
    kind: Literal["nip", "code"] = "nip",
    scope: str = "",
) -> pd.DataFrame:
    """The table with `pid` in front instead of the identifier: the same person, the same pseudonym.

    column: NIP in any spelling (blanks, dots, Excel's 1,99E+17 where another row has it whole), or
    with kind="code" a respondent's own code. key: the secret; None: the environment variable
    EVALUASI_KEY, else the user's own key file, made on first use. scope: keeps programs apart, so
    that nobody is followed from one to the other; tables that shall be linked need the same. Rows
    without a usable identifier get a pseudonym of their own ("-<row>") and are counted in
    `.attrs["changes"]`. Other columns that name a person stay: leave them out yourself. Source:
    HMAC-SHA256 (RFC 2104) of the number, since all NIP can be tried out. Raises DataError where no
    value at all is a NIP, UsageError for an unknown column.

    >>> import pandas as pd
    >>> df = pd.DataFrame({"nip": ["19900101 201503 1 001", "199001012015031001"], "y": [1, 2]})
    >>> pseudonymise(df, "nip", key="rahasia")["pid"].nunique()
    1
    """
    need(df, [column])
    text = texts_of(df[column])
    changes: dict[str, int] = {}
    if kind == "nip":
        whole = identity.normalise_nip(text)
        remedy = _('choose the column with the NIP, or say kind="code" for respondents\' codes')
        if problems := identity.no_nip(whole, column, "", remedy):
            raise DataError(*problems)
        ids, changes = identity.usable_nip(whole, identity.nip_repairs([whole]))
    else:
        ids = identity.normalise_code(text)
    secret = identity.own_key() if key is None else key.encode() if isinstance(key, str) else key
    hidden = identity.pseudonyms(ids, secret, scope).to_list()
    pids = [h or f"{identity.UNLINKED}{row}" for row, h in enumerate(hidden, 1)]
    out = df.drop(columns=column)
    out.insert(0, "pid", pd.Series(pids, index=df.index, dtype="str"))
    changes |= {"identifier_missing": text.null_count(), "pseudonymised": ids.count()}
    out.attrs = {"changes": {rule: int(n) for rule, n in changes.items() if n}}
    return out


def link(
    before: pd.DataFrame,
    after: pd.DataFrame,
    by: str = "pid",
    *,
    how: Literal["inner", "left", "right", "outer"] = "inner",
) -> pd.DataFrame:
    """Two waves as one row a person; columns of both get the endings `_before` and `_after`.

    before, after: one row a person. by: the column that names the person (a pseudonym). how: whom
    to keep, "inner" those measured twice. `.attrs["changes"]` counts linked, only_before and
    only_after, since who is lost matters. A join is never forced: rows of one person that stand
    twice are a DataError, missing identifiers link to nobody.

    >>> import pandas as pd
    >>> pre = pd.DataFrame({"pid": ["a", "b"], "skor": [3.0, 4.0]})
    >>> post = pd.DataFrame({"pid": ["b", "c"], "skor": [4.5, 5.0]})
    >>> both = link(pre, post, by="pid")
    >>> both.to_dict("records")
    [{'pid': 'b', 'skor_before': 4.0, 'skor_after': 4.5}]
    >>> both.attrs["changes"]
    {'linked': 1, 'only_before': 1, 'only_after': 1}
    """
    problems = []
    for name, table in (("before", before), ("after", after)):
        need(table, [by], name)
        known = table[by].dropna()
        twice = known[known.duplicated(keep=False)]
        if len(twice):
            row = int(table[by].isin(twice).to_numpy().argmax()) + 1
            at = f"{name}, " + _("row {row}").format(row=row)
            what = _("several rows belong to the same person")
            problems.append(Problem(what, at, _("keep one row a person first"), len(twice)))
    if problems:
        raise DataError(*problems)
    first, second = (t.dropna(subset=[by]) for t in (before, after))
    both = len(set(first[by]) & set(second[by]))
    first.attrs, second.attrs = {}, {}
    out = first.merge(second, on=by, how=how, suffixes=("_before", "_after"), validate="1:1")
    lost = {"only_before": len(before) - both, "only_after": len(after) - both}
    out.attrs = {"changes": {"linked": both} | lost}
    return out


def _name(s: pd.Series) -> str:
    return "" if s.name is None else str(s.name)


def texts_of(s: pd.Series) -> pl.Series:
    """The values as text, as the readers give them; missing as None."""
    values = s.astype("object").where(s.notna(), None).tolist()
    texts = [
        v if v is None or isinstance(v, str) else cell_text(getattr(v, "item", lambda v=v: v)())
        for v in values
    ]
    return pl.Series(_name(s), texts, dtype=pl.String)


def _column(s: pd.Series, kind: str, **keys: Any) -> Column:
    given = {k: list(v) if k == "missing" else v for k, v in keys.items()}
    return Column(**{"from": _name(s), "type": kind}, **given)


def _typed(s: pd.Series, text: pl.Series, spec: Spec) -> pd.Series:
    """The column by the typer of its type, with its account; raises DataError."""
    values, table = _translated(text, spec)
    out = pd.Series(values.to_list(), s.index, DTYPES[spec.column.type], name=s.name)
    out.attrs.update(_account(table, spec))
    return out


def _translated(text: pl.Series, spec: Spec) -> tuple[pl.Series, pl.DataFrame]:
    """The values and the table of translations. Raises DataError for what cannot be read."""
    values, table = translate(text, pl.int_range(1, len(text) + 1, eager=True), spec)
    if problems := problems_of(table, spec, ""):
        raise DataError(*problems)
    return values, table


def _account(table: pl.DataFrame, spec: Spec) -> dict[str, Any]:
    """What cleaning did to a column, as plain values, so that pandas can copy and store them."""
    changed = table.drop_nulls("rule")
    changes = changes_in(table)
    if spec.turned:
        changes["item_reversed"] = int(table.drop_nulls("value")["n"].sum())
    rows = table if table.height <= MAX_TEXTS else changed.head(MAX_TEXTS)
    texts = rows.with_columns(pl.col("rule").fill_null("")).to_dicts()
    for row in texts:
        value = row["value"]
        row["text"] = show(row["text"])
        row["value"] = value.isoformat() if hasattr(value, "isoformat") else value
    return {"changes": changes, "translations": texts}


def _scale(
    text: pl.Series, labels: Sequence[str] | int | None, lowest: int, aliases: Mapping[str, str],
    missing: Sequence[str], name: str,
) -> Scale:  # fmt: skip
    """The scale that the labels say; read from the words of degree where none are given."""
    if isinstance(labels, int):
        return Scale(min=lowest, points=labels, aliases=dict(aliases))
    if labels is None:
        gone = {"", *BLANKS, *map(normalise, missing)}
        distinct = text.drop_nulls().unique(maintain_order=True)
        found = [t for t in distinct if normalise(t) not in gone]
        labels = ordered_labels(found)
        ends = [strength(label) or 0.0 for label in (labels[:1] + labels[-1:])]
        if not labels or sum(ends) != 0:  # a scale without its lowest label would start too high
            what = _("the scale cannot be told from {n} different answers")
            remedy = _("give labels=[...] from low to high, or the number of points")
            what = what.format(n=count(len(found)))
            raise UsageError(Problem(what, f"“{show(name)}”", remedy))
        read_as = ", ".join(f"{i} {show(x)}" for i, x in enumerate(labels, lowest))
        text_ = _("{name}: the scale was read as {labels}; give labels=[...] if one is missing")
        warnings.warn(text_.format(name=f"“{show(name)}”", labels=read_as), stacklevel=3)
    return Scale(labels=list(labels), min=lowest, aliases=dict(aliases))


def _short_names(texts: Iterable[str]) -> dict[str, str]:
    """A name for each text, of its words; numbered where several would be the same."""
    found: dict[str, str] = {}
    for text in dict.fromkeys(texts):
        word = re.sub(r"\W+", "_", normalise(text)).strip("_")[:60]
        found[free(word or "opsi", found)] = text
    return found


def _parts(text: pl.Series, separator: str | None) -> list[str]:
    """The options that occur in the answers, most frequent first."""
    known = text.drop_nulls()
    signs = separator or (";" if known.str.contains(";", literal=True).any() else ",|\n")
    parts: dict[str, list[str]] = {}
    for answer in known:
        for part in re.split(f"[{re.escape(signs)}]", answer):
            if normalise(part) not in ("", "-"):
                parts.setdefault(normalise(part), []).append(part.strip())
    return [spelled[0] for spelled in sorted(parts.values(), key=len, reverse=True)]
