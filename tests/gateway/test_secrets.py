"""After a day's work of a gateway's processes, no credential is anywhere but where it was sent."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from suffice.cli import main

SENTINEL = "s3ntinel"
SECRETS = {
    "x-api-key": f"sk-ant-api03-{SENTINEL}-in-a-header",
    "authorization": f"Bearer sk-ant-oat01-{SENTINEL}-token",
    "cookie": f"session={SENTINEL}-cookie",
    "proxy-authorization": f"Basic {SENTINEL}-basic",
    "x-suffice-key": f"sgk-{SENTINEL}-gateway-key",
}


def _body(text: str) -> dict[str, Any]:
    return {
        "model": "claude-opus-5-5",
        "max_tokens": 99,
        "messages": [{"role": "user", "content": text}],
    }


def _raw(url: str, data: bytes) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 5) as talk, contextlib.suppress(OSError):
        talk.sendall(data)
        talk.recv(65536)


def _family(pid: int) -> Iterator[int]:
    """A process and all that it started."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from _family(int(child))


def test_no_credential_is_in_logs_files_figures_errors_or_titles(
    start_process: Callable[..., Any], tmp_path: Path
) -> None:
    gateway = start_process(
        *("--capture", "bodies", "--otlp", "http://127.0.0.1:9"),
        ANTHROPIC_API_KEY=f"sk-ant-{SENTINEL}-upstream-credential",
        NO_PROXY="127.0.0.1,localhost",
        HTTPS_PROXY=f"http://user:{SENTINEL}-password@127.0.0.1:9",
        OTEL_EXPORTER_OTLP_HEADERS=f"api-key={SENTINEL}-collector",
    )
    secret_text = f"my key is sk-ant-api03-{SENTINEL}AAAAAAAAAAAAAAAAAAAA and so on"
    for stream in (False, True):
        with gateway.ask({**_body(secret_text), "stream": stream}, **SECRETS) as answer:
            assert answer.status == 200
            assert SENTINEL not in str(answer.headers)
            answer.read()
    for path in ("/v1/nowhere?key=" + SENTINEL, "/metrics?" + SENTINEL, "/v1/models/" + "m"):
        request = urllib.request.Request(gateway.url + path, headers=SECRETS)  # noqa: S310 - ours
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=60).close()  # noqa: S310 - ours
    head = "".join(f"{name}: {value}\r\n" for name, value in SECRETS.items()).encode()
    for data in (
        b"POST /v1/messages HTTP/1.1\r\nhost: gw\r\n" + head + b"broken " + SENTINEL.encode() + b"\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\nhost: gw\r\n" + head + b"content-length: 999999999999\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\nhost: gw\r\n" + head + b"content-length: 99\r\n\r\n{",
        SENTINEL.encode() + b" / HTTP/1.1\r\n\r\n",
    ):  # fmt: skip
        _raw(gateway.url, data)
    with urllib.request.urlopen(gateway.url + "/metrics", timeout=60) as page:  # noqa: S310
        figures = page.read().decode()
    family = list(_family(gateway.process.pid))
    titles = [Path(f"/proc/{pid}/cmdline").read_bytes().decode() for pid in family]
    assert gateway.end() == 0

    assert len(family) == 3  # the gateway, the account's process and the one that exports
    assert not [title for title in titles if SENTINEL in title]
    assert SENTINEL not in figures
    assert SENTINEL not in "".join(gateway.lines)
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert not [path for path, content in kept.items() if SENTINEL.encode() in content]
    told = CliRunner().invoke(
        main, ["gateway", "status", "--data", str(gateway.data), "--format", "json"]
    )
    assert json.loads(told.output)["requests"] == 2
    with contextlib.closing(sqlite3.connect(gateway.data / "account.sqlite")) as account:
        bodies = account.execute("SELECT request_body FROM exchanges").fetchall()
    assert [body for (body,) in bodies if body is not None]  # so there was something to mask


def test_files_of_the_gateway_are_for_its_owner_alone(start_process: Callable[..., Any]) -> None:
    gateway = start_process()
    with gateway.ask() as answer:
        answer.read()
    assert gateway.end() == 0

    files = [path for path in gateway.data.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if path.stat().st_mode & 0o077 and path.suffix != ".metrics"]


def test_a_crash_leaves_no_memory_on_disk(start_process: Callable[..., Any]) -> None:
    """
    A core dump would hold every caller's credential.
    """
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        gateway = start_process()
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    while len(family := list(_family(gateway.process.pid))) < 2:  # the account's process too
        time.sleep(0.01)

    assert {resource.prlimit(pid, resource.RLIMIT_CORE)[0] for pid in family} == {0}


@pytest.mark.parametrize("refused", ["proxy", "otlp", "upstream"])
def test_a_credential_in_an_option_is_refused_and_not_repeated(refused: str) -> None:
    told = CliRunner().invoke(
        main, ["gateway", f"--{refused}", f"https://user:{SENTINEL}@127.0.0.1:9"]
    )

    assert told.exit_code == 2
    assert "SF005" in told.output
    assert SENTINEL not in told.output
