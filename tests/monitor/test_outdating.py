"""A model that was found changed: what moves, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest

from suffice.monitor import step
from suffice.records import (
    ModelMoved,
    Recheck,
    Rollout,
    RolloutEvidence,
    RolloutState,
    ShadowPair,
)

HOUR = timedelta(hours=1)
Pairs = Callable[..., tuple[ShadowPair, ...]]


def moved(now: datetime, run: str = "w-2") -> ModelMoved:
    return ModelMoved(run=run, at=now + HOUR, arm="baseline", sentence="Opus has changed.")


def says(word: str, now: datetime, run: str = "w-2", *, hours: int = 1) -> Recheck:
    return Recheck(run=run, at=now + hours * HOUR, verdict=word)


def test_a_stage_whose_evidence_is_of_yesterday_s_baseline_does_not_end(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    enough = pairs([1.0] * 150)

    calm = step(rollout, RolloutEvidence(pairs=enough), now=now + 2 * HOUR)
    held = step(rollout, RolloutEvidence(pairs=enough, moved=moved(now)), now=now + 2 * HOUR)

    assert calm.rollout.stage == 1
    assert (held.rollout.stage, held.rollout.state) == (0, RolloutState.HOLDING_UNDECIDED)
    assert [event.kind for event in held.events] == ["held"]
    assert "Opus has changed." in held.events[0].sentence
    assert held.wanted.share == calm.rollout.plan.stages[0].share


def test_it_is_held_once_and_stays_held_whatever_pairs_come(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    first = step(rollout, RolloutEvidence(moved=moved(now)), now=now + 2 * HOUR).rollout

    later = RolloutEvidence(
        moved=moved(now), pairs=pairs([1.0] * 400), recheck=says("not_yet", now)
    )
    again = step(first, later, now=now + 9 * HOUR)

    assert (again.events, again.rollout.state) == ((), RolloutState.HOLDING_UNDECIDED)


def test_a_switch_of_both_models_as_they_are_lets_it_go_on_with_the_stage_anew(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    before = step(
        rollout, RolloutEvidence(pairs=pairs([1.0] * 150), moved=moved(now)), now=now + 2 * HOUR
    ).rollout

    again = RolloutEvidence(moved=moved(now), recheck=says("switch", now, "w-3", hours=3))
    after = step(before, again, now=now + 4 * HOUR)

    assert [event.kind for event in after.events] == ["released"]
    assert (after.rollout.state, after.rollout.stage) == (RolloutState.ADVANCING, 0)
    assert after.rollout.watch.stage_pairs == 0
    assert step(after.rollout, again, now=now + 5 * HOUR).events == ()


def test_the_run_that_finds_the_change_may_itself_say_switch(
    rollout: Rollout, now: datetime
) -> None:
    """
    It asked both models anew.
    """
    evidence = RolloutEvidence(moved=moved(now), recheck=says("switch", now))

    after = step(rollout, evidence, now=now + 2 * HOUR)

    assert [event.kind for event in after.events] == ["held", "released"]
    assert after.rollout.state is RolloutState.ADVANCING


def test_a_keep_takes_everything_back_as_ever(rollout: Rollout, now: datetime) -> None:
    evidence = RolloutEvidence(moved=moved(now), recheck=says("keep", now))

    after = step(rollout, evidence, now=now + 2 * HOUR)

    assert after.rollout.state is RolloutState.ROLLED_BACK


@pytest.mark.parametrize("state", [RolloutState.DONE, RolloutState.HOLDING_YOU])
def test_what_was_not_moving_stays_as_it_is(
    rollout: Rollout, now: datetime, state: RolloutState
) -> None:
    at_rest = msgspec.structs.replace(rollout, state=state)

    assert step(at_rest, RolloutEvidence(moved=moved(now)), now=now + 2 * HOUR).events == ()


def test_a_change_from_before_the_rollout_is_in_its_verdict_already(
    rollout: Rollout, now: datetime
) -> None:
    old = msgspec.structs.replace(moved(now), at=now - HOUR)

    assert step(rollout, RolloutEvidence(moved=old), now=now + HOUR).events == ()


def test_after_a_pause_it_is_still_held(rollout: Rollout, now: datetime) -> None:
    held = step(rollout, RolloutEvidence(moved=moved(now)), now=now + 2 * HOUR).rollout
    paused = step(
        held, RolloutEvidence(moved=moved(now), paused="no money"), now=now + 3 * HOUR
    ).rollout

    back = step(paused, RolloutEvidence(moved=moved(now)), now=now + 4 * HOUR)

    assert [event.kind for event in back.events] == ["resumed", "held"]
    assert back.rollout.state is RolloutState.HOLDING_UNDECIDED


def test_a_switch_that_comes_during_a_pause_has_the_stage_begin_anew_all_the_same(
    rollout: Rollout, pairs: Pairs, now: datetime
) -> None:
    changed = RolloutEvidence(pairs=pairs([1.0] * 150), moved=moved(now))
    held = step(rollout, changed, now=now + 2 * HOUR).rollout
    poor = msgspec.structs.replace(changed, paused="no money")
    paused = step(held, poor, now=now + 3 * HOUR).rollout
    proved = msgspec.structs.replace(changed, recheck=says("switch", now, "w-3", hours=4))

    back = step(paused, proved, now=now + 5 * HOUR)

    assert [event.kind for event in back.events] == ["resumed", "released"]
    assert (back.rollout.stage, back.rollout.watch.stage_pairs) == (0, 0)


def test_the_next_weeks_switch_begins_no_stage_anew(rollout: Rollout, now: datetime) -> None:
    held = step(rollout, RolloutEvidence(moved=moved(now)), now=now + 2 * HOUR).rollout
    proved = RolloutEvidence(moved=moved(now), recheck=says("switch", now, "w-3", hours=3))
    free = step(held, proved, now=now + 4 * HOUR).rollout
    week = RolloutEvidence(moved=moved(now), recheck=says("switch", now, "w-4", hours=160))

    assert step(free, week, now=now + 161 * HOUR).events == ()
