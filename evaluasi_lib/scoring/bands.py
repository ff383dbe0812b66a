"""Points of a scale put together, so that the answers of few persons are shown with others.

An answer that 1 to k-1 persons gave is merged with its neighbours: first within its side of the
scale (all negative, all positive), then with the middle, last across it. A merged answer could
still be worked out from what else is published of the item, such as its mean; a partition is taken
only where every small answer could be any of at least k numbers of persons, given all of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.optimize import linprog

from evaluasi_lib.disclosure import enough

Band = tuple[int, ...]  # points of the scale, from low to high
Sides = tuple[Band, Band, Band]  # the lower side, the middle (or none), the upper side


def sides_of(points: Sequence[int]) -> Sides:
    """The lower half of the points, the middle one of an odd number, the upper half."""
    half, odd = divmod(len(points), 2)
    return tuple(points[:half]), tuple(points[half : half + odd]), tuple(points[half + odd :])


def bands_of(
    counts: Mapping[int, int],
    k: int,
    *,
    sides: Sides | None = None,
    sums: Mapping[int, str] | None = None,
    moments: int = 0,
) -> list[Band]:
    """The finest partition of the points of which every part may be shown; none: [].

    counts: point -> persons, from low to high. sums: point -> name of a sum of several points that
    is published too. moments: of how many powers of the points the mean is published (1: the mean,
    2: its standard deviation as well).
    """
    small = [point for point, n in counts.items() if not enough(k, n)]
    lower, middle, upper = parts = sides or sides_of(list(counts))
    scarce = [
        not enough(k, sum(counts[p] for p in side)) for side in (lower + middle, middle + upper)
    ]
    for bands in _partitions(parts, small, scarce):
        large = enough(k, *(sum(counts[p] for p in band) for band in bands))
        if large and all(_room(counts, bands, p, sums or {}, moments) >= k for p in small):
            return bands
    return []


def _partitions(sides: Sides, small: Sequence[int], scarce: Sequence[bool]) -> Iterator[list[Band]]:
    """From every point alone to all but the ends of one side in one part. scarce: whether all below
    the upper side, and all above the lower one, are too few; only then a part is of both sides."""

    def alone(points: Band) -> list[Band]:
        return [(point,) for point in points]

    def together(points: Band) -> list[Band]:
        return [points] if points else []

    def merged(points: Band) -> list[Band]:
        return together(points) if set(points) & set(small) else alone(points)

    lower, middle, upper = sides
    yield [band for side in sides for band in alone(side)]
    yield [band for side in sides for band in merged(side)]
    yield [*together(lower), *merged(middle), *together(upper)]
    for join in (merged, together):
        yield [lower + middle, *join(upper)]
    for join in (merged, together):
        yield [*join(lower), middle + upper]
    for cut in range(len(upper) - 1, 0, -1) if scarce[0] else ():
        yield [lower + middle + upper[:-cut], upper[-cut:]]
    for cut in range(len(lower) - 1, 0, -1) if scarce[1] else ():
        yield [lower[:cut], lower[cut:] + middle + upper]


def _room(
    counts: Mapping[int, int], bands: Sequence[Band], at: int, sums: Mapping[int, str], moments: int
) -> float:
    """How far apart the least and the greatest number of persons at a point may be, given the parts
    and whatever else is published."""
    points = list(counts)
    known = [[float(p in band) for p in points] for band in bands]
    known += [[float(sums.get(p) == name) for p in points] for name in set(sums.values())]
    known += [[float(p) ** power for p in points] for power in range(1, moments + 1)]
    totals = [float(np.dot(row, list(counts.values()))) for row in known]
    wanted = np.array([float(p == at) for p in points])
    least, most = (linprog(c, A_eq=known, b_eq=totals) for c in (wanted, -wanted))
    return -most.fun - least.fun if least.success and most.success else 0.0
