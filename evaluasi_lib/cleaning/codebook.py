"""The codebook: what each column of the processed tables means, and how full it is."""

from __future__ import annotations

import contextvars
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow.parquet as pq

from evaluasi_lib.cleaning.mapping import is_reversed, scale_of
from evaluasi_lib.program import Column, Program
from evaluasi_lib.wording import LANGUAGES, _, choose, set_language

FILES = {"id": "kodebuku.md", "en": "codebook.md"}


def codebook(program: Program, folder: Path) -> pd.DataFrame:
    """One row a processed column, in declared order, in the language in force.

    Columns: table, variable, question, type, labels, missing (codes read as missing), n (values),
    n_missing, from (heading in the file). Open answers are counted in their restricted table.
    """
    rows: list[dict[str, Any]] = []
    for name, source in program.sources.items():
        path = folder / f"{name}.parquet"
        if source.role == "events" or not path.is_file():
            continue
        filled, total = _filled(path)
        answers = _open_counts(folder / "restricted" / f"{name}.parquet")
        for variable, column in source.columns.items():
            options = {f"{variable}__{k}": choose_option(v) for k, v in column.options.items()}
            shown = options if column.type == "multi" else {variable: ""}
            for key, option in shown.items():
                n = answers.get(variable, 0) if column.type == "open" else filled.get(key)
                if n is None:
                    continue
                question = choose(column.label) or column.header
                rows.append(
                    {
                        "table": name,
                        "variable": key,
                        "question": f"{question}: {option}" if option else question,
                        "type": column.type,
                        "labels": _labels(program, variable, column),
                        "missing": ", ".join(_missing(program, variable, column)),
                        "n": n,
                        "n_missing": total - n,
                        "from": column.header,
                    }
                )
    return pd.DataFrame(rows)


def choose_option(text: Any) -> str:
    """The first spelling of an option, in the language in force."""
    return text[0] if isinstance(text, list) else choose(text)


def write_codebooks(program: Program, folder: Path) -> None:
    """kodebuku.md and codebook.md, whatever the language in force."""
    for language in LANGUAGES:
        context = contextvars.copy_context()
        context.run(set_language, language)
        text = context.run(_markdown, program, folder)
        (folder / FILES[language]).write_text(text, encoding="utf-8")


def headings() -> dict[str, str]:
    """Headings of the codebook's columns, for its Markdown and for a workbook's sheet."""
    return {
        "table": _("Table"), "variable": _("Variable"), "question": _("Question"),
        "type": _("Type"), "labels": _("Labels"), "missing": _("Codes for missing"),
        "n": _("Values"), "n_missing": _("Missing"), "from": _("Column in the file"),
    }  # fmt: skip


def _markdown(program: Program, folder: Path) -> str:
    table = codebook(program, folder)
    lines = [f"# {_('Codebook')}: {choose(program.title)}", ""]
    names = headings()
    for source in table["table"].unique() if len(table) else []:
        part = table[table["table"] == source].drop(columns="table")
        lines += [f"## {source}", "", "| " + " | ".join(names[c] for c in part.columns) + " |"]
        lines.append("|" + "---|" * part.shape[1])
        for row in part.itertuples(index=False):
            cells = (str(v).replace("|", "\\|").replace("\n", " ") for v in row)
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def _filled(path: Path) -> tuple[dict[str, int], int]:
    """(values of each column, rows) of a Parquet file, from its own statistics."""
    about = pq.ParquetFile(path).metadata
    filled = dict.fromkeys(about.schema.names, about.num_rows)
    for group in range(about.num_row_groups):
        for i, name in enumerate(filled):
            filled[name] -= about.row_group(group).column(i).statistics.null_count
    return filled, about.num_rows


def _open_counts(path: Path) -> dict[str, int]:
    if not path.is_file():
        return {}
    return dict(pl.scan_parquet(path).group_by("variable").len().collect().iter_rows())


def _labels(program: Program, variable: str, column: Column) -> str:
    if column.type == "item":
        scale = scale_of(program, variable, column)
        if scale is None:
            return ""
        values = range(scale.min, scale.max + 1)
        text = "; ".join(f"{v} = {x}" for v, x in zip(values, scale.labels, strict=False))
        text = text or f"{scale.min}-{scale.max}"
        return text + " " + _("(reversed)") if is_reversed(program, variable) else text
    if column.coarsen:
        return "; ".join(f"{x:g}" for x in column.coarsen)
    return "; ".join(
        key if choose(text) == key else f"{key} = {choose(text)}"
        for key, text in column.categories.items()
    )


def _missing(program: Program, variable: str, column: Column) -> list[str]:
    scale = scale_of(program, variable, column) if column.type == "item" else None
    return [*column.missing, *(scale.missing if scale else [])]
