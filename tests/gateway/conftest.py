"""A gateway on a real socket, and an upstream that writes down every byte it is sent."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest
import uvloop

from suffice.gateway.addresses import read_address
from suffice.gateway.books import Books
from suffice.gateway.deciding import Decider
from suffice.gateway.house import House
from suffice.gateway.keys import Keys
from suffice.gateway.limits import Limits
from suffice.gateway.log import Log
from suffice.gateway.proxying import Proxy
from suffice.gateway.spool import Capture, Spool
from suffice.gateway.upstream import Pool
from suffice.gateway.worker import Worker, listen
from suffice.policy.rules import Policy
from suffice.records import ExchangeRecord
from suffice.testing import serve, strict_fake

# For what comes at once on a machine that is free: nobody waits so long unless it is not coming.
PATIENCE_S = 60.0
JSON_ANSWER = (
    b'{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5-5",'
    b'"content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn",'
    b'"usage":{"input_tokens":3,"output_tokens":2}}'
)


@dataclass(slots=True)
class Asked:
    """A request as the upstream got it: the head's bytes, and the body without its framing."""

    head: bytes
    body: bytes

    @property
    def lines(self) -> list[bytes]:
        return self.head.split(b"\r\n")

    def header(self, name: bytes) -> list[bytes]:
        found = [line.partition(b": ") for line in self.lines[1:]]
        return [value for key, _, value in found if key.lower() == name]


Say = Callable[[Asked, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Upstream:
    """What the upstream was asked, and what it says."""

    url: str = ""
    say: Say | None = None
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    loop: asyncio.AbstractEventLoop | None = None
    gone: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class Running:
    """A gateway that runs in a thread of its own."""

    url: str
    port: int
    house: House
    worker: Worker
    loop: asyncio.AbstractEventLoop
    records: list[ExchangeRecord]
    told: io.StringIO

    def call(self, work: Callable[[], Any]) -> Any:
        """Run something on the gateway's loop."""

        async def run() -> Any:
            found = work()
            return await found if asyncio.iscoroutine(found) else found

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(PATIENCE_S)

    def wait_for(self, records: int) -> list[ExchangeRecord]:
        """The records, once there are so many."""
        ends = time.monotonic() + PATIENCE_S
        while len(self.records) < records and time.monotonic() < ends:
            time.sleep(0.01)
        return self.records


class StartGateway(Protocol):
    def __call__(
        self,
        upstream: str,
        *,
        limits: Limits = ...,
        policy: Policy | None = ...,
        keys: Keys | None = ...,
        capture: Capture = ...,
        tls: ssl.SSLContext | None = ...,
        upstream_tls: ssl.SSLContext | None = ...,
        proxy: Proxy | None = ...,
    ) -> Running: ...


def answer(body: bytes = JSON_ANSWER, *, status: bytes = b"200 OK", extra: bytes = b"") -> bytes:
    """A whole answer with its length."""
    return (
        b"HTTP/1.1 %b\r\ncontent-type: application/json\r\nrequest-id: req_1\r\n"
        b"content-length: %d\r\n%b\r\n%b" % (status, len(body), extra, body)
    )


async def read_request(reader: asyncio.StreamReader) -> Asked:
    """One request off a socket."""
    head = await reader.readuntil(b"\r\n\r\n")
    asked = Asked(head[:-4], b"")
    if asked.header(b"transfer-encoding") == [b"chunked"]:
        while size := int(await reader.readline(), 16):
            asked.body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    elif length := asked.header(b"content-length"):
        asked.body = await reader.readexactly(int(length[0]))
    return asked


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """An upstream in a thread of its own; it answers with JSON unless told otherwise."""
    found = Upstream()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections += 1
        try:
            while not writer.is_closing():
                asked = await read_request(reader)
                found.asked.append(asked)
                if found.say is None:
                    writer.write(answer())
                else:
                    await found.say(asked, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            found.gone.set()
            writer.close()

    with _in_a_thread() as loop:
        found.loop = loop
        server = _run(loop, asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 24))
        found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield found
        server.close()


@pytest.fixture
def start_gateway(tmp_path: Path) -> Iterator[StartGateway]:
    """Starts gateways, and ends them after the test."""
    with contextlib.ExitStack() as stack:

        def start(
            upstream: str,
            *,
            limits: Limits = Limits(),  # noqa: B008 - frozen
            policy: Policy | None = None,
            keys: Keys | None = None,
            capture: Capture = Capture.META,
            tls: ssl.SSLContext | None = None,
            upstream_tls: ssl.SSLContext | None = None,
            proxy: Proxy | None = None,
        ) -> Running:
            loop = stack.enter_context(_in_a_thread(uvloop.new_event_loop()))
            records: list[ExchangeRecord] = []

            async def begin() -> Running:
                spool = Spool(tmp_path / "spool", capture=capture)
                told = io.StringIO()
                house = House(
                    pool=Pool(
                        read_address(upstream),
                        limits=limits,
                        tls=upstream_tls,
                        proxy=proxy,
                        log=Log(told),
                    ),
                    log=Log(told),
                    limits=limits,
                    loop=loop,
                    decider=Decider(key=b"key", now=lambda: datetime.now(UTC), policy=policy),
                    books=Books(
                        spool,
                        secret=b"s",
                        capture=capture,
                        observe=lambda record, **_: records.append(record),
                    ),
                    keys=keys,
                )
                listener = listen("127.0.0.1", 0)
                port = listener.getsockname()[1]
                worker = Worker(house, listener, tls=tls)
                await worker.start()
                url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
                return Running(url, port, house, worker, loop, records, told)

            running: Running = _run(loop, begin())
            stack.callback(running.house.books.spool.close)
            stack.callback(lambda: running.call(lambda: running.worker.drain(within_s=0)))
            return running

        yield start


@pytest.fixture
def gateway(upstream: Upstream, start_gateway: StartGateway) -> Running:
    """A gateway without a policy before the upstream."""
    return start_gateway(upstream.url)


class Talk:
    """A client that says exactly the bytes it is told."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read_to_end(self) -> bytes:
        out = b""
        with contextlib.suppress(ConnectionError):
            while piece := self.socket.recv(65536):
                out += piece
        return out

    def read_until(self, marker: bytes) -> bytes:
        out = b""
        while marker not in out:
            piece = self.socket.recv(65536)
            if not piece:
                break
            out += piece
        return out

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def talk(gateway: Running) -> Iterator[Talk]:
    """A raw connection to the gateway."""
    found = Talk(gateway.port)
    yield found
    found.close()


@pytest.fixture
def talk_to() -> Iterator[Callable[[Running], Talk]]:
    """Opens raw connections to any gateway."""
    opened: list[Talk] = []

    def connect(running: Running) -> Talk:
        opened.append(Talk(running.port))
        return opened[-1]

    yield connect
    for found in opened:
        found.close()


@contextlib.contextmanager
def _in_a_thread(
    loop: asyncio.AbstractEventLoop | None = None,
) -> Iterator[asyncio.AbstractEventLoop]:
    loop = loop or asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield loop

    async def end() -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        # A connection whose task had not begun is closed by nobody else.
        for transport in list(getattr(loop, "_transports", {}).values()):
            transport.abort()
        await asyncio.sleep(0.01)

    _run(loop, end())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def _run(loop: asyncio.AbstractEventLoop, work: Any) -> Any:
    return asyncio.run_coroutine_threadsafe(work, loop).result(PATIENCE_S)


KEY = "sk-ant-secret-0123456789"
ASK = {
    "model": "claude-opus-5-5",
    "max_tokens": 99,
    "messages": [{"role": "user", "content": "hi"}],
}


class Process:
    """A gateway's process and what it logged; it may be changed by a text of code beforehand."""

    def __init__(
        self, folder: Path, upstream: str, *options: str, changed: str = "", **environ: str
    ) -> None:
        self.policy = folder / "policy.json"
        self.data = folder / "data"
        self.lines: list[str] = []
        program = f"{changed}\nfrom suffice.cli import main\nmain(prog_name='suffice')"
        command = [sys.executable, *(("-c", program) if changed else ("-m", "suffice"))]
        command += ["gateway", "--port", "0"]
        command += ["--upstream", upstream, "--policy", str(self.policy), "--data", str(self.data)]
        self.process = subprocess.Popen(
            [*command, *options],
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, **environ},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.wait_for("ready")
        except BaseException:
            self.clean()
            raise
        self.url: str = self.wait_for("starting")["address"]

    @property
    def logged(self) -> list[dict[str, Any]]:
        """Every line, as JSON; a line that is none fails the test."""
        return [json.loads(line) for line in list(self.lines)]

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.lines.extend(self.process.stderr)

    def wait_for(self, event: str, **fields: Any) -> dict[str, Any]:
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            over = not self._reader.is_alive()
            for line in self.logged:
                if line["event"] == event and fields.items() <= line.items():
                    return line
            if over:
                break
            time.sleep(0.01)
        raise AssertionError(f"no {event} {fields} in {self.lines}")

    def ask(self, body: Any = None, *, path: str = "/v1/messages", **headers: str) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own address
            self.url + path,
            body if isinstance(body, bytes) else json.dumps(body or ASK).encode(),
            {"x-api-key": KEY, "anthropic-version": "2026-10-21", **headers},
        )  # fmt: skip
        return urllib.request.urlopen(request, timeout=PATIENCE_S)  # noqa: S310 - our own address

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def clean(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(10)  # workers hold the other end until they have ended too
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture
def start_process(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts gateways as processes; before a strict fake, unless an upstream is given."""
    with contextlib.ExitStack() as stack:

        def begin(
            *options: str,
            script: tuple[Any, ...] = (),
            upstream: str = "",
            changed: str = "",
            **environ: str,
        ) -> Process:
            url = upstream or stack.enter_context(serve(strict_fake(script=script)))
            found = Process(tmp_path, url, *options, changed=changed, **environ)
            stack.callback(found.clean)
            return found

        yield begin


@dataclass(slots=True, frozen=True)
class Certificates:
    """Keys and certificates made for one run of the tests, as files in PEM."""

    folder: Path

    def of(self, name: str) -> tuple[Path, Path]:
        """Certificate and key: of ``server``, ``client`` or ``stranger``."""
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def authority(self, name: str = "ca") -> Path:
        """``ca`` signed server and client, ``other`` the stranger."""
        return self.folder / f"{name}.pem"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made by the openssl command; none lies in the repository."""
    if shutil.which("openssl") is None:
        pytest.skip("NOT TESTED: TLS, since there is no openssl command to make certificates with")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for name in ("ca", "other"):
        openssl(
            *("req", "-x509", *curve, "-days", "2", "-subj", f"/CN=test {name}"),
            *("-addext", "keyUsage=critical,keyCertSign", "-keyout", f"{name}.key"),
            *("-out", f"{name}.pem"),
        )
    for name, signer, days in (
        ("server", "ca", "2"),
        ("client", "ca", "2"),
        ("stranger", "other", "2"),
        ("elsewhere", "ca", "2"),
    ):
        where = "DNS:elsewhere.test" if name == "elsewhere" else "DNS:localhost,IP:127.0.0.1"
        (folder / f"{name}.ext").write_text(
            f"subjectAltName={where}\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
        )
        openssl(
            *("req", *curve, "-subj", f"/CN={name}"),
            *("-keyout", f"{name}.key", "-out", f"{name}.csr"),
        )
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", f"{signer}.pem"),
            *("-CAkey", f"{signer}.key", "-CAcreateserial", "-days", days),
            *("-extfile", f"{name}.ext", "-out", f"{name}.pem"),
        )
    return Certificates(folder)


@pytest.fixture
def post() -> Callable[..., bytes]:
    """A request for an answer, as bytes."""

    def made(
        body: bytes | dict[str, Any], *, extra: bytes = b"", path: bytes = b"/v1/messages"
    ) -> bytes:
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return (
            b"POST %b HTTP/1.1\r\nhost: gw\r\nx-api-key: sk-test\r\nanthropic-version: 2026-10-21\r\n"
            b"content-type: application/json\r\n%bcontent-length: %d\r\n\r\n%b"
            % (path, extra, len(raw), raw)
        )

    return made
