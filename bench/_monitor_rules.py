"""
What others watch agreement with, as published, on many streams at once.

Each rule is told one more pair of every stream and says which streams it would roll back.
"""

from __future__ import annotations

import importlib
import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from suffice.statistics.detection import is_alarm
from suffice.statistics.detector import after_pairs

Flags = NDArray[np.bool_]
Z95 = 1.96


class Rule(Protocol):
    """A rule over ``runs`` streams."""

    def look(self, agrees: Flags) -> Flags:
        """One more pair of each stream; which streams raise an alarm."""
        ...


class Ours:
    """The e-Shiryaev-Roberts detector, limit 5 years of pairs."""

    def __init__(self, runs: int, per_day: int) -> None:
        self._levels = np.zeros((3, runs))
        self._limit = 5.0 * 365 * per_day

    def look(self, agrees: Flags) -> Flags:
        self._levels = after_pairs(self._levels, agrees.astype(np.float64), p_ok=0.95)
        return is_alarm(self._levels, limit=self._limit)


class EachWeek:
    """Once a week: the week's agreement is below 90 %."""

    def __init__(self, runs: int, per_day: int) -> None:
        self._agreed, self._seen, self._every = np.zeros(runs), 0, 7 * per_day

    def look(self, agrees: Flags) -> Flags:
        self._agreed += agrees
        self._seen += 1
        if self._seen < self._every:
            return np.zeros(len(agrees), dtype=np.bool_)
        found = self._agreed < 0.9 * self._seen
        self._agreed, self._seen = np.zeros(len(agrees)), 0
        return found


class RollingWeek:
    """After every pair: the last week's agreement is below 90 %."""

    def __init__(self, runs: int, per_day: int) -> None:
        self._ring = np.ones((7 * per_day, runs), dtype=np.bool_)
        self._agreed, self._seen = np.zeros(runs), 0

    def look(self, agrees: Flags) -> Flags:
        place = self._seen % len(self._ring)
        if self._seen >= len(self._ring):
            self._agreed -= self._ring[place]
        self._ring[place] = agrees
        self._agreed += agrees
        self._seen += 1
        if self._seen < len(self._ring):
            return np.zeros(len(agrees), dtype=np.bool_)
        return np.asarray(self._agreed < 0.9 * len(self._ring), dtype=np.bool_)


class LastHundred(RollingWeek):
    """After every pair: the last 100 pairs agree in less than 90 %."""

    def __init__(self, runs: int, _per_day: int) -> None:
        super().__init__(runs, 1)
        self._ring = np.ones((100, runs), dtype=np.bool_)


class SinceLaunch:
    """After every pair from the 50th on: agreement since launch is below 90 %."""

    def __init__(self, runs: int, _per_day: int) -> None:
        self._agreed, self._seen = np.zeros(runs), 0

    def look(self, agrees: Flags) -> Flags:
        self._agreed += agrees
        self._seen += 1
        return np.asarray((self._agreed < 0.9 * self._seen) & (self._seen >= 50), dtype=np.bool_)


class Fortnight:
    """After every pair from the 50th on: more than 5 % worse; counted anew each fortnight."""

    def __init__(self, runs: int, per_day: int) -> None:
        self._worse, self._seen, self._all = np.zeros(runs), 0, 14 * per_day

    def look(self, agrees: Flags) -> Flags:
        if self._seen == self._all:
            self._worse, self._seen = np.zeros(len(agrees)), 0
        self._worse += ~agrees
        self._seen += 1
        return np.asarray((self._worse > 0.05 * self._seen) & (self._seen >= 50), dtype=np.bool_)


class WilsonAudit:
    """An audit of 50 pairs at a time: the Wilson upper bound lies below 92 %."""

    def __init__(self, runs: int, _per_day: int) -> None:
        self._agreed, self._seen = np.zeros(runs), 0

    def look(self, agrees: Flags) -> Flags:
        self._agreed += agrees
        self._seen += 1
        if self._seen < 50:
            return np.zeros(len(agrees), dtype=np.bool_)
        share, n = self._agreed / 50, 50
        middle = share + Z95**2 / (2 * n)
        reach = Z95 * np.sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n))
        self._agreed, self._seen = np.zeros(len(agrees)), 0
        return np.asarray((middle + reach) / (1 + Z95**2 / n) < 0.92, dtype=np.bool_)


class Ddm:
    """DDM (Gama et al. 2004): error rate plus its spread above the least so far, by three."""

    def __init__(self, runs: int, _per_day: int) -> None:
        self._wrong, self._seen = np.zeros(runs), 0
        self._least_rate, self._least_spread = np.full(runs, np.inf), np.full(runs, np.inf)

    def look(self, agrees: Flags) -> Flags:
        self._wrong += ~agrees
        self._seen += 1
        if self._seen < 30:
            return np.zeros(len(agrees), dtype=np.bool_)
        rate = self._wrong / self._seen
        spread = np.sqrt(rate * (1 - rate) / self._seen)
        lower = rate + spread <= self._least_rate + self._least_spread
        self._least_rate = np.where(lower, rate, self._least_rate)
        self._least_spread = np.where(lower, spread, self._least_spread)
        above = rate + spread > self._least_rate + 3 * self._least_spread
        return np.asarray(above & (self._least_rate > 0), dtype=np.bool_)


class Eddm:
    """EDDM (Baena-Garcia et al. 2006): pairs between errors have become shorter, ratio .90."""

    def __init__(self, runs: int, _per_day: int) -> None:
        self._since, self._count = np.zeros(runs), np.zeros(runs)
        self._mean, self._square, self._most = np.zeros(runs), np.zeros(runs), np.zeros(runs)

    def look(self, agrees: Flags) -> Flags:
        wrong = ~agrees
        self._since += 1
        self._count += wrong
        off = self._since - self._mean
        self._mean += np.where(wrong, off / np.maximum(self._count, 1), 0)
        self._square += np.where(wrong, off * (self._since - self._mean), 0)
        self._since[wrong] = 0
        reach = self._mean + 2 * np.sqrt(self._square / np.maximum(self._count, 1))
        ready = wrong & (self._count >= 30)
        self._most = np.where(ready, np.maximum(self._most, reach), self._most)
        return np.asarray(ready & (reach < 0.9 * self._most), dtype=np.bool_)


class PageHinkley:
    """Page-Hinkley with its usual settings: delta .005, threshold 50."""

    def __init__(self, runs: int, _per_day: int) -> None:
        self._mean, self._sum, self._least = np.zeros(runs), np.zeros(runs), np.zeros(runs)
        self._seen = 0

    def look(self, agrees: Flags) -> Flags:
        wrong = (~agrees).astype(np.float64)
        self._seen += 1
        self._mean += (wrong - self._mean) / self._seen
        self._sum = 0.9999 * self._sum + wrong - self._mean - 0.005
        self._least = np.minimum(self._least, self._sum)
        above = self._sum - self._least > 50
        return np.asarray(above & (self._seen >= 30), dtype=np.bool_)


class Adwin:
    """ADWIN (Bifet & Gavalda 2007) of river, delta .002; falls only, as it fires on gains too."""

    def __init__(self, runs: int, _per_day: int) -> None:
        made: Any = importlib.import_module("river.drift").ADWIN
        self._each = [made() for _ in range(runs)]

    def look(self, agrees: Flags) -> Flags:
        found = np.zeros(len(agrees), dtype=np.bool_)
        for place, (adwin, one) in enumerate(zip(self._each, agrees.tolist(), strict=True)):
            before = adwin.estimation
            adwin.update(float(one))
            found[place] = adwin.drift_detected and adwin.estimation < before
        return found


RULES: dict[str, type[Any]] = {
    "ours: e-SR, limit 5 years": Ours,
    "weekly < 90 %": EachWeek,
    "last week < 90 %, each pair": RollingWeek,
    "last 100 < 90 %, each pair": LastHundred,
    "mean since launch < 90 %": SinceLaunch,
    "> 5 % worse, each look": Fortnight,
    "Wilson upper < 92 %, n = 50": WilsonAudit,
    "DDM": Ddm,
    "EDDM": Eddm,
    "Page-Hinkley": PageHinkley,
}


def rules() -> dict[str, type[Any]]:
    """All rules; river's ADWIN only where river is installed."""
    try:
        importlib.import_module("river.drift")
    except ImportError:
        return RULES
    return {**RULES, "ADWIN (river)": Adwin}


def rolled_back_in_a_year(rule: type[Any], *, agreement: float, per_day: int, runs: int) -> float:
    """Share of streams with at least one alarm in 365 days of unchanged agreement."""
    dice, made = np.random.default_rng(17), rule(runs, per_day)
    ever = np.zeros(runs, dtype=np.bool_)
    for _ in range(365 * per_day):
        ever |= made.look(dice.random(runs) < agreement)
    return float(ever.mean())


def days_to_see(
    rule: type[Any], *, fall_to: float, per_day: int, runs: int, calm: int = 60, within: int = 120
) -> tuple[float, float]:
    """
    Mean days from a fall to the alarm, and the share of falls seen, after calm days at .97.

    Streams with an alarm before the fall are left out: they were rolled back already.
    """
    dice, made = np.random.default_rng(19), rule(runs, per_day)
    early = np.zeros(runs, dtype=np.bool_)
    for _ in range(calm * per_day):
        early |= made.look(dice.random(runs) < 0.97)
    found = np.full(runs, np.inf)
    for pair in range(1, within * per_day + 1):
        hit = made.look(dice.random(runs) < fall_to) & ~np.isfinite(found)
        found[hit] = pair / per_day
    watched = found[~early]
    if not len(watched):
        return math.nan, math.nan
    seen = watched[np.isfinite(watched)]
    return (float(seen.mean()) if len(seen) else math.inf), len(seen) / len(watched)
