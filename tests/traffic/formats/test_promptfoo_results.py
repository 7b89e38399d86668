"""promptfoo's results files as calls."""

from __future__ import annotations

from typing import Any

import pytest

from suffice.records import Usage

ROW: dict[str, Any] = {
    "id": "r-1",
    "promptIdx": 0,
    "testIdx": 3,
    "provider": {"id": "anthropic:messages:claude-haiku-4-5", "label": ""},
    "prompt": {"raw": "Say hi to Ann", "label": "greeting"},
    "vars": {"name": "Ann"},
    "testCase": {"metadata": {"type": "greet"}, "assert": [{"type": "contains", "value": "Ann"}]},
    "response": {
        "output": "Hi Ann",
        "tokenUsage": {"total": 14, "prompt": 10, "completion": 4},
        "cost": 0.00003,
    },
    "gradingResult": {"pass": False, "score": 0},
    "error": "Expected output to contain Ann",
    "latencyMs": 300,
}
FILE: dict[str, Any] = {
    "evalId": "eval-1",
    "results": {"version": 3, "timestamp": "2026-11-01T00:00:00Z", "results": [ROW]},
    "config": {},
}


def test_a_results_file_is_its_rows_calls(read: Any) -> None:
    (found,) = read(FILE)

    assert found.request == {"messages": [{"role": "user", "content": "Say hi to Ann"}]}
    assert (found.response_text, found.model, found.id) == ("Hi Ann", "claude-haiku-4-5", "r-1")
    assert found.usage == Usage(input_tokens=10, output_tokens=4)
    assert (found.ts, found.latency_s, found.reported_usd) == (1793491200.0, 0.3, "0.00003")
    assert found.labels == {"metadata.type": "greet", "prompt_name": "greeting"}


def test_a_row_alone_is_a_call_too(read: Any) -> None:
    (found,) = read(ROW)

    assert (found.source, found.model) == ("promptfoo", "claude-haiku-4-5")


def test_a_failed_assertion_is_no_error_of_the_call(read: Any) -> None:
    refused = {**ROW, "error": "API error: 529", "response": {"error": "API error: 529"}}

    (graded,), (failed,) = read(ROW), read(refused)

    assert (graded.error, failed.error) == (None, "API error: 529")


def test_an_answer_out_of_promptfoos_cache_called_nobody(read: Any) -> None:
    assert read({**ROW, "response": {**ROW["response"], "cached": True}}) == []


@pytest.mark.parametrize(
    "raw",
    ['[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]'],
)
def test_a_prompt_of_turns_is_read_as_turns(raw: str, read: Any) -> None:
    (found,) = read({**ROW, "prompt": {"raw": raw}})

    assert found.request == {
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "hi"}],
    }
