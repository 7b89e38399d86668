"""What runs beside the workers is given no key that it has no use for."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 60.0
KEYS = {
    "SUFFICE_OWN_KEY": "sk-ant-own-of-the-gateway",
    "ANTHROPIC_API_KEY": "sk-ant-of-the-provider",
    "ANTHROPIC_AUTH_TOKEN": "sk-ant-token",
}


def children_of(pid: int) -> dict[str, bytes]:
    """Command line -> environment, as the system tells it."""
    found = {}
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            for child in listed.read_text().split():
                told = Path(f"/proc/{child}/cmdline").read_bytes()
                environ = Path(f"/proc/{child}/environ").read_bytes()
                found[told.replace(b"\0", b" ").decode()] = environ
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="NOT TESTED: there is no /proc")
def test_who_asks_no_model_is_given_no_key(start_process: Any) -> None:
    gateway = start_process("--otlp", "http://127.0.0.1:9/v1/traces", **KEYS)
    children: dict[str, bytes] = {}
    ends = time.monotonic() + PATIENCE_S

    while time.monotonic() < ends and len(children) < 2:
        children = {
            command: environ
            for command, environ in children_of(gateway.process.pid).items()
            if "suffice.gateway." in command
        }
        time.sleep(0.01)

    assert len(children) == 2
    for environ in children.values():
        assert b"PATH=" in environ
        assert not [key for key in KEYS.values() if key.encode() in environ]
