"""One table of causal words, from which every place takes what it says of an estimate."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

import evaluasi_lib as el
from evaluasi_lib.claims import CAUSAL, claimed_of, noun_of, say, tell, told_effects
from evaluasi_lib.conclusion import tone_of
from evaluasi_lib.findings import conclude
from evaluasi_lib.reporting.elements import Paragraph, Section
from evaluasi_lib.reporting.figures import plot_effects
from evaluasi_lib.reporting.sections.summary import section_summary, section_verdict
from evaluasi_lib.reporting.tables import table_effects
from evaluasi_lib.results import Triangulated
from tests.situations import effect, make

# Words by which a reader takes the program for the cause.
CAUSE = re.compile(
    r"The program (raised|lowered|is likely)|(?<!no )effect of the program|likely effect"
)


@pytest.fixture(autouse=True)
def _english():
    el.set_language("en")
    yield
    el.set_language("id")


@pytest.mark.parametrize(
    ("claim", "rating", "flags", "claimed"),
    [
        ("effect", 5, (), "strong"), ("effect", 4, (), "strong"), ("effect", 3, (), "moderate"),
        ("effect", 2, (), "moderate"), ("effect", 1, (), "weak"), ("effect", None, (), "weak"),
        ("difference", 4, ("post_only",), "difference"), ("difference", 4, (), "refuted"),
        ("change", 5, (), "change"), ("change", 5, ("retrospective",), "recalled"),
        ("effect", 5, ("retrospective",), "weak"),
    ],
)  # fmt: skip
def test_words_follow_from_design_and_rating(claim, rating, flags, claimed):
    assert claimed_of(effect(claim=claim), rating, flags, 2) == claimed


def test_the_table_has_words_for_every_row_in_both_directions():
    rows = ("strong", "moderate", "weak", "difference", "refuted", "change", "recalled")
    for claimed in rows:
        texts = [say(f"noun.{claimed}")]
        texts += [
            say(f"{way}.{claimed}", label="X", value="1", rating="3") for way in ("rose", "fell")
        ]
        named = [bool(CAUSE.search(text)) for text in texts]
        assert named == [claimed in CAUSAL] * 3, claimed


@pytest.mark.parametrize(
    ("claim", "rating", "flags"),
    [("effect", 4, {}), ("effect", 3, {}), ("effect", 1, {}), ("change", 0, {}),
     ("difference", 1, {}), ("difference", 1, {"post_only": "Only after."})],
)  # fmt: skip
def test_first_page_findings_chapter_figure_and_alt_text_claim_alike(claim, rating, flags):
    spec = {"claim": claim, "effect_size_g": 0.5, "g_ci_low": 0.3, "g_ci_high": 0.7}
    program, measured = make([spec], ratings=rating, flags=flags)
    result = conclude(program, measured)
    (told,) = told_effects(program, result.rows, "primary")
    (strength,) = [s for s in result.strengths if s.id == "effect.kinerja"]
    figure = plot_effects([told])
    page = section_summary(program, result).html()
    assert figure is not None
    assert strength.statement == tell(told)
    assert noun_of(told) in page
    assert noun_of(told) in figure.alt
    assert ("Hollow marks" in figure.key) == (told.claimed not in CAUSAL)
    assert bool(CAUSE.search(page)) == (told.claimed in CAUSAL)


def test_no_effect_is_named_where_nothing_moved():
    program, measured = make([{"estimate": 0.0, "se": 0.02}], ratings=4)
    (told,) = told_effects(program, measured.rows, "primary")
    assert noun_of(told) == "difference from the comparison"


def test_a_share_of_persons_is_told_in_percentage_points():
    program, measured = make(
        [{"estimate": 0.43, "se": 0.08, "unit": "share of participants (0-1)"}]
    )
    binary = program.outcomes[0].model_copy(update={"scale_type": "binary"})
    program = program.model_copy(update={"outcomes": [binary]})
    table = table_effects(told_effects(program, measured.rows), "e", "", 5)
    assert table is not None
    assert table.rows[0][0] == "Kinerja (percentage points)"
    assert table.rows[0][2] == "43.0"
    (told,) = told_effects(program, measured.rows, "primary")
    assert "43.0 percentage points (95% interval 27.2 to 58.8)" in tell(told)
    assert "0-1" not in tell(told)


def lead(section: Section) -> str:
    return next(e.text for e in section.elements
                if isinstance(e, Paragraph) and e.text.startswith("Verdict:"))  # fmt: skip


@pytest.mark.parametrize(("rating", "provisional"), [(0, True), (4, False)])
def test_a_decision_on_weak_evidence_never_stands_bare(rating, provisional):
    outcomes: list[dict[str, Any]] = [
        {"estimate": 0.5, "claim": "effect"}, {"estimate": 0.0, "se": 0.02}
    ]  # fmt: skip
    program, measured = make(outcomes, ratings=rating, completion=0.2)
    result = conclude(program, measured)
    assert result.verdict.decision == "adjust"
    assert result.verdict.provisional is provisional
    for section in (section_summary(program, result), section_verdict(program, result)):
        assert ("provisionally" in lead(section)) is provisional
    assert f"rated {rating} of 5" in result.verdict.certainty[0]
    assert bool(result.verdict.would_change)


@pytest.mark.parametrize(
    ("praise", "criticism", "persons", "tone"),
    [(18, 24, 42, 0), (10, 30, 40, -1), (30, 10, 40, 1), (2, 0, 20, 0), (0, 0, 0, 0)],
)
def test_praise_or_criticism_prevails_by_one_rule(praise, criticism, persons, tone):
    assert tone_of(praise, criticism, persons) == tone


QUESTIONS = [
    {"id": "did", "text": "Did it help?", "outcome": "kinerja"},
    {"id": "held", "text": "Does workload hold back?", "barrier": "beban"},
]


@pytest.mark.parametrize(
    ("answers", "strengths"),
    [
        (("yes", "yes"), {"agreement.did"}),
        (("no", "no"), {"agreement.held"}),
        ((None, None), set()),
    ],
)
def test_sources_that_agree_on_something_bad_are_no_strength(answers, strengths):
    program, measured = make(program_keys={"questions": QUESTIONS})
    rows = tuple(
        Triangulated(q["text"], None, None, None, "convergent", answer=answer)  # type: ignore[arg-type]
        for q, answer in zip(QUESTIONS, answers, strict=True)
    )
    result = conclude(program, dataclasses.replace(measured, triangulation=rows))
    assert {s.id for s in result.strengths if s.id.startswith("agreement.")} == strengths
