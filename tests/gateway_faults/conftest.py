"""
A gateway in a process of its own, and an upstream that fails as it is told.

The upstream writes its own journal of every byte it sent; what a client saw and what the account
says are held against that journal, not against the gateway's own words.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from suffice.gateway.accounting import fingerprint, fingerprint_secret
from suffice.testing.events import events, frame

HERE = Path(__file__).parent
BASELINE, CANDIDATE = "claude-opus-5-5", "claude-haiku-5-5"
PATIENCE_S = 60.0


def message(model: str) -> dict[str, Any]:
    """An answer with every class of tokens."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": "It is a refund. " * 12}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 12,
            "cache_creation_input_tokens": 300,
            "cache_read_input_tokens": 4000,
            "cache_creation": {
                "ephemeral_5m_input_tokens": 100,
                "ephemeral_1h_input_tokens": 200,
            },
            "output_tokens": 57,
            "service_tier": "standard",
        },
    }


@dataclass(slots=True)
class Sent:
    """One request as the upstream got it, and what it sent for it."""

    case: str
    model: str
    request_id: str = ""
    status: int = 0
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    got: bytes = b""
    oracle: Any = None

    @property
    def told(self) -> dict[str, Any] | None:
        """The usage in what was sent whole, read without the gateway's code."""
        if not 200 <= self.status < 300:
            return None
        if b"data: " not in self.body:
            with contextlib.suppress(ValueError):
                found: dict[str, Any] = json.loads(self.body)["usage"]
                return found
            return None
        usage: dict[str, Any] | None = None
        for event in self.body.split(b"\n\n")[:-1]:
            data = event.partition(b"data: ")[2]
            with contextlib.suppress(ValueError):
                said = json.loads(data)
                if said["type"] == "message_start":
                    usage = dict(said["message"]["usage"])
                elif said["type"] == "message_delta" and usage is not None:
                    usage |= said["usage"]
        return usage

    @property
    def told_all(self) -> bool:
        """Whether the last word on the usage went out."""
        return b"data: " not in self.body or b"event: message_delta" in self.body


class Reply:
    """What a fault writes with; it keeps the journal."""

    def __init__(self, sent: Sent, reader: asyncio.StreamReader, writer: Any) -> None:
        self.sent, self.reader, self.writer = sent, reader, writer
        known = BASELINE if sent.model.startswith(BASELINE) else CANDIDATE
        self.whole = json.dumps(message(known)).encode()
        self.frames = [frame(name, payload) for name, payload in events(message(known))]
        self.chunked = False
        self.keeps = sent.case.startswith("kept")

    def raw(self, data: bytes) -> None:
        """Bytes as they are."""
        self.writer.write(data)

    def head(self, status: str = "200 OK", length: int | None = None, **extra: str) -> None:
        """The head of an answer; a stream of events where no length is given."""
        self.sent.status = int(status[:3])
        self.chunked = length is None
        kind = "text/event-stream" if self.chunked else "application/json"
        self.sent.headers = {k.replace("_", "-"): v for k, v in extra.items()}
        framing = "transfer-encoding: chunked" if self.chunked else f"content-length: {length}"
        # Each connection serves one request, so that none is ever taken for an idle one gone stale.
        kept = [] if self.keeps else ["connection: close"]
        lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", framing]
        lines.append(f"request-id: {self.sent.request_id}")
        lines += kept
        lines += [f"{name}: {value}" for name, value in self.sent.headers.items()]
        self.raw("\r\n".join([*lines, "", ""]).encode())

    async def body(self, data: bytes) -> None:
        """A piece of the body, by itself on the wire."""
        self.sent.body += data
        self.raw(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data)
        await self.writer.drain()
        await asyncio.sleep(0.005)

    async def stream(self, upto: int | None = None) -> None:
        """Events up to one of them, the end of the stream where none is named."""
        self.head()
        await self.body(b"".join(self.frames[:upto]))
        if upto is None:
            self.raw(b"0\r\n\r\n")

    async def answer(self, *, stream: bool) -> None:
        """As if nothing were wrong."""
        if stream:
            await self.stream()
        else:
            self.head(length=len(self.whole))
            await self.body(self.whole)

    async def error(self, status: str, kind: str, **extra: str) -> None:
        """An error in the provider's envelope."""
        envelope = {"type": "error", "error": {"type": kind, "message": "no"}}
        body = json.dumps(envelope).encode()
        self.head(status, len(body), **extra)
        await self.body(body)

    def cut(self, *, reset: bool = False) -> None:
        """No more comes."""
        if reset:
            linger = struct.pack("ii", 1, 0)
            self.writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, linger
            )
            self.writer.transport.abort()
        self.writer.close()


Fault = Callable[[Reply], Awaitable[None]]


def bound(port: int) -> socket.socket:
    """A port that refuses every connection until somebody listens; 0 for any that is free."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind(("127.0.0.1", port))
    return found


class Upstream:
    """Answers each case as its fault says; a fault of the candidate's leaves the baseline well."""

    def __init__(self) -> None:
        self.faults: dict[str, Fault] = {}
        self.journal: list[Sent] = []
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server | None = None
        self._bound = bound(0)
        self.port: int = self._bound.getsockname()[1]
        self.open()

    def open(self) -> None:
        """Listen, on the same port as before."""

        async def begin() -> asyncio.Server:
            return await asyncio.start_server(self._serve, sock=self._bound, limit=1 << 24)

        self._server = self.run(begin())

    def shut(self) -> None:
        """Listen no more, and drop whoever is connected."""

        async def end() -> None:
            assert self._server is not None
            self._server.close()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            # A connection whose task had not begun is closed by nobody else.
            for transport in list(getattr(self.loop, "_transports", {}).values()):
                transport.abort()
            await asyncio.sleep(0.05)  # transports end a little after they are closed

        self.run(end())
        # Kept, so that nobody else on this machine gets the port in the meantime.
        self._bound = bound(self.port)

    def end(self) -> None:
        """Nothing of it is left."""
        self.shut()
        self._bound.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    def run(self, work: Any) -> Any:
        """Run something on the upstream's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def of(self, case: str) -> list[Sent]:
        """What was asked for a case."""
        return [each for each in self.journal if each.case == case]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        lines = [line.partition(": ") for line in head[1:-2]]
        fields = {name.lower(): value for name, _, value in lines}
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        asked = json.loads(body)
        sent = Sent(fields.get("x-case", ""), asked["model"], f"req_{len(self.journal)}", got=body)
        self.journal.append(sent)
        reply = Reply(sent, reader, writer)
        name, _, route = sent.case.rpartition(".")
        fault = self.faults.get(name)
        if fault is None or (route == "candidate" and sent.model == BASELINE):
            await reply.answer(stream=bool(asked.get("stream")))
        else:
            await fault(reply)
        if not reply.keeps:
            writer.close()


@dataclass(slots=True)
class Seen:
    """What a client saw."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool
    took_s: float


def read_answer(raw: bytes, took_s: float) -> Seen:
    """An answer that was read to the end of its connection."""
    head, _, rest = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    found = [line.partition(": ") for line in lines]
    headers = {name.lower(): value for name, _, value in found}
    status = int(first.split()[1]) if first else 0
    if headers.get("transfer-encoding") != "chunked":
        return Seen(
            status, headers, rest, len(rest) == int(headers.get("content-length", -1)), took_s
        )
    body, ended = b"", False
    while rest and not ended:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size or b"0", 16)
        ended = length == 0
        body += rest[:length]
        rest = rest[length + 2 :]
    return Seen(status, headers, body, ended, took_s)


def request(
    case: str, *, stream: bool = False, kind: str = "", lines: str = "", **more: Any
) -> bytes:
    """A request for an answer as bytes."""
    asked = {
        "model": BASELINE,
        "max_tokens": 99,
        "stream": stream,
        "messages": [{"role": "user", "content": f"case {case}"}],
        **more,
    }
    body = json.dumps(asked).encode()
    typed = f"x-suffice-type: {kind}\r\n" if kind else ""
    head = (
        "POST /v1/messages HTTP/1.1\r\nhost: gw\r\nanthropic-version: 2026-10-21\r\n"
        f"x-api-key: sk-{case}\r\nx-case: {case}\r\nconnection: close\r\n{typed}{lines}"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Gateway:
    """A gateway's process, what it logged, and its account."""

    request, read_answer = staticmethod(request), staticmethod(read_answer)

    def __init__(self, command: list[str], data: Path, **popen: Any) -> None:
        self.data, self.copies = data, data.parent
        self.logged: list[dict[str, Any]] = []
        self.words: list[str] = []
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **popen)
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        try:
            self.wait_for("ready")
        except BaseException:
            self.clean()
            raise
        self.port = int(self.wait_for("starting")["address"].rpartition(":")[2])

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            try:
                self.logged.append(json.loads(line))
            except ValueError:
                self.words.append(line)

    def wait_for(self, event: str, **fields: Any) -> dict[str, Any]:
        """A line of the log, once it is there."""
        for _ in range(6_000):
            for line in self.logged:
                if line["event"] == event and fields.items() <= line.items():
                    return line
            if self.process.poll() is not None and not self._reading.is_alive():
                break
            time.sleep(0.01)
        raise AssertionError(f"no {event} {fields} in {self.logged}, {''.join(self.words)}")

    def connect(self) -> socket.socket:
        """A connection of a client's."""
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)

    def ask(self, case: str, *, stream: bool = False, kind: str = "", **more: Any) -> Seen:
        """One request, read to its end."""
        began = time.monotonic()
        with self.connect() as client:
            client.sendall(request(case, stream=stream, kind=kind, **more))
            raw = b""
            with contextlib.suppress(ConnectionError):
                while piece := client.recv(65536):
                    raw += piece
        return read_answer(raw, time.monotonic() - began)

    def rows(self, case: str, least: int = 1) -> list[dict[str, Any]]:
        """The account's rows of a case, once there are so many, in the order of the attempts."""
        secret = fingerprint_secret(self.data)
        keys = [fingerprint(f"sk-{case}".encode(), secret=secret)]
        found: list[dict[str, Any]] = []
        for _ in range(int(PATIENCE_S / 0.02)):
            found = self.query("SELECT * FROM exchanges WHERE key = ? ORDER BY ts, attempt", keys)
            if len(found) >= least:
                break
            time.sleep(0.02)
        return found

    def query(self, question: str, values: Any = ()) -> list[dict[str, Any]]:
        """Rows out of the account; none while it cannot be read."""
        try:
            uri = f"{self._account().absolute().as_uri()}?mode=ro"
            with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
                connection.row_factory = sqlite3.Row
                return [dict(row) for row in connection.execute(question, values)]
        except sqlite3.Error:
            return []

    def _account(self) -> Path:
        """The database; a copy of it where it lies in another process's view of the disks."""
        if not self.data.is_relative_to("/proc"):
            return self.data / "account.sqlite"
        folder = Path(tempfile.mkdtemp(dir=self.copies))
        for part in ("account.sqlite", "account.sqlite-wal"):
            with contextlib.suppress(OSError):
                shutil.copyfile(self.data / part, folder / part)
        return folder / "account.sqlite"

    def metric(self, name: str) -> float:
        """The sum of a figure over its labels, from the page of figures."""
        with self.connect() as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
            raw = b""
            while piece := client.recv(65536):
                raw += piece
        lines = read_answer(raw, 0).body.decode().splitlines()
        wanted = [line for line in lines if line.startswith((name + " ", name + "{"))]
        return sum(float(line.rpartition(" ")[2]) for line in wanted)

    def end(self) -> int:
        """Drain it."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def clean(self) -> None:
        """Whatever became of it, it is gone."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for worker in {line["pid"] for line in self.logged if line["event"] == "ready"}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        self._reading.join(10)
        assert self.process.stderr is not None
        self.process.stderr.close()


def policy(kinds: int = 1) -> str:
    """Types t0, t1, ... whose candidates are one model under many names, so none rests for another."""
    rules = {
        f"t{n}": {"baseline": BASELINE, "candidate": f"{CANDIDATE}-{20260000 + n}", "share": 1.0}
        for n in range(kinds)
    }
    return json.dumps({"version": 1, "types": rules})


class World:
    """Starts upstreams and gateways."""

    policy = staticmethod(policy)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stack = contextlib.ExitStack()
        self._numbers = itertools.count(1)

    def upstream(self) -> Upstream:
        """One that does as it is told."""
        found = Upstream()
        self.stack.callback(found.end)
        return found

    def limited(self, upstream: Upstream, *, kinds: int = 1, **limits: float) -> Gateway:
        """The gateway's parts in a process, with limits of a test's own."""
        data = self.folder / f"data{next(self._numbers)}"
        (self.folder / "policy.json").write_text(policy(kinds))
        told = {
            "upstream": upstream.url,
            "data": str(data),
            "policy": str(self.folder / "policy.json"),
            "capture": "meta",
            "limits": limits,
        }
        return self._keep(
            [sys.executable, str(HERE / "gateway_process.py"), json.dumps(told)], data
        )

    def gateway(
        self,
        upstream: Upstream,
        *options: str,
        data: Path | None = None,
        wrap: Sequence[str] = (),
        **popen: Any,
    ) -> Gateway:
        """The command itself."""
        data = data or self.folder / f"data{next(self._numbers)}"
        chosen = self.folder / "policy.json"
        if not chosen.exists():
            chosen.write_text(policy())
        command = [sys.executable, "-m", "suffice", "gateway", "--port", "0"]
        command += ["--upstream", upstream.url, "--policy", str(chosen), "--data", str(data)]
        return self._keep([*wrap, *command, *options], data, cwd=self.folder, **popen)

    def _keep(self, command: list[str], data: Path, **popen: Any) -> Gateway:
        found = Gateway(command, data, **popen)
        self.stack.callback(found.clean)
        return found


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all tests of a file."""
    world = World(tmp_path_factory.mktemp("faults"))
    with world.stack:
        yield world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One for a test that breaks what it starts."""
    found = World(tmp_path)
    with found.stack:
        yield found
