"""Usage as providers and recordings send it, read without losing or doubling a token."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.catalog import load_catalog
from suffice.pricing import cost, read_usage
from suffice.records import Usage

FULL: dict[str, Any] = {
    "input_tokens": 12,
    "output_tokens": 34,
    "cache_creation_input_tokens": 30,
    "cache_read_input_tokens": 5,
    "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
    "output_tokens_details": {"thinking_tokens": 7},
    "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 9},
    "service_tier": "batch",
    "inference_geo": "us",
    "speed": "fast",
}


def test_a_full_usage_object_arrives_whole() -> None:
    assert read_usage(FULL) == Usage(
        input_tokens=12,
        cache_read_tokens=5,
        cache_write_5m_tokens=10,
        cache_write_1h_tokens=20,
        output_tokens=34,
        thinking_tokens=7,
        web_searches=2,
        service_tier="batch",
        inference_geo="us",
        speed="fast",
    )


def test_the_short_recorded_form_is_read_too() -> None:
    assert read_usage({"input_tokens": 422, "output_tokens": 5, "latency_s": 1.22}) == Usage(
        input_tokens=422, output_tokens=5
    )


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        {"latency_s": 1.5},
        {"input_tokens": None, "output_tokens": None},
        {"input_tokens": -1, "output_tokens": 5},
        {"input_tokens": "12", "output_tokens": 5},
        {"input_tokens": True, "output_tokens": 5},
        {"input_tokens": 1.5, "output_tokens": 5},
        {"input_tokens": float("nan"), "output_tokens": 5},
        {"input_tokens": float("inf"), "output_tokens": 5},
    ],
)
def test_usage_that_tells_nothing_reliable_is_unknown_and_not_zero(
    payload: dict[str, Any] | None,
) -> None:
    assert read_usage(payload) is None


def test_something_that_is_no_object_is_unknown() -> None:
    broken: Any = [1, 2]

    assert read_usage(broken) is None


def test_nulls_beside_counts_are_zero() -> None:
    payload = {
        "input_tokens": 3,
        "output_tokens": 4,
        "cache_creation": None,
        "cache_read_input_tokens": None,
        "server_tool_use": None,
        "service_tier": None,
    }

    assert read_usage(payload) == Usage(input_tokens=3, output_tokens=4)


@pytest.mark.parametrize(
    ("flat", "split", "written"),
    [
        (30, None, (30, 0)),
        (30, {}, (30, 0)),
        (30, {"ephemeral_1h_input_tokens": 30}, (0, 30)),
        (30, {"ephemeral_1h_input_tokens": 20}, (10, 20)),
        (None, {"ephemeral_5m_input_tokens": 8}, (8, 0)),
        (0, {"ephemeral_5m_input_tokens": 8, "ephemeral_1h_input_tokens": 1}, (8, 1)),
    ],
)
def test_a_cache_write_without_its_split_went_to_the_five_minute_cache(
    flat: int | None, split: dict[str, int] | None, written: tuple[int, int]
) -> None:
    usage = read_usage(
        {"input_tokens": 1, "cache_creation_input_tokens": flat, "cache_creation": split}
    )

    assert usage is not None
    assert (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens) == written


@pytest.mark.parametrize(
    ("output_tokens", "started", "billed"),
    [(0, None, False), (0, False, False), (3, None, True), (0, True, True), (1, False, False)],
)
def test_a_refusal_is_billed_only_once_output_has_begun(
    output_tokens: int, started: bool | None, billed: bool
) -> None:
    usage = read_usage(
        {"input_tokens": 10, "output_tokens": output_tokens},
        stop_reason="refusal",
        output_started=started,
    )

    assert usage is not None
    assert usage.billed is billed


def test_an_empty_answer_that_is_no_refusal_is_billed() -> None:
    usage = read_usage({"input_tokens": 10, "output_tokens": 0}, stop_reason="end_turn")

    assert usage is not None
    assert usage.billed


def test_a_cut_stream_without_its_output_count_is_not_complete() -> None:
    usage = read_usage({"input_tokens": 10})

    assert usage is not None
    assert not usage.complete


def test_iterations_keep_their_models_and_a_declined_attempt_is_not_billed() -> None:
    usage = read_usage(
        {
            "input_tokens": 100,
            "output_tokens": 50,
            "iterations": [
                {
                    "type": "message",
                    "model": "claude-fable-5-2",
                    "input_tokens": 1_000_000,
                    "output_tokens": 0,
                },
                {
                    "type": "fallback_message",
                    "model": "claude-opus-5-5",
                    "input_tokens": 1_000_000,
                    "output_tokens": 0,
                },
                {"type": "compaction", "input_tokens": 0, "output_tokens": 1_000_000},
            ],
        }
    )

    assert usage is not None
    assert [(each.kind, each.model, each.usage.billed) for each in usage.iterations] == [
        ("message", "claude-fable-5-2", False),
        ("fallback_message", "claude-opus-5-5", True),
        ("compaction", None, True),
    ]
    found = cost(usage, "claude-fable-5-2", at=date(2026, 11, 22), catalog=load_catalog())
    assert found == 4 + 40


def test_iterations_that_are_null_leave_the_totals_to_count() -> None:
    usage = read_usage({"input_tokens": 10, "output_tokens": 5, "iterations": None})

    assert usage == Usage(input_tokens=10, output_tokens=5)


def test_an_iteration_that_cannot_be_read_makes_the_whole_unknown() -> None:
    broken = {"type": "message", "input_tokens": "many", "output_tokens": 1}

    assert read_usage({"input_tokens": 10, "output_tokens": 5, "iterations": [broken]}) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*FULL, "iterations", "type"]), json_values))
def test_no_payload_breaks_the_reader_and_none_yields_negative_tokens(
    payload: dict[str, Any],
) -> None:
    usage = read_usage(payload)

    if usage is not None:
        assert usage.prompt_tokens >= 0
        assert usage.output_tokens >= 0
        assert Decimal(usage.input_tokens) == usage.input_tokens
