"""`suffice gateway` as a process: light, quick to be ready, reloaded, drained, silent on secrets."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from suffice.cli import main
from suffice.testing import Stalls, serve, strict_fake

ASK = {
    "model": "claude-opus-5-5",
    "max_tokens": 99,
    "messages": [{"role": "user", "content": "hi"}],
}
POLICY = {
    "version": 1,
    "types": {"t": {"baseline": "claude-opus-5-5", "candidate": "claude-haiku-5-5", "share": 1.0}},
}
KEY = "sk-ant-secret-0123456789"


class Process:
    """A gateway's process and what it logged."""

    def __init__(self, folder: Path, upstream: str, *options: str) -> None:
        self.policy = folder / "policy.json"
        self.data = folder / "data"
        self.logged: list[dict[str, Any]] = []
        command = [
            sys.executable,
            "-m",
            "suffice",
            "gateway",
            "--port",
            "0",
            "--upstream",
            upstream,
        ]
        self.process = subprocess.Popen(
            [*command, "--policy", str(self.policy), "--data", str(self.data), *options],
            stderr=subprocess.PIPE, text=True, cwd=folder,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()
        self.wait_for("ready")
        self.url: str = self.wait_for("starting")["address"]

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.logged.append(json.loads(line))

    def wait_for(self, event: str, **fields: Any) -> dict[str, Any]:
        for _ in range(1000):
            for line in self.logged:
                if line["event"] == event and fields.items() <= line.items():
                    return line
            threading.Event().wait(0.01)
        raise AssertionError(f"no {event} {fields} in {self.logged}")

    def ask(self, **headers: str) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own address
            self.url + "/v1/messages", json.dumps(ASK).encode(),
            {"x-api-key": KEY, "anthropic-version": "2026-10-21", **headers},
        )  # fmt: skip
        return urllib.request.urlopen(request, timeout=10)  # noqa: S310 - our own address

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        assert self.process.stderr is not None
        return code


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    with ExitStack() as stack:

        def begin(*options: str, script: tuple[Any, ...] = ()) -> Process:
            url = stack.enter_context(serve(strict_fake(script=script)))
            found = Process(tmp_path, url, *options)

            def clean() -> None:
                if found.process.poll() is None:
                    found.process.kill()
                found.process.wait()
                assert found.process.stderr is not None
                found.process.stderr.close()

            stack.callback(clean)
            return found

        yield begin


def test_from_start_to_status_with_a_policy_that_comes_breaks_and_heals(
    start: Callable[..., Process],
) -> None:
    gateway = start()
    with gateway.ask() as answer:
        assert answer.headers["x-suffice-reason"] == "no policy"

    gateway.policy.write_text(json.dumps(POLICY))
    gateway.wait_for("policy", version=1)
    with gateway.ask(**{"x-suffice-type": "t"}) as answer:
        assert answer.headers["x-suffice-model"] == "claude-haiku-5-5"

    gateway.policy.write_text("{ this is no policy")
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for("policy", level="error")
    with gateway.ask(**{"x-suffice-type": "t"}) as answer:
        assert answer.headers["x-suffice-policy"] == "1"

    with urllib.request.urlopen(gateway.url + "/metrics", timeout=10) as page:  # noqa: S310 - our own address
        assert b'suffice_requests_total{type="t"' in page.read()
    assert gateway.end() == 0
    told = CliRunner().invoke(main, ["gateway", "status", "--data", str(gateway.data)])
    assert "3 requests in 3 attempts" in told.output
    kept = [path.read_bytes() for path in gateway.data.rglob("*") if path.is_file()]
    assert not [content for content in kept if KEY.encode() in content]
    assert KEY not in json.dumps(gateway.logged)


def test_several_workers_share_one_port_and_one_account(start: Callable[..., Process]) -> None:
    gateway = start("--workers", "2")
    gateway.wait_for("ready", worker="0")
    gateway.wait_for("ready", worker="1")
    for _ in range(12):
        with gateway.ask() as answer:
            assert answer.status == 200
    assert gateway.end() == 0

    told = CliRunner().invoke(main, ["gateway", "status", "--data", str(gateway.data)])
    assert "12 requests" in told.output
    assert {line["worker"] for line in gateway.logged if line["event"] == "stopped"} == {"0", "1"}


def test_a_stream_under_way_is_finished_before_it_stops(start: Callable[..., Process]) -> None:
    gateway = start(script=(Stalls(seconds=0.6),))
    request = urllib.request.Request(  # noqa: S310 - our own address
        gateway.url + "/v1/messages", json.dumps({**ASK, "stream": True}).encode(),
        {"x-api-key": KEY, "anthropic-version": "2026-10-21"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_for("draining")
        assert b"message_stop" in answer.read()
    assert gateway.process.wait(20) == 0
    assert gateway.wait_for("stopped")["cut"] == 0


def test_beyond_this_machine_it_does_not_start_without_keys() -> None:
    told = CliRunner().invoke(main, ["gateway", "--host", "0.0.0.0"])

    assert told.exit_code == 1
    assert "SF701" in told.output


def test_a_key_is_shown_once_and_kept_as_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    told = CliRunner().invoke(main, ["gateway", "key", "team", "--keys", str(path)])

    assert told.output.startswith("sgk-")
    assert told.output.strip() not in path.read_text()


def test_no_heavy_library_is_loaded_beside_requests() -> None:
    code = (
        "import sys, suffice.gateway.running, suffice.gateway.turns; "
        "print(*{'scipy','numpy','httpx2','duckdb','starlette','uvicorn','genai_prices','jinja2'} & set(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.split() == []
