"""What goes wrong beside an answer costs neither the answer nor its line in the account."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typing_extensions import override

from suffice.gateway.shadow.calls import Shadows
from suffice.gateway.shadow.left import ShadowFolder
from suffice.policy.rules import Policy, TypeRule

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
SHADOWED = Policy(version=1, types={"triage": TypeRule(baseline=OPUS, candidate=HAIKU, shadow=1.0)})
BODY = json.dumps(
    {"model": OPUS, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
).encode()


class Failing(Shadows):
    """Fails whatever it is handed."""

    @override
    def take(self, *_: Any, **__: Any) -> bool:
        raise ValueError


class FailsToSee:
    """Sees no prompt without failing."""

    def note(self, *_: Any) -> None:
        raise ValueError


def ask(url: str) -> httpx2.Response:
    headers = {"x-suffice-type": "triage", "anthropic-version": "2026-10-21"}
    return httpx2.post(f"{url}/v1/messages", headers=headers, content=BODY, timeout=10)


@pytest.mark.parametrize("where", ["prompts", "shadows"])
def test_an_answer_is_accounted_though_its_shadow_call_fails(
    upstream: Any, start_gateway: Any, tmp_path: Path, where: str
) -> None:
    running = start_gateway(upstream.url, policy=SHADOWED)
    house = running.house
    told: list[Exception] = []

    def begin() -> None:
        house.on_fault = told.append
        if where == "prompts":
            house.prompts = FailsToSee()
        folder = ShadowFolder(tmp_path / "shadow", mask=lambda body: body)
        house.shadows = Failing(house.pool, folder, write=house.books.write, count=lambda *_: None)

    running.call(begin)
    assert [ask(running.url).status_code for _ in range(2)] == [200, 200]

    records = running.wait_for(2)
    assert [(record.arm, record.complete) for record in records] == [("baseline", True)] * 2
    assert [record.usage.output_tokens for record in records] == [2, 2]
    assert [type(fault) for fault in told] == [ValueError] * 2
    assert (house.held_bytes, len(upstream.asked)) == (0, 2)


def test_such_a_fault_is_counted_and_told_without_its_words(tmp_path: Path, upstream: Any) -> None:
    code = f"""
import uvloop
from pathlib import Path
from suffice.adapters.policies import PolicyFiles
from suffice.catalog import load_catalog
from suffice.gateway import running
from suffice.gateway.addresses import read_address
from suffice.gateway.log import Log
from suffice.gateway.worker import listen

class FailsToSee(running.Prompts):
    def note(self, found, view):
        raise ValueError("what somebody asked")

running.Prompts = FailsToSee
listener = listen("127.0.0.1", 0)
options = running.Options(
    address=read_address({upstream.url!r}), data=Path("data"), assignment_key=b"k" * 32
)
found = running.Running(
    options, policies=PolicyFiles(Path("policy.json")), catalog=load_catalog(), log=Log()
)
print(listener.getsockname()[1], flush=True)
uvloop.run(found.serve(listener))
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        assert ask(url).status_code == 200
        for _ in range(100):
            figures = httpx2.get(f"{url}/metrics", timeout=10).text
            if "suffice_requests_total{" in figures:
                break
            time.sleep(0.02)
        process.terminate()
        _, log = process.communicate(timeout=30)

    assert "\nsuffice_beside_failures_total 1\n" in figures
    [line] = [json.loads(line) for line in log.splitlines() if '"unexpected"' in line]
    assert (line["kind"], line["level"]) == ("ValueError", "error")
    assert "somebody" not in log
