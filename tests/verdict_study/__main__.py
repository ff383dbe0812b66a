"""python -m tests.verdict_study: run the study and print its table."""

from __future__ import annotations

import argparse
import json
import os
from functools import partial
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "validity.md"


# Each process computes alone; more threads in each would only fight over the processors. Set
# before numpy is loaded.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


def main() -> None:
    for name in THREADS:
        os.environ.setdefault(name, "1")
    from tests.verdict_study import study
    from tests.verdict_study.draw import every_situation

    parser = argparse.ArgumentParser(prog="python -m tests.verdict_study", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="situations whose name holds this text")
    parser.add_argument("--output", type=Path, help="JSON file for every repetition and figure")
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE.name}")
    options = parser.parse_args()
    chosen = {name: s for name, s in every_situation().items() if options.only in name}
    if not chosen:
        parser.error(f"no situation has “{options.only}” in its name")
    if options.write and options.only:
        parser.error("--write needs every situation")
    rows = study.run(chosen, options.repetitions, options.jobs, partial(print, flush=True))
    found = [
        study.summarise(s, study.known_truths(name), [r for r in rows if r["situation"] == name])
        for name, s in chosen.items()
    ]
    print(study.table(found))
    print()
    print(study.summary_line(found))
    if options.output:
        text = json.dumps({"situations": found, "repetitions": rows}, indent=1, ensure_ascii=False)
        options.output.write_text(text + "\n", encoding="utf-8")
    if options.write:
        study.write(PAGE, found, list(chosen.values()))


if __name__ == "__main__":
    main()
