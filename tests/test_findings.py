"""Strengths, weaknesses, recommendations: each says only what its evidence holds."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import evaluasi_lib as el
from evaluasi_lib.findings import conclude
from evaluasi_lib.findings.verdict import read_catalogue
from evaluasi_lib.measures import record_rows
from evaluasi_lib.reporting.tables import table_grounds
from tests.situations import make, scale

RICH: dict[str, Any] = dict(  # noqa: C408
    outcomes=[
        {"estimate": 0.5, "se": 0.1},
        {"estimate": 0.0, "se": 0.05},
        {"estimate": 0.2, "se": 0.3},
        {"estimate": -0.9, "se": 0.1},
        {"estimate": None, "se": None, "reason": "tidak ada gelombang awal."},
        {"outcome": "kinerja", "estimate": -5.0, "se": 0.1, "role": "sensitivity"},
    ],
    ratings=1, completion=0.4, cost=9e6, bcr=0.5, absorption=0.5, response=0.3, alpha=0.5,
    agreement=["divergent", "convergent", "silent"],
    barriers={"beban_kerja": 0.6, "jarak": 0.4, "hal_kecil": None, "jarang": 0.01},
    modules={"keterampilan_digital": 0.42, "bahasa": 0.25, "lain": 0.02},
    themes={"jadwal": (0.4, -0.5), "fasilitator": (0.5, 0.6), "samar": (0.4, None)},
    thresholds={"max_cost_per_completer_idr": 5e6},
)  # fmt: skip


@pytest.fixture(autouse=True)
def _english():
    el.set_language("en")
    yield
    el.set_language("id")


def ids(findings):
    return {f.id for f in findings}


def test_every_finding_rests_on_measures_that_are_there():
    result = conclude(*make(**RICH), None)
    known = {row.id for row in result.rows}
    assert result.strengths
    assert result.weaknesses
    for finding in result.strengths + result.weaknesses:
        assert finding.evidence
        assert 0 <= finding.score <= 1
        assert set(finding.evidence) <= known


def test_findings_are_ranked_by_score():
    result = conclude(*make(**RICH), None)
    for findings in (result.strengths, result.weaknesses):
        assert [f.score for f in findings] == sorted((f.score for f in findings), reverse=True)


def test_every_recommendation_addresses_a_weakness_and_every_weakness_has_one():
    result = conclude(*make(**RICH), None)
    addressed = {a for r in result.recommendations for a in r.addresses}
    assert all(r.addresses for r in result.recommendations)
    assert addressed == ids(result.weaknesses)


def test_numbers_that_are_null_or_small_never_become_statements():
    result = conclude(*make(**RICH), None)
    found = ids(result.weaknesses) | ids(result.strengths)
    assert not found & {"barrier.hal_kecil", "barrier.jarang", "theme.samar", "module.lain"}


def test_that_nothing_holds_people_back_is_no_weakness():
    """“45% of respondents are held back by: No barriers”."""
    found = conclude(*make(barriers={"tidak_ada": 0.45, "beban_kerja": 0.5}), None).weaknesses
    assert "barrier.beban_kerja" in ids(found)
    assert "barrier.tidak_ada" not in ids(found)


def test_only_primaries_count():
    result = conclude(*make(**RICH), None)
    assert "effect.kinerja" in ids(result.strengths)
    assert "harm.kinerja" not in ids(result.weaknesses)


def test_inconclusive_is_never_no_effect():
    result = conclude(*make([{"estimate": 0.2, "se": 0.3}]), None)
    (weakness,) = [w for w in result.weaknesses if w.id == "unclear.kinerja"]
    assert "no proof that nothing changed" in weakness.statement
    assert result.verdict.decision == "insufficient_evidence"
    assert not any("no meaningful" in r for r in result.verdict.reasons)


@pytest.mark.parametrize(("estimate", "direction"), [(0.5, "higher"), (-0.5, "lower")])
def test_a_single_group_shows_change_never_effect(estimate, direction):
    outcome = {"estimate": estimate, "se": 0.1, "claim": "change", "direction": direction}
    result = conclude(*make([outcome], ratings=0), None)
    (strength,) = [s for s in result.strengths if s.id == "effect.kinerja"]
    assert "no proof of what caused it" in strength.statement
    texts = [strength.statement, *result.verdict.reasons]
    assert not any(word in t for t in texts for word in ("raised", "lowered", "effect"))


def test_weak_evidence_caps_the_words_of_an_effect():
    weak = conclude(*make(ratings=1), None)
    firm = conclude(*make(ratings=5), None)
    assert "other causes are possible" in weak.strengths[0].statement
    assert firm.strengths[0].statement.startswith("The program raised")


def test_many_who_want_digital_skills_lead_to_that_module_with_share_and_interval():
    program, measured = make(modules={"keterampilan_digital": 0.42})
    el.set_language("id")
    result = conclude(program, measured, None)
    (advice,) = [r for r in result.recommendations if r.addresses[0].startswith("module.")]
    assert "keterampilan digital" in advice.text
    assert "42%" in advice.text
    assert "35% s.d. 49%" in advice.text


def test_priority_is_impact_times_feasibility_and_orders_the_list():
    result = conclude(*make(**RICH), None)
    by_id = {rule.id: rule for rule in read_catalogue()}
    for r in result.recommendations:
        rule = by_id[r.id.partition(".")[0]]
        impact = 1 + sum(r.score >= least for least in (0.3, 0.45, 0.55, 0.7))
        assert r.priority == impact * rule.feasibility
    priorities = [r.priority for r in result.recommendations if not r.id.startswith("keep-")]
    assert priorities == sorted(priorities, reverse=True)
    assert all(r.owner and r.due and str(r.due) > "2025-06-30" for r in result.recommendations)


def test_reordering_outcomes_changes_nothing_but_the_pointers():
    specs = RICH["outcomes"][:4]
    specs = [{"outcome": f"o{i}", **s} for i, s in enumerate(specs)]
    one, other = (conclude(*make(order), None) for order in (specs, specs[::-1]))
    assert [(w.id, w.statement, w.score) for w in one.weaknesses] == [
        (w.id, w.statement, w.score) for w in other.weaknesses
    ]
    assert one.verdict.decision == other.verdict.decision


def test_unreliable_scale_is_a_weakness_at_its_last_wave():
    scales = (scale(alpha=0.5, wave="pre"), scale(alpha=0.9, wave="post"))
    result = conclude(*make(scales=scales), None)
    assert "reliability.kepuasan" not in ids(result.weaknesses)
    late = conclude(*make(scales=(scale(alpha=0.9, wave="pre"), scale(alpha=0.5))), None)
    assert "reliability.kepuasan" in ids(late.weaknesses)


def test_a_good_alpha_is_no_strength_of_the_program():
    result = conclude(*make(scales=(scale(alpha=0.95),)), None)
    assert not [finding for finding in ids(result.strengths) if finding.startswith("reliability")]


@pytest.mark.parametrize(
    ("id", "score"),
    [
        ("barrier.beban_kerja", 0.3 + 0.6 * 0.6), ("module.bahasa", 0.3 + 0.5 * 0.25),
        ("completion.program", 0.5 + 0.3), ("cost.completer", 0.5 + 0.5 * 0.8),
        ("budget.program", 0.3 + 0.5), ("response.program", 0.4), ("theme.jadwal", 0.45),
        ("evidence.rating", 0.45), ("divergence.0", 0.45), ("flat.kinerja2", 0.8 * 0.9),
        ("unclear.kinerja3", 0.6 * 0.9), ("unmeasured.kinerja5", 0.6 * 0.9),
        ("harm.kinerja4", 1.0), ("reliability.alat_kinerja", 0.6),
    ],
)  # fmt: skip
def test_scores_are_those_of_the_written_rules(id, score):
    (found,) = [w for w in conclude(*make(**RICH), None).weaknesses if w.id == id]
    assert found.score == pytest.approx(score)


def test_what_is_important_and_rated_low_comes_first():
    items = {"Puas? [Jadwal]": (2.0, 4.0), "Puas? [Fasilitator]": (4.0, 4.0)}
    result = conclude(*make(scales=(scale(items=items),)), None)
    (weak,) = [w for w in result.weaknesses if w.id.startswith("item.")]
    assert "“Jadwal”" in weak.statement
    assert weak.evidence == ("scales/kepuasan/post/program/Puas? [Jadwal]/performance",)
    assert any("“Jadwal”" in r.text for r in result.recommendations if weak.id in r.addresses)


def test_access_gaps_are_found_by_representation_and_by_completion():
    program, measured = make()
    row = {"label": "Eselon IV", "share": 0.2, "ci_low": 0.15, "ci_high": 0.26,
           "population_share": 0.32}  # fmt: skip
    place = ["participation", "representation", "eselon", "IV"]
    rows = record_rows(row, place, "share:ci population_share", group="IV")
    access = [
        row
        for label, share in (("WIB", 0.8), ("WIT", 0.5))
        for row in record_rows({"completed_share": share, "p": 0.01, "label": label},
                               ["elearning", "access", "zona", label], "completed_share::p",
                               group=label)
    ]  # fmt: skip
    measured = dataclasses.replace(
        measured,
        rows=(*measured.rows, *rows, *access),
    )
    result = conclude(program, measured, None)
    found = {w.id: w for w in result.weaknesses}
    assert "20%" in found["access.eselon.IV"].statement
    assert "“WIT” completes" in found["access.elearning.zona"].statement
    advice = {a: r.text for r in result.recommendations for a in r.addresses}
    assert "“Eselon IV”" in advice["access.eselon.IV"]
    assert "“WIT”" in advice["access.elearning.zona"]
    assert "“WIB”" not in advice["access.elearning.zona"]


def test_costs_above_the_limit_name_what_drives_them():
    program, measured = make(cost=6e6, thresholds={"max_cost_per_completer_idr": 5e6})
    spent = [
        row for name, share in (("honor", 0.3), ("perjalanan", 0.7))
        for row in record_rows({"share_of_total": share}, ["efficiency", "costs", name],
                               "share_of_total", label=name.title())
    ]  # fmt: skip
    measured = dataclasses.replace(measured, rows=(*measured.rows, *spent))
    result = conclude(program, measured, None)
    (driver,) = [w for w in result.weaknesses if w.id.startswith("spending.")]
    assert driver.id == "spending.perjalanan"
    assert driver.evidence == ("efficiency/costs/perjalanan/share_of_total",)


def test_each_recommendation_names_what_to_watch_and_its_value_now():
    result = conclude(*make(**RICH), None)
    watched = {r.id: r.watch for r in result.recommendations}
    assert watched["help-finish"] == ("completion: 40%",)
    assert watched["protect-learning-time"] == ("“beban kerja”: 60%",)
    assert watched["stop-harm"] == ("“Kinerja4”: −0.90",)
    assert watched["lower-cost"] == ("cost per completer: Rp9,000,000",)
    assert watched["mend-instrument"][0] == "“Alat_kinerja” (alpha): 0.50"


def test_the_report_says_what_each_recommendation_answers_and_what_to_watch():
    result = conclude(*make(**RICH), None)
    table = table_grounds(result.recommendations, result.weaknesses, 5)
    first = result.recommendations[0]
    said = {w.id: w.statement for w in result.weaknesses}
    assert said[first.addresses[0]] in table.rows[0][1]
    assert [row[0] for row in table.rows[:2]] == ["1", "2"]
    assert any("completion: 40%" in row[2] for row in table.rows)
