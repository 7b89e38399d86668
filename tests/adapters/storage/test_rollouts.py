"""The store of rollouts: one of two wins, what happened stays, and a kill leaves no half."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from suffice.adapters.storage.rollouts import PairCount, Rating, Rollouts
from suffice.errors import RolloutChanged, StorageError
from suffice.records.rollout import (
    Rollout,
    RolloutBasis,
    RolloutEvent,
    RolloutPlan,
    RolloutState,
    Stage,
)
from suffice.records.rollout_evidence import ArmCounts, ArmWindow, ShadowPair

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def a_rollout(version: int = 1, request_type: str = "triage") -> Rollout:
    return Rollout(
        type=request_type,
        baseline="claude-opus-5-5",
        candidate="claude-haiku-5-5",
        plan=RolloutPlan(name="100", stages=(Stage(share=1.0, shadow=0.05),)),
        state=RolloutState.ADVANCING,
        basis=RolloutBasis(run="r1", verdict="switch"),
        began=NOW,
        stage_began=NOW,
        version=version,
    )


def an_event(version: int, request_type: str = "triage") -> RolloutEvent:
    return RolloutEvent(
        at=NOW + timedelta(minutes=version),
        type=request_type,
        kind="noted",
        sentence=f"version {version}",
        state=RolloutState.ADVANCING,
        rollout_version=version,
    )


def a_pair(name: str, request_type: str = "triage") -> ShadowPair:
    return ShadowPair(
        id=name, at=NOW, type=request_type, session="s", served_by="candidate",
        probability=0.05, score=1.0,
    )  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "rollouts.sqlite"


def test_a_rollout_comes_back_as_it_was_kept_with_what_happened(path: Path) -> None:
    with Rollouts.open(path) as store:
        store.begin(a_rollout(), [an_event(1)], after=None)
    with Rollouts.open(path) as store:
        kept = store.get("triage")
        assert kept is not None
        assert (kept.rollout, kept.number) == (a_rollout(), 1)
        assert [one.event for one in store.events()] == [an_event(1)]
    assert path.stat().st_mode & 0o077 == 0


def test_a_store_that_ought_to_be_there_is_not_made_anew(path: Path) -> None:
    """
    Whoever watches it and finds an empty one would forget every rollout.
    """
    with pytest.raises(StorageError):
        Rollouts.open(path, make=False)

    assert not path.exists()


def test_of_two_changes_from_one_version_one_is_written(path: Path) -> None:
    with Rollouts.open(path) as one, Rollouts.open(path) as other:
        one.begin(a_rollout(), [], after=None)
        one.save(a_rollout(2), [an_event(2)], after=1)

        with pytest.raises(RolloutChanged):
            other.save(a_rollout(2), [an_event(2)], after=1)

        assert len(other.events()) == 1


def test_a_type_is_not_begun_twice_at_once(path: Path) -> None:
    with Rollouts.open(path) as store:
        store.begin(a_rollout(), [], after=None)
        with pytest.raises(RolloutChanged):
            store.begin(a_rollout(), [], after=None)
        again = store.begin(a_rollout(7), [], after=1)

    assert again.number == 2
    assert again.dedup_key == "suffice:triage:2"


def test_events_can_be_neither_deleted_nor_changed(path: Path) -> None:
    with Rollouts.open(path) as store:
        store.begin(a_rollout(), [an_event(1)], after=None)
    database = sqlite3.connect(path, isolation_level=None)

    for command in (
        "DELETE FROM events",
        "UPDATE events SET record = '{}'",
        "UPDATE events SET kind = 'done', policy_version = 3",
    ):
        with pytest.raises(sqlite3.Error, match="never"):
            database.execute(command)
    database.close()


def test_an_event_learns_its_policy_version_once(path: Path) -> None:
    with Rollouts.open(path) as store:
        kept = store.begin(a_rollout(), [an_event(1)], after=None)
        store.while_unchanged(kept, lambda: (4, None))
        store.while_unchanged(kept, lambda: (5, None))

        assert [one.event.policy_version for one in store.events()] == [4]


def test_nobody_carries_out_what_a_rollout_said_before(path: Path) -> None:
    published: list[int] = []
    with Rollouts.open(path) as one, Rollouts.open(path) as other:
        old = one.begin(a_rollout(), [], after=None)
        other.save(a_rollout(2), [], after=1)

        with pytest.raises(RolloutChanged):
            one.while_unchanged(old, lambda: (published.append(1), None))  # type: ignore[func-returns-value]

    assert published == []


def test_while_one_carries_out_nobody_changes_the_rollout(path: Path) -> None:
    with Rollouts.open(path) as one:
        kept = one.begin(a_rollout(), [], after=None)
        database = sqlite3.connect(path, timeout=0.05, isolation_level=None)

        def carry_out() -> tuple[int | None, None]:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                database.execute("BEGIN IMMEDIATE")
            return None, None

        one.while_unchanged(kept, carry_out)
        database.close()


def test_a_pair_is_kept_once_and_has_its_place(path: Path) -> None:
    with Rollouts.open(path) as store:
        assert store.add_pairs([a_pair("a"), a_pair("x", "other"), a_pair("b")]) == 3
        assert store.add_pairs([a_pair("b"), a_pair("c")]) == 1

        places = [(pair.id, pair.seq) for pair in store.pairs("triage")]
        ids, seqs = zip(*places, strict=True)
        assert ids == ("a", "b", "c")
        assert list(seqs) == sorted(set(seqs))
        assert [pair.id for pair in store.pairs("triage", after=seqs[0], most=1)] == ["b"]


def test_pairs_are_counted_by_what_they_cost_and_why_they_have_no_score(path: Path) -> None:
    unscored = {"score": None, "why_missing": "HTTP 529"}
    before = {"at": NOW - timedelta(days=1)}
    made: list[tuple[dict[str, Any], int]] = [
        ({"cost_usd": "0.01"}, 2),
        ({}, 1),
        (unscored, 2),
        (before, 4),
    ]
    pairs = [
        msgspec.structs.replace(a_pair(f"p{kind}.{number}"), **more)
        for kind, (more, count) in enumerate(made)
        for number in range(count)
    ]
    with Rollouts.open(path) as store:
        store.add_pairs([*pairs, a_pair("other", "notes")])
        found = store.pair_counts("triage", since=NOW)

    assert sorted(found, key=str) == [
        PairCount(1, None, is_scored=True, why_missing=""),
        PairCount(2, "0.01", is_scored=True, why_missing=""),
        PairCount(2, None, is_scored=False, why_missing="HTTP 529"),
    ]


def test_a_stretch_of_time_is_kept_once(path: Path) -> None:
    window = ArmWindow(
        seq=1, type="triage", began=NOW, ended=NOW + timedelta(minutes=5),
        candidate=ArmCounts(seen=7),
    )  # fmt: skip
    with Rollouts.open(path) as store:
        assert store.add_window(window)
        assert not store.add_window(msgspec.structs.replace(window, candidate=ArmCounts()))

        assert store.windows("triage") == [window]
        assert store.last_window("triage") == window
        assert store.last_window("other") is None


def test_the_last_word_on_an_answer_holds(path: Path) -> None:
    with Rollouts.open(path) as store:
        store.rate(Rating("req_1", NOW, good=True))
        store.rate(Rating("req_1", NOW, good=False, by="Ada"))

        assert store.ratings(["req_1", "req_2"]) == {"req_1": False}


def test_a_place_is_told_once_and_a_trouble_is_new_once(path: Path) -> None:
    with Rollouts.open(path) as store:
        assert not store.told("evt-1", "team")
        store.note_told("evt-1", "team", at=NOW, delivered=True)
        assert store.told("evt-1", "team")

        assert [store.open_trouble("k", at=NOW), store.open_trouble("k", at=NOW)] == [True, False]
        assert [store.close_trouble("k"), store.close_trouble("k")] == [True, False]


def test_a_later_releases_store_is_left_alone(path: Path) -> None:
    Rollouts.open(path).close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()

    with pytest.raises(StorageError, match="version 99"):
        Rollouts.open(path)


def test_what_is_no_database_is_an_error_with_a_code(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to be taken for one" * 40)

    with pytest.raises(StorageError, match="cannot be used"):
        Rollouts.open(path)


_PRELUDE = """
import sys
from pathlib import Path
from datetime import UTC, datetime
import msgspec
from suffice.adapters.storage.rollouts import Rollouts
from suffice.errors import RolloutChanged
from suffice.records.rollout import RolloutEvent, RolloutState
store = Rollouts.open(Path(sys.argv[1]))
def change(kept):
    version = kept.rollout.version + 1
    event = RolloutEvent(at=datetime.now(UTC), type="triage", kind="noted", sentence=sys.argv[2],
                         state=RolloutState.ADVANCING, rollout_version=version)
    store.save(msgspec.structs.replace(kept.rollout, version=version), [event],
               after=kept.rollout.version)
"""
_RACE = """
won = 0
while won < 40:
    try:
        change(store.get("triage"))
        won += 1
    except RolloutChanged:
        pass
"""
_ENDLESS = """
print("ready", flush=True)
while True:
    change(store.get("triage"))
"""
_HANGS_WHILE_HOLDING = """
import time
def hang():
    print("ready", flush=True)
    time.sleep(60)
store.while_unchanged(store.get("triage"), hang)
"""


@pytest.fixture
def writer(path: Path) -> Callable[[str, str], subprocess.Popen[str]]:
    with Rollouts.open(path) as store:
        store.begin(a_rollout(), [an_event(1)], after=None)

    def start(script: str, name: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", _PRELUDE + script, str(path), name],
            stdout=subprocess.PIPE,
            text=True,
        )

    return start


def kill(process: subprocess.Popen[str], *, after_s: float) -> None:
    assert process.stdout is not None
    with process.stdout as out:
        assert out.readline() == "ready\n"
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_two_processes_never_write_over_each_other(
    path: Path, writer: Callable[[str, str], subprocess.Popen[str]]
) -> None:
    """
    Each makes forty changes; every version is told of once, whoever made it.
    """
    both = [writer(_RACE, "one"), writer(_RACE, "other")]
    for process in both:
        process.communicate(timeout=60)
        assert process.returncode == 0

    with Rollouts.open(path, write=False) as store:
        told = [one.event.rollout_version for one in store.events()]
        kept = store.get("triage")
        names = [one.event.sentence for one in store.events()]
    assert kept is not None
    assert told == list(range(1, 82))
    assert kept.rollout.version == 81
    assert (names.count("one"), names.count("other")) == (40, 40)


@pytest.mark.parametrize("after_s", [0.0, 0.005, 0.013, 0.05])
def test_a_writer_killed_anywhere_leaves_a_rollout_and_its_events_together(
    path: Path, writer: Callable[[str, str], subprocess.Popen[str]], after_s: float
) -> None:
    kill(writer(_ENDLESS, "killed"), after_s=after_s)

    with Rollouts.open(path) as store:
        kept = store.get("triage")
        assert kept is not None
        told = [one.event.rollout_version for one in store.events()]
        assert told == list(range(1, kept.rollout.version + 1))


def test_a_holder_that_is_killed_holds_nobody_up(
    path: Path, writer: Callable[[str, str], subprocess.Popen[str]]
) -> None:
    kill(writer(_HANGS_WHILE_HOLDING, "killed"), after_s=0.0)

    with Rollouts.open(path) as store:
        store.save(a_rollout(2), [an_event(2)], after=1)
        assert [one.event.policy_version for one in store.events()] == [None, None]
