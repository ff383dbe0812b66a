"""Open answers: which themes each speaks of, how it sounds, and which modules are asked for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import is_small, publishable_share
from evaluasi_lib.reading.codebook import Code, Codebook, own_codebook, parse_model
from evaluasi_lib.results import ModuleDemand, Quote, Theme
from evaluasi_lib.scoring.items import wilson
from evaluasi_lib.study import Study
from evaluasi_lib.voices.matching import Matcher, clause_sentiment, own_lexicon
from evaluasi_lib.voices.text import BOUNDARY, analyse, slang
from evaluasi_lib.wording import choose

KEYS = ["source", "variable", "row"]  # what names one open answer
SAID = [*KEYS, "pid", "text"]
MAX_TERMS = 20  # candidates shown


@dataclass(frozen=True)
class Coded:
    """What was said, by theme, in open answers or in excerpts of interviews, row for row.

    said: SAID (no column where bare texts were coded). present: rows x codes (bool). sentiment: by
    row, -1..1 or NaN; theme_sentiment: rows x codes, of the clauses that speak of the theme.
    content, found: by row, whether it says anything, and whether any pattern was found in it.
    """

    said: pd.DataFrame
    present: pd.DataFrame
    sentiment: np.ndarray
    theme_sentiment: pd.DataFrame
    content: np.ndarray
    found: np.ndarray

    def persons(self, rows: np.ndarray | pd.Series) -> int:
        """Distinct persons in the marked rows: one counts once, however often they speak."""
        return int(self.said["pid"][np.asarray(rows)].nunique())


def codebook_of(study: Study) -> Codebook:
    """The program's own codebook, else the workbook's."""
    table = study.restricted("codebook")
    if table.empty:
        return own_codebook()
    return parse_model(str(table["text"].iloc[0]), "codebook", Codebook)


def code_answers(texts: Sequence[str], codes: dict[str, Code]) -> Coded:
    """Find the codes in each answer. Equal texts are read once; order is kept."""
    matcher, lexicon, nothing = Matcher.of(codes), own_lexicon(), slang().nothing
    names = list(codes)
    column = {name: j for j, name in enumerate(names)}
    where, values = pd.factorize(np.asarray(texts, dtype=object))
    present = np.zeros((len(values), len(names)), dtype=bool)
    by_theme = np.full((len(values), len(names)), np.nan)
    sentiment = np.full(len(values), np.nan)
    content = np.zeros(len(values), dtype=bool)
    for i, text in enumerate(values):
        words = analyse(text)
        content[i] = any(w.form != BOUNDARY and w.form not in nothing for w in words)
        if not content[i]:
            continue
        tones = lexicon.hits(words)
        sentiment[i] = whole = clause_sentiment(tones)
        hits = matcher.hits(words)
        if not hits:
            continue
        clause = np.cumsum([w.form == BOUNDARY for w in words])
        for name in {hit.code for hit in hits}:
            spoken = {clause[hit.start] for hit in hits if hit.code == name}
            tone = clause_sentiment(t for t in tones if clause[t.start] in spoken)
            present[i, column[name]] = True
            by_theme[i, column[name]] = whole if np.isnan(tone) else tone
    return Coded(
        said=pd.DataFrame(index=range(len(texts))),
        present=pd.DataFrame(present[where], columns=names),
        sentiment=sentiment[where],
        theme_sentiment=pd.DataFrame(by_theme[where], columns=names),
        content=content[where],
        found=np.asarray(present[where].any(axis=1)),
    )


def code_question(study: Study, variables: Sequence[str], codes: dict[str, Code]) -> Coded:
    """The answers to the named open questions, and the codes found in them."""
    said = open_answers(study, variables)
    return replace(code_answers(said["text"].astype(str).tolist(), codes), said=said)


def code_open_answers(study: Study, codebook: Codebook) -> Coded:
    """The declared open answers and their themes, with those that the question itself sets.

    An answer with content to such a question has its theme, unless only the theme that denies it
    was found ("semua bagus" to: what should be improved?).
    """
    plan = study.program.voices
    coded = code_question(study, plan.open_answers if plan else [], codebook.themes)
    for variable, name in (plan.asks if plan else {}).items():
        theme = codebook.code_of(name)
        if theme not in codebook.themes:
            continue
        new = (coded.said["variable"] == variable) & coded.content & ~coded.present[theme]
        denied_by = codebook.themes[theme].denied_by
        if denied_by is not None:
            new &= ~coded.present[denied_by]
        coded.present.loc[new, theme] = True
        coded.theme_sentiment.loc[new, theme] = coded.sentiment[new]
    return coded


def open_answers(study: Study, variables: Iterable[str]) -> pd.DataFrame:
    """source, variable, row, pid, text of the named open questions, in declared order."""
    wanted = set(variables)
    parts = [pd.DataFrame(columns=SAID)]
    for source, declared in study.program.sources.items():
        table = study.restricted(source) if wanted & declared.columns.keys() else pd.DataFrame()
        if len(table):
            asked = table["variable"].isin(wanted & declared.columns.keys())
            filled = table["text"].fillna("").astype(str).str.strip() != ""
            parts.append(table[asked & filled].assign(source=source)[SAID])
    return pd.concat(parts[1:] or parts, ignore_index=True)


def unless_small(n: int, k: int) -> int | None:
    """A number of persons, or None where it is a small cell."""
    return None if is_small(n, k) else n


def _published(n: int, total: int, k: int) -> dict[str, Any]:
    """n of total persons with its share and Wilson interval, or None and the reason."""
    shown, share, reason = publishable_share(n, total, k=k)
    low, high = (None, None) if shown is None else wilson(shown, total)
    return {"n": shown, "share": share, "ci_low": low, "ci_high": high, "reason": reason}


def count_themes(
    coded: Coded,
    codebook: Codebook,
    source: Literal["survey", "interview"],
    quotes: dict[str, tuple[Quote, ...]],
    k: int,
) -> tuple[Theme, ...]:
    """Persons who speak of each theme, of those who said anything, with Wilson intervals.

    Most frequent first; hidden ones last, in the table's order. A theme that nobody spoke of is
    left out; tone and quotes are given only where its number is shown.
    """
    total, themes = coded.persons(coded.content), []
    for name in map(str, coded.present):
        n = coded.persons(coded.present[name])
        if not n:
            continue
        numbers, tone = _published(n, total, k), coded.theme_sentiment[name].mean()
        hidden = numbers["n"] is None
        themes.append(
            Theme(
                theme=name,
                label=codebook.label(name),
                source=source,
                sentiment=None if hidden or np.isnan(tone) else float(tone),
                quotes=() if hidden else quotes.get(name, ()),
                **numbers,
            )
        )
    return tuple(sorted(themes, key=lambda t: -(t.n or 0)))


def count_modules(asked: Coded, codebook: Codebook, k: int) -> tuple[ModuleDemand, ...]:
    """Respondents who ask for each module, of those who answered the question with any content."""
    total = asked.persons(asked.content)
    demand = [
        ModuleDemand(name, choose(codebook.modules[name].label), **_published(n, total, k))
        for name in map(str, asked.present)
        if (n := asked.persons(asked.present[name]))
    ]
    return tuple(sorted(demand, key=lambda d: -(d.n or 0)))


def describe_answers(coded: Coded, k: int) -> dict[str, Any]:
    """How many answers had content, how many no theme, and the words that these use."""
    unthemed = coded.content & ~coded.found
    n_content = int(coded.content.sum())
    n, share, reason = publishable_share(int(unthemed.sum()), n_content, k=k)
    left = coded.said[unthemed]
    return {
        "respondents": unless_small(coded.persons(coded.content), k),
        "answers": unless_small(n_content, k),
        "without_content": unless_small(len(coded.said) - n_content, k),
        "unthemed": {"n": n, "share": share, "reason": reason},
        "candidate_terms": candidate_terms(left["text"].tolist(), left["pid"].tolist(), k=k),
    }


def candidate_terms(
    texts: Sequence[str], pids: Sequence[str], *, k: int
) -> list[dict[str, object]]:
    """Words that occur with at least k persons among answers without a theme, most frequent first.

    They are proposals for new themes: a person decides.
    """
    persons: dict[str, set[str]] = defaultdict(set)
    shown: dict[str, Counter[str]] = defaultdict(Counter)
    skip = slang().stop | slang().negators
    for text, pid in zip(texts, pids, strict=True):
        for word in analyse(text):
            if len(word.stem) >= 4 and word.stem not in skip and word.form not in skip:
                persons[word.stem].add(pid)
                shown[word.stem][word.form] += 1
    frequent = sorted((-len(who), stem) for stem, who in persons.items() if len(who) >= k)
    return [
        {"term": min(shown[stem].items(), key=lambda item: (-item[1], item[0]))[0], "n": -n}
        for n, stem in frequent[:MAX_TERMS]
    ]
