"""How soon the detector sees a fall, and how often it cries for nothing: by seeded simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suffice.statistics.detector import WEIGHTS, after_pairs

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_WARM_UP = 600
_WEIGHTS = np.array(WEIGHTS)[:, None]


@dataclass(frozen=True, slots=True)
class Stream:
    """
    What is watched, and by which limit.

    Attributes:
        p_ok: Agreement held to be fine.
        limit: Where the alarm is raised.
    """

    p_ok: float
    limit: float


@dataclass(frozen=True, slots=True)
class Delay:
    """
    Pairs from a fall to the alarm.

    Attributes:
        mean: Of the runs that ended in an alarm; a lower bound where ``unseen`` is not 0.
        error: Standard error of ``mean``.
        median: Half of all runs alarm by here; infinite where fewer do.
        slow: Nine in ten do; likewise.
        unseen: Share of runs without an alarm by the horizon.
    """

    mean: float
    error: float
    median: float
    slow: float
    unseen: float


@dataclass(frozen=True, slots=True)
class AlarmRate:
    """
    False alarms.

    Attributes:
        per_pair: Alarms per pair.
        error: Standard error of ``per_pair``; three alarms' worth where there was none.
        alarms: How many were seen.
        pairs: In so many pairs.
    """

    per_pair: float
    error: float
    alarms: int
    pairs: int


def is_alarm(levels: Floats, *, limit: float) -> Flags:
    """Which streams have reached the limit; ``levels`` of shape (3, k)."""
    return np.asarray((_WEIGHTS * levels).sum(axis=0) >= limit, dtype=np.bool_)


def delay(
    stream: Stream, *, before: float, after: float, runs: int, horizon: int, seed: int
) -> Delay:
    """
    Pairs to the alarm once agreement falls, after a long calm time.

    Pairs agree or disagree independently: graded scores of the same mean vary less.

    Args:
        stream: What is watched.
        before: Agreement before the fall.
        after: Agreement from then on.
        runs: Simulated streams.
        horizon: Pairs after which a run ends unseen.
        seed: The same seed gives the same figures.

    >>> found = delay(Stream(0.95, 5 * 36_500), before=0.97, after=0.80, runs=400, horizon=2000,
    ...               seed=1)
    >>> 65 < found.mean < 80, found.unseen
    (True, 0.0)
    """
    dice = np.random.default_rng(seed)
    levels = _calm(stream, before, runs=runs, dice=dice)
    open_runs, found = np.arange(runs), np.full(runs, np.inf)
    for pair in range(1, horizon + 1):
        scores = (dice.random(len(open_runs)) < after).astype(np.float64)
        levels = after_pairs(levels, scores, p_ok=stream.p_ok)
        hit = is_alarm(levels, limit=stream.limit)
        if hit.any():
            found[open_runs[hit]] = pair
            open_runs, levels = open_runs[~hit], levels[:, ~hit]
            if not len(open_runs):
                break
    seen = found[np.isfinite(found)]
    return Delay(
        mean=float(seen.mean()) if len(seen) else float("inf"),
        error=float(seen.std() / max(len(seen), 1) ** 0.5) if len(seen) else float("inf"),
        median=float(np.quantile(found, 0.5, method="higher")),
        slow=float(np.quantile(found, 0.9, method="higher")),
        unseen=len(open_runs) / runs,
    )


def false_alarms(stream: Stream, *, at: float, runs: int, pairs: int, seed: int) -> AlarmRate:
    """
    How often there is an alarm while agreement stays as it is.

    Proved is at most one in ``limit`` pairs where agreement is ``p_ok`` or better.

    Args:
        stream: What is watched.
        at: Agreement all the time.
        runs: Simulated streams.
        pairs: Of each, after a warm-up.
        seed: The same seed gives the same figures.

    >>> quiet = false_alarms(Stream(0.95, 5 * 36_500), at=0.97, runs=500, pairs=500, seed=1)
    >>> quiet.alarms
    0
    """
    dice = np.random.default_rng(seed)
    levels = _calm(stream, at, runs=runs, dice=dice)
    alarms = 0
    for _ in range(pairs):
        scores = (dice.random(runs) < at).astype(np.float64)
        levels = after_pairs(levels, scores, p_ok=stream.p_ok)
        hit = is_alarm(levels, limit=stream.limit)
        count = int(np.count_nonzero(hit))
        if count:
            alarms += count
            levels[:, hit] = 0.0
    total = runs * pairs
    return AlarmRate(alarms / total, max(alarms, 9) ** 0.5 / total, alarms, total)


def _calm(stream: Stream, agreement: float, *, runs: int, dice: np.random.Generator) -> Floats:
    """Levels after a calm time, long enough to forget how it began."""
    levels = np.zeros((3, runs))
    for _ in range(_WARM_UP):
        scores = (dice.random(runs) < agreement).astype(np.float64)
        levels = after_pairs(levels, scores, p_ok=stream.p_ok)
        levels[:, is_alarm(levels, limit=stream.limit)] = 0.0
    return levels
