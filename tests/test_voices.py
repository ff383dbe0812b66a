"""What the voices give a report: themes, quotes, agreement, and the comparison of the sources.

Most of it as cases of data/voices.yml.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import evaluasi_lib as el
from evaluasi_lib.cli import main
from tests.made_studies import make_study, survey

CASES = yaml.safe_load((Path(__file__).parent / "data" / "voices.yml").read_text(encoding="utf-8"))
RUBRIC = """
met: 2
indicators:
  pendampingan: {label: Pendampingan, question: "Apakah ada pendampingan?", search: [pendampingan]}
  pembebasan: {label: Pembebasan tugas, search: [bebas tugas]}
"""


SAID = ["mentor sabar sekali dan jelas"] * 8
UNDECLARED = ("kutipan", "kode_manual")  # files that are known by their names


def times(counted):
    return pd.Series([text for text, n in counted.items() for _ in range(n)], dtype=object)


def interviews(groups, case="", excerpt="kerjaan menumpuk terus"):
    """The table of excerpts. groups: group -> codes of an interviewee -> how many speak of them."""
    rows = [
        (f"{group}{codes}{i}", group, "K", code, case, excerpt)
        for group, found in groups.items() for codes, n in found.items()
        for i in range(n) for code in codes.split()
    ]  # fmt: skip
    names = ["responden", "kelompok", "pengode", "kode", "kasus", "kutipan"]
    return pd.DataFrame(rows, columns=names)


def rated(*rows):
    """Ratings of documents: document, indicator, rating, quote, page."""
    names = ["dokumen", "indikator", "nilai", "kutipan", "halaman"]
    return pd.DataFrame(rows, columns=names).assign(penilai="P1")


def program(folder, saran=SAID, modul=(), *, plan=(), declared=(), tables=(), files=(), folders=()):
    """A program of open answers and whatever else was said of it. files: of `voices` in
    program.yml -> table; folders: of it -> file -> text."""
    raw = folder / "raw" / "uji"
    raw.mkdir(parents=True, exist_ok=True)
    voices = {"open_answers": ["saran"], "modules_question": "modul"} | dict(plan)
    for name, table in dict(files).items():
        table.to_csv(raw / f"{name}.csv", index=False)
        if name not in UNDECLARED:
            voices[name] = f"{name}.csv"
    if "document_ratings" in voices:
        (raw / "rubrik.yml").write_text(RUBRIC, encoding="utf-8")
        voices["rubric"] = "rubrik.yml"
    for name, texts in dict(folders).items():
        voices[name] = name
        (raw / name).mkdir()
        for file, text in texts.items():
            (raw / name / file).write_text(text, encoding="utf-8")
    answers = pd.DataFrame({"saran": pd.Series(saran, dtype=object),
                            "modul": pd.Series(modul, dtype=object)})  # fmt: skip
    said = {"design": {"type": "single_group"}, "link": "anonymous", "sources": {},
            "voices": voices} | dict(declared)  # fmt: skip
    said["sources"] = {"survei": survey({"saran": "open", "modul": "open"})} | said["sources"]
    return make_study(folder, said, {"survei": answers, **dict(tables)}, "en")


def tables_of(case):
    """The tables of a case, as an agency writes them."""
    if "interviews" in case:
        kinds = {key: case[key] for key in ("case", "excerpt") if key in case}
        yield "interviews", interviews(case["interviews"], **kinds)
    if "ratings" in case:
        yield "document_ratings", rated(*case["ratings"])
    if "quotes" in case:
        table = pd.DataFrame(case["quotes"], columns=["source", "row", "theme", "text", "status"])
        yield "kutipan", table.assign(variable=table["source"].map({"survei": "saran"}))
    if "hand" in case:
        themes = times(case["hand"])
        source = case.get("hand_source", "survei")
        yield "kode_manual", pd.DataFrame(
            {"source": source, "variable": "saran", "row": range(1, len(themes) + 1),
             "theme": themes}
        )  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_a_report_says_of_the_voices(tmp_path, case):
    plan = {"asks": case["asks"]} if "asks" in case else {}
    folders = {name: case[name] for name in ("documents", "transcripts") if name in case}
    answers = {name: times(case[name]) for name in ("saran", "modul") if name in case}
    opened = program(tmp_path, **answers, plan=plan, files=tables_of(case), folders=folders)
    result = opened.result
    rows = {row.id: row for row in result.rows}
    for id, columns in case.get("rows", {}).items():
        assert (id in rows) is (columns is not None), id
        for name, value in (columns or {}).items():
            found = getattr(rows[id], name)
            assert found == (value if isinstance(value, str) else pytest.approx(value)), id
    for place, texts in case.get("told", {}).items():
        said = [remark.text for remark in result.remarks if remark.id == f"voices/{place}"]
        assert len(said) == len(texts)
        assert all(text in one for text, one in zip(texts, said, strict=True)), said
    printed = [[q.theme, q.case, q.text] for q in result.quotes]
    assert printed == case.get("printed", [])
    passages = [[p.cited, p.page, p.text, p.rating] for p in result.passages]
    assert passages == case.get("passages", [])
    chapter = opened.report(["suara"])[0].html() if "page" in case else ""
    assert all(text in chapter for text in case.get("page", ()))


def share_rows(opened):
    """The rows of the themes' shares, in their order."""
    rows = opened.result.rows
    return {r.subject: r for r in rows if r.part == "themes" and r.measure == "share"}


def test_the_place_of_a_hidden_theme_tells_nothing_of_its_size(tmp_path):
    nearly_all = {"wifi mati": 18, "mentor sabar": 2, "kuis sulit": 2}
    names = list(share_rows(program(tmp_path, times(nearly_all))))
    assert {"sarana", "fasilitator", "tugas"} <= set(names)
    codebook = el.code_answers(pd.Series(["-"])).columns
    assert names == [name for name in codebook if name in names]


def test_tone_belongs_to_the_clause_that_speaks_of_the_theme(tmp_path):
    said = ["materinya bagus tapi panitia lambat, kacau"] * 12
    rows = program(tmp_path, said).result.rows
    tones = {r.subject: r.value for r in rows if r.measure == "sentiment"}
    assert tones["materi"] > 0 > tones["penyelenggaraan"]


def test_a_person_counts_once_however_often_they_answer(tmp_path):
    plan = {"open_answers": ["saran", "modul"], "modules_question": None}
    said = ["wifi mati terus"] * 6
    assert share_rows(program(tmp_path, said, said, plan=plan))["sarana"].n == 6


@pytest.mark.parametrize(
    ("new", "reached"),
    [((5, 3, 1, 1, 0, 0, 0, 0), [4]), ((5, 3, 1, 1, 0, 0, 0, 2, 0, 0), [8]),
     ((5, 3, 1, 1, 1, 1, 1), []), ((5, 3), [])],
)  # fmt: skip
def test_saturation_is_reached_only_where_no_later_burst_comes(tmp_path, new, reached):
    """new: codes that each interview is the first to bring."""
    codes = [" ".join([f"c{i}{j}" for j in range(n)] or ["c00"]) for i, n in enumerate(new)]
    table = pd.concat([interviews({f"{i}": {said: 1}}) for i, said in enumerate(codes)])
    rows = program(tmp_path, files={"interviews": table}).result.rows
    assert [r.value for r in rows if r.id == "voices/interviews/saturation_point"] == reached


def test_coders_are_asked_about_every_code_of_every_shared_unit(tmp_path):
    """Two units that both coders read, and one that one did: of 2 x 2 codes, 3 are alike."""
    coded = [("K1", "a", "U1"), ("K1", "b", "U1"), ("K2", "a", "U1"), ("K1", "a", "U2"),
             ("K2", "a", "U2"), ("K1", "c", "U3")]  # fmt: skip
    table = pd.DataFrame(coded, columns=["pengode", "kode", "segmen_id"])
    table = table.assign(responden="R1", kelompok="A", kutipan="kerjaan menumpuk")
    rows = program(tmp_path, files={"interviews": table}).result.rows
    assert [r.value for r in rows if r.id == "voices/coders/percent/value"] == [3 / 4]


def test_codes_of_one_unit_are_drawn_together(tmp_path):
    """Eight codes that are alike add no knowledge to one."""
    rng = np.random.default_rng(4)
    coders = {f"K{i}": rng.choice(["a", "b"], 30) for i in (1, 2)}

    def interval(copies):
        coded = [(coder, f"{code}{k}", f"U{unit}") for coder, codes in coders.items()
                 for unit, code in enumerate(codes) for k in range(copies)]  # fmt: skip
        table = pd.DataFrame(coded, columns=["pengode", "kode", "segmen_id"])
        table = table.assign(responden="R1", kelompok="A", kutipan="kerjaan menumpuk")
        rows = program(tmp_path / f"{copies}", files={"interviews": table}).result.rows
        (row,) = [r for r in rows if r.id == "voices/coders/percent/value"]
        return row.low, row.value, row.high

    assert interval(8) == interval(1)


def test_a_codebook_against_a_person_has_the_kappa_of_two_coders(tmp_path):
    rng = np.random.default_rng(5)
    by_hand = pd.Series(rng.random(80) < 0.4)
    by_book = by_hand ^ (rng.random(80) < 0.1)
    lines = pd.DataFrame({"source": "survei", "variable": "saran", "row": range(1, 81),
                          "theme": by_hand.map({True: "sarana", False: ""})})  # fmt: skip
    said = by_book.map({True: "wifi mati", False: "koperasi"})
    rows = {r.measure: r for r in program(tmp_path, said, files={"kode_manual": lines}).result.rows
            if r.id.startswith("voices/coding/1/")}  # fmt: skip
    both = (by_hand & by_book).sum()
    assert rows["precision"].value == pytest.approx(both / by_book.sum())
    assert rows["recall"].value == pytest.approx(both / by_hand.sum())
    alike = el.agreement(by_hand, by_book).set_index("coefficient").loc["cohen_kappa"]
    assert rows["kappa"].value == pytest.approx(alike["value"])
    # Two bootstraps of one statistic: their bounds differ by chance alone.
    assert rows["kappa"].low == pytest.approx(alike["low"], abs=0.03)


# Quotes


def proposals(folder):
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
    path = tmp_path / "raw" / "uji" / "kutipan.csv"
    proposed.assign(status="ditolak").to_csv(path, index=False)
    again = proposals(tmp_path)
    assert not again.duplicated(["source", "variable", "row"]).any()
    assert (again["status"].head(len(proposed)) == "ditolak").all()
    before = path.read_bytes()
    proposals(tmp_path)
    assert path.read_bytes().startswith(before)


def test_no_quote_is_proposed_from_a_small_cell(tmp_path):
    of_mentor = "mentor sabar dan sangat jelas menerangkan"
    program(tmp_path, ["wifi mati terus kata panitia"] * 4 + [of_mentor] * 9 + ["koperasi"] * 5)
    assert set(proposals(tmp_path)["theme"]) == {"fasilitator"}


def test_names_and_units_of_the_roster_are_masked_in_quotes(tmp_path):
    """Parts of a name may be ordinary words (bagus), so they count in capitals alone."""
    said = ["wifi mati terus kata wulan dan Ani", "wifi mati terus di satker mawar",
            "mentor sabar dan jelas kata Bagus", "mentor sabar dan sangat bagus"]  # fmt: skip
    said += ["wifi mati"] * 5 + ["mentor sabar"] * 5
    n = len(said)
    roster = pd.DataFrame({"nama": ["Wulan", "Bagus Prakoso", *["X"] * (n - 2)],
                           "satuan": ["Satker Mawar"] * n})  # fmt: skip
    pid = {"pid": [f"p{i}" for i in range(n)]}
    declared = {
        "link": "respondent_code", "roster": "peserta",
        "design": {"type": "single_group", "cluster": "satuan"},
        "sources": {"peserta": survey({"nama": "name", "satuan": "category"}, role="roster"),
                    "survei": survey({"saran": "open"})},
        "voices": {"open_answers": ["saran"]},
    }  # fmt: skip
    tables = {"peserta": roster.assign(**pid), "survei": pd.DataFrame({"saran": said, **pid})}
    make_study(tmp_path, declared, tables, "en")
    assert set(proposals(tmp_path)["text"]) == {
        "wifi mati terus kata [nama] dan Ani", "wifi mati terus di [unit kerja]",
        "mentor sabar dan jelas kata [nama]", "mentor sabar dan sangat bagus",
    }  # fmt: skip


# What the sources say together


def beside(folder, questions, *, estimate=0.0, barriers=(50,), said=None, ratings=()):
    """The answers to questions. estimate: of the outcome y, with a standard error of 0.1; barriers:
    how many of 100 named each of h0, h1, ...; ratings: indicator -> of each document."""
    n = 50
    noise = 0.1 * ((n - 1) / 2) ** 0.5 * pd.Series([-1.0, 1.0] * n)
    member = pd.Series([1] * n + [0] * n)
    tables = {"tes": pd.DataFrame({"y": member * estimate + noise, "ikut": member.astype(str)})}
    counts = {f"h{j}": named for j, named in enumerate(barriers)}
    options = {name: name for name in [*counts, "lain"]}
    named = pd.get_dummies(times(counts | {"lain": 100 - sum(barriers)}))
    tables["hambatan"] = named.astype(bool).add_prefix("h__")
    group = {"variable": "ikut", "program": ["1"], "comparison": ["0"]}
    declared = {
        "design": {"type": "randomised", "group": group},
        "sources": {
            "tes": survey({"y": "number", "ikut": "category"}, wave="post"),
            "hambatan": {"columns": {"h": {"from": "h", "type": "multi", "options": options}}},
        },
        "outcomes": [{"id": "y", "label": "Skill", "level": "learning", "variable": "y",
                      "unit": "points", "sesoi": 0.2}],
        "participation": {"barriers": {"source": "hambatan", "variable": "h"}},
        "questions": [{"id": f"q{i}", "text": f"q{i}?", **q} for i, q in enumerate(questions)],
    }  # fmt: skip
    documents = [(f"{i}.pdf", name, value, "", "") for name, values in dict(ratings).items()
                 for i, value in enumerate(values)]  # fmt: skip
    files = {"document_ratings": rated(*documents)} if documents else {}
    files |= {} if said is None else {"interviews": said}
    opened = program(folder, declared=declared, tables=tables, files=files)
    return opened.result.triangulation


OF_EFFECT = {"outcome": "y", "themes": ["manfaat"], "indicators": ["pendampingan"]}
OF_BARRIER = {"barrier": "h0", "themes": ["beban_kerja"], "counter_indicators": ["pembebasan"]}


def test_the_written_rule(tmp_path):
    """Barriers h0 yes, h1 no, h2 unclear; indicators pendampingan yes, pembebasan no; interviews:
    manfaat, spoken of by all, yes; materi, by few, unclear."""
    met, unmet, few = {"indicators": ["pendampingan"]}, {"indicators": ["pembebasan"]}, "materi"
    cases = [
        ({"barrier": "h0"}, "silent"),
        ({"barrier": "h0"} | met, "convergent"),
        ({"barrier": "h1", "themes": [few]} | unmet, "convergent"),
        ({"barrier": "h0"} | unmet, "divergent"),
        ({"barrier": "h0", "themes": ["manfaat"]} | unmet, "divergent"),
        ({"barrier": "h0", "themes": [few]}, "complementary"),
        ({"barrier": "h2", "themes": [few]}, "complementary"),
    ]
    said = interviews({"A": {"manfaat materi": 2, "manfaat": 10}})
    ratings = {"pendampingan": [3] * 3, "pembebasan": [0] * 3}
    found = beside(tmp_path, [question for question, _agreement in cases], barriers=(60, 6, 18),
                   said=said, ratings=ratings)  # fmt: skip
    assert [r.agreement for r in found] == [agreement for _question, agreement in cases]


def test_sources_that_differ_are_discussed_and_not_averaged(tmp_path):
    said = interviews({"A": {"manfaat": 12}}, excerpt="tidak bermanfaat")
    effect, barrier = beside(
        tmp_path, [OF_EFFECT, OF_BARRIER], estimate=0.5, said=said,
        ratings={"pendampingan": [0, 0, 0], "pembebasan": [0, 0, 3]},
    )  # fmt: skip
    assert [effect.agreement, barrier.agreement] == ["divergent", "convergent"]
    assert "Skill: improved" in effect.survey
    assert "12 of 12 interviewees" in effect.interview
    assert "0 praise it, 12 criticise it" in effect.interview
    assert "neither is averaged away" in effect.explanation
    assert barrier.interview is None
    assert "no evidence in 2 of 3 documents" in barrier.document


def test_an_inconclusive_effect_decides_nothing_and_few_interviewees_are_put_in_words(tmp_path):
    said = interviews({"A": {"beban_kerja": 3, "materi": 9}})
    effect, barrier = beside(tmp_path, [OF_EFFECT, OF_BARRIER], estimate=0.19, said=said,
                             ratings={"pendampingan": [3, 3]})  # fmt: skip
    assert effect.agreement == "complementary"
    assert "do not decide" in effect.survey
    assert "some interviewees" in barrier.interview
    assert "3" not in barrier.interview
