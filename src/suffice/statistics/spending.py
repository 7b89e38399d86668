"""
A year's chance of an error, spent look by look: however often one looks, it is not exceeded.

Chances of several looks at most add up. So each look is given a share of the year's chance, and
the shares are paid out of a purse that is refilled by the passing of time alone. What a look finds
changes no share, and a look soon after another is no mistake: it is only given little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

A_YEAR = timedelta(days=365)

_AN_INSTANT = timedelta(seconds=1)


class Look(NamedTuple):
    """
    A look that was taken.

    Attributes:
        at: When it was begun.
        share: Of the year's chance, so much was given to it.
    """

    at: datetime
    share: float


@dataclass(frozen=True, slots=True)
class Purse:
    """
    What may be spent on looks, as shares of a year's chance.

    Within any 365 days the shares of all looks add up to at most ``holds + refill``: what the
    purse may hold when they begin, and what comes in while they last.

    Attributes:
        holds: The most a single look is ever given, in (0, 1]. The purse is full at first.
        refill: What comes in within 365 days, evenly.

    >>> weekly = Purse(holds=1 / 52, refill=51 / 52)
    >>> looks = []
    >>> for week in range(52):
    ...     at = datetime(2026, 1, 1) + week * timedelta(days=7)
    ...     looks.append(Look(at, weekly.share(looks, at)))
    >>> round(looks[0].share, 5), round(looks[1].share, 5), round(sum(s for _, s in looks), 2)
    (0.01923, 0.01881, 0.98)
    """

    holds: float
    refill: float

    def share(self, looks: Sequence[Look], at: datetime) -> float:
        """
        What a look is given: all that is there.

        That is never nothing, but at least what comes in within a second, on credit if need be:
        where a model has become useless, even that is enough to say so.

        Args:
            looks: Those before, in the order in which they were taken.
            at: When the next one begins. A clock that was set back stands still here.
        """
        there, last = self.holds, None
        for look in looks:
            there = self._refilled(there, last, look.at) - look.share
            last = look.at if last is None else max(last, look.at)
        return max(self._refilled(there, last, at), self._within(_AN_INSTANT))

    def _refilled(self, there: float, last: datetime | None, at: datetime) -> float:
        if last is None:
            return there
        return min(self.holds, there + self._within(max(at - last, timedelta(0))))

    def _within(self, time: timedelta) -> float:
        return self.refill * (time / A_YEAR)


WEEKLY = Purse(holds=1 / 52, refill=51 / 52)
"""For looks that come by themselves: all of any 365 days together have the year's chance. One that
comes a week or more after the last has about a fifty-second of it, one that comes sooner less."""
