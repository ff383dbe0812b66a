"""Open answers: which themes each speaks of, how it sounds, and which modules are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import is_small, publishable_share
from evaluasi_lib.results import ModuleDemand, Quote, Theme
from evaluasi_lib.scoring.items import wilson
from evaluasi_lib.study import Study
from evaluasi_lib.voices.codebook import (
    Code,
    Codebook,
    Matcher,
    clause_sentiment,
    own_codebook,
    own_lexicon,
    parse_model,
)
from evaluasi_lib.voices.text import BOUNDARY, Word, analyse, slang
from evaluasi_lib.wording import choose


@dataclass(frozen=True)
class Coded:
    """Answers by themes. present: rows x codes (bool). sentiment: by row, -1..1 or NaN;
    theme_sentiment: rows x codes, of the clauses that speak of the theme. content, found: by row,
    whether it says anything, and whether any pattern was found in it."""

    present: pd.DataFrame
    sentiment: np.ndarray
    theme_sentiment: pd.DataFrame
    content: np.ndarray
    found: np.ndarray


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
    values, where = pd.factorize(np.asarray(texts, dtype=object))[::-1]
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
        whole = clause_sentiment(tones)
        sentiment[i] = np.nan if whole is None else whole
        hits = matcher.hits(words)
        if not hits:
            continue
        clause = _clauses(words)
        for name in {hit.code for hit in hits}:
            present[i, column[name]] = True
            spoken = {clause[hit.start] for hit in hits if hit.code == name}
            tone = clause_sentiment(t for t in tones if clause[t.start] in spoken)
            tone = whole if tone is None else tone
            by_theme[i, column[name]] = np.nan if tone is None else tone
    return Coded(
        pd.DataFrame(present[where], columns=names),
        sentiment[where],
        pd.DataFrame(by_theme[where], columns=names),
        content[where],
        np.asarray(present[where].any(axis=1)),
    )


def _clauses(words: list[Word]) -> list[int]:
    """The number of the clause that each word stands in."""
    return list(np.cumsum([w.form == BOUNDARY for w in words]))


def code_open_answers(study: Study, codebook: Codebook) -> tuple[pd.DataFrame, Coded]:
    """The declared open answers and their themes, with those that the question itself sets.

    An answer with content to such a question has its theme, unless only the theme that denies it
    was found ("semua bagus" to: what should be improved?).
    """
    plan = study.program.voices
    answers = open_answers(study, plan.open_answers if plan else [])
    coded = code_answers(answers["text"].astype(str).tolist(), codebook.themes)
    for variable, name in (plan.asks if plan else {}).items():
        theme = codebook.code_of(name)
        if theme not in codebook.themes:
            continue
        implied = (answers["variable"] == variable).to_numpy() & coded.content
        denied_by = codebook.themes[theme].denied_by
        if denied_by is not None:
            implied &= ~coded.present[denied_by].to_numpy()
        new = implied & ~coded.present[theme].to_numpy()
        coded.present.loc[new, theme] = True
        coded.theme_sentiment.loc[new, theme] = coded.sentiment[new]
    return answers, coded


def open_answers(study: Study, variables: Iterable[str]) -> pd.DataFrame:
    """source, variable, row, pid, text of the named open questions, in declared order."""
    wanted = list(variables)
    parts = []
    for source, declared in study.program.sources.items():
        asked = [v for v in wanted if v in declared.columns]
        table = study.restricted(source) if asked else pd.DataFrame()
        if table.empty:
            continue
        rows = table[table["variable"].isin(asked) & table["text"].notna()]
        parts.append(rows[["row", "pid", "variable", "text"]].assign(source=source))
    if not parts:
        return pd.DataFrame(columns=["source", "variable", "row", "pid", "text"])
    frame = pd.concat(parts, ignore_index=True)[["source", "variable", "row", "pid", "text"]]
    return frame[frame["text"].astype(str).str.strip() != ""].reset_index(drop=True)


def make_theme(
    name: str,
    codebook: Codebook,
    source: Literal["survey", "interview"],
    persons: tuple[int, int],
    tone: float,
    quotes: dict[str, tuple[Quote, ...]],
    k: int,
) -> Theme:
    """A theme of persons[0] out of persons[1]; tone and quotes only where its number is shown."""
    n, share, reason = publishable_share(*persons, k=k)
    low, high = wilson(n, persons[1]) if n is not None else (None, None)
    return Theme(
        theme=name,
        label=codebook.label(name),
        source=source,
        n=n,
        share=share,
        ci_low=low,
        ci_high=high,
        sentiment=None if n is None or np.isnan(tone) else float(tone),
        quotes=quotes.get(name, ()) if n is not None else (),
        reason=reason,
    )


def count_themes(
    answers: pd.DataFrame,
    coded: Coded,
    codebook: Codebook,
    quotes: dict[str, tuple[Quote, ...]],
    k: int,
) -> tuple[Theme, ...]:
    """Respondents who speak of each theme, of those who said anything, with Wilson intervals.

    Most frequent first; hidden ones last, in the codebook's order. A theme that nobody spoke of is
    left out.
    """
    total, n_by = _respondents(answers["pid"], coded)
    themes = [
        make_theme(
            name, codebook, "survey", (n, total), coded.theme_sentiment[name].mean(), quotes, k
        )
        for name, n in n_by.items()
        if n
    ]
    return tuple(sorted(themes, key=lambda t: -(t.n or 0)))


def count_modules(
    answers: pd.DataFrame, coded: Coded, codebook: Codebook, k: int
) -> tuple[ModuleDemand, ...]:
    """Respondents who ask for each module, of those who answered the question with any content."""
    total, n_by = _respondents(answers["pid"], coded)
    demand = []
    for name, found in n_by.items():
        if found == 0:
            continue
        n, share, reason = publishable_share(found, total, k=k)
        low, high = wilson(n, total) if n is not None else (None, None)
        demand.append(
            ModuleDemand(name, choose(codebook.modules[name].label), n, share, low, high, reason)
        )
    return tuple(sorted(demand, key=lambda d: -(d.n or 0)))


def _respondents(pid: pd.Series, coded: Coded) -> tuple[int, dict[str, int]]:
    """Distinct persons with content, and by code; a person counts once over all questions."""
    total = int(pid[coded.content].nunique())
    return total, {
        name: int(pid[coded.present[name].to_numpy()].nunique()) for name in coded.present.columns
    }


def candidate_terms(
    texts: Sequence[str], pids: Sequence[str], *, k: int, limit: int = 20
) -> list[dict[str, object]]:
    """Words that occur with at least k persons among answers without a theme, most frequent first.

    They are proposals for new themes: a person decides.
    """
    persons: dict[str, set[str]] = {}
    shown: dict[str, Counter[str]] = {}
    skip = slang().stop | slang().negators
    for text, pid in zip(texts, pids, strict=True):
        for word in analyse(text):
            if len(word.stem) < 4 or word.stem in skip or word.form in skip:
                continue
            persons.setdefault(word.stem, set()).add(pid)
            shown.setdefault(word.stem, Counter())[word.form] += 1
    counts = {stem: len(who) for stem, who in persons.items()}
    frequent = sorted((-n, stem) for stem, n in counts.items() if n and not is_small(n, k))
    return [
        {"term": min(shown[stem].items(), key=lambda item: (-item[1], item[0]))[0], "n": -n}
        for n, stem in frequent[:limit]
    ]
