"""The door: `import evaluasi_lib as el`, tables in and tables out, as docs/pintu.md promises."""

from __future__ import annotations

import doctest
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import evaluasi_lib as el
from tests.situations import make

ROOT = Path(__file__).resolve().parent.parent
MODULES = [
    "tables",
    *(f"door.{p.stem}" for p in (ROOT / "evaluasi_lib" / "door").glob("[a-z]*.py")),
]
HEAVY = ("statsmodels", "scipy", "matplotlib", "nbconvert", "polars", "papermill")
FUNCTIONS = [n for n in el.__all__ if inspect.isfunction(getattr(el, n)) and n != "set_language"]


@pytest.fixture(autouse=True)
def _indonesian() -> None:
    el.set_language("id")


def _modules_after(code: str) -> set[str]:
    """The packages that a fresh interpreter holds after some code."""
    show = "import sys; print(' '.join(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{show}"], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return set(done.stdout.split())


def test_the_import_loads_nothing_but_itself() -> None:
    assert not _modules_after("import evaluasi_lib") & {*HEAVY, "pandas", "numpy", "pydantic"}


def test_opening_a_program_loads_no_statistics_and_no_pictures() -> None:
    el.open("nsw-1976")  # cleaned, so that only opening is measured
    found = _modules_after("import evaluasi_lib as el\nrepr(el.open('nsw-1976'))")
    assert not found & (set(HEAVY) - {"polars"})


def test_a_cleaned_column_loads_no_statistics() -> None:
    code = "import evaluasi_lib as el, pandas as pd\nel.clean_number(pd.Series(['1,5']))"
    assert not _modules_after(code) & (set(HEAVY) - {"polars"})


def test_every_name_of_the_contract_is_there_and_has_an_example() -> None:
    contract = [
        "read", "clean_likert", "clean_number", "clean_date", "clean_category", "clean_multi",
        "pseudonymise", "link", "score", "reliability", "describe", "effect", "compare_models",
        "balance", "power", "barriers", "completion", "cost", "code_answers", "agreement",
        "forest", "prepost", "likert", "dropoff", "open", "compare",
    ]  # fmt: skip
    assert set(contract) <= set(el.__all__)
    assert [n for n in FUNCTIONS if ">>>" not in (inspect.getdoc(getattr(el, n)) or "")] == []
    with pytest.raises(AttributeError):
        _ = el.nothing_of_this_name


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_docstrings_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"evaluasi_lib.{name}")).failed == 0


# Cleaning


def test_unknown_labels_are_named_all_at_once_with_place_number_and_remedy() -> None:
    answers = pd.Series(["Setuju", "Setju", "Entah", "Setju"], name="q1")
    with pytest.raises(el.EvaluationError) as caught:
        el.clean_likert(answers, ["Tidak Setuju", "Netral", "Setuju"])
    first, second = caught.value.problems
    assert (first.count, second.count) == (2, 1)
    assert "Setju" in first.what
    assert "q1" in first.where
    assert "2" in first.where
    assert "Setuju" in first.remedy


def test_jupyter_shows_the_sentences_of_an_error_and_no_traceback() -> None:
    with pytest.raises(el.EvaluationError) as caught:
        el.open("nsw-1977")
    shown = caught.value._render_traceback_()
    assert "nsw-1976" in "\n".join(shown)
    assert len(shown) == 2


def test_the_account_of_a_column_is_its_translations_and_survives_pandas(tmp_path: Path) -> None:
    prices = el.clean_number(pd.Series(["Rp 1.250.000", "20 JP", "20 JP", "n/a", "7"], name="x"))
    table = el.translations(prices).set_index("text")
    assert table.loc["20 JP", ["n", "first_row", "value"]].tolist() == [2, 2, 20.0]
    assert table.loc["n/a", "rule"] == "missing_code"
    assert table.loc["7", "rule"] == ""
    assert prices.attrs["changes"] == {"number_respelled": 3, "missing_code": 1}
    pd.concat([prices, prices], axis=1)  # compares attrs
    prices.to_frame().to_parquet(tmp_path / "x.parquet")  # writes attrs as JSON
    json.dumps(prices.attrs)


def test_an_ambiguous_number_and_an_ambiguous_scale_are_refused() -> None:
    with pytest.raises(el.EvaluationError, match="1250"):
        el.clean_number(pd.Series(["1.250", "3.500"]))
    with pytest.raises(el.EvaluationError):
        el.clean_likert(pd.Series(["Puas", "Sangat Puas", "Kurang Puas"]))


def test_the_door_cleans_a_column_as_the_pipeline_does() -> None:
    p = el.open("mentoring-karier-2025")
    name, source = next((n, s) for n, s in p.declared.sources.items() if s.wave == "pre")
    raw = el.read(ROOT / "data" / "raw" / p.id / source.file)
    item, column = next((v, c) for v, c in source.columns.items() if c.type == "item")
    instrument = next(i for i in p.declared.instruments.values() if item in i.items)
    scale = p.declared.scales[column.scale or instrument.scale]
    found = el.clean_likert(
        raw[column.header], scale.labels or scale.n_points, item in instrument.reversed,
        lowest=scale.min, aliases=scale.aliases, missing=[*scale.missing, *column.missing],
    )  # fmt: skip
    table = p.tables[name]
    np.testing.assert_array_equal(found.iloc[table["row"] - 1].to_numpy(), table[item].to_numpy())


def test_one_person_has_one_pseudonym_in_any_spelling_and_by_key_and_scope() -> None:
    nips = pd.Series(["199001012015031001", "19900101 201503 1 001", "1.99001012015031E+17", "x"])
    df = pd.DataFrame({"nip": nips, "y": range(4)})
    hidden = el.pseudonymise(df, "nip", key="a")
    assert hidden["pid"].nunique() == 2
    assert hidden.attrs["changes"]["nip_repaired"] == 1
    assert "nip" not in hidden
    other = el.pseudonymise(df, "nip", key="b")
    assert set(hidden["pid"][:3]).isdisjoint(other["pid"][:3])
    assert set(hidden["pid"][:3]).isdisjoint(el.pseudonymise(df, "nip", "a", scope="p")["pid"][:3])


def test_a_join_of_persons_is_never_forced() -> None:
    twice = pd.DataFrame({"pid": ["a", "a", None], "x": [1, 2, 3]})
    with pytest.raises(el.EvaluationError) as caught:
        el.link(twice, twice, by="pid")
    assert [problem.count for problem in caught.value.problems] == [2, 2]
    missing = pd.DataFrame({"pid": [None, "a"], "x": [1, 2]})
    assert len(el.link(missing, missing)) == 1


# Effects


def test_nsw_is_dehejia_and_wahbas_through_either_door() -> None:
    nsw = el.read(ROOT / "data" / "raw" / "nsw-1976" / "nsw.csv").apply(el.clean_number)
    own = el.effect(nsw, "re78", "treat", design="randomised", sesoi=455).iloc[0]
    assert own["estimate"] == pytest.approx(1794.342, abs=5e-4)
    assert own["std_error"] == pytest.approx(670.9965, abs=5e-5)
    assert (own["n_program"], own["n_comparison"], own["claim"]) == (185, 260, "effect")
    declared = el.open("nsw-1976").effects().iloc[0]
    for column in ("estimate", "std_error", "df", "low", "high", "p", "g", "conclusion"):
        assert own[column] == declared[column]


def test_power_says_what_is_missing() -> None:
    with pytest.raises(el.EvaluationError):
        el.power()


# Tables and figures


def test_a_table_keeps_numbers_and_shows_words() -> None:
    t = el.open("nsw-1976").effects(role=None)
    assert t["estimate"].dtype == float
    assert t["n_program"].dtype == "Int64"
    html = t._repr_html_()
    assert "1.794" in html
    assert html.count("<th ") <= 11
    assert type(t[t["role"] == "primary"]) is el.Table
    assert len(repr(el.Table({"x": range(10_000)})).splitlines()) < 30
    el.set_language("en")
    assert "1,794" in t._repr_html_()


def test_a_figure_is_saved_in_three_forms_and_in_no_other(tmp_path: Path) -> None:
    figure = el.forest(el.open("nsw-1976").effects(role=None))
    marks = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}
    for form, mark in marks.items():
        assert figure.save(tmp_path / f"x.{form}").read_bytes().startswith(mark)
    with pytest.raises(el.EvaluationError, match="gif"):
        figure.save(tmp_path / "x.gif")
    assert len(figure.data) == len(el.open("nsw-1976").effects(role=None))


def test_a_wrong_call_says_what_is_known() -> None:
    df = pd.DataFrame(
        {"skor": [1.0, 2.0] * 5, "kelas": list("AB") * 5, "tiga": list("ABC") * 3 + ["A"]}
    )
    calls = {
        "skor": lambda: el.effect(df, "skr", "kelas"),
        "program=": lambda: el.effect(df, "skor", "kelas"),
        "A, B, C": lambda: el.effect(df, "skor", "tiga", program="A"),
        "ancova": lambda: el.effect(df, "skor", "kelas", program="A", method="ancva"),
        "before=": lambda: el.effect(df, "skor"),
    }
    for word, call in calls.items():
        with pytest.raises(el.EvaluationError, match=word):
            call()


def test_small_groups_are_not_shown_and_cannot_be_found() -> None:
    df = pd.DataFrame(
        {"q__a": [True] * 8 + [False] * 14, "unit": ["X"] * 10 + ["Y"] * 6 + ["Z"] * 6}
    )
    df.loc[[10, 11], "q__a"] = True  # two of unit Y
    t = el.barriers(df, "q", by="unit").set_index("group")
    assert pd.isna(t.loc["Y", "n"])
    assert t["n"].isna().sum() > 1
    few = el.effect(df.head(4).assign(y=range(4), b=0), "y", before="b").iloc[0]
    assert few["reason"] == "small_cell"
    assert pd.isna(few["estimate"])


def test_a_description_hides_small_groups_and_what_would_tell_them() -> None:
    df = pd.DataFrame(
        {"skor": [3.0] * 23, "unit": ["X"] * 12 + ["Y"] * 8 + ["Z"] * 3, "kelas": list("A" * 23)}
    )
    means = el.describe(df, by="unit", columns=["skor"]).set_index("group")
    assert means["mean"].notna().to_dict() == {"X": True, "Y": True, "Z": False}
    assert means.loc["Z", "reason"] == "small_cell"
    shares = el.describe(df, columns=["unit", "kelas"]).set_index("value")
    assert shares["share"].notna().to_dict() == {"X": True, "Y": False, "Z": False, "A": True}


# Programs


def test_an_undeclared_subgroup_is_an_exploration_and_equals_the_same_rows_by_hand() -> None:
    p = el.open("nsw-1976")
    found = p.effects(where="black == 1").iloc[0]
    data = p.outcome_data("re78")
    by_hand = data[data["black"].astype(bool)]
    own = el.effect(by_hand, "y", "group", design="randomised").iloc[0]
    assert found["estimate"] == pytest.approx(own["estimate"])
    assert found["role"] == "subgroup"
    assert pd.isna(found["conclusion"])
    assert p.effects(by="black")["estimate"].tolist()[-1] == found["estimate"]
    with pytest.raises(el.EvaluationError, match="black"):
        p.effects(where="blak == 1")


def test_what_if_changes_the_verdict_and_says_so_on_page_one(tmp_path: Path) -> None:
    p = el.open("nsw-1976")
    q = p.what_if(sesoi=10_000)
    assert q.verdict().decision != p.verdict().decision
    assert p.declared.outcomes[0].sesoi == 455
    made = q.report(["efektivitas"], out=tmp_path)
    assert [section.id for section in made] == ["ringkasan", "efektivitas"]
    sentence = "Penjelajahan, bukan yang dinyatakan: outcomes.re78.sesoi 455 → 10.000."
    assert sentence in made[0].html()
    result = json.loads((tmp_path / p.id / "result.json").read_text(encoding="utf-8"))
    expected = {"key": "outcomes.re78.sesoi", "declared": 455.0, "used": 10_000.0}
    assert result["explored"] == [expected]
    assert "Penjelajahan" not in p.report(["ringkasan"])[0].html()
    again = q.what_if(estimator="adjusted")
    assert [change.key.split(".")[-1] for change in again.explored] == ["sesoi", "estimator"]


def test_what_if_is_validated_like_program_yml() -> None:
    p = el.open("pelatihan-kepemimpinan-2025")
    calls = {
        "man_": lambda: p.what_if(outcome="kompetensi_manajerial", items=["man_1", "man_x"]),
        "komunikasi": lambda: p.what_if(sesoi=1),
        "> 0": lambda: p.what_if(outcome="skp", sesoi=-1),
        "fasilitator": lambda: p.what_if(costs={"fasilitatr": 1}),
        "did": lambda: p.what_if(outcome="skp", estimator="ddi"),
    }
    for word, call in calls.items():
        with pytest.raises(el.EvaluationError, match=word):
            call()
    fewer = p.what_if(outcome="kompetensi_manajerial", items=["man_1", "man_2", "man_3"])
    before, after = (x.effects("kompetensi_manajerial").iloc[0] for x in (p, fewer))
    assert before["estimate"] != after["estimate"]
    data = p.tables["survei_pasca"]
    by_hand = el.score(data, ["man_1", "man_2", "man_3"])
    y = fewer.outcome_data("kompetensi_manajerial").set_index("pid")["y"]
    expected = pd.Series(by_hand.to_numpy(), index=data["pid"]).reindex(y.index)
    np.testing.assert_allclose(y, expected)


@pytest.mark.parametrize("program_id", ["elearning-asn-2025", "nsw-1976"])
def test_what_a_notebook_calls_an_effect_is_what_the_report_calls_one(program_id: str) -> None:
    p = el.open(program_id)
    shown = p.effects(role=None)[["outcome", "estimator", "claim", "estimate"]]
    said = [
        (row.subject, row.estimator, row.claim, row.value)
        for row in p.result.rows
        if row.part == "effects" and row.role and row.measure == "estimate"
    ]
    pd.testing.assert_frame_equal(
        pd.DataFrame(shown), pd.DataFrame(said, columns=list(shown)), check_dtype=False
    )


def test_measures_hold_every_effect_with_a_readable_id() -> None:
    p = el.open("nsw-1976")
    measures = p.measures.set_index("id")
    assert measures.index.is_unique
    row, effect = measures.loc["effects/re78/primary/estimate"], p.effects().iloc[0]
    for column in ("low", "high", "p", "claim", "design", "estimator", "conclusion", "unit"):
        assert row[column] == effect[column]
    assert row["value"] == effect["estimate"]
    el.set_language("en")
    assert set(el.open("nsw-1976", language="en").measures["id"]) == set(measures.index)


def test_completion_by_group_hides_whoever_a_total_would_give_away() -> None:
    groups = {"A": (40, 30), "B": (30, 20), "C": (12, 2), None: (6, 6)}
    df = pd.DataFrame(
        [(group, True, i < done, 3.0 + i) for group, (n, done) in groups.items() for i in range(n)],
        columns=["unit", "daftar", "selesai", "hari"],
    )
    table = el.completion(df, ["daftar", "selesai"], "unit", days="hari")
    assert table[["group", "stage"]].to_numpy().tolist() == [
        [group, stage] for group in "ABC" for stage in ("daftar", "selesai")
    ]
    ends = table[table["stage"] == "selesai"].set_index("group")
    assert el.completion(df, ["daftar", "selesai"])["n"].tolist() == [88, 58]
    # C's two are hidden, and so are the six without a unit, or 58 - 30 - 20 - 6 would tell
    assert ends["n"].dropna().to_dict() == {"A": 30, "B": 20}
    assert ends.loc["C", "reason"] == "small_cell"
    named = el.completion(df.dropna(), ["daftar", "selesai"], "unit")
    assert named.loc[named["stage"] == "selesai", "n"].dropna().tolist() == [30]
    assert (ends["median_days"].dropna() > 3).all()


def test_measures_show_nothing_that_a_report_hides() -> None:
    _program, result = make(completion=0.4, barriers={"beban": None})
    rows = {row.id: row for row in result.rows}
    assert rows["participation/completion_share"].value == 0.4
    row = rows["participation/barriers/beban/share"]
    assert (row.value, row.low, row.n, row.reason) == (None, None, None, "small_cell")
