"""Every message in both languages, with the numbers, dates and money of each."""

from __future__ import annotations

import ast
import datetime as dt
import re
import string
from typing import get_args

import pytest
from babel.messages.pofile import read_po

from evaluasi_lib import measures, program, results, wording
from evaluasi_lib.findings import reference, verdict
from evaluasi_lib.scoring import estimate
from evaluasi_lib.voices import feedback
from evaluasi_lib.wording import UsageError, check_language
from tests.messages import all_messages

MESSAGES = all_messages()


@pytest.fixture(autouse=True)
def _indonesian() -> None:
    wording.set_language("id")


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_message_has_an_indonesian_translation() -> None:
    known = wording.catalogue("id")
    missing = [f"{where}: {message}" for message, where in MESSAGES.items() if message not in known]
    assert missing == []


def test_no_translation_is_left_over_from_a_message_that_is_gone() -> None:
    # argparse's own words are used by the standard library, so no call of ours names them.
    ours = set(MESSAGES)
    left = []
    for path in sorted((wording.LOCALE_DIR / "id").glob("*.po")):
        if path.name == "argparse.po":
            continue
        with path.open("rb") as file:
            for message in read_po(file, locale="id"):
                key = message.id if isinstance(message.id, str) else message.id[0]
                if key and key not in ours:
                    left.append(f"{path.name}: {key}")
    assert left == []


def test_a_message_stands_in_one_catalogue_file_alone() -> None:
    seen: dict[str, str] = {}
    twice = []
    for path in sorted((wording.LOCALE_DIR / "id").glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="id"):
                key = message.id if isinstance(message.id, str) else message.id[0]
                if key and key in seen and wording.catalogue("id")[key] != message.string:
                    twice.append(f"{key}: {seen[key]} and {path.name} differ")
                seen[key] = path.name
    assert twice == []


def test_a_translation_has_the_same_fields_as_its_message() -> None:
    wrong = []
    for message, text in wording.catalogue("id").items():
        for form in (text,) if isinstance(text, str) else text:
            if message in MESSAGES and _fields(form) != _fields(message):
                wrong.append(message)
    assert wrong == []


TABLES = [feedback.say, verdict.say, reference.say, estimate.say]


@pytest.mark.parametrize("say", TABLES, ids=lambda say: say.path.name)
def test_sentences_kept_as_data_say_the_same_in_both_languages(say: wording.Sentences) -> None:
    assert say.rows
    for name, row in say.rows.items():
        assert set(row) == set(wording.LANGUAGES), name
        assert all(row.values()), name
        assert _fields(row["id"]) == _fields(row["en"]), name


@pytest.mark.parametrize("say", TABLES, ids=lambda say: say.path.name)
def test_no_sentence_is_left_over_from_code_that_is_gone(say: wording.Sentences) -> None:
    """Each name stands in its room as a text, or fits a text with blanks (f"cost.{sign}")."""
    names = set()
    for path in say.path.parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [re.escape(getattr(v, "value", "")) if isinstance(v, ast.Constant)
                         else r"\w+" for v in node.values]  # fmt: skip
                names.add("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.add(re.escape(node.value))
    names -= {r"\w+", r"\w+\w+", r"\w+\.\w+"}  # blanks alone fit everything
    assert [n for n in say.rows if not any(re.fullmatch(p, n) for p in names)] == []


def test_every_code_has_words_in_both_languages_with_the_same_fields() -> None:
    for kind, codes in wording.code_words().items():
        for code, words in codes.items():
            assert set(words) == set(wording.LANGUAGES), f"{kind}: {code}"
            assert len({frozenset(_fields(text)) for text in words.values()}) == 1, code
            assert all(text.strip() == text != "" for text in words.values()), code


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("level", measures.Level),
        ("group", measures.Group),
        ("claim", measures.Claim),
        ("conclusion", measures.Conclusion),
        ("decision", results.Decision),
        ("agreement", results.Agreement),
        ("role", program.Source.model_fields["role"].annotation),
        ("kind", program.Program.model_fields["kind"].annotation),
        ("design", program.Design.model_fields["type"].annotation),
    ],
)
def test_every_code_that_a_program_or_a_result_may_hold_has_a_word(kind, codes) -> None:
    assert set(get_args(codes)) <= set(wording.code_words()[kind])


def test_a_code_without_a_word_is_shown_itself_and_none_as_a_dash() -> None:
    assert wording.word_for("wave", "post") == "sesudah"
    assert wording.word_for("wave", "minggu_3") == "minggu 3"
    assert wording.word_for("wave", None) == "—"
    with pytest.raises(KeyError):
        wording.word_for("waves", "post")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "id",
            [
                "1.234,5",
                "1.234",
                "46%",
                "Rp1.250.000",
                "< 0,001",
                "3 Februari 2025",
                "1,0 s.d. 2,0",
            ],
        ),
        (
            "en",
            ["1,234.5", "1,234", "46%", "Rp1,250,000", "< 0.001", "February 3, 2025", "1.0 to 2.0"],
        ),
    ],
)
def test_numbers_dates_and_money_are_the_languages(code: str, expected: list[str]) -> None:
    wording.set_language(code)
    assert [
        wording.number(1234.5),
        wording.count(1234),
        wording.percent(0.456),
        wording.rupiah(1_250_000),
        wording.p_value(0.0001),
        wording.date(dt.date(2025, 2, 3)),
        wording.interval(1, 2),
    ] == expected


def test_what_is_not_a_number_is_never_printed_as_one() -> None:
    assert [wording.number(x) for x in (None, float("nan"), float("inf"))] == ["—", "—", "—"]
    assert wording.number(-0.001, 1) == "0,0"
    assert wording.number(-1.5) == "−1,5"
    assert wording.number(1e300) == "1,0 × 10^300"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UsageError, match="jv"):
        check_language("jv")
    with pytest.raises(ValueError, match="jv"):
        wording.set_language("jv")


def test_words_are_joined_as_in_a_sentence() -> None:
    assert wording.join_words(["a", "b", "c"]) == "a, b, dan c"
    assert wording.join_words(["a", "b"]) == "a dan b"


def test_no_message_is_built_from_pieces() -> None:
    """A message that starts or ends with a space is half a sentence, which can't be translated."""
    assert [m for m in MESSAGES if m != m.strip() or re.search(r"\s{2,}", m)] == []
