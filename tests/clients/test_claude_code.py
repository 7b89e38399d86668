"""Requests shaped as Claude Code 2.1 sends them; the client itself is run by `make clients`."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
BETAS = (
    "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,"
    "per-turn-control-2026-07-01,mid-conversation-tool-changes-2026-07-01,effort-2025-11-24"
)
BASH = {
    "name": "Bash",
    "description": "Run a command.",
    "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}},
}


def asked(note: str, *messages: dict[str, Any]) -> dict[str, Any]:
    marker = {"type": "ephemeral"}
    return {
        "model": OPUS,
        "messages": list(messages),
        "system": [
            {"type": "text", "text": f"x-anthropic-billing-header: cc_version={note};"},
            {"type": "text", "text": "You are an agent.", "cache_control": marker},
        ],
        "tools": [BASH],
        "metadata": {"user_id": json.dumps({"device_id": "d", "session_id": "s-1"})},
        "max_tokens": 32_000,
        "thinking": {"type": "adaptive"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "high"},
        "stream": True,
    }


def send(url: str, body: dict[str, Any], **headers: str) -> httpx2.Response:
    return httpx2.post(
        f"{url}/v1/messages?beta=true",
        json=body,
        headers={
            "authorization": "Bearer sk-test",
            "anthropic-version": "2023-06-01",
            "anthropic-beta": BETAS,
            "x-app": "cli",
            "x-claude-code-session-id": "s-1",
            **headers,
        },
    )


@pytest.mark.parametrize("headers", [{}, {"x-suffice-type": "triage"}], ids=["as asked", "routed"])
def test_a_session_with_its_tools_stays_on_one_model_and_its_note_in_place(
    front: Any, headers: dict[str, str]
) -> None:
    user = {"role": "user", "content": [{"type": "text", "text": "weather?"}]}
    aside = {"role": "system", "content": "The user is in a hurry."}
    call = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "sunny"}
    turns: list[dict[str, Any]] = [user, aside, {"role": "assistant", "content": [call]}]
    first = send(front.url, asked("2.1.330.a38", user, aside), **headers)
    last = send(
        front.url,
        asked("2.1.330.a38", *turns, {"role": "user", "content": [result]}, aside),
        **headers,
    )

    sent = front.fake.journal.last
    assert (first.status_code, last.status_code) == (200, 200)
    assert front.models_asked() == [HAIKU if headers else OPUS] * 2
    assert sent.body["system"] == asked("2.1.330.a38")["system"]
    assert (sent.query, sent.headers["anthropic-beta"]) == ("beta=true", BETAS)
    assert sent.headers["x-claude-code-session-id"] == "s-1"


def test_its_error_bodies_keep_the_wording_by_which_it_heals_itself(front: Any) -> None:
    user = {"role": "user", "content": "hi"}
    refused = send(front.url, {**asked("2.1.330.a38", user), "model": "claude-haiku-4-5"})

    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == "adaptive thinking is not supported on this model"
    assert refused.headers["request-id"] == refused.json()["request_id"]
