"""What a reader meets, line by line: every text in both languages, one word for one thing, and the
numbers, dates and money of each language."""

from __future__ import annotations

import ast
import datetime as dt
import re
import string
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from babel.messages.pofile import read_po

import evaluasi_lib as el
from evaluasi_lib import measures, program, wording
from tests.messages import LIBRARY, all_messages

MESSAGES = all_messages()
# Pattern -> what to write instead. Keys and file names (in lower case with "_", or before ":") are
# no words of the sentence.
BOTH = {
    r"\b((?!that|had)\w{3,}) \1\b": "the word once",
    r"\s[.,;:](\s|$)": "no blank before a stop",
}
INDONESIAN = BOTH | {
    r"\binterval\b": "selang",
    r"\b[Ii]tu suatu\b": "membaik, memburuk",
    r"p = (<|\{p\})": "p_is gives “p < 0,001”",
    r"untuk mungkin\b": "daripada yang wajar",
    r"(diketahui|dinilai|dihitung): Program\b": "two sentences",
    r"\b[Pp]engaruh": "efek",
    r"\b[Dd]ampak\b(?! \(1)": "efek",
    r"\bpoin persentase\b": "poin persen",
    r"\bhasil (tidak dikenal|penentu|biner|ordinal)\b|untuk hasil:": "luaran",
    r"\b[Hh]azard\b": "kecepatan selesai",
    r"\b[Bb]ootstrap\b": "penarikan ulang",
    r"\b[Rr]ecall\b": "kelengkapan",
    r"\b([Oo]utcome|[Ff]eedback|[Bb]aseline|[Ff]ollow-up|[Ee]ffect size)\b": "Indonesian",
    r"\b[Nn]et promoter score\b": "skor promotor bersih (NPS)",
    r"\b(sebagian|kebanyakan) besar berupa\b": "count them",
}
ENGLISH = BOTH | {
    r"p = (<|\{p\})": "p_is gives “p < 0.001”",
    r"\bThat is an (improvement|deterioration)\b": "improved, worsened",
    r"\bmostly (critically|in praise) \.": "count them",
}
SEEN = (  # in reports, once
    "Itu suatu perbaikan.", "p = < 0,001", "dijawab terlalu cepat untuk mungkin",
    "belum diketahui: Program ini tidak mencantumkan biaya.", "Rasio hazard", "ukuran pengaruh",
    "recall", "Selang 95% (bootstrap)", "hasil tidak dikenal", "dari dari",
)  # fmt: skip
FILLED = re.compile(r"\{(?!p\})\w+\}")  # values: their names are no words of the sentence
NO_SENTENCES = {"codebook.yml", "standards.yml", "vocabulary.yml", "presets.yml"}  # an agency's
NAMED = (
    "sentences.yml",
    "verdict_page.yml",
    "problems.yml",
    "portfolio.yml",
)  # rows are called by their names


def translations() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(file, message, its Indonesian forms); argparse's own messages stand in argparse.po."""
    for path in sorted((LIBRARY / "locale" / "id").glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="id"):
                if message.id:
                    one = isinstance(message.id, str)
                    forms = (message.string,) if one else tuple(message.string)
                    yield path.name, message.id if one else message.id[0], forms


def pairs(node: Any) -> Iterator[dict[str, Any]]:
    """Each {id: ..., en: ...} of a table."""
    if isinstance(node, dict) and "en" in node:
        yield node
    elif isinstance(node, (dict, list)):
        for item in node.values() if isinstance(node, dict) else node:
            yield from pairs(item)


TABLES = {path: wording.load_yaml(path.read_text("utf-8")) for path in LIBRARY.rglob("*.yml")}
PAIRS = [(path, pair) for path, table in TABLES.items() for pair in pairs(table)]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_message_is_translated_once_and_nothing_else_is() -> None:
    found = list(translations())
    ours = {message: forms for name, message, forms in found if name != "argparse.po"}
    assert set(MESSAGES) - {message for _name, message, _forms in found} == set()
    assert set(ours) - set(MESSAGES) == set(), "left over"
    assert [m for _name, m, forms in found if ours.get(m, forms) != forms] == []
    assert [m for m, forms in ours.items() for form in forms if fields(form) != fields(m)] == []
    assert [m for m, forms in ours.items() if not all(forms)] == []


def test_no_message_is_built_from_pieces() -> None:
    """A message that starts or ends with a space is half a sentence, which can't be translated."""
    assert [m for m in MESSAGES if m != m.strip() or re.search(r"\s{2,}", m)] == []


def test_texts_kept_as_data_say_the_same_in_both_languages() -> None:
    assert len(PAIRS) > 500
    whole = [table for path, table in TABLES.items() if path.name in (*NAMED, "words.yml")]
    for node in whole:  # rows, and rows of rows, until a text
        whole += [part for part in node.values() if isinstance(part, dict)]
        assert set(node) == {"id", "en"} or not any(isinstance(v, str) for v in node.values()), node
    for path, pair in PAIRS:
        texts = [str(pair["id"]), str(pair["en"])]
        assert all(text.strip() for text in texts), (path.name, pair)
        assert fields(texts[0]) == fields(texts[1]), (path.name, pair)


def test_no_sentence_is_left_over_from_code_that_is_gone() -> None:
    """Each name stands in the code as a text, whole or without its sign (nps.good, nps.bad), or
    fits a text with blanks (f"cost.{sign}")."""
    names, patterns = set(), set()
    for path in LIBRARY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [re.escape(v.value) if isinstance(v, ast.Constant) else r"[\w-]+"
                         for v in node.values]  # fmt: skip
                patterns.add("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.add(node.value)
    known = [p for p in patterns if re.search(r"[a-z_]{2}", p.replace(r"\w", ""))]
    rows = [name for path, table in TABLES.items() if path.name in NAMED for name in table]
    assert len(rows) > 100
    left = [n for n in rows if not {n, re.sub(r"\.(good|bad)$", "", n)} & names
            and not any(re.fullmatch(p, n) for p in known)]  # fmt: skip
    assert left == []


@pytest.mark.parametrize(("language", "patterns"), [("id", INDONESIAN), ("en", ENGLISH)])
def test_no_text_has_a_word_that_another_stands_for(
    language: str, patterns: dict[str, str]
) -> None:
    texts = [str(pair[language]) for path, pair in PAIRS if path.name not in NO_SENTENCES]
    for name, message, forms in translations():
        if name != "argparse.po":
            texts += forms if language == "id" else [message]
    found = [
        (text[:70], pattern, instead) for text in texts for pattern, instead in patterns.items()
        if re.search(pattern, FILLED.sub("{x}", text))
    ]  # fmt: skip
    assert found == []
    assert all(any(re.search(p, text) for p in INDONESIAN) for text in SEEN)


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("level", measures.Level), ("group", measures.Group), ("claim", measures.Claim),
        ("conclusion", measures.Conclusion), ("decision", measures.Decision),
        ("agreement", measures.Agreement),
        ("role", program.Source.model_fields["role"].annotation),
        ("kind", program.Program.model_fields["kind"].annotation),
        ("design", program.Design.model_fields["type"].annotation),
    ],
)  # fmt: skip
def test_every_code_that_a_program_or_a_result_may_hold_has_a_word(kind: str, codes: Any) -> None:
    assert set(get_args(codes)) <= set(TABLES[LIBRARY / "words.yml"][kind])


def test_a_code_without_a_word_is_shown_itself_and_none_as_a_dash() -> None:
    assert [wording.word_for("wave", w) for w in ("post", "minggu_3", None)] == [
        "sesudah", "minggu 3", "—",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("id", "1.234,5|1.234|46%|Rp1.250.000|p < 0,001|p = 0,012|3 Februari 2025|1,0 s.d. 2,0"
               "|a, b, dan c|a dan b"),
        ("en", "1,234.5|1,234|46%|Rp1,250,000|p < 0.001|p = 0.012|February 3, 2025|1.0 to 2.0"
               "|a, b, and c|a and b"),
    ],
)  # fmt: skip
def test_numbers_dates_and_lists_are_the_languages(code: str, expected: str) -> None:
    el.set_language(code)
    assert [
        wording.number(1234.5),
        wording.count(1234),
        wording.percent(0.456),
        wording.rupiah(1_250_000),
        wording.p_is(0.0001),
        wording.p_is(0.0123),
        wording.date(dt.date(2025, 2, 3)),
        wording.interval(1, 2),
        wording.join_words(["a", "b", "c"]),
        wording.join_words(["a", "b"]),
    ] == expected.split("|")


def test_what_is_not_a_number_is_never_printed_as_one() -> None:
    assert [wording.number(x) for x in (None, float("nan"), float("inf"))] == ["—", "—", "—"]
    assert wording.number(-0.001, 1) == "0,0"
    assert wording.number(-1.5) == "−1,5"
    assert wording.number(1e300) == "1,0 × 10^300"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(el.EvaluationError, match="jv"):
        el.open("nsw-1976", language="jv")
