"""Bounds that stay true however often one looks: every value the evidence has not ruled out."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from suffice.statistics.betting import (
    Bets,
    Floats,
    log_evidence,
    log_evidence_many,
    log_uniform_evidence,
    log_wealth,
    log_wealth_many,
)
from suffice.statistics.roots import falling_root, falling_roots

_BAND_STEPS = 14
_NOTHING = 1e-9


def agreement_lower(agreed: float, disagreed: float, *, share: float, alpha: float) -> float:
    """
    Anytime lower bound of agreement: the least value that `log_evidence` does not rule out.

    So ``agreement_lower(...) >= floor`` exactly where the evidence against ``floor`` reaches
    ``1/alpha``: picture and word cannot contradict each other.

    Args:
        agreed: Pairs that agree.
        disagreed: Pairs that do not.
        share: ``(target - floor) / (1 - floor)``, in (0, 1): where half the stake stands.
        alpha: Chance that the bound ever lies above the truth, in (0, 1).

    Returns:
        A share in [0, 1]; 0 without a single agreement.

    >>> [round(agreement_lower(n - f, f, share=0.5, alpha=0.05), 3)
    ...  for n, f in [(50, 2), (100, 2), (300, 9), (1000, 30)]]
    [0.837, 0.915, 0.937, 0.952]
    """
    if agreed <= 0:
        return 0.0
    needed = -math.log(alpha)

    def surplus(null: float) -> float:
        alternative = null + share * (1 - null)
        return log_evidence(agreed, disagreed, null=null, alternative=alternative) - needed

    return _lower(surplus, agreed / (agreed + disagreed), agreed + disagreed)


def agreement_upper(agreed: float, disagreed: float, *, share: float, alpha: float) -> float:
    """
    Anytime upper bound of agreement, the mirror image of `agreement_lower`.

    Args:
        agreed: Pairs that agree.
        disagreed: Pairs that do not.
        share: ``(target - floor) / target``, in (0, 1).
        alpha: Chance that the bound ever lies below the truth.
    """
    return 1 - agreement_lower(disagreed, agreed, share=share, alpha=alpha)


def recall_lower(hits: int, seen: int, *, alpha: float = 0.05) -> float:
    """
    Anytime lower bound of a class's recall.

    Args:
        hits: Cases of the class that were named as such.
        seen: Cases of the class.
        alpha: Chance that the bound ever lies above the truth.

    >>> recall_lower(20, 20) >= 0.80 > recall_lower(19, 19)
    True
    >>> recall_lower(30, 31) >= 0.80 > recall_lower(29, 30)
    True
    """
    if hits <= 0:
        return 0.0
    needed = -math.log(alpha)
    return _lower(
        lambda null: log_uniform_evidence(hits, seen - hits, null=null) - needed, hits / seen, seen
    )


def recall_upper(hits: int, seen: int, *, alpha: float = 0.05) -> float:
    """Anytime upper bound of a class's recall, the mirror image of `recall_lower`."""
    return 1 - recall_lower(seen - hits, seen, alpha=alpha)


def mean_lower(scores: Floats, counts: Floats, *, bets: Bets, alpha: float) -> float:
    """
    Anytime lower bound of the mean of graded scores.

    Args:
        scores: Distinct scores in [0, 1]; shape (k,).
        counts: How often each was seen; shape (k,).
        bets: Fixed beforehand.
        alpha: Chance that the bound ever lies above the truth.

    >>> scores = np.array([0.0, 0.5, 1.0])
    >>> from suffice.statistics.betting import graded_bets
    >>> round(mean_lower(scores, np.array([1.0, 4.0, 95.0]), bets=graded_bets(0.5), alpha=0.05), 3)
    0.909
    """
    pairs = float(counts.sum())
    mean = float(scores @ counts) / pairs if pairs else 0.0
    if mean <= _NOTHING:
        return 0.0
    needed = -math.log(alpha)
    return _lower(
        lambda null: log_wealth(scores, counts, null=null, bets=bets) - needed, mean, pairs
    )


def _lower(surplus: Callable[[float], float], mean: float, pairs: float) -> float:
    """Bracket the crossing from the mean downwards, then close in on it."""
    high = min(mean, 1 - 1e-15)
    step = 1 / math.sqrt(pairs + 1)
    low = high
    while surplus(low) < 0:
        high, low = low, low - step if low > 2 * step else low / 4
        step *= 2
    return falling_root(surplus, low, high)


def agreement_band(agreed: Floats, disagreed: Floats, *, share: float, alpha: float) -> Floats:
    """
    `agreement_lower` at many counts at once, to 1e-4, rounded down.

    Args:
        agreed: Shape (k,).
        disagreed: Shape (k,).
        share: As in `agreement_lower`.
        alpha: As in `agreement_lower`.
    """
    needed = -math.log(alpha)
    pairs = np.maximum(agreed + disagreed, 1)
    return falling_roots(
        lambda null: (
            log_evidence_many(agreed, disagreed, null=np.maximum(null, _NOTHING), share=share)
            - needed
        ),
        np.zeros_like(pairs),
        np.maximum(agreed / pairs, 0.0),
        steps=_BAND_STEPS,
    )


def mean_band(scores: Floats, counts: Floats, *, bets: Bets, alpha: float) -> Floats:
    """
    `mean_lower` at many counts over the same scores, to 1e-4, rounded down.

    Args:
        scores: Shape (k,).
        counts: Shape (b, k).
        bets: As in `mean_lower`.
        alpha: As in `mean_lower`.
    """
    needed = -math.log(alpha)
    pairs = np.maximum(counts.sum(axis=1), 1)
    return falling_roots(
        lambda null: (
            log_wealth_many(scores, counts, null=np.maximum(null, _NOTHING), bets=bets) - needed
        ),
        np.zeros(len(pairs)),
        counts @ scores / pairs,
        steps=_BAND_STEPS,
    )
