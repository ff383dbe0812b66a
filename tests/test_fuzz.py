"""Any bytes as a file and any text as an answer end in a table or in the house's own error.

EVALUASI_FUZZ gives the examples of each test (`make fuzz` takes thousands); here they are few.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evaluasi_lib as el
from evaluasi_lib.cli import main
from tests.synthetic.model import RAW
from tests.test_cleaning_readers import WRITERS

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = (ROOT / "data" / "raw" / "mentoring-karier-2025" / "program.yml").read_text("utf-8")
EXAMPLES = int(os.environ.get("EVALUASI_FUZZ", "0"))
DECLARED = """\
id: program
title: Program
kind: other
organisation: Instansi
cycle: 2025
design: {type: single_group}
link: anonymous
sources: {survei: {file: data.csv, role: survey, wave: post, columns: {n: {from: N, type: number}}}}
outcomes: []
"""


def hold(usual: int, drawn: st.SearchStrategy[Any], work: Callable[[Any], None]) -> None:
    """Work on so many things that are drawn, the same each time; on as many as asked for else."""
    many = settings(
        max_examples=EXAMPLES or usual,
        derandomize=not EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    def each(thing: Any) -> None:
        work(thing)

    many(given(drawn)(each))()


def refused(work: Callable[[], Any]) -> Any:
    """What the work gives; None where it raises the house's own error, which says what is wrong."""
    try:
        return work()
    except el.EvaluationError as error:
        said = [problem.what for problem in error.problems]
    assert all(said)
    return None


# --- Files ---------------------------------------------------------------------------------------

EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=40)), max_size=4)
DOCUMENTS = {
    path.name: path.read_bytes()
    for path in (RAW / "pelatihan-kepemimpinan-2025" / "dokumen").iterdir()
}


def edited(content: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """A file with pieces of it taken out, put in, or replaced."""
    for place, length, piece in edits:
        at = int(place * len(content))
        content = content[:at] + piece + content[at + length :]
    return content


def read(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        table = refused(lambda: el.read(path))
    assert table is None or all(kind == "str" for kind in table.dtypes)


def checked(name: str, content: bytes, more: str = "") -> None:
    """`evaluasi check` of a program that holds this file: 0 or 1, and no traceback."""
    good = {"program.yml": (DECLARED + more).encode(), "data.csv": b"N\n1\n"}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "raw" / "program"
        for file, text in (good | {name: content}).items():
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            (place / file).write_bytes(text)
        assert main(["check", "program", "--data", folder]) in (0, 1)


@pytest.mark.parametrize("name", [n for n in WRITERS if n != "a.csv"])
def test_a_damaged_file_is_read_or_refused(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    hold(5, EDITS, lambda edits: read(name, edited(whole, edits)))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_damaged_document_is_read_or_refused(name: str) -> None:
    more, whole = "voices: {documents: dokumen}\n", DOCUMENTS[name]
    hold(5, EDITS, lambda edits: checked(f"dokumen/{name}", edited(whole, edits), more))


def test_any_bytes_are_a_csv_file_or_refused() -> None:
    drawn = st.one_of(
        st.binary(max_size=400),
        st.text("a1;,\t|\"'\n\r \0\ufeffé=", max_size=120).map(str.encode),
        st.text(max_size=60).map(lambda text: text.encode("utf-16")),
    )
    hold(150, drawn, lambda content: read("a.csv", content))


def test_any_json_lines_are_a_table_or_refused() -> None:
    whole = st.integers(-(2**70), 2**70)
    lines = st.recursive(
        st.none() | st.booleans() | whole | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=6,
    )
    drawn = st.lists(lines, max_size=5)
    hold(15, drawn, lambda values: read("a.jsonl", "\n".join(map(json.dumps, values)).encode()))


def test_any_declaration_is_read_or_refused() -> None:
    scalars = st.one_of(
        st.sampled_from(["", "null", "-1", "1e999", "[]", "{}", "[x, [y]]", "{a: {b: 1}}", "true",
                         "2025-02-30", "!!binary x", "&a [*a]", "'", "- x", ".nan", "0x1F"]),
        st.text(max_size=12),
    )  # fmt: skip

    def changed(changes: list[tuple[float, bool, str]]) -> None:
        lines = SHIPPED.splitlines()
        for place, away, scalar in changes:
            at = int(place * (len(lines) - 1))
            key = re.match(r"\s*[\w-]+:", lines[at])
            lines[at] = "" if away else f"{key[0] if key else ''} {scalar}"
        checked("program.yml", "\n".join(lines).encode("utf-8", "ignore"))

    change = st.tuples(st.floats(0, 1), st.booleans(), scalars)
    hold(25, st.lists(change, min_size=1, max_size=3), changed)


# --- Answers -------------------------------------------------------------------------------------

ANSWERS = st.lists(
    st.one_of(
        st.none(),
        st.text(max_size=8),
        st.text("0123456789.,-+eE%Rp/: NaNinf", max_size=12),
        st.sampled_from(["sangat setuju", "Setuju", "tidak  setuju", "1/2/2025", "31 Februari 2025",
                         "2025-13-01", "0000-00-00", "9" * 400, "1e400", "٣", "½", "IV/b", "; ;",
                         "198609262015051001", "1,98E+17", "=1+1", "\0", "\u202e"]),
    ),
    max_size=8,
)  # fmt: skip
FUNCTIONS: dict[str, Callable[[pd.Series], Any]] = {
    "likert": el.clean_likert,
    "likert of 5": lambda s: el.clean_likert(s, labels=5),
    "labels": lambda s: el.clean_likert(s, labels=["tidak setuju", "setuju"], reversed=True),
    "number": el.clean_number,
    "decimal comma": lambda s: el.clean_number(s, decimal=",", min=0, max=100),
    "date": el.clean_date,
    "month first": lambda s: el.clean_date(s, format="%m/%d/%Y"),
    "category": el.clean_category,
    "grade": lambda s: el.clean_category(s, spelling="golongan"),
    "labelled": lambda s: el.clean_category(s, labels=["Setuju"], missing=["-"]),
    "multi": el.clean_multi,
    "options": lambda s: el.clean_multi(s, options={"a": "setuju", "lain": "*"}, separator=";"),
    "nip": lambda s: el.pseudonymise(s.to_frame("nip"), "nip", key="kunci"),
    "code": lambda s: el.pseudonymise(s.to_frame("kode"), "kode", key="kunci", kind="code"),
}


def test_a_number_that_no_computer_holds_is_refused() -> None:
    for text in ("1e400", "9" * 400, "٣"):
        with pytest.raises(el.EvaluationError):
            el.clean_number(pd.Series([text]))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_answers_are_typed_or_refused(name: str) -> None:
    def typed(answers: list[str | None]) -> None:
        column = pd.Series(answers, dtype="str", name="q")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            found = refused(lambda: FUNCTIONS[name](column))
        if found is not None:
            assert len(found) == len(answers)
            assert name not in ("number", "decimal comma") or found.abs().max() != float("inf")

    hold(60, ANSWERS, typed)
