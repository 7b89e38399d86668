"""An alert to all who want it: again where it failed, kept where it never arrived."""

from __future__ import annotations

from pathlib import Path

import pytest

from suffice.adapters.alerts.delivery import Delivery, Dispatcher, read_dead_letters, senders_of
from suffice.adapters.alerts.sending import NotDelivered
from suffice.errors import UnreadableFile
from suffice.records.alert import Alert, Level, LogTarget


class Place:
    """A place that fails so often before it takes anything."""

    kind = "log"
    level: Level = "message"

    def __init__(self, name: str, *, fails: int = 0, again: bool = True) -> None:
        self.name = name
        self.fails = fails
        self.again = again
        self.got: list[str] = []

    def send(self, alert: Alert) -> None:
        if self.fails:
            self.fails -= 1
            raise NotDelivered("answered 503", again=self.again)
        self.got.append(alert.id)


def test_a_place_that_fails_is_tried_again_after_longer_and_longer_waits(
    rolled_back: Alert,
) -> None:
    place, waits = Place("hook", fails=3), list[float]()

    found = Dispatcher([place], sleep=waits.append).deliver(rolled_back)

    assert found == [Delivery("hook", delivered=True, attempts=4)]
    assert waits == [0.5, 2.0, 8.0]


def test_what_cannot_succeed_is_not_tried_again(rolled_back: Alert) -> None:
    waits = list[float]()

    found = Dispatcher([Place("hook", fails=9, again=False)], sleep=waits.append).deliver(
        rolled_back
    )

    assert found == [Delivery("hook", delivered=False, attempts=1, why="answered 503")]
    assert waits == []


def test_a_place_that_fails_keeps_no_other_from_being_told(
    tmp_path: Path, rolled_back: Alert
) -> None:
    dead, works = tmp_path / "dead.jsonl", Place("works")
    dispatcher = Dispatcher([Place("broken", fails=9), works], dead_letters=dead, backoff_s=())

    dispatcher.deliver(rolled_back)

    assert works.got == ["evt_7"]
    [letter] = read_dead_letters(dead)
    assert (letter.target, letter.why, letter.alert) == ("broken", "answered 503", rolled_back)


def test_what_never_arrived_is_sent_again_under_the_same_id_and_then_forgotten(
    tmp_path: Path, rolled_back: Alert
) -> None:
    dead, place = tmp_path / "dead.jsonl", Place("hook", fails=1)
    dispatcher = Dispatcher([place], dead_letters=dead, backoff_s=())
    dispatcher.deliver(rolled_back)

    found = dispatcher.replay()

    assert found == [Delivery("hook", delivered=True, attempts=1)]
    assert place.got == ["evt_7"]
    assert read_dead_letters(dead) == []


def test_what_fails_again_or_has_no_place_now_is_kept(tmp_path: Path, rolled_back: Alert) -> None:
    dead = tmp_path / "dead.jsonl"
    gone, broken = Place("gone", fails=1), Place("broken", fails=9)
    Dispatcher([gone, broken], dead_letters=dead, backoff_s=()).deliver(rolled_back)

    found = Dispatcher([broken], dead_letters=dead, backoff_s=()).replay()

    assert [(one.target, one.why) for one in found] == [
        ("gone", "is not set up"),
        ("broken", "answered 503"),
    ]
    assert len(read_dead_letters(dead)) == 2


def test_a_file_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    dead = tmp_path / "dead.jsonl"
    dead.write_text("my notes\n")

    with pytest.raises(UnreadableFile):
        Dispatcher([Place("hook")], dead_letters=dead).replay()

    assert dead.read_text() == "my notes\n"


def test_every_place_of_the_settings_becomes_a_sender(tmp_path: Path) -> None:
    senders = senders_of({"file": LogTarget(path=str(tmp_path / "a.jsonl"))}, {})

    assert [(sender.name, sender.kind) for sender in senders] == [("file", "log")]
