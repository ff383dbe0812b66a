"""The two workbooks on which notebook 04 is practised: `python -m tests.practice`.

They hold the synthetic answers of mentoring-karier-2025 as an office keeps them: in Excel, with
plain headings.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.synthetic.files import xlsx_bytes

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks" / "contoh"
BOOKS = {"survei_sebelum.xlsx": "survei_awal.csv", "survei_sesudah.xlsx": "survei_akhir.csv"}
GROUPS = ("Keyakinan karier/", "Perilaku/")  # of questions, as KoboToolbox writes them


def books() -> dict[str, bytes]:
    """The bytes of each workbook."""
    found = {}
    for name, export in BOOKS.items():
        path = ROOT / "data" / "raw" / "mentoring-karier-2025" / export
        table = pd.read_csv(path, sep=";", dtype=str, encoding="utf-8-sig").astype(object)
        table = table[[c for c in table if not c.startswith("_")]]
        for group in GROUPS:
            table.columns = table.columns.str.removeprefix(group)
        table = table.map(lambda x: int(x) if isinstance(x, str) and x.isdigit() else x)
        found[name] = xlsx_bytes({"Jawaban": table.where(table.notna(), None)})
    return found


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in books().items():
        (FOLDER / name).write_bytes(content)
