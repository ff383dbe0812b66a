"""No published number tells a reader something of fewer than five colleagues.

What the door hides in a table; and an attack on the results of drawn programs, with all that their
reader knows. The shipped programs are attacked in `test_end_to_end`.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evaluasi_lib as el
from tests.attack import attack
from tests.made_studies import make_study, survey

ITEMS = [f"{name}_{i}" for name in ("puas", "penting", "yakin") for i in (1, 2, 3)][:8]
ITEMS.append("tunggal_1")
OPTIONS = ("beban", "jadwal", "atasan", "jarak")
NUMBERS = ("value", "low", "high", "p", "conclusion")


def units(counts: dict[Any, tuple[int, int]]) -> pd.DataFrame:
    """Who named a barrier: unit -> (how many named it, how many did not)."""
    return pd.DataFrame(
        [(unit, i < yes) for unit, (yes, no) in counts.items() for i in range(yes + no)],
        columns=["unit", "q__a"],
    )


@given(
    groups=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=4),
    k=st.integers(2, 5),
)
@settings(deadline=None)
def test_no_hidden_count_follows_from_the_published_rows_and_their_totals(
    groups: list[tuple[int, int]], k: int
) -> None:
    """Every table that agrees with what is shown, listed: no hidden count is the same in all."""
    known = {f"U{i}": parts for i, parts in enumerate(groups) if sum(parts)}
    if not known:
        return
    table = el.barriers(units(known), "q", by="unit", min_cell=k)
    hidden = set(table.loc[table["n"].isna(), "group"])
    if not hidden or len(hidden) == len(known):
        return  # nothing to find, or nothing but the total to find it from
    assert all(n == 0 or n >= k for n in table["n"].dropna())
    for part in (0, 1):  # who named it, and who did not
        cells = {unit: parts[part] for unit, parts in known.items()}
        left = sum(cells[unit] for unit in hidden)
        if not left or left == sum(cells.values()):
            continue  # zeros are nobody's secret
        agree = [
            found
            for found in itertools.product(range(left + 1), repeat=len(hidden))
            if sum(found) == left
        ]
        assert all(len(set(column)) > 1 for column in zip(*agree, strict=True))
        assert left >= k


def test_small_groups_are_not_shown_and_cannot_be_found() -> None:
    counts = {"X": (8, 2), "Y": (2, 4), "Z": (0, 6)}
    table = el.barriers(units(counts), "q", by="unit").set_index("group")
    assert pd.isna(table.loc["Y", "n"])
    assert table["n"].isna().sum() > 1
    few = el.effect(pd.DataFrame({"y": range(4), "b": 0}), "y", before="b").iloc[0]
    assert few["reason"] == "small_cell"
    assert pd.isna(few["estimate"])


def test_a_description_hides_small_groups_and_what_would_tell_them() -> None:
    df = pd.DataFrame({"skor": 3.0, "unit": [*"X" * 12, *"Y" * 8, *"Z" * 3], "kelas": "A"})
    means = el.describe(df, by="unit", columns=["skor"]).set_index("group")
    assert means["mean"].notna().to_dict() == {"X": True, "Y": True, "Z": False}
    assert means.loc["Z", "reason"] == "small_cell"
    shares = el.describe(df, columns=["unit", "kelas"]).set_index("value")
    assert shares["share"].notna().to_dict() == {"X": True, "Y": False, "Z": False, "A": True}


def test_completion_hides_whoever_a_total_or_the_stage_beside_would_give_away() -> None:
    groups = {"A": (30, 10), "B": (20, 10), "C": (2, 10), None: (6, 0)}
    df = units(groups).assign(daftar=True).rename(columns={"q__a": "selesai"})
    df["hari"] = 3.0 + df.groupby("unit", dropna=False).cumcount()
    stages = ["daftar", "selesai"]
    assert el.completion(df, stages)["n"].tolist() == [88, 58]
    table = el.completion(df, stages, "unit", days="hari")
    assert list(zip(table["group"], table["stage"], strict=True)) == [
        *itertools.product("ABC", stages)
    ]
    ends = table[table["stage"] == "selesai"].set_index("group")
    # C's two are hidden, and so are the six without a unit, or 58 - 30 - 20 - 6 would tell
    assert ends["n"].dropna().to_dict() == {"A": 30, "B": 20}
    assert ends.loc["C", "reason"] == "small_cell"
    named = el.completion(df.dropna(), stages, "unit")
    assert named.loc[named["stage"] == "selesai", "n"].dropna().tolist() == [30]
    assert (ends["median_days"].dropna() > 3).all()
    df["mulai"] = np.arange(88) < 86  # two who never began, and all others completed or not
    between = el.completion(df, ["daftar", "mulai", "selesai"])["n"]
    assert between.isna().tolist() == [False, True, False]


def drawn(folder: Path, seed: int) -> tuple[list[dict[str, Any]], Any]:
    """The published rows of a program of 12 to 90 persons, few in many of its cells, and its
    declaration."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(12, 90))
    pid = [f"p{i}" for i in range(n)]

    def one_of(*labels: str) -> pd.Categorical:
        return pd.Categorical(rng.choice(labels, n, p=rng.dirichlet(np.ones(len(labels)))))

    def yes(chance: float) -> Any:
        return pd.array(rng.random(n) < chance, dtype="boolean")

    roster = pd.DataFrame({
        "pid": pid, "jk": one_of("P", "L"), "jenjang": one_of("a", "b", "c", "d"),
        "undang": yes(0.9), "daftar": yes(0.9), "mulai": yes(0.9),
        "selesai": yes(rng.uniform(0.5, 1)), "alasan": one_of("sibuk", "mutasi", "sakit"),
    })  # fmt: skip
    answers: dict[str, Any] = {
        item: rng.choice(np.arange(1.0, 6), n, p=rng.dirichlet(np.ones(5))) for item in ITEMS
    }
    answers |= {f"hambatan__{o}": yes(rng.beta(1, 3)) for o in OPTIONS}
    answers |= {"cara": one_of("daring", "luring", "campuran", "lain"), "ulang": yes(0.8)}
    answers["sering"] = one_of("1", "2", "3", "4", "5").as_ordered()
    answers |= {f"alat__{o}": yes(rng.beta(1, 3)) for o in OPTIONS}
    asked_of = pd.DataFrame({"pid": pid} | answers)[: n - int(rng.integers(0, 4))]
    study = make_study(folder, declaration(seed), {"daftar": roster, "survei": asked_of})
    return json.loads(study.measures.to_json(orient="records")), study.declared


def declaration(seed: int) -> dict[str, Any]:
    """The program of `drawn`; which stages it declares hangs on the seed."""
    kinds = {"jk": "category", "jenjang": "category", "undang": "flag", "daftar": "flag",
             "mulai": "flag", "selesai": "flag", "alasan": "category"}  # fmt: skip
    several = {"type": "multi", "options": {o: o for o in OPTIONS}}
    asked = survey(
        dict.fromkeys(ITEMS, "item:setuju")
        | {"cara": "category", "sering": "ordinal", "ulang": "flag"},
        wave="post",
    )
    asked["columns"] |= {name: several | {"from": name} for name in ("hambatan", "alat")}
    instruments = {
        name: {"label": name, "scale": "setuju", "items": [i for i in ITEMS if i.startswith(name)]}
        for name in ("puas", "penting", "yakin", "tunggal")
    }
    instruments["puas"]["importance"] = "penting"
    stages = ({}, {"enrolled": "daftar"}, {"invited": "undang", "enrolled": "daftar"})[seed % 3]
    return {
        "design": {"type": "single_group"}, "roster": "daftar",
        "scales": {"setuju": {"labels": ["1", "2", "3", "4", "5"]}}, "instruments": instruments,
        "sources": {"daftar": survey(kinds, role="roster"), "survei": asked},
        "participation": {
            "started": "mulai", "completed": "selesai", "groups": ["jk", "jenjang"],
            "dropout_reason": "alasan", "barriers": {"source": "survei", "variable": "hambatan"},
        } | stages,
        "outcomes": [{"id": "puas", "label": "puas", "level": "reaction", "unit": "poin",
                      "instrument": "puas"}],
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_no_hidden_number_of_a_drawn_program_is_recovered(tmp_path: Path, seed: int) -> None:
    rows, program = drawn(tmp_path, seed)
    hidden = [row for row in rows if row["reason"] == "small_cell"]
    assert hidden
    assert attack(rows, program) == {}
    assert [row["id"] for row in hidden if any(row[name] is not None for name in NUMBERS)] == []
    assert all(row["label"] for row in hidden if row["part"] == "asked")


def test_a_few_without_answers_do_not_hide_how_many_took_part(tmp_path: Path) -> None:
    """One group without a flag of who enrolled; up to three persons gave no answers. The number
    goes only where it would tell of a few who did not complete."""
    shown = []
    for seed in (0, 3, 6, 9):
        rows, program = drawn(tmp_path / str(seed), seed)
        assert program.participation.enrolled is None
        known = {row["id"]: row["value"] for row in rows}
        took_part = known["sample/flow/1/n"]
        assert took_part == known["sample/invited"] == known["participation/funnel/enrolled/n"]
        shown += [took_part] if took_part else []
        lost = [known.get(f"sample/flow/{step}/dropped") for step in "23"]
        assert all(n is None or n == 0 or n >= 5 for n in lost)
    assert len(shown) == 3


def _row(id: str, n: int | None, whole: int | None, value: float | None = None) -> dict[str, Any]:
    share = n / whole if n and whole else None
    reason = "small_cell" if n is None else None
    name = id.rpartition("/")[2]
    return {"id": id, "measure": name, "n": n, "value": value or share, "reason": reason}


def test_what_is_hidden_badly_is_recovered() -> None:
    """Two hidden answers and the mean of all; and a barrier hidden in one group alone."""
    counts = {1: 3, 2: 2, 3: 10, 4: 20}
    shares = [
        _row(f"answers/s/post/q/{p}/share", n if n >= 5 else None, 35) for p, n in counts.items()
    ]
    mean = _row("scales/s/post/program/mean", 35, None, sum(p * n for p, n in counts.items()) / 35)
    assert attack([*shares, mean]) == {"s/q/1": 3, "s/q/2": 2}
    assert attack(shares) == {}
    barriers = [
        _row("participation/barriers/beban/share", 12, 40),
        _row("participation/barriers/beban/jk/P/share", 9, 20),
        _row("participation/barriers/beban/jk/L/share", None, 20),
    ]
    assert attack(barriers) == {"beban/jk/L": 3}
