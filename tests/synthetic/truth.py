"""kebenaran.yml as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

TRUTH: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("kebenaran.yml").read_text(encoding="utf-8")
)
