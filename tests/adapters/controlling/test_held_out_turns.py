"""Whose held-out cases are asked next, by whom, for how much, in simulated time."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from suffice.adapters.controlling.held_out_turns import Due, Turns
from suffice.adapters.storage.rollouts import Kept
from suffice.records.rollout import RolloutEvent, RolloutState

WEEK, HOUR = timedelta(days=7), timedelta(hours=1)


def weekly(world: Any, usd: str = "2") -> Turns:
    return Turns(world.store, every=WEEK, usd=Decimal(usd))


def the(due: Due | None) -> Due:
    assert due is not None
    return due


def moved(kept: Kept, at: datetime, *, found_on: str = "") -> RolloutEvent:
    return RolloutEvent(
        at=at,
        type=kept.rollout.type,
        kind="baseline_moved",
        sentence="It has changed.",
        state=RolloutState.ADVANCING,
        policy_version=0,
        found_on=found_on,
    )


def test_a_rollout_is_asked_again_a_week_after_it_began_and_each_week_from_then(
    world: Any,
) -> None:
    world.start()
    turns, first = weekly(world), world.began + WEEK

    assert turns.due(first - HOUR) is None
    due = the(turns.due(first))
    turn = turns.begun(due, "r-1", first)
    turns.ended(due, turn, first + HOUR)

    assert turns.due(first + WEEK - HOUR) is None
    assert the(turns.due(first + WEEK)).kept.rollout.type == "triage"


def test_who_waits_longest_is_asked_first(world: Any) -> None:
    world.start("mail")
    world.start("triage")
    turns, later = weekly(world), world.began + WEEK
    due = the(turns.due(later))
    turns.ended(due, turns.begun(due, "r-1", later), later)

    assert due.kept.rollout.type == "mail"
    assert the(turns.due(later)).kept.rollout.type == "triage"


def test_of_two_holders_one_asks_until_it_lets_go_or_two_minutes_pass(world: Any) -> None:
    world.start()
    turns, at = weekly(world), world.began

    assert turns.claim("one", at)
    assert not turns.claim("two", at + timedelta(seconds=110))
    assert turns.claim("one", at + timedelta(seconds=110))
    assert not turns.claim("two", at + timedelta(seconds=200))
    turns.let_go("two", at)  # not its own to let go
    assert not turns.claim("two", at + timedelta(seconds=200))
    assert turns.claim("two", at + timedelta(seconds=240))


def test_no_more_than_the_sum_is_spent_in_any_week_whatever_is_killed(world: Any) -> None:
    """
    A run that was taken up again is booked by what it costs beyond what stands there.
    """
    world.start()
    turns, at = weekly(world), world.began + WEEK
    due = the(turns.due(at))
    turn = turns.booked(due, turns.begun(due, "r-1", at), Decimal("0.70"), at)
    turn = turns.booked(due, turn, Decimal("1.10"), at + HOUR)
    turns.booked(due, turn, Decimal("1.10"), at + HOUR)

    assert turns.left_usd(at + HOUR) == Decimal("0.90")
    assert turns.left_usd(at + WEEK) == Decimal("1.60")
    assert turns.left_usd(at + WEEK + HOUR) == Decimal(2)


def test_a_sum_that_is_used_up_waits_until_the_oldest_dollars_are_a_week_old(
    world: Any,
) -> None:
    world.start()
    turns, at = weekly(world), world.began + WEEK
    due = the(turns.due(at))
    turn = turns.booked(due, turns.begun(due, "r-1", at), Decimal(2), at)
    turns.waits(due, turn, "used up", at + HOUR)

    assert turns.due(at + WEEK - HOUR) is None
    again = the(turns.due(at + WEEK))
    assert turns.begun(again, "r-1", at + WEEK).spent_usd == "2"  # the same run goes on


def test_what_fails_waits_twice_as_long_each_time_and_is_told_once(world: Any) -> None:
    world.start()
    turns, at = weekly(world), world.began + WEEK
    waits = []
    for _ in range(4):
        due = the(turns.due(at))
        turn = turns.failed(due, turns.begun(due, "r-1", at), "no answer", at)
        waits.append((turn.next_at - at) / timedelta(minutes=1))
        at = turn.next_at

    assert waits == [15, 30, 60, 120]
    kinds = [one.event.kind for one in world.store.events()]
    assert kinds.count("recheck_failed") == 1
    due = the(turns.due(at))
    turns.ended(due, turns.begun(due, "r-1", at), at)
    due = the(turns.due(at + 2 * WEEK))
    turns.failed(due, due.turn, "no answer", at + 2 * WEEK)
    kinds = [one.event.kind for one in world.store.events()]
    assert kinds.count("recheck_failed") == 2  # another trouble


def test_a_baseline_found_changed_elsewhere_makes_its_other_types_due_at_once(
    world: Any,
) -> None:
    kept = world.start()
    turns, at = weekly(world), world.began + WEEK
    due = the(turns.due(at))
    turns.ended(due, turns.begun(due, "r-1", at), at)
    assert turns.due(at + HOUR) is None

    world.store.tell(moved(kept, at + HOUR, found_on="mail"))

    due = the(turns.due(at + HOUR))
    turns.ended(due, turns.begun(due, "r-2", at + 2 * HOUR), at + 2 * HOUR)
    assert turns.due(at + 3 * HOUR) is None


def test_who_found_the_baseline_changed_is_not_asked_again_because_others_find_it_too(
    world: Any,
) -> None:
    kept = world.start()
    turns, at = weekly(world), world.began + WEEK
    due = the(turns.due(at))
    turns.ended(due, turns.begun(due, "r-1", at), at)

    world.store.tell(moved(kept, at))
    world.store.tell(moved(kept, at + HOUR, found_on="mail"))

    assert turns.due(at + HOUR) is None


def test_an_event_of_an_earlier_release_is_read_as_found_where_it_is_told(world: Any) -> None:
    kept = world.start()
    event = moved(kept, world.began, found_on="mail")
    older = json.loads(msgspec.json.encode(event))
    del older["found_on"]

    read = msgspec.convert(older, RolloutEvent, strict=False)

    assert read == msgspec.structs.replace(event, found_on="")
