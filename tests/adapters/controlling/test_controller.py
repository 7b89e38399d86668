"""The controller acts once, in order, and whatever a kill leaves open is made good."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from suffice.adapters.controlling.controller import CONTROLLER
from suffice.adapters.policies import Loaded, PolicyFiles
from suffice.adapters.storage.rollouts import Rollouts
from suffice.errors import RolloutChanged, StorageError
from suffice.monitor import wanted
from suffice.policy.changes import Signature, Wish, apply_wish
from suffice.policy.table import Policy
from suffice.records.rollout import RolloutState
from suffice.records.rollout_evidence import ShadowPair


def test_a_start_is_in_the_policy_with_its_evidence(world: Any) -> None:
    world.start()

    rule = world.policies.load().policy.types["triage"]
    assert (rule.share, rule.shadow, rule.candidate) == (0.05, 1.0, "claude-haiku-5-5")
    assert (rule.basis.run, rule.basis.verdict) == ("r1", "switch")
    assert [one.event.policy_version for one in world.store.events()] == [1]


def test_a_stage_with_good_pairs_is_followed_by_the_next(world: Any) -> None:
    world.start()
    world.feed([1.0] * 150)

    [acted] = world.controller.round(world.later(hours=1))

    assert [event.kind for event in acted.events] == ["advanced"]
    assert (world.share(), acted.policy_version) == (0.25, 2)
    assert world.policies.load().policy.types["triage"].before == 0.05


def test_a_round_without_news_writes_nothing(world: Any) -> None:
    world.start()
    before = world.store.path.stat().st_mtime_ns

    [acted] = world.controller.round(world.later(hours=1))

    assert (acted.events, acted.policy_version, acted.problem) == ((), None, "")
    assert world.policies.load().policy.version == 1
    wal = world.store.path.with_name("rollouts.sqlite-wal")
    assert world.store.path.stat().st_mtime_ns == before or wal.exists()


def test_a_fall_is_taken_back_in_the_same_round(world: Any) -> None:
    world.start()
    world.feed([1.0] * 150)
    world.controller.round(world.later(hours=1))
    world.feed([0.0] * 60)

    [acted] = world.controller.round(world.later(hours=2))

    assert [event.kind for event in acted.events] == ["rolled_back"]
    assert world.share() == 0.0
    line = world.policies.load().policy.audit[-1]
    assert line.by == CONTROLLER
    assert line.reason == acted.events[0].sentence


def test_a_rollback_that_was_kept_and_not_published_is_published_by_whoever_comes_next(
    world: Any,
) -> None:
    """
    As if the controller had been killed between its two writes.
    """
    kept = world.start()
    from suffice.monitor import command

    stepped = command(kept.rollout, "abort", by="Ada", reason="", now=world.later(hours=1))
    world.store.save(stepped.rollout, stepped.events, after=kept.rollout.version)
    assert world.share() == 0.05

    [acted] = world.controller.round(world.later(hours=1))

    assert (world.share(), acted.policy_version) == (0.0, 2)
    assert [one.event.policy_version for one in world.store.events()] == [1, 2]


def test_what_was_published_and_not_noted_is_noted_by_whoever_comes_next(world: Any) -> None:
    kept = world.start(carry=False)
    from suffice.adapters.controlling.policy_rule import with_rollout

    signed = Signature(at=world.began, by="Ada")
    policy = with_rollout(Policy(version=0), kept.rollout, wanted(kept.rollout), signed)
    assert policy is not None
    world.policies.publish(policy, after="")

    world.controller.round(world.later(minutes=1))

    assert world.policies.load().policy.version == 1
    assert [one.event.policy_version for one in world.store.events()] == [1]


def test_nobody_undoes_a_rollback_with_what_he_read_before_it(world: Any) -> None:
    old = world.start()
    world.feed([0.0] * 80)
    world.controller.round(world.later(hours=1))
    assert world.share() == 0.0

    late = world.another(PolicyFiles(world.folder / "policy.json"))
    with pytest.raises(RolloutChanged):
        late.carry_out(old, wanted(old.rollout), Signature(at=world.began, by="late"))

    assert world.share() == 0.0


def test_who_takes_a_share_back_in_the_policy_itself_aborts_the_rollout(world: Any) -> None:
    world.start()
    loaded = world.policies.load()
    signed = Signature(at=world.later(hours=1), by="Ada", reason="odd answers")
    world.policies.publish(
        apply_wish(loaded.policy, Wish(type="triage", share=0.0), signed), after=loaded.etag
    )

    [acted] = world.controller.round(world.later(hours=2))

    assert [(event.kind, event.by) for event in acted.events] == [("aborted", "Ada")]
    assert world.share() == 0.0


def by_hand(world: Any, wish: Wish, **later: float) -> None:
    """Somebody changes the policy itself."""
    loaded = world.policies.load()
    signed = Signature(at=world.later(**later), by="Ada", reason="our own decision")
    world.policies.publish(apply_wish(loaded.policy, wish, signed), after=loaded.etag)


def test_another_candidate_in_the_policy_itself_ends_the_rollout_and_stays(world: Any) -> None:
    """
    The rollout speaks of its own candidate; nobody is sent back from a model it knows nothing of.
    """
    world.start()
    by_hand(world, Wish(type="triage", candidate="claude-sonnet-5-5", share=0.5), hours=1)

    for hour in (2, 3):
        world.controller.round(world.later(hours=hour))

    rule = world.policies.load().policy.types["triage"]
    assert (rule.candidate, rule.share) == ("claude-sonnet-5-5", 0.5)
    assert world.told() == ["started", "aborted"]


@pytest.mark.parametrize("plan", ["default", "0/10/100"])
def test_a_rule_that_somebody_took_out_ends_the_rollout_and_is_not_put_back(
    world: Any, plan: str
) -> None:
    world.start(plan=plan)
    loaded = world.policies.load()
    world.policies.publish(
        msgspec.structs.replace(loaded.policy, types={}, audit=()), after=loaded.etag
    )

    for hour in (2, 3):
        world.controller.round(world.later(hours=hour))

    assert world.policies.load().policy.types == {}
    assert world.told() == ["started", "aborted"]


def test_what_was_taken_back_stays_so_whatever_somebody_writes_into_the_policy(world: Any) -> None:
    world.start()
    world.feed([0.0] * 80)
    world.controller.round(world.later(hours=1))
    by_hand(world, Wish(type="triage", share=1.0), hours=2)

    world.controller.round(world.later(hours=3))

    assert world.share() == 0.0


def test_two_types_are_published_one_after_the_other(world: Any) -> None:
    world.start("triage")
    world.start("invoice")
    world.feed([1.0] * 150, request_type="triage")
    world.feed([0.0] * 80, request_type="invoice")

    world.controller.round(world.later(hours=1))

    assert (world.share("triage"), world.share("invoice")) == (0.25, 0.0)
    versions = [version.policy for version in world.policies.history()]
    assert all(version is not None for version in versions)


class FullDisk(PolicyFiles):
    """A policy that cannot be written."""

    @override
    def publish(self, policy: Policy, *, after: str) -> Loaded:
        raise StorageError("policy.json cannot be used: No space left on device.")


def test_a_rollback_that_cannot_be_published_is_told_once_and_made_good_later(world: Any) -> None:
    world.start()
    world.feed([0.0] * 80)
    stuck = world.another(FullDisk(world.folder / "policy.json"))

    problems = [stuck.round(world.later(hours=1, seconds=s))[0].problem for s in range(3)]
    assert world.share() == 0.05
    assert all("No space left" in problem for problem in problems)

    world.controller.round(world.later(hours=2))

    assert world.share() == 0.0
    assert world.told() == ["started", "rolled_back", "not_carried_out", "carried_out_again"]


def test_one_type_that_cannot_be_stepped_keeps_no_other_from_it(world: Any) -> None:
    world.start("broken")
    world.start("triage")
    world.feed([0.0] * 80)

    def fails_for_one(kept: Any, now: datetime) -> Any:
        if kept.rollout.type == "broken":
            raise StorageError("The account cannot be read.")
        from suffice.adapters.controlling.evidence import gather

        return gather(world.store, kept, account=None, now=now)

    from suffice.adapters.controlling.controller import Controller

    broken, triage = Controller(world.store, world.policies, gather=fails_for_one).round(
        world.later(hours=1)
    )

    assert broken.problem == "The account cannot be read."
    assert (triage.problem, world.share("triage")) == ("", 0.0)


def test_what_a_person_set_for_the_type_stays(world: Any) -> None:
    signed = Signature(at=world.began, by="Ada", reason="agents stay in one place")
    wish = Wish(type="triage", baseline="claude-opus-5-5", ongoing="move", fingerprints=("f1",))
    world.policies.publish(apply_wish(Policy(version=0), wish, signed), after="")

    world.start()

    policy = world.policies.load().policy
    assert policy.types["triage"].guards.ongoing == "move"
    assert policy.lookup == {"f1": "triage"}


@pytest.fixture
def monitor(world: Any, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start `suffice monitor` over the world, whose time is then the real one."""
    world.began = datetime.now(UTC) - timedelta(minutes=1)
    begun: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "suffice", "monitor", "--every", "0.05", "--no-alerts"),
                *("--rollouts", str(world.store.path), "--policy", str(world.policies.path)),
                *("--data", str(tmp_path / "gateway"), "--format", "json"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        begun.append(process)
        return process

    yield begin
    # Where a claim fails halfway, none of them outlives it.
    for process in begun:
        if process.poll() is None:
            process.kill()
            process.communicate()


def live(world: Any, scores: list[float], *, first: int) -> None:
    """Pairs served just now, as a real monitor with a real clock counts them."""
    world.store.add_pairs(
        [
            ShadowPair(
                id=f"live{first + place}",
                at=datetime.now(UTC) + timedelta(seconds=1),
                type="triage",
                session=f"live{first + place}",
                served_by="candidate",
                probability=1.0,
                score=score,
            )
            for place, score in enumerate(scores)
        ]
    )


def reached(world: Any, share: float) -> bool:
    """Whether the policy gives so much."""
    return bool(world.share() == share)


def until(true: Callable[[], bool], *, within_s: float = 60.0) -> float:
    """Seconds until something is so."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s
        time.sleep(0.01)
    return time.monotonic() - began


def test_of_two_monitors_one_acts(world: Any, monitor: Callable[[], subprocess.Popen[str]]) -> None:
    """
    Two processes watch one rollout through three stages and a fall.

    Each event is there once, and each change of the share is one policy.
    """
    world.start()
    both = [monitor(), monitor()]
    for process in both:
        # Both act, and know what to do when they are told to stop.
        assert "watching" in process.stderr.readline()  # type: ignore[union-attr]
    for place, share in enumerate((0.25, 1.0, 1.0)):
        live(world, [1.0] * 150, first=1000 * place)
        until(partial(reached, world, share))
        until(lambda: world.store.is_carried_out("triage"))
    until(lambda: world.told()[-1:] == ["done"])
    live(world, [0.0] * 80, first=9000)
    until(lambda: world.share() == 0.0)
    for process in both:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors

    assert world.told() == ["started", "advanced", "advanced", "done", "rolled_back"]
    shares = [
        version.policy.types["triage"].share
        for version in world.policies.history()
        if version.policy is not None
    ]
    assert [a for a, b in zip(shares, [*shares[1:], None], strict=True) if a != b] == [
        0.05,
        0.25,
        1.0,
        0.0,
    ]
    kept = world.store.get("triage")
    versions = [one.event.rollout_version for one in world.store.events()]
    assert versions == sorted(set(versions))
    assert kept.rollout.state is RolloutState.ROLLED_BACK


def test_monitors_killed_again_and_again_lose_and_repeat_nothing(
    world: Any, monitor: Callable[[], subprocess.Popen[str]]
) -> None:
    world.start()
    dice = random.Random(7)
    fed = 0
    for _ in range(4):
        process = monitor()
        process.stderr.readline()  # type: ignore[union-attr]  # it watches
        live(world, [1.0] * 100, first=fed)
        fed += 100
        time.sleep(dice.uniform(0.0, 0.15))
        process.kill()
        process.communicate()

    world.controller.round(datetime.now(UTC))

    kept = world.store.get("triage").rollout
    assert kept.watch.pairs == fed
    assert world.share() == wanted(kept).share
    kinds = world.told()
    assert kinds[0] == "started"
    assert set(kinds[1:]) <= {"advanced", "done"}
    assert kinds.count("advanced") <= 2
    assert world.store.is_carried_out("triage")


def test_a_store_of_this_release_is_read_by_a_reader_beside_a_writer(world: Any) -> None:
    world.start()
    with Rollouts.open(world.store.path, write=False) as reader:
        world.feed([1.0] * 150)
        world.controller.round(world.later(hours=1))

        kept = reader.get("triage")
        assert kept is not None
        assert msgspec.structs.asdict(kept.rollout)["stage"] == 1
