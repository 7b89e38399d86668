"""What a gateway says once it is ready: to a person in plain words, to a pipe in JSON alone."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from suffice.cli.gateway_greeting import greeting
from suffice.policy.rules import Policy, TypeRule


@contextlib.contextmanager
def on_a_terminal(folder: Path, *options: str) -> Iterator[int]:
    """A gateway whose stderr is a terminal; gives the end from which its words are read."""
    ours, its = os.openpty()
    command = [sys.executable, "-m", "suffice", "gateway", "--port", "0", *options]
    command += ["--upstream", "http://127.0.0.1:9", "--no-monitor"]
    process = subprocess.Popen(command, stderr=its, cwd=folder)
    os.close(its)
    try:
        yield ours
    finally:
        process.terminate()
        process.wait(60)
        os.close(ours)


def read_until(terminal: int, marker: str) -> list[str]:
    said, ends = b"", time.monotonic() + 60
    while marker.encode() not in said or not said.endswith(b"\n"):
        readable, _, _ = select.select([terminal], [], [], max(0, ends - time.monotonic()))
        assert readable, said
        said += os.read(terminal, 4096)
    return said.decode().splitlines()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_person_reads_where_it_is_and_what_to_set(tmp_path: Path, workers: str) -> None:
    with on_a_terminal(tmp_path, "--workers", workers) as terminal:
        *before, where, policy, use = read_until(terminal, "ANTHROPIC_BASE_URL")
        address = where.split()[-1]
        with urllib.request.urlopen(f"{address}/readyz", timeout=60) as page:  # noqa: S310 - our own address
            assert page.status == 200

    assert where == f"ready   {address}"
    assert policy == "policy  none yet; every request passes through untouched"
    assert use == f"use     export ANTHROPIC_BASE_URL={address}"
    assert not {"starting", "ready"} & {json.loads(line)["event"] for line in before}


def test_a_pipe_gets_json_lines_alone(start_process: Callable[..., Any]) -> None:
    gateway = start_process()

    assert gateway.end() == 0
    events = [json.loads(line)["event"] for line in gateway.lines]
    assert events[0] == "starting"
    assert "ready" in events


def test_the_policy_in_force_is_said_in_counts_and_fits_80_columns() -> None:
    rule = TypeRule(baseline="a", candidate="b", share=0.25)
    types = {f"t{number}": rule for number in range(12)}
    types |= {"new": TypeRule(baseline="a", candidate="b", shadow=0.05)}
    types |= {"old": TypeRule(baseline="a")}

    said = greeting(
        "http://127.0.0.1:4701", policy=Policy(version=317, types=types), public_url=""
    ).splitlines()

    assert said[1] == (
        "policy  version 317: 12 types routed, 1 type at 0 % (shadow); the rest untouched"
    )
    assert max(map(len, said)) <= 80


def test_a_policy_without_a_share_says_that_nothing_is_touched() -> None:
    policy = Policy(version=2, types={"old": TypeRule(baseline="a", candidate="b")})

    said = greeting("http://127.0.0.1:4701", policy=policy, public_url="")

    assert "policy  version 2; every request passes through untouched\n" in said


@pytest.mark.parametrize(
    ("address", "public_url", "use"),
    [
        ("http://0.0.0.0:4701", "", "http://127.0.0.1:4701"),
        ("https://[::]:4701", "", "https://[::1]:4701"),
        ("http://10.0.0.7:4701", "", "http://10.0.0.7:4701"),
        ("http://0.0.0.0:4701", "https://models.example", "https://models.example"),
    ],
)
def test_what_is_to_be_set_is_an_address_a_client_can_use(
    address: str, public_url: str, use: str
) -> None:
    said = greeting(address, policy=None, public_url=public_url)

    assert said.endswith(f"use     export ANTHROPIC_BASE_URL={use}\n")
