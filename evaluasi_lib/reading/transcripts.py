"""Transcripts of interviews as turns, and the columns of a table of coded excerpts."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from evaluasi_lib.errors import Problem
from evaluasi_lib.reading.documents import read_each

COLUMNS = ["respondent", "group", "coder", "code", "above", "excerpt", "unit", "case"]
_SPEAKER = re.compile(r"^\s*\**([A-Za-z][\w .'-]{0,29}?)\**\s*[:：]\**\s+(.*)$")
_INTERVIEWERS = ("p", "pewawancara", "peneliti", "interviewer", "q", "t", "tanya", "moderator")
TRANSCRIPTS = (".docx", ".txt", ".md")


def read_transcripts(folder: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """respondent (T01 ... by file name), turn, speaker ("interviewer", "respondent" or ""), text.

    A turn begins with a short name and a colon; names are not kept. Text before the first such
    line is left out; a file without any turn is one turn of nobody, and the report counts it.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in TRANSCRIPTS)
    read, problems = read_each(paths)
    rows = []
    for number, path in enumerate(paths, 1):
        for turn, (speaker, text) in enumerate(speaker_turns("\n".join(read.get(path, []))), 1):
            asks = speaker.casefold().split(" ")[0] in _INTERVIEWERS
            role = "interviewer" if asks else "respondent" if speaker else ""
            rows.append((f"T{number:02}", turn, role, text))
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
