"""Interviews: coded excerpts and transcripts, and what the codes show together."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import SMALL_CELL, is_small, protect_counts, publishable_share
from evaluasi_lib.errors import DataError, Problem
from evaluasi_lib.results import Quote, Theme
from evaluasi_lib.voices.agreement import as_codes
from evaluasi_lib.voices.codebook import Codebook
from evaluasi_lib.voices.documents import Refused, pages_of
from evaluasi_lib.voices.feedback import code_answers, make_theme
from evaluasi_lib.voices.masking import mask
from evaluasi_lib.voices.refi import ABOVE, read_refi
from evaluasi_lib.wording import _

_SPEAKER = re.compile(r"^\s*\**([A-Za-z][\w .'-]{0,29}?)\**\s*[:：]\**\s+(.*)$")
_INTERVIEWERS = ("p", "pewawancara", "peneliti", "interviewer", "q", "t", "tanya", "moderator")
TRANSCRIPTS = (".docx", ".txt", ".md")


def read_coded(path: Path) -> pd.DataFrame:
    """respondent, coder, code, excerpt from a project that is no table (REFI-QDA).

    Raises DataError naming what is wrong with the file.
    """
    if path.suffix.lower() not in (".qdpx", ".qde"):
        raise DataError(
            Problem(
                _("files of the kind “{suffix}” cannot be read").format(suffix=path.suffix),
                path.name,
                _("export coded excerpts as CSV, XLSX or REFI-QDA (.qdpx)"),
            )
        )
    try:
        return read_refi(path).excerpts
    except Refused as error:
        raise DataError(
            Problem(str(error), path.name, _("export the project once more as REFI-QDA"))
        ) from error


def read_transcripts(folder: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """respondent (T01 ... by file name), turn, speaker ("interviewer", "respondent" or ""), text.

    A turn begins with a short name and a colon; names are not kept. Text before the first such
    line is left out; a file without any turn is one turn of nobody, and the report counts it.
    """
    rows: list[dict[str, object]] = []
    problems: list[Problem] = []
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in TRANSCRIPTS)
    for number, path in enumerate(paths, 1):
        try:
            turns = speaker_turns("\n".join(pages_of(path)))
        except Refused as error:
            problems.append(Problem(str(error), path.name, _("repair it or leave it out")))
            continue
        for turn, (speaker, text) in enumerate(turns, 1):
            asks = speaker.casefold().split(" ")[0] in _INTERVIEWERS
            role = "interviewer" if asks else "respondent" if speaker else ""
            rows.append(
                {
                    "respondent": f"T{number:02}",
                    "turn": turn,
                    "speaker": role,
                    "text": text,
                }
            )
    return pd.DataFrame(rows, columns=["respondent", "turn", "speaker", "text"]), problems


def speaker_turns(text: str) -> list[tuple[str, str]]:
    """(speaker, words) by turn; the speaker is "" where no turn is marked at all."""
    turns: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        match = _SPEAKER.match(line)
        if match:
            turns.append((match[1].strip(), [match[2].strip()]))
        elif turns and line.strip():
            turns[-1][1].append(line.strip())
    if not turns and text.strip():
        return [("", " ".join(text.split()))]
    return [(speaker, " ".join(words)) for speaker, words in turns]


def theme_codes(coded: pd.DataFrame, codebook: Codebook) -> pd.Series:
    """Each excerpt's code as a theme: the code itself where the codebook knows it, else the nearest
    code above it that it knows (column `above`, outermost first), else the code's own name."""

    def theme(code: str, above: str) -> str:
        for name in [code, *reversed(above.split(ABOVE))]:
            if (known := codebook.code_of(name)) in codebook.themes:
                return known
        return codebook.code_of(code)

    above = coded["above"] if "above" in coded else [""] * len(coded)
    themes = [theme(code, up) for code, up in zip(coded["code"], above, strict=True)]
    return pd.Series(themes, index=coded.index)


def tones_of(coded: pd.DataFrame) -> pd.Series:
    """How each excerpt sounds by the lexicon, -1..1; NaN where it neither praises nor complains."""
    sentiment = code_answers(coded["excerpt"].astype(str).tolist(), {}).sentiment
    return pd.Series(sentiment, index=coded.index)


def count_codes(
    coded: pd.DataFrame, codebook: Codebook, quotes: dict[str, tuple[Quote, ...]], k: int
) -> tuple[Theme, ...]:
    """Interviewees who speak of each code, whoever coded it, with Wilson intervals."""
    total = coded["respondent"].nunique()
    counted = coded.groupby("code")["respondent"].nunique()
    tone = tones_of(coded).groupby(coded["code"]).mean()
    themes = [
        make_theme(code, codebook, "interview", (int(counted[code]), total), tone[code], quotes, k)
        for code in sorted(counted.index)
    ]
    return tuple(sorted(themes, key=lambda t: -(t.n or 0)))


def band(n: int, total: int) -> str:
    """Words that fit many numbers, for cells too small to be counted out: none, some, most."""
    return "none" if n == 0 else "most" if 2 * n >= total else "some"


def merge_small_groups(coded: pd.DataFrame, k: int, column: str = "group") -> pd.DataFrame:
    """Groups of fewer than k interviewees become one, so that the others can be shown."""
    sizes = coded.groupby(column)["respondent"].nunique()
    small = [g for g in sizes.index if is_small(int(sizes[g]), k)]
    if not small:
        return coded
    name = _("Other groups") if len(small) < len(sizes) else _("All groups")
    return coded.assign(**{column: coded[column].where(~coded[column].isin(small), name)})


def theme_by_group(coded: pd.DataFrame, k: int) -> list[dict[str, Any]]:
    """theme, group, size of the group, n interviewees and share of the group, band.

    Small groups are one group. Where a cell is hidden a second of its row is, as rows add up to
    the theme's published total; the band stays.
    """
    merged = merge_small_groups(coded, k)
    sizes = merged.groupby("group", sort=False)["respondent"].nunique()
    counts = pd.crosstab(
        merged["code"], merged["group"], merged["respondent"], aggfunc="nunique"
    ).fillna(0)
    cells: list[dict[str, Any]] = []
    for code in dict.fromkeys(merged["code"]):
        row = {g: int(counts.loc[code, g]) for g in sizes.index}
        shown = protect_counts(row, k=k)
        if any(publishable_share(n, int(sizes[g]), k=k)[2] for g, n in row.items()):
            shown = dict.fromkeys(row)
        for group, n in shown.items():
            size = int(sizes[group])
            cells.append(
                {
                    "theme": code,
                    "group": group,
                    "group_size": None if is_small(size, k) else size,
                    "n": n,
                    "share": None if n is None else n / size,
                    "band": band(row[group], size),
                    "reason": SMALL_CELL if n is None else None,
                }
            )
    return cells


def case_pages(
    coded: pd.DataFrame, codebook: Codebook, approved: pd.DataFrame, k: int
) -> list[dict[str, Any]]:
    """A page for each kind of case of the Success Case Method (column `case`: who gained, who not).

    Themes are named, most frequent first, where k interviewees or more are of the kind; with fewer
    only what was approved is printed. approved: row (of the interviews' table), theme, text.
    """
    pages = []
    for case in [c for c in dict.fromkeys(coded["case"]) if c]:
        of_case = coded[coded["case"] == case]
        n = int(of_case["respondent"].nunique())
        spoken = of_case.groupby("code")["respondent"].nunique()
        order = sorted(spoken.index, key=lambda c: (-spoken[c], c))
        quoted = approved[approved["row"].isin(of_case.index + 1)] if len(approved) else approved
        pages.append(
            {
                "case": case,
                "n": None if is_small(n, k) else n,
                "reason": SMALL_CELL if is_small(n, k) else None,
                "themes": [] if is_small(n, k) else [codebook.label(c) for c in order],
                "quotes": [mask(str(text)) for text in quoted["text"]] if len(quoted) else [],
            }
        )
    return pages


def saturation(coded: pd.DataFrame) -> list[dict[str, int]]:
    """interviews, codes known so far, new codes: in the order in which the interviews were read."""
    known: set[str] = set()
    curve = []
    for i, respondent in enumerate(dict.fromkeys(coded["respondent"]), 1):
        codes = set(coded.loc[coded["respondent"] == respondent, "code"])
        curve.append({"interviews": i, "codes": len(known | codes), "new": len(codes - known)})
        known |= codes
    return curve


def saturation_point(curve: Sequence[dict[str, int]], base: int = 4, run: int = 2) -> int | None:
    """The interview from which on no `run` interviews together brought more than 5% of the codes
    of the first `base` (after Guest, Namey & Chen 2020); None where that is not reached."""
    if len(curve) < base + run:
        return None
    limit = 0.05 * curve[base - 1]["codes"]
    point = None
    for start in range(len(curve) - run, base - 1, -1):
        if sum(step["new"] for step in curve[start : start + run]) > limit:
            break
        point = start
    return point


def co_occurrence(coded: pd.DataFrame, k: int) -> list[dict[str, object]]:
    """Pairs of codes with the interviewees who speak of both, at least k; most frequent first."""
    by_code = coded.groupby("code")["respondent"].agg(set)
    pairs = [
        (len(by_code[a] & by_code[b]), len(by_code[a] | by_code[b]), a, b)
        for a, b in itertools.combinations(sorted(by_code.index), 2)
    ]
    shown = sorted(
        (p for p in pairs if p[0] > 0 and not is_small(p[0], k)), key=lambda p: (-p[0], p[2], p[3])
    )
    return [{"a": a, "b": b, "n": n, "jaccard": n / union} for n, union, a, b in shown]


def coders_matrix(coded: pd.DataFrame) -> tuple[np.ndarray, np.ndarray] | None:
    """rows x coders of the code each coder gave, and the unit of each row, where two coders read.

    The unit is `unit`, else the excerpt itself. Where a coder gave a unit several codes, each unit
    is asked about each code in use, yes or no, instead. None with fewer than two coders.
    """
    coders = [c for c in dict.fromkeys(coded["coder"]) if c]
    if len(coders) < 2:
        return None
    unit = coded["unit"].where(coded["unit"] != "", coded["respondent"] + coded["excerpt"])
    table = coded.assign(unit=unit).drop_duplicates(["unit", "coder", "code"])
    read = table.groupby("unit")["coder"].nunique()
    table = table[table["unit"].isin(read[read > 1].index)]
    if table.empty:
        return None
    if not table.duplicated(["unit", "coder"]).any():
        wide = pd.crosstab(table["unit"], table["coder"], table["code"], aggfunc="first")
        return as_codes(wide[coders].to_numpy(dtype=object)), np.arange(len(wide))
    read_by = pd.crosstab(table["unit"], table["coder"])[coders] > 0
    given = pd.crosstab([table["unit"], table["code"]], table["coder"])[coders] > 0
    every = pd.MultiIndex.from_product([read_by.index, sorted(table["code"].unique())])
    seen = read_by.loc[every.get_level_values(0)].to_numpy()
    yes = given.reindex(every, fill_value=False).to_numpy(dtype=float)
    return np.where(seen, yes, np.nan), every.codes[0].astype(np.int64)


def coverage(coded: pd.DataFrame, transcripts: pd.DataFrame, k: int) -> dict[str, object]:
    """Interviews, excerpts and transcripts in numbers; groups smaller than k are hidden."""
    sizes: dict[Any, int] = {}
    if len(coded):
        merged = merge_small_groups(coded, k)
        sizes = merged.groupby("group", sort=False)["respondent"].nunique().to_dict()
    interviewees = int(coded["respondent"].nunique()) if len(coded) else 0
    lines = transcript_lines(transcripts) if len(transcripts) else []
    everything = sum(line["words"] for line in lines)
    spoken = sum(line["respondent_words"] for line in lines)
    return {
        "interviewees": None if is_small(interviewees, k) else interviewees,
        "excerpts": len(coded.drop_duplicates(["respondent", "excerpt"])) if len(coded) else 0,
        "groups": [
            {"group": str(g), "n": None if is_small(int(n), k) else int(n)}
            for g, n in sizes.items()
            if g
        ],
        "transcripts": int(transcripts["respondent"].nunique()) if len(transcripts) else 0,
        "by_transcript": lines,
        "unmarked_transcripts": sum(not who for who in transcripts.get("speaker", [])),
        "turns": len(transcripts),
        "respondent_word_share": spoken / everything if everything else None,
    }


def transcript_lines(transcripts: pd.DataFrame) -> list[dict[str, Any]]:
    """transcript, turns, words, respondent_words: one line each, in the order of the files."""
    table = transcripts.assign(words=[len(text.split()) for text in transcripts["text"]])
    return [
        {
            "transcript": str(name),
            "turns": len(turns),
            "words": int(turns["words"].sum()),
            "respondent_words": int(turns.loc[turns["speaker"] == "respondent", "words"].sum()),
        }
        for name, turns in table.groupby("respondent", sort=False)
    ]
