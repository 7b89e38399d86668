"""Bounds of a pass rate from a number of answers fixed beforehand."""

from __future__ import annotations

import math

from scipy.special import betaincinv, ndtri


def clopper_pearson_lower(passed: int, graded: int, *, alpha: float = 0.05) -> float:
    """
    One-sided lower bound of a pass rate: exact, never too optimistic.

    For a number of answers fixed beforehand; looking while they come in breaks the promise
    (16.5 % instead of 5 % after 200 looks, 24 % after 600).

    Args:
        passed: Answers that passed, 0 <= passed <= graded.
        graded: Answers graded, at least 1.
        alpha: Chance that the bound lies above the truth.

    Source:
        Clopper & Pearson (1934), Biometrika 26(4), 404-413.

    >>> f"{clopper_pearson_lower(50, 50):.3f}"
    '0.942'
    >>> clopper_pearson_lower(59, 59) > 0.95 > clopper_pearson_lower(58, 58)
    True
    """
    _check(passed, graded)
    if passed == 0:
        return 0.0
    return float(betaincinv(passed, graded - passed + 1, alpha))


def clopper_pearson_upper(passed: int, graded: int, *, alpha: float = 0.05) -> float:
    """One-sided upper bound of a pass rate, the mirror image of `clopper_pearson_lower`."""
    return 1 - clopper_pearson_lower(graded - passed, graded, alpha=alpha)


def wilson_interval(passed: int, graded: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """
    Interval for a pass rate, honest also for few answers and for 0 % or 100 %.

    For display only; decisions rest on `clopper_pearson_lower` or on an anytime bound.

    Args:
        passed: Answers that passed, 0 <= passed <= graded.
        graded: Answers graded, at least 1.
        confidence: Two-sided coverage, strictly between 0 and 1.

    Returns:
        Pass-rate bounds, each in [0, 1].

    Raises:
        ValueError: The counts contradict each other.

    Source:
        Wilson (1927), JASA 22(158), 209-212.

    >>> low, high = wilson_interval(95, 100)
    >>> f"{low:.3f} to {high:.3f}"
    '0.888 to 0.978'
    """
    _check(passed, graded)
    z = float(ndtri((1 + confidence) / 2))
    share = passed / graded
    centre = (share + z * z / (2 * graded)) / (1 + z * z / graded)
    spread = (z / (1 + z * z / graded)) * math.sqrt(
        share * (1 - share) / graded + z * z / (4 * graded * graded)
    )
    return max(0.0, centre - spread), min(1.0, centre + spread)


def even_split_p_value(left: int, right: int) -> float:
    """
    Two-sided exact p-value that events fall on both sides with equal chance.

    Source:
        The exact form of McNemar (1947), Psychometrika 12(2), 153-157.

    >>> f"{even_split_p_value(0, 8):.4f}"
    '0.0078'
    """
    total = left + right
    tail = sum(math.comb(total, k) for k in range(min(left, right) + 1))
    return min(1.0, float(2 * tail / 2**total))


def _check(passed: int, graded: int) -> None:
    if not 0 <= passed <= graded or graded < 1:
        raise ValueError(f"{passed} of {graded} answers passed: no such count")
