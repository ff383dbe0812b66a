"""Programs side by side: only what is comparable is pooled or priced."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from evaluasi_lib import wording
from evaluasi_lib.findings import conclude
from evaluasi_lib.portfolio import (
    common_weaknesses,
    comparable,
    evidence_map,
    pool,
    portfolio_sections,
    side_by_side,
)
from evaluasi_lib.reporting.index import index_html
from evaluasi_lib.results import result_json
from tests.situations import make


def report(id="a", outcomes=None, **keys):
    """A result.json as the report writes it."""
    specs = [
        {"effect_size_g": o.get("estimate", 0.5), "g_ci_low": -0.1, "g_ci_high": 1.0} | o
        for o in ([{}] if outcomes is None else outcomes)
    ]
    program, measured = make(specs, id=id, **keys)
    text = result_json(conclude(program, measured, None))
    data = json.loads(text)
    data["program"]["title"] = f"Program {id}"
    data["provenance"]["parameters"] = {"language": "id"}
    return data


GOOD = {"completion": 0.9, "cost": 2e6, "barriers": {"beban": 0.5}}


# Pooling


def test_pooling_agrees_with_a_reference_by_hand():
    """Three studies, Paule-Mandel and Hartung-Knapp, solved here by a root search of its own."""
    from scipy.optimize import brentq
    from scipy.stats import t

    y, se = np.array([0.1, 0.4, 0.9]), np.array([0.1, 0.15, 0.2])

    def excess(tau2):
        w = 1 / (se**2 + tau2)
        return float(np.sum(w * (y - np.sum(w * y) / np.sum(w)) ** 2)) - 2

    tau2 = brentq(excess, 0, 5, xtol=1e-14)
    w = 1 / (se**2 + tau2)
    mean = np.sum(w * y) / np.sum(w)
    half = t.ppf(0.975, 2) * np.sqrt(np.sum(w * (y - mean) ** 2) / (2 * np.sum(w)))
    results = [
        report(f"p{i}", [{"estimate": a, "se": s}])
        for i, (a, s) in enumerate(zip(y, se, strict=True))
    ]
    (group,) = comparable(results)
    found = pool(group)
    # statsmodels stops its iteration at 1e-5 of the estimating equation.
    assert found.estimate == pytest.approx(mean, rel=1e-4)
    assert found.tau2 == pytest.approx(tau2, rel=1e-3)
    assert (found.ci_low, found.ci_high) == pytest.approx((mean - half, mean + half), rel=1e-3)
    assert found.prediction_low < found.ci_low


@pytest.mark.parametrize(
    "other", [{"claim": "change"}, {"unit": "persen"}, {"wave": "followup"}, {"level": "learning"},
              {"direction": "lower"}, {"outcome": "lain"}, {"estimate": None, "se": None}],
)  # fmt: skip
def test_what_differs_in_outcome_unit_time_or_claim_is_never_pooled(other):
    assert comparable([report("a"), report("b", [other])]) == []
    assert len(comparable([report("a"), report("b", [{}])])) == 1


def test_cycles_of_one_series_stand_one_after_the_other():
    specs = (("b", 0.5, "2025"), ("a", 0.4, "2024"), ("c", 0.3, "2025"))
    results = [report(id, [{"estimate": e}], cycle=year) for id, e, year in specs]
    for result in results[:2]:
        result["program"]["series"] = "kursus"
    (cycles,) = [s for s in portfolio_sections(results) if s.id == "siklus"]
    (table,) = [e for e in cycles.elements if e.id == "seri"]
    assert [row[1] for row in table.rows] == ["Program a 2024", "Program b 2025"]


# Tables


def test_costs_are_compared_on_the_same_outcome_and_unit_only():
    results = [report("a"), report("b"), report("c")]
    for result, unit in zip(results, ("poin", "poin", "persen"), strict=True):
        row = dict(result["measures"][0])
        row |= {"id": "efficiency/cost_per_effect/kinerja/estimate", "subject": "kinerja",
                "label": "Kinerja", "unit": unit, "wave": "post", "value": 5e6}  # fmt: skip
        result["measures"].append(row)
    (costs,) = [s for s in portfolio_sections(results) if s.id == "biaya"]
    (shared,) = [e for e in costs.elements if e.id == "biaya-sebanding"]
    assert [row[1] for row in shared.rows] == ["Program a 2025", "Program b 2025"]


def test_side_by_side_weaknesses_and_evidence():
    results = [
        report("a", ratings=4, **GOOD),
        report("b", [{"level": "learning"}], ratings=2, **GOOD),
    ]
    assert [r["completion_share"] for r in side_by_side(results)] == [0.9, 0.9]
    assert evidence_map(results) == [[None, None, 4, None], [None, 2, None, None]]
    (shared,) = [w for w in common_weaknesses(results) if w["kind"] == "barrier"]
    assert len(shared["programs"]) == 2
    assert common_weaknesses([results[0]]) == []


# Pages


@pytest.mark.parametrize("code", wording.LANGUAGES)
def test_the_report_over_all_programs_has_its_sections(code):
    wording.set_language(code)
    try:
        sections = portfolio_sections([report("a", **GOOD), report("b", **GOOD), report("c", [])])
        html = "".join(s.html() for s in sections)
    finally:
        wording.set_language("id")
    assert [s.id for s in sections] == [
        "ringkasan", "pengaruh", "biaya", "bukti", "gabungan", "kelemahan",
        "siklus",
    ]  # fmt: skip
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert not re.search(r"\b(nan|None|inf)\b", re.sub(r'src="[^"]*"', "", html))
    assert all(re.findall(r'alt="[^"]+"', html))


def test_no_report_at_all_says_what_to_do():
    (section,) = portfolio_sections([])
    assert "evaluasi report --all" in section.html()


def test_the_index_names_every_program_its_status_and_why_it_failed():
    page = index_html(
        [
            {"program_id": "a", "result": report("a"), "failure": None},
            {"program_id": "b", "result": report("b"), "failure": "kolom <nip> hilang"},
            {"program_id": "c", "result": None, "failure": "program.yml rusak"},
        ],
        "_portofolio/laporan.html",
    )
    assert page.startswith('<!DOCTYPE html>\n<html lang="id">')
    assert 'href="a/laporan.html"' in page
    assert 'href="c/' not in page
    assert 'href="_portofolio/laporan.html"' in page
    assert "kolom &lt;nip&gt; hilang" in page
    assert "program.yml rusak" in page
    assert page.count("<h1>") == 1
    assert "http" not in page.replace("http-equiv", "")
