"""Programs side by side, from their result.json: only what is comparable is pooled or priced."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import t

import evaluasi_lib as el
from evaluasi_lib.cli import main
from tests.situations import concluded

GOOD = {"completion": 0.9, "cost": 2e6, "barriers": {"beban": 0.5}}


def report(id="a", *outcomes, sure=None, about=(), **given):
    """A result.json as the report writes it. sure: the stability of its verdict."""
    specs = [{"effect_size_g": (o.get("estimate", 0.5), -0.1, 1.0)} | o for o in outcomes or ({},)]
    result = concluded(outcomes=specs, id=id, language="id", **given)
    result["program"] |= {"title": f"Program {id}", **dict(about)}
    for row in result["measures"] if sure else ():
        row["value"] = sure if row["id"] == "verdict/stability/share" else row["value"]
    return result


def write(folder, results):
    """The folder of the reports of programs, whose program.yml cannot be read."""
    for result in results:
        id = result["program"]["id"]
        for name, text in (("raw/{}/program.yml", "<nip>: 1"),
                           ("reports/{}/result.json", json.dumps(result))):  # fmt: skip
            path = folder / name.format(id)
            path.parent.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")
    return folder / "reports"


@pytest.fixture
def beside(tmp_path_factory):
    """The chapters over several programs, and their tables and pictures by id."""

    def compared(*results, language="id"):
        folder = tmp_path_factory.mktemp("data")
        (folder / "raw").mkdir()
        try:
            chapters = el.compare_reports(language, folder, write(folder, results))
            return chapters, {e.id: e for c in chapters for e in c.elements if hasattr(e, "id")}
        finally:
            el.set_language("id")

    return compared


def numbers(text):
    """The numbers of an English interval."""
    return [float(x.replace(",", "")) for x in text.replace("−", "-").split(" to ")]


def test_pooling_agrees_with_a_reference_by_hand(beside):
    """Three studies, Paule-Mandel and Hartung-Knapp, solved here by a root search of its own."""
    y, se = np.array([100.0, 400.0, 900.0]), np.array([100.0, 150.0, 200.0])

    def pooled(tau2):
        w = 1 / (se**2 + tau2)
        mean = float(np.sum(w * y) / np.sum(w))
        return mean, float(np.sum(w * (y - mean) ** 2) / np.sum(w))

    tau2 = brentq(lambda x: pooled(x)[1] * np.sum(1 / (se**2 + x)) - 2, 0, 5e6, xtol=1e-9)
    mean, spread = pooled(tau2)
    half = t.ppf(0.975, 2) * np.sqrt(spread / 2)
    reach = t.ppf(0.975, 1) * np.sqrt(tau2 + spread / 2)
    studies = zip("abc", y, se, strict=True)
    results = [report(id, {"estimate": e, "se": s}) for id, e, s in studies]
    _chapters, parts = beside(*results, language="en")
    (row,) = parts["gabungan"].rows
    # statsmodels stops its iteration at 1e-5 of the estimating equation.
    assert numbers(row[4]) == pytest.approx([mean], rel=1e-4)
    assert numbers(row[5]) == pytest.approx([mean - half, mean + half], rel=1e-3)
    assert numbers(row[8]) == pytest.approx([mean - reach, mean + reach], rel=1e-3)


@pytest.mark.parametrize(
    "other", [{"claim": "change"}, {"unit": "persen"}, {"wave": "followup"}, {"level": "learning"},
              {"direction": "lower"}, {"outcome": "lain"}, {"estimate": None, "se": None}, {}],
)  # fmt: skip
def test_what_differs_in_outcome_unit_time_or_claim_is_never_pooled(beside, other):
    _chapters, parts = beside(report("a"), report("b", other))
    assert ("gabungan" in parts) is (other == {})
    # Nor does a picture set outcomes of different programs on one axis.
    assert any(hasattr(e, "svg") for e in parts.values()) is (other == {})


def test_cycles_of_one_series_stand_one_after_the_other(beside):
    specs = (("b", 0.5, "2025", "kursus"), ("a", 0.4, "2024", "kursus"), ("c", 0.3, "2025", None))
    _chapters, parts = beside(*(
        report(id, {"estimate": e}, cycle=year, about={"series": series})
        for id, e, year, series in specs
    ))  # fmt: skip
    assert [row[1] for row in parts["seri"].rows] == ["Program a 2024", "Program b 2025"]


def test_costs_are_compared_on_the_same_outcome_and_unit_only(beside):
    at = {"at": "efficiency/cost_per_effect/kinerja", "label": "Kinerja", "wave": "post"}
    _chapters, parts = beside(*(
        report(id, more=[at | {"unit": unit, "estimate": 5e6}])
        for id, unit in (("a", "poin"), ("b", "poin"), ("c", "persen"))
    ))  # fmt: skip
    shown = [row[1] for row in parts["biaya-sebanding"].rows]
    assert shown == ["Program a 2025", "Program b 2025"]


@pytest.mark.parametrize("language", ["id", "en"])
def test_programs_stand_side_by_side_with_what_they_share(beside, language):
    other = report("b", {"level": "learning"}, ratings=2, **GOOD)
    good = report("a", **GOOD)
    chapters, parts = beside(good, other, report("c", cost=1e6), language=language)
    rows = parts["berdampingan"].rows
    assert [row[2] for row in rows] == ["4", "2", "4"]
    assert [row[4] for row in rows] == ["90%", "90%", "—"]
    shared = [row for row in parts["kelemahan-bersama"].rows if "50%" in row[3]]
    assert [row[1] for row in shared] == ["2"]
    assert [c.id for c in chapters] == ["ringkasan", "pengaruh", "biaya", "gabungan", "kelemahan",
                                        "siklus"]  # fmt: skip
    html = "".join(c.html() for c in chapters)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert not re.search(r"\b(nan|None|inf)\b", re.sub(r'src="[^"]*"', "", html))
    assert html.count("<img") == len(re.findall(r'alt="[^"]+"', html)) > 0


def test_one_program_has_nothing_in_common_and_none_says_what_to_do(beside):
    assert "kelemahan-bersama" not in beside(report("a", **GOOD))[1]
    assert "evaluasi report --all" in beside()[0][0].html()


def test_a_barrier_of_several_programs_is_told_with_its_range_and_never_a_mean(beside):
    results = [report(id, completion=0.9, barriers={"beban": share, "tidak_ada": 0.9})
               for id, share in (("a", 0.4), ("b", 0.5), ("c", 0.62))]  # fmt: skip
    page = beside(*results, report("d"))[0][0].html()
    assert re.search(r"“[^”]*[Bb]eban[^”]*” menghambat 40% s\.d\. 62% responden di 3 dari 4", page)
    assert "51%" not in page  # their mean
    assert page.count("menghambat") == 1  # that nothing does is no barrier
    assert "menghambat" not in beside(results[0], report("d"))[0][0].html()


@pytest.mark.parametrize(
    ("ratings", "word", "shown"),
    [((4, 4), "efek program", "4"), ((3, 3), "kemungkinan efek program", "3"),
     ((0, 0), "selisih; buktinya lemah", "0"), ((4, 1), "selisih; buktinya lemah", "1–4")],
)  # fmt: skip
def test_what_an_estimate_is_called_follows_the_rating_beside_it(beside, ratings, word, shown):
    """A mean over programs is called what the weakest of them may be called."""
    results = [report(id, ratings=n) for id, n in zip("ab", ratings, strict=True)]
    chapters, parts = beside(*results)
    told = [parts["gabungan"].rows[0], parts["pengaruh-behaviour"].rows[-1]]
    assert all(word in row for row in told)
    assert [row[i] for row, i in zip(told, (2, -1), strict=True)] == [shown, str(ratings[1])]
    nothing = "menyebut satu pun perubahan sebagai efek program" in chapters[0].html()
    assert nothing is (max(ratings) == 0)


def test_no_table_or_picture_orders_programs_by_the_size_of_their_effects(beside):
    """A program of 1976 is not better or worse than one of 2025."""

    def order(*sizes):
        programs = zip("abc", ("2025", "1976", "2024"), sizes, strict=True)
        _chapters, parts = beside(*(
            report(id, {"estimate": size}, cycle=year) for id, year, size in programs
        ))  # fmt: skip
        return [
            [row[0] for row in e.rows] if hasattr(e, "rows")
            else re.findall(r"Program \w \d{4}", e.alt)
            for e in parts.values()
        ]  # fmt: skip

    assert order(0.1, 0.5, 0.9) == order(0.9, 0.5, 0.1) == order(0.5, 0.9, 0.1)


def test_a_verdict_never_stands_without_how_sure_it_is(beside):
    """“Program dilanjutkan” of 45% of the repetitions stood bare on every page."""
    page = beside(report("a", sure=0.45, **GOOD), report("b", sure=0.9, **GOOD))[0][0].html()
    assert "belum mantap: hanya sama dalam 45%" in page
    assert "(sama dalam 90% pengulangan)" in page


def test_the_index_names_every_program_its_files_its_verdict_and_why_it_failed(tmp_path):
    dates = {"period_start": "2025-02-10", "period_end": "2025-05-23", "reported": "2025-10-01"}
    weak = report("b")
    weak["verdict"] |= {"decision": "adjust", "provisional": True}
    out = write(tmp_path, [report("a", sure=0.45, about=dates, **GOOD), weak, report("c")])
    (out / "c" / "result.json").unlink()
    for name in ("a/laporan.html", "a/report.html", "a/lampiran.xlsx", "a/appendix.xlsx",
                 "_portofolio/laporan.html", "_portofolio/report.html"):  # fmt: skip
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).touch()
    assert main(["report", "b", "c", "--data", str(tmp_path), "--out", str(out)]) == 1
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.startswith('<!DOCTYPE html>\n<html lang="id">')
    assert page.count("<h1>") == 1
    assert "http" not in page.replace("http-equiv", "")
    assert 'href="c/' not in page
    for said in (
        'href="a/laporan.html"', 'href="_portofolio/laporan.html"', "&lt;nip&gt;", "1 Oktober 2025",
        'href="_portofolio/report.html" hreflang="en"', "10 Februari 2025 s.d. 23 Mei 2025",
        "belum mantap: hanya sama dalam 45%", "untuk sementara",
    ):  # fmt: skip
        assert said in page
    (row,) = [row for row in page.split("<tr>") if "Program a" in row]
    own, english = row.split('<span lang="en">English</span>')
    assert "Bahasa Indonesia" in own
    files = re.findall(r">(\S+)</a>", english.split("</th>")[0])
    assert files == ["report.html", "appendix.xlsx"]
