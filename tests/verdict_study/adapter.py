"""The only place that knows how the library is called, so that the study outlives a rebuilding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from evaluasi_lib import wording
from evaluasi_lib.errors import EvaluationError
from evaluasi_lib.evaluation import evaluate, open_workbook
from evaluasi_lib.reporting.export import result_json


class RefusedError(Exception):
    """The library would not evaluate the program, and said why: no claim is made."""


def result_of(data_folder: Path, program_id: str, language: str = "en") -> dict[str, Any]:
    """The content of result.json of one program of data_folder/raw, cleaned from its raw files.

    Raises RefusedError where the declaration or the data are refused with a message.
    """
    try:
        workbook = open_workbook(program_id, language, data_folder)
        content: dict[str, Any] = json.loads(result_json(evaluate(workbook)))
        return content
    except EvaluationError as error:
        raise RefusedError(str(error)) from error
    finally:
        wording.set_language(wording.DEFAULT_LANGUAGE)
