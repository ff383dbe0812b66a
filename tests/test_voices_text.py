"""Normalising, stemming, themes, negation and tone of open answers."""

from __future__ import annotations

import csv
import hashlib
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from Sastrawi.Stemmer.StemmerFactory import StemmerFactory
from sklearn.metrics import f1_score

import evaluasi_lib as el
from evaluasi_lib.reading.voices import own_codebook
from evaluasi_lib.voices import feedback

LABELLED = Path(__file__).parent / "data" / "answers_labelled.csv"


def coded(answers: list[str], codebook: Any = None) -> pd.DataFrame:
    return el.code_answers(pd.Series(answers), codebook)


def found(answer: str, *phrases: str) -> bool:
    """Whether a theme of these phrases is found in an answer."""
    return bool(coded([answer], {"x": list(phrases)})["x"].iloc[0])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("materinya gak jelas bgt", "materi tidak jelas sangat"),
        ("bagussss", "bagus"),
        ("putus2 terus", "putus terus"),
        ("teman-temannya", "teman"),
        ("lihat https://contoh.go.id/a?b=1 ya", "lihat"),
        ("Ｂagus", "bagus"),
        ("narsumnya", "narasumber"),
    ],
)
def test_everyday_spelling_is_made_even(written, meant):
    assert found(written, meant)
    assert not found(written, "contoh")


def test_skipping_words_without_affixes_never_changes_a_stem():
    plain = feedback.stemmer()
    roots = sorted(StemmerFactory().get_words())
    words = random.Random(1).sample(roots, 1500)
    words += [w[::-1] for w in words[:300]] + [f"{w}is" for w in words[:50]]
    assert {w: feedback.stem(w) for w in words if w.isalpha()} == {
        w: plain.stem(w) for w in words if w.isalpha()
    }


def test_a_root_finds_its_family_and_a_derived_word_itself():
    assert found("ada gunanya", "guna")
    assert not found("pelatihan bagus", "latihan")
    assert found("kurang latihan", "latihan")
    assert not found("surat penugasan", "=tugas")


def test_a_gap_spans_three_words_and_never_a_clause():
    code = "modul ... panjang"
    assert found("modul nomor dua terlalu panjang", code)
    assert not found("modul satu dua tiga empat panjang", code)
    assert not found("modul bagus, panjang umur", code)


def own_book(folder: Path, **code: Any) -> Path:
    path = folder / "buku.yml"
    path.write_text(yaml.safe_dump({"source": "s", "themes": {"x": {"label": "X"} | code}}))
    return path


def test_an_excluded_phrase_takes_its_match_away_and_no_other(tmp_path):
    book = own_book(tmp_path, include=["=tugas"], exclude=["surat tugas"])
    answers = ["surat tugas telat", "surat tugas telat, tugas banyak"]
    assert coded(answers, book)["x"].tolist() == [False, True]


@pytest.mark.parametrize(
    ("answer", "theme", "tone"),
    [
        ("bermanfaat", "manfaat", 1),
        ("tidak bermanfaat", "manfaat", -1),
        ("gak terlalu bermanfaat", "manfaat", -1),
        ("bukan tidak bermanfaat", "manfaat", 1),
        ("tidak hanya bermanfaat", "manfaat", 1),
    ],
)
def test_negation_turns_the_tone_and_keeps_the_theme(answer, theme, tone):
    row = coded([answer]).iloc[0]
    assert row[theme]
    assert np.sign(row["sentiment"]) == tone


def test_praise_denied_is_something_to_improve():
    row = coded(["materinya tidak menarik"]).iloc[0]
    assert not row["berhasil"]
    assert row["perlu_diperbaiki"]


def test_one_answer_may_speak_of_several_themes():
    row = coded(["Materi kebanyakan, mentor susah dihubungi, wifi mati"]).iloc[0]
    assert {"materi", "fasilitator", "sarana"} <= set(row["themes"].split(", "))


@pytest.mark.parametrize("answer", ["-", "tidak ada", "Nihil.", "no comment", "...", "", "👍"])
def test_an_answer_that_says_nothing_has_no_content(answer):
    row = coded([answer]).iloc[0]
    assert not row["content"]
    assert row["themes"] == ""


def test_equal_answers_get_equal_codes_whatever_their_order():
    answers = ["materi bagus", "wifi mati", "materi bagus", "-"]
    back = coded(answers[::-1])[::-1].reset_index(drop=True)
    pd.testing.assert_frame_equal(coded(answers), back)


def test_hostile_text_is_bounded():
    answers = ["materi " * 1_000_000, "a" * 100_000, "\x00"]
    assert coded(answers)["materi"].tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("code", "where"),
    [
        ({"labl": "Parkir"}, ["buku.yml: themes.x.labl"]),
        ({"negated": "b"}, ["buku.yml: x: b"]),
    ],
)
def test_a_codebook_of_ones_own_is_held_to_its_form(tmp_path, code, where):
    with pytest.raises(el.EvaluationError) as error:
        coded(["parkir"], own_book(tmp_path, **code))
    assert [p.where for p in error.value.problems] == where


def test_every_pattern_of_the_own_codebook_finds_itself():
    book = own_codebook()
    for codes in (book.themes, book.modules):
        for code in codes.values():
            for phrase in code.include:
                words = phrase.replace("=", "").replace(" ... ", " ")
                assert found(f"{words} parkir", phrase), phrase
            assert code.negated in {"keep", "drop", *book.themes}


def test_lexicon_has_no_word_on_both_sides():
    for key, phrases in feedback.own_lexicon().phrases.items():
        sides = {p.code for p in phrases if len(p.parts) == 1}
        assert len(sides) < 2, key


def labelled(part: str, question: str) -> tuple[list[str], list[set[str]]]:
    with LABELLED.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if (r["part"], r["question"]) == (part, question)]
    return [r["text"] for r in rows], [set(r["themes"].split()) for r in rows]


def test_the_labelled_answers_are_split_by_their_hash():
    with LABELLED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 400
    for row in rows:
        odd = hashlib.sha256(row["text"].encode()).digest()[0] % 2
        assert row["part"] == ("test" if odd else "train")


@pytest.mark.parametrize(("question", "least"), [("umum", 0.80), ("modul", 0.90)])
def test_macro_f1_on_the_untouched_answers_is_what_the_page_says(question, least):
    book = own_codebook()
    codes = book.themes if question == "umum" else book.modules
    texts, labels = labelled("test", question)
    names = [n for n in codes if any(n in row for row in labels)]
    manual = np.array([[n in row for n in names] for row in labels])
    found_by_book = coded(texts, codes)[names].to_numpy()
    score = f1_score(manual, found_by_book, average="macro", zero_division=0)
    page = (Path(__file__).parents[1] / "docs" / "voices.md").read_text(encoding="utf-8")
    assert score >= least
    assert f"**{score:.2f}**".replace(".", ",") in page
