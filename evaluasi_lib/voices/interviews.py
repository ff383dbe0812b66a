"""Interviews: coded excerpts and transcripts, and what the codes show together."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.measures import Cell, Draft, Drafts, Remark, drafts, measure_id, part_of
from evaluasi_lib.reading.voices import ABOVE, COLUMNS, Codebook
from evaluasi_lib.study import Study
from evaluasi_lib.voices.agreement import agreement_rows, as_codes, coefficient_rows
from evaluasi_lib.voices.feedback import INTERVIEWS, Coded, code_answers
from evaluasi_lib.wording import _, phrase, word_for


def theme_codes(coded: pd.DataFrame, codebook: Codebook) -> pd.Series:
    """Each excerpt's code as a theme: the code itself where the codebook knows it, else the nearest
    code above it that it knows (column `above`, outermost first), else the code's own name."""

    def theme(code: str, above: str) -> str:
        names = [codebook.code_of(name) for name in (code, *reversed(above.split(ABOVE)))]
        return next((name for name in names if name in codebook.themes), names[0])

    themes = [theme(code, up) for code, up in zip(coded["code"], coded["above"], strict=True)]
    return pd.Series(themes, index=coded.index, dtype=str)


def code_interviews(study: Study, codebook: Codebook) -> Coded:
    """The coded excerpts: each is of its code's theme and sounds as the lexicon says.

    said keeps the columns of the interviews' table (COLUMNS); `code` is the theme.
    """
    excerpts = study.restricted("interviews").reindex(columns=COLUMNS, fill_value="")
    said = excerpts.assign(
        code=theme_codes(excerpts, codebook),
        source=INTERVIEWS,
        variable="",
        row=np.arange(1, len(excerpts) + 1),
        pid=excerpts["respondent"],
        text=excerpts["excerpt"],
    )
    tone = code_answers(said["text"].astype(str).tolist(), {}).sentiment
    present = pd.get_dummies(said["code"], dtype=bool)
    by_theme = present.astype(float).where(present).mul(tone, axis=0)
    every = np.ones(len(said), dtype=bool)
    return Coded(said, present, tone, by_theme, content=every, found=every)


def interview_rows(
    coded: pd.DataFrame,
    transcripts: pd.DataFrame,
    codebook: Codebook,
    rng: np.random.Generator,
    enough: Callable[[int], bool],
) -> Drafts:
    """What the report says of the interviews; nothing where there are none."""
    if coded.empty and transcripts.empty:
        return
    yield from coverage_rows(coded, transcripts)
    if coded.empty:
        return
    yield from group_rows(merge_small_groups(coded, enough), codebook)
    curve = saturation(coded)
    for step in curve:
        yield from drafts(step, ["voices", "saturation", step["interviews"]], "codes new")
    point = {"saturation_point": saturation_point(curve)}
    yield from drafts(point, ["voices", "interviews"], "saturation_point")
    yield from pair_rows(coded, codebook)
    matrix = coders_matrix(coded)
    if matrix is not None:
        yield from coefficient_rows("coders", agreement_rows(matrix[0], rng, units=matrix[1]))
    yield from case_rows(coded, codebook)


def band(n: int, total: int) -> str:
    """Words that fit many numbers, for cells too small to be counted out: none, some, most."""
    return "none" if n == 0 else "most" if 2 * n >= total else "some"


def merge_small_groups(coded: pd.DataFrame, enough: Callable[[int], bool]) -> pd.DataFrame:
    """Groups of too few interviewees to be shown become one, so that the others can be shown."""
    sizes = coded.groupby("group")["respondent"].nunique()
    small = [g for g, n in sizes.items() if not enough(int(n))]
    if not small:
        return coded
    name = _("Other groups") if len(small) < len(sizes) else _("All groups")
    return coded.assign(group=coded["group"].where(~coded["group"].isin(small), name))


def group_rows(coded: pd.DataFrame, codebook: Codebook) -> Drafts:
    """Interviewees of each group, and of these the n and share who speak of each theme.

    Where a cell is hidden its whole row is, as rows add up to the theme's published total; a word
    for it stays in the note.
    """
    found = coded.groupby("group", sort=False)["respondent"].nunique()
    sizes = {str(group): int(size) for group, size in found.items()}
    for group, size in sizes.items():
        cell = Cell((size,), sums=(("voices/groups", size),))
        place = ["voices", "group_sizes", group]
        yield from drafts({"interviewees": size}, place, "interviewees", cell)
    spoken = coded.groupby(["code", "group"])["respondent"].nunique()
    for code in coded["code"].unique():
        counts = {group: int(spoken.get((code, group), 0)) for group in sizes}
        row = [m for g, n in counts.items() for m in part_of(n, sizes[g]).persons]
        for group, n in counts.items():
            word = word_for("band", band(n, sizes[group]))
            record = {"n": n, "share": n / sizes[group], "label": codebook.label(str(code))}
            cell, about = Cell(tuple(row), keeps=("note",)), {"subject": code, "group": group}
            place = ["voices", "groups", code, group]
            yield from drafts(record, place, "share", cell, note=word, **about)


def case_rows(coded: pd.DataFrame, codebook: Codebook) -> Drafts:
    """Each kind of case of the Success Case Method (column `case`: who gained, who not): its
    interviewees and their themes, most frequent first."""
    for case in [c for c in coded["case"].unique() if c]:
        of_case = coded[coded["case"] == case]
        n = int(of_case["respondent"].nunique())
        yield from drafts(
            {"interviewees": n}, ["voices", "cases", case], "interviewees", Cell((n,))
        )
        spoken = of_case.groupby("code")["respondent"].nunique()
        for code in spoken.sort_values(ascending=False, kind="stable").index:
            yield Draft(
                Remark(measure_id("voices", "cases", case), codebook.label(code)), Cell((n,))
            )


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


def pair_rows(coded: pd.DataFrame, codebook: Codebook) -> Drafts:
    """Pairs of codes with the interviewees who speak of both; most frequent first."""
    by_code = coded.groupby("code")["respondent"].agg(set)
    both = [
        (len(of_a & of_b), len(of_a | of_b), str(a), str(b))
        for (a, of_a), (b, of_b) in itertools.combinations(by_code.items(), 2)
    ]
    both.sort(key=lambda pair: -pair[0])
    for n, union, a, b in both:
        if n:
            label = phrase("{} + {}", codebook.label(a), codebook.label(b))
            record = {"n": n, "jaccard": n / union, "label": label}
            cell = Cell((n,), traceless=True)
            yield from drafts(record, ["voices", "pairs", a, b], "jaccard", cell)


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


def coverage_rows(coded: pd.DataFrame, transcripts: pd.DataFrame) -> Drafts:
    """Interviews, excerpts and transcripts in numbers."""
    coded = coded.reindex(columns=["respondent", "excerpt"])
    transcripts = transcripts.reindex(columns=["respondent", "speaker", "text"])
    names, n = ["voices", "interviews"], int(coded["respondent"].nunique())
    yield from drafts({"interviewees": n}, names, "interviewees", Cell((n,)))
    lines = transcript_lines(transcripts)
    everything = sum(line["words"] for line in lines)
    spoken = sum(line["respondent_words"] for line in lines)
    unmarked = int((transcripts["speaker"] == "").sum())
    read = {
        "excerpts": len(coded.drop_duplicates(["respondent", "excerpt"])),
        "transcripts": len(lines),
        "turns": len(transcripts),
        "respondent_word_share": spoken / everything if everything else None,
        "unmarked_transcripts": unmarked or None,
    }
    yield from drafts(read, names, " ".join(read))
    for line in lines:
        place = ["voices", "transcripts", line["transcript"]]
        yield from drafts(line, place, "turns words respondent_words")


def transcript_lines(transcripts: pd.DataFrame) -> list[dict[str, Any]]:
    """transcript, turns, words, respondent_words: one line each, in the order of the files."""
    words = transcripts.assign(words=[len(text.split()) for text in transcripts["text"]])
    return [
        {
            "transcript": str(name),
            "turns": len(turns),
            "words": int(turns["words"].sum()),
            "respondent_words": int(turns.loc[turns["speaker"] == "respondent", "words"].sum()),
        }
        for name, turns in words.groupby("respondent", sort=False)
    ]
