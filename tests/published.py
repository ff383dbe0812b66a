"""result.json as scripts outside read it: rows of measures by what they are about."""

from __future__ import annotations

from typing import Any


def rows(result: dict[str, Any], **about: Any) -> list[dict[str, Any]]:
    """The rows of measures with these values, such as part="effects", role="primary"."""
    return [row for row in result["measures"] if all(row[k] == v for k, v in about.items())]


def cited(result: dict[str, Any]) -> set[str]:
    """The ids of measures that findings and the verdict rest on."""
    findings = [*result["texts"]["strengths"], *result["texts"]["weaknesses"]]
    assert all(finding["evidence"] for finding in findings)
    return {id for found in [*findings, result["verdict"]] for id in found["evidence"]}
