"""What the programs are drawn from: kebenaran.yml, what is true; words.yml, names and places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def _read(name: str) -> dict[str, Any]:
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


TRUTH, WORDS = _read("kebenaran.yml"), _read("words.yml")
