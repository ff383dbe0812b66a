"""The only place that knows how the library is called, so that the study outlives a rebuilding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import evaluasi_lib as el
from evaluasi_lib.measures import result_json
from evaluasi_lib.wording import code_words, word_for

KEPT = ("role", "claim", "level", "conclusion", "direction", "unit", "reason")


class RefusedError(Exception):
    """The library would not evaluate the program, and said why: no claim is made."""


def result_of(data_folder: Path, program_id: str, language: str = "en") -> dict[str, Any]:
    """What one program of data_folder/raw says, cleaned from its raw files: see shape_of.

    Raises RefusedError where the declaration or the data are refused with a message.
    """
    try:
        program = el.open(program_id, language, data_folder)
        return shape_of(json.loads(result_json(program.result)))
    except el.EvaluationError as error:
        raise RefusedError(str(error)) from error
    finally:
        el.set_language("id")


def shape_of(document: dict[str, Any]) -> dict[str, Any]:
    """result.json as what is judged: effects, evidence, strengths, weaknesses, verdict, scales
    (warnings alone) and quality; a finding points at /effects/<place of the estimate>."""
    grades = {word_for("baseline", code): code for code in code_words()["baseline"]}
    records: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in document["measures"]:
        of, measure = tuple(row["id"].split("/")[:-1]), row["measure"]
        one = records.setdefault(of, {"part": row["part"], "outcome": row["subject"]})
        one |= {measure: row["value"]}
        if measure in ("estimate", "mean"):
            one |= {name: row[name] for name in KEPT}
            one |= {"n_program": row["n"], "n_comparison": None}
            one |= {"ci_low": row["low"], "ci_high": row["high"], "p_value": row["p"]}
        if measure in ("estimate", "mean", "rating_0_5"):
            one["threats" if measure == "rating_0_5" else "warnings"] = [row["note"] or ""]
        if measure == "baseline_max_abs_smd":
            one["wwc_baseline"] = grades.get(row["note"])
    needed = {"effects": "role", "evidence": "threats", "scales": "warnings"}
    shape: dict[str, Any] = {
        part: [r for r in records.values() if r["part"] == part and key in r]
        for part, key in needed.items()
    }
    shape["effects"] = [e for e in shape["effects"] if e["role"]]
    places = {
        f"effects/{e['outcome']}/primary/estimate": f"/effects/{i}"
        for i, e in enumerate(shape["effects"])
        if e["role"] == "primary"
    }
    for kind in ("strengths", "weaknesses"):
        shape[kind] = [
            {**finding, "evidence": [places.get(id, id) for id in finding["evidence"]]}
            for finding in document["texts"][kind]
        ]
    stability = records.get(("verdict", "stability"))
    details = {} if stability is None else {"stability": stability}
    return shape | {"verdict": document["verdict"] | {"details": details},
                    "quality": document["quality"]}  # fmt: skip
