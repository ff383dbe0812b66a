"""python -m tests.synthetic [PROGRAM...] [--seed N] [--out DIR]"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.synthetic import PROGRAMS, RAW, generate


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.synthetic", description=__doc__)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help="all if none is named")
    parser.add_argument("--seed", type=int, help="another seed than the shipped one; needs --out")
    parser.add_argument("--out", type=Path, help="folder to write to; data/raw if absent")
    options = parser.parse_args()
    if options.seed is not None and options.out is None:
        parser.error("--seed needs --out: data/raw holds the shipped seed")
    if unknown := sorted(set(options.programs) - set(PROGRAMS)):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(PROGRAMS)}")
    for program_id in options.programs or PROGRAMS:
        folder = (options.out or RAW) / program_id
        generate(program_id, options.seed, folder)
        print(folder)


if __name__ == "__main__":
    main()
