"""What observability tools export: LiteLLM, Langfuse, Helicone and Weave."""

from __future__ import annotations

import json
from typing import Any

from suffice.records import Usage

SPEND_LOG = {
    "request_id": "chatcmpl-7",
    "call_type": "acompletion",
    "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
    "spend": 0.0123,
    "total_tokens": 98_905,
    "prompt_tokens": 98_805,
    "completion_tokens": 100,
    "startTime": "2026-11-01T00:00:00Z",
    "endTime": "2026-11-01T00:00:02Z",
    "completionStartTime": "2026-11-01T00:00:00.500Z",
    "model": "anthropic/claude-opus-5-5",
    "model_group": "smart",
    "user": "u-1",
    "metadata": json.dumps(
        {
            "user_api_key_alias": "support-bot",
            "usage_object": {
                "prompt_tokens": 98_805,
                "cache_read_input_tokens": 66_360,
                "cache_creation_input_tokens": 32_435,
            },
        }
    ),
    "cache_hit": "False",
    "request_tags": '["triage", "eu"]',
    "messages": "{}",
    "response": "{}",
    "session_id": "s-1",
    "status": "success",
}


def test_a_litellm_spend_row_without_bodies_can_be_ranked(read: Any) -> None:
    (found,) = read(SPEND_LOG)

    assert found.usage == Usage(
        input_tokens=10,
        cache_read_tokens=66_360,
        cache_write_5m_tokens=32_435,
        output_tokens=100,
    )
    assert (found.model, found.requested_model, found.app) == (
        "claude-opus-5-5",
        "smart",
        "support-bot",
    )
    assert (found.reported_usd, found.latency_s, found.ttft_s) == ("0.0123", 2.0, 0.5)
    assert found.labels == {"request_tags": "triage,eu"}
    assert (found.request, found.answered) == ({}, False)


def test_no_part_of_a_litellm_key_is_read(read: Any) -> None:
    (found,) = read(SPEND_LOG)

    assert "88dc28d0" not in repr(found)


def test_an_answer_out_of_litellms_own_cache_is_no_call(read: Any) -> None:
    assert read({**SPEND_LOG, "cache_hit": "True"}) == []


def test_an_embedding_is_no_call_of_ours(read: Any) -> None:
    assert read({**SPEND_LOG, "call_type": "aembedding"}) == []


def test_litellms_logging_payload_is_read_with_its_bodies(read: Any) -> None:
    (found,) = read(
        {
            "id": "x-1",
            "trace_id": "t-1",
            "call_type": "acompletion",
            "response_cost": 0.001,
            "status": "success",
            "total_tokens": 12,
            "prompt_tokens": 10,
            "completion_tokens": 2,
            "startTime": 1793491200.0,
            "endTime": 1793491201.0,
            "model": "claude-haiku-4-5",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "hi"},
            ],
            "model_parameters": {"max_tokens": 5},
            "response": {
                "model": "claude-haiku-4-5",
                "choices": [
                    {"message": {"role": "assistant", "content": "yo"}, "finish_reason": "stop"}
                ],
            },
        }
    )

    assert found.request == {
        "system": "Be brief.",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "hi"}],
    }
    assert (found.response_text, found.stop_reason, found.session) == ("yo", "end_turn", "t-1")


GENERATION = {
    "id": "obs-1",
    "trace_id": "tr-1",
    "type": "GENERATION",
    "parent_observation_id": "",
    "start_time": "2026-11-01 00:00:00.250000",
    "end_time": "2026-11-01 00:00:01.250000",
    "name": "classify",
    "level": "DEFAULT",
    "input": json.dumps([{"role": "user", "content": "hi"}]),
    "output": json.dumps({"role": "assistant", "content": "yo"}),
    "provided_model_name": "claude-haiku-4-5",
    "model_parameters": '{"max_tokens": 64}',
    "usage_details": '{"input": 10, "output": 2, "input_cached_tokens": 90, "total": 102}',
    "cost_details": '{"total": 0.00002}',
    "prompt_name": "triage",
    "prompt_version": "3",
    "total_cost": "",
    "latency": "1.0",
    "time_to_first_token": "",
    "user_id": "",
    "session_id": "sess-1",
}


def test_a_langfuse_generation_is_a_call(read: Any) -> None:
    (found,) = read(GENERATION)

    assert found.ts == 1793491200.25
    assert found.request == {
        "max_tokens": 64,
        "messages": [{"role": "user", "content": "hi"}],
    }
    assert found.response_text == "yo"
    assert found.usage == Usage(input_tokens=10, cache_read_tokens=90, output_tokens=2)
    assert found.labels == {"prompt_name": "triage", "prompt_version": "3", "name": "classify"}
    assert (found.reported_usd, found.session, found.latency_s, found.ttft_s) == (
        "0.00002",
        "sess-1",
        1.0,
        None,
    )


def test_langfuse_spans_and_events_are_no_calls(read: Any) -> None:
    assert read({**GENERATION, "type": "SPAN"}, {**GENERATION, "type": "EVENT"}) == []


def test_a_helicone_row_without_bodies_can_be_ranked(read: Any) -> None:
    (found,) = read(
        {
            "response_id": "h-1",
            "response_created_at": "2026-11-01T00:00:02Z",
            "response_status": "200",
            "request_created_at": "2026-11-01T00:00:00Z",
            "request_body": "",
            "request_properties": '{"Feature": "triage"}',
            "request_user_id": "u-9",
            "model": "claude-haiku-4-5",
            "prompt_tokens": "100",
            "completion_tokens": "5",
            "latency": "1800",
            "cost": "0.000125",
        }
    )

    assert found.usage == Usage(input_tokens=100, output_tokens=5)
    assert (found.latency_s, found.status, found.user) == (1.8, 200, "u-9")
    assert found.labels == {"Feature": "triage"}
    assert found.reported_usd == "0.000125"


def test_a_helicone_row_with_bodies_uses_their_usage(read: Any) -> None:
    (found,) = read(
        {
            "request_id": "h-2",
            "request_created_at": 1793491200,
            "request_body": {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
            "response_body": {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "m",
                "content": [{"type": "text", "text": "yo"}],
                "usage": {"input_tokens": 1, "cache_read_input_tokens": 9, "output_tokens": 1},
            },
            "prompt_tokens": 1,
        }
    )

    assert found.usage == Usage(input_tokens=1, cache_read_tokens=9, output_tokens=1)
    assert (found.response_text, found.replayable) == ("yo", True)


WEAVE_CALL = {
    "id": "w-1",
    "project_id": "p",
    "op_name": "weave:///p/op/anthropic.Messages.create:abc",
    "display_name": None,
    "trace_id": "t",
    "parent_id": "w-0",
    "started_at": "2026-11-01T00:00:00Z",
    "ended_at": "2026-11-01T00:00:01.5Z",
    "attributes": {"weave": {"client_version": "1"}, "type": "triage"},
    "inputs": {
        "self": "<client>",
        "model": "claude-haiku-4-5",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "hi"}],
    },
    "output": {
        "id": "msg_w",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [{"type": "text", "text": "yo"}],
        "usage": {"input_tokens": 4, "output_tokens": 1},
    },
    "exception": None,
    "summary": {
        "usage": {"claude-haiku-4-5": {"input_tokens": 4, "output_tokens": 1, "requests": 1}},
        "weave": {
            "latency_ms": 1500,
            "costs": {
                "claude-haiku-4-5": {
                    "prompt_tokens_total_cost": 0.000004,
                    "completion_tokens_total_cost": 0.000005,
                }
            },
        },
    },
    "wb_user_id": "u",
}


def test_a_weave_call_to_a_model_is_read(read: Any) -> None:
    (found,) = read(WEAVE_CALL)

    assert found.request == {"max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    assert (found.response_text, found.latency_s, found.reported_usd) == ("yo", 1.5, "0.000009")
    assert found.labels == {"attributes.type": "triage"}


def test_a_traced_function_above_a_call_does_not_count_its_usage_again(read: Any) -> None:
    above = {
        **WEAVE_CALL,
        "id": "w-0",
        "op_name": "weave:///p/op/answer_ticket:def",
        "inputs": {"ticket": "hi"},
        "output": "yo",
    }

    assert read(above) == []


def test_dollars_are_exact_and_of_a_size_somebody_could_pay(read: Any) -> None:
    costs = {spend: read({**SPEND_LOG, "spend": spend})[0].reported_usd for spend in (
        "0.1", 1e-7, -1, "nan", "1e-999999", 1e300, True, None,
    )}  # fmt: skip

    assert {name: usd for name, usd in costs.items() if usd is not None} == {
        "0.1": "0.1",
        1e-7: "0.0000001",
    }
