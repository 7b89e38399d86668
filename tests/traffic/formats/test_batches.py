"""Batches: two files that belong together."""

from __future__ import annotations

from typing import Any

from suffice.records import Usage
from suffice.traffic.formats.batches import BatchReader

ASKED = {
    "custom_id": "a",
    "params": {
        "model": "claude-haiku-4-5",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
    },
}
ANSWERED = {
    "custom_id": "a",
    "result": {
        "type": "succeeded",
        "message": {
            "id": "msg_a",
            "type": "message",
            "role": "assistant",
            "model": "claude-haiku-4-5",
            "content": [{"type": "text", "text": "hello"}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 8, "output_tokens": 2},
        },
    },
}


def test_request_and_result_are_joined_in_either_order(read: Any) -> None:
    (one,) = read(ASKED, ANSWERED)
    (other,) = read(ANSWERED, ASKED)

    assert one == other
    assert (one.id, one.response_text) == ("msg_a", "hello")
    assert one.request["messages"] == [{"role": "user", "content": "hi"}]


def test_a_batched_call_is_billed_as_one(read: Any) -> None:
    (found,) = read(ASKED, ANSWERED)

    assert found.usage == Usage(input_tokens=8, output_tokens=2, service_tier="batch")


def test_a_result_without_its_request_is_still_a_call(read: Any) -> None:
    (found,) = read(ANSWERED)

    assert (found.request, found.model) == ({}, "claude-haiku-4-5")


def test_a_request_without_a_result_is_no_call(read: Any) -> None:
    assert read(ASKED) == []


def test_errored_and_expired_requests_are_named(read: Any) -> None:
    errored = {
        "custom_id": "a",
        "result": {
            "type": "errored",
            "error": {"type": "error", "error": {"type": "invalid_request_error", "message": "x"}},
        },
    }
    expired = {"custom_id": "a", "result": {"type": "expired"}}

    assert read(ASKED, errored)[0].error == "invalid_request_error"
    assert read(ASKED, expired)[0].error == "expired"


def test_openais_batch_is_joined_too(read: Any) -> None:
    asked = {
        "custom_id": "r1",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]},
    }
    answered = {
        "id": "batch_req_1",
        "custom_id": "r1",
        "response": {
            "status_code": 200,
            "request_id": "q",
            "body": {
                "id": "chatcmpl-9",
                "model": "gpt-5",
                "choices": [{"message": {"role": "assistant", "content": "yo"}}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 1},
            },
        },
        "error": None,
    }

    (found,) = read(asked, answered)

    assert (found.id, found.response_text, found.status) == ("chatcmpl-9", "yo", 200)
    assert found.usage == Usage(input_tokens=3, output_tokens=1, service_tier="batch")


def test_what_waits_is_bounded_and_never_loses_an_answer() -> None:
    reader = BatchReader("anthropic-batch", most_waiting_bytes=2_000)
    results = [{**ANSWERED, "custom_id": f"c{n}"} for n in range(100)]

    found = [one for record in results for one in reader.read(record)]
    found += reader.finish()

    assert len(found) == 100
