"""
Conversations that think and call tools, while the policy under them changes.

The upstream binds each thinking block to its model and, where that is of the 5.5 generation, to all
that came before it, as the provider does: a block whose own model sees it again after the prefix
was touched is a 400, and so is a tool loop whose first thought has gone. Clients send back what they were given. Whatever share is in
force, and however it changes between turns, nobody may ever meet such a 400, and no tool loop may
change its model.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

BASELINE = "claude-opus-5-5"
CONVERSATIONS, TURNS = 14, 8
TOOLS = [{"name": "look", "input_schema": {"type": "object"}}]


def bound(model: str, asked: dict[str, Any], before: int) -> str:
    """The signature of a thought at a place in a conversation."""
    prefix = [asked.get("system"), asked.get("tools"), asked["messages"][:before]]
    text = json.dumps([model, prefix], sort_keys=True).encode()
    return f"{model}/{hashlib.sha256(text).hexdigest()}"


def refused(asked: dict[str, Any]) -> str:
    """Why the provider would not take the request; empty if it does."""
    model, messages = asked["model"], asked["messages"]
    for place, message in enumerate(messages):
        blocks = message["content"] if isinstance(message["content"], list) else []
        for block in blocks:
            if block["type"] != "thinking":
                continue
            writer = block["signature"].partition("/")[0]
            binds = writer.endswith("-5-5")
            if binds and writer == model and block["signature"] != bound(model, asked, place):
                return f"messages.{place}: block is bound to a different conversation"
    return _broken_loop(messages)


def _broken_loop(messages: list[dict[str, Any]]) -> str:
    last = messages[-1]["content"]
    if not (isinstance(last, list) and last[0]["type"] == "tool_result"):
        return ""
    kinds = [block["type"] for block in messages[-2]["content"]]
    return "" if kinds[0] == "thinking" else "a final assistant message must start with thinking"


async def thinks_and_looks(reply: Any) -> None:
    """Thinks, then answers or calls a tool; refuses what the provider refuses."""
    asked = json.loads(reply.sent.got)
    problem = refused(asked)
    if problem:
        await reply.error("400 Bad Request", "invalid_request_error")
        return
    calls = random.Random(f"{reply.sent.case}").random() < 0.5
    signature = bound(asked["model"], asked, len(asked["messages"]))
    use = {"type": "tool_use", "id": f"t{len(asked['messages'])}", "name": "look", "input": {}}
    content = [
        {"type": "thinking", "thinking": "hm", "signature": signature},
        use if calls else {"type": "text", "text": "It is so."},
    ]
    body = json.dumps(
        {
            **json.loads(reply.whole),
            "model": asked["model"],
            "content": content,
            "stop_reason": "tool_use" if calls else "end_turn",
        }
    ).encode()
    reply.head(length=len(body))
    await reply.body(body)


def put(path: Path, *, candidate: str, share: float, ongoing: str) -> None:
    """The next version of the policy."""
    guards = {"ongoing": ongoing}
    rule = {"baseline": BASELINE, "candidate": candidate, "share": share, "guards": guards}
    path.write_text(json.dumps({"version": 1, "types": {"t": rule}}))


@pytest.mark.parametrize("ongoing", ["stay", "move"])
@pytest.mark.parametrize("candidate", ["claude-haiku-5-5", "claude-haiku-4-5"])
def test_no_change_of_share_ever_breaks_a_thought_or_a_tool_loop(
    world: Any, candidate: str, ongoing: str
) -> None:
    upstream = world.upstream()
    chosen = world.folder / "policy.json"
    put(chosen, candidate=candidate, share=0.0, ongoing=ongoing)
    gateway = world.gateway(upstream)
    histories: list[list[dict[str, Any]]] = [[] for _ in range(CONVERSATIONS)]
    served: list[list[str]] = [[] for _ in range(CONVERSATIONS)]
    loops: list[bool] = [False] * CONVERSATIONS
    within_loop = 0
    for turn, share in zip(range(TURNS), (0.0, 0.4, 0.4, 1.0, 0.5, 1.0, 0.0, 1.0), strict=True):
        put(chosen, candidate=candidate, share=share, ongoing=ongoing)
        seen = sum(line["event"] == "policy" for line in gateway.logged)
        gateway.process.send_signal(1)
        _until(lambda seen=seen: sum(x["event"] == "policy" for x in gateway.logged) > seen)
        for number, history in enumerate(histories):
            if turn < number % 5:
                continue  # so that some begin under each share
            history.append(_next_turn(history))
            case = f"talk-{number}-{turn}"
            upstream.faults[case] = thinks_and_looks
            answer = gateway.ask(
                f"{case}.x",
                kind="t",
                lines=f"x-suffice-session: s{number}\r\n",
                messages=history,
                tools=TOOLS,
                max_tokens=9_000,
            )
            told = json.loads(answer.body)

            assert answer.status == 200, (case, answer.headers)
            assert len(upstream.of(f"{case}.x")) == 1, "it was refused, and asked for again"
            if loops[number]:
                within_loop += 1
                assert told["model"] == served[number][-1], (case, answer.headers)
            served[number].append(told["model"])
            loops[number] = told["stop_reason"] == "tool_use"
            history.append({"role": "assistant", "content": told["content"]})

    assert {model for each in served for model in each} == {BASELINE, candidate}
    assert within_loop > CONVERSATIONS
    # A share that is taken back brings its conversations back.
    assert any(len(set(each)) > 1 for each in served)


def _next_turn(history: list[dict[str, Any]]) -> dict[str, Any]:
    if history and history[-1]["content"][-1]["type"] == "tool_use":
        used = history[-1]["content"][-1]["id"]
        result = {"type": "tool_result", "tool_use_id": used, "content": "seen"}
        return {"role": "user", "content": [result]}
    return {"role": "user", "content": f"and {len(history)}?"}


def _until(holds: Any) -> None:
    for _ in range(6_000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("the policy was not taken over")
