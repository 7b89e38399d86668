"""What routing costs a request: view, route and splice, in CPU microseconds."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import Any

import msgspec

from suffice.policy.fingerprint import fingerprint
from suffice.policy.placements import Placements
from suffice.policy.routing import Known, route
from suffice.policy.splice import splice
from suffice.policy.table import Policy, TypeRule
from suffice.policy.translation import translate
from suffice.policy.view import view_request
from suffice.records import ModelSpec

ROUNDS = 7
KEY = b"benchmark"
VERSION = "2026-10-21"
_WORDS = ["alpha", "beta", '"quoted"', "line\nbreak", "def f(x):", "return", "naïve", "x = 1"]


def main() -> None:
    """Measure a small request and an agent's, on every way a request can take."""
    for name, request in (("1 KB", small_request()), ("200 KB agent", agent_request())):
        body = json.dumps(request).encode()
        print(f"\n{name}: {len(body):,} bytes, CPU us a request (best of {ROUNDS})")
        for way, spent in ways(request, body).items():
            print(f"  {way:<52}{spent:>9.1f}")


def ways(request: dict[str, Any], body: bytes) -> dict[str, float]:
    """Each way's cost, beside decoding and encoding the whole body."""
    rule = TypeRule(baseline="claude-opus-5-5", candidate="claude-haiku-5-5", share=1.0)
    half = Policy(version=1, types={"t": rule})
    known = Known(memory=Placements(bytearray(1 << 20)))
    headers = {"x-suffice-type": "t", "x-suffice-session": "b2c1"}
    lookup = msgspec.structs.replace(half, lookup={fingerprint(request): "t"})
    other = msgspec.structs.replace(half, lookup={"0" * 64: "t"})
    repeats = max(20, 4_000_000 // (len(body) + 20_000))

    def through(policy: Policy | None, sent: dict[str, str]) -> Callable[[], bytes]:
        def one() -> bytes:
            view = view_request(sent, body)
            assert view is not None  # noqa: S101 - the benchmark's own request
            found = route(policy, view, key=KEY, version=VERSION, known=known)
            return splice(body, found.body_edits) if found.body_edits else body

        return one

    def by_decoding() -> bytes:
        decoded = msgspec.json.decode(body)
        target = ModelSpec("claude-haiku-5-5")
        moved = translate(decoded, target=target, version=VERSION, source="claude-opus-5-5")
        return msgspec.json.encode(moved.request)

    return {
        "view alone": cpu_us(lambda: view_request(headers, body), repeats),
        "no policy": cpu_us(through(None, headers), repeats),
        "type by header, to the candidate": cpu_us(through(half, headers), repeats),
        "type by look-up, to the candidate": cpu_us(through(lookup, {}), repeats),
        "look-up in vain, as asked": cpu_us(through(other, {}), repeats),
        "for comparison: decode, translate, encode": cpu_us(by_decoding, repeats),
    }


def cpu_us(work: Callable[[], object], repeats: int) -> float:
    """The least CPU time one call took, over several rounds."""
    work()
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(repeats):
            work()
        best = min(best, time.process_time() - started)
    return best / repeats * 1e6


def small_request() -> dict[str, Any]:
    """A ticket to be sorted."""
    return {
        "model": "claude-opus-5-5",
        "max_tokens": 256,
        "system": _text(random.Random(1), 400),
        "messages": [{"role": "user", "content": _text(random.Random(2), 450)}],
    }


def agent_request() -> dict[str, Any]:
    """41 messages and 30 tools, as an agent sends them with every turn."""
    dice = random.Random(3)
    properties = {f"p{i}": {"type": "string", "description": _text(dice, 60)} for i in range(6)}
    schema = {"type": "object", "properties": properties, "required": ["p0"]}
    messages: list[dict[str, Any]] = [{"role": "user", "content": _text(dice, 2_000)}]
    for turn in range(20):
        use = {"type": "tool_use", "id": f"u{turn}", "name": "t1", "input": {"path": "a/b.py"}}
        said = {"type": "text", "text": _text(dice, 300)}
        result = {"type": "tool_result", "tool_use_id": f"u{turn}", "content": _text(dice, 5_000)}
        messages.append({"role": "assistant", "content": [said, use]})
        messages.append({"role": "user", "content": [result]})
    return {
        "model": "claude-opus-5-5",
        "max_tokens": 32_000,
        "stream": True,
        "system": [
            {"type": "text", "text": _text(dice, 14_000), "cache_control": {"type": "ephemeral"}}
        ],
        "tools": [
            {"name": f"t{i}", "description": _text(dice, 1_200), "input_schema": schema}
            for i in range(30)
        ],
        "messages": messages,
        "metadata": {"user_id": "user_1_session_0f9c2b7d4e1a"},
    }


def _text(dice: random.Random, length: int) -> str:
    words: list[str] = []
    while sum(map(len, words)) + len(words) < length:
        words.append(dice.choice(_WORDS))
    return " ".join(words)
