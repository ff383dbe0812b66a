"""Strengths, weaknesses, recommendations: each says only what its evidence holds."""

from __future__ import annotations

from typing import Any

import pytest

from evaluasi_lib.findings import conclude
from evaluasi_lib.findings.pointers import as_document, pointer, resolve
from evaluasi_lib.wording import set_language
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
    set_language("en")
    yield
    set_language("id")


def ids(findings):
    return {f.id for f in findings}


def test_every_finding_has_evidence_that_resolves_to_something():
    result = conclude(*make(**RICH), None)
    document = as_document(result)
    assert result.strengths
    assert result.weaknesses
    for finding in result.strengths + result.weaknesses:
        assert finding.evidence
        assert 0 <= finding.score <= 1
        for path in finding.evidence:
            assert resolve(document, path) is not None, path


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
    set_language("id")
    result = conclude(program, measured, None)
    (advice,) = [r for r in result.recommendations if r.addresses[0].startswith("module.")]
    assert "keterampilan digital" in advice.text
    assert "42%" in advice.text
    assert "35% s.d. 49%" in advice.text


def test_priority_is_impact_times_feasibility_and_orders_the_list():
    result = conclude(*make(**RICH), None)
    assert all(
        r.priority == r.details["impact"] * r.details["feasibility"] for r in result.recommendations
    )
    priorities = [r.priority for r in result.recommendations]
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
    assert "reliability.kepuasan" in ids(result.strengths)
    assert "reliability.kepuasan" not in ids(result.weaknesses)


def test_pointers_escape_and_refuse_what_is_not_there():
    document = {"a/b": [{"c~d": 1}]}
    assert resolve(document, pointer("a/b", 0, "c~d")) == 1
    for wrong in ("/a~1b/1", "/x", "/a~1b/0/c", "a"):
        with pytest.raises(KeyError):
            resolve(document, wrong)
