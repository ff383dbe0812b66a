"""Which program is written by which part of the generator."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.synthetic.elearning_files import write_elearning
from tests.synthetic.leadership_files import write_leadership
from tests.synthetic.mentoring import write_mentoring
from tests.synthetic.truth import TRUTH

PROGRAMS: dict[str, Callable[[int, Path], None]] = {
    "mentoring-karier-2024": partial(write_mentoring, "mentoring-karier-2024"),
    "mentoring-karier-2025": partial(write_mentoring, "mentoring-karier-2025"),
    "pelatihan-kepemimpinan-2025": write_leadership,
    "elearning-asn-2025": write_elearning,
}


def generate(program_id: str, seed: int | None, out_dir: Path) -> None:
    """The raw files of one synthetic program (all but program.yml) in out_dir.

    seed None: the shipped one, from kebenaran.yml.
    """
    PROGRAMS[program_id](TRUTH["seeds"][program_id] if seed is None else seed, out_dir)
