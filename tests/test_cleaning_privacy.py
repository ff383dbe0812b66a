"""Texts that hold a person are found, whatever stands around it."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluasi_lib.cleaning.identity import Names, core_name, hides
from evaluasi_lib.reading.files import normalise, show

FIRST = ["Budi", "SITI", "Agus", "I Made", "Nur-Aini"]
LAST = ["Santoso", "Aminah", "Wijaya", "Hidayat"]
words = st.text(alphabet="abcdefg ", max_size=12)
titled = st.sampled_from(["{}", "Dr. {}", "{}, S.H., M.Si.", "Drs. {}, M.M."])


@given(words, words, st.sampled_from(FIRST), st.sampled_from(LAST), titled)
@settings(max_examples=40, deadline=None)
def test_a_name_on_the_roster_is_found_in_any_text(
    before: str, after: str, first: str, last: str, form: str
) -> None:
    listed = form.format(f"{first} {last}")
    names = Names(full=(core_name(listed),))
    text = pl.Series([f"{before} {first} {last} {after}"])
    assert hides(text, names, words=True).to_list() == [True]


@pytest.mark.parametrize(
    "text",
    [
        "NIP 198609262015051001", "NIP 19860926 201505 1 001", "hubungi siti@contoh.go.id",
        "wa 0812-3456-7890", "telp +62 812 3456 7890",
    ],
)  # fmt: skip
def test_patterned_identifiers_are_found(text: str) -> None:
    assert hides(pl.Series([text]), Names(), words=True).to_list() == [True]
    assert "[…]" in show(text), "nor shown in a message"


def test_other_texts_stay_as_they_are() -> None:
    texts = pl.Series(["pelatihan 2025", "20 JP, 5 modul", "Rp 1.250.000", None])
    names = Names(full=("budi santoso",), single=("suharto",))
    assert not hides(texts, names, words=True).any()


def test_a_single_name_is_found_as_a_word_only() -> None:
    names = Names(single=("eko",))
    texts = pl.Series(["atasan Eko hadir", "ekonomi"])
    assert hides(texts, names, words=True).to_list() == [True, False]


ROSTER = Names(full=("budi santoso", "agung jaya", "i made surya"), single=("suharto", "melati"))


@pytest.mark.parametrize(
    "value",
    ["Ruang BUDI SANTOSO", "SANTOSO, Budi", "Unit_Santoso-Budi 2", "Aula Budi", "bagian pak budi",
     "Jaya Agung", "Surya I Made", "Aula Suharto"],
)  # fmt: skip
def test_a_category_named_after_a_person_is_found_in_any_capitals_and_order(value: str) -> None:
    assert hides(pl.Series([value]), ROSTER, words=False).to_list() == [True]


@pytest.mark.parametrize(
    "value",
    ["Mahkamah Agung", "Kejaksaan Agung", "Kota Budi", "Ruang Melati", "Ruang Surya", "Jaya Raya",
     "Biro Umum", "Kantor Santoso", "Budiman"],
)  # fmt: skip
def test_a_place_or_an_ordinary_word_is_no_person(value: str) -> None:
    assert hides(pl.Series([value]), ROSTER, words=False).to_list() == [False]


@given(st.permutations(["Budi", "Santoso", "Wiryo"]), st.booleans())
def test_the_order_of_the_words_of_a_name_does_not_matter(parts: list[str], loud: bool) -> None:
    text = " ".join(parts).upper() if loud else ", ".join(parts)
    names = Names(full=("wiryo budi santoso",))
    assert hides(pl.Series([None, text, "lain"]), names, words=False).to_list() == [
        False,
        True,
        False,
    ]


@given(st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
