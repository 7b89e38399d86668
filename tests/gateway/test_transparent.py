"""Without a policy the gateway is a wire: what goes in comes out, byte for byte."""

from __future__ import annotations

import asyncio
import gzip
import itertools
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ODD = [
    b'{"model": "claude-opus-5-5",\n\t"max_tokens":9 , "unknown":12345678901234567890123,"x":1,"x":2,"messages":[]}',
    b'{"model":"claude-opus-5-5","max_tokens":1e1,"messages":[{"role":"user","content":"\\u00e9\xc3\xa9\xf0\x9f\x98\x80"}]}',
    b"not json at all \xff\x00",
    b"[" * 100_000,
    b"",
]

token = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789-_", min_size=1, max_size=20)
plain = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)
RESERVED = {
    "host", "connection", "content-length", "transfer-encoding", "expect", "upgrade", "te",
    "trailer", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "http2-settings",
}  # fmt: skip


@pytest.mark.parametrize("body", ODD)
def test_any_body_arrives_as_it_was_sent(
    gateway: Any, upstream: Any, talk: Any, post: Any, body: Any
) -> None:
    talk.send(post(body))
    talk.read_until(b"end_turn")

    assert upstream.asked[0].body == body


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=st.binary(max_size=3000)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=3)
    )
    .map(repr)
    .map(lambda text: text.encode("utf-8", "replace")),
    headers=st.lists(st.tuples(token, plain), max_size=8),
    query=st.sampled_from([b"", b"?beta=true", b"?a=%20&b"]),
    cuts=st.lists(st.integers(0, 3500), max_size=3),
)
def test_random_requests_arrive_unchanged_however_they_are_cut(
    gateway: Any, upstream: Any, talk_to: Any, body: Any, headers: Any, query: Any, cuts: Any
) -> None:
    kept = [
        (n, v)
        for n, v in headers
        if n.lower() not in RESERVED and not n.lower().startswith("x-suffice-")
    ]
    lines = b"".join(b"%b: %b\r\n" % (n.encode(), v.encode()) for n, v in kept)
    raw = b"POST /v1/messages%b HTTP/1.1\r\nHost: gw\r\n%bContent-Length: %d\r\n\r\n%b" % (
        query,
        lines,
        len(body),
        body,
    )
    talk = talk_to(gateway)
    places = sorted({0, *(cut for cut in cuts if cut < len(raw)), len(raw)})
    for start, end in itertools.pairwise(places):
        talk.send(raw[start:end])
    talk.read_until(b"end_turn")
    talk.close()

    asked = upstream.asked[-1]
    assert asked.lines[0] == b"POST /v1/messages%b HTTP/1.1" % query
    assert asked.body == body
    sent = [f"{n}: {v.strip()}".rstrip().encode() for n, v in kept]
    got = [
        line.rstrip()
        for line in asked.lines[1:]
        if not line.lower().startswith((b"host:", b"content-length:"))
    ]
    assert got == sent


def test_chunks_of_a_request_become_one_body(gateway: Any, upstream: Any, talk: Any) -> None:
    talk.send(
        b"POST /v1/messages HTTP/1.1\r\nhost: gw\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    talk.read_until(b"end_turn")

    assert (upstream.asked[0].body, upstream.asked[0].header(b"content-length")) == (
        b"abcde",
        [b"5"],
    )


@pytest.mark.parametrize(
    "line",
    [
        b"x-api-key: sk-1",
        b"Authorization: Bearer sk-1",
        b"anthropic-beta: a-2026-01-01,b",
        b"X-Stainless-Timeout: NOT_GIVEN",
    ],
)
def test_credentials_and_betas_pass_through_both_ways_of_writing_them(
    gateway: Any, upstream: Any, talk: Any, post: Any, line: Any
) -> None:
    talk.send(post(b"{}", extra=line + b"\r\n"))
    talk.read_until(b"end_turn")

    assert line in upstream.asked[0].lines


def test_what_is_said_to_the_gateway_alone_stays_here(
    gateway: Any, upstream: Any, talk: Any, post: Any
) -> None:
    talk.send(
        post(
            b"{}", extra=b"x-suffice-type: triage\r\nconnection: keep-alive, x-hop\r\nx-hop: 1\r\n"
        )
    )
    talk.read_until(b"end_turn")

    assert not [line for line in upstream.asked[0].lines if b"suffice" in line or b"x-hop" in line]


def test_an_error_body_and_its_headers_come_back_as_they_are(
    gateway: Any, upstream: Any, talk: Any, post: Any
) -> None:
    body = gzip.compress(
        b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    )

    async def say(_asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 529 Site Overloaded\r\nContent-Type: application/json\r\nRequest-Id: req_9\r\n"
            b"retry-after: 7\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )

    upstream.say = say
    talk.send(post(b"{}", extra=b"connection: close\r\n"))
    head, _, got = talk.read_to_end().partition(b"\r\n\r\n")

    assert got == body
    assert head.split(b"\r\n")[:7] == [
        b"HTTP/1.1 529 Site Overloaded", b"Content-Type: application/json", b"Request-Id: req_9",
        b"retry-after: 7", b"set-cookie: a=1", b"set-cookie: b=2", b"content-encoding: gzip",
    ]  # fmt: skip


def test_events_are_handed_on_one_by_one(gateway: Any, upstream: Any, talk: Any, post: Any) -> None:
    go_on = asyncio.Event()

    async def say(_asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        writer.write(b'1b\r\nevent: ping\ndata: {"a":1}\n\n\r\n')
        await go_on.wait()
        writer.write(b"4\r\nlast\r\n0\r\n\r\n")

    upstream.say = say
    talk.send(post(b'{"stream":true}'))
    first = talk.read_until(b"\n\n\r\n")
    assert b'event: ping\ndata: {"a":1}\n\n' in first
    upstream.loop.call_soon_threadsafe(go_on.set)

    assert talk.read_until(b"0\r\n\r\n").endswith(b"last\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    "request_line",
    [b"HEAD /", b"GET /api/hello", b"HEAD /api/hello", b"GET /healthz", b"GET /readyz"],
)
def test_probes_are_answered_here_at_once(
    gateway: Any, upstream: Any, talk: Any, request_line: Any
) -> None:
    talk.send(request_line + b" HTTP/1.1\r\nhost: gw\r\nconnection: close\r\n\r\n")
    answer = talk.read_to_end()

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert request_line.startswith(b"GET") != answer.endswith(b"\r\n\r\n")
    assert upstream.asked == []


def test_head_of_another_path_is_the_upstreams_and_the_connection_goes_on(
    gateway: Any, upstream: Any, talk: Any
) -> None:
    async def say(asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
            + (b"" if asked.head.startswith(b"HEAD") else b"hello")
        )

    upstream.say = say
    talk.send(b"HEAD /v1/models HTTP/1.1\r\nhost: gw\r\n\r\n")
    assert b"content-length: 5" in talk.read_until(b"\r\n\r\n")
    talk.send(b"GET /v1/models HTTP/1.1\r\nhost: gw\r\n\r\n")

    assert talk.read_until(b"hello").endswith(b"\r\n\r\nhello")


def test_requests_on_one_connection_share_one_upstream_connection(
    gateway: Any, upstream: Any, talk: Any, post: Any
) -> None:
    for _ in range(5):
        talk.send(post(b"{}"))
        talk.read_until(b"end_turn")

    assert (len(upstream.asked), upstream.connections) == (5, 1)


def test_pipelined_requests_are_answered_in_their_order(
    gateway: Any, upstream: Any, talk: Any, post: Any
) -> None:
    async def say(asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n" + asked.body)

    upstream.say = say
    talk.send(post(b"1") + post(b"2") + post(b"3", extra=b"connection: close\r\n"))
    bodies = [part[-1:] for part in talk.read_to_end().split(b"HTTP/1.1 ")[1:]]

    assert bodies == [b"1", b"2", b"3"]


def test_results_addresses_lead_through_the_gateway(gateway: Any, upstream: Any, talk: Any) -> None:
    async def say(_asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        body = (
            b'{"id":"b","results_url" : "%b/v1/messages/batches/b/results","n":1.0}'
            % upstream.url.encode()
        )
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    upstream.say = say
    talk.send(
        b"GET /v1/messages/batches/b HTTP/1.1\r\nhost: gw.example:4701\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n"
    )

    assert talk.read_to_end().endswith(
        b'{"id":"b","results_url" : "http://gw.example:4701/v1/messages/batches/b/results","n":1.0}'
    )


def test_a_large_file_is_streamed_and_never_held(gateway: Any, upstream: Any, talk: Any) -> None:
    megabyte = b"x" * (1 << 20)
    talk.send(b"POST /v1/files HTTP/1.1\r\nhost: gw\r\ncontent-length: %d\r\n\r\n" % (40 << 20))
    for _ in range(40):
        talk.send(megabyte)
        assert gateway.house.held_bytes == 0
    talk.read_until(b"end_turn")

    assert len(upstream.asked[0].body) == 40 << 20


def test_an_answer_that_is_whole_counts_whatever_stands_behind_it(
    gateway: Any, upstream: Any
) -> None:
    whole = b'{"content":[]}'

    async def say(asked: Any, reader: Any, writer: Any) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(whole)
        writer.write(head + whole + b"stray bytes that nobody asked for\r\n\r\n")

    upstream.say = say
    for _ in range(2):
        said = httpx2.post(f"{gateway.url}/v1/messages", content=b'{"model":"m","messages":[]}')
        assert (said.status_code, said.content) == (200, whole)


def test_a_name_that_no_resolver_takes_is_told_to_the_client(start_gateway: Any) -> None:
    gateway = start_gateway(f"https://{'a' * 70}.example")
    said = httpx2.post(f"{gateway.url}/v1/messages", content=b'{"model":"m","messages":[]}')
    assert said.status_code == 502
