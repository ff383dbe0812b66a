"""Quotes: proposed by rule, approved by a person in kutipan.csv, printed only then."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import publishable_share
from evaluasi_lib.program import Program
from evaluasi_lib.reading.codebook import Codebook
from evaluasi_lib.results import Quote
from evaluasi_lib.study import Study
from evaluasi_lib.voices.feedback import KEYS, Coded, code_open_answers, codebook_of
from evaluasi_lib.voices.interviews import INTERVIEWS, code_interviews
from evaluasi_lib.voices.masking import mask
from evaluasi_lib.voices.text import analyse, slang
from evaluasi_lib.wording import _, choose

COLUMNS = [*KEYS, "theme", "text", "status"]
APPROVED, PROPOSED = "disetujui", "usulan"
MIN_WORDS, MAX_WORDS = 5, 60
TYPICAL, DISSENTING = 2, 1  # quotes proposed for a theme


def quote_lines(study: Study) -> pd.DataFrame:
    """The lines of kutipan.csv (COLUMNS); those whose source is “interviews” are excerpts."""
    lines = study.restricted("quotes")
    return pd.DataFrame(columns=COLUMNS) if lines.empty else lines[COLUMNS]


def approved_quotes(
    lines: pd.DataFrame, codebook: Codebook, program: Program
) -> dict[str, tuple[Quote, ...]]:
    """Theme -> the approved of these lines, masked once more by patterns, as many as there are."""
    found: dict[str, list[Quote]] = defaultdict(list)
    for line in lines[lines["status"] == APPROVED].itertuples():
        source = program.sources.get(str(line.source))
        column = source.columns.get(str(line.variable)) if source else None
        asked = choose(column.label) if column is not None and column.label else ""
        where = _("interview") if line.source == INTERVIEWS else asked or _("open answer")
        theme = codebook.code_of(str(line.theme))
        found[theme].append(Quote(mask(str(line.text)), where, theme))
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
    kept = quote_lines(study)
    known = set(kept[KEYS].itertuples(index=False, name=None))
    hidden = (list(names), [*places, *_work_places(study)])
    k, rows = study.program.privacy.min_cell, []
    for coded in (code_open_answers(study, codebook), code_interviews(study, codebook)):
        total = coded.persons(coded.content)
        # An answer goes to its rarest theme; of equally rare ones to the later, which is narrower.
        spoken = {t: coded.persons(coded.present[t]) for t in reversed(coded.present.columns)}
        for theme in sorted(spoken, key=lambda t: spoken[t]):
            if not spoken[theme] or publishable_share(spoken[theme], total, k=k)[2]:
                continue
            for line in _chosen(coded, theme).itertuples():
                key = (line.source, line.variable, line.row)
                if key not in known:
                    known.add(key)
                    rows.append([*key, theme, mask(str(line.text), *hidden), PROPOSED])
    return pd.concat([kept, pd.DataFrame(rows, columns=COLUMNS)], ignore_index=True)


def _chosen(coded: Coded, theme: str) -> pd.DataFrame:
    """The answers to propose for one theme, most typical first."""
    has = coded.present[theme].to_numpy()
    said, tone = coded.said[has], coded.theme_sentiment[theme].to_numpy()[has]
    texts = [str(text) for text in said["text"]]
    words = [frozenset(w.form for w in analyse(text)) - slang().stop for text in texts]
    frequency = Counter(word for group in words for word in group)
    likeness = np.array([np.mean([frequency[w] for w in group] or [0]) for group in words])
    fit = ~pd.Series(words).duplicated().to_numpy()  # equal words are one quote
    fit &= np.array([MIN_WORDS <= len(text.split()) <= MAX_WORDS for text in texts])
    order = [i for i in np.argsort(-likeness, kind="stable") if fit[i]]
    prevailing = np.sign(np.nansum(tone)) or 1.0
    other = [i for i in order if np.sign(tone[i]) == -prevailing]
    usual = [i for i in order if i not in other]
    return said.iloc[[*usual[:TYPICAL], *other[:DISSENTING]]]


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
    plan = study.program.voices
    path = raw_folder / ((plan.quotes if plan else None) or "kutipan.csv")
    table = propose_quotes(study, codebook_of(study), names)
    new = len(table) - len(study.restricted("quotes"))
    if new:
        work = path.with_suffix(".tmp")
        table.to_csv(work, index=False, lineterminator="\n")
        work.replace(path)
    return new
