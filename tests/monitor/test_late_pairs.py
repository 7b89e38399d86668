"""Pairs that came by batch, hours after their request was served: each belongs to its own time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from suffice.monitor import step
from suffice.records import Rollout, RolloutEvidence, RolloutState, ShadowPair

Pairs = Callable[..., tuple[ShadowPair, ...]]
GOOD = [1.0] * 150
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def advanced(rollout: Rollout, pairs: Pairs, now: datetime) -> Rollout:
    """In its second stage, since a day after its beginning."""
    return step(rollout, RolloutEvidence(pairs=pairs(GOOD)), now=now + DAY).rollout


def test_pairs_of_the_stage_before_are_none_of_this_stage(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    second = advanced(rollout, pairs, now)
    late = pairs(GOOD, first=1_000, at=now + DAY - HOUR)

    after = step(second, RolloutEvidence(pairs=late), now=now + DAY + 3 * HOUR).rollout

    assert (after.stage, after.watch.stage_pairs, after.watch.pairs) == (1, 0, 300)


def test_pairs_of_the_stage_before_raise_the_alarm_all_the_same(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    second = advanced(rollout, pairs, now)
    late = pairs([0.0] * 40, first=1_000, at=now + DAY - HOUR)

    after = step(second, RolloutEvidence(pairs=late), now=now + DAY + 3 * HOUR)

    assert after.rollout.state is RolloutState.ROLLED_BACK


def test_pairs_that_come_after_a_rollback_are_passed_over(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    fallen = step(rollout, RolloutEvidence(pairs=pairs([0.0] * 40)), now=now + 2 * HOUR).rollout
    assert fallen.state is RolloutState.ROLLED_BACK
    late = pairs(GOOD, first=1_000, at=now + HOUR)

    after = step(fallen, RolloutEvidence(pairs=late), now=now + DAY).rollout

    assert (after.state, after.watch.pairs) == (RolloutState.ROLLED_BACK, fallen.watch.pairs)


def test_pairs_a_day_late_are_no_reason_to_call_a_type_unwatched(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    daily = rollout
    for day in range(1, 15):
        late = pairs([1.0] * 5, first=100 * day, at=now + (day - 1) * DAY)
        daily = step(daily, RolloutEvidence(pairs=late), now=now + day * DAY).rollout

    assert daily.state is RolloutState.ADVANCING


def test_pairs_that_come_in_another_order_than_they_were_served_are_counted_once_each(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    newer = pairs([1.0] * 10, first=1, at=now + 2 * HOUR)
    older = pairs([1.0] * 10, first=11, at=now + HOUR)

    once = step(rollout, RolloutEvidence(pairs=newer), now=now + 3 * HOUR).rollout
    twice = step(once, RolloutEvidence(pairs=newer + older), now=now + 4 * HOUR).rollout

    assert (twice.watch.pairs, twice.watch.stage_pairs) == (20, 20)
    assert twice.watch.last_pair == now + 2 * HOUR
