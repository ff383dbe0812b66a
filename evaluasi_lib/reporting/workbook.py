"""The appendix as XLSX: a cover, notes, and every table of the report on a sheet of its own.

Numbers stand unrounded; an interval becomes two columns. A text from a person is always a text,
never a formula or a link, and the file is the same for the same report.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter
from matplotlib.image import imread
from xlsxwriter.worksheet import Worksheet

from evaluasi_lib.reporting.elements import Paragraph, Section, Table, every_element
from evaluasi_lib.reporting.formats import created, logo_bytes
from evaluasi_lib.wording import _

WIDEST = 60
LOGO = 64  # pixels of its height on the cover


def render_workbook(sections: Sequence[Section], texts: Mapping[str, str]) -> bytes:
    """The workbook's bytes. texts: as export.page_texts gives them."""
    tables = [e for e in every_element(sections) if isinstance(e, Table)]
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties(
            {
                "title": texts["heading"],
                "author": texts["author"],
                "company": texts["organisation"],
                "subject": texts["organisation"],
                "keywords": texts["number"],
                "created": created(texts).replace(tzinfo=None),
            }
        )
        forms = {
            "title": book.add_format({"bold": True, "font_size": 18}),
            "text": book.add_format({"text_wrap": True, "valign": "top"}),
            "bold": book.add_format({"bold": True, "valign": "top"}),
            "link": book.add_format({"font_color": "#0b5394", "underline": 1}),
            "percent": book.add_format({"num_format": "0.0%", "valign": "top"}),
            "whole": book.add_format({"num_format": "#,##0", "valign": "top"}),
            "decimal": book.add_format({"num_format": "#,##0.000", "valign": "top"}),
        }
        names = _sheet_names(tables)
        _cover(book.add_worksheet(_("Cover")), sections, texts, forms)
        _notes(book.add_worksheet(_("Notes")), tables, names, forms)
        for number, (table, name) in enumerate(zip(tables, names, strict=True), 1):
            _sheet(book.add_worksheet(name), table, number, forms)
    return out.getvalue()


def _sheet_names(tables: Sequence[Table]) -> list[str]:
    """At most 31 letters, none that Excel refuses, none twice."""
    names: list[str] = []
    for table in tables:
        base = re.sub(r"[\[\]:*?/\\]", " ", table.id)[:28]
        name, again = base, 2
        while name in names:
            name, again = f"{base}-{again}", again + 1
        names.append(name)
    return names


def _cover(
    sheet: Worksheet,
    sections: Sequence[Section],
    texts: Mapping[str, str],
    forms: Mapping[str, Any],
) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 100)
    sheet.write_string(1, 0, texts["heading"], forms["title"])
    if content := logo_bytes(texts):
        scale = LOGO / imread(io.BytesIO(content), texts["logo"].partition(";")[0][11:]).shape[0]
        image = {"image_data": io.BytesIO(content), "x_scale": scale, "y_scale": scale}
        sheet.insert_image(1, 1, "logo", image)
    lines = [texts["organisation"], texts["subtitle"], *texts.get("cover", "").splitlines()]
    if sections:
        shown = [e for e in sections[0].elements if isinstance(e, Paragraph)]
        lines += [e.text for e in shown if e.kind in ("warning", "lead")]
    lines.append(texts["footer"])
    for row, line in enumerate(lines, 3):
        sheet.write_string(row, 0, line, forms["text"])


def _notes(
    sheet: Worksheet, tables: Sequence[Table], names: Sequence[str], forms: Mapping[str, Any]
) -> None:
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 2, 70)
    sheet.freeze_panes(1, 0)
    for column, head in enumerate((_("Sheet"), _("Table"), _("Notes"))):
        sheet.write_string(0, column, head, forms["bold"])
    for row, (table, name) in enumerate(zip(tables, names, strict=True), 1):
        sheet.write_url(row, 0, f"internal:'{name}'!A1", forms["link"], name)
        sheet.write_string(row, 1, table.caption, forms["text"])
        sheet.write_string(row, 2, table.note, forms["text"])
    general = _(
        "Numbers are unrounded. An empty cell means that there is no such number; where a number "
        "may not be shown or could not be computed, the cell says so in words."
    )
    sheet.write_string(len(tables) + 2, 1, general, forms["text"])


def _sheet(sheet: Worksheet, table: Table, number: int, forms: Mapping[str, Any]) -> None:
    heads, rows = _spread(table)
    for column, head in enumerate(heads):
        longest = max([len(head), *(len(str(row[column][0])) for row in rows)])
        sheet.set_column(column, column, min(WIDEST, longest + 3))
    for line, row in enumerate(rows, 1):
        for column, (value, text) in enumerate(row):
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                sheet.write_number(line, column, value, forms[_form(value, text)])
            elif value is not None:
                sheet.write_string(line, column, str(value), forms["text"])
    sheet.add_table(
        0, 0, len(rows), len(heads) - 1,
        {
            "name": f"tbl_{number}",
            "columns": [{"header": head} for head in heads],
            "style": "Table Style Light 1",
            "header_row": True,
        },
    )  # fmt: skip
    sheet.freeze_panes(1, 1)


def _form(value: float, text: str) -> str:
    if text.endswith("%"):
        return "percent"
    return "whole" if float(value).is_integer() or text.startswith(("Rp", "−Rp")) else "decimal"


def _spread(table: Table) -> tuple[list[str], list[list[tuple[object, str]]]]:
    """Headings and rows of (value, text); a column of intervals becomes a low and a high one.

    Headings are made unique, which Excel asks of a table.
    """
    values = table.values if table.values is not None else table.rows
    pairs = {i for row in values for i, v in enumerate(row) if isinstance(v, tuple)}
    heads: list[str] = []
    for i, name in enumerate(table.columns):
        parts = [_("{name}, low"), _("{name}, high")] if i in pairs else ["{name}"]
        for part in parts:
            head, again = part.format(name=name), 2
            while head.casefold() in (h.casefold() for h in heads):
                head, again = f"{part.format(name=name)} ({again})", again + 1
            heads.append(head)
    rows = []
    for row, texts in zip(values, table.rows, strict=True):
        line: list[tuple[object, str]] = []
        for i, (value, text) in enumerate(zip(row, texts, strict=True)):
            if i in pairs:
                low, high = value if isinstance(value, tuple) else (None, None)
                line += [(low, text), (high, text)]
            else:
                line.append((text if value is None and text != "—" else value, text))
        rows.append(line)
    return heads, rows
