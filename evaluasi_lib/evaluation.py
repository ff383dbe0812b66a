"""From cleaned data to the whole result of one program, step by step.

The notebook calls the same steps one by one so that a reader sees them; `measure` calls them all
where nobody looks, for the earlier cycle of a program.
"""

from __future__ import annotations

from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.study import Study


def measure(study: Study) -> EvaluationResult:
    """Everything that is measured, without findings, verdict and recommendations."""
    raise NotImplementedError
