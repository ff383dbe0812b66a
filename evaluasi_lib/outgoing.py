"""The parts of a result that are not rows yet, as rows."""

from __future__ import annotations

import dataclasses

from evaluasi_lib.measures import (
    PARTS,
    Measure,
    Rows,
    record_rows,
)
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.wording import _, word_for

MONEY = (
    "total_cost_idr cost_per_participant_idr cost_per_completer_idr budget_absorption_share bcr "
    "roi_pct"
)


def measures_of(result: EvaluationResult) -> tuple[Measure, ...]:
    """The rows of the measures table, in the order of the report's parts; ids are unique."""
    rooms = (
        _published, _efficiency, _themes, _voices, _conclusions,
    )  # fmt: skip
    rows: list[Measure] = []
    seen: dict[str, int] = {}
    found = [row for room in rooms for row in room(result)]
    for row in sorted(found, key=lambda row: PARTS.index(row.part)):
        again = seen[row.id] = seen.get(row.id, 0) + 1  # records that nothing tells apart
        rows.append(row if again == 1 else dataclasses.replace(row, id=f"{row.id}@{again}"))
    return tuple(rows)


def _published(result: EvaluationResult) -> Rows:
    yield from result.rows


def _efficiency(result: EvaluationResult) -> Rows:
    part, more, names = result.efficiency, result.efficiency.details, ["efficiency"]
    yield from record_rows(part, names, MONEY)
    yield from record_rows(more, names, "cost_per_jp_idr price_year", reason=more.get("jp_reason"))
    for row in more.get("costs") or ():
        fields = "planned_idr realised_idr absorption_share share_of_total"
        yield from record_rows(row, [*names, "costs", row["category"]], fields)
    if headline := part.cost_per_unit_effect:
        about = {"subject": headline.outcome, "unit": headline.unit}
        yield from record_rows(headline, [*names, "cost_per_unit_effect"], "estimate:ci", **about)
    for row in more.get("cost_per_effect") or ():
        place = [*names, "cost_per_effect", row["outcome"]]
        about = {"subject": row["outcome"], "unit": row["unit"], "wave": row["wave"]}
        yield from record_rows(row, place, "estimate:ci", **about)
        drawn = {"estimate": row["estimate"], "reason": row["reason"], "label": row["label"]}
        drawn |= {f"ci_{end}": row.get(f"bootstrap_ci_{end}") for end in ("low", "high")}
        yield from record_rows(drawn, [*place, "bootstrap"], "estimate:ci", **about)
    for i, row in enumerate(more.get("benefits") or (), 1):
        fields = "per_person_idr total_idr confidence_share"
        yield from record_rows(row, [*names, "benefits", i], fields)
    for i, row in enumerate(more.get("sensitivity") or (), 1):
        fields, label = "cost_idr benefit_idr bcr roi_pct", row["assumption"]
        yield from record_rows(row, [*names, "sensitivity", i], fields, label=label)


def _themes(result: EvaluationResult) -> Rows:
    for t in result.themes:
        about = {"subject": t.theme, "group": t.source}
        yield from record_rows(t, ["themes", t.theme, t.source], "share:ci sentiment", **about)
    for m in result.module_demand:
        yield from record_rows(m, ["module_demand", m.module], "share:ci")


def _voices(result: EvaluationResult) -> Rows:
    said, names = result.voices, ["voices"]
    if survey := said.get("survey"):
        yield from record_rows(survey, [*names, "survey"], "answers respondents")
        yield from record_rows(survey["unthemed"], [*names, "unthemed"], "n share")
    for i, row in enumerate((said.get("agreement") or {}).get("themes", ()), 1):
        fields = "precision recall kappa:kappa_ci"
        yield from record_rows(row, [*names, "coding", i], fields, n=row["n_manual"])
    talked, read = said.get("interviews") or {}, said.get("documents") or {}
    if covered := talked.get("coverage"):
        fields = "interviewees excerpts transcripts turns respondent_word_share"
        yield from record_rows(covered, [*names, "interviews"], fields)
        for row in covered["by_transcript"]:
            fields = "turns words respondent_words"
            yield from record_rows(row, [*names, "transcripts", row["transcript"]], fields)
    for row in talked.get("theme_by_group") or ():
        about = {"subject": row["theme"], "group": row["group"]}
        place = [*names, "groups", row["theme"], row["group"]]
        yield from record_rows(row, place, "share", note=word_for("band", row["band"]), **about)
    for row in talked.get("saturation") or ():
        yield from record_rows(row, [*names, "saturation", row["interviews"]], "codes new")
    yield from record_rows(talked, [*names, "interviews"], "saturation_point")
    for row in talked.get("co_occurrence") or ():
        label = f"{row['label_a']} + {row['label_b']}"
        yield from record_rows(row, [*names, "pairs", row["a"], row["b"]], "jaccard", label=label)
    for kind, found in (("coders", talked), ("reviewers", read)):
        for row in found.get(kind) or ():
            place = [*names, kind, row["coefficient"]]
            yield from record_rows(row, place, "value:ci", n=row["n_units"])
    for row in read.get("documents") or ():
        yield from record_rows(row, [*names, "documents", row["document"]], "pages")
    for row in read.get("coverage") or ():
        yield from record_rows(row, [*names, "rubric", row["indicator"]], "documents met mean")


def _conclusions(result: EvaluationResult) -> Rows:
    """What the sources say together, what became of advice, and how firmly the verdict stands."""
    for place, t in enumerate(result.triangulation, 1):
        sources = {"sources": sum(x is not None for x in (t.survey, t.interview, t.document))}
        note = word_for("agreement", t.agreement)
        yield from record_rows(
            sources, ["triangulation", place], "sources", label=t.question, note=note
        )
    for item in result.follow_up:
        change = item.change or {"reason": item.reason or _("not computed")}
        note = f"{word_for('status', item.status)}. {change.get('sentence', '')}".strip()
        names = ["follow_up", item.id]
        yield from record_rows(change, names, "difference:ci", label=item.text, note=note)
    if stability := result.verdict.stability:
        about = {"n": stability["draws"], "note": stability["hangs_on"]}
        yield from record_rows(stability, ["verdict", "stability"], "share", **about)
