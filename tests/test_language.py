"""What a reader meets, line by line: one word for one thing, and no line to laugh at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from babel.messages.pofile import read_po

import evaluasi_lib as el
from evaluasi_lib.reporting.formats import _printable
from evaluasi_lib.wording import LOCALE_DIR, p_is

LIBRARY = LOCALE_DIR.parent
TABLES = (
    "words.yml", "claims.yml", "voices/sentences.yml", "findings/sentences.yml",
    "findings/catalogue.yml", "findings/decision_table.yml", "findings/kinds.yml",
    "findings/verdict_page.yml",
)  # fmt: skip
# Pattern -> what to write instead. Keys and file names (in lower case with "_", or before ":") are
# no words of the sentence.
INDONESIAN = {
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
    r"\b(\w{3,}) \1\b": "the word once",
    r"\s[.,;:](\s|$)": "no blank before a stop",
}
FILLED = re.compile(r"\{(?!p\})\w+\}")  # values: their names are no words of the sentence
ENGLISH = {
    r"p = (<|\{p\})": "p_is gives “p < 0.001”",
    r"\bThat is an (improvement|deterioration)\b": "improved, worsened",
    r"\bmostly (critically|in praise) \.": "count them",
    r"\b([a-z]{3,}) \1\b(?<!that that)(?<!had had)": "the word once",
    r"\s[.,;:](\s|$)": "no blank before a stop",
}


def texts() -> Iterator[tuple[str, str, str]]:
    """(language, place, text) of every text of the catalogue and of the tables of sentences."""
    for path in sorted((LOCALE_DIR / "id").glob("*.po")):
        if path.name != "argparse.po":
            with path.open("rb") as file:
                for message in read_po(file, locale="id"):
                    key = message.id if isinstance(message.id, str) else message.id[0]
                    found = message.string
                    for text in [found] if isinstance(found, str) else found:
                        if key:
                            yield "id", path.name, text
                            yield "en", path.name, key
    for name in TABLES:
        table = yaml.safe_load((LIBRARY / name).read_text(encoding="utf-8"))
        for language, text in _pairs(table):
            yield language, name, text


def _pairs(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("id", "en") and {"id", "en"} <= set(node):
                yield key, value
            else:
                yield from _pairs(value)
    elif isinstance(node, list):
        for item in node:
            yield from _pairs(item)


@pytest.mark.parametrize(("language", "patterns"), [("id", INDONESIAN), ("en", ENGLISH)])
def test_no_text_of_the_catalogue_has_a_word_that_another_stands_for(language, patterns):
    found = [
        f"{place}: “{text[:70]}” ({pattern}) -> {instead}"
        for code, place, text in texts()
        if code == language
        for pattern, instead in patterns.items()
        if re.search(pattern, FILLED.sub("{x}", text))
    ]
    assert found == []


def test_the_lint_finds_what_was_seen_in_the_reports():
    seen = (
        "Itu suatu perbaikan.", "p = < 0,001", "dijawab terlalu cepat untuk mungkin",
        "belum diketahui: Program ini tidak mencantumkan biaya.", "Rasio hazard", "ukuran pengaruh",
        "recall", "Selang 95% (bootstrap)", "hasil tidak dikenal",
    )  # fmt: skip
    for text in seen:
        assert any(re.search(pattern, text) for pattern in INDONESIAN), text


def test_a_p_value_is_one_expression():
    assert p_is(0.0001) == "p < 0,001"
    assert p_is(0.0123) == "p = 0,012"


def test_an_emoji_has_no_english_name_in_an_indonesian_report():
    el.set_language("id")
    assert _printable("bagus 🪷") == "bagus [emoji]"
    assert "lotus" not in _printable("🪷")


def test_every_table_of_sentences_is_looked_at():
    own = {p.relative_to(LIBRARY).as_posix() for p in LIBRARY.rglob("*.yml")}
    spoken = {name for name in own if "{id:" in (text := Path(LIBRARY / name).read_text("utf-8"))
              or re.search(r"^\s+id: .*\n\s+en: ", text, re.MULTILINE)}  # fmt: skip
    apart = {"reading/codebook.yml", "scoring/standards.yml", "reference_page.yml"}
    assert spoken - set(TABLES) - apart == set()
