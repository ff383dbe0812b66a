"""What the voices give a report: themes, quotes, agreement, and the comparison of the sources."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluasi_lib import wording
from evaluasi_lib.claims import Told
from evaluasi_lib.disclosure import publish
from evaluasi_lib.measures import Drafts, Measure, Record, record_of, record_rows, wide
from evaluasi_lib.program import Program
from evaluasi_lib.reading.codebook import own_codebook
from evaluasi_lib.reporting.sections.voices import section_voices
from evaluasi_lib.study import Study
from evaluasi_lib.voices import Voices, code_voices, update_quotes
from evaluasi_lib.voices.feedback import code_open_answers, mask, propose_quotes
from evaluasi_lib.voices.interviews import (
    coders_matrix,
    coverage_rows,
    group_rows,
    merge_small_groups,
    pair_rows,
    saturation,
    saturation_point,
)
from evaluasi_lib.voices.triangulation import agreement_of_sources, triangulate
from tests.fixtures_result import empty_result

RUBRIC = """
met: 2
indicators:
  pendampingan:
    label: Pendampingan
    question: Apakah ada pendampingan?
    search: [pendampingan, mentor]
  pembebasan:
    label: Pembebasan tugas
    search: [bebas tugas]
"""


@pytest.fixture(autouse=True)
def _english():
    wording.set_language("en")
    yield
    wording.set_language("id")


def make_study(folder: Path, k: int = 5, **tables: pd.DataFrame) -> Study:
    program = Program.model_validate(
        {
            "id": "contoh", "title": "Contoh", "kind": "other", "organisation": "X", "cycle": "1",
            "design": {"type": "single_group"}, "link": "anonymous",
            "sources": {
                "survei": {
                    "file": "s.csv",
                    "columns": {
                        "saran": {"from": "Saran", "type": "open"},
                        "modul": {"from": "Modul", "type": "open"},
                    },
                }
            },
            "voices": {"open_answers": ["saran"], "modules_question": "modul"},
            "questions": [
                {"id": "a", "text": "Does it work?", "outcome": "y", "themes": ["manfaat"],
                 "indicators": ["pendampingan"]},
                {"id": "b", "text": "Is work in the way?", "barrier": "beban",
                 "themes": ["beban_kerja"], "counter_indicators": ["pembebasan"]},
            ],
            "privacy": {"min_cell": k},
        }
    )  # fmt: skip
    (folder / "restricted").mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_parquet(folder / "restricted" / f"{name}.parquet")
    return Study(program, folder, {"inputs": [], "quality": {}})


def answers(texts: list[str], variable: str = "saran") -> pd.DataFrame:
    n = len(texts)
    return pd.DataFrame(
        {"row": range(1, n + 1), "pid": [f"p{i}" for i in range(n)], "variable": variable,
         "text": texts}
    )  # fmt: skip


SURVEY = answers(
    ["wifi mati terus"] * 6 + ["mentor sabar sekali dan jelas"] * 8 + ["koperasi"] * 5 + ["-"] * 7
    + ["kuis sulit"] * 2
)  # fmt: skip


def interviews(rows: list[tuple[str, str, str, str]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["respondent", "group", "coder", "code"])
    return table.assign(excerpt="kerjaan menumpuk terus", unit="", case="")


def told(voices: Voices, place: str) -> list[str]:
    return [remark.text for remark in voices.remarks if remark.id == f"voices/{place}"]


def themes_of(voices: Voices) -> dict[str, Record]:
    return {t["subject"]: t for t in wide(voices.rows, "themes/*/survey")}


def shown(found: Drafts, k: int = 5) -> tuple[Measure, ...]:
    return publish(found, k)[0]


def test_themes_count_respondents_who_said_anything(tmp_path):
    voices = code_voices(make_study(tmp_path, survei=SURVEY))
    themes = themes_of(voices)
    assert (themes["sarana"]["n"], themes["sarana"]["share"]) == (6, 6 / 21)
    assert themes["sarana"]["share_low"] < 6 / 21 < themes["sarana"]["share_high"]
    assert themes["fasilitator"]["sentiment"] == 1
    assert record_of(voices.rows, "voices/unthemed")["n"] == 5
    answered = record_of(voices.rows, "voices/survey")
    assert answered["answers"] == 21  # the seven dashes say nothing
    assert told(voices, "unthemed/terms") == ["koperasi"]


def test_small_cells_are_hidden_with_their_tone_and_quotes(tmp_path):
    quotes = pd.DataFrame(
        {"source": "survei", "variable": "saran", "row": [27, 1], "theme": ["tugas", "sarana"],
         "text": ["kuis sulit", "wifi mati terus"], "status": "disetujui"}
    )  # fmt: skip
    voices = code_voices(make_study(tmp_path, survei=SURVEY, quotes=quotes))
    hidden = themes_of(voices)["tugas"]
    assert (hidden["n"], hidden["share"], hidden["sentiment"]) == (None, None, None)
    assert hidden["reason"] == "small_cell"
    assert [(q.theme, q.text) for q in voices.quotes] == [("sarana", "wifi mati terus")]


def test_the_place_of_a_hidden_theme_tells_nothing_of_its_size(tmp_path):
    nearly_all = answers(["wifi mati"] * 18 + ["mentor sabar"] * 2 + ["kuis sulit"] * 2)
    rows = code_voices(make_study(tmp_path, survei=nearly_all)).rows
    names = [row.subject for row in rows if row.part == "themes" and row.measure == "share"]
    assert names == [name for name in own_codebook().themes if name in names]


def test_a_hidden_theme_without_tone_looks_like_any_other(tmp_path):
    table = answers(["wifi"] * 2 + ["kuis sulit"] * 2 + ["mentor sabar"] * 9)
    themes = themes_of(code_voices(make_study(tmp_path, survei=table)))
    assert {themes[name]["sentiment_reason"] for name in ("sarana", "tugas")} == {"small_cell"}


def test_only_approved_quotes_are_printed_and_masked_again(tmp_path):
    quotes = pd.DataFrame(
        {"source": "survei", "variable": "saran", "row": [1, 2, 3], "theme": "sarana",
         "text": ["wifi mati, tanya Pak Budi Santoso", "rahasia", "ditolak"],
         "status": ["disetujui", "usulan", "ditolak"]}
    )  # fmt: skip
    voices = code_voices(make_study(tmp_path, survei=SURVEY, quotes=quotes))
    assert [q.text for q in voices.quotes] == ["wifi mati, tanya Pak [nama]"]


def test_an_approved_quote_of_a_row_that_was_left_out_is_not_printed(tmp_path):
    quotes = pd.DataFrame(
        {"source": "survei", "variable": "saran", "row": [999], "theme": "sarana",
         "text": "wifi mati", "status": "disetujui"}
    )  # fmt: skip
    voices = code_voices(make_study(tmp_path, survei=SURVEY, quotes=quotes))
    assert not voices.quotes


def test_a_person_counts_once_however_often_they_answer(tmp_path):
    table = pd.concat([SURVEY, SURVEY.head(6).assign(row=100, variable="saran")])
    themes = themes_of(code_voices(make_study(tmp_path, survei=table)))
    assert themes["sarana"]["n"] == 6


def test_a_question_can_set_a_theme_unless_the_answer_denies_it(tmp_path):
    study = make_study(tmp_path, survei=answers(["koperasi"] * 6 + ["semua bagus"] * 6 + ["-"] * 6))
    plan = study.program.voices.model_copy(update={"asks": {"saran": "perlu_diperbaiki"}})
    program = study.program.model_copy(update={"voices": plan})
    themes = themes_of(code_voices(Study(program, tmp_path, {})))
    assert {name: t["n"] for name, t in themes.items()} == {"perlu_diperbaiki": 6, "berhasil": 6}


def test_wanted_modules_have_their_own_label_and_interval(tmp_path):
    table = pd.concat(
        [
            SURVEY,
            answers(
                ["keterampilan digital"] * 9 + ["jenjang karier"] * 6 + ["terserah"] * 9, "modul"
            ),
        ]
    )
    rows = code_voices(make_study(tmp_path, survei=table)).rows
    demand = {d["subject"]: d for d in wide(rows, "module_demand/*")}
    digital = demand["keterampilan_digital"]
    assert (digital["n"], digital["share"]) == (9, 9 / 24)
    assert demand["karier"]["label"] == "Career planning"


def test_agreement_with_hand_coding_warns_under_kappa_06(tmp_path):
    manual = pd.DataFrame(
        {"source": "survei", "variable": "saran", "row": range(1, 20),
         "theme": ["sarana"] * 6 + ["materi"] * 8 + [""] * 5}
    )  # fmt: skip
    voices = code_voices(make_study(tmp_path, survei=SURVEY, manual_codes=manual))
    rows = {r["label"]: r for r in wide(voices.rows, "voices/coding/*")}
    facilities = rows["Facilities and accommodation"]
    assert (facilities["precision"], facilities["recall"]) == (1, 1)
    assert rows["Material"]["recall"] == 0
    _few, low = told(voices, "coding")
    assert "Material" in low
    assert "Facilities" not in low


@pytest.mark.parametrize(
    ("source", "theme", "said"),
    [("lain", "materi", "no hand-coded answer"), ("survei", "aneh", "aneh")],
    ids=["of other rows", "that the codebook lacks"],
)
def test_hand_codes_that_compare_nothing_are_said_so(tmp_path, source, theme, said):
    manual = pd.DataFrame({"source": source, "variable": "saran", "row": [1], "theme": [theme]})
    voices = code_voices(make_study(tmp_path, survei=SURVEY, manual_codes=manual))
    assert said in told(voices, "coding")[0]
    assert not wide(voices.rows, "voices/coding/*")


def test_a_program_without_voices_has_none(tmp_path):
    study = make_study(tmp_path)
    bare = study.program.model_copy(update={"voices": None, "questions": []})
    assert code_voices(Study(bare, tmp_path, {})) == Voices()


def test_documents_are_read_searched_and_rated(tmp_path):
    pages = pd.DataFrame(
        {"document": ["a.pdf", "b.pdf"], "page": [1, 2],
         "text": ["Ada pendampingan oleh Pak Budi.", " "]}
    )  # fmt: skip
    rated = pd.DataFrame(
        {"reviewer": ["P1", "P1"], "document": ["a.pdf", "b.pdf"], "indicator": "pendampingan",
         "rating": [3, 0], "quote": ["Ada pendampingan.", ""], "page": ["1", ""]}
    )  # fmt: skip
    voices = code_voices(
        make_study(
            tmp_path, documents=pages, document_ratings=rated,
            rubric=pd.DataFrame({"text": [RUBRIC]}),
        )
    )  # fmt: skip
    pendampingan, pembebasan = wide(voices.rows, "voices/rubric/*")
    assert (pendampingan["documents"], pendampingan["met"], pendampingan["mean"]) == (2, 1, 1.5)
    assert (pembebasan["met"], pembebasan["mean"]) == (0, None)
    assert told(voices, "rubric/pendampingan") == ["Apakah ada pendampingan?"]
    assert [(p.cited, p.page, p.text, p.rating) for p in voices.passages] == [
        (True, "1", "Ada pendampingan.", 3.0),
        (False, "1", "Ada pendampingan oleh Pak [nama].", None),
    ]
    share = record_of(voices.rows, "themes/pendampingan/document")
    assert (share["n"], share["share"]) == (1, 0.5)


def proposals(study: Study) -> pd.DataFrame:
    return propose_quotes(study, [code_open_answers(study, own_codebook())])


def test_quotes_are_proposed_masked_and_never_twice(tmp_path):
    table = answers(
        ["wifi mati terus kata Pak Budi Santoso"] * 6 + ["kemarin wifi mati terus menerus"]
        + ["wifi di gedung kami bagus sekali"] + ["-"] * 3
        + ["mentor sabar dan sangat jelas menerangkan"] * 7
    )  # fmt: skip
    proposed = proposals(make_study(tmp_path, survei=table))
    of_wifi = proposed[proposed["theme"] == "sarana"]["text"].tolist()
    assert of_wifi == [
        "wifi mati terus kata Pak [nama]",
        "kemarin wifi mati terus menerus",
        "wifi di gedung kami bagus sekali",
    ]
    assert set(proposed["status"]) == {"usulan"}
    decided = proposed.assign(status="ditolak")
    again = proposals(make_study(tmp_path, survei=table, quotes=decided))
    assert not again.duplicated(["source", "variable", "row"]).any()
    assert (again["status"].head(len(decided)) == "ditolak").all()


def test_proposals_are_added_below_the_lines_of_kutipan_csv(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    study = make_study(tmp_path, survei=answers(["mentor sabar dan sangat jelas sekali"] * 9))
    assert update_quotes(study, raw) == 1
    written = pd.read_csv(raw / "kutipan.csv")
    assert written["row"].tolist() == [1]
    written.to_parquet(tmp_path / "restricted" / "quotes.parquet")
    before = (raw / "kutipan.csv").read_bytes()
    update_quotes(study, raw)
    assert (raw / "kutipan.csv").read_bytes().startswith(before)


def test_no_quote_is_proposed_from_a_small_cell(tmp_path):
    table = answers(["wifi mati terus kata panitia"] * 4 + ["mentor sabar dan sangat jelas"] * 9)
    proposed = proposals(make_study(tmp_path, survei=table))
    assert "sarana" not in set(proposed["theme"])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("hubungi 0812-9900-1234 ya", "hubungi [telepon] ya"),
        ("hub +62 812 9900 1234", "hub [telepon]"),
        ("NIP 198609262015051001", "NIP [NIP]"),
        ("NIP 19860926 201505 1 001", "NIP [NIP]"),
        ("email budi.s@contoh.go.id", "email [surel]"),
        ("tanya Bu Sri Wulandari saja", "tanya Bu [nama] saja"),
        ("kata Pak Camat begitu", "kata Pak Camat begitu"),
        ("makasih pak budi sudah sabar", "makasih pak [nama] sudah sabar"),
        ("ibu pengajar dan bapak ibu panitia", "ibu pengajar dan bapak ibu panitia"),
        ("MAKASIH BU SRI", "MAKASIH BU [nama]"),
        ("di Dinas Kesehatan Kota Bogor", "di Dinas [tempat]"),
        ("20 JP sehari, 3 hari", "20 JP sehari, 3 hari"),
        ("kata wulan dan Ani", "kata [nama] dan Ani"),
        ("di satker mawar", "di [unit kerja]"),
        ("kata Bagus, materinya bagus", "kata [nama], materinya bagus"),
    ],
)
def test_masking_reaches_patterns_and_rosters(text, masked):
    assert mask(text, names=["Wulan", "bagus prakoso"], places=["Satker Mawar"]) == masked


def test_small_groups_are_shown_as_one_and_nothing_can_be_subtracted():
    rows = [(f"R{i}", "Alumni", "K", "a") for i in range(8)]
    rows += [("R20", "Atasan", "K", "a"), ("R21", "Atasan", "K", "b")]
    rows += [(f"R3{i}", "Panitia", "K", "b") for i in range(4)]
    merged = merge_small_groups(interviews(rows), 5)
    cells = wide(shown(group_rows(merged, own_codebook())), "voices/groups/*/*")
    assert {c["group"] for c in cells} == {"Alumni", "Other groups"}
    of_a = [c for c in cells if c["subject"] == "a"]
    assert all(c["n"] is None for c in of_a)  # 8 + 1: the total would give the 1 away
    assert {c["group"]: c["note"] for c in of_a} == {
        "Alumni": "most of them", "Other groups": "some of them",
    }  # fmt: skip


def test_the_size_of_a_small_group_does_not_follow_from_the_others():
    rows = [(f"R{i}", "Alumni", "K", "a") for i in range(8)]
    rows += [(f"R2{i}", "Atasan", "K", "a") for i in range(6)]
    rows += [(f"R3{i}", "Panitia", "K", "b") for i in range(2)]
    merged = merge_small_groups(interviews(rows), 5)
    sizes = wide(shown(group_rows(merged, own_codebook())), "voices/group_sizes/*")
    assert {s["subject"]: s["interviewees"] for s in sizes} == {
        "Alumni": 8, "Atasan": None, "Other groups": None,
    }  # fmt: skip


def test_interviews_without_groups_keep_the_names_of_their_themes(tmp_path):
    table = interviews([(f"R{i}", "", "K", "manfaat") for i in range(12)])
    study = make_study(tmp_path, interviews=table)
    result = dataclasses.replace(empty_result(), rows=code_voices(study).rows)
    text = section_voices(study.program, result).html()
    assert "All groups (n = 12)" in text
    assert "12 (100%)" in text
    assert own_codebook().label("manfaat") in text.split("tema-kelompok")[1]


def test_saturation_is_reached_only_where_no_later_burst_comes():
    def curve(new: list[int]) -> list[dict[str, int]]:
        steps = np.cumsum(new)
        return [
            {"interviews": i + 1, "codes": int(c), "new": n}
            for i, (c, n) in enumerate(zip(steps, new, strict=True))
        ]

    assert saturation_point(curve([5, 3, 1, 1, 0, 0, 0, 0])) == 4
    assert saturation_point(curve([5, 3, 1, 1, 0, 0, 0, 2, 0, 0])) == 8
    assert saturation_point(curve([5, 3, 1, 1, 1, 1, 1])) is None
    assert saturation_point(curve([5, 3])) is None
    table = interviews([("R1", "A", "K", "x"), ("R1", "A", "K", "y"), ("R2", "A", "K", "x")])
    assert saturation(table) == [
        {"interviews": 1, "codes": 2, "new": 2}, {"interviews": 2, "codes": 2, "new": 0},
    ]  # fmt: skip


def test_co_occurrence_shows_only_pairs_of_enough_interviewees():
    rows = [(f"R{i}", "A", "K", code) for i in range(6) for code in ("a", "b")] + [
        ("R0", "A", "K", "c")
    ]
    (pair,) = shown(pair_rows(interviews(rows), own_codebook()))
    assert (pair.id, pair.n, pair.value) == ("voices/pairs/a/b/jaccard", 6, 1.0)


def test_coders_are_asked_about_every_code_of_every_shared_unit():
    rows = [("R1", "A", coder, code) for coder, code in
            [("K1", "a"), ("K1", "b"), ("K2", "a"), ("K1", "c")]]  # fmt: skip
    table = interviews(rows).assign(unit=["U1", "U1", "U1", "U2"])
    matrix, units = coders_matrix(table)
    assert units.tolist() == [0, 0]
    assert matrix.tolist() == [[1, 1], [1, 0]]  # U1 about a and b; U2 was read by one coder
    single = interviews([("R1", "A", "K1", "a"), ("R1", "A", "K2", "b")]).assign(unit="U1")
    assert coders_matrix(single)[0].tolist() == [[0, 1]]
    assert coders_matrix(single.head(1)) is None


def test_transcripts_are_listed_with_turns_and_the_share_of_the_respondent():
    talk = pd.DataFrame(
        {"respondent": ["T01", "T01", "T02"], "turn": [1, 2, 1],
         "speaker": ["interviewer", "respondent", ""], "text": ["a b", "c d e f", "g"]}
    )  # fmt: skip
    rows = shown(coverage_rows(pd.DataFrame(columns=["respondent", "group"]), talk))
    first = record_of(rows, "voices/transcripts/T01")
    assert (first["turns"], first["words"], first["respondent_words"]) == (2, 6, 4)
    read = record_of(rows, "voices/interviews")
    assert (read["unmarked_transcripts"], read["respondent_word_share"]) == (1, 4 / 7)


def test_case_pages_below_the_limit_print_only_what_was_approved(tmp_path):
    table = interviews([("R1", "A", "K", "manfaat"), ("R2", "A", "K", "manfaat")])
    quotes = pd.DataFrame(
        {"source": "interviews", "variable": "", "row": [1, 2], "theme": "manfaat",
         "text": ["rahasia", "kata Pak Budi: berubah"], "status": ["usulan", "disetujui"]}
    )  # fmt: skip
    study = make_study(tmp_path, interviews=table.assign(case="Berhasil"), quotes=quotes)
    voices = code_voices(study)
    page = record_of(voices.rows, "voices/cases/Berhasil")
    assert (page["interviewees"], page["reason"]) == (None, "small_cell")
    assert told(voices, "cases/Berhasil") == []
    assert [(q.case, q.text) for q in voices.quotes] == [("Berhasil", "kata Pak [nama]: berubah")]


def test_case_pages_name_themes_of_enough_interviewees(tmp_path):
    rows = [
        (f"R{i}", "A", "K", theme) for i in range(6) for theme in ("manfaat", "materi")[: i + 1]
    ]
    study = make_study(tmp_path, interviews=interviews(rows).assign(case="Berhasil"))
    voices = code_voices(study)
    labels = [own_codebook().label(name) for name in ("manfaat", "materi")]
    assert record_of(voices.rows, "voices/cases/Berhasil")["interviewees"] == 6
    assert told(voices, "cases/Berhasil") == labels


def effect(conclusion: str | None, estimate: float | None = 0.4) -> Told:
    return Told(
        outcome="y", label="Skill", role="primary", subgroup=None, wave="post", sesoi=0.2,
        direction="higher", claim="effect", level="learning", design="comparison", estimator="did",
        estimand="ATT", unit="points", n_program=50, n_comparison=50, estimate=estimate,
        std_error=0.1, df=90, ci_low=0.2, ci_high=0.6, p_value=0.01, p_adjusted=0.01,
        effect_size_g=0.4, g_ci_low=0.2, g_ci_high=0.6, conclusion=conclusion,
        claimed="moderate", rating=3,
    )  # fmt: skip


def barrier(share: float | None, low: float | None, high: float | None) -> list[Measure]:
    record = {"n": 50, "label": "Workload", "share": share, "ci_low": low, "ci_high": high}
    record["reason"] = "small_cell" if share is None else None
    return list(record_rows(record, ["participation", "barriers", "beban"], "share:ci"))


def ratings(pendampingan: list[float], pembebasan: list[float]) -> pd.DataFrame:
    rows = [("pendampingan", r) for r in pendampingan] + [("pembebasan", r) for r in pembebasan]
    return pd.DataFrame(
        {"reviewer": "P01", "document": [f"{i}.pdf" for i in range(len(rows))],
         "indicator": [r[0] for r in rows], "rating": [r[1] for r in rows], "quote": "", "page": ""}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ([], "silent"),
        (["yes"], "silent"),
        (["yes", "yes"], "convergent"),
        (["no", "no", "unclear"], "convergent"),
        (["yes", "no"], "divergent"),
        (["yes", "yes", "no"], "divergent"),
        (["yes", "unclear"], "complementary"),
        (["unclear", "unclear"], "complementary"),
    ],
)
def test_the_written_rule(answers, verdict):
    assert agreement_of_sources(answers) == verdict


def test_sources_that_differ_are_discussed_and_not_averaged(tmp_path):
    table = interviews([(f"R{i}", "A", "K", "manfaat") for i in range(12)])
    study = make_study(
        tmp_path, interviews=table.assign(excerpt="tidak bermanfaat"),
        document_ratings=ratings([0, 0, 0], [0, 0, 3]), rubric=pd.DataFrame({"text": [RUBRIC]}),
    )  # fmt: skip
    rows = triangulate(study, (effect("improved"),), barrier(0.5, 0.4, 0.6), code_voices(study))
    assert [r.agreement for r in rows] == ["divergent", "convergent"]
    assert "Skill: improved" in rows[0].survey
    assert "12 of 12 interviewees" in rows[0].interview
    assert "0 praise it, 12 criticise it" in rows[0].interview
    assert "neither is averaged away" in rows[0].explanation
    assert rows[1].interview is None
    assert "no evidence in 2 of 3 documents" in rows[1].document


def test_an_inconclusive_effect_decides_nothing(tmp_path):
    study = make_study(
        tmp_path, document_ratings=ratings([3, 3], []), rubric=pd.DataFrame({"text": [RUBRIC]})
    )
    row = triangulate(
        study, (effect("inconclusive"),), barrier(None, None, None), code_voices(study)
    )[0]
    assert row.agreement == "complementary"
    assert "do not decide" in row.survey


def test_an_estimate_that_is_missing_leaves_the_survey_silent(tmp_path):
    study = make_study(tmp_path)
    rows = triangulate(study, (effect(None, None),), barrier(None, None, None), code_voices(study))
    assert [(r.survey, r.agreement) for r in rows] == [(None, "silent"), (None, "silent")]


def test_few_interviewees_are_put_in_words(tmp_path):
    table = interviews(
        [(f"R{i}", "A", "K", "beban_kerja" if i < 3 else "materi") for i in range(12)]
    )
    study = make_study(tmp_path, interviews=table)
    cell = triangulate(study, (), barrier(0.5, 0.4, 0.6), code_voices(study))[1].interview
    assert "some interviewees" in cell
    assert "3" not in cell
