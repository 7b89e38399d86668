"""
The e-Shiryaev-Roberts detector: notices a fall of agreement, however late it comes.

A one-shot e-process is no monitor: after 10,000 good pairs it must first lose what it has, and
needs thousands of bad ones. This one starts a fresh bet before every pair and adds them all up.
While agreement is fine its sum grows by at most one a pair on average, whatever the order and
the distribution of the scores; so the mean number of pairs to a false alarm is at least the
limit. Once agreement has fallen the newest bets grow exponentially.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from suffice.errors import BadOption

Floats = NDArray[np.float64]

FALLS = (0.05, 0.10, 0.20)
"""The falls that are looked for, in agreement."""

WEIGHTS = (0.60, 0.25, 0.15)
"""How the stake is shared among them."""

LEAST_OK, MOST_OK = 0.25, 0.99
"""Agreement can be watched where a fall by the largest step leaves something, and where a single
disagreement is no proof."""

Levels = tuple[float, float, float]
CALM: Levels = (0.0, 0.0, 0.0)

# Far above any limit, far below overflow: what a float must survive if nobody stops at the alarm.
_CEILING = 1e280
_LARGEST_LOG = 60.0


def watchable(agreement: float) -> float:
    """
    The agreement to hold pairs against: as given, but never so high that one pair decides.

    Lowering it can only make false alarms rarer: at least 99.7 % is also at least 99 %.

    Raises:
        BadOption: Too low for a fall of 20 points to be looked for.

    >>> watchable(0.95), watchable(0.997)
    (0.95, 0.99)
    """
    if not LEAST_OK <= agreement <= 1:
        raise BadOption(
            f"An agreement of {agreement:.3f} cannot be watched for a fall of {FALLS[-1]:.0%}.",
            effect="Nothing is watched by it.",
            next_step=f"Watch a type whose models agree in {LEAST_OK:.0%} or more.",
        )
    return min(agreement, MOST_OK)


def stakes(p_ok: float) -> Levels:
    """
    What each bet stakes per unit of score below ``p_ok``.

    For scores of 0 and 1 the bet is the likelihood ratio of ``p_ok - fall`` against ``p_ok``.

    >>> [round(stake, 2) for stake in stakes(0.95)]
    [1.05, 2.11, 4.21]
    """
    first, second, third = (fall / (p_ok * (1 - p_ok)) for fall in FALLS)
    return first, second, third


def after_pair(levels: Levels, score: float, *, p_ok: float) -> Levels:
    """
    The three sums after one more pair.

    Args:
        levels: The sums so far; `CALM` at the beginning.
        score: Agreement of the pair, in [0, 1].
        p_ok: Mean agreement that is fine, in [.25, .99]; fixed from the first pair on.

    Source:
        Shin, Ramdas & Rinaldo (2024), E-detectors: a nonparametric framework for sequential
        change detection, New England J. Statist. Data Sci. 2(2), 229-260 (SR e-detectors,
        mixtures). Falls and weights are ours, chosen by simulation (docs/monitor.md).

    >>> [round(level, 9) for level in after_pair(CALM, 0.0, p_ok=0.95)]
    [2.0, 3.0, 5.0]
    """
    won = (score - p_ok) / (p_ok * (1 - p_ok))
    first, second, third = levels
    return (
        min((first + 1) * (1 - FALLS[0] * won), _CEILING),
        min((second + 1) * (1 - FALLS[1] * won), _CEILING),
        min((third + 1) * (1 - FALLS[2] * won), _CEILING),
    )


def after_pairs(levels: Floats, scores: Floats, *, p_ok: float) -> Floats:
    """
    `after_pair` for many streams at once, one more pair each.

    Args:
        levels: Shape (3, k).
        scores: Shape (k,).
        p_ok: As in `after_pair`.

    Returns:
        Shape (3, k).
    """
    factors = 1 - np.array(stakes(p_ok))[:, None] * (scores[None, :] - p_ok)
    return np.asarray(np.minimum((levels + 1) * factors, _CEILING), dtype=np.float64)


def alarm_level(levels: Levels) -> float:
    """
    What is held against the limit.

    >>> alarm_level((2.0, 3.0, 5.0))
    2.7
    """
    first, second, third = levels
    return WEIGHTS[0] * first + WEIGHTS[1] * second + WEIGHTS[2] * third


def after_window(level: float, log_ratio: float, *, occasions: int) -> float:
    """
    A Shiryaev-Roberts sum after a window whose occasions came in an unknown order.

    One fresh bet per occasion is placed at the window's start, so that the sum still grows by at
    most one an occasion while nothing has changed.

    Args:
        level: The sum so far; 0 at the beginning.
        log_ratio: Natural log of what the window does to a bet; its exponential is 1 on average.
        occasions: How many occasions it held.

    >>> round(after_window(0.0, math.log(2.0), occasions=3), 9)
    6.0
    """
    return min((level + occasions) * math.exp(min(log_ratio, _LARGEST_LOG)), _CEILING)
