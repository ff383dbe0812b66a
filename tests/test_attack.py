"""No hidden number of persons follows from the published ones: an attack on drawn programs.

The shipped programs are attacked in `test_end_to_end`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluasi_lib.measures import Measure
from tests.attack import attack
from tests.made_studies import make_study, survey

ITEMS = ("puas_1", "puas_2", "puas_3", "penting_1", "penting_2", "penting_3", "yakin_1", "yakin_2",
         "tunggal_1")  # fmt: skip
OPTIONS = ("beban", "jadwal", "atasan", "jarak")


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
    named = {f"hambatan__{o}": yes(rng.beta(1, 3)) for o in OPTIONS}
    kinds = {"jk": "category", "jenjang": "category", "undang": "flag", "daftar": "flag",
             "mulai": "flag", "selesai": "flag", "alasan": "category"}  # fmt: skip
    asked = survey(dict.fromkeys(ITEMS, "item:setuju"), wave="post")
    asked["columns"]["hambatan"] = {
        "from": "hambatan",
        "type": "multi",
        "options": {o: o for o in OPTIONS},
    }
    for name, kind in (("cara", "category"), ("sering", "ordinal"), ("ulang", "flag")):
        asked["columns"][name] = {"from": name, "type": kind}
    asked["columns"]["alat"] = asked["columns"]["hambatan"] | {"from": "alat"}
    instruments = {
        name: {"label": name, "scale": "setuju", "items": [i for i in ITEMS if i.startswith(name)]}
        for name in ("puas", "penting", "yakin", "tunggal")
    }
    instruments["puas"]["importance"] = "penting"
    stages = ({}, {"enrolled": "daftar"}, {"invited": "undang", "enrolled": "daftar"})[seed % 3]
    declared = {
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
    answers |= {"cara": one_of("daring", "luring", "campuran", "lain"), "ulang": yes(0.8)}
    answers["sering"] = one_of("1", "2", "3", "4", "5").as_ordered()
    named |= {f"alat__{o}": yes(rng.beta(1, 3)) for o in OPTIONS}
    asked_of = pd.DataFrame({"pid": pid, **answers, **named})[: n - int(rng.integers(0, 4))]
    tables = {"daftar": roster, "survei": asked_of}
    study = make_study(folder, declared, tables)
    return [dataclasses.asdict(row) for row in study.result.rows], study.declared


def test_what_is_hidden_badly_is_recovered() -> None:
    """Two hidden answers and the mean of all; and a barrier hidden in one group alone."""
    counts = {1: 3, 2: None, 3: 10, 4: 20}
    place = "scales/s/post/program"
    rows = [
        _row(f"answers/s/post/q/{p}/share", n if n and n >= 5 else None, 35, n)
        for p, n in counts.items()
    ]
    mean = (1 * 3 + 2 * 2 + 3 * 10 + 4 * 20) / 35
    rows.append(_row(f"{place}/mean", 35, None, mean) | {"value": mean, "reason": None})
    assert attack(rows) == {"s/q/1": 3, "s/q/2": 2}
    assert attack(rows[:-1]) == {}
    barriers = [
        _row("participation/barriers/beban/share", 12, 40, 12),
        _row("participation/barriers/beban/jk/P/share", 9, 20, 9),
        _row("participation/barriers/beban/jk/L/share", None, 20, None),
    ]
    assert attack(barriers) == {"beban/jk/L": 3}


def _row(id: str, n: int | None, whole: int | None, value: float | None) -> dict[str, Any]:
    hidden = n is None
    blank = {field.name: None for field in dataclasses.fields(Measure)}
    share = None if hidden or not whole else n / whole
    reason = "small_cell" if hidden else None
    name = id.rpartition("/")[2]
    return blank | {"id": id, "measure": name, "n": n, "value": share, "reason": reason}


@pytest.mark.parametrize("seed", range(12))
def test_no_hidden_number_of_a_drawn_program_is_recovered(tmp_path: Path, seed: int) -> None:
    rows, program = drawn(tmp_path, seed)
    assert any(row["reason"] == "small_cell" for row in rows)
    assert attack(rows, program) == {}


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
