"""Normalising, stemming, themes, negation and tone of open answers."""

from __future__ import annotations

import csv
import hashlib
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from Sastrawi.Stemmer.StemmerFactory import StemmerFactory
from sklearn.metrics import f1_score

import evaluasi_lib as el
from evaluasi_lib.voices import feedback

HERE = Path(__file__).parent


def shipped(name):
    """A YAML table of the library."""
    (path,) = Path(el.__file__).parent.rglob(name)
    return yaml.safe_load(path.read_text(encoding="utf-8"))


OWN, LEXICON = shipped("codebook.yml"), shipped("lexicon.yml")
with (HERE / "data" / "answers_labelled.csv").open(encoding="utf-8", newline="") as file:
    LABELLED = list(csv.DictReader(file))


def coded(answers, codebook=None):
    return el.code_answers(pd.Series(answers), codebook)


def book(folder, **themes):
    """A codebook of one's own, as a file."""
    path = folder / "buku.yml"
    path.write_text(yaml.safe_dump({"source": "s", "themes": themes}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("written", "meant", "found"),
    [
        ("materinya gak jelas bgt", "materi tidak jelas sangat", True),
        ("bagussss", "bagus", True),
        ("putus2 terus", "putus terus", True),
        ("teman-temannya", "teman", True),
        ("lihat https://contoh.go.id/a?b=1 ya", "lihat", True),
        ("lihat https://contoh.go.id/a?b=1 ya", "contoh", False),
        ("Ｂagus", "bagus", True),
        ("narsumnya", "narasumber", True),
        # A root finds its family, a derived word itself.
        ("ada gunanya", "guna", True),
        ("pelatihan bagus", "latihan", False),
        ("kurang latihan", "latihan", True),
        ("surat penugasan", "=tugas", False),
        # A gap spans three words and never a clause.
        ("modul nomor dua terlalu panjang", "modul ... panjang", True),
        ("modul satu dua tiga empat panjang", "modul ... panjang", False),
        ("modul bagus, panjang umur", "modul ... panjang", False),
    ],
)
def test_a_phrase_is_found_in_everyday_spelling(written, meant, found):
    assert coded([written], {"x": [meant]})["x"].tolist() == [found]


def test_skipping_words_without_affixes_never_changes_a_stem():
    plain = feedback.stemmer()
    words = random.Random(1).sample(sorted(StemmerFactory().get_words()), 1500)
    words += [w[::-1] for w in words[:300]] + [f"{w}is" for w in words[:50]]
    assert {w: feedback.stem(w) for w in words if w.isalpha()} == {
        w: plain.stem(w) for w in words if w.isalpha()
    }


def test_an_excluded_phrase_takes_its_match_away_and_no_other(tmp_path):
    own = book(tmp_path, x={"label": "X", "include": ["=tugas"], "exclude": ["surat tugas"]})
    answers = ["surat tugas telat", "surat tugas telat, tugas banyak"]
    assert coded(answers, own)["x"].tolist() == [False, True]


def test_negation_turns_the_tone_and_keeps_the_theme():
    answers = {"bermanfaat": 1, "tidak bermanfaat": -1, "gak terlalu bermanfaat": -1,
               "bukan tidak bermanfaat": 1, "tidak hanya bermanfaat": 1}  # fmt: skip
    found = coded(list(answers))
    assert found["manfaat"].all()
    assert np.sign(found["sentiment"]).tolist() == list(answers.values())


def test_praise_denied_is_something_to_improve_and_an_answer_may_speak_of_several_themes():
    said = ["materinya tidak menarik", "Materi kebanyakan, mentor susah dihubungi, wifi mati"]
    denied, several = (set(themes.split(", ")) for themes in coded(said)["themes"])
    assert "perlu_diperbaiki" in denied - {"berhasil"} == denied
    assert {"materi", "fasilitator", "sarana"} <= several


def test_an_answer_that_says_nothing_has_no_content():
    found = coded(["-", "tidak ada", "Nihil.", "no comment", "...", "", "👍"])
    assert not found["content"].any()
    assert (found["themes"] == "").all()


def test_equal_answers_get_equal_codes_whatever_their_order():
    answers = ["materi bagus", "wifi mati", "materi bagus", "-"]
    back = coded(answers[::-1])[::-1].reset_index(drop=True)
    pd.testing.assert_frame_equal(coded(answers), back)


def test_hostile_text_is_bounded():
    answers = ["materi " * 1_000_000, "a" * 100_000, "\x00"]
    assert coded(answers)["materi"].tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("code", "where"),
    [({"labl": "Parkir"}, "buku.yml: themes.x.labl"), ({"negated": "b"}, "buku.yml: x: b")],
)
def test_a_codebook_of_ones_own_is_held_to_its_form(tmp_path, code, where):
    with pytest.raises(el.EvaluationError) as error:
        coded(["parkir"], book(tmp_path, x={"label": "X"} | code))
    assert [p.where for p in error.value.problems] == [where]


def test_every_pattern_of_the_own_codebook_finds_itself():
    codes = [code for part in ("themes", "modules") for code in OWN[part].values()]
    phrases = list(dict.fromkeys(p for code in codes for p in code["include"]))
    said = [phrase.replace("=", "").replace(" ... ", " ") + " parkir" for phrase in phrases]
    found = coded(said, {phrase: [phrase] for phrase in phrases})
    assert [p for i, p in enumerate(phrases) if not found[p].iloc[i]] == []
    assert {code.get("negated", "keep") for code in codes} <= {"keep", "drop", *OWN["themes"]}


def test_lexicon_has_no_word_on_both_sides():
    for side, sign in (("positive", 1), ("negative", -1)):
        words = [word.removeprefix("=") for word in LEXICON[side] if " " not in word]
        tones = coded(words)["sentiment"]
        assert [w for w, tone in zip(words, tones, strict=True) if tone != sign] == []


def test_the_labelled_answers_are_split_by_their_hash():
    assert len(LABELLED) >= 400
    for row in LABELLED:
        odd = hashlib.sha256(row["text"].encode()).digest()[0] % 2
        assert row["part"] == ("test" if odd else "train")


@pytest.mark.parametrize(
    ("question", "codes", "least"), [("umum", "themes", 0.80), ("modul", "modules", 0.90)]
)
def test_macro_f1_on_the_untouched_answers_is_what_the_page_says(tmp_path, question, codes, least):
    rows = [r for r in LABELLED if (r["part"], r["question"]) == ("test", question)]
    labels = [set(r["themes"].split()) for r in rows]
    names = [n for n in OWN[codes] if any(n in row for row in labels)]
    manual = np.array([[n in row for n in names] for row in labels])
    found = coded([r["text"] for r in rows], book(tmp_path, **OWN[codes]))[names].to_numpy()
    score = f1_score(manual, found, average="macro", zero_division=0)
    page = (HERE.parent / "docs" / "voices.md").read_text(encoding="utf-8")
    assert score >= least
    assert f"**{score:.2f}**".replace(".", ",") in page
