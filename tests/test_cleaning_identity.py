"""NIP by structure, damaged NIP only where unique, pseudonyms by a key, grades in one spelling."""

from __future__ import annotations

import datetime as dt
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evaluasi_lib as el
from evaluasi_lib.cleaning.identity import from_nip, nip_repairs, nip_status
from tests.made_studies import make_study, survey

SPELLINGS = [
    "198609262015051001", "'198609262015051001", "19860926 201505 1 001", "19860926.201505.1.001",
    "NIP. 198609262015051001", "198609262015051001.0", "19860926\u00a02015051001",
    "1.98609262015051E+17", "1,98609262015051E+17",
]  # fmt: skip


def test_one_person_is_known_in_every_spelling_of_the_nip() -> None:
    table = el.pseudonymise(pd.DataFrame({"nip": [*SPELLINGS, "  "]}), "nip", key="rahasia")
    *known, blank = table["pid"]
    assert set(known) == {known[0]}
    assert blank != known[0], "a blank is a row of its own"


@pytest.mark.parametrize(
    ("nip", "status"),
    [
        ("198609262015051001", "pns"),
        ("198609262015052123", "pns"),
        ("199003022021212004", "pppk"),  # year 2021, contract 21: no month
        ("198609262015051000", "damaged"),  # sequences start at 001
        ("198613262015051001", "invalid"),  # month 13
        ("198609262015053001", "invalid"),  # sex 3
        ("131234567", "legacy"),
        ("12345", "invalid"),
        (None, None),
    ],
)
def test_a_nip_is_judged_by_its_structure(nip: str | None, status: str | None) -> None:
    assert nip_status(pl.Series([nip], dtype=pl.String)).to_list() == [status]


def test_damaged_nip_are_repaired_only_where_unique() -> None:
    """A prefix that nobody has whole identifies by itself where it stands once in a column."""
    whole = pl.Series(["198609262015051001", "199001012015032001", "199001012015032002"])
    damaged = pl.Series(["198609262015051000", "199001012015032000", "198505052010121000"])
    twice = pl.Series(["197001011995011000"] * 2)
    assert nip_repairs([whole, damaged, twice]) == {
        "198609262015051000": "198609262015051001", "198505052010121000": "198505052010121",
    }  # fmt: skip


@given(
    st.dates(dt.date(1950, 1, 1), dt.date(2005, 12, 31)),
    st.dates(dt.date(1975, 1, 1), dt.date(2024, 12, 31)),
    st.integers(1, 2),
    st.integers(1, 999),
)
@settings(max_examples=40, deadline=None)
def test_age_sex_and_tenure_are_those_written_into_the_nip(
    birth: dt.date, start: dt.date, sex: int, sequence: int
) -> None:
    nip = pl.Series([f"{birth:%Y%m%d}{start:%Y%m}{sex}{sequence:03d}"])
    at = dt.date(2025, 3, 1)
    age = at.year - birth.year - ((at.month, at.day) < (birth.month, birth.day))
    tenure = at.year - start.year - ((at.month, at.day) < (start.month, 1))
    assert from_nip(nip, "age", at).to_list() == [str(age)]
    assert from_nip(nip, "sex", at).to_list() == ["LP"[sex - 1]]
    assert from_nip(nip, "tenure", at).to_list() == [str(tenure)]


@pytest.mark.parametrize(
    ("spelling", "texts"),
    [
        ("golongan", {
            "IV/b": ["Pembina Tk.I/ IV/b", "IV b", "iv.B", "4b"], "III/c": ["Penata (III/c)"],
            "III/d": ["III-d"], "IX": ["Gol. IX"], "XI": ["XI"], "V": ["Golongan V"],
        }),
        ("eselon", {
            "III/a": ["Eselon III.a", "IIIA", "3a"], "IV": ["Es. IV"],
            "Noneselon": ["Non Eselon", "non-eselon"],
        }),
    ],
)  # fmt: skip
def test_grades_and_echelons_in_many_spellings(
    spelling: Literal["golongan", "eselon"], texts: dict[str, list[str]]
) -> None:
    for meant, spelled in texts.items():
        assert set(el.clean_category(pd.Series(spelled), spelling=spelling)) == {meant}
    with pytest.raises(el.EvaluationError, match="honorer"):
        el.clean_category(pd.Series(["honorer"]), spelling=spelling)


def pids(codes: list[str], **how: str) -> list[str]:
    return el.pseudonymise(pd.DataFrame({"kode": codes}), "kode", kind="code", **how)[
        "pid"
    ].tolist()


def test_codes_are_levelled_but_never_guessed() -> None:
    one, same, other, blank = pids(["SU-12 jk", "su12JK", "su12jl", " "], key="a")
    assert one == same
    assert len({one, other, blank}) == 3


def test_the_key_comes_from_the_environment_or_a_file_only_the_user_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALUASI_KEY", "secret")
    assert pids(["a"]) == pids(["a"], key="secret")
    monkeypatch.delenv("EVALUASI_KEY")
    monkeypatch.setattr("evaluasi_lib.cleaning.identity.user_data_folder", lambda: tmp_path / "u")
    first = pids(["a"])
    assert first != pids(["a"], key="secret")
    assert pids(["a"]) == first, "made once"
    (file,) = (tmp_path / "u").iterdir()
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("synthetic", [True, False])
def test_made_up_persons_need_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synthetic: bool
) -> None:
    found = []
    for key in ("a", "b"):
        monkeypatch.setenv("EVALUASI_KEY", key)
        declared = {"synthetic": synthetic, "design": {"type": "single_group"},
                    "sources": {"s": survey({"x": "number"})}}  # fmt: skip
        table = pd.DataFrame({"pid": ["p1", "p2"], "x": [1.0, 2.0]})
        found.append(make_study(tmp_path / key, declared, {"s": table}).tables["s"]["pid"])
    assert (found[0].tolist() == found[1].tolist()) is synthetic


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only there XDG_DATA_HOME moves the key's folder"
)
def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    code = (
        "from evaluasi_lib.cleaning.identity import _make_key, user_data_folder\n"
        "p = user_data_folder() / 'k'\n_make_key(p)\nprint(p.read_text())"
    )
    env = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    runs = [
        subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert len({run.communicate()[0] for run in runs}) == 1


def test_a_column_without_a_single_nip_is_an_error(tmp_path: Path) -> None:
    columns = {"nip": {"from": "NIP", "type": "nip"}, "nilai": {"from": "Nilai", "type": "number"}}
    declared = {"design": {"type": "single_group"}, "link": "nip",
                "sources": {"p": {"columns": columns}}}  # fmt: skip
    table = pd.DataFrame({"nip": ["1", "2"], "nilai": [2.0, 3.0], "pid": ["", ""]})
    with pytest.raises(el.EvaluationError) as caught:
        make_study(tmp_path, declared, {"p": table})
    (problem,) = caught.value.problems
    assert "NIP" in problem.what
    assert problem.count == 2
