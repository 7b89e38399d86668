"""`suffice gateway` as a process: light, quick to be ready, reloaded, drained, silent on secrets."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from suffice.adapters.typed_exchanges.store import write_index
from suffice.cli import main
from suffice.gateway.keys import new_key, write_keys
from suffice.testing import Stalls
from suffice.traffic.types import Change, Shape, TypeIndex

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


Start = Callable[..., Any]


@pytest.fixture
def start(start_process: Start) -> Start:
    """A gateway's process before a strict fake."""
    return start_process


def test_from_start_to_status_with_a_policy_that_comes_breaks_and_heals(
    start: Start,
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

    with urllib.request.urlopen(gateway.url + "/metrics", timeout=60) as page:  # noqa: S310 - our own address
        assert b'suffice_requests_total{type="t"' in page.read()
    assert gateway.end() == 0
    told = CliRunner().invoke(main, ["gateway", "status", "--data", str(gateway.data)])
    assert "3 requests in 3 attempts" in told.output
    kept = [path.read_bytes() for path in gateway.data.rglob("*") if path.is_file()]
    assert not [content for content in kept if KEY.encode() in content]
    assert KEY not in json.dumps(gateway.logged)


def test_several_workers_share_one_port_and_one_account(start: Start) -> None:
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


def test_a_stream_under_way_is_finished_before_it_stops(start: Start) -> None:
    gateway = start(script=(Stalls(seconds=0.6),))
    request = urllib.request.Request(  # noqa: S310 - our own address
        gateway.url + "/v1/messages", json.dumps({**ASK, "stream": True}).encode(),
        {"x-api-key": KEY, "anthropic-version": "2026-10-21"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own address
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_for("draining")
        assert b"message_stop" in answer.read()
    assert gateway.process.wait(60) == 0
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


def test_without_an_assignment_key_it_serves_and_says_that_nothing_is_routed(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "policy.key").write_bytes(b"too short")
    (tmp_path / "policy.json").write_text(json.dumps(POLICY))

    gateway = start()

    with gateway.ask(**{"x-suffice-type": "t"}) as answer:
        assert answer.headers["x-suffice-model"] == "claude-opus-5-5"
        assert answer.headers["x-suffice-reason"] == "the assignment key cannot be read"
    with urllib.request.urlopen(gateway.url + "/readyz", timeout=60) as page:  # noqa: S310 - our own address
        assert b"the assignment key cannot be read" in page.read()
    with urllib.request.urlopen(gateway.url + "/metrics", timeout=60) as page:  # noqa: S310 - our own address
        assert b"suffice_assignment_key_missing 1" in page.read()


def test_types_learnt_from_logs_are_routed_where_nobody_names_one(
    start: Start, tmp_path: Path
) -> None:
    """
    Also those that are learnt while it serves; what was never seen goes where it asked to.
    """
    gateway = start("--types", str(tmp_path / "logs"))
    gateway.policy.write_text(json.dumps(POLICY))
    gateway.wait_for("policy", version=1)
    asked = {**ASK, "system": "Sort the ticket."}
    with gateway.ask(body=asked) as answer:
        assert answer.headers["x-suffice-model"] == "claude-opus-5-5"

    shapes = [Shape(system="Sort the ticket.")] * 5
    index = TypeIndex.learn(shapes)
    index = index.changed(Change(action="rename", type=index.type_of(shapes[0]), into="t"))
    (tmp_path / "logs").mkdir()
    write_index(tmp_path / "logs", index)

    def is_routed() -> bool:
        with gateway.ask(body=asked) as answer:
            return bool(answer.headers["x-suffice-model"] == "claude-haiku-5-5")

    end = time.monotonic() + 60
    while not is_routed():
        assert time.monotonic() < end
        time.sleep(0.1)
    with gateway.ask(body={**ASK, "system": "Sort the mail."}) as answer:
        assert answer.headers["x-suffice-model"] == "claude-opus-5-5"
    assert gateway.end() == 0


def test_a_key_taken_out_of_its_file_is_refused_after_a_hang_up(
    start: Start, tmp_path: Path
) -> None:
    """
    By every worker; a file that cannot be read leaves the keys as they were.
    """
    path = tmp_path / "keys.json"
    kept, kept_key = new_key("kept")
    gone, gone_key = new_key("gone")
    write_keys(path, (kept_key, gone_key))
    gateway = start("--keys", str(path), "--workers", "2")
    for worker in ("0", "1"):
        gateway.wait_for("ready", worker=worker)

    def statuses(secret: str) -> set[int]:
        found = set()
        for _ in range(8):
            try:
                with gateway.ask(**{"x-suffice-key": secret}) as answer:
                    found.add(answer.status)
            except urllib.error.HTTPError as refused:
                with refused:
                    found.add(refused.code)
        return found

    assert statuses(kept) == statuses(gone) == {200}
    path.write_text("{")
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for("renewed", level="error", worker="0")
    gateway.wait_for("renewed", level="error", worker="1")
    assert statuses(gone) == {200}
    write_keys(path, (kept_key,))
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for("renewed", level="info", worker="0")
    gateway.wait_for("renewed", level="info", worker="1")
    assert (statuses(kept), statuses(gone)) == ({200}, {401})


def test_a_budget_is_for_a_gateway_key_by_its_name(start: Start, tmp_path: Path) -> None:
    """
    Also where all teams send the same credential of the provider's.
    """
    keys, budgets = tmp_path / "keys.json", tmp_path / "budgets.json"
    (spent, spent_key), (other, other_key) = new_key("team-a"), new_key("team-b")
    write_keys(keys, (spent_key, other_key))
    budgets.write_text('[{"name": "a", "usd": "0.0000001", "key": "team-a"}]')
    gateway = start("--keys", str(keys), "--budgets", str(budgets))
    with gateway.ask(**{"x-suffice-key": spent}) as answer:
        answer.read()

    with pytest.raises(urllib.error.HTTPError) as refused:
        gateway.ask(**{"x-suffice-key": spent})
    with refused.value:
        assert refused.value.code == 402
    with gateway.ask(**{"x-suffice-key": other}) as answer:
        assert answer.status == 200


def test_a_worker_that_cannot_start_says_so_and_is_tried_again() -> None:
    """
    What we know is told in words; of a fault of ours only its kind, since its words may quote.
    """
    code = """
from suffice.errors import GatewayNotStarted
from suffice.gateway.log import Log
from suffice.gateway.processes import Workers

def run(name):
    raise GatewayNotStarted("It cannot be.") if name == "0" else ValueError("s3ntinel")

raise SystemExit(Workers(2, run, log=Log(), child=None, drain_s=0.1).keep())
"""
    lines: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True
    ) as workers:
        assert workers.stderr is not None
        for line in workers.stderr:
            lines.append(line)
            if sum("worker failed" in each for each in lines) == 4:
                workers.terminate()

    failed = [json.loads(line) for line in lines if "worker failed" in line]
    assert {(line["name"], line.get("problem"), line.get("kind")) for line in failed} == {
        ("0", "It cannot be.", None),
        ("1", None, "ValueError"),
    }
    assert workers.returncode == 0
    assert len(failed) >= 4
    assert "s3ntinel" not in "".join(lines)
