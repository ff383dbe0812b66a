"""Where groups differ: found beside its consequence, adjusted for the number of looks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.made_studies import make_study, survey
from tests.test_elearning import START

SLOW = {"WIB": (41, 168), "WITA": (18, 85), "WIT": (35, 56)}  # named it, answered
DONE = {"WIB": (112, 168), "WITA": (65, 85), "WIT": (24, 56)}  # completed, enrolled


def flags(counts):
    return np.concatenate([np.arange(whole) < n for n, whole in counts.values()])


def found(folder, groups=DONE, barriers=None, clicks=None, **declaration):
    """The program of persons in zones (of whom so many completed), with the barriers that they
    named (option -> counts by zone) and minutes of their clicks on the platform."""
    sizes = [whole for _n, whole in groups.values()]
    people = pd.DataFrame({"zone": np.repeat(list(groups), sizes), "done": flags(groups)})
    people["pid"] = [f"p{i}" for i in range(len(people))]
    tables = {"people": people}
    sources = {"people": survey({"zone": "category", "done": "flag"}, role="roster")}
    plan = {"completed": "done", "groups": ["zone"]}
    if barriers:
        options = {name: name.title() for name in barriers} | {"tidak_ada": "Tidak ada"}
        multi = {"from": "h", "type": "multi", "options": options}
        sources["survey"] = {"columns": {"h": multi}}
        plan["barriers"] = {"source": "survey", "variable": "h"}
        named = {f"h__{name}": flags(counts) for name, counts in barriers.items()}
        named["h__tidak_ada"] = ~np.any(list(named.values()), axis=0)
        tables["survey"] = people[["pid"]].assign(**named)
    if clicks is not None:
        times = zip(people["pid"], clicks, strict=True)
        rows = [(pid, START + pd.Timedelta(minutes=m), "seen", "M1", "web")
                for pid, minutes in times for m in minutes]  # fmt: skip
        tables["log"] = pd.DataFrame(rows, columns=["pid", "time", "event", "module", "origin"])
        sources["log"] = survey({}, role="events")
        declaration["elearning"] = {"events": "log"}
    declared = {"design": {"type": "single_group"}, "roster": "people", "sources": sources,
                "participation": plan} | declaration  # fmt: skip
    result = make_study(folder, declared, tables, "en").result
    return {w.id: w for w in result.weaknesses}, result.recommendations


def test_what_holds_a_group_back_meets_how_it_completes(tmp_path):
    weaknesses, advice = found(tmp_path, barriers={"internet": SLOW}, clicks=[[0]] * 309)
    weakness = weaknesses["access.elearning.zone"]
    assert "“WIT” completes the e-learning less often (43%) than “WITA” (76%)" in weakness.statement
    more = "“Internet” is named most often as well: by 62%, elsewhere by 21% to 24%."
    assert more in weakness.statement
    assert weakness.evidence[-1] == "participation/barriers/internet/zone/WIT/share"
    (said,) = [r.text for r in advice if weakness.id in r.addresses]
    assert "Begin with what is named most often there: “Internet” (62%)." in said
    assert "pattern.internet.zone" not in weaknesses


def test_a_barrier_of_one_group_is_told_where_nothing_follows_from_it(tmp_path):
    """By zone, and by whether the program was completed."""
    weaknesses, _advice = found(tmp_path / "a", barriers={"internet": SLOW})
    said = weaknesses["pattern.internet.zone"].statement
    assert "by “WIT” (62%) and least by “WITA” (21%)" in said
    assert "pattern.tidak_ada.zone" not in weaknesses  # that nothing holds one back is no barrier
    stopped = {"a": (0, 100), "b": (300, 300)}
    weaknesses, _advice = found(
        tmp_path / "b", stopped, {"internet": {"a": (60, 100), "b": (60, 300)}}
    )
    said = weaknesses["pattern.internet.completed"].statement
    assert "those who did not complete the program (60%)" in said


ALIKE = {"x": (10, 60), "y": (10, 60)}


@pytest.mark.parametrize("others", [0, 19])
def test_looks_are_adjusted_for(tmp_path, others):
    """One look at p of about 0.01 is clear; the same among twenty looks is not."""
    flat = {f"b{i}": {"x": (20, 60), "y": (20, 60)} for i in range(others)}
    barriers = {"a": {"x": (30, 60), "y": (17, 60)}} | flat
    weaknesses, _advice = found(tmp_path, ALIKE, barriers)
    assert ("pattern.a.zone" in weaknesses) == (others == 0)


def test_hidden_groups_are_not_looked_at_and_noise_is_rarely_a_pattern(tmp_path):
    """In one of twenty programs without a difference one is found; in more than four of twelve in
    3 of 10,000 runs."""
    hidden = {"privacy": {"min_cell": 200}}
    weaknesses, _advice = found(tmp_path / "hidden", barriers={"internet": SLOW}, **hidden)
    assert "pattern.internet.zone" not in weaknesses
    rng, false = np.random.default_rng(20250101), 0
    for draw in range(12):
        noise = {f"b{i}": {x: (rng.binomial(60, 0.4), 60) for x in ALIKE} for i in range(5)}
        weaknesses, _advice = found(tmp_path / str(draw), ALIKE, noise)
        false += any(name.startswith("pattern.") and "zone" in name for name in weaknesses)
    assert false <= 4


def test_use_is_searched_too(tmp_path):
    groups = {"WIB": (150, 307), "WIT": (56, 115)}
    used = flags({"WIB": (300, 307), "WIT": (70, 115)})
    weaknesses, _advice = found(tmp_path, groups, clicks=[[0] if yes else [] for yes in used])
    said = weaknesses["access.use.zone"].statement
    assert "“WIT” uses the platform less often (61%) than “WIB” (98%)" in said


@pytest.mark.parametrize(("minutes", "remarked"), [(138, True), (900, False), (2600, True)])
def test_hours_that_are_hard_to_believe_are_remarked_upon(tmp_path, minutes, remarked):
    clicks = [[*range(0, minutes, 20), minutes]] * 12
    costs = {"price_year": 2025, "items": [], "training_hours_jp": 24}
    weaknesses, advice = found(tmp_path, {"WIB": (6, 12)}, clicks=clicks, costs=costs)
    assert ("implausible.time" in weaknesses) is remarked
    if minutes == 138:
        said = weaknesses["implausible.time"].statement
        assert "138 minutes" in said
        assert "24 training hours (1,080 minutes)" in said
        assert any("implausible.time" in r.addresses for r in advice)
