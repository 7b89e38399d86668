"""Do a model's newest answers belong with its earlier ones? By exchanging them, case by case."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from suffice.errors import NotEnoughEvidence

Floats = NDArray[np.float64]

MOST_EXCHANGES = 5_000
"""In so many ways at most the newest of a case's answers may be chosen."""

# Likenesses are rounded before anything is computed from them, and so are their means: whatever
# is done to all answers of a case alike leaves the test exact, and whole numbers tie exactly.
_LIKENESS_STEPS = 1_000
_MEAN_STEPS = 120


def newest_p_value(cases: Sequence[Floats], *, newest: int = 1) -> float:
    """
    How probable it is that the newest answers resemble the earlier ones so little by chance.

    If nothing has changed, the answers of one model to one request come in random order: any
    ``newest`` of them could have been the last. So every choice of them is as probable as every
    other, in each case by itself, and the sum over the cases of how much the newest resemble the
    earlier ones has a distribution that is known exactly, whatever the model's own noise, and
    however it differs from case to case. Nothing is assumed of the likeness but that it treats
    two answers alike.

    Args:
        cases: For each case the likeness of every two of its answers, oldest first, each in
            [0, 1] and symmetric; shape (m, m), where m may differ between cases. A case in which
            there are no more than ``newest`` answers tells nothing.
        newest: How many of the answers, the last ones, are held against those before them.

    Returns:
        The chance of a resemblance as low or lower; 1 where no case tells anything. It is at most
        ``a`` with a chance of at most ``a`` if nothing has changed.

    Raises:
        NotEnoughEvidence: There are more ways to choose the newest than can be looked at.

    Source:
        Pitman (1937), JRSS Suppl. 4(1), 119-130 (a test by exchange within blocks).
    Differs:
        The distribution is convolved over the cases, not sampled.

    >>> same, odd = np.ones((4, 4)), np.ones((4, 4))
    >>> odd[3, :3] = odd[:3, 3] = 0
    >>> newest_p_value([same] * 96 + [odd] * 4)  # by chance once in 4 ** 4
    0.00390625
    """
    chances, seen = np.ones(1), 0
    for likeness in cases:
        levels, at = _levels(likeness, newest)
        if levels is None:
            continue
        chances = np.convolve(chances, levels)
        seen += at
    return float(min(1.0, chances[: seen + 1].sum()))


def _levels(likeness: Floats, newest: int) -> tuple[Floats | None, int]:
    """How often each level of resemblance comes, and which one came; None where all are one."""
    count = len(likeness)
    if count <= newest:
        return None, 0
    if likeness.min() == likeness.max():
        return None, 0
    whole = np.rint(np.asarray(likeness, dtype=np.float64) * _LIKENESS_STEPS).astype(np.int64)
    chosen = _choices(count, newest)
    across = ((chosen @ whole) * (1 - chosen)).sum(axis=1)
    mean = across * _MEAN_STEPS // (_LIKENESS_STEPS * newest * (count - newest))
    mean -= mean.min()
    if not mean.max():
        return None, 0
    # The newest themselves are the last choice.
    return np.bincount(mean) / len(mean), int(mean[-1])


@lru_cache(maxsize=256)
def _choices(count: int, newest: int) -> NDArray[np.int64]:
    """Every choice of the newest among the answers, as rows of 0 and 1; the last ones last."""
    ways = math.comb(count, newest)
    if ways > MOST_EXCHANGES:
        raise NotEnoughEvidence(
            f"{newest} of {count} answers can be chosen in {ways:,} ways, more than "
            f"{MOST_EXCHANGES:,}.",
            effect="Nothing was computed.",
            next_step="Hold the newest against fewer of the earlier ones.",
        )
    rows = np.zeros((ways, count), dtype=np.int64)
    for row, places in enumerate(combinations(range(count), newest)):
        rows[row, list(places)] = 1
    rows.setflags(write=False)
    return rows
