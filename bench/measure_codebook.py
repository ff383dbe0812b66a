"""Macro F1 of the workbook's codebook on the hand-labelled answers, beside a learned baseline.

    python bench/measure_codebook.py [test|train|pieces]

Data: tests/data/answers_labelled.csv (its split is the parity of a hash of the text, fixed before
any pattern was written). Baseline: TF-IDF of words and word pairs with one-versus-rest logistic
regression, scikit-learn, trained on the training part. Intervals: percentile bootstrap over
answers, 2,000 draws. Needs the development dependency scikit-learn.

"pieces" measures the codebook on sentences of another author: the bank from which the synthetic
programs' answers are made (tests/synthetic/answers.yml), each with one theme. Half of them, by the
same hash, were looked at when the codebook was extended; the other half were not. A theme found
beside the piece's own counts as wrong, although a reader might agree with it.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier

from evaluasi_lib.reading.voices import Code, own_codebook
from evaluasi_lib.voices.agreement import cohen_kappa, with_interval
from evaluasi_lib.voices.feedback import code_answers

TESTS = Path(__file__).resolve().parent.parent / "tests"
DATA = TESTS / "data" / "answers_labelled.csv"
BANK = TESTS / "synthetic" / "answers.yml"
Labels = NDArray[np.bool_]


def labelled(question: str, part: str) -> tuple[list[str], list[set[str]]]:
    """Texts and their labels of one question and part."""
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if (r["question"], r["part"]) == (question, part)]
    return [r["text"] for r in rows], [set(r["themes"].split()) for r in rows]


def matrix(labels: list[set[str]], names: list[str]) -> Labels:
    return np.array([[name in row for name in names] for row in labels])


def by_codebook(texts: list[str], codes: dict[str, Code], names: list[str]) -> Labels:
    return code_answers(texts, codes).present[names].to_numpy()


def by_baseline(question: str, texts: list[str], names: list[str]) -> Labels:
    train, labels = labelled(question, "train")
    known = matrix(labels, names)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = OneVsRestClassifier(LogisticRegression(C=10, class_weight="balanced", max_iter=1000))
    model.fit(words.fit_transform(train), known)
    return model.predict(words.transform(texts)).astype(bool)


def macro_f1(manual: Labels, found: Labels) -> float:
    """Mean F1 over the themes that a person used at all; 0 for a theme that is never found."""
    used = manual.any(axis=0)
    return float(f1_score(manual[:, used], found[:, used], average="macro", zero_division=0))


def interval(
    manual: Labels, found: Labels, seed: int = 1, draws: int = 2_000
) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    n = len(manual)
    drawn = [macro_f1(manual[i], found[i]) for i in (rng.integers(0, n, n) for _ in range(draws))]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def pieces(part: str) -> tuple[list[str], list[set[str]]]:
    """Sentences of the generator's bank with their theme, by half."""
    bank = yaml.safe_load(BANK.read_text(encoding="utf-8"))
    rows = [
        (text, {theme})
        for question in ("good", "improve")
        for theme, texts in bank[question].items()
        if theme != "umum"
        for text in texts
        if hashlib.sha256(text.encode()).digest()[0] % 2 == (part == "unseen")
    ]
    return [text for text, _theme in rows], [theme for _text, theme in rows]


def measure_pieces() -> None:
    codes = own_codebook().themes
    for part in ("seen", "unseen"):
        texts, labels = pieces(part)
        names = [n for n in codes if any(n in row for row in labels)]
        manual, found = matrix(labels, names), by_codebook(texts, codes, names)
        low, high = interval(manual, found)
        score, recall = macro_f1(manual, found), (manual & found).sum() / manual.sum()
        print(f"{part:7} {len(texts)} pieces, {len(names)} themes: macro F1 {score:.3f} "
              f"({low:.3f} to {high:.3f}), own theme found in {recall:.0%}")  # fmt: skip


def tone_agreement(part: str, texts: list[str]) -> str:
    """The sign of the lexicon's tone beside a person's: -1, 0, 1."""
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if (r["question"], r["part"]) == ("umum", part)]
    by_hand = np.array([float(r["sentiment"]) for r in rows])
    found = np.sign(np.nan_to_num(code_answers(texts, own_codebook().themes).sentiment))
    pair = np.stack([by_hand, found], axis=1)
    kappa = with_interval(cohen_kappa, pair, np.random.default_rng(1))
    return (
        f"tone: same sign in {np.mean(by_hand == found):.0%}, opposite in "
        f"{np.mean(by_hand * found == -1):.1%}, kappa {kappa.value:.2f} "
        f"({kappa.ci_low:.2f} to {kappa.ci_high:.2f})"
    )


def main(part: str = "test") -> None:
    if part == "pieces":
        return measure_pieces()
    codebook = own_codebook()
    for question, codes in (("umum", codebook.themes), ("modul", codebook.modules)):
        texts, labels = labelled(question, part)
        used = {label for row in labels for label in row}
        names = [name for name in codes if name in used]
        manual = matrix(labels, names)
        print(f"{question}, {part}: {len(texts)} answers, {len(names)} labels in use")
        ways = {"codebook": by_codebook(texts, codes, names)}
        if part == "test":
            ways["TF-IDF + logistic"] = by_baseline(question, texts, names)
        for way, found in ways.items():
            low, high = interval(manual, found)
            print(f"  {way:18} macro F1 {macro_f1(manual, found):.3f} ({low:.3f} to {high:.3f})")
        if question == "umum":
            print("  " + tone_agreement(part, texts))
        for j, name in enumerate(names):
            both = (manual[:, j] & ways["codebook"][:, j]).sum()
            f1 = 2 * both / (manual[:, j].sum() + ways["codebook"][:, j].sum())
            print(f"    {name:22} n {manual[:, j].sum():3}  F1 {f1:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
