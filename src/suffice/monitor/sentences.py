"""What happened, in sentences with value, operator and limit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from suffice.records import Guard, Rollout, Stage, Watch

_MISHAPS = {
    "errors": "with an error",
    "latency": "slower than the baseline's 95th percentile",
    "cost": "dearer than the plan's 95th percentile",
    "feedback": "disliked",
}

BATCHED = "wait for batches, at half the price, which the provider may hold for 29 days"


def percent(share: float) -> str:
    """
    A share in percent, with as many digits as it needs.

    >>> percent(0.05), percent(0.125), percent(1.0)
    ('5 %', '12.5 %', '100 %')
    """
    return f"{100 * share:.4g} %"


def agreement(score: float, pairs: int) -> str:
    """
    An agreement, never without its count.

    >>> agreement(145.0, 150)
    'agreement 96.7 % (145 of 150)'
    """
    if not pairs:
        return "no pair yet"
    return f"agreement {100 * score / pairs:.1f} % ({score:,.4g} of {pairs:,})"


def mostly(reasons: Mapping[str, int]) -> str:
    """
    The commonest reason why pairs have no score, with its count, to be put behind a sentence.

    >>> mostly({"HTTP 529": 3, "HTTP 401": 17})
    ' (17 of them: HTTP 401)'
    >>> mostly({})
    ''
    """
    if not reasons:
        return ""
    why = max(reasons, key=reasons.__getitem__)
    return f" ({reasons[why]:,} of them: {why})"


def days(length: timedelta) -> str:
    """
    A length of time as people say it.

    >>> days(timedelta(hours=5)), days(timedelta(days=3)), days(timedelta(seconds=90))
    ('5.0 hours', '3.0 days', '2 minutes')
    >>> days(timedelta(seconds=40)), days(timedelta(seconds=70))
    ('40 seconds', '1 minute')
    """
    seconds = length.total_seconds()
    if seconds >= 86_400:  # noqa: PLR2004 - a day
        return f"{seconds / 86_400:,.1f} days"
    if seconds >= 3_600:  # noqa: PLR2004 - an hour
        return f"{seconds / 3_600:.1f} hours"
    minutes = round(seconds / 60)
    if seconds >= 59.5:  # noqa: PLR2004 - from there on a minute is the nearest
        return f"{minutes} minute{'s' * (minutes != 1)}"
    return f"{seconds:.0f} second{'s' * (round(seconds) != 1)}"


def times(count: int) -> str:
    """
    How often.

    >>> times(1), times(3)
    ('once', '3 times')
    """
    return "once" if count == 1 else f"{count:,} times"


def of_stage(watch: Watch, stage: Stage, *, took: timedelta) -> str:
    """What let a stage end."""
    least = f", {days(took)} (at least {stage.least_days:g} days)" if stage.least_days else ""
    return (
        f"{watch.stage_pairs:,} pairs >= {stage.pairs:,} in {days(took)}{least}, "
        f"{agreement(watch.stage_score, watch.stage_pairs)}"
    )


def of_fall(rollout: Rollout, *, level: float) -> str:
    """What the detector has seen."""
    watch = rollout.watch
    recent = sum(watch.recent)
    return (
        f"Rolled back to {rollout.baseline}: agreement has fallen. Evidence {level:,.0f} >= "
        f"{watch.limit:,.0f} (false alarms: at most one in {watch.years_between:g} years on "
        f"average) after {watch.pairs:,} pairs; the latest {len(watch.recent)}: "
        f"{agreement(recent, len(watch.recent))}, fine is {percent(watch.p_ok)}."
    )


def of_guard(rollout: Rollout, guard: Guard, *, value: float, limit: float) -> str:
    """What a guard has seen."""
    told = _rate(guard.candidate_hits, guard.candidate_seen)
    if guard.reference is None:
        against = f"{_rate(guard.baseline_hits, guard.baseline_seen)} on {rollout.baseline}"
    else:
        against = f"{percent(guard.reference)} expected"
    return (
        f"Rolled back to {rollout.baseline}: more sessions {_MISHAPS[guard.name]} on "
        f"{rollout.candidate}: {told} against {against}. Evidence {value:,.0f} >= {limit:,.0f}."
    )


def _rate(hits: int, seen: int) -> str:
    return f"{hits:,} of {seen:,}" + (f" ({100 * hits / seen:.2g} %)" if seen else "")
