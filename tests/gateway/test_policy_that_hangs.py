"""A policy that cannot be read to its end, where a gateway looks for one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Start = Callable[..., Any]
RULE = {"baseline": "claude-opus-5-5", "candidate": "claude-haiku-5-5", "share": 1.0}
POLICY = {"schema": "suffice.policy", "format": 1, "version": 1, "types": {"triage": RULE}}


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [pipe, device, folder])
def test_what_is_no_file_is_no_policy_and_holds_no_request_up(
    start_process: Start, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    (tmp_path / "policy.json").write_text(json.dumps(POLICY))
    gateway = start_process()
    gateway.policy.unlink()
    make(gateway.policy)
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for("policy", level="error")

    with gateway.ask(**{"x-suffice-type": "triage"}) as answer:
        assert answer.status == 200
    assert gateway.end() == 0


@pytest.fixture
def hanging(tmp_path: Path, upstream: Any) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A gateway that waits for its policy's disk by now, and its port."""
    code = f"""
import sys, threading, time, uvloop
from pathlib import Path
from suffice.adapters.policies import PolicyFiles
from suffice.catalog import load_catalog
from suffice.gateway.addresses import read_address
from suffice.gateway.log import Log
from suffice.gateway.running import Options, Running
from suffice.gateway.spool import Capture
from suffice.gateway.worker import listen

class Hangs(PolicyFiles):
    looks = 0
    def has_changed(self):
        self.looks += 1
        if self.looks > 1:
            print("hangs", file=sys.stderr, flush=True)
            time.sleep(60)
        return False

listener = listen("127.0.0.1", 0)
options = Options(address=read_address({upstream.url!r}), data=Path("data"), assignment_key=b"k" * 32,
                  capture=Capture.OFF)
running = Running(options, policies=Hangs(Path("policy.json")), catalog=load_catalog(), log=Log())
print(listener.getsockname()[1], flush=True)
uvloop.run(running.serve(listener))
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as gateway:
        assert gateway.stdout is not None
        assert gateway.stderr is not None
        port = int(gateway.stdout.readline())
        while gateway.stderr.readline() != "hangs\n":
            """It looks."""
        yield gateway, port
        gateway.kill()


def test_a_disk_that_does_not_answer_holds_no_request_up(
    hanging: tuple[subprocess.Popen[str], int],
) -> None:
    """
    A file system on a network that has gone: whoever looks there waits, and nobody else does.
    """
    began = time.monotonic()
    with urllib.request.urlopen(f"http://127.0.0.1:{hanging[1]}/v1/models", timeout=10) as answer:
        assert answer.status == 200

    assert time.monotonic() - began < 2.0


def test_a_disk_that_does_not_answer_does_not_hold_the_end_up(
    hanging: tuple[subprocess.Popen[str], int],
) -> None:
    gateway, _ = hanging
    gateway.terminate()
    _, log = gateway.communicate(timeout=20)

    assert gateway.returncode == 0
    assert [json.loads(line)["event"] for line in log.splitlines()] == ["draining", "stopped"]
