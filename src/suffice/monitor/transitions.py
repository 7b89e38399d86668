"""Which change of state is due, the gravest first."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from suffice.monitor import sentences
from suffice.monitor.advancing import degraded, paused, stage_ended
from suffice.monitor.moves import Moved, told
from suffice.monitor.outdating import is_outdated, outdated, proved_again
from suffice.monitor.returning import cooled, requalified
from suffice.monitor.rollbacks import fallen, guard_struck, prompt_changed, rechecked
from suffice.records import Rollout, RolloutEvidence, RolloutState
from suffice.statistics.ranks import week_level

_WEEKS = 52
_DAYS_A_YEAR = 365.25
_A_DAY, _A_YEAR = timedelta(days=1), timedelta(days=_DAYS_A_YEAR)
# Beyond chance: a hundred pairs where at most sixty-six were expected.
_MANY_MORE, _ENOUGH_TO_SAY = 1.5, 100


# Days are few and steps are many: the same days are ranked once.
_level = lru_cache(maxsize=4096)(week_level)


def next_move(rollout: Rollout, evidence: RolloutEvidence, *, now: datetime) -> Moved | None:
    """The change of state that is due, the gravest first; None where none is."""
    if rollout.state is RolloutState.ROLLED_BACK:
        return cooled(rollout, now=now)
    return (
        prompt_changed(rollout, evidence, now=now)
        or rechecked(rollout, evidence, now=now)
        or fallen(rollout, evidence, now=now)
        or guard_struck(rollout, evidence, now=now)
        or paused(rollout, evidence, now=now)
        or degraded(rollout, now=now)
        or outdated(rollout, evidence, now=now)
        or proved_again(rollout, evidence, now=now)
        or requalified(rollout, evidence, now=now)
        or (None if is_outdated(rollout, evidence) else stage_ended(rollout, now=now))
    )


def prompt_settled(rollout: Rollout, evidence: RolloutEvidence, *, now: datetime) -> Moved | None:
    """Watch the live prompt for edits from now on, where none was known at the start."""
    steady = evidence.steady_prompt
    if rollout.basis.watched_prompt or not steady or rollout.state is RolloutState.ROLLED_BACK:
        return None
    basis = msgspec.structs.replace(rollout.basis, live_prompt=steady)
    return told(
        msgspec.structs.replace(rollout, basis=basis),
        "noted",
        f"The live prompt, {steady[:12]}, is watched for edits from now on: for an hour all "
        "requests came with it.",
        now=now,
    )


def mix_moved(rollout: Rollout, evidence: RolloutEvidence, *, now: datetime) -> Moved | None:
    """Tell once that the type's share of the traffic has changed; nothing moves by it."""
    limit = rollout.watch.years_between * _WEEKS
    if rollout.mix_noted or rollout.state is RolloutState.ROLLED_BACK:
        return None
    level = _level(evidence.daily_shares)
    if level < limit:
        return None
    latest = sum(evidence.daily_shares[-7:]) / 7
    before = sum(evidence.daily_shares[:14]) / 14
    sentence = (
        f"The mix of the traffic has changed: {rollout.type} was {sentences.percent(before)} of "
        f"sessions over its first 14 days and is {sentences.percent(latest)} over the latest 7. "
        f"Evidence {level:,.0f} >= {limit:,.0f}. Nothing moves; it may explain what follows."
    )
    return told(
        msgspec.structs.replace(rollout, mix_noted=True),
        "mix_changed",
        sentence,
        now=now,
        measured=(level, ">=", limit),
    )


def pace_grown(rollout: Rollout, *, now: datetime) -> Moved | None:
    """Raise the alarm's limit with the pairs of a year, so that false alarms stay as far apart."""
    watch, took = rollout.watch, now - rollout.stage_began
    if took < _A_DAY or watch.stage_pairs < _ENOUGH_TO_SAY:
        return None
    if rollout.state is RolloutState.ROLLED_BACK:
        return None
    per_year = watch.stage_pairs / (took / _A_YEAR)
    if per_year < _MANY_MORE * watch.pairs_per_year:
        return None
    raised = msgspec.structs.replace(watch, pairs_per_year=per_year)
    found, expected = (year / _DAYS_A_YEAR for year in (per_year, watch.pairs_per_year))
    return told(
        msgspec.structs.replace(rollout, watch=raised),
        "noted",
        f"More pairs come than were expected: {found:,.1f} a day over {sentences.days(took)}, not "
        f"{expected:,.1f}. The alarm is raised at {raised.limit:,.0f} from now on, not "
        f"{watch.limit:,.0f}, so that false alarms stay {watch.years_between:g} years apart.",
        now=now,
        measured=(found, ">=", _MANY_MORE * expected),
    )
