"""Quotes: proposed by rule, approved by a person in kutipan.csv, printed only then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import publishable_share
from evaluasi_lib.program import Program
from evaluasi_lib.results import Quote
from evaluasi_lib.study import Study
from evaluasi_lib.voices.codebook import Codebook
from evaluasi_lib.voices.feedback import code_open_answers, codebook_of
from evaluasi_lib.voices.interviews import theme_codes, tones_of
from evaluasi_lib.voices.masking import mask
from evaluasi_lib.voices.text import analyse, slang
from evaluasi_lib.wording import _, choose

COLUMNS = ["source", "variable", "row", "theme", "text", "status"]
APPROVED, PROPOSED = "disetujui", "usulan"
INTERVIEWS = "interviews"
MIN_WORDS, MAX_WORDS = 5, 60
TYPICAL, DISSENTING = 2, 1  # quotes proposed for a theme


def approved_rows(quotes: pd.DataFrame, *, interviews: bool) -> pd.DataFrame:
    """The approved lines of kutipan.csv whose source is “interviews”, or those that are not."""
    if quotes.empty:
        return pd.DataFrame(columns=COLUMNS)
    of_interviews = quotes["source"].eq(INTERVIEWS)
    return quotes[(quotes["status"] == APPROVED) & (of_interviews == interviews)]


def approved_quotes(
    quotes: pd.DataFrame, codebook: Codebook, program: Program, *, interviews: bool
) -> dict[str, tuple[Quote, ...]]:
    """Theme -> approved quotes, masked once more by patterns, as many as there are.

    interviews: those whose source is “interviews”; else those of the surveys.
    """
    found: dict[str, list[Quote]] = {}
    for line in approved_rows(quotes, interviews=interviews).itertuples():
        column = (
            program.sources[str(line.source)].columns.get(str(line.variable))
            if line.source in program.sources
            else None
        )
        asked = choose(column.label) if column is not None and column.label else ""
        where = _("interview") if interviews else asked or _("open answer")
        theme = codebook.code_of(str(line.theme))
        found.setdefault(theme, []).append(Quote(mask(str(line.text)), where, theme))
    return {theme: tuple(items) for theme, items in found.items()}


def propose_quotes(
    study: Study, codebook: Codebook, names: Iterable[str] = (), places: Iterable[str] = ()
) -> pd.DataFrame:
    """Rows for kutipan.csv (status “usulan”), typical and dissenting answers of each theme.

    Typical: the answers whose words (stop words left out) the theme's other answers use most, of
    the prevailing tone; dissenting: the most typical of the opposite tone. Only answers of 5-60
    words, only themes whose number may be published, equal answers once. Texts are masked; earlier
    decisions (any status) stay as they are and are not proposed again. Excerpts of interviews have
    the source “interviews”, no variable, and the data row of the interviews' table. names, places:
    of the raw roster where the caller may read it.
    """
    earlier = study.restricted("quotes")
    kept = earlier[COLUMNS] if not earlier.empty else pd.DataFrame(columns=COLUMNS)
    known = set(zip(kept["source"], kept["variable"], kept["row"], strict=True))
    hidden = (list(names), [*places, *_work_places(study)])
    k, rows = study.program.privacy.min_cell, []
    for table, present, tone in _quotable(study, codebook):
        total = table["pid"].nunique()
        # An answer goes to its rarest theme; of equally rare ones to the later, which is narrower.
        themes = list(present.columns)[::-1]
        spoken = {t: table["pid"][present[t].to_numpy()].nunique() for t in themes}
        for theme in sorted(themes, key=lambda t: spoken[t]):
            if not spoken[theme] or publishable_share(spoken[theme], total, k=k)[2]:
                continue
            has = present[theme].to_numpy()
            for i in _chosen(table, has, tone[theme].to_numpy()):
                line = table.iloc[i]
                key = (line["source"], line["variable"], int(line["row"]))
                if key not in known:
                    known.add(key)
                    rows.append([*key, theme, mask(line["text"], *hidden), PROPOSED])
    return pd.concat([kept, pd.DataFrame(rows, columns=COLUMNS)], ignore_index=True)


def _quotable(
    study: Study, codebook: Codebook
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]]:
    """(source, variable, row, pid, text; themes; tone by theme) of open answers and interviews."""
    answers, coded = code_open_answers(study, codebook)
    if len(answers):
        keep = coded.content
        yield answers[keep], coded.present[keep], coded.theme_sentiment[keep]
    excerpts = study.restricted("interviews")
    if len(excerpts):
        table = pd.DataFrame(
            {
                "source": INTERVIEWS,
                "variable": "",
                "row": np.arange(1, len(excerpts) + 1),
                "pid": excerpts["respondent"],
                "text": excerpts["excerpt"],
            }
        )
        present = pd.get_dummies(theme_codes(excerpts, codebook)).astype(bool)
        tone = present.astype(float).where(present).mul(tones_of(excerpts), axis=0)
        yield table, present, tone


def _chosen(answers: pd.DataFrame, has: np.ndarray, tone: np.ndarray) -> list[int]:
    """Positions of the answers to propose for one theme, most typical first."""
    words = [{w.form for w in analyse(text)} - slang().stop for text in answers["text"].astype(str)]
    length = np.array([len(text.split()) for text in answers["text"].astype(str)])
    same = pd.Series([" ".join(sorted(group)) for group in words])
    first = ~same.where(has).duplicated().to_numpy()  # equal words are one quote
    fit = np.flatnonzero(has & first & (length >= MIN_WORDS) & (length <= MAX_WORDS))
    if not len(fit):
        return []
    frequency = Counter(word for i in np.flatnonzero(has) for word in words[i])
    likeness = np.array([np.mean([frequency[w] for w in words[i]] or [0]) for i in fit])
    order = fit[np.argsort(-likeness, kind="stable")]
    prevailing = np.sign(np.nansum(tone[has])) or 1.0
    other = [i for i in order if np.sign(tone[i]) == -prevailing][:DISSENTING]
    usual = [i for i in order if i not in other and np.sign(tone[i]) != -prevailing][:TYPICAL]
    return [int(i) for i in (*usual, *other)]


def _work_places(study: Study) -> list[str]:
    """Names of agencies and units in the roster, by the design's cluster."""
    cluster = study.program.design.cluster
    if cluster is None or cluster not in study.persons:
        return []
    return [str(v) for v in study.persons[cluster].dropna().unique() if str(v).strip()]


def update_quotes(study: Study, raw_folder: Path, names: Iterable[str] = ()) -> int:
    """Write the proposals into kutipan.csv of the raw folder; the number of new ones.

    The lines that stand there are kept as they are, above the new ones. names: of persons in the
    raw files, to be masked (`ingest.roster_names`).
    """
    codebook = codebook_of(study)
    plan = study.program.voices
    path = raw_folder / ((plan.quotes if plan else None) or "kutipan.csv")
    table = propose_quotes(study, codebook, names)
    new = len(table) - len(study.restricted("quotes"))
    if new:
        work = path.with_suffix(".tmp")
        table.to_csv(work, index=False, lineterminator="\n")
        work.replace(path)
    return new
