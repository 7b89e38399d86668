"""What shadow calls cost in a day stays within its limit, live or by batch, whatever is killed."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from suffice.catalog import load_catalog
from suffice.gateway.shadow.batches import BatchPace
from suffice.gateway.shadow.ledger import ShadowLedger
from suffice.policy.rules import Policy, TypeRule
from suffice.pricing import cost, read_usage
from suffice.records import SentBatch
from suffice.records.shadow import ShadowDay

OWN, PATIENCE_S = "sk-suffices-own-0123456789", 120.0
LONG = {
    "model": "claude-opus-5-5",
    "max_tokens": 200,
    "messages": [{"role": "user", "content": "what was said " * 1_500}],
}
OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
AT_ONCE = BatchPace(calls=50, wait_s=0.3, rest_s=0.1)
LIVE = {"shadow_batched": False}
COUNTS_AS_NONE = {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}


@pytest.fixture(autouse=True)
def within_one_day() -> None:
    """A sum a day is looked at in seconds."""
    if datetime.now(UTC).strftime("%H:%M") >= "23:55":
        pytest.skip("NOT TESTED: limits of a day, since it ends in a moment")


def billed_usd(front: Any) -> Decimal:
    """What the upstream itself would bill for the candidate's answers."""
    prices, today, found = load_catalog(), datetime.now(UTC), Decimal(0)
    for message in front.said.values():
        if message["model"] == HAIKU:
            usage = read_usage(message["usage"])
            assert usage is not None
            found += cost(usage, HAIKU, at=today, catalog=prices)
    return found


def limited(start: Callable[..., Any], usd: str, **options: Any) -> Any:
    gateway = start(**options)
    assert gateway.ledger.limit_to(Decimal(usd), by="test")
    return gateway


def test_calls_that_wait_or_are_on_their_way_leave_no_room_for_others(start: Any) -> None:
    gateway = limited(start, "0.0005", pace=BatchPace(calls=2, wait_s=60), batch_polls=10_000)

    gateway.ask(*(f"s{number}" for number in range(6)))

    assert gateway.becomes({"over_budget": 3})
    assert gateway.until(lambda: gateway.batches_told["sent"] == 1)
    day = gateway.day()
    assert (day.calls_held, day.refused_usd, day.is_used_up) == (2, day.held_usd / 2, False)
    assert gateway.batches.held == 1
    assert day.held_usd * 3 / 2 <= Decimal("0.0005") < day.held_usd * 2


def test_what_answers_did_not_use_comes_back(start: Any) -> None:
    gateway = limited(start, "0.0005", pace=AT_ONCE)
    gateway.ask("s1", "s2", "s3")
    assert gateway.becomes({"answered": 3})

    gateway.ask("s4", "s5", "s6")

    assert gateway.becomes({"answered": 6})
    day = gateway.day()
    assert (day.calls_held, day.held_usd) == (0, 0)
    assert day.spent_usd == billed_usd(gateway.front) > 0


def test_a_batch_that_is_never_taken_costs_nothing(start: Any) -> None:
    gateway = limited(start, "1")
    gateway.front.posts_fail = iter([400])

    gateway.ask("s1", "s2")

    assert gateway.becomes({"dropped": 2})
    assert gateway.until(lambda: gateway.day() == ShadowDay(limit_usd=Decimal(1)))


def test_a_batch_that_is_sent_again_counts_once(start: Any) -> None:
    gateway = limited(start, "0.0004", batch_polls=10_000)
    gateway.front.posts_fail = iter([503, 529])

    gateway.ask("s1", "s2")

    assert gateway.until(lambda: gateway.batches_told["sent"] == 1)
    assert (gateway.posted, gateway.day().calls_held) == (3, 2)


def test_what_waited_when_the_sum_was_lowered_is_not_sent(start: Any) -> None:
    gateway = limited(start, "1", pace=BatchPace(calls=3, wait_s=60), batch_polls=10_000)
    gateway.ask("s1", "s2")
    assert gateway.batches.held == 2
    gateway.ledger.limit_to(Decimal("0.0002"), by="test")

    gateway.running.call(lambda: gateway.batches.finish(within_s=20))

    assert gateway.becomes({"over_budget": 1})
    [sent] = gateway.under_way()
    assert (len(sent.calls), gateway.day().calls_held) == (1, 1)


def test_live_calls_are_held_to_the_same_sum(start: Any) -> None:
    gateway = limited(start, "0.0003", rule=LIVE)
    gateway.ask("s1")
    assert gateway.becomes({"answered": 1})

    gateway.ask("s2")

    assert gateway.becomes({"answered": 1, "over_budget": 1})
    day = gateway.day()
    assert (day.spent_usd, day.is_used_up) == (billed_usd(gateway.front), True)


@pytest.mark.parametrize("usd", [None, "1000"])
def test_what_has_no_bound_is_called_only_where_there_is_no_limit(
    start: Any, usd: str | None
) -> None:
    gateway = start(rule=LIVE)
    if usd:
        gateway.ledger.limit_to(Decimal(usd), by="test")

    gateway.ask("s1", **COUNTS_AS_NONE)

    assert gateway.becomes({"unbounded": 1} if usd else {"answered": 1})
    assert (gateway.day().spent_usd > 0) is (usd is None)


@pytest.fixture
def storm(
    front: Any, start_process: Callable[..., Any], tmp_path: Path
) -> Callable[..., ShadowDay]:
    """
    Two workers under a limit, killed four times in the middle of their calls; then a last
    gateway that is asked until the day is as it is to be, and ends in peace.
    """  # noqa: D205 - one sentence
    number = itertools.count()
    ledger = ShadowLedger(tmp_path / "data" / "shadow-usd")

    def begin(usd: str) -> Any:
        often = (
            f"--limit=shadow_{name}" for name in ("batch_calls=3", "batch_s=0.3", "poll_s=0.2")
        )
        options = ("--shadow-usd", usd, "--workers", "2", "--drain", "5", *often)
        return start_process(*options, upstream=front.url, SUFFICE_OWN_KEY=OWN)

    def ask(gateway: Any, calls: int) -> None:
        for _ in range(calls):
            named = {"x-suffice-type": "triage", "x-suffice-session": f"s{next(number)}"}
            with gateway.ask(LONG, **named) as answer:
                assert answer.status == 200

    def run(usd: str, *, batched: bool, until_: Callable[[ShadowDay], bool]) -> ShadowDay:
        rule = TypeRule(baseline=OPUS, candidate=HAIKU, shadow=1.0, shadow_batched=batched)
        policy = Policy(version=1, types={"triage": rule})
        (tmp_path / "policy.json").write_bytes(msgspec.json.encode(policy))
        for _ in range(4):
            gateway = begin(usd)
            ask(gateway, 6)
            kill(gateway)
        for path in (tmp_path / "data" / "shadow-batches").glob("*.json"):
            backdate(path, by_s=1_000)
        last = begin(usd)
        ends = time.monotonic() + PATIENCE_S
        while not until_(ledger.look(at=time.time())) and time.monotonic() < ends:
            ask(last, 3)
            time.sleep(0.2)
        assert last.end() == 0
        return ledger.look(at=time.time())

    return run


def kill(gateway: Any) -> None:
    """The workers first: whoever keeps them would let them drain."""
    told = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children").read_text()
    for pid in told.split():
        os.kill(int(pid), signal.SIGKILL)
    gateway.process.kill()
    gateway.process.wait()


def backdate(path: Path, *, by_s: float) -> None:
    """As if so much time had passed since a batch was sent."""
    found = msgspec.json.decode(path.read_bytes(), type=SentBatch)
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(found, at=found.at - by_s)))


def test_batches_of_workers_that_are_killed_stay_within_the_sum_and_use_it_up(
    front: Any, storm: Callable[..., ShadowDay]
) -> None:
    """
    What is killed unsent comes back: in the end the day has no room for a single call more.
    """
    day = storm("0.02", batched=True, until_=lambda day: day.is_used_up)

    assert day.is_used_up
    assert Decimal("0.0185") < billed_usd(front) <= day.spent_usd <= Decimal("0.02")


def test_live_calls_of_workers_that_are_killed_stay_within_the_sum(
    front: Any, storm: Callable[..., ShadowDay]
) -> None:
    """
    What was on its way when they were killed stays counted at its most: nobody knows better.
    """
    day = storm("0.02", batched=False, until_=lambda day: day.refused_usd is not None)

    assert day.refused_usd is not None
    assert 0 < billed_usd(front) <= day.spent_usd + day.held_usd <= Decimal("0.02")
