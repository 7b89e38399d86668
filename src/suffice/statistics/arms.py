"""
Whether mishaps happen more often in one arm than in the other, or than they used to.

Mishaps are whatever is rare and unwelcome: errors, slow answers, dear answers, dislikes. While
traffic is split at random, time of day, outages and hard requests strike both arms alike; so
given a mishap, the only question is in which arm it lies. That is a bet on a coin, and its
wealth is an e-process: valid however often one looks, and for any course of the mishap rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

RISES = (1.4, 2.0, 4.0, 10.0)
"""Rates of mishaps, as multiples of the rate that is still fine; equal stakes on each."""

CALM = (0.0,) * len(RISES)
"""Natural logs of the stakes at the beginning."""

_MOST = 0.99


@dataclass(frozen=True, slots=True)
class Tally:
    """
    Mishaps in one arm.

    Attributes:
        hits: Mishaps.
        seen: Occasions on which there might have been one.
    """

    hits: int
    seen: int


def share_of_mishaps(share: float, ratio: float) -> float:
    """
    Chance that a mishap lies in the candidate's arm, if its rate is ``ratio`` times the other's.

    >>> round(share_of_mishaps(0.05, 1.1), 4)
    0.0547
    """
    return share * ratio / (share * ratio + 1 - share)


def growth_by_arm(candidate: Tally, baseline: Tally, *, tolerance: float) -> tuple[float, ...]:
    """
    What a window does to the stakes against "no more mishaps than in the other arm".

    More exactly: against a rate of at most ``1 + tolerance`` times the baseline's.

    Args:
        candidate: Mishaps of the candidate's arm.
        baseline: Of the baseline's arm, over the same time.
        tolerance: Rise that is still fine, as a share.

    Returns:
        Summands of the natural logs of the stakes, one per rise; zeros where one arm is empty.

    Source:
        Given how many occasions each arm had and how many mishaps there were, the number in the
        candidate's arm is hypergeometric, which the binomial exceeds in the convex order
        (Hoeffding 1963, JASA 58, 13-30, section 6); a likelihood ratio is convex in that
        number, so the binomial bet is fair or worse. No law of the mishap rate over time is used.

    >>> grown = growth_by_arm(Tally(20, 1000), Tally(95, 9500), tolerance=0.1)
    >>> [round(value, 2) for value in grown]
    [2.05, 2.51, -3.44, -29.8]
    """
    mishaps = candidate.hits + baseline.hits
    if not candidate.seen or not baseline.seen or not mishaps:
        return CALM
    share = candidate.seen / (candidate.seen + baseline.seen)
    null = share_of_mishaps(share, 1 + tolerance)
    return tuple(
        candidate.hits * math.log(worse / null) + baseline.hits * math.log((1 - worse) / (1 - null))
        for worse in (share_of_mishaps(share, (1 + tolerance) * rise) for rise in RISES)
    )


def growth_alone(arm: Tally, *, reference: float, tolerance: float) -> tuple[float, ...]:
    """
    What a window does to the stakes against "the rate is at most ``reference``", but a little.

    Args:
        arm: Mishaps where nothing else is there to compare with.
        reference: Rate held to be fine, in (0, 1).
        tolerance: Rise that is still fine, as a share.

    Returns:
        As `growth_by_arm`.

    >>> growth_alone(Tally(0, 0), reference=0.05, tolerance=0.1) == CALM
    True
    """
    null = min(reference * (1 + tolerance), _MOST / 2)
    return tuple(
        arm.hits * math.log(worse / null)
        + (arm.seen - arm.hits) * math.log((1 - worse) / (1 - null))
        for worse in (_odds(null, rise) for rise in RISES)
    )


def log_mean(wealth: tuple[float, ...]) -> float:
    """
    Natural log of the mean stake, which is the evidence.

    >>> log_mean((0.0, 0.0)), log_mean((-1000.0, 1000.0)) > 999
    (0.0, True)
    """
    most = max(wealth)
    if math.isinf(most):
        return most
    return most + math.log(math.fsum(math.exp(value - most) for value in wealth) / len(wealth))


def _odds(rate: float, rise: float) -> float:
    """The rate whose odds are ``rise`` times as high, so that it never leaves (0, 1)."""
    return rate * rise / (rate * rise + 1 - rate)
