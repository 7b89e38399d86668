"""Real gateways killed at any moment: no batch is lost, and no call counts twice."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from suffice.catalog import load_catalog
from suffice.policy.rules import Policy, TypeRule
from suffice.pricing import cost
from suffice.records import SentBatch, Usage
from suffice.testing import StrictFake

HAIKU, OWN = "claude-haiku-5-5", "sk-suffices-own-0123456789"
OFTEN = ("--limit", "shadow_batch_calls=3", "--limit", "shadow_poll_s=0.2", "--drain", "5")
SOON = ("--limit", "shadow_batch_s=0.3")


@pytest.fixture
def policy(tmp_path: Path) -> None:
    rule = TypeRule(baseline="claude-opus-5-5", candidate=HAIKU, shadow=1.0, shadow_batched=True)
    made = Policy(version=1, types={"triage": rule})
    (tmp_path / "policy.json").write_bytes(msgspec.json.encode(made))


def begun(start_process: Callable[..., Any], upstream: str, *options: str) -> Any:
    return start_process(*OFTEN, *options, upstream=upstream, SUFFICE_OWN_KEY=OWN)


def ask(gateway: Any, *sessions: str) -> None:
    for session in sessions:
        named = {"x-suffice-type": "triage", "x-suffice-session": session}
        with gateway.ask(None, **named) as answer:
            assert answer.status == 200


def sent(folder: Path) -> list[Path]:
    return sorted((folder / "data" / "shadow-batches").glob("*.json"))


def pairs(folder: Path) -> int:
    return len(list((folder / "data" / "shadow").glob("*.json")))


def until(condition: Callable[[], object], *, within_s: float = 20.0) -> bool:
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if condition():
            return True
        threading.Event().wait(0.02)
    return bool(condition())


def lines(folder: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "data" / "account.sqlite")) as account:
        return account.execute(
            "SELECT id, message_id, picousd, usage FROM exchanges WHERE arm = 'shadow'"
        ).fetchall()


def taken(fake: StrictFake) -> list[str]:
    """The ids of all calls within batches that the provider took."""
    return [
        item["custom_id"]
        for entry in fake.journal
        if (entry.method, entry.path) == ("POST", "/v1/messages/batches") and entry.status == 200
        for item in entry.body["requests"]
    ]


@pytest.mark.usefixtures("policy")
def test_a_gateway_killed_between_sending_and_fetching_loses_no_batch(
    front: Any, start_process: Any, tmp_path: Path
) -> None:
    front.gets_fail = itertools.repeat(503)
    first = begun(start_process, front.url)
    ask(first, "s1", "s2", "s3")
    assert until(lambda: [b'"batch"' in path.read_bytes() for path in sent(tmp_path)] == [True])
    first.process.kill()
    first.process.wait()

    front.gets_fail = iter(())
    second = begun(start_process, front.url)

    assert until(lambda: not sent(tmp_path) and pairs(tmp_path) == 3)
    assert second.end() == 0
    assert front.count("POST", "/v1/messages/batches") == 1
    assert len(lines(tmp_path)) == 3


@pytest.mark.usefixtures("policy")
def test_a_gateway_killed_before_it_hears_of_its_batch_finds_it_again(
    front: Any, start_process: Any, tmp_path: Path
) -> None:
    front.hangs.clear()
    first = begun(start_process, front.url)
    ask(first, "s1", "s2", "s3")
    assert until(lambda: len(taken(front.app)) == 3)
    first.process.kill()
    first.process.wait()
    front.hangs.set()
    [path] = sent(tmp_path)
    assert b'"batch"' not in path.read_bytes()

    backdate(path, by_s=200)
    second = begun(start_process, front.url)

    assert until(lambda: not sent(tmp_path) and pairs(tmp_path) == 3)
    assert second.end() == 0
    assert front.count("POST", "/v1/messages/batches") == 1
    assert len(lines(tmp_path)) == 3


def backdate(path: Path, *, by_s: float) -> None:
    """As if so much time had passed since a batch was sent."""
    found = msgspec.json.decode(path.read_bytes(), type=SentBatch)
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(found, at=found.at - by_s)))


@pytest.mark.usefixtures("policy")
def test_whenever_it_is_killed_every_batched_call_is_in_the_account_once_at_half_the_price(
    front: Any, start_process: Any, tmp_path: Path
) -> None:
    number = itertools.count()
    for wait_s in (0.4, 0.9, 0.6, 1.2):
        gateway = begun(start_process, front.url, "--workers", "2", *SOON)
        ask(gateway, *(f"s{next(number)}" for _ in range(10)))
        threading.Event().wait(wait_s)
        # The workers first: whoever keeps them would let them drain.
        for pid in children(gateway.process.pid):
            os.kill(pid, signal.SIGKILL)
        gateway.process.kill()
        gateway.process.wait()
    for path in sent(tmp_path):
        backdate(path, by_s=200)

    last = begun(start_process, front.url)
    arrived = {name.rpartition("-")[0] for name in taken(front.app)}
    # What was written down and never sent stays a while: it might still turn up.
    assert until(lambda: not [path for path in sent(tmp_path) if path.stem in arrived], within_s=40)
    assert last.end() == 0

    found = lines(tmp_path)
    assert {name.rpartition(":")[2] for name, *_ in found} == set(taken(front.app))
    # Each session has one pair, and each call that was sent is of another session.
    assert len(found) == len(taken(front.app)) == pairs(tmp_path) > 0
    assert len({message for _, message, _, _ in found}) == len(found)
    prices, today = load_catalog(), datetime.now(UTC)
    for _, _, picousd, told in found:
        usage = msgspec.json.decode(told, type=Usage)
        live = msgspec.structs.replace(usage, service_tier="standard")
        assert usage.service_tier == "batch"
        assert cost(live, HAIKU, at=today, catalog=prices) * 10**12 == 2 * picousd > 0


def children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in told]


@pytest.mark.usefixtures("policy")
def test_neither_key_is_in_any_file_log_title_or_argument(
    front: Any, start_process: Any, tmp_path: Path
) -> None:
    gateway = begun(start_process, front.url, "--workers", "2", *SOON)
    ask(gateway, "s1", "s2", "s3")
    assert until(lambda: pairs(tmp_path) == 3)
    titles = b"".join(
        Path(f"/proc/{pid}/cmdline").read_bytes()
        for pid in (gateway.process.pid, *children(gateway.process.pid))
    )
    assert gateway.end() == 0

    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    said = titles + kept + "".join(gateway.lines).encode()
    assert OWN.encode() not in said
    assert b"sk-ant-secret-0123456789" not in said
    assert front.keys(of_batches=True) == {OWN}
    assert OWN not in front.keys(of_batches=False)
