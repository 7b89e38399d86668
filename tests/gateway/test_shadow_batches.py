"""Shadow calls by Message Batches: gathered in memory, sent with a key of their own, fetched once."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from suffice.adapters.providers.credential import Credential
from suffice.catalog import load_catalog
from suffice.gateway.account_store import price
from suffice.gateway.bodies import masked_body
from suffice.gateway.metrics import Metrics
from suffice.gateway.own_calls import OwnCalls
from suffice.gateway.sent_batches import SentFolder
from suffice.gateway.shadow_batches import BatchPace, ShadowBatches
from suffice.gateway.shadow_fetching import AccountLines, Fetching
from suffice.gateway.shadow_files import ShadowFolder
from suffice.gateway.shadow_voice import ShadowVoice
from suffice.gateway.shadows import Shadows
from suffice.policy.rules import Policy, TypeRule
from suffice.records import ExchangeRecord, SentBatch, ShadowAnswers
from suffice.testing import serve, strict_fake
from suffice.testing.script import overloaded

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
CALLERS, OWN = "sk-secret-of-the-client", "sk-suffices-own-0123456789"
HEADERS = {"x-api-key": CALLERS, "anthropic-version": "2026-10-21"}
BATCHES = "/v1/messages/batches"
SECRET = "bob@example.org"


class Front:
    """Before the strict fake: notes whose key came with what, and fails where it is told to."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.asked: list[tuple[str, str, str]] = []
        self.fails: Callable[[str, str], int] = lambda _method, _path: 0
        self.swallows: Callable[[str, str], bool] = lambda _method, _path: False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        method, path = scope["method"], scope["path"]
        headers = dict(scope["headers"])
        self.asked.append((method, path, headers.get(b"x-api-key", b"").decode()))
        status = self.fails(method, path)
        if not status:
            if self.swallows(method, path):
                # It is done, and nobody hears of it.
                await self.app(scope, receive, _nowhere)
                status = 504
            else:
                await self.app(scope, receive, send)
                return
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    def count(self, method: str, path: str) -> int:
        return sum((m, p) == (method, path) for m, p, _ in self.asked)

    def keys(self, path: str) -> set[str]:
        return {key for _, p, key in self.asked if p.startswith(path)}


async def _nowhere(_message: Any) -> None:
    return


class Batching:
    """A gateway whose shadow calls wait for batches, with what it counted, left and wrote."""

    def __init__(self, running: Any, folder: Path, front: Front, pace: BatchPace) -> None:
        self.running, self.folder, self.front = running, folder, front
        self.told: list[tuple[str, str]] = []
        self.metrics = Metrics()
        self.ahead_s = 0.0
        self.faults: list[str] = []
        self.upstream = ""

        def begin() -> None:
            house = running.house
            spool = house.books.spool
            left = ShadowFolder(folder / "shadow", mask=masked_body)
            calls = OwnCalls(house.pool, Credential(OWN))
            self.sent = SentFolder(folder / "shadow-batches")
            voice = ShadowVoice(self.metrics, house.log, on_fault=self._fault)
            self.fetching = Fetching(
                calls,
                self.sent,
                folder=left,
                books=AccountLines(
                    write=house.books.write_record,
                    is_written=lambda number: spool.written >= number,
                    key="own",
                ),
                voice=voice,
                poll_s=0.05,
                now=lambda: time.time() + self.ahead_s,
            )
            self.batches = ShadowBatches(
                calls, self.sent, fetching=self.fetching, voice=voice, pace=pace
            )
            house.shadows = Shadows(
                house.pool,
                left,
                write=house.books.write,
                count=self.metrics.note_shadow,
                batches=self.batches,
            )

        running.call(begin)

    def _fault(self, fault: BaseException) -> None:
        self.faults.append(repr(fault))

    def ask(self, *, session: str, **more: Any) -> httpx2.Response:
        body = {
            "model": OPUS,
            "max_tokens": 99,
            "messages": [{"role": "user", "content": f"write to {SECRET} about {session}"}],
            **more,
        }
        headers = {**HEADERS, "x-suffice-type": "triage", "x-suffice-session": session}
        answer = httpx2.post(
            f"{self.running.url}/v1/messages", headers=headers, content=json.dumps(body), timeout=10
        )
        assert answer.status_code == 200, answer.text
        return answer

    def counted(self, name: str = "suffice_shadow_calls_total") -> Counter[str]:
        found: Counter[str] = Counter()
        for each, labels, value in self.metrics.snapshot().counters:
            if each == name:
                found[dict(labels)["result"]] += int(value)
        return found

    @property
    def troubles(self) -> set[str]:
        return {
            dict(labels)["reason"]
            for name, labels, value in self.metrics.snapshot().gauges
            if name == "suffice_shadow_batch_trouble" and value
        }

    def left(self) -> list[ShadowAnswers]:
        files = sorted((self.folder / "shadow").glob("*.json"))
        return [msgspec.json.decode(file.read_bytes(), type=ShadowAnswers) for file in files]

    def under_way(self) -> list[SentBatch]:
        found = (self.sent.read(name) for name in self.sent.names())
        return [each for each in found if each is not None]

    def lines(self) -> list[ExchangeRecord]:
        return [record for record in self.running.records if record.arm == "shadow"]


def until(condition: Callable[[], object], *, within_s: float = 10.0) -> bool:
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if condition():
            return True
        threading.Event().wait(0.02)
    return bool(condition())


Start = Callable[..., Batching]


class Clock:
    """The fake's time, put forward by tests."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(start_gateway: Any, tmp_path: Path, clock: Clock) -> Iterator[Start]:
    begun: list[Batching] = []
    with ExitStack() as stack:

        def begin(
            *,
            pace: BatchPace = BatchPace(calls=2, wait_s=60, rest_s=0.1),  # noqa: B008 - frozen
            rule: dict[str, Any] | None = None,
            before: Batching | None = None,
            **fake: Any,
        ) -> Batching:
            front = before.front if before else Front(strict_fake(now=clock, **fake))
            url = stack.enter_context(serve(front))
            made = {"baseline": OPUS, "candidate": HAIKU, "shadow": 1.0, "shadow_batched": True}
            policy = Policy(version=4, types={"triage": TypeRule(**{**made, **(rule or {})})})
            made_one = Batching(start_gateway(url, policy=policy), tmp_path, front, pace)
            made_one.upstream = url
            begun.append(made_one)
            return made_one

        yield begin
        assert [fault for each in begun for fault in each.faults] == []


def test_calls_wait_and_are_sent_together_with_a_key_of_their_own(start: Start) -> None:
    gateway = start()
    gateway.ask(session="s1")
    assert not until(lambda: gateway.front.count("POST", BATCHES), within_s=0.6)
    gateway.ask(session="s2")
    assert until(lambda: gateway.counted()["answered"] == 2)
    assert gateway.front.count("POST", BATCHES) == 1
    assert gateway.front.keys(BATCHES) == {OWN}
    assert gateway.front.keys("/v1/messages") - gateway.front.keys(BATCHES) == {CALLERS}
    assert gateway.under_way() == []


def test_a_call_waits_no_longer_than_it_may(start: Start) -> None:
    gateway = start(pace=BatchPace(calls=50, wait_s=0.3))
    gateway.ask(session="s1")
    assert until(lambda: gateway.counted()["answered"] == 1)


def test_both_answers_are_left_as_pairs_and_the_calls_are_lines_of_the_account(
    start: Start,
) -> None:
    gateway = start(answers=lambda body: f"I am {body['model']}")
    for session in ("s1", "s2"):
        gateway.ask(session=session)
    assert until(lambda: gateway.counted()["answered"] == 2)
    for pair in gateway.left():
        assert (pair.served_by, pair.candidate, pair.probability) == ("baseline", HAIKU, 1.0)
        assert json.loads(pair.served)["content"][-1]["text"] == f"I am {OPUS}"
        assert json.loads(pair.shadow or b"")["content"][-1]["text"] == f"I am {HAIKU}"
    lines = gateway.lines()
    assert {(line.served_model, line.key, line.answered) for line in lines} == {
        (HAIKU, "own", False)
    }
    assert len({line.id for line in lines}) == 2


def test_the_bill_of_a_batched_call_is_half_of_a_live_ones_to_the_last_digit(start: Start) -> None:
    prices = load_catalog()
    waits = start()
    for session in ("s1", "s2"):
        waits.ask(session=session)
    assert until(lambda: len(waits.lines()) == 2)
    live = start(rule={"shadow_batched": False})
    for session in ("s1", "s2"):
        live.ask(session=session)
    assert until(lambda: len(live.lines()) == 2)

    half = sum(price(line, prices).picousd or 0 for line in waits.lines())
    whole = sum(price(line, prices).picousd or 0 for line in live.lines())

    assert half > 0
    assert Decimal(whole) / 2 == half


def test_nothing_unmasked_and_no_key_lies_on_disk_at_any_time(start: Start, tmp_path: Path) -> None:
    gateway = start(batch_polls=10_000)
    for session in ("s1", "s2", "s3"):
        gateway.ask(session=session, system="password: hunter2-hunter2, key sk-ant-api03-planted00")
    assert until(lambda: [each.batch for each in gateway.under_way()] != [])
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for batch in gateway.under_way():
        kept += b"".join(call.pair.request + call.pair.served for call in batch.calls.values())
    for secret in (SECRET, "planted00", "hunter2", CALLERS, OWN, "s3"):
        assert secret.encode() not in kept
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "shadow-batches").iterdir()}
    assert modes == {0}


def test_results_come_in_any_order_and_each_finds_its_request(start: Start) -> None:
    gateway = start(
        pace=BatchPace(calls=5, wait_s=60),
        answers=lambda body: body["messages"][0]["content"].rpartition(" ")[2],
    )
    for number in range(5):
        gateway.ask(session=f"s{number}")
    assert until(lambda: gateway.counted()["answered"] == 5)
    for pair in gateway.left():
        both = (json.loads(pair.served), json.loads(pair.shadow or b""))
        assert len({each["content"][-1]["text"] for each in both}) == 1


def test_items_that_err_are_missing_pairs_that_cost_nothing(start: Start) -> None:
    def say(body: Any) -> Any:
        if body["model"] == HAIKU and "s1" in body["messages"][0]["content"]:
            return overloaded()
        return "fine"

    gateway = start(answers=say)
    for session in ("s1", "s2"):
        gateway.ask(session=session)
    assert until(lambda: sum(gateway.counted().values()) == 2)
    assert gateway.counted() == {"answered": 1, "missing": 1}
    [missing] = [pair for pair in gateway.left() if pair.why_missing]
    assert missing.why_missing == "the batch answered overloaded_error"
    assert (missing.shadow, missing.unbilled, missing.shadow_status) == (None, True, 529)
    [line] = [line for line in gateway.lines() if line.status == 529]
    assert price(line, load_catalog()).picousd == 0


def test_items_that_expire_are_missing_pairs_that_cost_nothing(start: Start, clock: Clock) -> None:
    gateway = start(batch_polls=10_000)
    for session in ("s1", "s2"):
        gateway.ask(session=session)
    assert until(lambda: gateway.counted("suffice_shadow_batches_total")["sent"])
    clock.ahead = timedelta(hours=25)
    assert until(lambda: gateway.counted()["missing"] == 2)
    assert {pair.why_missing for pair in gateway.left()} == {"the batch expired"}
    assert [price(line, load_catalog()).picousd for line in gateway.lines()] == [0, 0]
    assert gateway.under_way() == []


@pytest.mark.parametrize("status", [401, 403, 429, 503, 529])
def test_a_batch_that_is_refused_for_now_is_sent_again_and_then_no_more(
    start: Start, status: int
) -> None:
    gateway = start()
    gateway.front.fails = lambda method, path: status if method == "POST" and path == BATCHES else 0
    for session in ("s1", "s2"):
        gateway.ask(session=session)
    assert until(lambda: gateway.counted()["dropped"] == 2, within_s=15)
    assert gateway.front.count("POST", BATCHES) == 5
    assert gateway.troubles == {f"HTTP {status}"}
    assert gateway.under_way() == []


def test_a_batch_that_was_refused_once_arrives_at_the_second_try(start: Start) -> None:
    gateway = start()
    gateway.front.fails = lambda method, path: (
        429
        if method == "POST" and gateway.front.count("POST", BATCHES) == 1 and path == BATCHES
        else 0
    )
    for session in ("s1", "s2"):
        gateway.ask(session=session)
    assert until(lambda: gateway.counted()["answered"] == 2)
    assert gateway.front.count("POST", BATCHES) == 2
    assert gateway.troubles == set()


def test_a_batch_the_provider_will_never_take_is_dropped_at_once(start: Start) -> None:
    gateway = start()
    gateway.front.fails = lambda method, path: 400 if (method, path) == ("POST", BATCHES) else 0
    for session in ("s1", "s2"):
        gateway.ask(session=session)
    assert until(lambda: gateway.counted()["dropped"] == 2)
    assert gateway.front.count("POST", BATCHES) == 1


def test_what_may_have_arrived_is_found_by_its_ids_and_never_sent_twice(start: Start) -> None:
    gateway = start()
    gateway.front.swallows = lambda method, path: (method, path) == ("POST", BATCHES)
    for session in ("s1", "s2"):
        gateway.ask(session=session)
    assert until(lambda: gateway.counted("suffice_shadow_batches_total")["unsure"] == 1)
    assert until(lambda: gateway.batches.held == 0)
    assert [each.batch for each in gateway.under_way()] == [""]
    gateway.ahead_s = 200
    assert until(lambda: gateway.counted()["answered"] == 2)
    assert gateway.front.count("POST", BATCHES) == 1
    assert len(gateway.lines()) == 2


def test_a_strangers_batch_of_the_same_time_and_size_is_not_taken_for_ours(start: Start) -> None:
    gateway = start()
    params = {"model": HAIKU, "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    strangers = [{"custom_id": f"theirs-{n}", "params": params} for n in range(2)]
    url = gateway.upstream + BATCHES
    httpx2.post(url, json={"requests": strangers}, headers=HEADERS).raise_for_status()
    gateway.front.swallows = lambda method, path: (method, path) == ("POST", BATCHES)
    for session in ("s1", "s2"):
        gateway.ask(session=session)
    assert until(lambda: gateway.counted("suffice_shadow_batches_total")["unsure"] == 1)
    assert until(lambda: gateway.batches.held == 0)
    gateway.ahead_s = 200
    assert until(lambda: gateway.counted()["answered"] == 2)
    assert all("s1" in str(pair.request) or "s2" in str(pair.request) for pair in gateway.left())


def test_a_batch_that_was_never_there_is_forgotten_and_counted(start: Start) -> None:
    gateway = start(rule={"shadow": 0.0})
    gateway.sent.put(
        SentBatch(name="sfs-1", at=time.time() - 1_000, version="2026-10-21", calls={})
    )
    assert until(lambda: gateway.counted("suffice_shadow_batches_total")["not_there"] == 1)
    assert gateway.under_way() == []


def test_what_turns_out_never_to_have_arrived_is_sent_again(start: Start) -> None:
    gateway = start()
    gateway.front.fails = lambda method, path: (
        500
        if (method, path) == ("POST", BATCHES) and gateway.front.count("POST", BATCHES) == 1
        else 0
    )
    for session in ("s1", "s2"):
        gateway.ask(session=session)
    assert until(lambda: gateway.counted()["answered"] == 2)
    assert gateway.front.count("POST", BATCHES) == 2


def test_a_fetch_that_fails_is_made_again(start: Start) -> None:
    gateway = start()
    broken = iter([503, 429, 0, 500])
    gateway.front.fails = lambda method, path: (
        next(broken, 0) if method == "GET" and path.startswith(BATCHES) else 0
    )
    for session in ("s1", "s2"):
        gateway.ask(session=session)
    assert until(lambda: gateway.counted()["answered"] == 2, within_s=15)
    assert len(gateway.lines()) == 2


@pytest.mark.parametrize(
    "more",
    [
        {"mcp_servers": [{"type": "url", "url": "https://x.example", "name": "x"}]},
        {"container": "container_1"},
    ],
)
def test_what_only_its_caller_may_ask_is_called_live(start: Start, more: dict[str, Any]) -> None:
    gateway = start()
    betas = {"anthropic-beta": "mcp-client-2025-11-20"} if "mcp_servers" in more else {}
    HEADERS.update(betas)
    try:
        gateway.ask(session="s1", **more)
    finally:
        HEADERS.pop("anthropic-beta", None)
    assert until(lambda: sum(gateway.counted().values()) == 1)
    assert gateway.front.count("POST", BATCHES) == 0
    assert gateway.front.count("POST", "/v1/messages") == 2


def test_too_many_waiting_calls_are_dropped_and_counted(start: Start) -> None:
    gateway = start(pace=BatchPace(calls=50, wait_s=600, most_waiting=10))
    for number in range(15):
        gateway.ask(session=f"s{number}")
    assert gateway.counted() == {"dropped": 5}
    assert gateway.batches.held == 10


def test_what_waits_is_sent_when_the_worker_is_told_to_stop(start: Start) -> None:
    gateway = start(pace=BatchPace(calls=50, wait_s=600))
    gateway.ask(session="s1")
    gateway.running.call(lambda: gateway.running.worker.drain(within_s=5))
    assert gateway.front.count("POST", BATCHES) == 1
    assert [len(each.calls) for each in gateway.under_way()] == [1]
    assert gateway.under_way()[0].batch


def test_a_worker_without_time_to_drain_drops_and_counts(start: Start) -> None:
    gateway = start(pace=BatchPace(calls=50, wait_s=600))
    gateway.ask(session="s1")
    gateway.running.call(lambda: gateway.running.worker.drain(within_s=0))
    assert gateway.counted() == {"dropped": 1}
    assert gateway.front.count("POST", BATCHES) == 0


def test_another_worker_fetches_what_a_gone_one_has_sent(start: Start) -> None:
    first = start()
    first.front.fails = lambda method, _path: 503 if method == "GET" else 0
    for session in ("s1", "s2"):
        first.ask(session=session)
    assert until(lambda: first.counted("suffice_shadow_batches_total")["sent"])
    first.running.call(lambda: first.running.worker.drain(within_s=0))

    first.front.fails = lambda _method, _path: 0
    second = start(before=first, rule={"shadow": 0.0})

    assert until(lambda: second.counted()["answered"] == 2)
    assert len(second.lines()) == 2
    assert first.lines() == []


def test_of_two_workers_one_fetches_and_nothing_counts_twice(start: Start) -> None:
    one = start()
    other = start(before=one)
    for number in range(4):
        (one if number % 2 else other).ask(session=f"s{number}")
    assert until(lambda: one.counted()["answered"] + other.counted()["answered"] == 4)
    assert sorted([len(one.lines()), len(other.lines())]) == [0, 4]
    assert one.front.count("POST", BATCHES) == 2


def test_calls_with_other_betas_go_in_a_batch_of_their_own(start: Start) -> None:
    gateway = start(pace=BatchPace(calls=50, wait_s=0.3))
    gateway.ask(session="s1")
    HEADERS["anthropic-beta"] = "effort-2025-11-24"
    try:
        gateway.ask(session="s2")
    finally:
        del HEADERS["anthropic-beta"]
    assert until(lambda: gateway.counted()["answered"] == 2)
    assert gateway.front.count("POST", BATCHES) == 2
