"""A gateway watches rollouts by itself: real processes, real files, and whatever goes wrong."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import sqlite3
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from suffice.adapters.controlling.controller import Controller
from suffice.adapters.controlling.evidence import PROMPT, gather
from suffice.adapters.policies import PolicyFiles
from suffice.adapters.storage.rollouts import Rollouts
from suffice.gateway.shadow.left import ShadowFolder
from suffice.monitor import Start, named_plan, start
from suffice.policy.changes import Signature
from suffice.policy.fingerprint import prompt_version
from suffice.records import RollbackCause, ShadowAnswers
from suffice.records.rollout import RolloutBasis
from suffice.records.rollout_evidence import ShadowPair
from suffice.testing import serve, strict_fake
from suffice.testing.answers import Reply, Said
from suffice.testing.script import Fails

# Whoever waits for the monitor to look does not wait long; what it promises is held at its own pace.
QUICK = {"SUFFICE_MONITOR_EVERY": "0.1"}
WINDOW = {"SUFFICE_MONITOR_WINDOW": "1"}
# A second or two on a machine that is free; this much where it has much else to do.
SOON_S = 8.0
STATE = 'suffice_rollout_state{type="triage",state="rolled_back"}'
ROUND = "suffice_monitor_round_timestamp_seconds"
OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"


class Rolling:
    """The rollouts of a folder in which a gateway runs."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".suffice" / "rollouts.sqlite"
        self.policies = PolicyFiles(folder / "policy.json")

    def begin(self, plan: str = "50/100", *, prompt_version: str = "") -> None:
        """Start a rollout, as `suffice rollout start` does."""
        wish = Start(
            type="triage",
            baseline=OPUS,
            candidate=HAIKU,
            basis=RolloutBasis(
                run="r1", verdict="switch", pairs=412, prompt_version=prompt_version
            ),
            plan=named_plan(plan),
        )
        now = datetime.now(UTC) - timedelta(seconds=30)
        stepped = start(wish, now=now)
        with Rollouts.open(self.path) as store:
            kept = store.begin(stepped.rollout, stepped.events, after=None)
            controller = Controller(
                store,
                self.policies,
                gather=lambda kept, at: gather(store, kept, account=None, now=at),
            )
            controller.carry_out(kept, stepped.wanted, Signature(at=now, by="Ada", reason=""))

    def disagree(self, pairs: int = 60) -> None:
        """Pairs served just now of which none agrees."""
        with Rollouts.open(self.path) as store:
            store.add_pairs(
                [
                    ShadowPair(
                        id=f"p{place}",
                        at=datetime.now(UTC) + timedelta(seconds=1),
                        type="triage",
                        session=f"s{place}",
                        served_by="candidate",
                        probability=1.0,
                        score=0.0,
                    )
                    for place in range(pairs)
                ]
            )

    def ask(
        self, gateway: Any, system: str, *, times: int, apart_s: float = 0.11
    ) -> dict[str, str]:
        """Requests as they come, each a conversation of its own: request id -> who served it."""
        served = {}
        for number in range(times):
            question = {"role": "user", "content": f"{system} {number} {time.time_ns()}"}
            body = {"model": OPUS, "max_tokens": 99, "system": system, "messages": [question]}
            with gateway.ask(body, **{"x-suffice-type": "triage"}) as answer:
                assert answer.status == 200
                served[answer.headers["request-id"]] = answer.headers["x-suffice-model"]
            time.sleep(apart_s)
        return served

    def cause(self) -> RollbackCause | None:
        with Rollouts.open(self.path, write=False) as store:
            [kept] = store.all()
        return kept.rollout.requalification.cause

    def live_prompt(self) -> str:
        """The version that the monitor takes for the live one; empty as long as it knows none."""
        with Rollouts.open(self.path, write=False) as store:
            return store.noted("triage", PROMPT)

    def counted(self) -> int:
        """Conversations of both arms that the guards have seen."""
        with Rollouts.open(self.path, write=False) as store:
            windows = store.windows("triage")
        return sum(window.candidate.seen + window.baseline.seen for window in windows)

    def told(self) -> list[str]:
        with Rollouts.open(self.path, write=False) as store:
            return [one.event.kind for one in store.events(request_type="triage")]


@pytest.fixture
def rolling(tmp_path: Path) -> Rolling:
    return Rolling(tmp_path)


def seconds_until(true: Callable[[], Any], *, within_s: float = 60.0) -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s
        time.sleep(0.01)
    return time.monotonic() - began


def workers_at(gateway: Any, version: int) -> set[str]:
    return {
        line["worker"]
        for line in gateway.logged
        if line["event"] == "policy" and line["version"] == version
    }


def metrics(gateway: Any) -> str:
    url = gateway.url + "/metrics"
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own address
        return str(answer.read().decode())


def rounds(gateway: Any, *, more: int) -> None:
    """Wait until the monitor has looked so often again."""
    for _ in range(more):
        seconds_until(partial(later, gateway, last_round(gateway)))


def later(gateway: Any, before: float) -> bool:
    return last_round(gateway) > before


def last_round(gateway: Any) -> float:
    [line] = [line for line in metrics(gateway).splitlines() if line.startswith(ROUND)]
    return float(line.split()[-1])


def test_a_rollout_begun_while_it_runs_is_watched_and_taken_back_in_every_worker_soon(
    start_process: Any, rolling: Rolling
) -> None:
    gateway = start_process("--workers", "2")
    assert not [line for line in gateway.logged if line["worker"] == "monitor"]

    rolling.begin()
    began = seconds_until(lambda: workers_at(gateway, 1) == {"0", "1"})
    gateway.wait_for("watching", rollouts=1)
    rolling.disagree()
    taken_back = seconds_until(lambda: workers_at(gateway, 2) == {"0", "1"})

    assert max(began, taken_back) < SOON_S, (began, taken_back)
    assert gateway.ask(**{"x-suffice-type": "triage"}).headers["x-suffice-model"] == OPUS
    rounds(gateway, more=1)
    assert rolling.told() == ["started", "rolled_back"]
    assert rolling.policies.load().policy.version == 2
    seconds_until(lambda: f"{STATE} 1" in metrics(gateway))
    assert gateway.end() == 0


def test_two_gateways_over_one_store_act_once_and_both_follow(
    start_process: Any, rolling: Rolling
) -> None:
    rolling.begin()
    both = [start_process(), start_process("--data", "data2")]
    for gateway in both:
        gateway.wait_for("watching")

    rolling.disagree()

    taken_back = seconds_until(lambda: all(workers_at(gateway, 2) for gateway in both))
    assert taken_back < SOON_S
    for gateway in both:
        rounds(gateway, more=1)
    assert rolling.told() == ["started", "rolled_back"]
    assert rolling.policies.load().policy.version == 2


def test_a_monitor_that_is_killed_is_started_again_and_does_nothing_twice(
    start_process: Any, rolling: Rolling
) -> None:
    rolling.begin()
    gateway = start_process(**QUICK)
    first = gateway.wait_for("watching")["pid"]

    os.kill(first, signal.SIGKILL)
    rolling.disagree()
    seconds_until(lambda: workers_at(gateway, 2))
    [second] = monitors(gateway) - {first}
    os.kill(second, signal.SIGKILL)
    seconds_until(lambda: monitors(gateway) - {first, second})
    rounds(gateway, more=5)

    assert rolling.told() == ["started", "rolled_back"]
    assert rolling.policies.load().policy.version == 2


def monitors(gateway: Any) -> set[int]:
    return {line["pid"] for line in gateway.logged if line["event"] == "watching"}


def test_it_ends_with_its_gateway_even_where_that_is_killed(
    start_process: Any, rolling: Rolling
) -> None:
    rolling.begin()
    gateway = start_process()
    pid = gateway.wait_for("watching")["pid"]

    gateway.process.kill()

    seconds_until(lambda: not runs(pid))


def runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize(("begun", "options"), [(True, ("--no-monitor",)), (False, ())])
def test_without_a_store_or_with_no_monitor_there_is_none(
    start_process: Any, rolling: Rolling, begun: bool, options: tuple[str, ...]
) -> None:
    if begun:
        rolling.begin()

    gateway = start_process(*options)

    # The account's child is started after the monitor would have been.
    seconds_until(lambda: children(gateway.process.pid))
    assert not [words for words in children(gateway.process.pid) if "monitor" in words]


def children(pid: int) -> list[list[str]]:
    """The command lines of a process's children, once they are programs of their own."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text(encoding="utf-8").split():
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8").split("\0")
                found.append(words)
    return [words for words in found if "gateway" not in words]


def test_a_place_for_alerts_without_its_secret_leaves_no_rollout_unwatched(
    start_process: Any, rolling: Rolling, tmp_path: Path
) -> None:
    place = '[alerts.team]\nkind = "slack"\nurl_env = "NOBODY_SET_THIS"\n'
    (tmp_path / "suffice.toml").write_text(place)
    rolling.begin()
    gateway = start_process(**QUICK)
    trouble = gateway.wait_for("monitor trouble")
    assert "NOBODY_SET_THIS" in trouble["problem"]
    gateway.wait_for("watching")


def test_a_store_that_vanishes_costs_no_request_is_said_and_is_not_made_anew(
    start_process: Any, rolling: Rolling
) -> None:
    rolling.begin()
    gateway = start_process(**QUICK)
    gateway.wait_for("watching")

    # The database itself first: without its journal it would be another one for a moment.
    for path in sorted(rolling.path.parent.glob("rollouts.sqlite*")):
        path.unlink()

    gateway.wait_for("monitor trouble", code="SF601")
    seconds_until(lambda: 'suffice_monitor_trouble{reason="SF601"} 1' in metrics(gateway))
    assert gateway.ask(**{"x-suffice-type": "triage"}).headers["x-suffice-policy"] == "1"
    assert not rolling.path.exists()


def test_a_locked_store_costs_no_request_and_is_made_good_once_it_is_free(
    start_process: Any, rolling: Rolling
) -> None:
    rolling.begin()
    gateway = start_process(**QUICK)
    gateway.wait_for("watching")
    held = sqlite3.connect(rolling.path, isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    leave_answers(gateway.data / "shadow")

    seconds_until(lambda: [line for line in gateway.logged if line["event"] == "monitor trouble"])
    assert gateway.ask(**{"x-suffice-type": "triage"}).status == 200
    held.execute("ROLLBACK")
    held.close()

    seconds_until(lambda: not list((gateway.data / "shadow").iterdir()))
    seconds_until(lambda: "suffice_monitor_trouble 0" in metrics(gateway))


def leave_answers(folder: Path) -> None:
    """As many as make a scorer known."""
    message = b'{"content":[{"type":"text","text":"refund"}],"stop_reason":"end_turn"}'
    for number in range(20):
        found = ShadowAnswers(
            id=f"a{number}",
            at=time.time(),
            type="triage",
            session=f"a{number}",
            served_by="candidate",
            probability=1.0,
            baseline=OPUS,
            candidate=HAIKU,
            request=b'{"messages":[]}',
            served=message,
            shadow=message,
        )
        assert ShadowFolder(folder, mask=bytes).leave(found)


OVERLOADED = Fails(status=529, type="overloaded_error", message="simulated")
REFUSES = Said(refusal="cyber")


@pytest.mark.parametrize("mishap", [OVERLOADED, REFUSES], ids=["529", "refusal"])
def test_a_candidate_that_begins_to_fail_is_taken_back_and_no_caller_sees_an_error(
    start_process: Any, rolling: Rolling, mishap: Reply
) -> None:
    failing = False
    turn = itertools.cycle((True, False))

    def answer(body: Any) -> Reply:
        # Every other one, so that it is not given a rest for failing three times in a row.
        fails = failing and body["model"] == HAIKU and next(turn)
        return mishap if fails else Said(text="refund")

    rolling.begin()
    with serve(strict_fake(answers=answer)) as url:
        gateway = start_process("--workers", "2", upstream=url, **QUICK, **WINDOW)
        gateway.wait_for("watching")
        rolling.ask(gateway, "Sort the ticket.", times=40, apart_s=0.02)
        seconds_until(lambda: rolling.counted() >= 30)
        rounds(gateway, more=1)
        assert rolling.told() == ["started"]

        failing = True
        rolling.ask(gateway, "Sort the ticket.", times=60, apart_s=0.02)

        seconds_until(lambda: workers_at(gateway, 2) == {"0", "1"})
        assert rolling.told() == ["started", "rolled_back"]
        assert rolling.cause() is RollbackCause.ERRORS


def test_answers_that_users_dislike_take_the_rollout_back(
    start_process: Any, rolling: Rolling
) -> None:
    rolling.begin()
    gateway = start_process(**QUICK, **WINDOW)
    gateway.wait_for("watching")
    served = rolling.ask(gateway, "Sort the ticket.", times=60, apart_s=0.02)
    assert len(set(served)) == 60

    for request_id, model in served.items():
        tell(gateway, request_id, good=model == OPUS)

    seconds_until(lambda: workers_at(gateway, 2))
    assert rolling.told() == ["started", "rolled_back"]
    assert rolling.cause() is RollbackCause.FEEDBACK


def tell(gateway: Any, request_id: str, *, good: bool) -> None:
    request = urllib.request.Request(  # noqa: S310 - our own address
        gateway.url + "/v1/suffice/feedback",
        json.dumps({"request_id": request_id, "good": good}).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - likewise
        assert answer.status == 200


def test_an_edit_of_the_live_prompt_voids_the_evidence_and_takes_the_rollout_back(
    start_process: Any, rolling: Rolling
) -> None:
    old, new = ("Sort the ticket.", "Sort the ticket into a queue.")
    rolling.begin(prompt_version=prompt_version({"system": old}))
    gateway = start_process("--workers", "2", **QUICK)
    gateway.wait_for("watching")
    rolling.ask(gateway, old, times=12)
    seconds_until(rolling.live_prompt)
    rounds(gateway, more=2)
    assert rolling.told() == ["started"]

    rolling.ask(gateway, new, times=14)

    seconds_until(lambda: workers_at(gateway, 2) == {"0", "1"})
    assert rolling.told() == ["started", "rolled_back"]
    assert rolling.cause() is RollbackCause.PROMPT
