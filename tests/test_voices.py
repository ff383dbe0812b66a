"""What the voices give a report: themes, quotes, agreement, and the comparison of the sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evaluasi_lib as el
from evaluasi_lib.cli import main
from evaluasi_lib.measures import Record, record_of, texts_at, wide
from evaluasi_lib.reading.voices import own_codebook
from evaluasi_lib.voices.feedback import mask
from evaluasi_lib.voices.interviews import saturation_point
from evaluasi_lib.voices.triangulation import agreement_of_sources
from tests.made_studies import make_study, survey
from tests.test_impact_methods import exact

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


QUESTIONS = [
    {"id": "a", "text": "Does it work?", "outcome": "y", "themes": ["manfaat"],
     "indicators": ["pendampingan"]},
    {"id": "b", "text": "Is work in the way?", "barrier": "beban", "themes": ["beban_kerja"],
     "counter_indicators": ["pembebasan"]},
]  # fmt: skip
FILES = {"interviews": "wawancara.csv", "ratings": "penilaian.csv", "quotes": "kutipan.csv",
         "manual": "kode_manual.csv"}  # fmt: skip
SAID = (
    ["wifi mati terus"] * 6 + ["mentor sabar sekali dan jelas"] * 8 + ["koperasi"] * 5 + ["-"] * 7
    + ["kuis sulit"] * 2
)  # fmt: skip


def program(
    folder: Path, saran: list[str] = SAID, modul: list[str] | None = None, *,
    documents: dict[str, str] | None = None, transcripts: dict[str, str] | None = None,
    plan: dict[str, Any] | None = None, rubric: str = RUBRIC, estimate: float | None = None,
    barrier: int | None = None, **files: pd.DataFrame,
) -> Any:  # fmt: skip
    """A program of open answers and whatever else was said of it: interviews, ratings of documents,
    quotes, hand codes, documents and transcripts by their file names. estimate: of its outcome y,
    with a standard error of 0.1; barrier: how many of 100 named workload."""
    raw = folder / "raw" / "uji"
    raw.mkdir(parents=True, exist_ok=True)
    voices: dict[str, Any] = {"open_answers": ["saran"], "modules_question": "modul"}
    for name, table in files.items():
        table.to_csv(raw / FILES[name], index=False)
    for kind, texts in (("documents", documents), ("transcripts", transcripts)):
        if texts:
            voices[kind] = kind
            (raw / kind).mkdir(exist_ok=True)
            for name, text in texts.items():
                (raw / kind / name).write_text(text, encoding="utf-8")
    if "interviews" in files:
        voices["interviews"] = FILES["interviews"]
    if "ratings" in files:
        (raw / "rubrik.yml").write_text(rubric, encoding="utf-8")
        voices |= {"rubric": "rubrik.yml", "document_ratings": FILES["ratings"]}
    n = max(len(saran), len(modul or []))
    answers = pd.DataFrame({"saran": saran + [None] * (n - len(saran)),
                            "modul": (modul or []) + [None] * (n - len(modul or []))})  # fmt: skip
    declared: dict[str, Any] = {
        "design": {"type": "single_group"},
        "link": "anonymous",
        "sources": {"survei": survey({"saran": "open", "modul": "open"})},
        "voices": voices | (plan or {}),
    }
    tables = {"survei": answers}
    if estimate is not None or barrier is not None:
        group = {"variable": "ikut", "program": ["1"], "comparison": ["0"]}
        tables["tes"] = exact(estimate or 0, 0.1).astype({"ikut": str})
        tables["hambatan"] = pd.DataFrame({"h__beban": [i < (barrier or 0) for i in range(100)]})
        tables["hambatan"]["h__lain"] = ~tables["hambatan"]["h__beban"]
        options = {"beban": "Workload", "lain": "Other"}
        declared["design"] = {"type": "randomised", "group": group}
        declared["sources"] |= {
            "tes": survey({"y": "number", "ikut": "category"}, wave="post"),
            "hambatan": {"columns": {"h": {"from": "h", "type": "multi", "options": options}}},
        }
        declared |= {
            "outcomes": [{"id": "y", "label": "Skill", "level": "learning", "variable": "y",
                          "unit": "points", "sesoi": 0.2}],
            "participation": {"barriers": {"source": "hambatan", "variable": "h"}},
            "questions": QUESTIONS,
        }  # fmt: skip
    return make_study(folder, declared, tables, "en").result


def quotes(*lines: tuple[int, str, str], **more: Any) -> pd.DataFrame:
    """Lines of kutipan.csv: row, text, status."""
    table = pd.DataFrame(lines, columns=["row", "text", "status"])
    table = table.assign(source="survei", variable="saran", theme="sarana")
    return table.assign(**more)[["source", "variable", "row", "theme", "text", "status"]]


def interviews(rows: list[tuple[str, str, str, str]], **more: Any) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["responden", "kelompok", "pengode", "kode"])
    return table.assign(**{"kutipan": "kerjaan menumpuk terus"} | more)


def told(result: Any, place: str) -> list[str]:
    return texts_at(result.remarks, "voices", *place.split("/"))


def themes_of(result: Any) -> dict[str, Record]:
    return {t["subject"]: t for t in wide(result.rows, "themes/*/survey")}


def test_themes_count_respondents_who_said_anything(tmp_path):
    found = program(tmp_path)
    themes = themes_of(found)
    assert (themes["sarana"]["n"], themes["sarana"]["share"]) == (6, 6 / 21)
    assert themes["sarana"]["share_low"] < 6 / 21 < themes["sarana"]["share_high"]
    assert themes["fasilitator"]["sentiment"] == 1
    assert record_of(found.rows, "voices/unthemed")["n"] == 5
    answered = record_of(found.rows, "voices/survey")
    assert answered["answers"] == 21  # the seven dashes say nothing
    assert told(found, "unthemed/terms") == ["koperasi"]


def test_small_cells_are_hidden_with_their_tone_and_quotes(tmp_path):
    lines = quotes((27, "kuis sulit", "disetujui"), (1, "wifi mati terus", "disetujui"),
                   theme=["tugas", "sarana"])  # fmt: skip
    found = program(tmp_path, quotes=lines)
    hidden = themes_of(found)["tugas"]
    assert (hidden["n"], hidden["share"], hidden["sentiment"]) == (None, None, None)
    assert hidden["reason"] == "small_cell"
    assert [(q.theme, q.text) for q in found.quotes] == [("sarana", "wifi mati terus")]


def test_the_place_of_a_hidden_theme_tells_nothing_of_its_size(tmp_path):
    nearly_all = ["wifi mati"] * 18 + ["mentor sabar"] * 2 + ["kuis sulit"] * 2
    names = list(themes_of(program(tmp_path, nearly_all)))
    assert {"sarana", "fasilitator", "tugas"} <= set(names)
    assert names == [name for name in own_codebook().themes if name in names]


def test_a_hidden_theme_without_tone_looks_like_any_other(tmp_path):
    found = program(tmp_path, ["wifi"] * 2 + ["kuis sulit"] * 2 + ["mentor sabar"] * 9)
    themes = themes_of(found)
    assert {themes[name]["sentiment_reason"] for name in ("sarana", "tugas")} == {"small_cell"}


def test_tone_belongs_to_the_clause_that_speaks_of_the_theme(tmp_path):
    themes = themes_of(program(tmp_path, ["materinya bagus tapi panitia lambat, kacau"] * 12))
    assert themes["materi"]["sentiment"] > 0 > themes["penyelenggaraan"]["sentiment"]


def test_only_approved_quotes_of_rows_that_are_kept_are_printed_and_masked_again(tmp_path):
    lines = quotes((1, "wifi mati, tanya Pak Budi Santoso", "disetujui"), (2, "rahasia", "usulan"),
                   (3, "ditolak", "ditolak"), (999, "wifi mati", "disetujui"))  # fmt: skip
    found = program(tmp_path, quotes=lines)
    assert [q.text for q in found.quotes] == ["wifi mati, tanya Pak [nama]"]


def test_a_person_counts_once_however_often_they_answer(tmp_path):
    plan = {"open_answers": ["saran", "modul"], "modules_question": None}
    found = program(tmp_path, modul=SAID[:6], plan=plan)
    assert themes_of(found)["sarana"]["n"] == 6


def test_a_question_can_set_a_theme_unless_the_answer_denies_it(tmp_path):
    said = ["koperasi"] * 6 + ["semua bagus"] * 6 + ["-"] * 6
    themes = themes_of(program(tmp_path, said, plan={"asks": {"saran": "perlu_diperbaiki"}}))
    assert {name: t["n"] for name, t in themes.items()} == {"perlu_diperbaiki": 6, "berhasil": 6}


def test_wanted_modules_have_their_own_label_and_interval(tmp_path):
    wanted = ["keterampilan digital"] * 9 + ["jenjang karier"] * 6 + ["terserah"] * 9
    found = program(tmp_path, modul=wanted)
    demand = {d["subject"]: d for d in wide(found.rows, "module_demand/*")}
    digital = demand["keterampilan_digital"]
    assert (digital["n"], digital["share"]) == (9, 9 / 24)
    assert demand["karier"]["label"] == "Career planning"


def hand_codes(*themes: str, source: str = "survei") -> pd.DataFrame:
    return pd.DataFrame({"source": source, "variable": "saran", "row": range(1, len(themes) + 1),
                         "theme": themes})  # fmt: skip


def test_agreement_with_hand_coding_warns_under_kappa_06(tmp_path):
    manual = hand_codes(*["sarana"] * 6, *["materi"] * 8, *[""] * 5)
    found = program(tmp_path, manual=manual)
    rows = {r["label"]: r for r in wide(found.rows, "voices/coding/*")}
    facilities = rows["Facilities and accommodation"]
    assert (facilities["precision"], facilities["recall"]) == (1, 1)
    assert rows["Material"]["recall"] == 0
    _few, low = told(found, "coding")
    assert "Material" in low
    assert "Facilities" not in low


@pytest.mark.parametrize(
    ("manual", "said"),
    [(hand_codes("materi", source="lain"), "no hand-coded answer"), (hand_codes("aneh"), "aneh")],
    ids=["of other rows", "that the codebook lacks"],
)
def test_hand_codes_that_compare_nothing_are_said_so(tmp_path, manual, said):
    found = program(tmp_path, manual=manual)
    assert said in told(found, "coding")[0]
    assert not wide(found.rows, "voices/coding/*")


def rated(*rows: tuple[str, str, float], **more: Any) -> pd.DataFrame:
    """Ratings of documents: document, indicator, rating."""
    table = pd.DataFrame(rows, columns=["dokumen", "indikator", "nilai"])
    return table.assign(penilai="P1", **{"kutipan": "", "halaman": ""} | more)


def test_documents_are_read_searched_and_rated(tmp_path):
    ratings = rated(("a.txt", "pendampingan", 3), ("b.txt", "pendampingan", 0),
                    kutipan=["Ada pendampingan.", ""], halaman=["1", ""])  # fmt: skip
    texts = {"a.txt": "Ada pendampingan oleh Pak Budi.", "b.txt": "Kosong saja."}
    found = program(tmp_path, documents=texts, ratings=ratings)
    pendampingan, pembebasan = wide(found.rows, "voices/rubric/*")
    assert (pendampingan["documents"], pendampingan["met"], pendampingan["mean"]) == (2, 1, 1.5)
    assert (pembebasan["met"], pembebasan["mean"]) == (0, None)
    assert told(found, "rubric/pendampingan") == ["Apakah ada pendampingan?"]
    assert [(p.cited, p.page, p.text, p.rating) for p in found.passages] == [
        (True, "1", "Ada pendampingan.", 3.0),
        (False, "1", "Ada pendampingan oleh Pak [nama].", None),
    ]
    share = record_of(found.rows, "themes/pendampingan/document")
    assert (share["n"], share["share"]) == (1, 0.5)


# Quotes


def proposals(folder: Path) -> pd.DataFrame:
    """kutipan.csv after `evaluasi quotes`."""
    assert main(["quotes", "uji", "--data", str(folder)]) == 0
    return pd.read_csv(folder / "raw" / "uji" / "kutipan.csv")


def test_quotes_are_proposed_masked_and_never_twice(tmp_path):
    said = (
        ["wifi mati terus kata Pak Budi Santoso"] * 6 + ["kemarin wifi mati terus menerus"]
        + ["wifi di gedung kami bagus sekali"] + ["-"] * 3
        + ["mentor sabar dan sangat jelas menerangkan"] * 7
    )  # fmt: skip
    program(tmp_path, said)
    proposed = proposals(tmp_path)
    assert proposed[proposed["theme"] == "sarana"]["text"].tolist() == [
        "wifi mati terus kata Pak [nama]",
        "kemarin wifi mati terus menerus",
        "wifi di gedung kami bagus sekali",
    ]
    assert set(proposed["status"]) == {"usulan"}
    proposed.assign(status="ditolak").to_csv(tmp_path / "raw" / "uji" / "kutipan.csv", index=False)
    again = proposals(tmp_path)
    assert not again.duplicated(["source", "variable", "row"]).any()
    assert (again["status"].head(len(proposed)) == "ditolak").all()
    before = (tmp_path / "raw" / "uji" / "kutipan.csv").read_bytes()
    proposals(tmp_path)
    assert (tmp_path / "raw" / "uji" / "kutipan.csv").read_bytes().startswith(before)


def test_no_quote_is_proposed_from_a_small_cell(tmp_path):
    of_mentor = "mentor sabar dan sangat jelas menerangkan"
    program(tmp_path, ["wifi mati terus kata panitia"] * 4 + [of_mentor] * 9 + ["koperasi"] * 5)
    assert set(proposals(tmp_path)["theme"]) == {"fasilitator"}


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


# Interviews


def test_small_groups_are_shown_as_one_and_nothing_can_be_subtracted(tmp_path):
    rows = [(f"R{i}", "Alumni", "K", "a") for i in range(8)]
    rows += [("R20", "Atasan", "K", "a"), ("R21", "Atasan", "K", "b")]
    rows += [(f"R3{i}", "Panitia", "K", "b") for i in range(4)]
    cells = wide(program(tmp_path, interviews=interviews(rows)).rows, "voices/groups/*/*")
    assert {c["group"] for c in cells} == {"Alumni", "Other groups"}
    of_a = [c for c in cells if c["subject"] == "a"]
    assert all(c["n"] is None for c in of_a)  # 8 + 1: the total would give the 1 away
    assert {c["group"]: c["note"] for c in of_a} == {
        "Alumni": "most of them", "Other groups": "some of them",
    }  # fmt: skip


def test_the_size_of_a_small_group_does_not_follow_from_the_others(tmp_path):
    rows = [(f"R{i}", "Alumni", "K", "a") for i in range(8)]
    rows += [(f"R2{i}", "Atasan", "K", "a") for i in range(6)]
    rows += [(f"R3{i}", "Panitia", "K", "b") for i in range(2)]
    sizes = wide(program(tmp_path, interviews=interviews(rows)).rows, "voices/group_sizes/*")
    assert {s["subject"]: s["interviewees"] for s in sizes} == {
        "Alumni": 8, "Atasan": None, "Other groups": None,
    }  # fmt: skip


def test_interviews_without_groups_keep_the_names_of_their_themes(tmp_path):
    program(tmp_path, interviews=interviews([(f"R{i}", "", "K", "manfaat") for i in range(12)]))
    (text,) = (s.html() for s in el.open("uji", "en", tmp_path).report(["suara"]))
    assert "All groups (n = 12)" in text
    assert "12 (100%)" in text
    assert own_codebook().label("manfaat") in text.split("tema-kelompok")[1]


def test_saturation_is_reached_only_where_no_later_burst_comes(tmp_path):
    def reached(*new: int) -> int | None:
        steps = enumerate(new)
        return saturation_point(
            [{"interviews": i + 1, "codes": sum(new[: i + 1]), "new": n} for i, n in steps]
        )

    assert reached(5, 3, 1, 1, 0, 0, 0, 0) == 4
    assert reached(5, 3, 1, 1, 0, 0, 0, 2, 0, 0) == 8
    assert reached(5, 3, 1, 1, 1, 1, 1) is None
    assert reached(5, 3) is None


def test_co_occurrence_shows_only_pairs_of_enough_interviewees(tmp_path):
    rows = [(f"R{i}", "A", "K", code) for i in range(6) for code in ("a", "b")]
    found = program(tmp_path, interviews=interviews([*rows, ("R0", "A", "K", "c")]))
    (pair,) = [r for r in found.rows if r.id.startswith("voices/pairs") and r.value is not None]
    assert (pair.id, pair.n, pair.value) == ("voices/pairs/a/b/jaccard", 6, 1.0)


def test_coders_are_asked_about_every_code_of_every_shared_unit(tmp_path):
    """Two units that both coders read, and one that one did: of 2 x 2 codes, 3 are alike."""
    coded = [("K1", "a"), ("K1", "b"), ("K2", "a"), ("K1", "a"), ("K2", "a"), ("K1", "c")]
    table = interviews([("R1", "A", coder, code) for coder, code in coded])
    table["segmen_id"] = ["U1", "U1", "U1", "U2", "U2", "U3"]
    agreed = record_of(program(tmp_path, interviews=table).rows, "voices/coders/percent")
    assert agreed["value"] == 3 / 4


def test_transcripts_are_listed_with_turns_and_the_share_of_the_respondent(tmp_path):
    talk = {"a.txt": "Pewawancara: satu dua\nPeserta: tiga empat lima enam\n", "b.txt": "tujuh\n"}
    rows = program(tmp_path, transcripts=talk).rows
    first = record_of(rows, "voices/transcripts/T01")
    assert (first["turns"], first["words"], first["respondent_words"]) == (2, 6, 4)
    read = record_of(rows, "voices/interviews")
    assert (read["unmarked_transcripts"], read["respondent_word_share"]) == (1, 4 / 7)


def test_case_pages_below_the_limit_print_only_what_was_approved(tmp_path):
    rows = [("R1", "A", "K", "manfaat"), ("R2", "A", "K", "manfaat")]
    lines = quotes((1, "rahasia", "usulan"), (2, "kata Pak Budi: berubah", "disetujui"),
                   source="interviews", variable="", theme="manfaat")  # fmt: skip
    found = program(tmp_path, interviews=interviews(rows, kasus="Berhasil"), quotes=lines)
    page = record_of(found.rows, "voices/cases/Berhasil")
    assert (page["interviewees"], page["reason"]) == (None, "small_cell")
    assert told(found, "cases/Berhasil") == []
    assert [(q.case, q.text) for q in found.quotes] == [("Berhasil", "kata Pak [nama]: berubah")]


def test_case_pages_name_themes_of_enough_interviewees(tmp_path):
    rows = [
        (f"R{i}", "A", "K", theme) for i in range(6) for theme in ("manfaat", "materi")[: i + 1]
    ]
    found = program(tmp_path, interviews=interviews(rows, kasus="Berhasil"))
    labels = [own_codebook().label(name) for name in ("manfaat", "materi")]
    assert record_of(found.rows, "voices/cases/Berhasil")["interviewees"] == 6
    assert told(found, "cases/Berhasil") == labels


# What the sources say together


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
    ratings = rated(*((f"{i}.pdf", "pendampingan", 0) for i in range(3)),
                    *((f"{i}.pdf", "pembebasan", 3 * (i == 2)) for i in range(3)))  # fmt: skip
    rows = program(
        tmp_path, interviews=table.assign(kutipan="tidak bermanfaat"), ratings=ratings,
        estimate=0.5, barrier=50,
    ).triangulation  # fmt: skip
    assert [r.agreement for r in rows] == ["divergent", "convergent"]
    assert "Skill: improved" in rows[0].survey
    assert "12 of 12 interviewees" in rows[0].interview
    assert "0 praise it, 12 criticise it" in rows[0].interview
    assert "neither is averaged away" in rows[0].explanation
    assert rows[1].interview is None
    assert "no evidence in 2 of 3 documents" in rows[1].document


def test_an_inconclusive_effect_decides_nothing(tmp_path):
    ratings = rated(*((f"{i}.pdf", "pendampingan", 3) for i in range(2)))
    row = program(tmp_path, ratings=ratings, estimate=0.19, barrier=0).triangulation[0]
    assert row.agreement == "complementary"
    assert "do not decide" in row.survey


def test_few_interviewees_are_put_in_words(tmp_path):
    said = [(f"R{i}", "A", "K", "beban_kerja" if i < 3 else "materi") for i in range(12)]
    ratings = rated(("1.pdf", "pendampingan", 3))
    rows = program(tmp_path, interviews=interviews(said), ratings=ratings, barrier=50).triangulation
    assert "some interviewees" in rows[1].interview
    assert "3" not in rows[1].interview
