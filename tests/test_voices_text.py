"""Normalising, stemming, themes, negation and tone of open answers."""

from __future__ import annotations

import csv
import hashlib
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from Sastrawi.Stemmer.StemmerFactory import StemmerFactory
from sklearn.metrics import f1_score

from evaluasi_lib.disclosure import publish
from evaluasi_lib.errors import DataError
from evaluasi_lib.reading.codebook import Code, Codebook, own_codebook, parse_model
from evaluasi_lib.voices import matching as text
from evaluasi_lib.voices.feedback import candidate_terms, code_answers
from evaluasi_lib.voices.matching import Matcher, own_lexicon

LABELLED = Path(__file__).parent / "data" / "answers_labelled.csv"


def forms(answer: str) -> list[str]:
    return [w.form for w in text.analyse(answer) if w.form != text.BOUNDARY]


def found(answer: str, **codes: Code) -> set[str]:
    return {hit.code for hit in Matcher.of(codes).hits(text.analyse(answer))}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("materinya gak jelas bgt", ["materi", "tidak", "jelas", "sangat"]),
        ("bagussss", ["bagus"]),
        ("putus2 terus", ["putus", "terus"]),
        ("teman-temannya", ["teman"]),
        ("lihat https://contoh.go.id/a?b=1 ya", ["lihat"]),
        ("Ｂagus", ["bagus"]),
        ("narsumnya", ["narasumber"]),
    ],
)
def test_everyday_spelling_is_made_even(written, meant):
    assert forms(written) == meant


def test_skipping_words_without_affixes_never_changes_a_stem():
    plain = text.stemmer()
    roots = sorted(StemmerFactory().get_words())
    words = random.Random(1).sample(roots, 1500)
    words += [w[::-1] for w in words[:300]] + [f"{w}is" for w in words[:50]]
    assert {w: text.stem(w) for w in words if w.isalpha()} == {
        w: plain.stem(w) for w in words if w.isalpha()
    }


def test_a_root_finds_its_family_and_a_derived_word_itself():
    assert found("ada gunanya", x=Code(label="x", include=["guna"])) == {"x"}
    assert found("pelatihan bagus", x=Code(label="x", include=["latihan"])) == set()
    assert found("kurang latihan", x=Code(label="x", include=["latihan"])) == {"x"}
    assert found("surat penugasan", x=Code(label="x", include=["=tugas"])) == set()


def test_a_gap_spans_three_words_and_never_a_clause():
    code = Code(label="x", include=["modul ... panjang"])
    assert found("modul nomor dua terlalu panjang", x=code) == {"x"}
    assert found("modul satu dua tiga empat panjang", x=code) == set()
    assert found("modul bagus, panjang umur", x=code) == set()


def test_an_excluded_phrase_takes_its_match_away_and_no_other():
    code = Code(label="x", include=["=tugas"], exclude=["surat tugas"])
    assert found("surat tugas telat", x=code) == set()
    assert found("surat tugas telat, tugas banyak", x=code) == {"x"}


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
    coded = code_answers([answer], own_codebook().themes)
    assert coded.present[theme].iloc[0]
    assert np.sign(coded.theme_sentiment[theme].iloc[0]) == tone


def test_praise_denied_is_something_to_improve():
    coded = code_answers(["materinya tidak menarik"], own_codebook().themes)
    assert not coded.present["berhasil"].iloc[0]
    assert coded.present["perlu_diperbaiki"].iloc[0]


def test_tone_belongs_to_the_clause_that_speaks_of_the_theme():
    coded = code_answers(
        ["materinya bagus tapi panitia lambat, kacau, ribet"], own_codebook().themes
    )
    assert coded.theme_sentiment["materi"].iloc[0] > 0
    assert coded.theme_sentiment["penyelenggaraan"].iloc[0] < 0


def test_one_answer_may_speak_of_several_themes():
    coded = code_answers(
        ["Materi kebanyakan, mentor susah dihubungi, wifi mati"], own_codebook().themes
    )
    assert {"materi", "fasilitator", "sarana"} <= set(coded.present.columns[coded.present.iloc[0]])


@pytest.mark.parametrize("answer", ["-", "tidak ada", "Nihil.", "no comment", "...", "", "👍"])
def test_an_answer_that_says_nothing_has_no_content(answer):
    coded = code_answers([answer], own_codebook().themes)
    assert not coded.content[0]
    assert not coded.present.to_numpy().any()


def test_equal_answers_get_equal_codes_whatever_their_order():
    answers = ["materi bagus", "wifi mati", "materi bagus", "-"]
    ahead = code_answers(answers, own_codebook().themes).present
    back = code_answers(answers[::-1], own_codebook().themes).present[::-1].reset_index(drop=True)
    pd.testing.assert_frame_equal(ahead, back)


def test_hostile_text_is_bounded():
    coded = code_answers(
        ["materi " * 1_000_000, "a" * 100_000, "\x00\ud800"], own_codebook().themes
    )
    assert coded.present["materi"].tolist() == [True, False, False]


def shown_terms(texts: list[str], pids: list[str]) -> list[str]:
    return [remark.text for remark in publish(candidate_terms(texts, pids), 4)[1]]


def test_candidate_terms_need_enough_persons():
    texts = ["parkir penuh", "parkir sempit", "parkir", "parkir", "kantin tutup"]
    assert shown_terms(texts, list("abcde")) == ["parkir"]
    assert shown_terms(texts, list("aaaab")) == []


def test_a_codebook_of_ones_own_is_held_to_its_form():
    own = parse_model(
        "source: s\nthemes:\n  parkir:\n    label: Parkir\n    include: [parkir]", "b", Codebook
    )
    assert own.code_of("Parkir") == "parkir"
    with pytest.raises(DataError) as error:
        parse_model("source: s\nthemes:\n  parkir:\n    labl: Parkir", "buku.yml", Codebook)
    assert [p.where for p in error.value.problems] == [
        "buku.yml: themes.parkir.label",
        "buku.yml: themes.parkir.labl",
    ]
    with pytest.raises(DataError):
        parse_model("a: [", "buku.yml", Codebook)
    with pytest.raises(DataError) as error:
        parse_model("source: s\nthemes:\n  a:\n    label: A\n    negated: b", "buku.yml", Codebook)
    assert error.value.problems[0].where == "buku.yml: a: b"


def test_every_pattern_of_the_own_codebook_finds_itself():
    book = own_codebook()
    for codes in (book.themes, book.modules):
        for name, code in codes.items():
            for phrase in code.include:
                words = phrase.replace("=", "").replace(" ... ", " ")
                alone = Code(label="x", include=[phrase])
                assert found(words, **{name: alone}) == {name}, phrase
            assert code.negated in {"keep", "drop", *book.themes}


def test_lexicon_has_no_word_on_both_sides():
    for key, phrases in own_lexicon().phrases.items():
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
    found_by_book = code_answers(texts, codes).present[names].to_numpy()
    score = f1_score(manual, found_by_book, average="macro", zero_division=0)
    page = (Path(__file__).parents[1] / "docs" / "voices.md").read_text(encoding="utf-8")
    assert score >= least
    assert f"**{score:.2f}**".replace(".", ",") in page
