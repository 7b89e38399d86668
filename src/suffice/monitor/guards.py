"""The guards: errors, slow answers, dear answers and dislikes, compared between the arms."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from suffice.records import ArmCounts, ArmWindow, Guard
from suffice.records.rollout import GuardName
from suffice.statistics.arms import CALM, Tally, growth_alone, growth_by_arm, log_mean
from suffice.statistics.detector import after_window
from suffice.statistics.proportions import clopper_pearson_upper

ALPHA = 0.01
"""Chance that a guard ever rolls a rollout back that is fine; each of the four has its own."""

TOLERANCE = 0.10
"""A rate of mishaps that is a tenth higher is still fine."""

NAMES: tuple[GuardName, ...] = ("errors", "latency", "cost", "feedback")

# Slow and dear begin at a 95th percentile, so one session in twenty is beyond it.
_BEYOND_P95 = 0.05
_LEAST_PER_YEAR = 365.0


def fresh_guards() -> tuple[Guard, ...]:
    """The guards at the beginning of a rollout, or of another attempt."""
    return tuple(
        Guard(name=name, wealth=CALM, reference=_BEYOND_P95 if name == "cost" else None)
        for name in NAMES
    )


def after_windows(guards: tuple[Guard, ...], windows: Iterable[ArmWindow]) -> tuple[Guard, ...]:
    """The guards after some stretches of time, none of which they have counted yet."""
    for window in windows:
        guards = tuple(_after_one(guard, window) for guard in guards)
    return guards


def evidence_of(guard: Guard) -> tuple[float, float]:
    """
    What a guard's evidence is, and what it is held against.

    During the ramp an e-value against ``1/alpha``; once the rollout is done, the level of a
    detector against its limit.
    """
    if guard.limit is not None:
        return math.fsum(guard.levels) / max(len(guard.levels), 1), guard.limit
    return math.exp(min(log_mean(guard.wealth or CALM), _LARGEST_LOG)), 1 / ALPHA


def struck(guards: Iterable[Guard]) -> Guard | None:
    """The first guard whose evidence has reached its limit; None where all is well."""
    for guard in guards:
        value, limit = evidence_of(guard)
        if value >= limit:
            return guard
    return None


def for_good(
    guards: tuple[Guard, ...], *, days: float, held_out: bool, years_between: float
) -> tuple[Guard, ...]:
    """
    The guards as they watch a finished rollout: detectors instead of a single bet.

    Args:
        guards: As the ramp leaves them.
        days: How long the ramp took.
        held_out: A share stays on the baseline. Without it the candidate is compared with what
            the baseline did during the ramp, and an outage that strikes everybody looks like
            the candidate's fault.
        years_between: False alarms are at least so many years apart, at the ramp's rate.
    """
    return tuple(
        msgspec.structs.replace(
            guard,
            levels=(0.0,) * len(CALM),
            limit=years_between * _per_year(guard, days=days, held_out=held_out),
            reference=guard.reference if held_out else guard.reference or _reference(guard),
        )
        for guard in guards
    )


def for_ramp(guards: tuple[Guard, ...]) -> tuple[Guard, ...]:
    """The guards as they watch a ramp, also where a finished one was reopened."""
    return tuple(
        msgspec.structs.replace(fresh, **_seen(guard), wealth=guard.wealth)
        for fresh, guard in zip(fresh_guards(), guards, strict=True)
    )


def tallies(guard: Guard, window: ArmWindow) -> tuple[Tally, Tally]:
    """A guard's mishaps within a window: the candidate's and the baseline's."""
    return _tally(guard.name, window.candidate), _tally(guard.name, window.baseline)


_LARGEST_LOG = 700.0


def _seen(guard: Guard) -> dict[str, int]:
    return {
        "candidate_hits": guard.candidate_hits,
        "candidate_seen": guard.candidate_seen,
        "baseline_hits": guard.baseline_hits,
        "baseline_seen": guard.baseline_seen,
    }


def _tally(name: GuardName, counts: ArmCounts) -> Tally:
    match name:
        case "errors":
            return Tally(counts.errors, counts.seen)
        case "latency":
            return Tally(counts.slow, counts.timed)
        case "cost":
            return Tally(counts.dear, counts.priced)
        case "feedback":
            return Tally(counts.disliked, counts.rated)


def _after_one(guard: Guard, window: ArmWindow) -> Guard:
    candidate, baseline = tallies(guard, window)
    if guard.reference is None:
        grown = growth_by_arm(candidate, baseline, tolerance=TOLERANCE)
        occasions = candidate.hits + baseline.hits if candidate.seen and baseline.seen else 0
    else:
        grown = growth_alone(candidate, reference=guard.reference, tolerance=TOLERANCE)
        occasions = candidate.seen
    wealth, levels = guard.wealth or CALM, guard.levels
    if guard.limit is None:
        wealth = tuple(log + rise for log, rise in zip(wealth, grown, strict=True))
    else:
        levels = tuple(
            after_window(level, rise, occasions=occasions)
            for level, rise in zip(levels, grown, strict=True)
        )
    return msgspec.structs.replace(
        guard,
        wealth=wealth,
        levels=levels,
        candidate_hits=guard.candidate_hits + candidate.hits,
        candidate_seen=guard.candidate_seen + candidate.seen,
        baseline_hits=guard.baseline_hits + baseline.hits,
        baseline_seen=guard.baseline_seen + baseline.seen,
    )


def _per_year(guard: Guard, *, days: float, held_out: bool) -> float:
    """Occasions a year: mishaps where arms are compared, else the candidate's sessions."""
    compared = held_out and guard.reference is None
    mishaps = guard.candidate_hits + guard.baseline_hits
    seen = guard.candidate_seen + guard.baseline_seen
    return max((mishaps if compared else seen) / max(days, 1.0) * 365, _LEAST_PER_YEAR)


def _reference(guard: Guard) -> float:
    if guard.name == "latency":
        return _BEYOND_P95
    return clopper_pearson_upper(guard.baseline_hits, max(guard.baseline_seen, 1))
