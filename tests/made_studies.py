"""Small programs made by hand: their tables become raw files, and are opened through the door."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

import evaluasi_lib as el
from tests.synthetic.files import csv_bytes

COMMON = {
    "id": "uji", "title": "Uji", "kind": "other", "organisation": "Badan", "cycle": "2025",
    "link": "respondent_code",
}  # fmt: skip


def make_study(
    folder: Path, declaration: dict[str, Any], tables: dict[str, pd.DataFrame], language: str = "id"
) -> Any:
    """The program (el.Program) of a declaration and its tables as they should come out of cleaning:
    `pid` is each person's code, and a column variable__option one answer of several."""
    declared = COMMON | {key: value for key, value in declaration.items() if value is not None}
    linked, raw = declared["link"] == "respondent_code", folder / "raw" / "uji"
    raw.mkdir(parents=True, exist_ok=True)
    sources = {}
    for name, source in declared["sources"].items():
        person = {"pid": {"from": "pid", "type": "respondent_code"}} if linked else {}
        file = f"{name}.csv"
        columns = person | source["columns"]
        sources[name] = {"preset": "none"} | source | {"file": file, "columns": columns}
        if name in tables:
            cells = {c["from"]: _written(tables[name], v, c) for v, c in columns.items()}
            table = tables[name] if source.get("role") == "events" else pd.DataFrame(cells)
            (raw / file).write_bytes(csv_bytes(table))
    text = yaml.safe_dump(declared | {"sources": sources}, sort_keys=False)
    (raw / "program.yml").write_text(text, encoding="utf-8")
    return el.open("uji", language, folder)


def _written(table: pd.DataFrame, variable: str, declared: dict[str, Any]) -> list[str | None]:
    """A variable as a form would export it."""
    if declared["type"] == "multi":
        labels = {o: w["id"] if isinstance(w, dict) else w for o, w in declared["options"].items()}
        chosen = table[[f"{variable}__{o}" for o in labels]].to_numpy(bool)
        return ["; ".join(w for w, yes in zip(labels.values(), row, strict=True) if yes) or None
                for row in chosen]  # fmt: skip
    return [_text(value) for value in table[variable]]


def _text(value: Any) -> str | None:
    if pd.isna(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return "ya" if value else "tidak"
    if isinstance(value, pd.Timestamp):
        return value.isoformat()[: None if value.hour else 10]
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def survey(columns: dict[str, Any], **source: Any) -> dict[str, Any]:
    """A source whose variables have the type given: {"a1": "item:setuju", "unit": "category"}."""
    declared: dict[str, Any] = {}
    for name, kind in columns.items():
        kind, _colon, scale = kind.partition(":")
        declared[name] = {"from": name, "type": kind} | ({"scale": scale} if scale else {})
    return {"columns": declared} | source


IN_DESIGN = ("attrition", "cluster", "covariates", "covariate_form")


def made(
    folder: Path, persons: pd.DataFrame, *, design: str | None = None,
    outcome: dict[str, Any] | None = None, language: str = "id", **declared: Any,
) -> Any:  # fmt: skip
    """A program (el.Program) of persons, a row each.

    Columns: `member`, who took part (without it there is one group); `before` and `after`, the
    outcome y at the waves pre and post (missing: not measured); name@wave, any other answer, of a
    questionnaire where an instrument holds it, else of a record; and background, in a roster or,
    with link="anonymous", beside the answers. outcome: changes of y's declaration. declared: keys
    of program.yml, or of its design.
    """
    table = persons.rename(columns={"before": "y@pre", "after": "y@post"}).reset_index(drop=True)
    group: dict[str, Any] = {}
    if "member" in table:
        table["ikut"] = np.where(table.pop("member").astype(bool), "ya", "tidak")
    if "ikut" in table:
        rule = {"variable": "ikut", "program": ["ya"], "comparison": ["tidak"]}
        group = {"group": rule}
    if "pid" not in table:
        table["pid"] = [f"p{i}" for i in range(len(table))]
    own = {key: declared.pop(key) for key in IN_DESIGN if key in declared}
    declared["design"] = {"type": design or ("comparison" if group else "single_group")}
    declared["design"] |= group | own
    background = table[[c for c in table if "@" not in c]]
    kinds = {name: _kind(column) for name, column in background.items() if name != "pid"}
    tables, sources = {}, {}
    linked = declared.setdefault("link", "respondent_code") == "respondent_code"
    if linked:
        tables["peserta"], sources["peserta"] = background, survey(kinds, role="roster")
        declared["roster"] = "peserta"
    waves = list(dict.fromkeys(c.partition("@")[2] for c in table if "@" in c))
    scaled = {item: f"item:{told['scale']}" for told in declared.get("instruments", {}).values()
              for item in told["items"]}  # fmt: skip
    for wave, role in itertools.product(waves, ("survey", "record")):
        asked = table.filter(regex=f"@{wave}$").rename(columns=lambda c: c.partition("@")[0])
        asked = asked[[c for c in asked if (c in scaled) == (role == "survey")]].dropna(how="all")
        if not asked.empty:
            who = background[["pid"] if linked else list(background)]
            tables[f"{role}_{wave}"] = who.join(asked, how="right")
            answers = {c: scaled.get(c) or _kind(asked[c]) for c in asked}
            answers |= {} if linked else kinds
            sources[f"{role}_{wave}"] = survey(answers, wave=wave, role=role)
    y = {"id": "y", "label": "Y", "level": "learning", "variable": "y", "unit": "poin"}
    y |= {"baseline_wave": "pre"} if "y@pre" in table else {}
    outcomes = [y | (outcome or {})] if "y@post" in table else []
    told = {"sources": sources, "outcomes": outcomes} | declared
    return make_study(folder, told, tables, language)


def _kind(column: pd.Series) -> str:
    if column.dtype == bool:
        return "flag"
    return "number" if pd.api.types.is_numeric_dtype(column) else "category"


def at(program: Any, place: str) -> dict[str, Any]:
    """The numbers of one place of `program.measures` by measure, what is missing as None; with
    measure_low, _high, _p, _reason their ends and reasons, and what is the same for all of them."""
    rows = program.measures
    found: dict[str, Any] = {}
    for row in rows[rows["id"].str.rpartition("/")[0] == place].to_dict("records"):
        row = {column: None if pd.isna(value) else value for column, value in row.items()}
        measure = row.pop("measure")
        found = {k: v for k, v in row.items() if v is not None} | found | {measure: row["value"]}
        found |= {f"{measure}_{end}": row[end] for end in ("low", "high", "p", "reason")}
    return found


def estimates(program: Any) -> dict[str, dict[str, Any]]:
    """Estimator -> the estimate with it, as `program.effects` has it; no subgroups."""
    found = program.effects(role=None).query("role != 'subgroup'").to_dict("records")
    return {e["estimator"]: {k: None if pd.isna(v) else v for k, v in e.items()} for e in found}


def primary(program: Any, outcome: str = "y") -> dict[str, Any]:
    """The primary estimate, and whatever else is known at its place."""
    (found,) = program.effects(outcome).to_dict("records")
    found = {name: None if pd.isna(value) else value for name, value in found.items()}
    return at(program, f"effects/{outcome}/primary") | found


def evidence(program: Any, outcome: str = "y") -> dict[str, Any]:
    """What is known of the evidence on an outcome; threats: code -> sentence."""
    rows = program.measures
    threats = rows[rows["id"].str.startswith(f"evidence/{outcome}/threats/")]
    told = dict(zip(threats["measure"], threats["note"], strict=True))
    alike = rows.loc[rows["id"] == f"evidence/{outcome}/baseline_max_abs_smd", "note"]
    return at(program, f"evidence/{outcome}") | {"threats": told, "alike": "".join(alike.dropna())}


def remarks(program: Any, place: str = "") -> str:
    """What a report says beside the numbers of a place."""
    return " ".join(r.text for r in program.result.remarks if place in ("", r.id))
