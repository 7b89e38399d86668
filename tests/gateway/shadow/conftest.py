"""Gateways whose shadow calls wait for batches, before a strict fake that can be told to fail."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from suffice.adapters.providers.credential import Credential
from suffice.catalog import load_catalog
from suffice.gateway.bodies import masked_body
from suffice.gateway.metrics import Metrics
from suffice.gateway.shadow.batches import BatchPace, ShadowBatches
from suffice.gateway.shadow.calls import Shadows
from suffice.gateway.shadow.fetching import AccountLines, Fetching
from suffice.gateway.shadow.ledger import ShadowLedger
from suffice.gateway.shadow.left import ShadowFolder
from suffice.gateway.shadow.own_calls import OwnCalls
from suffice.gateway.shadow.sent import SentFolder
from suffice.gateway.shadow.spending import Spending
from suffice.gateway.shadow.voice import ShadowVoice
from suffice.policy.rules import Policy, TypeRule
from suffice.records import ExchangeRecord, SentBatch, ShadowAnswers
from suffice.records.shadow import ShadowDay
from suffice.testing import serve, strict_fake

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
CALLERS, OWN = "sk-secret-of-the-client", "sk-suffices-own-0123456789"
BATCHES = "/v1/messages/batches"
NO_BATCHES = b'{"data": [], "has_more": false, "first_id": null, "last_id": null}'


class Front:
    """
    Before the strict fake: notes whose key came with what, and fails where it is told to.

    Attributes:
        asked: Method, path and key of each request.
        posts_fail: The next batches to be made are answered so; 0 lets one pass.
        gets_fail: The next looks at batches are, and lists and results.
        deletes_fail: The next batches to be deleted are answered so.
        empties: The next results come as nothing at all, with status 200.
        swallows: Batches are made, and nobody hears of it.
        lags: The next lists of batches show none.
        hangs: As long as it is cleared, batches are made, and nobody hears of it yet.
        url: Where it is served; empty unless the fixture serves it.
        said: Every message it ever answered, alone or in a batch, by its id.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self.asked: list[tuple[str, str, str]] = []
        self.posts_fail: Iterator[int] = iter(())
        self.gets_fail: Iterator[int] = iter(())
        self.deletes_fail: Iterator[int] = iter(())
        self.swallows = False
        self.empties: Iterator[bool] = iter(())
        self.lags: Iterator[bool] = iter(())
        self.hangs = threading.Event()
        self.hangs.set()
        self.url = ""
        self.said: dict[str, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        method, path = scope["method"], scope["path"]
        key = dict(scope["headers"]).get(b"x-api-key", b"").decode()
        self.asked.append((method, path, key))
        status = 0
        if path.startswith(BATCHES):
            fails = {"POST": self.posts_fail, "DELETE": self.deletes_fail}
            status = next(fails.get(method, self.gets_fail), 0)
            if self.swallows and method == "POST":
                await self.app(scope, receive, _nowhere)
                status = 504
            elif not self.hangs.is_set() and method == "POST":
                await self.app(scope, receive, _nowhere)
                await asyncio.to_thread(self.hangs.wait, 30)
                return
        if not status and path.endswith("/results") and next(self.empties, False):
            status = 200
        if (method, path) == ("GET", BATCHES) and next(self.lags, False):
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": NO_BATCHES})
            return
        if not status:
            await self.app(scope, receive, self._noting(send))
            return
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def _noting(self, send: Any) -> Any:
        """Hands an answer on, and notes the messages in it."""
        body = bytearray()

        async def noted(message: Any) -> None:
            body.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body"):
                for line in body.splitlines():
                    self._note(json.loads(line) if line.startswith(b"{") else {})
            await send(message)

        return noted

    def _note(self, told: Any) -> None:
        message = told.get("result", {}).get("message", told)
        if message.get("type") == "message":
            self.said[message["id"]] = message

    @property
    def deletes(self) -> int:
        """How often a batch was to be deleted."""
        return sum(method == "DELETE" for method, _, _ in self.asked)

    def count(self, method: str, path: str) -> int:
        """How often that was asked."""
        return sum((m, p) == (method, path) for m, p, _ in self.asked)

    def keys(self, *, of_batches: bool) -> set[str]:
        """The keys that came with batches, or with everything else."""
        return {key for _, path, key in self.asked if path.startswith(BATCHES) == of_batches}


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
        self.ledger = ShadowLedger(folder / "shadow-usd")

        def begin() -> None:
            house = running.house
            spool = house.books.spool
            left = ShadowFolder(folder / "shadow", mask=masked_body)
            calls = OwnCalls(house.pool, Credential(OWN))
            self.sent = SentFolder(folder / "shadow-batches")
            spending = Spending(self.ledger, load_catalog())
            voice = ShadowVoice(self.metrics, house.log, on_fault=self._fault)
            self.fetching = Fetching(
                calls,
                self.sent,
                folder=left,
                books=AccountLines(
                    write=house.books.write_record,
                    is_written=lambda number: spool.written >= number,
                    key="own",
                    spending=spending,
                ),
                voice=voice,
                poll_s=0.05,
                now=lambda: time.time() + self.ahead_s,
            )
            self.batches = ShadowBatches(
                calls,
                self.sent,
                fetching=self.fetching,
                spending=spending,
                voice=voice,
                pace=pace,
            )
            house.shadows = Shadows(
                house.pool,
                left,
                write=house.books.write,
                spending=spending,
                count=self.metrics.note_shadow,
                batches=self.batches,
            )

        running.call(begin)

    def _fault(self, fault: BaseException) -> None:
        self.faults.append(repr(fault))

    def ask(self, *sessions: str, betas: str = "", **more: Any) -> None:
        """A request of each session."""
        for session in sessions:
            said = f"write to bob@example.org about {session}"
            body = {
                "model": OPUS,
                "max_tokens": 99,
                "messages": [{"role": "user", "content": said}],
                **more,
            }
            headers = {
                "x-api-key": CALLERS,
                "anthropic-version": "2026-10-21",
                "x-suffice-type": "triage",
                "x-suffice-session": session,
                **({"anthropic-beta": betas} if betas else {}),
            }
            answer = httpx2.post(
                f"{self.running.url}/v1/messages",
                headers=headers,
                content=json.dumps(body),
                timeout=10,
            )
            assert answer.status_code == 200, answer.text

    def becomes(self, wanted: dict[str, int], *, within_s: float = 15.0) -> bool:
        """Whether the calls come to these ends, and no other."""
        return self.until(lambda: self.counted() == wanted, within_s=within_s)

    def until(self, condition: Callable[[], object], *, within_s: float = 15.0) -> bool:
        """Wait for something; whether it came in time."""
        ends = time.monotonic() + within_s
        while time.monotonic() < ends:
            if condition():
                return True
            threading.Event().wait(0.02)
        return bool(condition())

    def counted(self, name: str = "suffice_shadow_calls_total") -> Counter[str]:
        """How often each result came."""
        found: Counter[str] = Counter()
        for each, labels, value in self.metrics.snapshot().counters:
            if each == name:
                found[dict(labels)["result"]] += int(value)
        return found

    @property
    def batches_told(self) -> Counter[str]:
        """What became of batches."""
        return self.counted("suffice_shadow_batches_total")

    @property
    def posted(self) -> int:
        """How often a batch was to be made."""
        return self.front.count("POST", BATCHES)

    @property
    def troubles(self) -> set[str]:
        """Why batches can be neither sent nor fetched."""
        return {
            dict(labels)["reason"]
            for name, labels, value in self.metrics.snapshot().gauges
            if name == "suffice_shadow_batch_trouble" and value
        }

    def left(self) -> list[ShadowAnswers]:
        files = sorted((self.folder / "shadow").glob("*.json"))
        return [msgspec.json.decode(file.read_bytes(), type=ShadowAnswers) for file in files]

    def day(self) -> ShadowDay:
        """Today's dollars."""
        return self.ledger.look(at=time.time())

    def under_way(self) -> list[SentBatch]:
        found = (self.sent.read(name) for name in self.sent.names())
        return [each for each in found if each is not None]

    def lines(self) -> list[ExchangeRecord]:
        return [record for record in self.running.records if record.arm == "shadow"]


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
def front(clock: Clock) -> Iterator[Front]:
    """A strict fake that is served, with what notes its requests before it."""
    made = Front(strict_fake(now=clock))
    with serve(made) as url:
        made.url = url
        yield made


@pytest.fixture
def start(start_gateway: Any, tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Batching]]:
    """Starts gateways over one folder, before one fake."""
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
        assert all(each.batches.held >= 0 for each in begun)
