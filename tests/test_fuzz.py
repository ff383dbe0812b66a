"""Any bytes as a file and any text as an answer end in a table or in the house's own error.

EVALUASI_FUZZ gives the examples of each test (`make fuzz` takes thousands); here they are few.
"""

from __future__ import annotations

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
from evaluasi_lib.wording import EvaluationError
from tests.synthetic.files import docx_bytes, pdf_bytes
from tests.test_cleaning_readers import WRITERS
from tests.test_hostile import DECLARED

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = int(os.environ.get("EVALUASI_FUZZ", "0"))


def several(usual: int) -> Callable[[Any], Any]:
    """So many examples in the suite, the same ones each time; as many as are asked for else."""
    return settings(
        max_examples=EXAMPLES or usual,
        derandomize=not EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


# --- Files ---------------------------------------------------------------------------------------

EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=40)), max_size=4)


def edited(content: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """A file with pieces of it taken out, put in, or replaced."""
    for place, length, piece in edits:
        at = int(place * len(content))
        content = content[:at] + piece + content[at + length :]
    return content


def good(name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        WRITERS[name](path)
        return path.read_bytes()


def refused(work: Callable[[], Any]) -> Any:
    """What the work gives; None where it raises the house's own error, which says what is wrong."""
    try:
        return work()
    except EvaluationError as error:
        said = [problem.what for problem in error.problems]
    assert all(said)
    return None


def read(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        table = refused(lambda: el.read(path))
    assert table is None or all(kind == "str" for kind in table.dtypes)


@pytest.mark.parametrize("name", [n for n in WRITERS if n != "a.csv"])
def test_a_damaged_file_is_read_or_refused(name: str) -> None:
    whole = good(name)

    @several(5)
    @given(EDITS)
    def try_it(edits: list[tuple[float, int, bytes]]) -> None:
        read(name, edited(whole, edits))

    try_it()


@several(150)
@given(
    st.one_of(
        st.binary(max_size=400),
        st.text("a1;,\t|\"'\n\r \0\ufeffé=", max_size=120).map(str.encode),
        st.text(max_size=60).map(lambda text: text.encode("utf-16")),
    )
)
def test_any_bytes_are_a_csv_file_or_refused(content: bytes) -> None:
    read("a.csv", content)


LINES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@several(15)
@given(st.lists(LINES, max_size=5))
def test_any_json_lines_are_a_table_or_refused(values: list[Any]) -> None:
    import json

    read("a.jsonl", "\n".join(map(json.dumps, values)).encode())


def checked(files: dict[str, bytes], more: str = "") -> None:
    """`evaluasi check` of a program that holds these files: 0 or 1, and no traceback."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "raw" / "program"
        place.mkdir(parents=True)
        declared = DECLARED.replace("FILE", "data.csv") + more
        for name, content in ({"program.yml": declared.encode(), "data.csv": b"Nilai\n1\n"}
                              | files).items():  # fmt: skip
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_bytes(content)
        assert main(["check", "program", "--data", folder]) in (0, 1)


DOCUMENTS = {
    "a.pdf": pdf_bytes("Rencana", [["Rencana yang baik sekali"], ["Halaman dua"]]),
    "a.docx": docx_bytes("Rencana", [["Rencana yang baik sekali"]]),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_damaged_document_is_read_or_refused(name: str) -> None:
    @several(5)
    @given(EDITS)
    def try_it(edits: list[tuple[float, int, bytes]]) -> None:
        content = edited(DOCUMENTS[name], edits)
        checked({f"dokumen/{name}": content}, "voices: {documents: dokumen}\n")

    try_it()


SHIPPED = (ROOT / "data" / "raw" / "mentoring-karier-2025" / "program.yml").read_text("utf-8")
SCALARS = st.one_of(
    st.sampled_from(["", "null", "-1", "1e999", "[]", "{}", "[x, [y]]", "{a: {b: 1}}", "true",
                     "2025-02-30", "!!binary x", "&a [*a]", "'", "- x", ".nan", "0x1F", "NaN"]),
    st.text(max_size=12),
)  # fmt: skip


@several(25)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans(), SCALARS), min_size=1, max_size=3))
def test_any_declaration_is_read_or_refused(changes: list[tuple[float, bool, str]]) -> None:
    lines = SHIPPED.splitlines()
    for place, away, scalar in changes:
        at = int(place * (len(lines) - 1))
        key = re.match(r"\s*[\w-]+:", lines[at])
        lines[at] = "" if away else f"{key[0] if key else ''} {scalar}"
    checked({"program.yml": "\n".join(lines).encode("utf-8", "ignore")})


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


def test_a_number_that_no_computer_holds_is_refused() -> None:
    for text in ("1e400", "9" * 400, "٣"):
        with pytest.raises(EvaluationError):
            el.clean_number(pd.Series([text]))


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


@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_answers_are_typed_or_refused(name: str) -> None:
    @several(60)
    @given(ANSWERS)
    def try_it(answers: list[str | None]) -> None:
        given_ = pd.Series(answers, dtype="str", name="q")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            typed = refused(lambda: FUNCTIONS[name](given_))
        if typed is not None:
            assert len(typed) == len(answers)
            assert name not in ("number", "decimal comma") or typed.abs().max() != float("inf")

    try_it()
