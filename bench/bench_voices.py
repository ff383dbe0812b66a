"""100,000 open answers through the codebook, beside stemming them row by row.

    python bench/bench_voices.py [--answers 100000] [--naive 2000]

The answers are drawn from the words of tests/data/answers_labelled.csv: one to three of its
clauses joined, a third of them with a typing error, so that nearly all texts differ and many words
are new (the numbers of distinct texts and words are printed). "Naive" stems each answer by itself
with PySastrawi, once as its factory makes it (with its cache of words) and once without the cache,
on the first --naive answers; both are scaled to all. One process, one core.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from Sastrawi.Stemmer.StemmerFactory import StemmerFactory

from evaluasi_lib.reading.voices import own_codebook
from evaluasi_lib.voices import feedback
from evaluasi_lib.voices.feedback import code_answers

DATA = Path(__file__).resolve().parent.parent / "tests" / "data" / "answers_labelled.csv"


def made_answers(n: int, seed: int = 7) -> list[str]:
    """n answers of one to three clauses; a third with two neighbouring letters exchanged."""
    with DATA.open(encoding="utf-8", newline="") as file:
        clauses = [row["text"] for row in csv.DictReader(file) if row["question"] == "umum"]
    rng = np.random.default_rng(seed)
    counts, typos = rng.integers(1, 4, n), rng.random(n) < 1 / 3
    answers = []
    for count, typo in zip(counts, typos, strict=True):
        answer = ", ".join(clauses[i] for i in rng.integers(0, len(clauses), count))
        if typo and len(answer) > 4:
            at = int(rng.integers(1, len(answer) - 2))
            answer = answer[:at] + answer[at + 1] + answer[at] + answer[at + 2 :]
        answers.append(answer)
    return answers


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """(wall, processor) seconds of one call."""
    started = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started[0], time.process_time() - started[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--naive", type=int, default=2_000)
    options = parser.parse_args()
    answers = made_answers(options.answers)
    sample = answers[: options.naive]
    scale = len(answers) / len(sample)
    factory = StemmerFactory()
    cached, plain = factory.create_stemmer(), feedback.stemmer()
    cached.stem("panas")  # reading the list of roots is no stemming

    stemming = seconds(lambda: [feedback.analyse(a) for a in answers])
    words = feedback._words_of.cache_info().currsize
    feedback._words_of.cache_clear()
    feedback.stem.cache_clear()
    rows = {
        "all: themes, sentiment, negation": seconds(
            lambda: code_answers(answers, own_codebook().themes)
        ),
        "of this, normalising and stemming": stemming,
    }
    for name, stemmer in (("its own cache", cached), ("no cache", plain)):
        taken = seconds(lambda s=stemmer: [s.stem(a) for a in sample])
        rows[f"naive stemming row by row, {name}"] = (taken[0] * scale, taken[1] * scale)
    print(f"{len(answers)} answers, {len(set(answers))} distinct texts, {words} distinct words")
    print(f"{'':42}{'wall s':>9}{'CPU s':>9}{'x stemming (CPU)':>18}")
    for name, (wall, cpu) in rows.items():
        print(f"{name:42}{wall:9.1f}{cpu:9.1f}{cpu / stemming[1]:18.1f}")


if __name__ == "__main__":
    main()
