"""Files as the tools of an agency export them, with the same bytes on every platform."""

from __future__ import annotations

import csv
import datetime as dt
import io
import textwrap
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pandas as pd
import xlsxwriter

_EPOCH = (1980, 1, 1, 0, 0, 0)


def csv_bytes(
    table: pd.DataFrame,
    *,
    delimiter: str = ",",
    newline: str = "\r\n",
    bom: bool = False,
    quote_all: bool = False,
) -> bytes:
    """A table of text as CSV; missing values become empty cells."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(
        buffer,
        delimiter=delimiter,
        lineterminator=newline,
        quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL,
    )
    writer.writerow(table.columns)
    for row in table.itertuples(index=False, name=None):
        writer.writerow(["" if _is_missing(value) else value for value in row])
    return buffer.getvalue().encode("utf-8-sig" if bom else "utf-8")


def xlsx_bytes(sheets: Mapping[str, pd.DataFrame], *, title_rows: Sequence[str] = ()) -> bytes:
    """A workbook, one table a sheet; title_rows stand above the headings of the first sheet."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"created": dt.datetime(2025, 12, 1)})
    bold = book.add_format({"bold": True})
    for position, (name, table) in enumerate(sheets.items()):
        sheet = book.add_worksheet(name)
        start = 0
        for text in title_rows if position == 0 else ():
            sheet.write_string(start, 0, text, bold)
            start += 1
        for column, heading in enumerate(table.columns):
            sheet.write_string(start, column, str(heading), bold)
        for line, row in enumerate(table.itertuples(index=False, name=None), start + 1):
            for column, value in enumerate(row):
                if not _is_missing(value):
                    sheet.write(line, column, value)
    book.close()
    return _stored(buffer.getvalue())


def docx_bytes(title: str, pages: Sequence[Sequence[str]]) -> bytes:
    """A text document: a title, then paragraphs with a page break between pages.

    A paragraph that begins with "# " is a heading.
    """
    body = [_paragraph(title, style="Title")]
    for number, page in enumerate(pages):
        if number:
            body.append('<w:p><w:r><w:br w:type="page"/></w:r></w:p>')
        for text in page:
            style = "Heading1" if text.startswith("# ") else None
            body.append(_paragraph(text.removeprefix("# "), style=style))
    main = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/></w:style>'
        for key, name in [("Normal", "Normal"), ("Title", "Title"), ("Heading1", "heading 1")]
    )
    members = {
        "[Content_Types].xml": f'{head}<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{word}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{word}.styles+xml"/></Types>',
        "_rels/.rels": f'{head}<Relationships xmlns="{package}/relationships"><Relationship '
        f'Id="rId1" Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'{head}<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "word/document.xml": f'{head}<w:document xmlns:w="{main}"><w:body>{"".join(body)}'
        "<w:sectPr/></w:body></w:document>",
        "word/styles.xml": f'{head}<w:styles xmlns:w="{main}">{styles}</w:styles>',
    }
    return _zip({name: text.encode() for name, text in members.items()})


def pdf_bytes(title: str, pages: Sequence[Sequence[str]]) -> bytes:
    """A plain text PDF of A4 pages in Helvetica, uncompressed. "# " begins a heading."""
    objects: list[bytes] = []
    kids = [f"{4 + 2 * i} 0 R" for i in range(len(pages))]
    objects.append(b"<< /Type /Catalog /Pages 2 0 R /Lang (id) >>")
    objects.append(f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(pages)} >>".encode())
    objects.append(
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    )
    for number, page in enumerate(pages):
        content = _page_stream([f"# {title}", *page] if number == 0 else page, number + 1)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font "
            b"<< /F1 3 0 R >> >> /Contents " + f"{5 + 2 * number} 0 R >>".encode()
        )
        objects.append(
            f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream"
        )
    info = f"<< /Title ({_pdf_text(title).decode('cp1252')}) >>".encode("cp1252")
    objects.append(info)
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    out += (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>\n".encode()
    )
    out += f"startxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _page_stream(paragraphs: Iterable[str], number: int) -> bytes:
    lines: list[tuple[int, str]] = []
    for text in paragraphs:
        size = 13 if text.startswith("# ") else 10
        wrapped = textwrap.wrap(text.removeprefix("# "), 68 if size == 13 else 92) or [""]
        lines += [(size, line) for line in wrapped] + [(6, "")]
    y, out = 790, [b"BT"]
    for size, line in lines:
        out.append(
            f"/F1 {size} Tf 1 0 0 1 56 {y} Tm (".encode() + _pdf_text(line) + b") Tj"
            if line
            else b""
        )
        y -= size + 4
    out.append(f"/F1 9 Tf 1 0 0 1 290 30 Tm ({number}) Tj ET".encode())
    return b"\n".join(part for part in out if part)


def _pdf_text(text: str) -> bytes:
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return escaped.encode("cp1252", "replace")


def _paragraph(text: str, *, style: str | None = None) -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{properties}<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def _stored(archive: bytes) -> bytes:
    """A zip archive again, uncompressed: builds of zlib differ in the bytes that they write."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        return _zip({info.filename: source.read(info) for info in source.infolist()})


def _zip(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = 3, 0o600 << 16
            target.writestr(info, content)
    return buffer.getvalue()


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)
