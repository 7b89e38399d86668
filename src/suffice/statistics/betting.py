"""
Betting e-processes: how strongly scores speak against "no better than this".

Someone bets, pair after pair, that the mean score lies above a null value. If the
null is true the bet is fair or worse, so wealth rarely grows: the chance that it
*ever* reaches 20 is at most 1/20 (Ville), however often one looks. Wealth is the
evidence. Every bet here is a fixed fraction ``u`` of what could be staked, mixed
over several fractions, so that wealth depends on the scores and not on their order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc, betaln

Floats = NDArray[np.float64]

_QUADRATURE_POINTS = 32
_LEVELS = 2048

_ALMOST_ONE = math.nextafter(1.0, 0.0)


def log_evidence(agreed: float, disagreed: float, *, null: float, alternative: float) -> float:
    """
    Natural log of the evidence that agreement exceeds ``null``, from counts alone.

    Half the stake is spread evenly over all agreements above ``null``, half stands on
    ``alternative``. Valid at every look: under ``p <= null`` the chance that it ever
    exceeds ``log(1/alpha)`` is at most ``alpha``.

    Evidence *below* a value is the mirror image: swap the counts and take both
    values from one.

    Args:
        agreed: Pairs that agree, >= 0.
        disagreed: Pairs that do not, >= 0.
        null: Agreement to be ruled out, strictly between 0 and 1.
        alternative: Agreement that half the stake expects, in (null, 1).

    Source:
        Robbins (1970), Ann. Math. Statist. 41(5), 1397-1409 (mixtures);
        Waudby-Smith & Ramdas (2024), JRSS B 86(1), 1-27 (betting).

    >>> log_evidence(47, 0, null=0.90, alternative=0.95) >= math.log(20)
    True
    >>> log_evidence(46, 0, null=0.90, alternative=0.95) >= math.log(20)
    False
    """
    spread = log_uniform_evidence(agreed, disagreed, null=null)
    # A search for a bound close to 1 may round the alternative up to 1, where no stake can lose.
    alternative = min(alternative, _ALMOST_ONE)
    point = agreed * math.log(alternative / null) + disagreed * math.log(
        (1 - alternative) / (1 - null)
    )
    high, low = (spread, point) if spread > point else (point, spread)
    return high + math.log1p(math.exp(low - high)) - math.log(2)


def log_uniform_evidence(agreed: float, disagreed: float, *, null: float) -> float:
    """
    As `log_evidence`, with the whole stake spread evenly over all agreements above ``null``.

    Where there is no agreement worth naming as an alternative, such as the recall of a class.

    >>> log_uniform_evidence(20, 0, null=0.80) >= math.log(20)
    True
    >>> log_uniform_evidence(19, 0, null=0.80) >= math.log(20)
    False
    """
    tail = float(betaincc(agreed + 1, disagreed + 1, null))
    if tail <= 0.0:  # smaller than any float: such evidence is far below 1 and settles nothing
        return -math.inf
    return (
        math.lgamma(agreed + 1)
        + math.lgamma(disagreed + 1)
        - math.lgamma(agreed + disagreed + 2)
        + math.log(tail)
        - math.log1p(-null)
        - agreed * math.log(null)
        - disagreed * math.log1p(-null)
    )


def log_evidence_many(agreed: Floats, disagreed: Floats, *, null: Floats, share: float) -> Floats:
    """
    `log_evidence` for many counts at once, each with its own null.

    Args:
        agreed: Shape (k,).
        disagreed: Shape (k,).
        null: Shape (k,), strictly between 0 and 1.
        share: Where the point half of the stake stands between null and 1:
            ``alternative = null + share * (1 - null)``.

    Returns:
        Natural logs; shape (k,).
    """
    with np.errstate(divide="ignore"):
        tail = np.log(betaincc(agreed + 1, disagreed + 1, null))
    spread = (
        betaln(agreed + 1, disagreed + 1)
        + tail
        - (disagreed + 1) * np.log1p(-null)
        - agreed * np.log(null)
    )
    point = agreed * np.log1p(share * (1 - null) / null) + disagreed * math.log1p(-share)
    return np.asarray(np.logaddexp(spread, point) - math.log(2), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Bets:
    """
    Which fractions of the largest safe stake are bet, and how the stake is shared among them.

    Attributes:
        fractions: Each in (0, 1); shape (j,).
        weights: Positive, sum 1; shape (j,).
    """

    fractions: tuple[float, ...]
    weights: tuple[float, ...]


@lru_cache(maxsize=256)
def graded_bets(share: float) -> Bets:
    """
    The bets of `log_evidence`, in the form that graded scores need.

    Half the stake on one fraction, half on 32 Gauss-Legendre points over all of them. For
    scores of 0 and 1 the point half is identical and the rest agrees to quadrature error.

    Args:
        share: ``(alternative - null) / (1 - null)``, in (0, 1).
    """
    points, weights = np.polynomial.legendre.leggauss(_QUADRATURE_POINTS)
    return Bets(
        (share, *((points + 1) / 2).tolist()),
        (0.5, *(weights / 4).tolist()),
    )


# Eight fractions, log-spaced. Chosen by simulation among five grids for margins of 3 and 5 points
# with 2 to 20 % of the pairs discordant: never far from the fewest pairs (docs/statistics.md).
DIFFERENCE_BETS = Bets(tuple(np.geomspace(0.1, 0.95, 8).tolist()), (0.125,) * 8)


def ceiling_bets(null: float) -> Bets:
    """
    Equal stakes of .5, .75, 1 and 1.25 per unit, for agreement against the ceiling.

    Args:
        null: The null value of the score in [0, 1]; below 0.8, so that no bet can go bankrupt.
    """
    return Bets(tuple(min(bet * null, 0.999) for bet in (0.5, 0.75, 1.0, 1.25)), (0.25,) * 4)


def log_wealth(scores: Floats, counts: Floats, *, null: float, bets: Bets) -> float:
    """
    Natural log of the evidence that the mean of graded scores exceeds ``null``.

    Each fraction u multiplies its wealth by ``1 - u + u * score / null`` per pair, which is
    fair or worse whenever the mean is at most ``null``, and can never fall below zero.

    Args:
        scores: Distinct scores, each >= 0; shape (k,).
        counts: How often each was seen; shape (k,).
        null: Mean to be ruled out, positive.
        bets: Fractions and their shares, fixed before the scores were seen.

    Source:
        Waudby-Smith & Ramdas (2024), JRSS B 86(1), 1-27, section 4.

    >>> ones = np.array([0.0, 1.0])
    >>> graded = log_wealth(ones, np.array([2.0, 98.0]), null=0.9, bets=graded_bets(0.5))
    >>> abs(graded - log_evidence(98, 2, null=0.9, alternative=0.95)) < 1e-9
    True
    """
    return float(log_wealth_many(scores, counts[None, :], null=np.array([null]), bets=bets)[0])


def log_wealth_many(scores: Floats, counts: Floats, *, null: Floats, bets: Bets) -> Floats:
    """
    `log_wealth` for many sets of counts over the same scores.

    Args:
        scores: Distinct scores; shape (k,).
        counts: Shape (b, k).
        null: Shape (b,).
        bets: Shared by all.

    Returns:
        Natural logs; shape (b,).
    """
    fractions = np.array(bets.fractions)
    growth = np.log(
        1 - fractions[None, None, :] * (1 - scores[None, :, None] / null[:, None, None])
    )
    wealth = np.einsum("bk,bkj->bj", counts, growth) + np.log(np.array(bets.weights))
    return np.asarray(np.logaddexp.reduce(wealth, axis=1), dtype=np.float64)


def tally(scores: Floats) -> tuple[Floats, Floats]:
    """
    Distinct scores and how often each occurs, at most 2,049 of them.

    Above that the scores are rounded *down* to steps of 1/2048 of their unit, which can only
    weaken evidence that the mean is high.

    Args:
        scores: Shape (n,), each >= 0.

    Returns:
        Distinct scores, ascending, and their counts; both shape (k,).
    """
    distinct, counts = np.unique(scores, return_counts=True)
    if len(distinct) > _LEVELS:
        distinct, counts = np.unique(np.floor(scores * _LEVELS) / _LEVELS, return_counts=True)
    return distinct.astype(np.float64), counts.astype(np.float64)
