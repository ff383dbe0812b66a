"""Draws that several programs share: answers on a scale, dirt of forms, dates."""

from __future__ import annotations

import datetime as dt

import numpy as np

Rng = np.random.Generator


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def likert(
    theta: np.ndarray, noise: np.ndarray, easiness: np.ndarray, points: int = 5
) -> np.ndarray:
    """Answers 1..points (persons x items): latent score + how easy the item is + noise, rounded.

    The rounding and the ends of the scale make the ceiling effect: a person at the top cannot rise.
    noise is passed in, so that the same person can be drawn with and without the program.
    """
    return np.clip(np.rint(theta[:, None] + easiness + noise), 1, points).astype(int)


def turn(values: np.ndarray, points: int) -> np.ndarray:
    """Answers to a reversed item."""
    return points + 1 - values


def straight_line(answers: np.ndarray, who: np.ndarray) -> np.ndarray:
    """The given persons tick the column of their first answer all the way down."""
    out = answers.copy()
    out[who] = answers[who, :1]
    return out


def leave_empty(rng: Rng, answers: np.ndarray, share: float) -> np.ndarray:
    """0 = not answered, at random."""
    return np.where(rng.random(answers.shape) < share, 0, answers)


def messy_labels(rng: Rng, labels: np.ndarray, share: float = 0.04) -> np.ndarray:
    """Stray case, spaces and no-break spaces, as copied and pasted forms have them."""
    out = labels.astype(object).copy()
    flat = out.reshape(-1)
    hit = rng.random(flat.size) < share
    kind = rng.integers(0, 5, flat.size)
    for i in np.flatnonzero(hit):
        text = flat[i]
        if text:
            flat[i] = [
                f"{text} ",
                text.lower(),
                text.upper(),
                text.replace(" ", "\u00a0"),
                f" {text}".replace(" ", "  "),
            ][kind[i]]
    return out


def moments(rng: Rng, n: int, start: dt.date, days: int) -> np.ndarray:
    """n moments from a date on, most in office hours, as datetimes."""
    day = rng.integers(0, days, n)
    second = np.clip(rng.normal(12.5, 3.5, n), 5.5, 23.4) * 3600
    begin = dt.datetime.combine(start, dt.time())
    return np.array(
        [
            begin + dt.timedelta(days=int(d), seconds=int(s))
            for d, s in zip(day, second, strict=True)
        ],
        dtype=object,
    )


def stamp(moment: dt.datetime) -> str:
    """Google Forms in Indonesian: 03/02/2025 9.05.07."""
    return f"{moment:%d/%m/%Y} {moment.hour}.{moment:%M.%S}"


def tick(options: dict[str, str], chosen: np.ndarray, separator: str = ", ") -> list[str | None]:
    """Ticked options (persons x options) in one cell, in the order of the form."""
    texts = list(options.values())
    return [
        separator.join(t for t, c in zip(texts, row, strict=True) if c) or None for row in chosen
    ]


def cluster_effects(rng: Rng, n_units: int, sd: float) -> np.ndarray:
    """Random intercepts of units, centred so that the program's mean is as declared."""
    values = rng.normal(0, sd, n_units)
    return values - values.mean()
