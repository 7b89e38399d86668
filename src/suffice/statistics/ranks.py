"""Has a daily series changed its level? By ranks alone, so that its spread is no concern."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

WEEK = 7
HISTORY = 56


def week_level(values: Sequence[float]) -> float:
    """
    The highest level that evidence for a change has reached, in weeks.

    Each whole week is ranked among the days before it (eight weeks at most). If days come in
    random order its ranks are uniform whatever the distribution, and tell nothing of the next
    week's; so the sum of fresh bets grows by at most one a week on average, and the mean number
    of weeks to a false alarm is at least the limit it is held against.

    Args:
        values: One a day, oldest first, e.g. a type's share of each day's sessions. The first two
            weeks are what later ones are compared with.

    Source:
        Mann & Whitney (1947), Ann. Math. Statist. 18(1), 50-60 (exact rank sums); Vovk & Wang
        (2021), Ann. Statist. 49(3), 1736-1754 (p-values into bets); ties count against the bet.

    >>> calm, moved = [0.20, 0.22, 0.19, 0.21, 0.23, 0.20, 0.18] * 4, [0.30] * 7
    >>> week_level(calm) < 3, week_level(calm + moved) > 5 * 52
    (True, True)
    """
    level = highest = 0.0
    for start in range(2 * WEEK, len(values) - WEEK + 1, WEEK):
        earlier = values[max(start - HISTORY, 0) : start]
        week = values[start : start + WEEK]
        level = (level + 1) * (_bet(earlier, week, sign=1) + _bet(earlier, week, sign=-1)) / 2
        highest = max(highest, level)
    return highest


def _bet(earlier: Sequence[float], week: Sequence[float], *, sign: int) -> float:
    above = sum(sign * new > sign * old for new in week for old in earlier)
    return 1 / (2 * math.sqrt(_tail(len(week), len(earlier))[above]))


@lru_cache(maxsize=64)
def _tail(new: int, old: int) -> tuple[float, ...]:
    """Chance that at least so many (new, old) pairs stand that way round, in random order."""
    most = new * old
    ways = [1, *([0] * most)]
    # The generating function of the counts is the Gaussian binomial coefficient.
    for i in range(1, new + 1):
        for j in range(most, old + i - 1, -1):
            ways[j] -= ways[j - old - i]
        for j in range(i, most + 1):
            ways[j] += ways[j - i]
    total = math.comb(new + old, new)
    tail, rest = [], total
    for count in ways:
        tail.append(rest / total)
        rest -= count
    return tuple(tail)
