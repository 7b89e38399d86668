"""What each source counts as input: one table, one truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.records import Usage
from suffice.traffic.formats.otel import genai_usage, openinference_usage
from suffice.traffic.formats.otel_logs import claude_code_usage
from suffice.traffic.formats.promptfoo import promptfoo_usage
from suffice.traffic.formats.usage import (
    anthropic_usage,
    any_usage,
    inclusive_usage,
    langfuse_usage,
    openai_usage,
)

# The same call as each source tells it: 10 fresh tokens, 66,360 read from the cache,
# 32,435 written to it, 500 tokens out.
THE_CALL = (10, 66_360, 32_435, 500)
WHOLE = 98_805

SAME_CALL: dict[str, tuple[Callable[[Mapping[str, Any]], Usage | None], dict[str, Any]]] = {
    "Anthropic: three classes beside each other": (
        anthropic_usage,
        {
            "input_tokens": 10,
            "cache_read_input_tokens": 66_360,
            "cache_creation_input_tokens": 32_435,
            "output_tokens": 500,
        },
    ),
    "OpenTelemetry to 1.41: all in input, cache_creation": (
        genai_usage,
        {
            "gen_ai.usage.input_tokens": WHOLE,
            "gen_ai.usage.cache_read.input_tokens": 66_360,
            "gen_ai.usage.cache_creation.input_tokens": 32_435,
            "gen_ai.usage.output_tokens": 500,
        },
    ),
    "OpenTelemetry after 1.41: all in input, cache_write": (
        genai_usage,
        {
            "gen_ai.usage.input_tokens": WHOLE,
            "gen_ai.usage.cache_read.input_tokens": 66_360,
            "gen_ai.usage.cache_write.input_tokens": 32_435,
            "gen_ai.usage.output_tokens": 500,
        },
    ),
    "LiteLLM: all in prompt_tokens": (
        openai_usage,
        {
            "prompt_tokens": WHOLE,
            "cache_read_input_tokens": 66_360,
            "cache_creation_input_tokens": 32_435,
            "completion_tokens": 500,
        },
    ),
    "LiteLLM: the same in details": (
        openai_usage,
        {
            "prompt_tokens": WHOLE,
            "prompt_tokens_details": {"cached_tokens": 66_360, "cache_creation_tokens": 32_435},
            "completion_tokens": 500,
        },
    ),
    "Langfuse: classes beside each other": (
        langfuse_usage,
        {
            "input": 10,
            "input_cached_tokens": 66_360,
            "input_cache_creation": 32_435,
            "output": 500,
            "total": WHOLE + 500,
        },
    ),
    "Langfuse: sender counted the cache twice": (
        langfuse_usage,
        {
            "input": WHOLE,
            "input_cached_tokens": 66_360,
            "input_cache_creation": 32_435,
            "output": 500,
            "total": WHOLE + 500,
        },
    ),
    "Langfuse: Anthropic's own names": (
        langfuse_usage,
        {
            "input_tokens": 10,
            "cache_read_input_tokens": 66_360,
            "cache_creation_input_tokens": 32_435,
            "output_tokens": 500,
        },
    ),
    "OpenTelemetry to 1.36: all in input, the cache not told apart": (
        genai_usage,
        {"gen_ai.usage.prompt_tokens": WHOLE, "gen_ai.usage.completion_tokens": 500},
    ),
    "Claude Code's events: four counts beside each other": (
        claude_code_usage,
        {
            "input_tokens": 10,
            "cache_read_tokens": 66_360,
            "cache_creation_tokens": 32_435,
            "output_tokens": 500,
        },
    ),
    "OpenAI: all in prompt_tokens, cached in details": (
        openai_usage,
        {
            "prompt_tokens": WHOLE,
            "prompt_tokens_details": {"cached_tokens": 66_360},
            "completion_tokens": 500,
        },
    ),
    "promptfoo: all in prompt, the cache not told apart": (
        promptfoo_usage,
        {"prompt": WHOLE, "completion": 500, "total": WHOLE + 500},
    ),
    "OpenInference: details are a breakdown": (
        openinference_usage,
        {
            "llm.token_count.prompt": WHOLE,
            "llm.token_count.prompt_details.cache_read": 66_360,
            "llm.token_count.prompt_details.cache_write": 32_435,
            "llm.token_count.completion": 500,
        },
    ),
    "Weave of Anthropic: as Anthropic": (
        any_usage,
        {
            "input_tokens": 10,
            "cache_read_input_tokens": 66_360,
            "cache_creation_input_tokens": 32_435,
            "output_tokens": 500,
            "requests": 1,
        },
    ),
    "Weave of OpenAI's dialect: all in prompt_tokens": (
        any_usage,
        {
            "prompt_tokens": WHOLE,
            "prompt_tokens_details": {"cached_tokens": 66_360},
            "cache_creation_input_tokens": 32_435,
            "completion_tokens": 500,
        },
    ),
}


@pytest.mark.parametrize("source", SAME_CALL)
def test_the_same_call_reads_the_same_from_every_source(source: str) -> None:
    read_from, payload = SAME_CALL[source]

    usage = read_from(payload)

    assert usage is not None
    told = (
        usage.input_tokens,
        usage.cache_read_tokens,
        usage.cache_write_5m_tokens,
        usage.output_tokens,
    )
    # What a source does not tell apart from fresh input is read as fresh: dearer, never free.
    read = usage.cache_read_tokens
    written = usage.cache_write_5m_tokens
    expected = (WHOLE - read - written, read or 0, written or 0, 500)
    assert told == (THE_CALL if read and written else expected)
    assert usage.prompt_tokens == WHOLE
    assert bool(read and written) == ("not told apart" not in source and "cached in" not in source)


def test_the_page_shows_the_same_table() -> None:
    """docs/scan.md holds one row per source, as it is read here."""
    page = (Path(__file__).parents[3] / "docs" / "scan.md").read_text("utf-8")
    begin, end = "<!-- usage table: tests/traffic/formats/test_usage.py -->", "<!-- end -->"

    assert page.partition(begin)[2].partition(end)[0].strip() == usage_table().strip()


def usage_table() -> str:
    """The conformance table as Markdown; print it to renew the page."""
    rows = [
        "| source | as it tells the call | fresh | cache read | cache written | output |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for source, (reader, payload) in SAME_CALL.items():
        usage = reader(payload)
        assert usage is not None
        name, _, what = source.partition(": ")
        counts = (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_5m_tokens)
        cells = " | ".join(f"{one:,}" for one in (*counts, usage.output_tokens))
        rows.append(f"| {name} | {what} | {cells} |")
    return "\n".join(rows)


def test_openai_counts_cached_and_reasoning_tokens_inside_their_totals() -> None:
    usage = openai_usage(
        {
            "prompt_tokens": 2006,
            "completion_tokens": 300,
            "prompt_tokens_details": {"cached_tokens": 1920},
            "completion_tokens_details": {"reasoning_tokens": 192},
        }
    )

    assert usage == Usage(
        input_tokens=86, cache_read_tokens=1920, output_tokens=300, thinking_tokens=192
    )


def test_the_responses_dialect_holds_the_cache_in_input_tokens() -> None:
    usage = any_usage(
        {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 90}, "output_tokens": 1}
    )

    assert usage == Usage(input_tokens=10, cache_read_tokens=90, output_tokens=1)


def test_parts_larger_than_their_whole_were_never_inside_it() -> None:
    """Some proxies pass Anthropic's exclusive count on as ``prompt_tokens``."""
    usage = openai_usage(
        {"prompt_tokens": 10, "cache_read_input_tokens": 66_360, "completion_tokens": 5}
    )

    assert usage == Usage(input_tokens=10, cache_read_tokens=66_360, output_tokens=5)


def test_an_hours_cache_is_told_apart_where_the_source_does() -> None:
    usage = openai_usage(
        {
            "prompt_tokens": 100,
            "completion_tokens": 1,
            "prompt_tokens_details": {
                "cache_creation_tokens": 80,
                "cache_creation_token_details": {
                    "ephemeral_5m_input_tokens": 30,
                    "ephemeral_1h_input_tokens": 50,
                },
            },
        }
    )

    assert usage == Usage(
        input_tokens=20, cache_write_5m_tokens=30, cache_write_1h_tokens=50, output_tokens=1
    )


@pytest.mark.parametrize("reader", [openai_usage, genai_usage, openinference_usage, langfuse_usage])
def test_no_counts_are_no_usage_rather_than_a_free_call(
    reader: Callable[[Mapping[str, Any]], Usage | None],
) -> None:
    assert reader({"anything": "else", "prompt_tokens": "many"}) is None


COUNTS = st.integers(0, 10**9)


@given(prompt=COUNTS, read=COUNTS, written=COUNTS, hour=COUNTS, output=COUNTS)
def test_no_token_is_lost_or_counted_twice(
    prompt: int, read: int, written: int, hour: int, output: int
) -> None:
    usage = inclusive_usage(prompt, output, read=read, written=written, written_1h=hour)

    assert usage is not None
    assert usage.cache_write_5m_tokens + usage.cache_write_1h_tokens == written
    assert usage.prompt_tokens == (prompt if prompt >= read + written else prompt + read + written)
