"""What other gateways do to their users: each pain has its tests, and those missing stand here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from suffice.policy.rules import Policy, TypeRule
from suffice.testing import serve, strict_fake

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "gateway-pains.md"
LINES = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[2:50])
def test_every_pain_is_held_by_tests_that_exist(line: str) -> None:
    """
    A name without a file belongs to the file named before it.
    """
    pain, why, held = (cell.strip() for cell in line.strip("|").split("|"))
    named, path = re.findall(r"`([^`]+)`", held), ""
    assert pain and why and named  # noqa: PT018 - one claim: the line is whole
    for name in named:
        path, test = name.split("::") if "::" in name else (path, name)
        assert f"def {test}(" in (REPOSITORY / path).read_text(), f"{path} has no {test}"


def test_betas_are_kept_with_a_route_and_a_refused_one_costs_the_client_nothing(
    upstream: Any, start_gateway: Any, talk_to: Any, post: Any
) -> None:
    rule = TypeRule(baseline="claude-opus-5-5", candidate="claude-haiku-5-5", share=1.0)
    gateway = start_gateway(upstream.url, policy=Policy(version=1, types={"t": rule}))
    betas = b"anthropic-beta: context-1m-2025-08-07,unheard-of-2026-11-01"

    async def say(asked: Any, _reader: Any, writer: Any) -> None:
        refused = b'"claude-haiku-5-5"' in asked.body
        body = b'{"type":"error","error":{"type":"invalid_request_error"}}' if refused else b"{}"
        status = b"400 Bad Request" if refused else b"200 OK"
        writer.write(b"HTTP/1.1 %b\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body))

    upstream.say = say
    ask = {
        "model": "claude-opus-5-5",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "x"}],
    }
    talk = talk_to(gateway)
    talk.send(post(ask, extra=b"x-suffice-type: t\r\nconnection: close\r\n" + betas + b"\r\n"))

    assert talk.read_to_end().startswith(b"HTTP/1.1 200")
    assert [asked.header(b"anthropic-beta") for asked in upstream.asked] == [
        [betas.partition(b": ")[2]]
    ] * 2
    assert [msgspec.json.decode(asked.body)["model"] for asked in upstream.asked] == [
        "claude-haiku-5-5",
        "claude-opus-5-5",
    ]


def test_every_dependency_is_locked_by_its_hash() -> None:
    lock = (REPOSITORY / "requirements" / "run.txt").read_text()
    pinned = re.findall(
        r"^([A-Za-z0-9._-]+)==[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}.*\n?)+)",
        lock,
        re.MULTILINE,
    )
    named = re.findall(r"^([A-Za-z0-9._-]+)\s*[=<>@]", lock, re.MULTILINE)

    assert len(pinned) == len(named) > 10
    assert "litellm" not in lock


def test_a_worker_loads_few_packages_of_others() -> None:
    """
    What holds credentials in memory is the standard library, this package and these.
    """
    code = (
        "import sys, uvloop, suffice.cli.gateway_serving, suffice.gateway.running, "
        "suffice.gateway.turns, suffice.adapters.policies\n"
        "print(*sorted({name.partition('.')[0] for name, module in sys.modules.items()"
        " if 'site-packages' in (getattr(module, '__file__', '') or '')}))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert set(told.stdout.split()) - {"_distutils_hack"} <= {
        "click",
        "httptools",
        "msgspec",
        "typing_extensions",
        "uvloop",
        "zstandard",
    }


def test_streams_of_the_strict_fake_pass_with_all_their_events(
    start_process: Any, tmp_path: Path
) -> None:
    with serve(strict_fake()) as url:
        gateway = start_process(upstream=url)
        ask = {
            "model": "claude-opus-5-5",
            "max_tokens": 99,
            "stream": True,
            "messages": [{"role": "user", "content": "hi"}],
        }
        with gateway.ask(ask) as answer:
            text = answer.read()

    events = re.findall(rb"^event: (\w+)", text, re.MULTILINE)
    assert events[0] == b"message_start"
    assert events[-1] == b"message_stop"
