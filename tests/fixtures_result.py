"""A hand-made result with every part filled, and one with every part missing, for report tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import chain
from types import SimpleNamespace

from evaluasi_lib import results as r
from evaluasi_lib.measures import (
    Effect,
    Measure,
    Remark,
    drafts,
    part_of,
    publish,
    record_rows,
    share_interval,
)
from evaluasi_lib.program import Program
from tests.made_effects import effect_rows, evidence_rows

SCRIPT = "<script>alert('x')</script> & \"kutip\""
FORMULA = '=HYPERLINK("http://x.test","klik")'


def example_study(*, bare: bool = False) -> SimpleNamespace:
    """A program that is declared; its tables are not needed."""
    declared: dict = {
        "id": "contoh-2025",
        "title": {"id": "Pelatihan Contoh", "en": "Example Training"},
        "kind": "leadership",
        "organisation": {"id": "Kementerian Contoh", "en": "Ministry of Examples"},
        "cycle": "2025",
        "design": {"type": "single_group"},
        "link": "nip",
        "sources": {
            "survei": {"file": "survei.csv", "role": "survey", "wave": "post", "columns": {}}
        },
    }
    if not bare:
        declared |= {
            "synthetic": True,
            "description": {"id": f"Uraian {SCRIPT}", "en": f"Description {SCRIPT}"},
            "objectives": [{"id": "o1", "text": {"id": "Memimpin tim", "en": "Lead a team"}}],
            "outcomes": [
                {
                    "id": "komunikasi", "label": "Komunikasi", "level": "learning",
                    "variable": "skor", "unit": "poin", "sesoi": 0.3,
                }
            ],
            "elearning": {"events": "survei"},
            "costs": {
                "price_year": 2025,
                "items": [
                    {"category": "narasumber", "planned_idr": 60e6, "realised_idr": 54e6},
                    {"category": "konsumsi", "realised_idr": 12_500_000},
                ],
            },
        }  # fmt: skip
    return SimpleNamespace(program=Program.model_validate(declared))


def effect(outcome: str, label: str, **changes: object) -> Effect:
    values: dict = {
        "outcome": outcome, "label": label, "role": "primary", "wave": "post",
        "sesoi": 0.3, "direction": "higher", "claim": "effect", "level": "learning",
        "design": "comparison", "estimator": "ancova_cr2", "estimand": "att", "unit": "poin",
        "n_program": 60, "n_comparison": 54, "estimate": 0.4125, "std_error": 0.1, "df": 110.0,
        "ci_low": 0.2125, "ci_high": 0.6125, "p_value": 0.0001, "p_adjusted": 0.0003,
        "effect_size_g": 0.55, "g_ci_low": 0.28, "g_ci_high": 0.82, "conclusion": "improved",
        "n_needed": 120,
    }  # fmt: skip
    return Effect(**(values | changes))


def example_rows() -> list[Measure]:
    """The rows of effects and of the evidence on them."""
    missing = "SKP sesudah program belum tersedia."
    nothing = dict.fromkeys(
        ("estimate", "std_error", "df", "ci_low", "ci_high", "p_value", "p_adjusted",
         "effect_size_g", "g_ci_low", "g_ci_high", "conclusion", "n_needed")
    )  # fmt: skip
    unclear = {
        "conclusion": "inconclusive", "estimate": -0.1, "ci_low": -0.4, "ci_high": 0.2,
        "p_value": 0.4, "effect_size_g": -0.1, "g_ci_low": -0.4, "g_ci_high": 0.2,
        "note": "Jawaban menumpuk di ujung skala.",
    }  # fmt: skip
    flat = {
        "conclusion": "no_meaningful_change", "effect_size_g": 0.05, "estimate": 0.0375,
        "ci_low": -0.1, "ci_high": 0.2, "g_ci_low": -0.13, "g_ci_high": 0.26,
    }  # fmt: skip
    talk = ("komunikasi", "Komunikasi")
    return [
        *effect_rows(effect(*talk, mean_before=3.1, mean_after=3.55)),
        *effect_rows(effect("beban", "Beban kerja", direction="lower", claim="change",
                            level="behaviour", **unclear)),
        *effect_rows(effect("skp", "SKP", level="results", reason=missing, **nothing)),
        *effect_rows(effect(*talk, role="sensitivity", estimator="did"), "did"),
        *effect_rows(effect(*talk, role="subgroup", subgroup="Perempuan"), "jk", "P"),
        *effect_rows(effect(*talk, role="subgroup", subgroup="Laki-laki", **flat), "jk", "L"),
        *evidence_rows(
            "komunikasi", 3, {"selection": "Penugasan tidak acak."}, label="Komunikasi",
            design="comparison", maryland_sms=3.0, baseline_max_abs_smd=0.12,
            attrition_overall_share=0.1, attrition_differential_share=0.03, mdes=0.28,
        ),
        *evidence_rows("skp", None, {}, label="SKP", design="comparison", reason=missing),
    ]  # fmt: skip


def scale_rows(name: str, group: str, mean: float | None, wave: str = "post") -> Iterator[Measure]:
    """A scale at one wave; without a mean, of too few persons."""
    record = {"label": name.capitalize(), "n_items": 5} if mean is None else {
        "label": name.capitalize(), "n": 114, "mean": mean, "ci_low": mean - 0.11,
        "ci_high": mean + 0.11, "sd": 0.6, "mean_100": 77.5, "alpha": 0.86, "alpha_low": 0.82,
        "alpha_high": 0.9, "omega_total": 0.87, "top2_share": 0.81, "n_items": 9,
    }  # fmt: skip
    about = {"wave": wave, "group": group, "level": "reaction", "subject": name}
    fields = "mean:ci mean_100 sd alpha:alpha omega_total top2_share n_items"
    reason = "small_cell" if mean is None else None
    return record_rows(record, ["scales", name, wave, group], fields, reason=reason, **about)


def published() -> tuple[Measure, ...]:
    """Persons from invited to completed, two barriers of which one is hidden, and a driver."""
    steps = [("Diundang", 150, None), ("Menjawab", 120, 30), ("Dianalisis", 114, 6)]
    barriers = [("beban", "Beban kerja", 48), ("izin", "Izin atasan", 3)]
    driver = {"label": "Usia", "ame": 0.021, "ci_low": 0.002, "ci_high": 0.04, "p": 0.03}
    driver |= {"gap": 0.1, "gap_ci_low": 0.01, "gap_ci_high": 0.19}
    sample = {"invited": 150, "responded": 120, "analysed": 114, "response_rate_share": 0.8}
    took = {"enrolled": 150, "started": 140, "completed": 118, "completion_share": 118 / 150}
    found = [
        drafts(sample, ["sample"], " ".join(sample)),
        *(
            drafts({"label": label, "n": n, "dropped": lost}, ["sample", "flow", place],
                   "n dropped")
            for place, (label, n, lost) in enumerate(steps, 1)
        ),
        drafts(took, ["participation"], " ".join(took)),
        *(
            drafts(
                {"n": n, "share": n / 114, "label": label} | share_interval(114, n / 114),
                ["participation", "barriers", name], "share:ci", part_of(n, 114),
            )
            for name, label, n in barriers
        ),
        drafts(driver, ["participation", "drivers", "usia"], "ame:ci:p gap:gap_ci",
               note="Kaitan, bukan sebab."),
    ]  # fmt: skip
    rows, _remarks = publish(chain.from_iterable(found), 5)
    return rows


def example_result(language: str = "id") -> r.EvaluationResult:
    """Every part filled; people's texts hold a script and a formula."""
    english = language == "en"
    return r.EvaluationResult(
        program=r.ProgramInfo(
            "contoh-2025", "Example Training" if english else "Pelatihan Contoh", "leadership",
            "Ministry of Examples" if english else "Kementerian Contoh", "2025",
            dt.date(2025, 2, 3), dt.date(2025, 6, 30),
        ),
        triangulation=(
            r.Triangulated("Apakah komunikasi membaik?", "Ya", "Ya", None, "convergent",
                           "Dua sumber sejalan."),
        ),
        strengths=(
            r.Finding("k1", "Komunikasi membaik.", ("effects/komunikasi/primary/estimate",), 0.8),
        ),
        weaknesses=(r.Finding("l1", SCRIPT, ("participation/barriers/beban/share",), 0.42),),
        verdict=r.Verdict("adjust", ("Satu luaran membaik, satu belum dapat diputuskan.",), "R3"),
        recommendations=(
            r.Recommendation("r1", "Kurangi beban saat pelatihan.", 1, ("l1",), "Biro SDM",
                             dt.date(2026, 3, 1), "new"),
        ),
        follow_up=(
            r.FollowUp("p1", "2024", FORMULA, "not_done", {"before": 3.5, "after": 3.9}),
            r.FollowUp("p2", "2024", "Adakan mentor.", "done", None, "small_cell"),
        ),
        quality=r.Quality(
            120, 114, (r.RuleCount("test_rows", "survei", 6),), ("Dua tanggal tidak terbaca.",)
        ),
        provenance=r.Provenance(
            (r.InputFile("survei.csv", "0" * 64, 12345),), "0.1.0", {"numpy": "2.4.6"},
            {"program_id": "contoh-2025", "language": language}, 20250101,
        ),
        rows=(
            *example_rows(), *published(), *scale_rows("kepuasan", "program", 4.1),
            *scale_rows("motivasi", "comparison", None), *platform_rows(),
            *record_rows(
                {"total_cost_idr": 66_500_000, "cost_per_participant_idr": 443_333.33,
                 "cost_per_completer_idr": 563_559.3, "budget_absorption_share": 0.9,
                 "reason": "Manfaat tidak dinyatakan dalam rupiah."},
                ["efficiency"],
                "total_cost_idr cost_per_participant_idr cost_per_completer_idr "
                "budget_absorption_share bcr roi_pct",
            ),
            *record_rows(
                {"estimate": 1_366_000, "ci_low": 900_000.0, "ci_high": 2_600_000.0},
                ["efficiency", "cost_per_unit_effect"], "estimate:ci", subject="komunikasi",
                unit="poin",
            ),
            *record_rows(
                {"share": 0.35, "ci_low": 0.27, "ci_high": 0.44, "sentiment": -0.2, "n": 40},
                ["themes", "digital", "survey"], "share:ci sentiment", subject="digital",
                group="survey", label="Keterampilan digital",
            ),
            *record_rows(
                {}, ["themes", "mentor", "interview"], "share sentiment", subject="mentor",
                group="interview", label="Mentor", reason="small_cell",
            ),
            *record_rows(
                {"share": 0.26, "ci_low": 0.19, "ci_high": 0.35, "n": 30},
                ["module_demand", "data"], "share:ci", label="Analisis data",
            ),
            *record_rows(
                {"sources": 2}, ["triangulation", 1], "sources",
                label="Apakah komunikasi membaik?",
            ),
        ),
        quotes=(
            r.Quote("digital", "survey", "Peserta, survei", f"{FORMULA} {SCRIPT} 🙏\u200d"),
        ),
        remarks=(Remark("effects/beban/primary", "Jawaban menumpuk di ujung skala."),),
    )  # fmt: skip


def platform_rows() -> Iterator[Measure]:
    """Use of an e-learning platform, of which one stage may not be shown."""
    record = {"users": 140, "median_days_to_complete": 21.0, "off_hours_share": 0.34}
    yield from record_rows(record, ["elearning"], " ".join(record))
    stages = {"Terdaftar": 150, "Mulai": 140, "Modul 4": None, "Selesai": 118}
    for stage, n in stages.items():
        yield from record_rows(
            {"n": n, "reason": "small_cell"}, ["elearning", "funnel", stage], "n"
        )


def empty_result() -> r.EvaluationResult:
    """Nothing could be computed: each part is null with its reason."""
    return r.EvaluationResult(
        program=r.ProgramInfo("contoh-2025", "Pelatihan Contoh", "leadership", "Kementerian Contoh",
                              "2025", None, None),
        rows=(),
        quality=r.Quality(0, 0, (), ()),
        provenance=r.Provenance((), "0.1.0", {}, {}, 1),
    )  # fmt: skip
