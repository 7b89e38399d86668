"""
Whatever a client sends arrives as it was sent; on a route, only the fields that must change do.

Random bodies, headers, paths and framings go over real sockets through a gateway's process to an
upstream that keeps every byte. On a route, two scanners of JSON text that know nothing of the
gateway cut what was sent and what arrived into members, and all but the named ones must be the
same bytes in the same order.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suffice.policy.translation import translate
from suffice.records import ModelSpec

EXAMPLES = int(os.environ.get("SUFFICE_EXAMPLES", "120"))
CHECKED = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
BASELINE, CANDIDATE = "claude-opus-4-8", "claude-haiku-5-5"
OWN = {b"host", b"content-length", b"transfer-encoding"}


class Kept:
    """An upstream that keeps the last request to the byte."""

    def __init__(self) -> None:
        self.head, self.body = b"", b""
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        begun = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 24), self.loop
        )
        self._server = begun.result(10)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with (
            contextlib.closing(writer),
            contextlib.suppress(asyncio.IncompleteReadError, ConnectionError),
        ):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
                body = await self._read_body(head.lower(), reader)
                self.head, self.body = head, body
                writer.write(b"HTTP/1.1 200 OK\r\nrequest-id: r\r\ncontent-length: 2\r\n\r\n{}")

    async def _read_body(self, head: bytes, reader: asyncio.StreamReader) -> bytes:
        length = re.search(rb"\r\ncontent-length: (\d+)", head)
        if length:
            return await reader.readexactly(int(length[1]))
        body = b""
        if b"\r\ntransfer-encoding: chunked" in head:
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
        return body

    def end(self) -> None:
        """Nothing of it is left."""

        async def close() -> None:
            self._server.close()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            # A connection whose task had not begun is closed by nobody else.
            for transport in list(getattr(self.loop, "_transports", {}).values()):
                transport.abort()
            await asyncio.sleep(0.05)  # transports end a little after they are closed

        asyncio.run_coroutine_threadsafe(close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@pytest.fixture(scope="module")
def upstream() -> Iterator[Kept]:
    found = Kept()
    yield found
    found.end()


@pytest.fixture(scope="module")
def port(shared_world: Any, upstream: Kept) -> int:
    rule = {"baseline": BASELINE, "candidate": CANDIDATE, "share": 1.0}
    (shared_world.folder / "policy.json").write_text(
        json.dumps({"version": 1, "types": {"t": rule}})
    )
    found: int = shared_world.gateway(upstream, "--capture", "off").port
    return found


# ---- what is sent --------------------------------------------------------------------------

SPACE = st.sampled_from(["", "", "", " ", "\n", "\t ", "\r\n  "])
SCALARS = st.sampled_from(
    [
        *("0", "-0", "1.0", "1E+2", "1e400", "-1e-400", "0.1000000000000000055511151231257827"),
        *("123456789012345678901234567890", "9007199254740993", "true", "false", "null", '""'),
        *(r'"\ud800"', r'"\udc00\ud800"', r'"\u0000"', r'"\/\b\f"', r'"é"', r'"\u00e9"', '"😀"'),
        *(r'"\ud83d\ude00"', '"\u2028\ufeff"', r'"{\"model\":\"x\"}"', '"\x7f"'),
    ]
) | st.text(max_size=12).map(lambda text: json.dumps(text, ensure_ascii=False)).filter(
    lambda text: text.isprintable()
)
KEYS = st.sampled_from(["a", "a", "x y", "mod\\u0065l", "", "messages ", "$schema", "é", "type"])


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    return "[" + ",".join(draw(SPACE) + each + draw(SPACE) for each in draw(_few(inner))) + "]"


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    members = [
        f'{draw(SPACE)}"{draw(KEYS)}"{draw(SPACE)}:{draw(SPACE)}{each}{draw(SPACE)}'
        for each in draw(_few(inner))
    ]
    return "{" + ",".join(members) + "}"


def _few(inner: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(inner, max_size=3)


VALUES = st.recursive(SCALARS, lambda inner: arrays(inner) | objects(inner), max_leaves=6)
DEEP = st.sampled_from([40, 200, 1_500]).map(lambda depth: "[" * depth + "]" * depth)
BODIES = (
    st.binary(max_size=200)
    | VALUES.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | DEEP.map(str.encode)
    | st.just(b"")
    | st.just(b'{"model":"\xff\xfe","max_tokens":1}')
)
TOKEN = st.text("abcXYZ0189-_.!#$%&'*+^`|~", min_size=1, max_size=12)
TAKEN = re.compile(
    r"host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect"
    r"|proxy-.*|http2-settings|x-suffice-.*|content-encoding",
    re.IGNORECASE,
)
VALUE = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20
)
HEADERS = st.lists(
    st.tuples(TOKEN.filter(lambda name: not TAKEN.fullmatch(name)), VALUE), max_size=6
)
TARGETS = st.sampled_from(
    [
        *("/v1/messages", "/v1/messages?beta=true", "/v1/messages?", "/v1/messages/count_tokens"),
        *("/v1/files/a%20b%2Fc?x=1&x=2&y", "/v1//models/../x", "/v1/complete;a=b", "/%F0%9F%98%80"),
        *("/v1/organizations/cost_report?starting_at=2026-11-01T00:00:00Z&group_by[]=x", "/v2/new"),
    ]
)


class Ask:
    """One request in some framing, in some pieces."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __call__(
        self,
        body: bytes,
        *,
        target: str = "/v1/messages",
        headers: list[tuple[str, str]],
        chunk: int,
        piece: int,
    ) -> bytes:
        lines = [f"POST {target} HTTP/1.1", "Host: gw", *(f"{n}: {v}" for n, v in headers)]
        if chunk:
            lines.append("Transfer-Encoding: chunked")
            parts = [body[at : at + chunk] for at in range(0, len(body), chunk)]
            framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        else:
            lines.append(f"Content-Length: {len(body)}")
            framed = body
        whole = "\r\n".join([*lines, "", ""]).encode("latin-1") + framed
        with socket.create_connection(("127.0.0.1", self._port), 10) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(whole), piece or len(whole)):
                client.sendall(whole[at : at + (piece or len(whole))])
            answer = b""
            while not answer.endswith(b"{}"):
                got = client.recv(65536)
                assert got, answer
                answer += got
        return answer


FRAMINGS = {
    "chunk": st.sampled_from([0, 0, 1, 7, 4096]),
    "piece": st.sampled_from([0, 0, 0, 1, 11]),
}


@CHECKED
@given(body=BODIES, target=TARGETS, headers=HEADERS, **FRAMINGS)
def test_without_a_route_every_byte_arrives(
    port: int,
    upstream: Kept,
    body: bytes,
    target: str,
    headers: list[tuple[str, str]],
    chunk: int,
    piece: int,
) -> None:
    Ask(port)(body, target=target, headers=headers, chunk=chunk, piece=piece)

    first, *lines = upstream.head.split(b"\r\n")
    arrived = [line for line in lines if line.partition(b":")[0].lower() not in OWN]
    assert first == f"POST {target} HTTP/1.1".encode()
    assert arrived == [f"{name}: {value}".encode("latin-1") for name, value in headers]
    assert upstream.body == body


# ---- on a route ----------------------------------------------------------------------------


def members(text: str) -> list[tuple[str, str]]:
    """The members of a JSON object as (key, value), each as it is written."""
    found: list[tuple[str, str]] = []
    at = _past_space(text, text.index("{") + 1)
    while text[at] != "}":
        key_end = _past_string(text, at)
        begins = _past_space(text, _past_space(text, key_end) + 1)
        ends = _past_value(text, begins)
        found.append((text[at:key_end], text[begins:ends]))
        at = _past_space(text, ends)
        if text[at] == ",":
            at = _past_space(text, at + 1)
    return found


def _past_space(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


def _past_string(text: str, at: int) -> int:
    at += 1
    while text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _past_value(text: str, at: int) -> int:
    if text[at] == '"':
        return _past_string(text, at)
    if text[at] not in "{[":
        while at < len(text) and text[at] not in ",]} \t\r\n":
            at += 1
        return at
    depth = 0
    while True:
        if text[at] == '"':
            at = _past_string(text, at)
            continue
        depth += (text[at] in "{[") - (text[at] in "}]")
        at += 1
        if depth == 0:
            return at


# Fields the candidate takes as they are, and fields that must change or go.
SETTINGS = st.lists(
    st.sampled_from(
        [
            '"stop_sequences": ["a\\u0062", "b" ]',
            '"system" :\t"x\\u00e9 é"',
            '"metadata":{ "user_id" : "u" , "n":1e400}',
            '"output_config" : { "effort":"low" , "x" : 1.0 }',
            '"thinking":{"type" : "adaptive", "x":[ ]}',
            '"speed": "fast"',
            '"temperature" : 1.0',
            '"temperature":0.5',
            '"top_k" :40',
            '"inference_geo":"us"',
            '"fallbacks" : [ {"model":"claude-opus-5"} ]',
            '"service_tier":"auto"',
        ]
    ),
    max_size=5,
    unique_by=lambda member: member.split('"')[1],
)
CONTENT = SCALARS.filter(lambda text: text.startswith('"'))


@st.composite
def requests(draw: st.DrawFn) -> str:
    unknown = [f'"{draw(KEYS)}"{draw(SPACE)}:{draw(SPACE)}{each}' for each in draw(_few(VALUES))]
    told = draw(CONTENT)
    needed = [
        f'"model"{draw(SPACE)}:{draw(SPACE)}"{BASELINE}"',
        f'"max_tokens":{draw(SPACE)}{draw(st.sampled_from(["100", "64001", "128000"]))}',
        f'"messages"{draw(SPACE)}:[{{"role":"user","content"{draw(SPACE)}:{told}, "x":{draw(VALUES)}}}]',
    ]
    parts = draw(st.permutations([*unknown, *needed, *draw(SETTINGS)]))
    return "{" + ",".join(draw(SPACE) + part + draw(SPACE) for part in parts) + "}" + draw(SPACE)


def test_with_a_route_only_the_named_fields_differ(port: int, upstream: Kept) -> None:
    routed = 0
    version = "2023-06-01"

    @CHECKED
    @given(text=requests(), **FRAMINGS)
    def holds(text: str, chunk: int, piece: int) -> None:
        nonlocal routed
        body = text.encode("utf-8", "surrogatepass")
        headers = [("x-suffice-type", "t"), ("anthropic-version", version)]
        answer = Ask(port)(body, headers=headers, chunk=chunk, piece=piece)
        got = upstream.body.decode("utf-8", "surrogatepass")
        if b"x-suffice-model: claude-haiku" not in answer:
            assert upstream.body == body
            return
        routed += 1
        moved = translate(
            json.loads(text), target=ModelSpec(CANDIDATE), version=version, source=BASELINE
        )
        named = {change.field.partition(".")[0] for change in moved.changes} | {"model"}

        def others(told: str) -> list[tuple[str, str]]:
            return [each for each in members(told) if json.loads(each[0]) not in named]

        assert others(got) == others(text)
        arrived = dict(members(got))
        assert arrived['"model"'] == f'"{CANDIDATE}"'
        if "output_config" in named and '"output_config"' in arrived:
            inner = dict(members(arrived['"output_config"']))
            assert inner.get('"x"', "1.0") == "1.0"
        assert json.loads(got) == moved.request

    holds()

    # Most of what is drawn is a request; a check that never saw a route would prove nothing.
    assert routed > EXAMPLES / 4, routed
