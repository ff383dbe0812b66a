"""Strengths, weaknesses, advice, follow-up: each says only what its evidence holds.

The cases of data/findings.yml, of which each is also held to what must hold for all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from tests.published import cited
from tests.situations import concluded

CASES = yaml.safe_load(
    (Path(__file__).parent / "data" / "findings.yml").read_text(encoding="utf-8")
)


def every_text(result: dict[str, Any]) -> str:
    texts, verdict = result["texts"], result["verdict"]
    return "\n".join([
        *(f["statement"] for f in [*texts["strengths"], *texts["weaknesses"]]),
        *verdict["reasons"], *(r["text"] for r in texts["recommendations"]),
    ])  # fmt: skip


def hold_together(result: dict[str, Any]) -> None:
    """What is true of all that is concluded: it rests on measures, and answers what was found."""
    assert cited(result) <= {row["id"] for row in result["measures"]}
    texts = result["texts"]
    for findings in (texts["strengths"], texts["weaknesses"]):
        scores = [finding["score"] for finding in findings]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
    advice = texts["recommendations"]
    assert all(r["addresses"] and r["owner"] and r["due"] for r in advice)
    assert {a for r in advice for a in r["addresses"]} == {w["id"] for w in texts["weaknesses"]}
    urgent = [r["priority"] for r in advice if not r["id"].startswith("keep-promises")]
    assert urgent == sorted(urgent, reverse=True)
    assert not set("{}") & set(every_text(result))


def holds(text: str, expected: str | list[str]) -> None:
    for phrase in [expected] if isinstance(expected, str) else expected:
        assert phrase in text


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_is_found_and_advised(case: dict[str, Any]) -> None:
    result = concluded(*case.get("earlier", ()), language=case.get("language", "en"),
                       **case["given"])  # fmt: skip
    hold_together(result)
    texts, everything = result["texts"], every_text(result)
    good, bad = ({f["id"]: f for f in texts[kind]} for kind in ("strengths", "weaknesses"))
    found = good | bad
    advice = {r["id"]: r for r in texts["recommendations"]}
    for name, expected in case.get("finds", {}).items():
        holds((good if name[0] == "+" else bad)[name[1:]]["statement"], expected)
    for id, score in case.get("scores", {}).items():
        assert found[id]["score"] == pytest.approx(score)
    for id, measures in case.get("cites", {}).items():
        assert found[id]["evidence"] == measures
    for id, expected in case.get("advises", {}).items():
        holds(advice[id]["text"], expected)
    for id, findings in case.get("answers", {}).items():
        assert sorted(advice[id]["addresses"]) == sorted(findings)
    for field in ("priority", "due"):
        for id, value in case.get(field, {}).items():
            assert advice[id][field] == value
    for id, indicator in case.get("watch", {}).items():
        assert advice[id]["watch"][0] == indicator
    assert not found.keys() & set(case.get("lacks", ()))
    assert not advice.keys() & set(case.get("absent", ()))
    assert next(iter(advice), None) == case.get("first", next(iter(advice), None))
    assert not [words for words in case.get("unsaid", ()) if words in everything]
    assert result["verdict"]["decision"] == case.get("verdict", result["verdict"]["decision"])
    holds(" ".join(result["verdict"]["would_change"]), case.get("would_change", ""))
    if case.keys() & {"change", "sentence", "reason"}:
        (item,) = texts["follow_up"]
        change = item["change"] or {}
        for name, value in case.get("change", {}).items():
            moved = change[name]
            if name == "trend":
                moved, value = [list(t.values())[:2] for t in moved], [list(v) for v in value]
            assert moved == (pytest.approx(value) if isinstance(value, float) else value)
        holds(change.get("sentence", ""), case.get("sentence", ""))
        holds(item["reason"] or "", case.get("reason", ""))


def test_the_change_of_a_share_has_newcombes_interval() -> None:
    indicator = "participation/barriers/beban/share"
    cycles = []
    for n, named in ((52, 37), (48, 43)):
        ends = map(float, proportion_confint(named, n, method="wilson"))
        at = {"at": "participation/barriers/beban", "share": [named / n, *ends]}
        cycles.append({"more": [at]})
    promise = {"id": "r1", "from_cycle": 2024, "text": "X.", "status": "done",
               "indicator": indicator}  # fmt: skip
    result = concluded({"cycle": "2024", **cycles[0]}, **cycles[1],
                       program_keys={"earlier_recommendations": [promise]})  # fmt: skip
    change = result["texts"]["follow_up"][0]["change"]
    theirs = confint_proportions_2indep(43, 48, 37, 52, method="newcomb", compare="diff")
    # Both use the normal quantile; only the order of operations differs.
    assert (change["ci_low"], change["ci_high"]) == pytest.approx(theirs, rel=1e-9)


def test_reordering_outcomes_changes_no_finding() -> None:
    specs = [
        {"outcome": f"o{i}", **spec} for i, spec in enumerate(CASES[0]["given"]["outcomes"][:4])
    ]
    one, other = (concluded(outcomes=order)["texts"] for order in (specs, specs[::-1]))
    told = [[(w["id"], w["statement"], w["score"]) for w in texts["weaknesses"]]
            for texts in (one, other)]  # fmt: skip
    assert told[0] == told[1]
