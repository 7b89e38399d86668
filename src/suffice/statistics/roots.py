"""Where a falling function crosses zero: every bound in this room is such a place."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_TOLERANCE = 1e-12
_MOST_STEPS = 200


def falling_root(f: Callable[[float], float], low: float, high: float) -> float:
    """
    The place in [low, high] where ``f`` falls through zero, from below.

    The returned place lies on the side where ``f`` is not negative, within 1e-12.

    Args:
        f: Falling; may be infinite at ``low``.
        low: ``f(low) >= 0``.
        high: ``f(high) <= 0``.

    Source:
        Regula falsi with the Illinois rule (Dowell & Jarratt 1971, BIT 11, 168-174), falling
        back on bisection whenever a step gains too little.
    """
    f_low, f_high = f(low), f(high)
    if f_high >= 0:
        return high
    side = 0
    for step in range(_MOST_STEPS):
        if high - low <= _TOLERANCE:
            break
        middle = _next_guess(low, f_low, high, f_high, bisect=step % 3 == 2)  # noqa: PLR2004
        f_middle = f(middle)
        if f_middle >= 0:
            low, f_low = middle, f_middle
            f_high = f_high / 2 if side == 1 else f_high
            side = 1
        else:
            high, f_high = middle, f_middle
            f_low = f_low / 2 if side == -1 else f_low
            side = -1
    return low


def _next_guess(low: float, f_low: float, high: float, f_high: float, *, bisect: bool) -> float:
    width = high - low
    if bisect or not math.isfinite(f_low) or not math.isfinite(f_high) or f_low == f_high:
        return low + width / 2
    guess = low + width * f_low / (f_low - f_high)
    # A guess on the very edge would leave the far side where it is.
    return min(max(guess, low + _TOLERANCE / 4), high - _TOLERANCE / 4)


def falling_roots(
    f: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    *,
    steps: int,
) -> NDArray[np.float64]:
    """
    Many roots at once by plain bisection, each on the side where ``f`` is not negative.

    Args:
        f: Falling in each coordinate.
        low: Shape (k,); taken as ``f(low) >= 0``.
        high: Shape (k,).
        steps: The error is (high - low) / 2**steps.
    """
    for _ in range(steps):
        middle = (low + high) / 2
        passes = f(middle) >= 0
        low = np.where(passes, middle, low)
        high = np.where(passes, high, middle)
    return low
