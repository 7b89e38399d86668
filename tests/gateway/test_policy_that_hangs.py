"""A policy that cannot be read to its end, where a gateway looks for one."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
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


HANGS = """
import sys, time
from suffice.adapters.policies import PolicyFiles

looks = 0

def has_changed(self):
    global looks
    looks += 1
    if looks > 1:
        print('{"event": "hangs"}', file=sys.stderr, flush=True)
        time.sleep(600)
    return False

PolicyFiles.has_changed = has_changed
"""


@pytest.fixture
def hanging(start_process: Start) -> Any:
    """A gateway that waits for its policy's disk by now."""
    gateway = start_process("--capture", "off", changed=HANGS)
    gateway.wait_for("hangs")
    return gateway


def test_a_disk_that_does_not_answer_holds_no_request_up(hanging: Any) -> None:
    """
    A file system on a network that has gone: whoever looks there waits, and nobody else does.
    """
    with hanging.ask() as answer:
        assert answer.status == 200


def test_a_disk_that_does_not_answer_does_not_hold_the_end_up(hanging: Any) -> None:
    assert hanging.end() == 0

    events = [line["event"] for line in hanging.logged]
    assert events[events.index("hangs") + 1 :] == ["draining", "stopped"]
