"""What goes wrong beside an answer costs neither the answer nor its line in the account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typing_extensions import override

from suffice.catalog import load_catalog
from suffice.gateway.shadow.calls import Shadows
from suffice.gateway.shadow.ledger import ShadowLedger
from suffice.gateway.shadow.left import ShadowFolder
from suffice.gateway.shadow.spending import Spending
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

    def note(self, *_: Any, caller: str) -> None:
        raise ValueError


def ask(url: str) -> httpx2.Response:
    headers = {"x-suffice-type": "triage", "anthropic-version": "2026-10-21"}
    return httpx2.post(f"{url}/v1/messages", headers=headers, content=BODY, timeout=60)


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
        house.shadows = Failing(
            house.pool,
            folder,
            write=house.books.write,
            spending=Spending(ShadowLedger(tmp_path / "shadow-usd"), load_catalog()),
            count=lambda *_: None,
        )

    running.call(begin)
    assert [ask(running.url).status_code for _ in range(2)] == [200, 200]

    records = running.wait_for(2)
    assert [(record.arm, record.complete) for record in records] == [("baseline", True)] * 2
    assert [record.usage.output_tokens for record in records] == [2, 2]
    assert [type(fault) for fault in told] == [ValueError] * 2
    assert (house.held_bytes, len(upstream.asked)) == (0, 2)


FAILS_TO_SEE = """
from suffice.gateway import running

class FailsToSee(running.Prompts):
    def note(self, found, view, caller):
        raise ValueError("what somebody asked")

running.Prompts = FailsToSee
"""


def test_such_a_fault_is_counted_and_told_without_its_words(
    start_process: Any, upstream: Any
) -> None:
    gateway = start_process(changed=FAILS_TO_SEE, upstream=upstream.url)
    assert ask(gateway.url).status_code == 200
    told = gateway.wait_for("unexpected")
    figures = httpx2.get(f"{gateway.url}/metrics", timeout=60).text
    assert gateway.end() == 0

    assert "\nsuffice_beside_failures_total 1\n" in figures
    assert (told["kind"], told["level"]) == ("ValueError", "error")
    assert [line["event"] for line in gateway.logged].count("unexpected") == 1
    assert "somebody" not in "".join(gateway.lines)
