"""Held-out cases asked again by the monitor's schedule, with a key and a sum of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest
from click.testing import Result
from typing_extensions import override

from suffice.adapters.controlling.held_out_turns import Turn, Turns
from suffice.adapters.storage import read_result
from suffice.adapters.storage.rollouts import Rollouts
from suffice.cli.held_out_runs import HELD_OUT_OF
from suffice.cli.monitor_held_out import Ended, HeldOutRuns, read_schedule
from suffice.cli.monitor_voice import Terminal
from suffice.cli.rollout_world import Places
from suffice.records.rollout import RolloutState
from suffice.records.rollout_evidence import ShadowPair
from suffice.testing import StrictFake, serve, strict_fake
from suffice.testing.processes import gateway

Command = Callable[..., Result]
OWN_KEY = "sk-ant-api03-of-suffice-alone"
STORE = Path(".suffice/rollouts.sqlite")
ONCE = ("monitor", "--once", "--no-alerts", "--held-out-every", "1h", "--held-out-usd", "5")
ALL = 200 * 3 + 2 * 60


class World(Protocol):
    """As the fixture has it."""

    candidate: float


@pytest.fixture
def rolled_out(
    suffice: Command, compared: Path, fake: StrictFake, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A rollout whose held-out cases are due, and a key of suffice's own to ask them with."""
    done = suffice("rollout", "start", "triage", "--to", "claude-haiku-5-5", "--by", "Ada")
    assert done.exit_code == 0, done.output
    assert not fake.journal
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("SUFFICE_OWN_KEY", OWN_KEY)
    _make_due()
    return compared


def reruns() -> list[Path]:
    return sorted(
        path.parent
        for path in Path(".suffice/runs").glob("*/run.json")
        if json.loads(path.read_text())["settings"].get(HELD_OUT_OF)
    )


def kinds() -> list[str]:
    with Rollouts.open(STORE, write=False) as store:
        return [one.event.kind for one in store.events()]


def turn() -> Turn:
    schedule = read_schedule("1h", Decimal(5))
    assert schedule is not None
    with Rollouts.open(STORE, write=False) as store:
        found = Turns(store, every=schedule.every, usd=schedule.usd).turn("triage")
    assert found is not None
    return found


def test_what_is_due_is_asked_with_suffice_s_own_key_and_takes_a_declined_candidate_back(
    suffice: Command, rolled_out: Path, fake: StrictFake, world: World, tmp_path: Path
) -> None:
    before = len(fake.journal)
    world.candidate = 0.3

    done = suffice(*ONCE)
    suffice("monitor", "--once", "--no-alerts")

    assert done.exit_code == 0, done.output
    assert len(fake.journal) - before == ALL
    assert "held-out cases asked again for $" in done.stderr
    assert kinds() == ["started", "noted", "rolled_back"]
    assert rolled_out.exists()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if OWN_KEY.encode() in path.read_bytes()]


def test_a_schedule_in_the_settings_file_is_kept_and_a_flag_wins_over_it(
    suffice: Command, rolled_out: Path, fake: StrictFake
) -> None:
    assert rolled_out.exists()
    Path("suffice.toml").write_text('[held_out]\nevery = "1h"\nusd = 5\n')
    before = len(fake.journal)

    later = suffice("monitor", "--once", "--no-alerts", "--held-out-every", "7d")
    asked_by_then = len(fake.journal) - before
    done = suffice("monitor", "--once", "--no-alerts")

    assert later.exit_code == done.exit_code == 0, later.output + done.output
    assert asked_by_then == 0
    assert len(fake.journal) - before == ALL


def test_a_broken_settings_file_stops_a_monitor_started_by_hand_with_its_code(
    suffice: Command, rolled_out: Path, fake: StrictFake
) -> None:
    assert rolled_out.exists()
    Path("suffice.toml").write_text('[held_out]\nevery = "weekly"\n')

    refused = suffice("monitor", "--once", "--no-alerts")

    assert (refused.exit_code, refused.stderr[:5]) == (2, "SF006")
    assert not fake.journal


def test_without_a_key_of_its_own_a_schedule_is_refused_and_asks_nobody(
    suffice: Command, rolled_out: Path, fake: StrictFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A key that was set for something else is not taken.
    """
    assert rolled_out.exists()
    monkeypatch.delenv("SUFFICE_OWN_KEY")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-api03-not-to-be-seen")
    before = len(fake.journal)

    refused = suffice(*ONCE)

    assert (refused.exit_code, refused.stderr[:5]) == (1, "SF008")
    assert len(fake.journal) == before


@pytest.mark.parametrize("given", [("--held-out-every", "7d"), ("--held-out-usd", "2")])
def test_a_schedule_without_a_sum_and_a_sum_without_a_schedule_are_refused(
    suffice: Command, given: tuple[str, str]
) -> None:
    refused = suffice("monitor", "--once", *given)

    assert refused.exit_code == 2
    assert "go together" in refused.stderr


def test_a_sum_that_is_used_up_is_told_and_no_cent_more_is_spent(
    suffice: Command, rolled_out: Path, fake: StrictFake
) -> None:
    assert rolled_out.exists()
    few = ("monitor", "--once", "--no-alerts", "--held-out-every", "1h", "--held-out-usd", "0.30")
    first = suffice(*few)
    asked = len(fake.journal)
    again = suffice(*few)

    [run] = reruns()
    assert read_result(run).stopped == "budget"
    assert Decimal(turn().spent_usd) <= Decimal("0.30")
    assert "$0.30 are used up" in first.stderr
    assert (again.stderr, len(fake.journal)) == ("", asked)
    assert kinds() == ["started", "recheck_failed"]


def test_a_provider_that_fails_is_told_once_and_not_asked_again_at_once(
    suffice: Command, rolled_out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rolled_out.exists()
    closed = strict_fake(keys=["another"])
    with serve(closed) as base_url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", base_url)
        suffice(*ONCE)
        asked = len(closed.journal)
        suffice(*ONCE)

    after = turn()
    assert (len(closed.journal), after.tries) == (asked, 1)
    assert (after.next_at - after.began).total_seconds() > 800
    assert re.match(r"SF50\d .*invalid x-api-key", after.why), after.why
    assert kinds() == ["started", "recheck_failed"]


def test_killed_in_the_middle_it_is_taken_up_and_nothing_is_paid_twice(
    suffice: Command, rolled_out: Path, fake: StrictFake
) -> None:
    """
    Both die at once: the monitor that keeps the schedule, and the run it has begun.
    """
    assert rolled_out.exists()
    before = len(fake.journal)
    monitor = subprocess.Popen([sys.executable, "-m", "suffice", *ONCE], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(fake.journal) - before < 100 and time.monotonic() < deadline:
        time.sleep(0.02)
    [child] = _children(monitor.pid)
    os.kill(monitor.pid, signal.SIGKILL)
    os.kill(child, signal.SIGKILL)
    monitor.wait()
    _wait_until_dead(child)
    killed_at = len(fake.journal) - before
    _let_go_of_the_claim()

    done = suffice(*ONCE)

    [run] = reruns()
    asked = [(one.body["model"], one.body["messages"][-1]["content"]) for one in fake.journal]
    per_pair = {pair: asked[before:].count(pair) for pair in asked[before:]}
    assert done.exit_code == 0, done.output
    assert 100 <= killed_at < ALL
    assert read_result(run).types[0].pairs == 200
    # What was on its way when it was killed was asked again: at most as many as go at once.
    assert ALL <= len(fake.journal) - before <= ALL + 16
    assert sum(count > 1 for count in per_pair.values()) <= 260 + 16


@pytest.mark.parametrize("all_spent", [False, True])
def test_a_verdict_its_rollout_was_not_told_of_is_told_without_asking_anybody_again(
    suffice: Command, rolled_out: Path, fake: StrictFake, world: World, all_spent: bool
) -> None:
    """
    The store was locked when the run had come to its end, say; it may have cost the whole sum.
    """
    assert rolled_out.exists()
    world.candidate = 0.3
    schedule = read_schedule("1h", Decimal(5))
    assert schedule is not None
    places = Places(STORE, Path(".suffice/policy.json"), Path(".suffice"))
    runs = Path(".suffice/runs").absolute()
    _Untold(places, schedule, Terminal("text"), stopped=_waited, runs=runs).one()
    untold, asked = kinds(), len(fake.journal)
    if all_spent:
        schedule = read_schedule("1h", Decimal(turn().spent_usd))
        assert schedule is not None
    HeldOutRuns(places, schedule, Terminal("text"), stopped=_waited, runs=runs).one(
        datetime.now(UTC) + timedelta(minutes=20)
    )

    assert untold == ["started", "recheck_failed"]
    assert kinds()[2:] == ["noted"]
    assert len(fake.journal) == asked
    assert turn().over


def test_of_two_monitors_one_asks(suffice: Command, rolled_out: Path, fake: StrictFake) -> None:
    assert rolled_out.exists()
    before = len(fake.journal)
    command = [sys.executable, "-m", "suffice", *ONCE]

    both = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(2)]
    for one in both:
        one.wait(120)

    assert len(reruns()) == 1
    assert len(fake.journal) - before == ALL


def test_beside_the_rounds_it_delays_none_and_ends_with_them(
    suffice: Command, rolled_out: Path, fake: StrictFake, world: World
) -> None:
    """
    The monitor for good: asks when due, takes back, and stops when told to.
    """
    assert rolled_out.exists()
    world.candidate, before = 0.3, len(fake.journal)
    command = [sys.executable, "-m", "suffice", "monitor", "--no-alerts", "--every", "0.1"]
    command += ["--held-out-every", "1h", "--held-out-usd", "5"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as monitor:
        deadline = time.monotonic() + 90
        while _state() is not RolloutState.ROLLED_BACK and time.monotonic() < deadline:
            time.sleep(0.1)
        monitor.send_signal(signal.SIGTERM)

    assert _state() is RolloutState.ROLLED_BACK
    assert monitor.returncode == 0
    assert len(fake.journal) - before == ALL


def test_a_gateway_s_monitor_keeps_the_schedule_and_takes_back_what_shadow_pairs_do_not_see(
    suffice: Command, rolled_out: Path, fake: StrictFake, world: World
) -> None:
    """
    Shadow pairs of today's traffic agree; on what it was proved by the candidate has declined.
    """
    assert rolled_out.exists()
    with Rollouts.open(STORE) as store:
        store.add_pairs([_agreeing(number) for number in range(100)])
    world.candidate, before = 0.3, len(fake.journal)
    schedule = {
        "SUFFICE_HELD_OUT_EVERY": "1h",
        "SUFFICE_HELD_OUT_USD": "5",
        "SUFFICE_OWN_KEY": OWN_KEY,
    }
    upstream = os.environ["ANTHROPIC_BASE_URL"]
    places = ("--rollouts", str(STORE), "--policy", ".suffice/policy.json")
    with gateway(upstream, *places, folder=Path.cwd(), environ=schedule):
        deadline = time.monotonic() + 90
        while _state() is not RolloutState.ROLLED_BACK and time.monotonic() < deadline:
            time.sleep(0.1)

    with Rollouts.open(STORE, write=False) as store:
        kept = store.get("triage")
        [back] = [one.event for one in store.events() if one.event.kind == "rolled_back"]
    assert kept is not None
    assert kept.rollout.watch.score == kept.rollout.watch.pairs == 100
    assert "on held-out cases says Keep" in back.sentence
    assert len(fake.journal) - before == ALL
    status = suffice("rollout", "status", "triage").stdout
    assert "held-out cases: " in status


@pytest.mark.parametrize(
    ("schedule", "code"),
    [
        ({"SUFFICE_HELD_OUT_EVERY": "weekly", "SUFFICE_HELD_OUT_USD": "5"}, "SF005"),
        ({"SUFFICE_HELD_OUT_EVERY": "1h", "SUFFICE_HELD_OUT_USD": "5"}, "SF008"),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_told_and_a_gateway_s_rollouts_are_watched_on(
    rolled_out: Path, fake: StrictFake, schedule: dict[str, str], code: str
) -> None:
    """
    It is no schedule, or nobody pays for it.
    """
    assert rolled_out.exists()
    log: list[dict[str, Any]] = []
    upstream = os.environ["ANTHROPIC_BASE_URL"]
    places = ("--rollouts", str(STORE), "--policy", ".suffice/policy.json")
    with gateway(upstream, *places, folder=Path.cwd(), environ=schedule, log=log):
        deadline = time.monotonic() + 30
        while "watching" not in {one["event"] for one in log} and time.monotonic() < deadline:
            time.sleep(0.05)

    assert code in {one.get("code") for one in log}
    assert "watching" in {one["event"] for one in log}
    assert not fake.journal


class _Untold(HeldOutRuns):
    """Its runs come to their end and then cannot tell any rollout."""

    @override
    def _asked(self, turns: Turns, request_type: str, folder: Path, budget: Decimal) -> Ended:
        places, self._places = self._places, self._places._replace(store=Path("nowhere.sqlite"))
        super()._asked(turns, request_type, folder, budget)
        self._places = places
        return Ended(1, "SF602 The store is locked.")


def _waited(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _agreeing(number: int) -> ShadowPair:
    return ShadowPair(
        id=f"p{number}",
        at=datetime.now(UTC),
        type="triage",
        session=f"s{number}",
        served_by="candidate",
        probability=1.0,
        score=1.0,
    )


def _state() -> RolloutState:
    with Rollouts.open(STORE, write=False) as store:
        kept = store.get("triage")
    assert kept is not None
    return kept.rollout.state


def _make_due() -> None:
    """As if the rollout had begun two hours ago."""
    with Rollouts.open(STORE) as store:
        kept = store.get("triage")
        assert kept is not None
        rollout = kept.rollout
        earlier = msgspec.structs.replace(
            rollout,
            began=rollout.began - timedelta(hours=2),
            version=rollout.version + 1,
        )
        store.save(earlier, (), after=rollout.version)


def _let_go_of_the_claim() -> None:
    """As if two minutes had passed."""
    with Rollouts.open(STORE) as store:
        store.note("", "held_out_claim", "", at=datetime.now(UTC))


def _wait_until_dead(pid: int) -> None:
    """Until it holds no lock any more; a process that is killed takes a while to die."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state in "ZX":
            return
        time.sleep(0.02)


def _children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in told.split()]
