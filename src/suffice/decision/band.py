"""Where the bounds are drawn as they narrow."""

from __future__ import annotations

import numpy as np

from suffice.records import BandPoint
from suffice.statistics.betting import Floats

_BAND_POINTS = 40
_BAND_FROM = 5


def band_places(pairs: int) -> Floats:
    """About 40 numbers of pairs, evenly spread in their logarithm, ending at ``pairs``."""
    first = min(_BAND_FROM, pairs)
    return np.unique(np.geomspace(first, pairs, _BAND_POINTS).round().astype(np.float64))


def band_points(
    at: Floats, estimate: Floats, lower: Floats, upper: Floats
) -> tuple[BandPoint, ...]:
    """Columns as records."""
    rows = zip(at.tolist(), estimate.tolist(), lower.tolist(), upper.tolist(), strict=True)
    return tuple(BandPoint(int(n), mean, low, high) for n, mean, low, high in rows)
