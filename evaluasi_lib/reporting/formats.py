"""PDF, DOCX and XLSX, from the same sections as the HTML; the same file for the same report.

pandoc (a separate program inside the pypandoc_binary wheel) reads the sections' HTML and writes
DOCX, or Typst, from which the typst wheel makes a tagged PDF/UA. Pictures travel as files. Both
wheels come with the extra “formats”; HTML and XLSX need neither.

The appendix as XLSX has a cover, notes, and every table of the report on a sheet of its own.
Numbers stand unrounded; an interval becomes two columns. A text from a person is always a text,
never a formula or a link.
"""

from __future__ import annotations

import base64
import datetime as dt
import importlib.util
import io
import json
import os
import re
import subprocess
import tempfile
import unicodedata
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
import xlsxwriter
from matplotlib.ft2font import FT2Font
from matplotlib.image import imread
from xlsxwriter.worksheet import Worksheet

from evaluasi_lib.reporting.elements import (
    UNBROKEN,
    Figure,
    Paragraph,
    Section,
    Table,
    arranged,
    every_element,
)
from evaluasi_lib.reporting.stamp import TEMPLATE
from evaluasi_lib.wording import EvaluationError, Problem, UsageError, _

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
EPOCH = "315532800"  # 1980-01-01, the oldest date that a ZIP file can hold
PNG_PPI = 220
LINE_LETTERS = 110  # letters of a table's type on one line of A4
WIDEST = 60  # letters of a column of the workbook
LOGO = 64  # pixels of its height on the cover of the workbook
CELLS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 18},
    "text": {"text_wrap": True, "valign": "top"},
    "bold": {"bold": True, "valign": "top"},
    "link": {"font_color": "#0b5394", "underline": 1},
    "percent": {"num_format": "0.0%", "valign": "top"},
    "whole": {"num_format": "#,##0", "valign": "top"},
    "decimal": {"num_format": "#,##0.000", "valign": "top"},
}


def created(texts: Mapping[str, str]) -> dt.datetime:
    """When a file says it was made: at SOURCE_DATE_EPOCH (reproducible-builds.org) where that is
    set, else on the date of the report, so that the same report is the same bytes on every day;
    1980, the first year that a ZIP file can hold, where it has none.

    Raises UsageError where SOURCE_DATE_EPOCH is no number of seconds.
    """
    first = dt.datetime.fromtimestamp(int(EPOCH), dt.UTC)
    day, seconds = texts.get("created", ""), os.environ.get("SOURCE_DATE_EPOCH")
    if seconds:
        try:
            return max(first, dt.datetime.fromtimestamp(int(seconds), dt.UTC))
        except (ValueError, OverflowError, OSError):
            what = _("SOURCE_DATE_EPOCH is no number of seconds since 1970: {value}")
            remedy = _("unset it, or set it as “date +%s” prints it")
            raise UsageError(Problem(what.format(value=seconds), remedy=remedy)) from None
    return max(first, dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC)) if day else first


def check_extra() -> None:
    """Raise UsageError with the remedy where the extra “formats” is not installed."""
    missing = [
        wheel
        for wheel, module in (("pypandoc_binary", "pypandoc"), ("typst", "typst"))
        if importlib.util.find_spec(module) is None
    ]
    if missing:
        text = _("PDF and DOCX need packages that are not installed: {names}")
        remedy = _("install them with “pip install -e .[formats]”, or choose html or xlsx")
        raise UsageError(Problem(text.format(names=", ".join(missing)), remedy=remedy))


def render_pdf(sections: Sequence[Section], texts: Mapping[str, str]) -> bytes:
    """The report as tagged PDF/UA-1. texts: as export.page_texts gives them."""
    import typst

    check_extra()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        logo = _logo_file(texts, folder)
        html = _printable(_page(sections, folder, "svg"))
        texts = {key: _printable(text) for key, text in texts.items()}
        body = _pandoc(html, ["--to=typst", "--wrap=none"], folder).decode("utf-8")
        body = body.replace("align(center)[#table(", "align(left)[#table(")
        (folder / "report.typ").write_text(_typst_source(body, texts, logo), encoding="utf-8")
        try:
            pdf: bytes = typst.compile(
                str(folder / "report.typ"),
                root=str(folder),
                format="pdf",
                pdf_standards=["ua-1"],
                font_paths=[str(FONTS)],
                ignore_system_fonts=True,
                timestamp=int(created(texts).timestamp()),
            )
        except Exception as error:  # typst raises bare classes of its own
            raise _failure(_("the PDF could not be made: {error}"), error) from error
    return pdf


def render_docx(sections: Sequence[Section], texts: Mapping[str, str]) -> bytes:
    """The report as DOCX that can be edited, in the styles of a reference document."""
    check_extra()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        html = _page(sections, folder, "png", _contents(sections, texts["contents"]))
        html = html.replace("<body>", "<body>" + _head(texts, _logo_file(texts, folder)), 1)
        (folder / "reference.docx").write_bytes(_reference_document(texts))
        # In a file of metadata every text is read as Markdown, on the command line none is; a list
        # can stand in the file alone.
        number = re.sub(r"([^\w\s])", r"\\\1", texts["number"])
        listed = {"keywords": [number] if number else []}
        (folder / "metadata.json").write_text(json.dumps(listed), encoding="utf-8")
        metadata = {
            "title": texts["heading"],
            "subtitle": texts["subtitle"],
            "author": texts["author"],
            "subject": texts["organisation"],
            "lang": texts["language"],
        }
        options = ["--to=docx", "--reference-doc=reference.docx", "--metadata-file=metadata.json"]
        options += [f"--metadata={key}={value}" for key, value in metadata.items()]
        moment = created(texts)
        epoch = str(int(moment.timestamp()))
        return _dated(_pandoc(html, [*options, "--output=-"], folder, epoch), moment)


def _dated(content: bytes, moment: dt.datetime) -> bytes:
    """An archive with one date for all its parts: those that pandoc takes from the reference
    document bring the time at which that was written."""
    year, month, day, hour, minute, second = moment.timetuple()[:6]
    when = (max(year, 1980), month, day, hour, minute, second)  # an archive knows no earlier year
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for part in old.infolist():
            dated = zipfile.ZipInfo(part.filename, when)
            new.writestr(dated, old.read(part), zipfile.ZIP_DEFLATED)
    return made.getvalue()


def logo_bytes(texts: Mapping[str, str]) -> bytes:
    """The agency's logo; empty where none is declared."""
    return base64.b64decode(texts.get("logo", "").rpartition(",")[2])


def _logo_file(texts: Mapping[str, str], folder: Path) -> str:
    """The name of the logo, written into the folder; "" where there is none."""
    if not texts.get("logo"):
        return ""
    name = "logo.png" if texts["logo"].startswith("data:image/png") else "logo.jpg"
    (folder / name).write_bytes(logo_bytes(texts))
    return name


def _head(texts: Mapping[str, str], logo: str) -> str:
    """Logo, and the lines of a cover on a page of their own, for Word: below its title."""
    picture = f'<p><img src="{logo}" alt="Logo" height="60"></p>' if logo else ""
    lines = "".join(f"<p>{escape(line)}</p>" for line in texts.get("cover", "").splitlines())
    return f'<div class="cover">{picture}{lines}</div>' if lines else picture


def _contents(sections: Sequence[Section], title: str) -> str:
    """A list of contents that is filled without opening Word: a link to each chapter."""
    lines = "".join(
        f'<p><a href="#h-{one.id}">{n}. {escape(one.title)}</a></p>'
        for n, one in enumerate(arranged(sections), 1)
    )
    return f"<h2>{escape(title)}</h2>{lines}"


def _page(sections: Sequence[Section], folder: Path, form: str, contents: str | None = None) -> str:
    """The sections' HTML for pandoc, pictures written beside it as SVG or PNG files.

    contents: the list of contents after the first chapter, whose headings are numbered then; None
    leaves both to the typesetter.
    """
    sections = arranged(sections)
    parts = [one.html() for one in sections]
    if contents is not None:
        parts = [
            re.sub(r"(<h2[^>]*>)", rf"\g<1>{n}. ", part, count=1) for n, part in enumerate(parts, 1)
        ]
    parts.insert(1, contents or '<div class="contents"><p></p></div>')
    html = "\n".join(parts)
    for element in every_element(sections):
        if isinstance(element, Table):
            head = f'(<table id="{re.escape(element.anchor)}"><caption>.*?</caption>)'
            html = re.sub(head, rf"\1{_widths(element)}", html, count=1)
        if not isinstance(element, Figure):
            continue
        svg = folder / f"{element.id}.svg"
        svg.write_bytes(element.svg)
        if form == "png":
            (folder / f"{element.id}.png").write_bytes(_png(svg))
        embedded = base64.b64encode(element.svg).decode("ascii")
        html = html.replace(f"data:image/svg+xml;base64,{embedded}", f"{element.id}.{form}")
    html = re.sub(r"<details id=\"([^\"]*)\"><summary>(.*?)</summary>", r"\2", html)
    html = html.replace("</details>", "")
    # pandoc keeps the class of a div, not that of a paragraph, and alignment only as a style.
    html = re.sub(
        r'<p class="(lead|note|warning)"[^>]*>(.*?)</p>',
        r'<div class="\1"><p>\2</p></div>',
        html,
        flags=re.DOTALL,
    )
    html = re.sub(
        r'<figure class="quote">(.*?)<figcaption>(.*?)</figcaption></figure>',
        r'\1<div class="note"><p>\2</p></div>',
        html,
        flags=re.DOTALL,
    )
    html = re.sub(r'class="num( long)?"', 'style="text-align: right"', html)
    return f"<html><body>{html}</body></html>"


@cache
def _letters() -> frozenset[int]:
    """Code points that the PDF's typeface, which comes with matplotlib, can show."""
    return frozenset(FT2Font(str(FONTS / "DejaVuSans.ttf")).get_charmap())


def _printable(text: str) -> str:
    """Text in letters of the typeface; another one, such as an emoji, becomes a word for it.

    PDF/UA refuses a page with a letter that it cannot show.
    """
    if text.isascii():
        return text
    known = _letters()

    def shown(letter: str) -> str:
        if ord(letter) in known or letter in "\n\t":
            return letter
        if unicodedata.category(letter) in ("Cf", "Mn", "Me", "Sk"):
            return ""
        return "[emoji]" if unicodedata.category(letter) == "So" else _("[symbol]")

    return "".join(map(shown, text))


def _png(svg: Path) -> bytes:
    import typst

    source = f'#set page(width: auto, height: auto, margin: 0pt)\n#image("{svg.name}", width: 17cm)'
    path = svg.with_suffix(".picture.typ")
    path.write_text(source, encoding="utf-8")
    png: bytes = typst.compile(str(path), root=str(svg.parent), format="png", ppi=PNG_PPI)
    return png


def _pandoc(html: str, options: Sequence[str], folder: Path, epoch: str = EPOCH) -> bytes:
    import pypandoc

    command = [
        pypandoc.get_pandoc_path(),
        "--from=html",
        "--shift-heading-level-by=-1",
        f"--lua-filter={TEMPLATE / 'formats.lua'}",
        *options,
    ]
    done = subprocess.run(
        command,
        input=html.encode("utf-8"),
        capture_output=True,
        cwd=folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": epoch},
        check=False,
    )
    if done.returncode:
        message = done.stderr.decode("utf-8", "replace").strip()
        raise _failure(_("pandoc could not convert the report: {error}"), message)
    return done.stdout


def _failure(text: str, error: object) -> EvaluationError:
    remedy = _("report this; the other formats are not affected")
    return EvaluationError(Problem(text.format(error=error), remedy=remedy))


def _typst_source(body: str, texts: Mapping[str, str], logo: str) -> str:
    """The Typst template with its places filled: `$name$` in it stands for a text. logo: the file
    of the logo, "" for none."""
    lines = "\n\n".join(map(_markup, texts.get("cover", "").splitlines()))
    values = {
        "logo": f'#image("{logo}", height: 16mm, alt: "Logo")' if logo else "",
        "cover": f"{lines}\n#pagebreak()" if lines else "",
        "document-title": _string(texts["heading"]),
        "document-author": _string(texts["author"]),
        "document-subject": _string(texts["organisation"]),
        "document-number": _string(texts["number"]),
        "running-head": _string(texts["heading"]),
        "running-cycle": _string(texts["organisation"]),
        "language": texts["language"],
        **{key: _markup(texts[key]) for key in ("organisation", "subtitle", "contents", "footer")},
        "body": body,
    }
    template = (TEMPLATE / "report.typ").read_text(encoding="utf-8")
    return re.sub(r"\$([a-z-]+)\$", lambda match: values[match[1]], template)


def _widths(table: Table) -> str:
    """Columns of a table too wide for the page share it by their contents; "" for another."""
    columns = list(zip(table.columns, *table.rows, strict=True))
    longest = [max(map(len, cells)) for cells in columns]
    if sum(longest) + 2 * len(longest) <= LINE_LETTERS:
        return ""
    least = [3 + _least_width(cells, i in table.numeric) for i, cells in enumerate(columns)]
    wishes = [max(min(n, LINE_LETTERS) - m, 0) for n, m in zip(longest, least, strict=True)]
    rest = max(LINE_LETTERS - sum(least), 0)
    shares = [m + rest * w // max(sum(wishes), 1) for m, w in zip(least, wishes, strict=True)]
    marks = (f'<col style="width: {100 * share / sum(shares):.1f}%">' for share in shares)
    return f"<colgroup>{''.join(marks)}</colgroup>"


def _least_width(cells: Sequence[str], numeric: bool) -> int:
    """Letters of the longest piece that should stay on one line: a word, or a number's cell."""
    whole = [cell for cell in cells[1:] if numeric and len(cell) <= UNBROKEN]
    words = [word for cell in cells for word in cell.split()]
    return max(len(piece) for piece in [*whole, *words, ""])


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _markup(text: str) -> str:
    """Text as Typst content that is never read as code."""
    return f"#{_string(text)}"


def _reference_document(texts: Mapping[str, str]) -> bytes:
    """pandoc's own reference document in the report's type, with running heads and page numbers."""
    import pypandoc
    from docx import Document
    from docx.enum.style import WD_STYLE_TYPE
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls
    from docx.shared import Mm, Pt, RGBColor

    default = subprocess.run(
        [pypandoc.get_pandoc_path(), "--print-default-data-file=reference.docx"],
        capture_output=True,
        check=True,
    ).stdout
    document = Document(io.BytesIO(default))
    ink, muted = RGBColor(0x1F, 0x29, 0x33), RGBColor(0x4B, 0x56, 0x60)
    accent, amber = RGBColor(0x0B, 0x53, 0x94), RGBColor(0x7A, 0x41, 0x00)
    looks: dict[str, tuple[float, bool, Any]] = {
        "Normal": (10.5, False, ink),
        "Title": (24, True, ink),
        "Subtitle": (13, False, muted),
        "Author": (12, True, muted),
        "Heading 1": (16, True, ink),
        "Heading 2": (12, True, accent),
        "Compact": (7.5, False, ink),  # of tables: what `_widths` counts on, in any typeface
        "Table Caption": (9.5, True, ink),
        "Image Caption": (9.5, False, ink),
        "List Text": (10.5, False, ink),  # from here on the report's own
        "Value": (12, True, ink),
        "Lead": (13, True, ink),
        "Note": (9, False, muted),
        "Warning": (10, True, amber),
    }
    known = {style.name for style in document.styles}
    for name, (size, bold, colour) in looks.items():
        if name not in known:
            added = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            added.base_style = document.styles["Body Text"]
        font = document.styles[name].font
        font.name, font.size, font.bold, font.color.rgb = "Calibri", Pt(size), bold, colour
        font.italic = False
    document.styles["Table Caption"].paragraph_format.keep_with_next = True
    for name in ("Compact", "List Text"):
        spaced = document.styles[name].paragraph_format
        spaced.space_before = spaced.space_after = Pt(2)
    _narrow_cells(document.styles["Table"])
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(20)
    page.top_margin, page.bottom_margin = Mm(22), Mm(20)
    page.different_first_page_header_footer = True
    head = page.header.paragraphs[0]
    head.text = f"{texts['heading']} — {texts['organisation']}"
    head.runs[0].font.size, head.runs[0].font.color.rgb = Pt(8), muted
    foot = page.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    foot._p.append(parse_xml(f'<w:fldSimple {nsdecls("w")} w:instr="PAGE"/>'))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _narrow_cells(style: Any) -> None:
    """Little room beside the text of a cell, so that words of wide tables stay whole; no row is
    torn by the end of a page."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    sides = "".join(f'<w:{side} w:w="55" w:type="dxa"/>' for side in ("left", "right"))
    margins = parse_xml(f"<w:tblCellMar {nsdecls('w')}>{sides}</w:tblCellMar>")
    table = style.element.find(margins.tag.replace("tblCellMar", "tblPr"))
    for old in table.findall(margins.tag):
        table.remove(old)
    table.append(margins)
    table.addnext(parse_xml(f"<w:trPr {nsdecls('w')}><w:cantSplit/></w:trPr>"))


def render_workbook(sections: Sequence[Section], texts: Mapping[str, str]) -> bytes:
    """The workbook's bytes. texts: as export.page_texts gives them."""
    tables = [e for e in every_element(sections) if isinstance(e, Table)]
    out = io.BytesIO()
    plain = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with xlsxwriter.Workbook(out, {"in_memory": True, **plain}) as book:
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
        forms = {name: book.add_format(look) for name, look in CELLS.items()}
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
