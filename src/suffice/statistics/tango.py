"""The paired difference of two pass rates, from a number of cases fixed beforehand."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import bdtr, gammaln, ndtr, ndtri, xlog1py, xlogy

from suffice.statistics.betting import Floats
from suffice.statistics.proportions import clopper_pearson_upper
from suffice.statistics.roots import falling_root, falling_roots

_BAND_STEPS = 14


def score_statistic(lost: float, won: float, cases: float, difference: float) -> float:
    """
    How far the counts lie above a supposed difference, in standard errors.

    The standard error is the one that holds *if the supposed difference is true*, so it does not
    collapse where nothing was lost.

    Args:
        lost: Cases only the baseline got right.
        won: Cases only the candidate got right.
        cases: All graded cases.
        difference: Supposed candidate minus baseline, strictly between -1 and 1.

    Source:
        Tango (1998), Statistics in Medicine 17(8), 891-908, equations 8 to 11.
    """
    twice = 2 * cases
    slope = (twice - won + lost) * difference - won - lost
    constant = -lost * difference * (1 - difference)
    root = math.sqrt(max(slope * slope - 4 * twice * constant, 0.0))
    lost_share = (root - slope) / (2 * twice)
    variance = cases * (2 * lost_share + difference * (1 - difference))
    distance = won - lost - cases * difference
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def non_inferiority_p_value(lost: int, won: int, cases: int, *, margin: float) -> float:
    """
    One-sided p-value against "the candidate is worse by ``margin`` or more".

    Args:
        lost: Cases only the baseline got right.
        won: Cases only the candidate got right.
        cases: All graded cases, at least 1.
        margin: Positive, as a share of 1.

    Source:
        Tango (1998), see `score_statistic`.

    Differs:
        Where nothing was won, the score test is liberal (6.9 % instead of 5 % at 88 clean cases
        and a margin of 3 points), and the exact binomial tail, then also valid, takes its place
        wherever it is larger.

    >>> f"{non_inferiority_p_value(34, 24, 974, margin=0.02):.3f}"
    '0.111'
    >>> f"{non_inferiority_p_value(34, 24, 974, margin=0.03):.4f}"
    '0.0086'
    """
    p_value = float(ndtr(-score_statistic(lost, won, cases, -margin)))
    return max(p_value, float(bdtr(lost, cases, margin))) if won == 0 else p_value


def difference_lower(lost: int, won: int, cases: int, *, alpha: float) -> float:
    """
    One-sided lower bound of candidate minus baseline.

    ``difference_lower(...) >= -margin`` exactly where `non_inferiority_p_value` is at most
    ``alpha``.

    Args:
        lost: Cases only the baseline got right.
        won: Cases only the candidate got right.
        cases: All graded cases, at least 1.
        alpha: Chance that the bound lies above the truth, below 1/2.

    Returns:
        In [-1, 1].

    Source:
        Tango (1998), see `score_statistic`, with the exact bound where nothing was won.

    >>> f"{100 * difference_lower(34, 24, 974, alpha=0.05):.2f} points"
    '-2.36 points'
    """
    z = -float(ndtri(alpha))
    high = (won - lost) / cases
    if high <= -1:
        return -1.0
    low = -1 + 1e-12
    bound = falling_root(lambda d: score_statistic(lost, won, cases, d) - z, low, high)
    if won == 0:
        bound = min(bound, -clopper_pearson_upper(lost, cases, alpha=alpha))
    return bound


def difference_upper(lost: int, won: int, cases: int, *, alpha: float) -> float:
    """
    One-sided upper bound of candidate minus baseline, the mirror image of `difference_lower`.

    >>> f"{100 * difference_upper(162, 6, 974, alpha=0.05):.1f} points"
    '-14.1 points'
    """
    return -difference_lower(won, lost, cases, alpha=alpha)


def difference_band(lost: Floats, won: Floats, cases: Floats, *, alpha: float) -> Floats:
    """
    `difference_lower` at many counts at once, to 2e-4, rounded down.

    Each is valid alone, at its own number of cases: a picture of how the bound narrowed, not
    a licence to stop where it looks best.

    Args:
        lost: Shape (k,).
        won: Shape (k,).
        cases: Shape (k,), each at least 1.
        alpha: As in `difference_lower`.
    """
    z = -float(ndtri(alpha))

    def surplus(difference: Floats) -> Floats:
        return _surplus(lost, won, cases, difference, z)

    bounds = falling_roots(
        surplus, np.full(len(cases), -1.0), (won - lost) / cases, steps=_BAND_STEPS
    )
    exact = [
        -clopper_pearson_upper(int(gone), int(n), alpha=alpha) if gained == 0 else 1.0
        for gone, gained, n in zip(lost, won, cases, strict=True)
    ]
    return np.asarray(np.minimum(bounds, np.array(exact)), dtype=np.float64)


def switch_chance(
    cases: int, *, difference: float, discordant: float, margin: float, alpha: float
) -> float:
    """
    Exactly how often `non_inferiority_p_value` is at most ``alpha``, over all possible counts.

    Args:
        cases: Graded cases, fixed beforehand.
        difference: The truth, candidate minus baseline.
        discordant: True share of cases that only one of the two gets right, >= abs(difference).
        margin: As for the p-value.
        alpha: As for the p-value.

    Source:
        Enumeration of the trinomial distribution; nothing is approximated but counts beyond
        nine standard deviations, which are left out.

    >>> f"{switch_chance(974, difference=0.0, discordant=0.06, margin=0.03, alpha=0.05):.2f}"
    '0.98'
    """
    lost_share, won_share = (discordant - difference) / 2, (discordant + difference) / 2
    lost, won = np.meshgrid(_counts(cases, lost_share), _counts(cases, won_share), indexing="ij")
    both = cases - lost - won
    possible = both >= 0
    log_chance = (
        gammaln(cases + 1.0)
        - gammaln(lost + 1)
        - gammaln(won + 1)
        - gammaln(np.maximum(both, 0) + 1)
        + xlogy(lost, lost_share)
        + xlogy(won, won_share)
        + xlog1py(both, -discordant)
    )
    z = -float(ndtri(alpha))
    passes = _surplus(lost, won, np.full_like(lost, cases), np.full_like(lost, -margin), z) >= 0
    passes &= (won > 0) | (bdtr(lost, cases, max(margin, 0.0)) <= alpha)
    return float(np.exp(log_chance[possible & passes]).sum())


def _counts(cases: int, share: float) -> Floats:
    spread = 9 * math.sqrt(cases * share * (1 - share)) + 9
    first, last = math.floor(cases * share - spread), math.ceil(cases * share + spread)
    return np.arange(max(first, 0), min(last, cases) + 1, dtype=np.float64)


def _surplus(lost: Floats, won: Floats, cases: Floats, difference: Floats, z: float) -> Floats:
    """`score_statistic` less z, times its standard error: the same sign, and never infinite."""
    slope = (2 * cases - won + lost) * difference - won - lost
    root = np.sqrt(np.maximum(slope**2 + 8 * cases * lost * difference * (1 - difference), 0))
    variance = cases * ((root - slope) / (2 * cases) + difference * (1 - difference))
    distance = won - lost - cases * difference
    return np.asarray(distance - z * np.sqrt(np.maximum(variance, 0)), dtype=np.float64)
