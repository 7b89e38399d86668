"""Words on answers are kept once the account knows the answer, and never for ever waited with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from suffice.adapters.controlling.arm_windows import Account
from suffice.adapters.feedback_inbox import KEPT, UNKNOWN, FeedbackInbox, counted
from suffice.adapters.storage.rollouts import Rollouts
from suffice.catalog import load_catalog
from suffice.gateway.account_store import Taken, open_account, take_in
from suffice.records import ExchangeRecord, Feedback

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class World:
    """A folder of words, a store, and an account that answers reach when the test says so."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder, self.path = tmp_path / "feedback", tmp_path / "account.sqlite"
        self.folder.mkdir()
        self.store = Rollouts.open(tmp_path / "rollouts.sqlite")
        self.account_db = open_account(self.path)
        account = Account.open(self.path)
        assert account is not None
        self.account = account
        self.inbox = FeedbackInbox(self.folder, self.store, account)
        self._said = 0

    def say(self, request_id: str, *, good: bool, at: datetime = NOW) -> None:
        self._said += 1
        word = Feedback(request_id=request_id, good=good, at=at.timestamp())
        (self.folder / f"{self._said:020d}.json").write_bytes(msgspec.json.encode(word))

    def serve(self, *request_ids: str) -> None:
        batch = [
            Taken("s", place, place, ExchangeRecord(ts=0.0, status=200, id=name, request_id=name))
            for place, name in enumerate(request_ids)
        ]
        take_in(self.account_db, batch, upto={"s": ("0", 9)}, catalog=load_catalog(), now=0.0)

    def left(self) -> int:
        return len(list(self.folder.iterdir()))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.store.close()
    world.account.close()
    world.account_db.close()


def test_a_word_on_a_known_answer_is_kept_and_the_last_one_holds(world: World) -> None:
    world.serve("req_1")
    world.say("req_1", good=True)
    world.say("req_1", good=False)

    assert world.inbox.take(NOW) == 2
    assert world.store.ratings(["req_1"]) == {"req_1": False}
    assert (world.left(), counted(world.store, KEPT)) == (0, 2)


def test_a_word_waits_for_its_answer_and_counts_from_when_that_is_known(world: World) -> None:
    world.say("req_1", good=False)

    assert world.inbox.take(NOW + MINUTE) == 0
    world.serve("req_1")
    assert world.inbox.take(NOW + 2 * MINUTE) == 1
    # What was said is counted in the stretch under way, not in one that was counted already.
    assert world.store.ratings_between(NOW, NOW + 2 * MINUTE) == {}
    assert world.store.ratings_between(NOW + 2 * MINUTE, NOW + 3 * MINUTE) == {"req_1": False}


def test_a_word_on_an_answer_nobody_ever_knows_is_deleted_and_counted(world: World) -> None:
    world.say("nosuch", good=False)

    assert world.inbox.take(NOW + 9 * MINUTE) == 0
    assert world.left() == 1
    assert world.inbox.take(NOW + 11 * MINUTE) == 0
    assert (world.left(), counted(world.store, UNKNOWN)) == (0, 1)
    assert world.store.ratings(["nosuch"]) == {}


def test_a_flood_of_words_on_nothing_keeps_no_other_from_its_turn(world: World) -> None:
    for number in range(1_100):
        world.say(f"nosuch{number}", good=False)
    world.say("req_1", good=False)
    world.serve("req_1")

    assert [world.inbox.take(NOW) for _ in range(3)] == [0, 0, 1]
    # And those that wait are looked at again.
    world.serve("nosuch0")
    assert sum(world.inbox.take(NOW) for _ in range(3)) == 1


def test_without_an_account_words_wait_as_long(world: World) -> None:
    inbox = FeedbackInbox(world.folder, world.store, None)
    world.say("req_1", good=False)

    assert inbox.take(NOW) == 0
    assert world.left() == 1
    inbox.take(NOW + 11 * MINUTE)
    assert counted(world.store, UNKNOWN) == 1


def test_what_says_nothing_is_deleted(world: World) -> None:
    (world.folder / "torn.json").write_text("{")

    assert world.inbox.take(NOW) == 0
    assert world.left() == 0
