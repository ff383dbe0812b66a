"""Programs side by side: only what is comparable is pooled or priced."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import evaluasi_lib as el
from evaluasi_lib.findings import conclude
from evaluasi_lib.portfolio import (
    common_weaknesses,
    comparable,
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
    assert [r["evidence"] for r in side_by_side(results)] == ["4", "2"]
    (shared,) = [w for w in common_weaknesses(results) if w["kind"] == "barrier"]
    assert len(shared["programs"]) == 2
    assert common_weaknesses([results[0]]) == []


# What programs have in common, and what may be said of each


def _sure(result, share):
    """The same report with another stability of its verdict."""
    for row in result["measures"]:
        if row["id"] == "verdict/stability/share":
            row["value"] = share
    return result


def summary(results):
    return portfolio_sections(results)[0].html()


def test_a_barrier_of_several_programs_is_told_with_its_range_and_never_a_mean():
    results = [report(id, completion=0.9, barriers={"beban": share, "tidak_ada": 0.9})
               for id, share in (("a", 0.4), ("b", 0.5), ("c", 0.62))]  # fmt: skip
    page = summary([*results, report("d")])
    assert re.search(r"“[^”]*[Bb]eban[^”]*” menghambat 40% s\.d\. 62% responden di 3 dari 4", page)
    assert "51%" not in page  # their mean
    assert "tidak_ada” menghambat" not in page.lower().replace(" ", "_")
    alone = summary([results[0], report("d")])
    assert "menghambat" not in alone


@pytest.mark.parametrize(("rating", "word"), [(4, "efek program"), (3, "kemungkinan efek program"),
                                              (0, "selisih; buktinya lemah")])  # fmt: skip
def test_what_an_estimate_is_called_follows_its_rating_which_stands_beside_it(rating, word):
    sections = portfolio_sections([report("a", ratings=rating), report("b", ratings=rating)])
    tables = {e.id: e for s in sections for e in s.elements if hasattr(e, "rows")}
    for id in ("pengaruh-behaviour", "gabungan"):
        for row in tables[id].rows:
            assert word in row
            assert str(rating) in row
    assert ("menyebut satu pun perubahan sebagai efek program" in sections[0].html()) is (
        rating == 0
    )


def test_a_mean_over_programs_is_called_what_the_weakest_of_them_may_be_called():
    (pooled,) = [pool(g) for g in comparable([report("a", ratings=4), report("b", ratings=1)])]
    assert pooled.claim == "selisih; buktinya lemah"
    assert pooled.ratings == "1–4"


def test_no_table_or_picture_orders_programs_by_the_size_of_their_effects():
    """A program of 1976 is not better or worse than one of 2025."""

    def rows(sizes):
        results = [report(id, [{"estimate": size}], cycle=year)
                   for (id, year), size in zip((("a", "2025"), ("b", "1976"), ("c", "2024")), sizes,
                                               strict=True)]  # fmt: skip
        found = [e for s in portfolio_sections(results) for e in s.elements]
        tables = [[row[0] for row in e.rows] for e in found if hasattr(e, "rows")]
        pictures = [re.findall(r"Program \w \d{4}", e.alt) for e in found if hasattr(e, "svg")]
        return tables, pictures

    assert rows((0.1, 0.5, 0.9)) == rows((0.9, 0.5, 0.1)) == rows((0.5, 0.9, 0.1))


def test_no_picture_sets_outcomes_of_different_programs_on_one_axis():
    results = [report("a", [{"outcome": "gaji"}]), report("b", [{"outcome": "kinerja"}])]
    assert not [e for s in portfolio_sections(results) for e in s.elements if hasattr(e, "svg")]


@pytest.mark.parametrize(("share", "said"), [(0.45, "belum mantap: hanya sama dalam 45%"),
                                             (0.9, "(sama dalam 90% pengulangan)")])  # fmt: skip
def test_a_verdict_never_stands_without_how_sure_it_is(share, said):
    """“Program dilanjutkan” of 45% of the repetitions stood bare on every page."""
    result = _sure(report("a", **GOOD), share)
    assert said in summary([result, report("b")])
    assert said in index_html([{"program_id": "a", "result": result, "failure": None}])


def test_the_index_names_the_dates_and_the_language_of_each_file():
    result = report("a")
    result["program"] |= {"period_start": "2025-02-10", "period_end": "2025-05-23",
                          "reported": "2025-10-01"}  # fmt: skip
    files = ["laporan.html", "report.html", "lampiran.xlsx", "appendix.xlsx"]
    entry = {"program_id": "a", "result": result, "failure": None, "files": files}
    page = index_html([entry], ["_portofolio/laporan.html", "_portofolio/report.html"])
    assert "10 Februari 2025 s.d. 23 Mei 2025" in page
    assert "1 Oktober 2025" in page
    own, english = page.rsplit('<span lang="en">English</span>', 1)
    assert "Bahasa Indonesia" in own
    assert re.findall(r">(\S+)</a>", english.split("</th>")[0]) == ["report.html", "appendix.xlsx"]
    assert 'href="_portofolio/report.html" hreflang="en"' in page


def test_a_verdict_on_weak_evidence_is_provisional_on_the_index_too():
    result = report("a", [{"claim": "change"}], ratings=0, completion=0.2)
    result["verdict"] |= {"decision": "adjust", "provisional": True}
    assert "untuk sementara" in index_html([{"program_id": "a", "result": result, "failure": None}])


# Pages


@pytest.mark.parametrize("code", ["id", "en"])
def test_the_report_over_all_programs_has_its_sections(code):
    el.set_language(code)
    try:
        sections = portfolio_sections([report("a", **GOOD), report("b", **GOOD), report("c", [])])
        html = "".join(s.html() for s in sections)
    finally:
        el.set_language("id")
    assert [s.id for s in sections] == [
        "ringkasan", "pengaruh", "biaya", "gabungan", "kelemahan",
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
        ["_portofolio/laporan.html"],
    )
    assert page.startswith('<!DOCTYPE html>\n<html lang="id">')
    assert 'href="a/laporan.html"' in page
    assert 'href="c/' not in page
    assert 'href="_portofolio/laporan.html"' in page
    assert "kolom &lt;nip&gt; hilang" in page
    assert "program.yml rusak" in page
    assert page.count("<h1>") == 1
    assert "http" not in page.replace("http-equiv", "")
