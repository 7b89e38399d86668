"""The other model answers a copy of what was served: beside requests, bounded, and accounted."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from typing_extensions import override

from suffice.catalog import load_catalog
from suffice.gateway.bodies import masked_body
from suffice.gateway.shadow.calls import Shadows
from suffice.gateway.shadow.ledger import ShadowLedger
from suffice.gateway.shadow.left import ShadowFolder
from suffice.gateway.shadow.spending import Spending
from suffice.policy.rules import Policy, TypeRule
from suffice.records import ShadowAnswers
from suffice.records.shadow import ShadowDay

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
PATIENCE_S = 60.0
HEADERS = {"x-api-key": "sk-secret-of-the-client", "anthropic-version": "2026-10-21"}
SSE = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_2","type":"message",'
    b'"role":"assistant","model":"claude-opus-5-5","content":[],"stop_reason":null,'
    b'"usage":{"input_tokens":3,"output_tokens":1}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"streamed"}}\n\n'
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},'
    b'"usage":{"output_tokens":4}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)

SAID = (
    b'{"type":"message","model":"claude-haiku-5-5","content":[],'
    b'"usage":{"input_tokens":9,"output_tokens":9}}'
)


class Shadowed:
    """A gateway that shadows, with what it counted and left."""

    def __init__(
        self, running: Any, folder: Path, ledger: ShadowLedger, *, longest_s: float
    ) -> None:
        self.running, self.folder, self.ledger = running, folder, ledger
        self.told: list[tuple[str, str]] = []

        def count(type_: str, result: str) -> None:
            self.told.append((type_, result))

        def begin() -> None:
            house = running.house
            house.shadows = Shadows(
                house.pool,
                ShadowFolder(folder, mask=masked_body),
                write=house.books.write,
                spending=Spending(ledger, load_catalog()),
                count=count,
            )
            house.shadows.longest_s = longest_s

        running.call(begin)

    def ask(self, *, session: str = "", **more: Any) -> httpx2.Response:
        body = {
            "model": OPUS,
            "max_tokens": 99,
            "messages": [{"role": "user", "content": "write to bob@example.org"}],
            **more,
        }
        named = {"x-suffice-session": session} if session else {}
        return httpx2.post(
            f"{self.running.url}/v1/messages",
            headers={**HEADERS, "x-suffice-type": "triage", **named},
            content=json.dumps(body),
            timeout=PATIENCE_S,
        )

    def wait_told(self, count: int = 1) -> list[tuple[str, str]]:
        ends = time.monotonic() + PATIENCE_S
        while len(self.told) < count and time.monotonic() < ends:
            time.sleep(0.01)
        return self.told

    def left(self) -> list[ShadowAnswers]:
        files = sorted(self.folder.glob("*.json"))
        return [msgspec.json.decode(file.read_bytes(), type=ShadowAnswers) for file in files]


Start = Callable[..., Shadowed]


@pytest.fixture
def shadowed(upstream: Any, start_gateway: Any, tmp_path: Path) -> Start:
    def start(
        ledger: ShadowLedger | None = None, *, longest_s: float = 1_200.0, **rule: Any
    ) -> Shadowed:
        made = TypeRule(**{"baseline": OPUS, "candidate": HAIKU, "shadow": 1.0, **rule})
        policy = Policy(version=4, types={"triage": made})
        return Shadowed(
            start_gateway(upstream.url, policy=policy),
            tmp_path / "shadow",
            ledger or ShadowLedger(tmp_path / "shadow-usd"),
            longest_s=longest_s,
        )

    return start


def models_asked(upstream: Any) -> list[str]:
    return [json.loads(asked.body)["model"] for asked in upstream.asked]


def test_the_candidate_answers_a_copy_after_the_client_was_served(
    shadowed: Start, upstream: Any
) -> None:
    gateway = shadowed()
    answer = gateway.ask(session="s1")
    assert answer.headers["x-suffice-model"] == OPUS
    assert gateway.wait_told() == [("triage", "answered")]
    assert models_asked(upstream) == [OPUS, HAIKU]
    [found] = gateway.left()
    assert (found.served_by, found.candidate, found.probability) == ("baseline", HAIKU, 1.0)
    assert json.loads(found.served) == answer.json()
    assert json.loads(found.shadow or b"")["content"] == [{"type": "text", "text": "hi"}]


def test_its_call_is_in_the_account_as_one_of_its_own(shadowed: Start) -> None:
    gateway = shadowed()
    gateway.ask()
    gateway.wait_told()
    arms = [(record.arm, record.answered) for record in gateway.running.wait_for(2)]
    assert sorted(arms) == [("baseline", True), ("shadow", False)]


def test_a_session_is_shadowed_once(shadowed: Start, upstream: Any) -> None:
    gateway = shadowed()
    for _ in range(3):
        gateway.ask(session="s1")
    gateway.ask(session="s2")
    gateway.wait_told(2)
    gateway.running.wait_for(6)
    assert sorted(models_asked(upstream)) == [HAIKU, HAIKU, OPUS, OPUS, OPUS, OPUS]


def test_neither_secret_nor_credential_nor_session_reaches_the_disk(
    shadowed: Start, tmp_path: Path
) -> None:
    gateway = shadowed()
    gateway.ask(session="session-of-somebody")
    gateway.wait_told()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    [found] = gateway.left()
    kept += found.request + found.served
    for secret in (b"bob@example.org", b"sk-secret-of-the-client", b"session-of-somebody"):
        assert secret not in kept


def test_a_stream_is_shadowed_unstreamed_and_put_together(shadowed: Start, upstream: Any) -> None:
    async def say(asked: Any, reader: Any, writer: Any) -> None:
        if json.loads(asked.body).get("stream"):
            head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            writer.write(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(SSE), SSE))
        else:
            body = b'{"content":[{"type":"text","text":"whole"}]}'
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
            writer.write(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body))
        await writer.drain()

    upstream.say = say
    gateway = shadowed()
    assert gateway.ask(stream=True).content == SSE
    assert gateway.wait_told() == [("triage", "answered")]
    [found] = gateway.left()
    assert json.loads(found.served)["content"] == [{"type": "text", "text": "streamed"}]
    assert json.loads(found.shadow or b"")["content"] == [{"type": "text", "text": "whole"}]


def test_what_the_other_model_refuses_is_told_and_left_as_missing(
    shadowed: Start, upstream: Any
) -> None:
    async def say(asked: Any, reader: Any, writer: Any) -> None:
        served = json.loads(asked.body)["model"] == OPUS
        status, body = (b"200 OK", b'{"content":[]}') if served else (b"400 Bad Request", b"{}")
        writer.write(b"HTTP/1.1 %b\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body))

    upstream.say = say
    gateway = shadowed()
    assert gateway.ask().status_code == 200
    assert gateway.wait_told() == [("triage", "missing")]
    [found] = gateway.left()
    assert (found.shadow, found.why_missing, found.shadow_status) == (None, "HTTP 400", 400)


def test_a_provider_under_load_is_asked_nothing_more_for_a_while(
    shadowed: Start, upstream: Any
) -> None:
    async def say(asked: Any, reader: Any, writer: Any) -> None:
        if json.loads(asked.body)["model"] == OPUS:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        else:
            writer.write(b"HTTP/1.1 429 Slow\r\nretry-after: 60\r\ncontent-length: 2\r\n\r\n{}")

    upstream.say = say
    gateway = shadowed()
    gateway.ask(session="s1")
    gateway.wait_told(1)
    for n in range(4):
        assert gateway.ask(session=f"t{n}").status_code == 200
    assert [result for _, result in gateway.wait_told(5)] == ["missing", *["rested"] * 4]
    assert models_asked(upstream).count(HAIKU) == 1


def test_a_slow_shadow_never_holds_a_client_up_and_too_many_are_dropped(
    shadowed: Start, upstream: Any
) -> None:
    async def say(asked: Any, reader: Any, writer: Any) -> None:
        if json.loads(asked.body)["model"] == HAIKU:
            await asyncio.sleep(30)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    upstream.say = say
    gateway = shadowed()
    began = time.monotonic()
    with httpx2.Client(base_url=gateway.running.url) as client:
        for n in range(80):
            headers = {**HEADERS, "x-suffice-type": "triage", "x-suffice-session": f"s{n}"}
            body = json.dumps({"model": OPUS, "max_tokens": 9, "messages": []})
            assert client.post("/v1/messages", headers=headers, content=body).status_code == 200
    assert time.monotonic() - began < 15
    assert gateway.told == [("triage", "dropped")] * (80 - 64 - 4)


def test_an_answer_that_drips_for_ever_is_given_up(shadowed: Start, upstream: Any) -> None:
    async def say(asked: Any, reader: Any, writer: Any) -> None:
        if json.loads(asked.body)["model"] == OPUS:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            return
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.05)

    upstream.say = say
    gateway = shadowed(longest_s=0.5)
    gateway.ask()

    assert gateway.wait_told() == [("triage", "missing")]
    assert [one.why_missing for one in gateway.left()] == ["cut"]
    assert gateway.ledger.look(at=time.time()).calls_held == 0


def test_after_the_switch_the_baseline_answers_what_the_candidate_served(
    shadowed: Start, upstream: Any
) -> None:
    gateway = shadowed(share=1.0)
    assert gateway.ask().headers["x-suffice-model"] == HAIKU
    assert gateway.wait_told() == [("triage", "answered")]
    assert models_asked(upstream) == [HAIKU, OPUS]


def test_a_full_disk_costs_the_pair_and_nothing_else(shadowed: Start, tmp_path: Path) -> None:
    (tmp_path / "shadow").write_text("a file where the folder should be")
    gateway = shadowed()
    assert gateway.ask().status_code == 200
    assert gateway.wait_told() == [("triage", "unwritten")]


class SlowLedger(ShadowLedger):
    """Sets nothing aside before it is told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked, self.goes_on = threading.Event(), threading.Event()

    @override
    def reserve(self, most: Mapping[str, int | None], *, at: float) -> frozenset[str]:
        self.asked.set()
        assert self.goes_on.wait(PATIENCE_S)
        return super().reserve(most, at=at)


def test_a_call_that_is_not_made_any_more_gives_back_what_was_set_aside_for_it(
    shadowed: Start, upstream: Any, tmp_path: Path
) -> None:
    ledger = SlowLedger(tmp_path / "shadow-usd")
    gateway = shadowed(ledger)
    gateway.ask()
    assert ledger.asked.wait(PATIENCE_S)

    async def end() -> None:
        ending = asyncio.ensure_future(gateway.running.house.shadows.finish(within_s=PATIENCE_S))
        await asyncio.sleep(0)
        ledger.goes_on.set()
        await ending

    gateway.running.call(end)

    assert gateway.told == [("triage", "dropped")]
    assert models_asked(upstream) == [OPUS]
    assert [record.arm for record in gateway.running.wait_for(1)] == ["baseline"]
    assert ledger.look(at=time.time()) == ShadowDay()
    assert gateway.left() == []


def test_a_live_call_costs_what_it_used_and_at_its_most_where_nobody_knows(
    shadowed: Start, upstream: Any, tmp_path: Path
) -> None:
    async def say(asked: Any, reader: Any, writer: Any) -> None:
        model = json.loads(asked.body)["model"]
        told = {"type": "message", "model": model, "usage": {"input_tokens": 9, "output_tokens": 9}}
        if model == HAIKU and b"cut" in asked.body:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{")
            writer.close()
            return
        said = json.dumps(told).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(said), said))

    upstream.say = say
    gateway = shadowed()
    gateway.ask(session="s1")
    assert gateway.wait_told() == [("triage", "answered")]
    known = gateway.ledger.look(at=time.time())
    gateway.ask(session="s2", system="cut")
    assert gateway.wait_told(2)[1] == ("triage", "missing")
    at_most = gateway.ledger.look(at=time.time())

    # Nine tokens in at $0.10 and nine out at $0.50 a million.
    assert (known.spent_usd, known.calls_held) == (Decimal("0.0000054"), 0)
    assert at_most.spent_usd > Decimal("0.0002")
    assert at_most.calls_held == 0


def test_a_call_there_is_no_room_for_waits_for_one_that_is_under_way(
    shadowed: Start, upstream: Any
) -> None:
    goes_on = threading.Event()

    async def say(asked: Any, reader: Any, writer: Any) -> None:
        if json.loads(asked.body)["model"] == HAIKU:
            await asyncio.to_thread(goes_on.wait, PATIENCE_S)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(SAID), SAID))

    upstream.say = say
    gateway = shadowed()
    gateway.ledger.limit_to(Decimal("0.0004"), by="test")
    gateway.ask(session="s1")
    gateway.ask(session="s2")
    ends = time.monotonic() + PATIENCE_S
    while not (most := gateway.ledger.look(at=time.time()).held_usd) and time.monotonic() < ends:
        time.sleep(0.01)
    gateway.ask(session="s3")
    goes_on.set()

    assert gateway.wait_told(3) == [("triage", "answered")] * 3
    assert most <= Decimal("0.0004") < 2 * most
    assert models_asked(upstream).count(HAIKU) == 3
