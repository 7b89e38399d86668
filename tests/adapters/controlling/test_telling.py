"""Every event once at every place, whoever is killed meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from typing_extensions import override

from suffice.adapters.alerts.delivery import Dispatcher
from suffice.adapters.alerts.sending import NotDelivered
from suffice.adapters.controlling.telling import tell
from suffice.records.alert import Alert, Level


class Place:
    """A place that keeps what it is told."""

    kind = "log"

    def __init__(self, name: str, level: Level = "message") -> None:
        self.name = name
        self.level: Level = level
        self.got: list[Alert] = []
        self.broken = False

    def send(self, alert: Alert) -> None:
        if self.broken:
            raise NotDelivered("answered 500", again=True)
        self.got.append(alert)


def test_each_event_is_told_once_at_each_place(world: Any) -> None:
    world.start()
    one, other = Place("one"), Place("other")
    dispatcher = Dispatcher([one, other], backoff_s=())

    tell(world.store, dispatcher, world.later(minutes=1))
    tell(world.store, dispatcher, world.later(minutes=2))

    assert [alert.kind for alert in one.got] == ["rollout.started"]
    assert [alert.id for alert in one.got] == [alert.id for alert in other.got]


def test_a_rollback_is_a_message_and_its_trouble_is_over_with_the_next_start(world: Any) -> None:
    world.start()
    world.feed([0.0] * 80)
    world.controller.round(world.later(hours=1))
    team, duty = Place("team"), Place("duty", "page")

    tell(world.store, Dispatcher([team, duty], backoff_s=()), world.later(hours=1))

    assert duty.got == []
    back = team.got[-1]
    assert (back.kind, back.level, back.resolves) == ("rollout.rolled_back", "message", False)
    assert back.dedup_key == "suffice:triage:1"
    assert back.facts["policy"] == "2"
    assert ">=" in back.facts["evidence"]


def test_a_rollback_that_cannot_be_carried_out_wakes_somebody_until_it_is(world: Any) -> None:
    from suffice.adapters.policies import PolicyFiles
    from suffice.errors import StorageError

    class FullDisk(PolicyFiles):
        @override
        def publish(self, policy: Any, *, after: str) -> Any:
            raise StorageError("No space left on device.")

    world.start()
    world.feed([0.0] * 80)
    duty = Place("duty", "page")
    dispatcher = Dispatcher([duty], backoff_s=())
    world.another(FullDisk(world.folder / "policy.json")).round(world.later(hours=1))
    tell(world.store, dispatcher, world.later(hours=1))
    world.controller.round(world.later(hours=2))
    tell(world.store, dispatcher, world.later(hours=2))

    opened, closed = duty.got
    assert (opened.kind, opened.resolves) == ("rollout.rollback_failed", False)
    assert "suffice policy set triage --share 0" in opened.next_step
    assert (closed.resolves, closed.dedup_key) == (True, opened.dedup_key)


def test_who_was_killed_after_sending_sends_again_under_the_same_id(world: Any) -> None:
    world.start()
    place = Place("one")

    class Killed(Exception):
        pass

    class KilledAfterSending(Dispatcher):
        @override
        def deliver_to(self, sender: Any, alert: Alert) -> Any:
            super().deliver_to(sender, alert)
            raise Killed

    with pytest.raises(Killed):
        tell(world.store, KilledAfterSending([place], backoff_s=()), world.later(minutes=1))
    tell(world.store, Dispatcher([place], backoff_s=()), world.later(minutes=1))

    first, second = place.got
    assert first.id == second.id


def test_what_does_not_arrive_holds_no_later_event_up(world: Any, tmp_path: Any) -> None:
    world.start()
    place = Place("one")
    place.broken = True
    dead = tmp_path / "dead.jsonl"
    tell(world.store, Dispatcher([place], backoff_s=(), dead_letters=dead), world.later(minutes=1))
    place.broken = False
    world.feed([0.0] * 80)
    world.controller.round(world.later(hours=1))

    tell(world.store, Dispatcher([place], backoff_s=(), dead_letters=dead), world.later(hours=1))

    assert [alert.kind for alert in place.got] == ["rollout.rolled_back"]
    assert dead.read_text().count("rollout.started") == 1


def test_news_of_yesterday_is_none(world: Any) -> None:
    world.start()
    place = Place("one")

    tell(world.store, Dispatcher([place], backoff_s=()), world.later(days=2))

    assert place.got == []
