"""What streams through is never held: memory of a gateway's process, as the system counts it."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MB = 1 << 20
ASK = {
    "model": "claude-opus-5-5",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "hi"}],
}
PIECE = bytes(256 * 1024)


def peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise AssertionError(pid)


@pytest.fixture
def swallowing() -> Any:
    """An upstream that reads any body, and answers with as many bytes as `x-wanted` says."""
    loop = asyncio.new_event_loop()
    got: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        left = int(fields.get(b"content-length", 0))
        got.append(left)
        while left:
            left -= len(await reader.read(min(left, len(PIECE))))
        wanted = int(fields.get(b"x-wanted", 2))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % wanted)
        while wanted:
            writer.write(PIECE[:wanted])
            await writer.drain()
            wanted -= min(wanted, len(PIECE))
        writer.close()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(serve, "127.0.0.1", 0)

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", got

    async def end() -> None:
        server.close()
        await asyncio.sleep(0.05)

    asyncio.run_coroutine_threadsafe(end(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def _talk(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), 30)


def _read(talk: socket.socket) -> int:
    total = 0
    while piece := talk.recv(1 << 20):
        total += len(piece)
    return total


@pytest.mark.parametrize(("path", "megabytes"), [("/v1/files", 200), ("/v1/messages/batches", 200)])
def test_a_large_upload_passes_in_pieces(
    start_process: Callable[..., Any], swallowing: Any, path: str, megabytes: int
) -> None:
    upstream, got = swallowing
    gateway = start_process(upstream=upstream)
    before = peak_mb(gateway.process.pid)
    size = megabytes * MB
    with _talk(gateway.url) as talk:
        talk.sendall(
            f"POST {path} HTTP/1.1\r\nhost: gw\r\nconnection: close\r\n"
            f"content-length: {size}\r\n\r\n".encode()
        )
        for _ in range(size // len(PIECE)):
            talk.sendall(PIECE)
        assert _read(talk) > 0

    assert got == [size]
    assert peak_mb(gateway.process.pid) - before < 20


def test_a_large_answer_to_a_client_that_does_not_read_yet_is_held_back(
    start_process: Callable[..., Any], swallowing: Any
) -> None:
    """
    The upstream is held back, not memory filled; and all of it arrives in the end.
    """
    gateway = start_process(upstream=swallowing[0])
    before = peak_mb(gateway.process.pid)
    with _talk(gateway.url) as talk:
        talk.sendall(
            b"GET /v1/files/f/content HTTP/1.1\r\nhost: gw\r\nconnection: close\r\n"
            b"x-wanted: %d\r\n\r\n" % (200 * MB)
        )
        threading.Event().wait(0.7)
        assert peak_mb(gateway.process.pid) - before < 20
        assert _read(talk) > 200 * MB
    assert peak_mb(gateway.process.pid) - before < 20


def test_messages_are_let_go_of_once_answered(start_process: Callable[..., Any]) -> None:
    """
    A message is held while it is under way, to be sent again; after twenty of 8 MB no more is held.
    """
    gateway = start_process("--capture", "meta")
    body = json.dumps(ASK).encode()[:-1] + b" " * (8 * MB) + b"}"
    peaks = []
    for _ in range(20):
        with gateway.ask(body) as answer:
            answer.read()
        peaks.append(peak_mb(gateway.process.pid))

    assert peaks[-1] - peaks[3] < 20


def test_an_idle_worker_is_small(start_process: Callable[..., Any]) -> None:
    gateway = start_process()

    assert peak_mb(gateway.process.pid) < 64


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01"], ids=["nothing", "the first bytes"])
def test_a_handshake_that_is_not_finished_ends(
    start_gateway: Any, upstream: Any, certificates: Any, sent: bytes
) -> None:
    import ssl

    from suffice.gateway.limits import Limits

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificates.of("server"))
    gateway = start_gateway(upstream.url, tls=tls, limits=Limits(head_s=0.3))
    with socket.create_connection(("127.0.0.1", gateway.port), 60) as talk:
        talk.sendall(sent)
        assert talk.recv(100) == b""
