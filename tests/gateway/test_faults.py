"""What a client sees when something breaks: the upstream's truth or a clear error, never a hang."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import msgspec
import pytest

from suffice.gateway.limits import Limits
from suffice.policy.rules import Policy, TypeRule
from suffice.testing import (
    Cuts,
    ErrorEvent,
    Garbles,
    Stalls,
    overloaded,
    rate_limited,
    serve,
    server_error,
    strict_fake,
)

ASK = {
    "model": "claude-haiku-5-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "hi"}],
}
EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
START = b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","model":"claude-haiku-5-5","usage":{"input_tokens":9,"output_tokens":1}}}\n\n'


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def cut_after(*pieces: bytes) -> Any:
    async def say(_asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.02)  # so that each arrives by itself
        writer.close()

    return say


def test_an_upstream_that_is_gone_is_a_502_at_once(
    start_gateway: Any, talk_to: Any, post: Any
) -> None:
    with socket.socket() as deaf:  # nobody else gets the port, and nobody listens there
        deaf.bind(("127.0.0.1", 0))
        gateway = start_gateway(f"http://127.0.0.1:{deaf.getsockname()[1]}")
        talk = talk_to(gateway)
        talk.send(post(ASK))
        answer = talk.read_to_end()

    assert answer.startswith(b"HTTP/1.1 502")
    assert msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])["error"]["type"] == "api_error"
    assert [each.error_type for each in gateway.wait_for(1)] == ["connect"]


@pytest.mark.parametrize(
    "said",
    [
        (),
        (b"HTTP/1.1 200 OK\r\ncontent-le",),
        (b"garbage\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",),
    ],
)
def test_no_answer_or_none_in_http_is_a_502(
    gateway: Any, upstream: Any, talk: Any, post: Any, said: Any
) -> None:
    upstream.say = cut_after(*said)
    talk.send(post(ASK))

    assert talk.read_to_end().startswith(b"HTTP/1.1 502")


@pytest.mark.parametrize(
    "said",
    [
        (EVENTS,),
        (EVENTS, chunk(START)),
        (EVENTS, b"ff\r\nhalf a chunk"),
        (EVENTS, chunk(START), b"zz\r\nno chunk"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this",),
    ],
)
def test_a_cut_reaches_the_client_as_a_cut_and_is_accounted_as_one(
    gateway: Any, upstream: Any, talk: Any, post: Any, said: Any
) -> None:
    upstream.say = cut_after(*said)
    talk.send(post({**ASK, "stream": True}))
    answer = talk.read_to_end()
    [record] = gateway.wait_for(1)

    assert answer.startswith(b"HTTP/1.1 200")
    assert not answer.endswith(b"0\r\n\r\n")
    assert not record.complete
    assert record.error_type in {"cut", "garbage"}


def test_a_cut_stream_keeps_the_usage_it_had_told(
    gateway: Any, upstream: Any, talk: Any, post: Any
) -> None:
    upstream.say = cut_after(EVENTS, chunk(START))
    talk.send(post({**ASK, "stream": True}))
    talk.read_to_end()
    usage = gateway.wait_for(1)[0].usage

    assert usage is not None
    assert (usage.input_tokens, usage.complete) == (9, False)


def test_a_client_that_leaves_ends_the_upstreams_work(
    gateway: Any, upstream: Any, talk: Any, post: Any
) -> None:
    async def say(_asked: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(EVENTS + chunk(START))
        await reader.read()
        writer.close()

    upstream.say = say
    talk.send(post({**ASK, "stream": True}))
    talk.read_until(b"\n\n")
    talk.close()

    assert upstream.gone.wait(60)
    [record] = gateway.wait_for(1)
    assert (record.error_type, record.complete) == ("client_disconnected", False)
    assert record.usage is not None


def test_a_client_that_leaves_before_any_answer_ends_it_too(
    gateway: Any, upstream: Any, talk: Any, post: Any
) -> None:
    async def say(_asked: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    upstream.say = say
    talk.send(post(ASK))
    while not upstream.asked:
        upstream.gone.wait(0.01)
    talk.close()

    assert upstream.gone.wait(60)


def test_an_upstream_that_never_answers_is_a_504(
    upstream: Any, start_gateway: Any, talk_to: Any, post: Any
) -> None:
    async def say(_asked: Any, reader: asyncio.StreamReader, _writer: Any) -> None:
        await reader.read()

    upstream.say = say
    talk = talk_to(start_gateway(upstream.url, limits=Limits(first_byte_s=0.1)))
    talk.send(post(ASK))

    assert talk.read_to_end().startswith(b"HTTP/1.1 504")


def test_a_candidate_that_never_begins_its_stream_gives_way(
    upstream: Any, start_gateway: Any, talk_to: Any, post: Any
) -> None:
    async def say(asked: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"haiku" in asked.body:
            await reader.read()
        writer.write(EVENTS + chunk(START) + b"0\r\n\r\n")

    upstream.say = say
    rule = TypeRule(baseline="claude-opus-5-5", candidate="claude-haiku-5-5", share=1.0)
    gateway = start_gateway(
        upstream.url,
        limits=Limits(candidate_first_byte_s=0.1),
        policy=Policy(version=1, types={"t": rule}),
    )
    talk = talk_to(gateway)
    talk.send(
        post({**ASK, "model": "claude-opus-5-5", "stream": True}, extra=b"x-suffice-type: t\r\n")
    )

    assert b"x-suffice-model: claude-opus-5-5" in talk.read_until(b"0\r\n\r\n")


def test_a_stream_that_falls_silent_for_good_is_cut(
    upstream: Any, start_gateway: Any, talk_to: Any, post: Any
) -> None:
    async def say(_asked: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(EVENTS + chunk(START))
        await reader.read()

    upstream.say = say
    talk = talk_to(start_gateway(upstream.url, limits=Limits(silent_s=0.1)))
    talk.send(post({**ASK, "stream": True}))

    assert talk.read_to_end().endswith(chunk(START))


def test_a_slow_client_holds_the_upstream_back_and_not_our_memory(
    gateway: Any, upstream: Any, talk: Any, post: Any
) -> None:
    sent = 0

    async def say(_asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (64 << 20))
        for _ in range(64):
            writer.write(b"x" * (1 << 20))
            await writer.drain()
            sent += 1

    upstream.say = say
    talk.send(post(ASK))
    upstream.gone.wait(0.5)
    held_back = sent
    got = len(talk.read_until(b"\r\n\r\n").partition(b"\r\n\r\n")[2])
    while got < 64 << 20:
        got += len(talk.socket.recv(1 << 20))

    assert held_back < 32
    assert (got, sent) == (64 << 20, 64)


def test_a_slow_upstream_holds_the_client_back_and_the_connection_goes_on(
    gateway: Any, upstream: Any, start_gateway: Any
) -> None:
    most_buffered = 0
    size = 48 << 20

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for length in (size, 0):
            await reader.readuntil(b"\r\n\r\n")
            left = length
            while left:
                await asyncio.sleep(0.001)
                left -= len(await reader.read(1 << 20))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await reader.read()
        writer.close()

    served = asyncio.run_coroutine_threadsafe(
        asyncio.start_server(slow, "127.0.0.1", 0, limit=1 << 16), upstream.loop
    ).result(60)
    running = start_gateway(f"http://127.0.0.1:{served.sockets[0].getsockname()[1]}")
    with socket.create_connection(("127.0.0.1", running.port), 10) as client:
        client.sendall(b"POST /v1/files HTTP/1.1\r\nhost: gw\r\ncontent-length: %d\r\n\r\n" % size)
        for _ in range(48):
            client.sendall(b"x" * (1 << 20))
            [connection] = running.house.pool._all or [None]
            if connection is not None:
                most_buffered = max(most_buffered, connection.transport.get_write_buffer_size())
        assert client.recv(1000).endswith(b"ok")
        client.sendall(b"GET /v1/files HTTP/1.1\r\nhost: gw\r\n\r\n")
        assert client.recv(1000).endswith(b"ok")
    upstream.loop.call_soon_threadsafe(served.close)

    assert most_buffered < 4 << 20


def test_a_client_that_never_reads_is_let_go(
    upstream: Any, start_gateway: Any, talk_to: Any, post: Any
) -> None:
    async def say(_asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (64 << 20) + b"x" * (64 << 20)
        )
        await writer.drain()

    upstream.say = say
    gateway = start_gateway(upstream.url, limits=Limits(unread_s=0.1))
    talk_to(gateway).send(post(ASK))

    assert upstream.gone.wait(60)
    assert gateway.wait_for(1)[0].error_type == "client_disconnected"


def test_an_idle_connection_the_upstream_closed_is_not_used_again(
    gateway: Any, upstream: Any, talk: Any, post: Any
) -> None:
    async def say(_asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nend_turn")
        await writer.drain()
        writer.close()

    upstream.say = say
    for _ in range(3):
        talk.send(post(ASK))
        assert talk.read_until(b"end_turn").startswith(b"HTTP/1.1 200")

    assert upstream.connections == 3


def test_an_answer_without_a_length_ends_with_its_connection(
    gateway: Any, upstream: Any, talk: Any, post: Any
) -> None:
    upstream.say = cut_after(b"HTTP/1.1 200 OK\r\n\r\nsome", b" text")
    talk.send(post(ASK, extra=b"connection: close\r\n"))
    answer = talk.read_to_end()

    assert b"".join(answer.partition(b"\r\n\r\n")[2].split(b"\r\n")[1::2]) == b"some text"
    assert answer.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(
    ("step", "status", "error"),
    [
        (rate_limited(retry_after_s=3), 429, "rate_limit_error"),
        (rate_limited(), 429, "rate_limit_error"),
        (overloaded(), 529, "overloaded_error"),
        (server_error(), 500, "api_error"),
        (ErrorEvent(), 200, "overloaded_error"),
        (Cuts(after_events=2), 200, "cut"),
        (Cuts(quietly=True), 200, None),
        (Garbles(), 200, None),
        (Stalls(seconds=0.2), 200, None),
    ],
    ids=repr,
)  # fmt: skip
def test_what_the_strict_fake_does_wrong_is_told_and_accounted_as_it_was(
    start_gateway: Any, talk_to: Any, post: Any, step: Any, status: Any, error: Any
) -> None:
    with serve(strict_fake(script=[step])) as url:
        gateway = start_gateway(url)
        talk = talk_to(gateway)
        talk.send(post({**ASK, "stream": True}, extra=b"connection: close\r\n"))
        answer = talk.read_to_end()
        [record] = gateway.wait_for(1)

    assert answer.startswith(b"HTTP/1.1 %d" % status)
    assert (record.status, record.error_type) == (status, error)
    assert record.complete is isinstance(step, Stalls) or record.outcome != "ok"
    assert (b"retry-after: 3" in answer) == (step == rate_limited(retry_after_s=3))
