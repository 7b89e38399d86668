"""Attacks on the front door, in bytes over real sockets; each is refused, bounded or harmless."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from suffice.gateway.keys import GatewayKey, Keys, new_key
from suffice.gateway.limits import Limits
from suffice.gateway.spool import Capture
from suffice.policy.rules import Policy, TypeRule

POST = b"POST /v1/messages HTTP/1.1\r\nhost: gw\r\n"
CHUNKED = POST + b"transfer-encoding: chunked\r\n\r\n"
GET = b"GET /v1/models HTTP/1.1\r\nhost: gw\r\n"
CLOSE = b"connection: close\r\n"
ASK = {"model": "claude-opus-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
NO_ANSWER_BEFORE_S = 20.0


def status(answer: bytes) -> int:
    return int(answer[9:12])


def alive(gateway: Any, talk_to: Any) -> bool:
    """Whether the worker still answers others."""
    talk = talk_to(gateway)
    talk.send(b"GET /healthz HTTP/1.1\r\nhost: gw\r\nconnection: close\r\n\r\n")
    return bool(status(talk.read_to_end()) == 200)


# -- smuggling -----------------------------------------------------------------------------------

SMUGGLED = {
    "chunks hidden by case": POST
    + b"Transfer-Encoding: Chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
    "chunks named twice": POST + b"transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "two codings in two lines": POST
    + b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n",
    "a coding after a tab": POST + b"transfer-encoding:\tchunked\x0b\r\n\r\n0\r\n\r\n",
    "two equal lengths": POST + b"content-length: 3\r\ncontent-length: 3\r\n\r\nabc",
    "a list of lengths": POST + b"content-length: 3, 3\r\n\r\nabc",
    "a negative length": POST + b"content-length: -1\r\n\r\n",
    "a length in hex": POST + b"content-length: 0x3\r\n\r\nabc",
    "a length beyond all counting": POST + b"content-length: " + b"9" * 40 + b"\r\n\r\n",
    "a length beyond what digits may be": POST + b"content-length: " + b"9" * 5000 + b"\r\n\r\n",
    "a chunk size beyond all counting": CHUNKED + b"f" * 20 + b"\r\nabc",
    "a signed chunk size": CHUNKED + b"+3\r\nabc\r\n0\r\n\r\n",
    "a chunk longer than it says": CHUNKED + b"3\r\nabcdef\r\n0\r\n\r\n",
    "chunks ended by line feeds": CHUNKED + b"3\nabc\n0\n\n",
    "a head ended by line feeds": b"POST /v1/messages HTTP/1.1\nhost: gw\n\n" + b"\r\n\r\n",
    "a carriage return alone": POST + b"x-a: 1\rx-api-key: stolen\r\n\r\n",
    "a header without a name": POST + b": x\r\n\r\n",
    "a header without a colon": POST + b"nonsense\r\n\r\n",
    "a folded first header": b"POST / HTTP/1.1\r\n host: gw\r\n\r\n",
    "a space in the target": b"GET /v1/a b HTTP/1.1\r\nhost: gw\r\n\r\n",
    "a control byte in the target": b"GET /v1/\x01 HTTP/1.1\r\nhost: gw\r\n\r\n",
    "another version": b"GET / HTTP/3.0\r\nhost: gw\r\n\r\n",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a handshake of TLS": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + b"\r\n\r\n",
    "no path": b"OPTIONS * HTTP/1.1\r\nhost: gw\r\n\r\n",
    "a host in the target": b"GET //user@evil:80 HTTP/1.1\r\nhost: gw, evil\r\n\r\n",
}


@pytest.mark.parametrize("raw", SMUGGLED.values(), ids=SMUGGLED)
def test_what_two_readers_could_read_differently_reaches_nobody(
    gateway: Any, upstream: Any, talk: Any, talk_to: Any, raw: bytes
) -> None:
    talk.send(raw)

    assert status(talk.read_to_end()) in {400, 405, 413, 431, 501}
    assert upstream.asked == []
    assert alive(gateway, talk_to)


def test_extensions_of_chunks_do_not_travel(gateway: Any, upstream: Any, talk: Any) -> None:
    body = msgspec.json.encode(ASK)
    talk.send(CHUNKED + b'%x;a=b;c="d"\r\n%b\r\n0;e\r\n\r\n' % (len(body), body))

    assert status(talk.read_until(b"end_turn")) == 200
    assert upstream.asked[0].body == body


@pytest.mark.parametrize("piece", [b"0\r\nx-trailer: ", b"3;ext="], ids=["trailer", "extension"])
def test_a_trailer_or_extension_without_end_is_not_gathered(
    upstream: Any, start_gateway: Any, talk_to: Any, piece: bytes
) -> None:
    gateway = start_gateway(upstream.url, limits=Limits(head_bytes=16_384))
    talk = talk_to(gateway)
    talk.send(CHUNKED + piece)
    for _ in range(16):
        talk.send(b"y" * 16_384)

    assert status(talk.read_to_end()) == 431
    assert upstream.asked == []
    assert gateway.call(lambda: gateway.house.held_bytes) == 0


def test_what_stands_behind_a_chunked_body_is_not_another_request(
    gateway: Any, upstream: Any, talk: Any
) -> None:
    talk.send(CHUNKED + b"2\r\n{}\r\n0\r\n\r\n" + GET + b"x-smuggled: 1\r\n\r\n")
    talk.read_to_end()

    assert len(upstream.asked) == 1


@pytest.mark.parametrize(
    "behind",
    [
        b"GET /x HTTP/1.1\r\nhost: gw\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n",
    ],
)
def test_an_offer_behind_a_chunked_body_takes_no_answer_away(
    gateway: Any, upstream: Any, talk: Any, behind: bytes
) -> None:
    talk.send(CHUNKED)
    talk.send(b"2\r\n{}\r\n0\r\n\r\n" + behind)

    assert status(talk.read_to_end()) == 200
    assert [asked.body for asked in upstream.asked] == [b"{}"]
    assert not gateway.told.getvalue()


def test_pipelined_requests_are_answered_one_after_another(
    gateway: Any, upstream: Any, talk: Any
) -> None:
    for number in range(3):
        talk.send(b"GET /v1/%d HTTP/1.1\r\nhost: gw\r\n%b\r\n" % (number, CLOSE * (number == 2)))

    assert talk.read_to_end().count(b"HTTP/1.1 200") == 3
    assert [asked.lines[0] for asked in upstream.asked] == [
        b"GET /v1/%d HTTP/1.1" % number for number in range(3)
    ]


def test_pipelining_without_end_ends(gateway: Any, upstream: Any, talk: Any) -> None:
    async def say(*_: Any) -> None:
        await asyncio.sleep(30)

    upstream.say = say
    talk.send(GET + b"\r\n")
    with pytest.raises(OSError):
        talk.send((GET + b"\r\n") * 2_000_000)


# -- old and odd ways of speaking ---------------------------------------------------------------


def test_http_1_0_is_answered_and_closed(gateway: Any, upstream: Any, talk: Any) -> None:
    async def say(_asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")

    upstream.say = say
    talk.send(b"GET /v1/models HTTP/1.0\r\n\r\n")
    answer = talk.read_to_end()

    assert answer.endswith(b"\r\n\r\nok")
    assert b"chunked" not in answer


def test_who_waits_to_send_a_body_is_told_to_go_on_once(
    gateway: Any, upstream: Any, talk: Any, post: Any
) -> None:
    head, _, body = post(ASK, extra=b"expect: 100-continue\r\n").partition(b"\r\n\r\n")
    talk.send(head + b"\r\n\r\n")
    assert talk.read_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    talk.send(body)

    assert status(talk.read_until(b"end_turn")) == 200
    assert upstream.asked[0].header(b"expect") == []


def test_a_body_too_large_is_refused_before_anybody_is_told_to_send_it(talk: Any) -> None:
    talk.send(POST + b"expect: 100-continue\r\ncontent-length: 99999999999\r\n\r\n")

    assert status(talk.read_to_end()) == 413


@pytest.mark.parametrize("wanted", [b"websocket", b"h2c"])
@pytest.mark.parametrize("chunked", [False, True])
def test_an_upgrade_is_not_taken_and_the_request_is_served(
    gateway: Any, upstream: Any, talk: Any, wanted: bytes, chunked: bool
) -> None:
    body = msgspec.json.encode(ASK)
    framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    framing = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % len(body)
    talk.send(
        POST + b"connection: upgrade\r\nupgrade: %b\r\n%b\r\n\r\n%b" % (wanted, framing, framed)
    )

    assert status(talk.read_until(b"end_turn")) == 200
    assert upstream.asked[0].body == body
    assert upstream.asked[0].header(b"upgrade") == []


def test_an_upgrade_without_a_body_is_served_and_the_next_request_too(
    gateway: Any, upstream: Any, talk: Any
) -> None:
    talk.send(GET + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n")
    talk.read_until(b"end_turn")
    talk.send(GET + CLOSE + b"\r\n")

    assert len(upstream.asked) in {1, 2}
    assert talk.read_to_end().count(b"HTTP/1.1 200") == len(upstream.asked) - 1


@pytest.mark.parametrize(
    "target",
    [
        b"//evil.example/v1/messages",
        b"/v1//messages",
        b"/%2e%2e/%2E%2E/etc/passwd",
        b"/../../etc/passwd",
        b"/v1/files/%00?a=%0d%0ax:y",
        b"/v1/files/a%2Fb?x=1&x=2&&=",
        b"/v1/messages/",
        b"/V1/messages",
        b"/v1/files/\xc3\xa9",
        b"/v1?url=http://169.254.169.254/",
        b"/v1/models;a=b?c#d",
    ],
)
def test_a_path_arrives_byte_for_byte_at_the_one_upstream(
    gateway: Any, upstream: Any, talk: Any, target: bytes
) -> None:
    talk.send(b"GET %b HTTP/1.1\r\nhost: gw\r\n%b\r\n" % (target, CLOSE))
    answer = talk.read_to_end()

    if upstream.asked:
        assert upstream.asked[0].lines[0] == b"GET %b HTTP/1.1" % target
        assert upstream.asked[0].header(b"host") == [upstream.url[7:].encode()]
    else:
        assert status(answer) == 400


@pytest.mark.parametrize(
    "line",
    [
        b"x-forwarded-host: evil.example",
        b"x-forwarded-server: evil.example",
        b"forwarded: host=evil.example;proto=http",
        b"x-original-url: /admin",
        b"x-rewrite-url: /admin",
        b"x-http-method-override: DELETE",
        b"x-suffice-upstream: http://evil.example",
        b"x-upstream: http://evil.example",
    ],
)
def test_no_header_changes_where_a_request_goes(
    gateway: Any, upstream: Any, talk: Any, line: bytes
) -> None:
    talk.send(b"GET /v1/models HTTP/1.1\r\nhost: evil.example\r\n%b\r\n%b\r\n" % (line, CLOSE))

    assert status(talk.read_to_end()) == 200
    assert upstream.asked[0].lines[0] == b"GET /v1/models HTTP/1.1"
    assert upstream.asked[0].header(b"host") == [upstream.url[7:].encode()]


@pytest.mark.parametrize("named", [b"x-api-key", b"authorization", b"anthropic-version"])
def test_connection_cannot_make_the_gateway_drop_a_credential(
    gateway: Any, upstream: Any, talk: Any, named: bytes
) -> None:
    talk.send(GET + b"%b: kept\r\nconnection: close, %b\r\n\r\n" % (named, named))
    talk.read_to_end()

    assert upstream.asked[0].header(named) == [b"kept"]


# -- header injection ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a\r\nset-cookie: x=1", "a\nb", "a\x00b", "tür\u2028", "x" * 900])
def test_a_name_in_a_body_cannot_add_a_header(
    gateway: Any, start_gateway: Any, upstream: Any, talk_to: Any, post: Any, name: str
) -> None:
    rule = TypeRule(baseline="claude-opus-5-5", candidate="claude-haiku-5-5", share=0.0)
    routed = start_gateway(upstream.url, policy=Policy(version=1, types={name: rule}))
    for running in (gateway, routed):
        talk = talk_to(running)
        body = {**ASK, "model": f"m{name}", "metadata": {"suffice_type": name}}
        talk.send(post(body, extra=CLOSE))
        head = talk.read_to_end().partition(b"\r\n\r\n")[0]
        assert b"set-cookie" not in [line.split(b":")[0] for line in head.split(b"\r\n")]
        assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\xff]", head)


# -- bombs --------------------------------------------------------------------------------------

DEEP = 200_000
BODIES = {
    "deep arrays": b'{"model":"m","messages":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep objects": b'{"model":"m","messages":[],"x":'
    + b'{"a":' * DEEP
    + b"1"
    + b"}" * DEEP
    + b"}",
    "deep content": b'{"model":"m","messages":[{"role":"user","content":'
    + b'[{"type":"tool_result","content":' * 50_000
    + b"[]"
    + b"}]" * 50_000
    + b"}]}",
    "an unclosed depth": b'{"model":"m","messages":' + b"[" * DEEP,
    "a number of many digits": b'{"model":"m","max_tokens":' + b"9" * 100_000 + b',"messages":[]}',
    "many keys alike": b'{"model":"m","messages":[]' + b',"model":"n"' * 50_000 + b"}",
    "lone surrogates": b'{"model":"\\ud800","messages":[{"role":"user","content":"\\udfff"}]}',
    "no UTF-8": b'{"model":"\xff\xfe","messages":[]}',
    "no object": b"[1,2,3]",
    "nothing": b"",
}


@pytest.mark.parametrize("capture", [Capture.META, Capture.BODIES])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_would_break_a_reader_passes_as_it_came_and_quickly(
    upstream: Any, start_gateway: Any, talk_to: Any, post: Any, body: bytes, capture: Capture
) -> None:
    rule = TypeRule(baseline="m", candidate="claude-haiku-5-5", share=1.0)
    gateway = start_gateway(
        upstream.url, policy=Policy(version=1, types={"t": rule}), capture=capture
    )
    talk, began = talk_to(gateway), time.monotonic()
    talk.send(post(body, extra=b"x-suffice-type: t\r\n"))
    answer = talk.read_until(b"end_turn")

    assert status(answer) == 200
    assert time.monotonic() - began < NO_ANSWER_BEFORE_S
    assert upstream.asked[0].body == body or b'"claude-haiku-5-5"' in upstream.asked[0].body
    gateway.call(gateway.house.books.spool.close)
    assert alive(gateway, talk_to)


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd", b"nonsense"])
def test_a_compressed_request_is_not_opened(
    gateway: Any, upstream: Any, talk: Any, post: Any, coding: bytes
) -> None:
    bomb = gzip.compress(bytes(64 << 20))
    talk.send(post(bomb, extra=b"content-encoding: %b\r\n" % coding))
    answer = talk.read_until(b"end_turn")

    assert b"x-suffice-reason: the request cannot be read" in answer
    assert upstream.asked[0].body == bomb
    assert upstream.asked[0].header(b"content-encoding") == [coding]


@pytest.mark.parametrize("kind", [b"application/json", b"text/event-stream"])
def test_a_compressed_answer_that_unpacks_without_end_is_relayed_and_not_unpacked(
    upstream: Any, start_gateway: Any, talk_to: Any, post: Any, kind: bytes
) -> None:
    bomb = gzip.compress(b"event: x\ndata: " + bytes(256 << 20), compresslevel=9)

    async def say(_asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-encoding: gzip\r\n"
            b"content-length: %d\r\n\r\n%b" % (kind, len(bomb), bomb)
        )

    upstream.say = say
    gateway = start_gateway(upstream.url, capture=Capture.BODIES)
    before = _peak_kb()
    talk = talk_to(gateway)
    talk.send(post(ASK, extra=CLOSE))

    assert talk.read_to_end().endswith(bomb)
    assert gateway.wait_for(1)[0].usage is None
    gateway.call(gateway.house.books.spool.close)
    assert _peak_kb() - before < 120_000  # the answer's 256 MB were never held


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: gw\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: gw\r\n"
        + b"".join(b"x-%d: y\r\n" % n for n in range(250))
        + b"\r\n",
        b"GET / HTTP/1.1\r\nhost: gw\r\n" + b"x" * 70_000,
        b"A" * 70_000,
    ],
    ids=["a long address", "many headers", "a long name", "no end of a method"],
)
def test_a_head_beyond_its_bounds_is_refused(
    gateway: Any, upstream: Any, talk: Any, raw: bytes
) -> None:
    talk.send(raw)

    assert status(talk.read_to_end()) in {400, 431}
    assert upstream.asked == []


@pytest.mark.parametrize(
    ("path", "megabytes"),
    [(b"/v1/messages", 32), (b"/v1/messages/batches", 256), (b"/v1/files", 500)],
)
def test_a_body_one_byte_beyond_its_bound_is_refused_and_one_within_is_begun(
    gateway: Any, upstream: Any, talk_to: Any, path: bytes, megabytes: int
) -> None:
    most = megabytes << 20
    head = b"POST %b HTTP/1.1\r\nhost: gw\r\nexpect: 100-continue\r\ncontent-length: %d\r\n\r\n"
    refused, begun = talk_to(gateway), talk_to(gateway)
    refused.send(head % (path, most + 1))
    begun.send(head % (path, most))

    assert status(refused.read_to_end()) == 413
    assert begun.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100")


def test_connections_that_say_nothing_make_room_again(
    upstream: Any, start_gateway: Any, talk_to: Any
) -> None:
    """
    Whoever holds every place without asking loses them in the time a head may take.
    """
    gateway = start_gateway(upstream.url, limits=Limits(connections=40, head_s=1.5))
    held = [talk_to(gateway) for _ in range(40)]
    for number, talk in enumerate(held):
        talk.send(b"GET / HTTP/1.1\r\nx-a: b\r\n"[: number % 20])
    assert status(talk_to(gateway).read_to_end()) == 503

    ended = time.monotonic() + 60
    while not alive(gateway, talk_to) and time.monotonic() < ended:
        time.sleep(0.05)
    assert alive(gateway, talk_to)


def test_an_answers_head_without_end_is_no_answer(
    gateway: Any, upstream: Any, talk: Any, post: Any
) -> None:
    async def say(_asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(1000):
            writer.write(b"x-a: " + b"y" * 4096 + b"\r\n")
            await writer.drain()

    upstream.say = say
    talk.send(post(ASK))

    assert status(talk.read_to_end()) == 502


# -- keys ---------------------------------------------------------------------------------------

SECRET, KEPT = new_key("team")
SCOPED = msgspec.structs.replace(KEPT, models=("claude-haiku-5-5",))


@pytest.mark.parametrize(
    ("method", "path", "served"),
    [
        (b"POST", b"/v1/messages/batches", False),
        (b"POST", b"/v1/messages/count_tokens", True),
        (b"POST", b"/v1/complete", False),
        (b"POST", b"/v1//messages", False),
        (b"POST", b"/v1/messages/", False),
        (b"DELETE", b"/v1/files/f", False),
        (b"GET", b"/v1/models", True),
    ],
)
def test_a_key_bound_to_models_finds_no_way_around_them(
    upstream: Any, start_gateway: Any, talk_to: Any, method: bytes, path: bytes, served: bool
) -> None:
    gateway = start_gateway(upstream.url, keys=Keys((SCOPED,)))
    talk = talk_to(gateway)
    body = b'{"model":"claude-opus-5-5"}' if method == b"POST" else b""
    talk.send(
        b"%b %b HTTP/1.1\r\nhost: gw\r\nx-suffice-key: %b\r\n%bcontent-length: %d\r\n\r\n%b"
        % (method, path, SECRET.encode(), CLOSE, len(body), body)
    )

    assert status(talk.read_to_end()) == (200 if served else 403)
    assert bool(upstream.asked) is served


def test_a_key_bound_to_models_finds_no_way_around_them_when_too_much_is_held(
    upstream: Any, start_gateway: Any, talk_to: Any, post: Any
) -> None:
    gateway = start_gateway(upstream.url, keys=Keys((SCOPED,)), limits=Limits(held_bytes=10))
    talk = talk_to(gateway)
    talk.send(post(ASK, extra=b"x-suffice-key: %b\r\n%b" % (SECRET.encode(), CLOSE)))

    assert status(talk.read_to_end()) == 503
    assert upstream.asked == []


@pytest.mark.parametrize(
    "told", [b"", b"sgk-", b"\xff\xfe", b"sgk-" + b"x" * 9000, b"sgk-\xc3\xa9"]
)
def test_whatever_is_no_key_is_refused_alike(
    upstream: Any, start_gateway: Any, talk_to: Any, told: bytes
) -> None:
    gateway = start_gateway(upstream.url, keys=Keys((KEPT,)))
    answers = []
    for header in (b"x-suffice-key", b"x-api-key", b"authorization"):
        talk = talk_to(gateway)
        talk.send(GET + b"%b: %b\r\n\r\n" % (header, told))
        answers.append(talk.read_to_end())

    assert {status(answer) for answer in answers} == {401}
    assert len(set(answers)) == 1
    assert upstream.asked == []


def test_every_key_is_looked_at_whichever_matches() -> None:
    """
    The time a look-up takes tells nothing of which key matched, or whether one did.
    """
    looked: list[str] = []

    class Watched(GatewayKey, frozen=True):
        @override
        def __getattribute__(self, name: str) -> Any:
            if name == "sha256":
                looked.append(msgspec.structs.astuple(self)[0])
            return super().__getattribute__(name)

    made = [new_key(f"k{number}") for number in range(4)]
    keys = Keys(tuple(Watched(id=kept.id, sha256=kept.sha256) for _, kept in made))
    now = datetime.now(UTC)
    for told in (made[0][0], made[3][0], "sgk-unknown"):
        looked.clear()
        keys.find(told.encode(), at=now)
        assert looked == ["k0", "k1", "k2", "k3"]


def test_a_key_holds_until_its_second(upstream: Any, start_gateway: Any, talk_to: Any) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=3)
    soon = msgspec.structs.replace(KEPT, expires=ends)
    gateway = start_gateway(upstream.url, keys=Keys((soon,)))
    talk = talk_to(gateway)
    line = b"x-suffice-key: %b\r\n" % SECRET.encode()
    talk.send(GET + line + b"\r\n")
    assert status(talk.read_until(b"end_turn")) == 200
    while datetime.now(UTC) < ends:
        time.sleep(0.05)
    talk.send(GET + line + b"\r\n")

    assert status(talk.read_to_end()) == 401


# -- any bytes at all ---------------------------------------------------------------------------

PIECES = st.one_of(
    st.sampled_from(
        [
            b"GET ", b"POST ", b"HEAD ", b"CONNECT ", b"/v1/messages", b"/healthz", b"/", b" HTTP/1.1",
            b" HTTP/1.0", b"\r\n", b"\n", b"\r", b"host: gw\r\n", b"content-length: 2\r\n", b"\r\n\r\n",
            b"content-length: 9\r\n", b"transfer-encoding: chunked\r\n", b"2\r\n{}\r\n", b"0\r\n\r\n",
            b"connection: upgrade\r\nupgrade: h2c\r\n", b"expect: 100-continue\r\n", b"{}", b" ", b":",
            b"x-suffice-type: t\r\n", b"connection: close\r\n", b"content-encoding: gzip\r\n", b"ffff",
        ]
    ),
    st.binary(max_size=40),
)  # fmt: skip


@pytest.mark.parametrize("seed", [0])
def test_no_bytes_hang_or_break_the_gateway(
    upstream: Any, start_gateway: Any, talk_to: Callable[[Any], Any], seed: int
) -> None:
    """
    Whatever is sent: the connection ends by itself, and only an upstream's answer is a 5xx.
    """
    quick = Limits(head_s=0.2, body_s=0.2, kept_s=0.2, linger_s=0.1)
    gateway = start_gateway(upstream.url, limits=quick)
    broke: list[Any] = []
    gateway.call(lambda: gateway.loop.set_exception_handler(lambda _, told: broke.append(told)))

    @settings(
        max_examples=int(os.environ.get("SUFFICE_FUZZ", "60")),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.lists(PIECES, max_size=24))
    @example([POST, b"content-length: 5\r\n\r\n{}"])
    @example([CHUNKED, b"2\r\n{}\r\n0\r\nx: y\r\n\r\n", GET, b"\r\n"])
    def attack(pieces: list[bytes]) -> None:
        talk = talk_to(gateway)
        talk.socket.settimeout(NO_ANSWER_BEFORE_S)
        sent = b"".join(pieces)
        try:
            talk.send(sent)
            talk.socket.shutdown(1)
        except OSError:
            return
        answers = talk.read_to_end()
        talk.close()
        assert not re.search(rb"HTTP/1\.1 5(?!01)", answers), (sent, answers)
        assert broke == []

    attack()
    assert alive(gateway, talk_to)
    ended = time.monotonic() + 60
    while gateway.call(lambda: gateway.house.held_bytes) and time.monotonic() < ended:
        time.sleep(0.05)
        gateway.call(
            lambda: [client.sweep(gateway.loop.time()) for client in list(gateway.house.clients)]
        )
    assert gateway.call(lambda: gateway.house.held_bytes) == 0


ANSWERS = st.one_of(
    st.sampled_from(
        [
            b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.0 200 OK\r\n",
            b"HTTP/1.1 204 No Content\r\n", b"HTTP/1.1 101 Switching Protocols\r\n", b"\r\n",
            b"content-length: 5\r\n", b"transfer-encoding: chunked\r\n", b"5\r\nhello\r\n", b"hello",
            b"0\r\n\r\n", b"upgrade: h2c\r\nconnection: upgrade\r\n", b"content-encoding: gzip\r\n",
            b"content-type: text/event-stream\r\n", b"event: message_start\ndata: {}\n\n", b"\x1f\x8b\x08",
            b"connection: close\r\n", b"retry-after: 9e9\r\n", b"HTTP/1.1 529 \r\n", b"set-cookie: a\r\n",
        ]
    ),
    st.binary(max_size=30),
)  # fmt: skip


def test_no_answer_of_an_upstream_hangs_or_breaks_the_gateway(
    upstream: Any, start_gateway: Any, talk_to: Callable[[Any], Any], post: Any
) -> None:
    """
    Whatever comes back: the client gets an answer, or an answer that ends, or a 502.
    """
    said: list[bytes] = []

    async def say(_asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(said))
        await writer.drain()
        writer.close()

    upstream.say = say
    rule = TypeRule(baseline="claude-opus-5-5", candidate="claude-haiku-5-5", share=1.0)
    gateway = start_gateway(
        upstream.url, policy=Policy(version=1, types={"t": rule}), capture=Capture.BODIES
    )
    broke: list[Any] = []
    gateway.call(lambda: gateway.loop.set_exception_handler(lambda _, told: broke.append(told)))
    asked = post(ASK, extra=b"x-suffice-type: t\r\nconnection: close\r\n")

    @settings(
        max_examples=int(os.environ.get("SUFFICE_FUZZ", "60")),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.lists(ANSWERS, max_size=12))
    @example([b"HTTP/1.1 200 OK\r\n", b"content-length: 5\r\n", b"\r\n", b"hello", b"hello"])
    @example([b"HTTP/1.1 101 Switching Protocols\r\n", b"upgrade: h2c\r\n", b"\r\n", b"hello"])
    def attack(pieces: list[bytes]) -> None:
        said[:] = pieces
        talk = talk_to(gateway)
        talk.socket.settimeout(NO_ANSWER_BEFORE_S)
        talk.send(asked)
        answer = talk.read_to_end()
        talk.close()
        assert answer.startswith(b"HTTP/1.1 "), pieces
        assert broke == [], pieces

    attack()
    assert alive(gateway, talk_to)
    assert gateway.call(lambda: gateway.house.held_bytes) == 0


def _peak_kb() -> int:
    with open("/proc/self/status") as told:  # noqa: PTH123 - not a file
        return next(int(line.split()[1]) for line in told if line.startswith("VmHWM"))
