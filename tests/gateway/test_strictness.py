"""What is refused: requests that two readers could read differently, and whoever takes too much."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from suffice.errors import BadOption, GatewayNotStarted
from suffice.gateway.addresses import read_address
from suffice.gateway.keys import GatewayKey, Keys, new_key, read_keys, write_keys
from suffice.gateway.limits import Limits

P = b"POST /v1/messages HTTP/1.1\r\nhost: gw\r\n"
SMUGGLED = {
    "length and chunks": P + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": P + b"content-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
    "a folded header": P + b"x-a: 1\r\n 2\r\ncontent-length: 0\r\n\r\n",
    "space before the colon": P + b"content-length : 3\r\n\r\nabc",
    "a signed length": P + b"content-length: +3\r\n\r\nabc",
    "another coding": P + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a disguised coding": P + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\nhost: gw\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bad chunk size": P + b"transfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "a bare line feed": b"POST / HTTP/1.1\nhost: gw\r\n\r\n",
    "a zero byte": P + b"x-a: 1\x002\r\ncontent-length: 0\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nhost: gw\r\nhost: evil\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "another server": b"GET http://169.254.169.254/latest HTTP/1.1\r\nhost: gw\r\n\r\n",
    "a tunnel": b"CONNECT evil:443 HTTP/1.1\r\nhost: evil:443\r\n\r\n",
}


@pytest.mark.parametrize("raw", SMUGGLED.values(), ids=SMUGGLED)
def test_a_request_two_servers_could_read_differently_is_refused(
    gateway: Any, upstream: Any, talk: Any, raw: Any
) -> None:
    talk.send(raw)
    answer = talk.read_to_end()

    assert int(answer[9:12]) in {400, 405, 501}
    assert b'"type":"error"' in answer
    assert upstream.asked == []


def test_a_bad_chunk_in_the_middle_never_reaches_the_upstream_as_a_whole_request(
    gateway: Any, upstream: Any, talk: Any
) -> None:
    talk.send(P + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
    time.sleep(0.05)
    talk.send(b"3\nabc\r\n0\r\n\r\n")

    assert talk.read_to_end().startswith(b"HTTP/1.1 400")
    assert upstream.asked == []


def test_trailers_are_no_headers(gateway: Any, upstream: Any, talk: Any) -> None:
    talk.send(P + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-api-key: stolen\r\n\r\n")
    talk.read_until(b"end_turn")

    assert upstream.asked[0].header(b"x-api-key") == []


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/1.1\r\nhost: gw\r\n" + b"x: y\r\n" * 300 + b"\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nhost: gw\r\nx: " + b"y" * 70_000, b"431"),
        (P + b"content-length: %d\r\n\r\n" % (32 * 1024 * 1024 + 1), b"413"),
        (
            b"POST /v1/files HTTP/1.1\r\nhost: gw\r\ncontent-length: %d\r\n\r\n" % (501 << 20),
            b"413",
        ),
    ],
)
def test_header_bombs_and_oversized_bodies_are_refused_before_they_are_read(
    gateway: Any, talk: Any, raw: Any, status: Any
) -> None:
    talk.send(raw)

    assert talk.read_to_end()[9:12] == status


def test_a_chunked_body_beyond_the_bound_is_refused_while_it_comes(
    upstream: Any, start_gateway: Any, talk_to: Any
) -> None:
    gateway = start_gateway(upstream.url, limits=Limits(messages_bytes=1000))
    talk = talk_to(gateway)
    talk.send(P + b"transfer-encoding: chunked\r\n\r\n" + b"200\r\n" + b"a" * 512 + b"\r\n")
    talk.send(b"200\r\n" + b"a" * 512 + b"\r\n")

    assert talk.read_to_end()[9:12] == b"413"
    assert gateway.call(lambda: gateway.house.held_bytes) == 0


@pytest.mark.parametrize("sent", [b"GET / HT", P + b"content-length: 50\r\n\r\nabc"])
def test_a_slow_head_or_body_ends_with_408(
    upstream: Any, start_gateway: Any, talk_to: Any, sent: Any
) -> None:
    gateway = start_gateway(upstream.url, limits=Limits(head_s=0.2, body_s=0.2))
    talk = talk_to(gateway)
    talk.send(sent)

    assert talk.read_to_end()[9:12] == b"408"
    assert upstream.asked == []


def test_too_many_clients_are_told_so(upstream: Any, start_gateway: Any, talk_to: Any) -> None:
    gateway = start_gateway(upstream.url, limits=Limits(connections=2))
    for _ in range(2):
        talk_to(gateway).send(b"GET / HT")
    while gateway.call(lambda: len(gateway.house.clients)) < 2:
        """They arrive."""

    assert talk_to(gateway).read_to_end()[9:12] == b"503"


def test_bodies_beyond_the_memory_for_routing_pass_unrouted(
    upstream: Any, start_gateway: Any, talk_to: Any, post: Any
) -> None:
    gateway = start_gateway(upstream.url, limits=Limits(held_bytes=10))
    talk = talk_to(gateway)
    talk.send(post(b'{"model":"claude-opus-5-5"}'))

    assert b"x-suffice-reason: too much is held" in talk.read_until(b"end_turn")
    assert upstream.asked[0].body == b'{"model":"claude-opus-5-5"}'


def test_a_client_cannot_choose_the_upstream(gateway: Any, upstream: Any, talk: Any) -> None:
    talk.send(b"GET /v1/models HTTP/1.1\r\nhost: evil.example\r\nx-forwarded-host: evil\r\n\r\n")
    talk.read_until(b"end_turn")

    assert upstream.asked[0].header(b"host") == [upstream.url.removeprefix("http://").encode()]


@pytest.mark.parametrize(
    "url", ["ftp://x", "http://10.0.0.1", "https://user:pw@x", "nonsense", "https://x?a=1"]
)
def test_an_upstream_that_is_none_or_in_the_clear_is_refused(url: str) -> None:
    with pytest.raises(BadOption) as refused:
        read_address(url)

    assert "pw" not in str(refused.value)


SECRET, KEPT = new_key("team")
NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"x-suffice-key: " + SECRET.encode(), b"200"),
        (b"authorization: Bearer " + SECRET.encode(), b"200"),
        (b"x-api-key: " + SECRET.encode(), b"200"),
        (b"x-suffice-key: sgk-wrong", b"401"),
        (b"x-api-key: sk-ant-real", b"401"),
    ],
)
def test_beyond_this_machine_a_gateway_key_is_needed_and_never_sent_on(
    upstream: Any, start_gateway: Any, talk_to: Any, line: Any, status: Any
) -> None:
    gateway = start_gateway(upstream.url, keys=Keys((KEPT,), upstream_credential="sk-upstream"))
    talk = talk_to(gateway)
    talk.send(P + line + b"\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")

    assert talk.read_to_end()[9:12] == status
    assert not [asked for asked in upstream.asked if SECRET.encode() in asked.head]
    if status == b"200" and b"suffice" not in line:
        assert upstream.asked[0].header(b"x-api-key") == [b"sk-upstream"]


def test_a_key_that_stands_in_two_places_is_sent_on_in_neither(
    upstream: Any, start_gateway: Any, talk_to: Any
) -> None:
    gateway = start_gateway(upstream.url, keys=Keys((KEPT,), upstream_credential="sk-upstream"))
    talk = talk_to(gateway)
    twice = b"x-suffice-key: %b\r\nauthorization: Bearer %b" % (SECRET.encode(), SECRET.encode())
    talk.send(
        P + twice + b"\r\nx-api-key: sk-own\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"
    )

    assert talk.read_to_end()[9:12] == b"200"
    assert SECRET.encode() not in upstream.asked[0].head
    assert upstream.asked[0].header(b"x-api-key") == [b"sk-own"]


@pytest.mark.parametrize(
    ("kept", "status"),
    [
        (msgspec.structs.replace(KEPT, expires=NOW - timedelta(seconds=1)), b"401"),
        (msgspec.structs.replace(KEPT, models=("claude-haiku-5-5",)), b"403"),
        (msgspec.structs.replace(KEPT, models=("claude-opus-5-5",)), b"200"),
    ],
)
def test_a_key_ends_with_its_time_and_its_scope(
    upstream: Any, start_gateway: Any, talk_to: Any, kept: GatewayKey, status: bytes
) -> None:
    gateway = start_gateway(upstream.url, keys=Keys((kept,)))
    body = b'{"model":"claude-opus-5-5","messages":[]}'
    talk = talk_to(gateway)
    talk.send(
        P
        + b"x-suffice-key: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
        % (SECRET.encode(), len(body), body)
    )

    assert talk.read_to_end()[9:12] == status


def test_a_key_file_holds_hashes_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_keys(path, (KEPT,))
    assert SECRET not in path.read_text()
    assert read_keys(path) == (KEPT,)

    path.chmod(0o644)
    with pytest.raises(GatewayNotStarted):
        read_keys(path)


def test_an_answer_with_two_lengths_is_no_answer(
    gateway: Any, upstream: Any, talk: Any, post: Any
) -> None:
    async def say(_asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
        )

    upstream.say = say
    talk.send(post(b"{}"))

    assert talk.read_to_end().startswith(b"HTTP/1.1 502")
