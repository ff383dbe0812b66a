"""Whether a report that is there can be made again: its files, its versions, and every number."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evaluasi_lib import wording
from evaluasi_lib.check import DataFolder
from evaluasi_lib.evaluation import open_study, result_of
from evaluasi_lib.reporting.stamp import Sources
from evaluasi_lib.results import result_json
from evaluasi_lib.wording import DataError, Problem, UsageError, _, problem

MOST_ROWS = 20  # of those numbers that differ, so many are named


def verify_report(data: DataFolder, program_id: str, out: Path) -> list[Problem]:
    """Everything in which a report differs from what would be made now; none where it is the same.

    out: the folder of reports. The raw data are cleaned anew, in a temporary folder, and evaluated
    in the language of result.json. Raises UsageError where there is no report, and DataError where
    its result.json is damaged.
    """
    path = out / program_id / "result.json"
    if not path.is_file():
        raise UsageError(problem("no_report", str(path), id=program_id))
    text = path.read_text(encoding="utf-8")
    try:
        stored = json.loads(text)
        language = stored["provenance"]["parameters"]["language"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(Problem(_("result.json is damaged"), str(path))) from error
    again = _made_again(data, program_id, language)
    if again == text:
        return []
    found = list(_differences(stored, json.loads(again)))
    changed = Problem(_("the file was changed after it was made"), str(path))
    return found or [changed]


def _made_again(data: DataFolder, program_id: str, language: str) -> str:
    """result.json, from the raw data alone."""
    before = wording.language()
    with tempfile.TemporaryDirectory(prefix="evaluasi-") as folder:
        anew = DataFolder(data.path, made=Path(folder))
        try:
            wording.set_language(language)
            return result_json(result_of(open_study(anew, program_id), Sources(anew)))
        finally:
            wording.set_language(before)


def _differences(stored: dict[str, Any], again: dict[str, Any]) -> Iterator[Problem]:
    yield from _other_files(stored["provenance"]["inputs"], again["provenance"]["inputs"])
    yield from _other_versions(stored["provenance"], again["provenance"])
    yield from _other_numbers(stored["measures"], again["measures"])
    for part, content in again.items():
        if part not in ("measures", "provenance") and stored.get(part) != content:
            yield Problem(_("this part of the result differs"), part)


def _other_files(stored: list[dict[str, Any]], again: list[dict[str, Any]]) -> Iterator[Problem]:
    """Files of the program that were changed, added or taken away since."""
    before, now = ({item["path"]: item["sha256"] for item in items} for items in (stored, again))
    for path in sorted(before.keys() | now.keys()):
        if path not in now:
            yield Problem(_("the report was made with this file, which is gone"), path)
        elif path not in before:
            yield Problem(_("the report was made without this file"), path)
        elif before[path] != now[path]:
            yield Problem(_("the file was changed after the report was made"), path)


def _other_versions(stored: dict[str, Any], again: dict[str, Any]) -> Iterator[Problem]:
    what = _("the report was made with {before}, now it is {now}")
    before, now = (
        {"evaluasi": said["code_version"], "commit": said.get("commit"), **said["packages"],
         "seed": said["seed"]} for said in (stored, again)
    )  # fmt: skip
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield Problem(what.format(before=before.get(name), now=now.get(name)), name)


def _other_numbers(stored: list[dict[str, Any]], again: list[dict[str, Any]]) -> Iterator[Problem]:
    """The measures that differ, the first MOST_ROWS of them by name."""
    before, now = ({row["id"]: row for row in rows} for rows in (stored, again))
    other = [i for i in {**now, **before} if before.get(i) != now.get(i)]
    for row_id in other[:MOST_ROWS]:
        old, new = before.get(row_id), now.get(row_id)
        if old is None or new is None:
            yield Problem(_("the measure is in one result alone"), row_id)
            continue
        keys = [k for k in old if old[k] != new.get(k)]
        for key in keys:
            what = _("{key} is {before} in the report, and {now} when computed again")
            yield Problem(what.format(key=key, before=old[key], now=new.get(key)), row_id)
    if len(other) > MOST_ROWS:
        yield Problem(_("so many measures differ"), "result.json", count=len(other))
