"""An upstream, or whoever answers in its place, that does not mean well."""

from __future__ import annotations

from typing import Any

import pytest

ASK = b"GET /v1/models HTTP/1.1\r\nhost: gw\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nhost: gw\r\nconnection: close\r\n\r\n"


def says(upstream: Any, answer: bytes) -> None:
    async def say(_asked: Any, _reader: Any, writer: Any) -> None:
        writer.write(answer)

    upstream.say = say


def test_connection_cannot_take_the_frame_off_an_answer(upstream: Any, talk: Any) -> None:
    says(
        upstream,
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: x-a, content-length\r\nx-a: 1\r\n\r\nhello",
    )
    talk.send(ASK)
    first = talk.read_until(b"hello")
    talk.send(LAST)

    assert b"\r\ncontent-length: 5\r\n" in first
    assert b"x-a" not in first
    assert b"ok" in talk.read_to_end()


MESSAGE = b'{"model":"claude-opus-5-5","max_tokens":9,"messages":[]}'


@pytest.mark.parametrize(
    ("ask", "ours"),
    [
        (ASK, []),
        (
            b"POST /v1/messages HTTP/1.1\r\nhost: gw\r\ncontent-length: %d\r\n\r\n%b"
            % (len(MESSAGE), MESSAGE),
            [b"x-suffice-model: claude-opus-5-5", b"x-suffice-reason: no policy"],
        ),
    ],
    ids=["passed through", "a message"],
)
def test_an_upstream_cannot_speak_in_the_gateway_s_name(
    upstream: Any, talk: Any, ask: bytes, ours: list[bytes]
) -> None:
    says(
        upstream,
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-Suffice-Model: cheap\r\n"
        b"x-suffice-reason: budget reached\r\nx-suffice-policy: 7\r\nx-suffices: 1\r\n\r\n{}",
    )
    talk.send(ask)
    lines = talk.read_until(b"\r\n\r\n").split(b"\r\n")

    assert [line for line in lines if line.lower().startswith(b"x-suffice-")] == ours
    assert b"x-suffices: 1" in lines


@pytest.mark.parametrize("status", [b"000", b"099"])
def test_what_stands_behind_an_interim_head_is_no_answer(
    upstream: Any, talk: Any, status: bytes
) -> None:
    forged = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
    says(upstream, b"HTTP/1.1 %b X\r\ncontent-length: %d\r\n\r\n%b" % (status, len(forged), forged))
    talk.send(ASK)

    assert talk.read_to_end().startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize("name", [b"location", b"Location", b"LOCATION"])
def test_a_redirect_within_the_upstream_leads_through_the_gateway(
    upstream: Any, talk: Any, name: bytes
) -> None:
    told = b"%b: %b/v1/elsewhere\r\n" % (name, upstream.url.encode())
    says(upstream, b"HTTP/1.1 302 Found\r\n%bcontent-length: 0\r\n\r\n" % told)
    talk.send(ASK)

    assert name + b": /v1/elsewhere\r\n" in talk.read_until(b"\r\n\r\n")


@pytest.mark.parametrize("path", [b"//elsewhere.example/x", b"/\\elsewhere.example/x"])
def test_a_redirect_within_the_upstream_does_not_come_to_lead_elsewhere(
    upstream: Any, talk: Any, path: bytes
) -> None:
    told = b"location: " + upstream.url.encode() + path + b"\r\n"
    says(upstream, b"HTTP/1.1 302 Found\r\n%bcontent-length: 0\r\n\r\n" % told)
    talk.send(ASK)

    assert told in talk.read_until(b"\r\n\r\n")
