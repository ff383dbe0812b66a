"""Who takes part and who is missed: counts, shares, sentences, and what may not be shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

import evaluasi_lib as el
from evaluasi_lib.measures import Measure, Remark, texts_at, value_at, wide
from evaluasi_lib.reporting.figures import plot_drivers
from tests.made_studies import make_study, survey


@dataclass
class Found:
    """What was published of a program's participation."""

    rows: tuple[Measure, ...]
    remarks: tuple[Remark, ...]

    def __getattr__(self, name: str) -> float | None:
        return value_at(self.rows, f"participation/{name}")

    def at(self, place: str) -> list[dict[str, Any]]:
        """Records of a place, such as "barriers/*"."""
        return wide(self.rows, f"participation/{place}".rstrip("/"))

    @property
    def reason(self) -> str | None:
        return self.at("")[0]["reason"]

    @property
    def notes(self) -> list[str]:
        return texts_at(self.remarks, "participation", "drivers")


ROSTER = {
    "instansi": "category", "jk": "category", "beban": "number", "tahu": "flag",
    "undang": "flag", "daftar": "flag", "mulai": "flag", "selesai": "flag", "alasan": "category",
}  # fmt: skip


def people(n: int = 200, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    beban = np.clip(np.rint(rng.normal(3, 1, n)), 1, 5)
    chance = 1 / (1 + np.exp(-(1.0 - 0.9 * (beban - 3))))
    enrolled = np.arange(n) < 0.9 * n
    started = enrolled & (np.arange(n) % 10 != 0)
    return pd.DataFrame(
        {
            "pid": [f"p{i:03d}" for i in range(n)],
            "instansi": pd.Categorical([f"I{i % 17}" for i in range(n)]),
            "jk": pd.Categorical(rng.choice(["P", "L"], n)),
            "beban": beban,
            "tahu": pd.array(rng.random(n) < 0.5, dtype="boolean"),
            "undang": pd.array(np.ones(n, bool), dtype="boolean"),
            "daftar": pd.array(enrolled, dtype="boolean"),
            "mulai": pd.array(started, dtype="boolean"),
            "selesai": pd.array(started & (rng.random(n) < chance), dtype="boolean"),
            "alasan": pd.Categorical(rng.choice(["sibuk", "mutasi"], n, p=[0.8, 0.2])),
        }
    )


def measured(
    folder: Path, roster: pd.DataFrame, plan: dict[str, Any] | None = None, language: str = "id",
    **declaration: Any,
) -> Found:  # fmt: skip
    stages = {"invited": "undang", "enrolled": "daftar", "started": "mulai", "completed": "selesai"}
    tables = {"pegawai": roster} | declaration.pop("tables", {})
    declared = {
        "design": {"type": "single_group", "cluster": "instansi"},
        "roster": "pegawai",
        "sources": {"pegawai": survey(ROSTER, role="roster")},
        "participation": stages | (plan or {}),
    } | declaration
    result = make_study(folder, declared, tables, language).result
    return Found(result.rows, result.remarks)


def test_the_funnel_counts_persons_at_each_stage(tmp_path: Path) -> None:
    found = measured(tmp_path, people())
    assert (found.enrolled, found.started) == (180, 162)
    assert found.completion_share == found.completed / found.enrolled
    (whole,) = found.at("")
    low, high = proportion_confint(found.completed, 180, method="wilson")
    ends = whole["completion_share_low"], whole["completion_share_high"]
    assert ends == pytest.approx((low, high))
    assert [row["n"] for row in found.at("funnel/*")] == [200, 180, 162, found.completed]


def test_who_completed_has_started_whatever_the_flag_says(tmp_path: Path) -> None:
    roster = people()
    roster["mulai"] = pd.array([False] * 200, dtype="boolean")
    found = measured(tmp_path, roster)
    assert found.started in (found.completed, None)


def test_dates_say_as_much_as_flags(tmp_path: Path) -> None:
    roster = people()
    flags = measured(tmp_path, roster)
    roster["selesai"] = pd.Series(pd.Timestamp("2025-05-01"), index=roster.index).where(
        roster["selesai"].astype(bool)
    )
    sources = {"pegawai": survey(ROSTER | {"selesai": "date"}, role="roster")}
    assert measured(tmp_path, roster, sources=sources).completed == flags.completed


def test_a_few_who_left_hide_the_stage_between_and_no_share_tells_them(tmp_path: Path) -> None:
    roster = people()
    roster["undang"] = pd.array(np.arange(200) < 183, dtype="boolean")  # three never enrolled
    found = measured(tmp_path, roster)
    invited, enrolled, *_later = found.at("funnel/*")
    assert (invited["n"], invited["share"], invited["reason"]) == (None, None, "small_cell")
    assert enrolled["share"] == 1


def test_a_program_without_a_plan_says_so(tmp_path: Path) -> None:
    found = measured(tmp_path, people(), participation=None)
    assert found.enrolled is None
    assert found.reason


def test_drivers_are_sentences_in_the_readers_language(tmp_path: Path) -> None:
    plan = {"drivers": ["beban", "tahu", "jk"]}
    found = measured(tmp_path, people(600), plan)
    (workload,) = found.at("drivers/beban")
    assert workload["ame_high"] < 0
    assert workload["note"].startswith("Pegawai dengan beban tinggi (4) ")
    assert "poin persen lebih jarang selesai" in workload["note"]
    assert drivers_of(found) == ["beban", "tahu", "jk"]
    english = measured(tmp_path, people(600), plan, "en").at("drivers/beban")[0]["note"]
    assert "percentage points less often" in english


def drivers_of(found: Found) -> list[str]:
    """The variables that a model kept, in their order."""
    return list(dict.fromkeys(row.subject for row in found.rows if row.measure == "ame"))


def test_an_unclear_driver_is_never_called_no_effect(tmp_path: Path) -> None:
    found = measured(tmp_path, people(), {"drivers": ["jk"]})
    (sex,) = found.at("drivers/jk/*")
    assert sex["ame_low"] < 0 < sex["ame_high"]
    assert sex["note"].startswith("Data belum dapat memastikan")


@pytest.mark.parametrize("everybody", [True, False])
def test_nobody_or_everybody_completed(tmp_path: Path, everybody: bool) -> None:
    roster = people()
    roster["selesai"] = pd.array(np.full(200, everybody) & roster["mulai"], dtype="boolean")
    roster["daftar"] = roster["mulai"]
    found = measured(tmp_path, roster, {"drivers": ["beban"]})
    assert found.completion_share == float(everybody)
    assert drivers_of(found) == []
    assert found.notes


def test_a_separating_driver_is_named_in_a_sentence(tmp_path: Path) -> None:
    roster = people()
    done = roster["selesai"].astype(bool)
    roster["tahu"] = pd.array(done & (np.arange(200) % 3 == 0), dtype="boolean")
    found = measured(tmp_path, roster, {"drivers": ["beban", "tahu"]})
    assert "“tahu”" in found.notes[0]
    assert "separasi" in found.notes[0]
    assert drivers_of(found) == ["beban"]


def test_a_driver_with_a_tiny_group_is_not_published(tmp_path: Path) -> None:
    roster = people()
    roster["tahu"] = pd.array(np.arange(200) < 3, dtype="boolean")
    found = measured(tmp_path, roster, {"drivers": ["beban", "tahu"]})
    assert drivers_of(found) == ["beban"]
    assert "“tahu”" in found.notes[0]


def _barriers(n_yes: list[int], groups: list[str]) -> pd.DataFrame:
    """Answers of as many persons as groups; the first n_yes of each group named the barrier."""
    seen: dict[str, int] = {}
    wanted = dict(zip(dict.fromkeys(groups), n_yes, strict=True))
    chosen = []
    for group in groups:
        seen[group] = seen.get(group, 0) + 1
        chosen.append(seen[group] <= wanted[group])
    return pd.DataFrame(
        {
            "pid": [f"p{i:03d}" for i in range(len(groups))],
            "hambatan__sibuk": pd.array(chosen, dtype="boolean"),
            "hambatan__lain": pd.array([not yes for yes in chosen], dtype="boolean"),
        }
    )


def _with_barriers(
    folder: Path, n_yes: list[int], sizes: list[int], label: object = "Terlalu sibuk",
    language: str = "id",
) -> Found:  # fmt: skip
    groups = [level for level, n in zip("PLX", sizes, strict=False) for _ in range(n)]
    roster = people(len(groups))
    roster["jk"] = pd.Categorical(groups)
    options = {"sibuk": label, "lain": "Lainnya"}
    sources = {
        "pegawai": survey(ROSTER, role="roster"),
        "survei": {
            "file": "s.csv",
            "columns": {"hambatan": {"from": "H", "type": "multi", "options": options}},
        },
    }
    plan = {"barriers": {"source": "survei", "variable": "hambatan"}, "groups": ["jk"]}
    return measured(
        folder, roster, plan, language, sources=sources,
        tables={"survei": _barriers(n_yes, groups)},
    )  # fmt: skip


def test_barriers_are_shares_of_those_who_answered(tmp_path: Path) -> None:
    found = _with_barriers(tmp_path, [30, 20], [50, 50])
    first, second = found.at("barriers/*")
    assert (first["label"], first["n"], first["share"]) == ("Terlalu sibuk", 50, 0.5)
    # Wilson 95% of 50 in 100 (R: prop.test(50, 100, correct = FALSE))
    ends = first["share_low"], first["share_high"]
    assert ends == pytest.approx((0.4038315, 0.5961685), abs=1e-6)
    assert (second["label"], second["n"]) == ("Lainnya", 50)


@pytest.mark.parametrize(("language", "label"), [("id", "Terlalu sibuk"), ("en", "Too busy")])
def test_barriers_have_their_name_in_the_readers_language(
    tmp_path: Path, language: str, label: str
) -> None:
    labels = {"id": "Terlalu sibuk", "en": "Too busy"}
    found = _with_barriers(tmp_path, [30], [50], labels, language)
    assert found.at("barriers/*")[0]["label"] == label
    assert found.at("barriers/*/*/*")[0]["label"] == label


def test_an_anonymous_survey_still_tells_the_barriers(tmp_path: Path) -> None:
    groups = ["P"] * 30 + ["L"] * 30
    answers = _barriers([20, 10], groups).assign(jk=pd.Categorical(groups))
    options = {"sibuk": "Terlalu sibuk", "lain": "Lainnya"}
    barrier = {"from": "H", "type": "multi", "options": options}
    survei = {
        "file": "s.csv",
        "columns": {"hambatan": barrier, "jk": {"from": "JK", "type": "category"}},
    }
    declared = {
        "design": {"type": "single_group"},
        "link": "anonymous",
        "sources": {"survei": survei, "lain": survey({"x": "number"})},
        "participation": {
            "barriers": {"source": "survei", "variable": "hambatan"}, "groups": ["jk"],
        },
    }  # fmt: skip
    tables = {"survei": answers, "lain": pd.DataFrame({"pid": ["z1"], "x": [1.0]})}
    result = make_study(tmp_path, declared, tables).result
    found = Found(result.rows, result.remarks)
    assert (found.enrolled, found.at("barriers/*")[0]["n"]) == (None, 30)
    assert found.reason
    rows = {(r["group"], r["subject"]): r["n"] for r in found.at("barriers/*/*/*")}
    assert (rows["P", "sibuk"], rows["L", "sibuk"]) == (20, 10)


def test_a_small_group_cannot_be_found_by_subtraction(tmp_path: Path) -> None:
    found = _with_barriers(tmp_path, [30, 10, 2], [50, 50, 20])
    shown = {row["group"]: row["n"] for row in found.at("barriers/sibuk/jk/*")}
    assert shown == {"P": 30, "L": None, "X": None}


def test_what_a_notebook_counts_is_what_the_report_counts(tmp_path: Path) -> None:
    sizes = [50, 40, 7]
    found = _with_barriers(tmp_path, [30, 10, 1], sizes).at("barriers/*/jk/*")
    groups = [level for level, n in zip("PLX", sizes, strict=True) for _ in range(n)]
    by_hand = el.barriers(_barriers([30, 10, 1], groups).assign(jk=groups), "hambatan", by="jk")
    shown = {(row["subject"], row["group"]): row["n"] for row in found}
    counted = zip(by_hand["barrier"], by_hand["group"], by_hand["n"], strict=True)
    assert shown == {(b, g): None if pd.isna(n) else n for b, g, n in counted}
    assert None in shown.values()


def test_representation_says_who_is_missed(tmp_path: Path) -> None:
    roster = people()
    roster["jk"] = pd.Categorical(["P"] * 60 + ["L"] * 140)
    found = measured(tmp_path, roster, population={"jk": {"P": 500, "L": 500}})
    rows = {row["group"]: row for row in found.at("representation/jk/*")}
    assert (rows["P"]["note"], rows["L"]["note"]) == ("terlalu sedikit", "terlalu banyak")
    assert rows["P"]["share"] == 60 / 180
    assert rows["P"]["population_share"] == 0.5


def test_dropout_reasons_hide_the_few(tmp_path: Path) -> None:
    roster = people()
    left = (roster["daftar"] & ~roster["selesai"]).to_numpy(bool)
    reason = np.full(200, "sibuk", dtype=object)
    reason[np.flatnonzero(left)[:3]] = "mutasi"
    roster["alasan"] = pd.Categorical(reason)
    found = measured(tmp_path, roster, {"dropout_reason": "alasan"})
    assert all(row["reason"] == "small_cell" for row in found.at("dropout_reasons/*"))


def test_the_most_frequent_reason_to_leave_stands_first(tmp_path: Path) -> None:
    roster = people()
    left = np.flatnonzero((roster["daftar"] & ~roster["selesai"]).to_numpy(bool))
    reason = np.full(200, "b sibuk", dtype=object)
    reason[left[:6]], reason[left[6:14]] = "a mutasi", "c sakit"
    roster["alasan"] = pd.Categorical(reason)
    found = measured(tmp_path, roster, {"dropout_reason": "alasan"}).at("dropout_reasons/*")
    assert [row["n"] for row in found] == [len(left) - 14, 8, 6]


def test_each_wave_says_how_many_of_the_enrolled_were_measured(tmp_path: Path) -> None:
    """And where not all of them can have enrolled, there is a count and no share."""
    pid = people(60)["pid"]
    for n, shares in ((40, [40 / 54, 30 / 54]), (58, [None, 30 / 54])):
        waves = {"pra": pd.DataFrame({"pid": pid[:n], "m1": [3.0, 4.0] * (n // 2)}),
                 "pasca": pd.DataFrame({"pid": pid[:30], "m1": [3.0, 4.0] * 15})}  # fmt: skip
        found = measured(
            tmp_path / str(n), people(60), tables=waves,
            sources={
                "pegawai": survey(ROSTER, role="roster"),
                "pra": survey({"m1": "item"}, wave="pre"),
                "pasca": survey({"m1": "item"}, wave="post"),
            },
            scales={"s": {"points": 5}},
            instruments={"motivasi": {"label": "Motivasi", "scale": "s", "items": ["m1"]}},
        )  # fmt: skip
        rows = wide(found.rows, "sample/waves/*")
        assert [(r["wave"], r["n"]) for r in rows] == [("pre", n), ("post", 30)]
        assert [r["share"] for r in rows] == shares


def test_motivation_before_and_after(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    before = rng.integers(2, 5, (40, 2)).astype(float)
    after = np.clip(before + rng.integers(0, 2, (40, 2)), 1, 5)
    pid = [f"p{i:03d}" for i in range(40)]
    tables = {
        "pra": pd.DataFrame({"pid": pid, "m1": before[:, 0], "m2": before[:, 1]}),
        "pasca": pd.DataFrame({"pid": pid[::-1], "m1": after[::-1, 0], "m2": after[::-1, 1]}),
    }
    items = {"m1": "item", "m2": "item"}
    (found,) = measured(
        tmp_path,
        people(40),
        {"motivation": "motivasi"},
        sources={
            "pegawai": survey(ROSTER, role="roster"),
            "pra": survey(items, wave="pre"),
            "pasca": survey(items, wave="post"),
        },
        scales={"s": {"points": 5}},
        instruments={"motivasi": {"label": "Motivasi", "scale": "s", "items": ["m1", "m2"]}},
        tables=tables,
    ).at("motivation")
    assert found["n"] == 40
    assert found["mean_before"] == pytest.approx(before.mean())
    assert found["change"] == pytest.approx((after - before).mean())
    assert found["change_low"] < found["change"] < found["change_high"]


@pytest.mark.parametrize("n", [6, 11, 24, 57, 103])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_number_of_a_few_persons_is_shown(tmp_path: Path, n: int, seed: int) -> None:
    plan = {"drivers": ["beban", "tahu", "jk"], "groups": ["jk", "instansi"]}
    plan["dropout_reason"] = "alasan"
    margins = {"jk": {"P": 500, "L": 500}, "instansi": {f"I{i}": 10 for i in range(17)}}
    found = measured(tmp_path, people(n, seed), plan, population=margins)
    counted = {"n", "enrolled", "started", "completed"}
    shown = [(row.id, row.n) for row in found.rows]
    shown += [(row.id, row.value) for row in found.rows if row.measure in counted]
    assert [item for item in shown if item[1] is not None and 0 < item[1] < 5] == []


def test_the_figure_of_drivers_says_what_it_shows(tmp_path: Path) -> None:
    found = measured(tmp_path, people(600), {"drivers": ["beban", "jk"]})
    drivers = [*found.at("drivers/beban"), *found.at("drivers/jk/*")]
    figure = plot_drivers(drivers, found.remarks)
    assert figure is not None
    assert figure.answer == drivers[0]["note"]
    assert "beban: 4 dibandingkan dengan 2" in figure.alt
    unclear = plot_drivers(drivers[1:])
    assert unclear is not None
    assert "tidak berarti bahwa perbedaannya tidak ada" in unclear.answer
    assert plot_drivers(()) is None
