"""The door: `import evaluasi_lib as el`, tables in and tables out, as docs/pintu.md promises.

That it hides what could tell of a few persons: `test_disclosure`.
"""

from __future__ import annotations

import doctest
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import evaluasi_lib as el

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"statsmodels", "scipy", "matplotlib", "nbconvert", "polars", "papermill"}
MANAGING = "kompetensi_manajerial"
LIGHT = HEAVY - {"polars"}
CONTRACT = {
    "read", "clean_likert", "clean_number", "clean_date", "clean_category", "clean_multi",
    "pseudonymise", "link", "score", "reliability", "describe", "effect", "compare_models",
    "balance", "power", "barriers", "completion", "cost", "code_answers", "agreement",
    "forest", "prepost", "likert", "dropoff", "open", "compare",
}  # fmt: skip
FUNCTIONS = [n for n in el.__all__ if inspect.isfunction(getattr(el, n)) and n != "set_language"]
MODULES = sorted({getattr(el, name).__module__ for name in FUNCTIONS} | {el.Table.__module__})


@pytest.fixture(autouse=True)
def _indonesian() -> None:
    el.set_language("id")


FRAME = pd.DataFrame(
    {"skor": [1.0, 2.0] * 5, "kelas": list("AB") * 5, "tiga": list("ABC") * 3 + ["A"]}
)


@pytest.mark.parametrize(
    ("code", "unloaded"),
    [
        ("", HEAVY | {"pandas", "numpy", "pydantic"}),
        ("repr(el.open('nsw-1976'))", LIGHT),
        ("import pandas as pd; el.clean_number(pd.Series(['1,5']))", LIGHT),
    ],
)
def test_what_takes_long_to_load_is_loaded_when_it_is_needed(code: str, unloaded: set) -> None:
    el.open("nsw-1976")  # cleaned, so that only opening is looked at
    show = "print(*{m.split('.')[0] for m in sys.modules})"
    command = f"import sys, evaluasi_lib as el\n{code}\n{show}"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert "evaluasi_lib" in done.stdout, done.stderr
    assert not set(done.stdout.split()) & unloaded


def test_every_name_of_the_contract_is_there_and_has_an_example() -> None:
    assert set(el.__all__) >= CONTRACT
    assert [n for n in FUNCTIONS if ">>>" not in (inspect.getdoc(getattr(el, n)) or "")] == []
    with pytest.raises(AttributeError):
        _ = el.nothing_of_this_name


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_the_docstrings_run(module: str) -> None:
    assert doctest.testmod(sys.modules[module]).failed == 0


# A call that cannot be answered -> what its error must name.
WRONG: list[tuple[str, Callable[[], object]]] = [
    ("skor", lambda: el.effect(FRAME, "skr", "kelas")),
    ("program=", lambda: el.effect(FRAME, "skor", "kelas")),
    ("A, B, C", lambda: el.effect(FRAME, "skor", "tiga", program="A")),
    ("ancova", lambda: el.effect(FRAME, "skor", "kelas", program="A", method="ancva")),
    ("before=", lambda: el.effect(FRAME, "skor")),
    ("1250", lambda: el.clean_number(pd.Series(["1.250", "3.500"]))),
    ("labels", lambda: el.clean_likert(pd.Series(["Puas", "Sangat Puas", "Kurang Puas"]))),
    ("effect", el.power),
    ("black", lambda: el.open("nsw-1976").effects(where="blak == 1")),
    ("nsw-1976", lambda: el.open("nsw-1977")),
    ("maksud Anda “man_", lambda: _leadership().what_if(outcome=MANAGING, items=["man_x"])),
    ("komunikasi", lambda: _leadership().what_if(sesoi=1)),
    ("> 0", lambda: _leadership().what_if(outcome="skp", sesoi=-1)),
    ("fasilitator", lambda: _leadership().what_if(costs={"fasilitatr": 1})),
    ("did", lambda: _leadership().what_if(outcome="skp", estimator="ddi")),
]  # fmt: skip


def _leadership() -> el.Program:
    return el.open("pelatihan-kepemimpinan-2025")


@pytest.mark.parametrize(("word", "call"), WRONG, ids=[word for word, _call in WRONG])
def test_a_wrong_call_says_what_is_known_and_shows_no_traceback(
    word: str, call: Callable[[], object]
) -> None:
    with pytest.raises(el.EvaluationError) as caught:
        call()
    shown = caught.value._render_traceback_()
    assert word in "\n".join(shown)
    assert "Traceback" not in "\n".join(shown)


def test_unknown_labels_are_named_all_at_once_with_place_number_and_remedy() -> None:
    answers = pd.Series(["Setuju", "Setju", "Entah", "Setju"], name="q1")
    with pytest.raises(el.EvaluationError) as caught:
        el.clean_likert(answers, ["Tidak Setuju", "Netral", "Setuju"])
    first, second = caught.value.problems
    assert (first.count, second.count) == (2, 1)
    assert "Setju" in first.what
    assert {"“q1”,", "2"} <= set(first.where.split())
    assert "Setuju" in first.remedy


def test_the_account_of_a_column_is_its_translations_and_survives_pandas(tmp_path: Path) -> None:
    prices = el.clean_number(pd.Series(["Rp 1.250.000", "20 JP", "20 JP", "n/a", "7"], name="x"))
    table = el.translations(prices).set_index("text")
    assert table.loc["20 JP", ["n", "first_row", "value"]].tolist() == [2, 2, 20.0]
    assert table.loc[["n/a", "7"], "rule"].tolist() == ["missing_code", ""]
    assert prices.attrs["changes"] == {"number_respelled": 3, "missing_code": 1}
    pd.concat([prices, prices], axis=1)  # compares attrs
    prices.to_frame().to_parquet(tmp_path / "x.parquet")  # writes attrs as JSON
    json.dumps(prices.attrs)


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
    nips = ["199001012015031001", "19900101 201503 1 001", "1.99001012015031E+17", "x"]
    df = pd.DataFrame({"nip": nips, "y": range(4)})
    hidden = el.pseudonymise(df, "nip", key="a")
    assert hidden["pid"].nunique() == 2
    assert hidden.attrs["changes"]["nip_repaired"] == 1
    assert "nip" not in hidden
    for other in (el.pseudonymise(df, "nip", "b"), el.pseudonymise(df, "nip", "a", scope="p")):
        assert set(hidden["pid"][:3]).isdisjoint(other["pid"][:3])


def test_a_join_of_persons_is_never_forced() -> None:
    twice = pd.DataFrame({"pid": ["a", "a", None], "x": [1, 2, 3]})
    with pytest.raises(el.EvaluationError) as caught:
        el.link(twice, twice, by="pid")
    assert [problem.count for problem in caught.value.problems] == [2, 2]
    missing = pd.DataFrame({"pid": [None, "a"], "x": [1, 2]})
    assert len(el.link(missing, missing)) == 1


# Effects and what shows them


def test_nsw_is_dehejia_and_wahbas_through_either_door() -> None:
    nsw = el.read(ROOT / "data" / "raw" / "nsw-1976" / "nsw.csv").apply(el.clean_number)
    own = el.effect(nsw, "re78", "treat", design="randomised", sesoi=455).iloc[0]
    assert own["estimate"] == pytest.approx(1794.342, abs=5e-4)
    assert own["std_error"] == pytest.approx(670.9965, abs=5e-5)
    assert (own["n_program"], own["n_comparison"], own["claim"]) == (185, 260, "effect")
    declared = el.open("nsw-1976").effects().iloc[0]
    for column in ("estimate", "std_error", "df", "low", "high", "p", "g", "conclusion"):
        assert own[column] == declared[column]


@pytest.mark.parametrize("program_id", ["elearning-asn-2025", "nsw-1976"])
def test_effects_are_those_of_the_measures_under_readable_ids(program_id: str) -> None:
    p = el.open(program_id)
    shown, measures = pd.DataFrame(p.effects(role=None)), pd.DataFrame(p.measures)
    assert measures["id"].is_unique
    said = measures[measures["role"].notna() & (measures["measure"] == "estimate")]
    said = said.rename(columns={"subject": "outcome", "value": "estimate"})
    same = ["outcome", "estimate", "low", "high", "p", "estimator", "claim", "design", "unit"]
    pd.testing.assert_frame_equal(shown[same], said[same].reset_index(drop=True), check_dtype=False)
    first = shown["outcome"].iloc[0]
    assert f"effects/{first}/primary/estimate" in set(said["id"])


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


def test_a_table_keeps_numbers_and_shows_words() -> None:
    t = el.open("nsw-1976").effects(role=None)
    assert (t["estimate"].dtype, t["n_program"].dtype) == (float, "Int64")
    html = t._repr_html_()
    assert "1.794" in html
    assert html.count("<th ") <= 11
    assert type(t[t["role"] == "primary"]) is el.Table
    assert len(repr(el.Table({"x": range(10_000)})).splitlines()) < 30
    el.set_language("en")
    assert "1,794" in t._repr_html_()


def test_the_interval_of_a_share_is_in_percent_and_that_of_a_mean_is_not() -> None:
    table = el.describe(pd.DataFrame({"skor": [1.0, 2.0, 3.0] * 5, "unit": list("ABC") * 5}))
    mean, *shares = table.cells()["interval"]
    assert "%" not in mean
    assert all("%" in share for share in shares)


def test_a_figure_is_saved_in_three_forms_and_in_no_other(tmp_path: Path) -> None:
    effects = el.open("nsw-1976").effects(role=None)
    figure = el.forest(effects)
    for form, mark in {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}.items():
        assert figure.save(tmp_path / f"x.{form}").read_bytes().startswith(mark)
    with pytest.raises(el.EvaluationError, match="gif"):
        figure.save(tmp_path / "x.gif")
    assert len(figure.data) == len(effects)


# Another declaration


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


def test_an_outcome_of_fewer_items_is_their_score() -> None:
    p, items = _leadership(), ["man_1", "man_2", "man_3"]
    fewer = p.what_if(outcome=MANAGING, items=items)
    before, after = (x.effects(MANAGING)["estimate"].iloc[0] for x in (p, fewer))
    assert before != after
    data = p.tables["survei_pasca"]
    y = fewer.outcome_data("kompetensi_manajerial").set_index("pid")["y"]
    by_hand = el.score(data, items).set_axis(data["pid"]).reindex(y.index)
    np.testing.assert_allclose(y, by_hand)
