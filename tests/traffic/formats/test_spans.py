"""OpenTelemetry's three eras, and OpenInference, in OTLP's JSON and in an SDK's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from suffice.records import Usage


def value(plain: Any) -> dict[str, Any]:
    """OTLP's AnyValue."""
    match plain:
        case bool():
            return {"boolValue": plain}
        case int():
            return {"intValue": str(plain)}
        case float():
            return {"doubleValue": plain}
        case list():
            return {"arrayValue": {"values": [value(one) for one in plain]}}
        case dict():
            return {"kvlistValue": {"values": attributes(plain)}}
        case _:
            return {"stringValue": str(plain)}


def attributes(plain: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value(one)} for key, one in plain.items()]


def otlp(said: dict[str, Any], *, events: Any = (), status: Any = None) -> dict[str, Any]:
    span = {
        "traceId": "t1",
        "spanId": "s1",
        "name": "chat",
        "kind": 3,
        "startTimeUnixNano": "1793491200000000000",
        "endTimeUnixNano": "1793491201500000000",
        "attributes": attributes(said),
        "events": [{"name": name, "attributes": attributes(told)} for name, told in events],
        "status": status or {},
    }
    resource = {"attributes": attributes({"service.name": "support"})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}


COMMON = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "claude-opus-5-5",
    "gen_ai.response.model": "claude-haiku-4-5",
    "gen_ai.request.max_tokens": 64,
    "gen_ai.usage.output_tokens": 2,
    "gen_ai.conversation.id": "c-1",
}
SAID = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 64, "system": "Be brief."}


def test_the_first_era_told_its_messages_as_events(read: Any) -> None:
    (found,) = read(
        otlp(
            {**COMMON, "gen_ai.system": "anthropic", "gen_ai.usage.input_tokens": 10},
            events=[
                ("gen_ai.system.message", {"content": "Be brief."}),
                ("gen_ai.user.message", {"content": "hi"}),
                (
                    "gen_ai.choice",
                    {"finish_reason": "stop", "message": {"role": "assistant", "content": "yo"}},
                ),
            ],
        )
    )

    assert found.request == SAID
    assert (found.response_text, found.stop_reason) == ("yo", "end_turn")
    assert found.usage == Usage(input_tokens=10, output_tokens=2)


@pytest.mark.parametrize("written", ["cache_creation", "cache_write"])
def test_the_later_eras_tell_messages_as_attributes(written: str, read: Any) -> None:
    (found,) = read(
        otlp(
            {
                **COMMON,
                "gen_ai.provider.name": "anthropic",
                "gen_ai.usage.input_tokens": 100,
                "gen_ai.usage.cache_read.input_tokens": 60,
                f"gen_ai.usage.{written}.input_tokens": 30,
                "gen_ai.system_instructions": json.dumps(
                    [{"type": "text", "content": "Be brief."}]
                ),
                "gen_ai.input.messages": json.dumps(
                    [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
                ),
                "gen_ai.output.messages": json.dumps(
                    [
                        {
                            "role": "assistant",
                            "parts": [
                                {"type": "tool_call", "id": "c", "name": "f", "arguments": {"x": 1}}
                            ],
                            "finish_reason": "tool_call",
                        }
                    ]
                ),
                "gen_ai.response.finish_reasons": ["tool_calls"],
                "gen_ai.prompt.name": "triage",
            }
        )
    )

    assert found.request == SAID
    assert found.response_blocks == (
        {"type": "tool_use", "id": "c", "name": "f", "input": {"x": 1}},
    )
    assert found.usage == Usage(
        input_tokens=10, cache_read_tokens=60, cache_write_5m_tokens=30, output_tokens=2
    )
    assert found.labels == {"gen_ai.prompt.name": "triage"}


def test_a_router_is_seen_as_two_models(read: Any) -> None:
    (found,) = read(otlp({**COMMON, "gen_ai.usage.input_tokens": 1}))

    assert (found.requested_model, found.model) == ("claude-opus-5-5", "claude-haiku-4-5")
    assert (found.session, found.app, found.latency_s) == ("c-1", "support", 1.5)
    assert found.id == "t1-s1"


@pytest.mark.parametrize("operation", ["invoke_agent", "execute_tool", "embeddings"])
def test_an_agents_or_a_tools_span_is_no_call(operation: str, read: Any) -> None:
    assert read(otlp({**COMMON, "gen_ai.operation.name": operation})) == []


def test_a_span_about_something_else_is_no_call(read: Any) -> None:
    assert read(otlp({"http.request.method": "GET"})) == []


def test_a_failed_span_names_its_error(read: Any) -> None:
    (found,) = read(otlp({**COMMON, "error.type": "overloaded"}, status={"code": 2}))

    assert found.error == "overloaded"


OPENINFERENCE = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "claude-haiku-4-5",
    "llm.request.model_name": "claude-opus-5-5",
    "llm.response.model_name": "claude-haiku-4-5",
    "llm.invocation_parameters": '{"max_tokens": 64, "model": "claude-opus-5-5"}',
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "Be brief.",
    "llm.input_messages.1.message.role": "user",
    "llm.input_messages.1.message.contents.0.message_content.type": "text",
    "llm.input_messages.1.message.contents.0.message_content.text": "hi",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": "yo",
    "llm.output_messages.0.message.tool_calls.0.tool_call.id": "c",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "f",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"x": 1}',
    "llm.tools.0.tool.json_schema": '{"name": "f", "input_schema": {"type": "object"}}',
    "llm.token_count.prompt": 100,
    "llm.token_count.completion": 2,
    "llm.token_count.prompt_details.cache_read": 90,
    "llm.cost.total": 0.5,
    "session.id": "s",
    "user.id": "u",
}


def check_openinference(found: Any) -> None:
    assert found.source == "openinference"
    assert found.request == {
        "system": "Be brief.",
        "max_tokens": 64,
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    }
    assert found.response_blocks == (
        {"type": "text", "text": "yo"},
        {"type": "tool_use", "id": "c", "name": "f", "input": {"x": 1}},
    )
    assert found.usage == Usage(input_tokens=10, cache_read_tokens=90, output_tokens=2)
    assert (found.reported_usd, found.session, found.user) == ("0.5", "s", "u")
    assert (found.requested_model, found.model) == ("claude-opus-5-5", "claude-haiku-4-5")


def test_openinference_is_read_from_otlp(read: Any) -> None:
    (found,) = read(otlp(OPENINFERENCE))

    check_openinference(found)


def test_openinference_is_read_from_an_sdks_json(read: Any) -> None:
    (found,) = read(
        {
            "name": "messages.create",
            "context": {"trace_id": "t", "span_id": "s"},
            "start_time": "2026-11-01T00:00:00Z",
            "end_time": "2026-11-01T00:00:01Z",
            "attributes": OPENINFERENCE,
            "status": {"status_code": "OK"},
        }
    )

    check_openinference(found)


def test_openinference_is_read_from_columns(read: Any) -> None:
    columns = {f"attributes.{name}": one for name, one in OPENINFERENCE.items()}

    (found,) = read({"context.span_id": "s", "context.trace_id": "t", "name": "x", **columns})

    check_openinference(found)


def test_an_openinference_chain_is_no_call(read: Any) -> None:
    assert read(otlp({**OPENINFERENCE, "openinference.span.kind": "CHAIN"})) == []


def log_document(said: dict[str, Any], *, name: str = "") -> dict[str, Any]:
    entry = {
        "timeUnixNano": "1793491201500000000",
        "eventName": name,
        "body": {"stringValue": "claude_code.api_request"},
        "attributes": attributes(said),
        "traceId": "t1",
        "spanId": "s1",
    }
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": [entry]}]}]}


def test_claude_codes_events_are_calls_without_their_prompts(read: Any) -> None:
    (found,) = read(
        log_document(
            {
                "event.name": "api_request",
                "session.id": "sess",
                "model": "claude-opus-5-5",
                "cost_usd": "0.25",
                "duration_ms": "1500",
                "input_tokens": "10",
                "output_tokens": "5",
                "cache_read_tokens": "900",
                "cache_creation_tokens": "90",
            }
        )
    )

    assert (found.ts, found.latency_s, found.session) == (1793491200.0, 1.5, "sess")
    assert found.usage == Usage(
        input_tokens=10, cache_read_tokens=900, cache_write_5m_tokens=90, output_tokens=5
    )
    assert (found.reported_usd, found.replayable) == ("0.25", False)


def test_a_call_told_as_an_event_is_the_call_told_as_a_span(read: Any) -> None:
    said = {**COMMON, "gen_ai.usage.input_tokens": 10}

    (event,) = read(log_document(said, name="gen_ai.client.inference.operation.details"))
    (span,) = read(otlp(said))

    assert (event.id, event.source, event.usage) == (span.id, span.source, span.usage)


def test_other_events_are_no_calls(read: Any) -> None:
    assert read(log_document({"event.name": "tool_result", "model": "m"})) == []
