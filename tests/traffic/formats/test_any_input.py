"""Whatever a stranger's file holds, a parser gives exchanges or a ValueError, and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.records import LoggedExchange
from suffice.traffic.formats import FORMATS, Format, detect

# Names parsers look at, so that the fuzz goes beyond the first `if`.
NAMES = sorted(
    {
        "id", "type", "role", "model", "content", "messages", "request", "response", "body",
        "input", "output", "usage", "choices", "message", "tool_calls", "function", "arguments",
        "custom_id", "params", "result", "error", "metadata", "labels", "status", "ts", "v",
        "spend", "call_type", "startTime", "endTime", "prompt_tokens", "completion_tokens",
        "prompt_tokens_details", "cached_tokens", "trace_id", "usage_details", "input_tokens",
        "output_tokens", "cache_read_input_tokens", "cache_creation", "total", "start_time",
        "request_created_at", "request_body", "response_body", "request_properties", "op_name",
        "inputs", "summary", "weave", "costs", "attributes", "resourceSpans", "scopeSpans",
        "spans", "resource", "key", "value", "stringValue", "intValue", "arrayValue", "values",
        "kvlistValue", "events", "name", "spanId", "context", "llm.input_messages.0.message.role",
        "llm.tools.0.tool.json_schema", "openinference.span.kind", "gen_ai.request.model",
        "gen_ai.input.messages", "gen_ai.output.messages", "parts", "sessionId", "uuid",
        "parentUuid", "isSidechain", "system", "tools", "tool_choice", "response_format",
        "user_id", "requested_model", "policy_version", "request_tags", "timestamp",
    }
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.sampled_from(
        [
            "",
            "user",
            "assistant",
            "LLM",
            "chat",
            "GENERATION",
            "[",
            "{}",
            "[{}]",
            "1e999",
            "2026-13-01",
        ]
    )
    | st.text(max_size=6)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=14,
)
RECORDS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@settings(max_examples=80, deadline=None)
@given(records=st.lists(RECORDS, max_size=3))
def test_a_parser_gives_exchanges_or_a_value_error(
    form: Format, records: list[dict[str, Any]]
) -> None:
    reader = form.reader()
    found: list[LoggedExchange] = []
    for record in records:
        try:
            found += reader.read(record)
        except ValueError:
            continue
    found += reader.finish()

    for exchange in found:
        assert msgspec.convert(msgspec.to_builtins(exchange), LoggedExchange) == exchange


@settings(max_examples=200, deadline=None)
@given(record=RECORDS)
def test_looking_for_a_format_never_fails(record: dict[str, Any]) -> None:
    form = detect(record)

    assert form is None or form in FORMATS


def test_nesting_beyond_reason_is_no_crash() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = {"content": [deep], "attributes": deep}
    for form in FORMATS:
        try:
            list(form.reader().read({"messages": [deep], "attributes": deep, "spanId": "s"}))
        except (ValueError, RecursionError):
            continue
