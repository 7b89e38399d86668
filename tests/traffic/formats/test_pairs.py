"""Requests and responses side by side, alone, and in our own capture."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from suffice.records import ExchangeRecord, LoggedExchange, Usage

REQUEST: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "max_tokens": 100,
    "system": "Classify the ticket.",
    "messages": [{"role": "user", "content": "Where is my parcel?"}],
    "metadata": {"user_id": "u-1", "type": "triage"},
}
MESSAGE: dict[str, Any] = {
    "id": "msg_01",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-5-5-20261001",
    "content": [{"type": "text", "text": "delivery"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 40, "output_tokens": 3},
}


@pytest.mark.parametrize(
    "record",
    [
        {"request": REQUEST, "response": MESSAGE},
        {"body": REQUEST, "response": MESSAGE},
        {"input": REQUEST, "output": MESSAGE},
        {"request": json.dumps(REQUEST), "response": json.dumps(MESSAGE)},
    ],
    ids=["request/response", "body/response", "input/output", "as texts"],
)
def test_a_pair_reads_the_same_whatever_its_halves_are_called(record: Any, read: Any) -> None:
    (found,) = read(record)

    assert found == LoggedExchange(
        source="anthropic",
        id="msg_01",
        request={name: value for name, value in REQUEST.items() if name != "model"},
        response_text="delivery",
        response_blocks=({"type": "text", "text": "delivery"},),
        model="claude-opus-5-5-20261001",
        requested_model="claude-opus-5-5",
        usage=Usage(input_tokens=40, output_tokens=3),
        user="u-1",
        labels={"metadata.type": "triage"},
        stop_reason="end_turn",
    )


def test_a_message_alone_is_a_call_without_its_request(read: Any) -> None:
    (found,) = read(MESSAGE)

    assert (found.id, found.response_text, found.request) == ("msg_01", "delivery", {})
    assert not found.replayable


def test_a_request_alone_is_a_call_without_its_answer(read: Any) -> None:
    (found,) = read(REQUEST)

    assert found.replayable
    assert (found.answered, found.usage, found.requested_model) == (False, None, "claude-opus-5-5")


def test_an_error_in_place_of_an_answer_is_named(read: Any) -> None:
    failure = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}

    (found,) = read({"request": REQUEST, "response": failure, "status": 529})

    assert (found.error, found.status, found.answered) == ("overloaded_error", 529, False)


@pytest.mark.parametrize(
    ("user_id", "session", "user"),
    [
        (
            "user_ab12_account_0f-1_session_5e55-10",
            "5e55-10",
            "user_ab12_account_0f-1",
        ),
        ('{"device_id":"d","account_uuid":"a-1","session_id":"s-1"}', "s-1", "a-1"),
        ("plain", "", "plain"),
    ],
)
def test_claude_codes_session_is_found_in_the_user_it_sends(
    user_id: str, session: str, user: str, read: Any
) -> None:
    request = {**REQUEST, "metadata": {"user_id": user_id}}

    (found,) = read({"request": request, "response": MESSAGE})

    assert (found.session, found.user) == (session, user)


def test_our_own_capture_line_is_read_in_full(read: Any) -> None:
    (found,) = read(
        {
            "v": 1,
            "ts": 1793491200.5,
            "request": REQUEST,
            "response": MESSAGE,
            "status": 200,
            "request_id": "req_1",
            "duration_ms": 1500,
            "ttft_ms": 300,
            "stream": True,
            "labels": {"team": "support"},
        }
    )

    assert found.source == "suffice"
    assert (found.ts, found.latency_s, found.ttft_s, found.status) == (1793491200.5, 1.5, 0.3, 200)
    assert found.labels == {"team": "support", "metadata.type": "triage"}


def test_the_gateways_own_record_is_read_with_its_bodies(read: Any) -> None:
    record = ExchangeRecord(
        ts=1793491200.0,
        id="own-1",
        session="s",
        type="triage",
        requested_model="claude-opus-5-5",
        served_model="claude-haiku-4-5",
        status=200,
        complete=True,
        policy_version="7",
        usage=Usage(input_tokens=9, output_tokens=2),
        duration_s=0.5,
        request_body=json.dumps(REQUEST).encode(),
        response_body=json.dumps({**MESSAGE, "model": "claude-haiku-4-5", "usage": None}).encode(),
    )
    line: dict[str, Any] = {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in ((name, getattr(record, name)) for name in record.__struct_fields__)
        if value is not None
    } | {"usage": {"input_tokens": 9, "output_tokens": 2}}

    (found,) = read(line)

    assert (found.source, found.model, found.requested_model) == (
        "suffice",
        "claude-haiku-4-5",
        "claude-opus-5-5",
    )
    assert found.usage == Usage(input_tokens=9, output_tokens=2)
    assert (found.response_text, found.labels["type"]) == ("delivery", "triage")


CHAT: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1793491200,
    "model": "gpt-5",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "weather", "arguments": '{"city":"Bonn"}'},
                    }
                ],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27},
}
CHAT_REQUEST = {
    "model": "gpt-5",
    "max_completion_tokens": 50,
    "stop": "END",
    "messages": [
        {"role": "system", "content": "Use tools."},
        {"role": "user", "content": [{"type": "text", "text": "Weather in Bonn?"}]},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": CHAT["choices"][0]["message"]["tool_calls"],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {"name": "weather", "parameters": {"type": "object"}},
        }
    ],
    "tool_choice": "required",
    "response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}},
}


def test_an_openai_chat_becomes_anthropics_request_and_blocks(read: Any) -> None:
    (found,) = read({"request": CHAT_REQUEST, "response": CHAT})

    assert found.request == {
        "system": "Use tools.",
        "max_tokens": 50,
        "stop_sequences": ["END"],
        "tools": [{"name": "weather", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "any"},
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Weather in Bonn?"}]},
            {
                "role": "assistant",
                "content": [
                    {
                        "type": "tool_use",
                        "id": "call_1",
                        "name": "weather",
                        "input": {"city": "Bonn"},
                    }
                ],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "rain"}],
            },
        ],
    }
    assert found.response_blocks == (
        {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Bonn"}},
    )
    assert (found.stop_reason, found.ts, found.source) == ("tool_use", 1793491200.0, "openai")


def test_a_fine_tuning_lines_last_message_is_its_answer(read: Any) -> None:
    (found,) = read(
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": "hello"},
            ]
        }
    )

    assert found.request == {
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "hi"}],
    }
    assert (found.response_text, found.source) == ("hello", "openai")


def test_a_picture_in_a_data_address_becomes_an_image_block(read: Any) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}
    request = {"model": "gpt-5", "messages": [{"role": "user", "content": [picture]}]}

    (found,) = read({"request": request, "response": CHAT})

    assert found.request["messages"][0]["content"][0] == {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"},
    }


def test_claude_codes_headers_tell_the_session_and_the_sub_agent(read: Any) -> None:
    """And a header of ours names the type; no other header is read."""
    headers = {
        "X-Claude-Code-Session-Id": "s-1",
        "x-claude-code-agent-id": "a-2",
        "x-claude-code-parent-agent-id": "a-1",
        "x-suffice-type": "search",
        "x-api-key": "sk-ant-never-kept",
    }

    (found,) = read({"request": REQUEST, "response": MESSAGE, "headers": headers})

    assert (found.session, found.agent_id, found.parent_agent_id) == ("s-1", "a-2", "a-1")
    assert found.labels["suffice.type"] == "search"
    assert "never-kept" not in repr(found)
