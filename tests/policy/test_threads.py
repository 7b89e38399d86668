"""Conversations the provider holds: only their newest part passes, so they stay where they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from suffice.policy.routing import Route, route
from suffice.policy.rules import Policy, TypeRule
from suffice.policy.view import view_request

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
POLICY = Policy(
    version=1, types={"t": TypeRule(baseline=OPUS, candidate=HAIKU, share=1.0, shadow=1.0)}
)
ASK: dict[str, Any] = {
    "model": OPUS,
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "hi"}],
}


def routed(**more: Any) -> Route:
    view = view_request({"x-suffice-type": "t"}, json.dumps({**ASK, **more}).encode())
    assert view is not None
    return route(POLICY, view, key=b"k", version="2026-10-21")


@pytest.mark.parametrize(
    "thread", [{"type": "create"}, {"type": "continue", "previous_message_id": "msg_1"}]
)
def test_a_thread_is_neither_moved_nor_shadowed(thread: dict[str, str]) -> None:
    found = routed(thread=thread)

    assert (found.model, found.arm) == (OPUS, "baseline")
    assert found.reason == "a thread stays on the model it asks for"
    # Without a number no shadow is drawn: a thread can be continued only once.
    assert found.conversation is None
    assert not found.body_edits


def test_a_thread_that_is_none_hinders_nothing() -> None:
    assert routed(thread=None).model == routed().model == HAIKU
