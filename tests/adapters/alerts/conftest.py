"""Receivers on this machine: an HTTP server that keeps what it gets, and an SMTP server."""

from __future__ import annotations

import shutil
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from suffice.records.alert import Alert


class Receiver:
    """
    What an HTTP server got, and what it answers.

    ``answers`` are statuses for the next requests; then 200.
    """

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A local webhook."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.requests.append(({name.lower(): v for name, v in self.headers.items()}, body))
            self.send_response(kept.answers.pop(0) if kept.answers else 200)
            self.send_header("location", "http://127.0.0.1:1/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/hook/very-secret-path"
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


class Mailbox:
    """What an SMTP server got, and what it answers to a message's end."""

    def __init__(self) -> None:
        self.port = 0
        self.letters: list[bytes] = []
        self.commands: list[str] = []
        self.answer = "250 kept"


class _Server(socketserver.TCPServer):
    """Says nothing of clients that break off, as some tests mean them to."""

    def __init__(self, box: Mailbox, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.box, self.tls = box, tls

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


class _Conversation(socketserver.StreamRequestHandler):
    """As much of RFC 5321 and 3207 as a client needs to hand over a letter."""

    server: Any

    @override
    def handle(self) -> None:
        self.box: Mailbox = self.server.box
        self.say("220 test")
        while line := self.rfile.readline():
            command = line.decode().strip()
            self.box.commands.append(command)
            match command.split(" ")[0].upper():
                case "EHLO":
                    more = ["STARTTLS"] if self.server.tls and not self.is_tls() else []
                    names = ["test", *more, "AUTH PLAIN"]
                    for name in names[:-1]:
                        self.say(f"250-{name}")
                    self.say(f"250 {names[-1]}")
                case "STARTTLS":
                    self.say("220 go")
                    self.request = self.server.tls.wrap_socket(self.request, server_side=True)
                    self.rfile = self.request.makefile("rb")
                case "AUTH":
                    self.say("235 welcome")
                case "DATA":
                    self.say("354 go on")
                    letter = b""
                    while (part := self.rfile.readline()) not in {b".\r\n", b""}:
                        letter += part
                    self.box.letters.append(letter)
                    self.say(self.box.answer)
                case "QUIT":
                    self.say("221 bye")
                    return
                case _:
                    self.say("250 ok")

    def is_tls(self) -> bool:
        return isinstance(self.request, ssl.SSLSocket)

    def say(self, line: str) -> None:
        self.request.sendall(line.encode() + b"\r\n")

    @override
    def finish(self) -> None:
        self.rfile.close()
        self.request.close()


@pytest.fixture
def serve_mail() -> Iterator[Callable[..., Mailbox]]:
    """Start SMTP servers; they end with the test."""
    started: list[tuple[socketserver.TCPServer, threading.Thread]] = []

    def start(tls: ssl.SSLContext | None = None) -> Mailbox:
        box = Mailbox()
        server = _Server(box, tls)
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        started.append((server, thread))
        return box

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that only these tests believe, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    made = subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            "-",
            "-out",
            "-",
        ],
        capture_output=True,
        check=True,
    )
    path.write_bytes(made.stdout)
    return path


@pytest.fixture
def rolled_back() -> Alert:
    """An alert as a rollback makes it."""
    return Alert(
        id="evt_7",
        at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
        kind="rollout.rolled_back",
        sentence="<b>triage</b> was taken back: agreement 0.81 < 0.92.",
        next_step="suffice explain triage",
        about="triage",
        dedup_key="suffice:triage:1",
        facts={"pairs": "63"},
    )
