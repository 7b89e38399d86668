"""What a request may cost at most: never less than what it then does cost."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.catalog import load_catalog
from suffice.gateway.shadow.worst import most_usd
from suffice.pricing import cost
from suffice.records import Usage

OPUS, HAIKU, OLD_HAIKU = "claude-opus-5-5", "claude-haiku-5-5", "claude-haiku-4-5"
DAY, CATALOG = date(2026, 11, 22), load_catalog()
MTOK = 1_000_000
TEXT = [{"role": "user", "content": "hello"}]


def most(model: str = HAIKU, *, batched: bool = False, **body: Any) -> Decimal | None:
    said = {"model": model, "max_tokens": 1_000, "messages": TEXT, **body}
    return most_usd(json.dumps(said).encode(), model, at=DAY, catalog=CATALOG, batched=batched)


def bound(model: str = HAIKU, *, batched: bool = False, **body: Any) -> Decimal:
    found = most(model, batched=batched, **body)
    assert found is not None
    return found


@given(
    text=st.text(max_size=400),
    model=st.sampled_from([OPUS, HAIKU, OLD_HAIKU]),
    max_tokens=st.integers(1, 64_000),
    part=st.floats(0, 1),
    batched=st.booleans(),
    geo=st.sampled_from(["us", "global", None]),
    tokens=st.sampled_from(["input_tokens", "cache_write_1h_tokens", "cache_read_tokens"]),
)
def test_whatever_an_answer_uses_within_its_bounds_costs_no_more(
    text: str, model: str, max_tokens: int, part: float, batched: bool, geo: str | None, tokens: str
) -> None:
    content = [{"type": "text", "text": text}]
    if tokens != "input_tokens":
        content[0]["cache_control"] = {"type": "ephemeral", "ttl": "1h"}  # type: ignore[assignment]
    body = {
        "model": model,
        "max_tokens": max_tokens,
        "messages": [{"role": "user", "content": content}],
    }
    # A token is at least a byte of what was written.
    prompt = int(part * len(text.encode("utf-8", "replace"))) + 500
    used = Usage(
        output_tokens=int(part * max_tokens),
        service_tier="batch" if batched else "standard",
        inference_geo=geo if model != OLD_HAIKU else None,
    )
    used = msgspec.structs.replace(used, **{tokens: prompt})

    found = most_usd(json.dumps(body).encode(), model, at=DAY, catalog=CATALOG, batched=batched)

    assert found is not None
    assert cost(used, model, at=DAY, catalog=CATALOG) <= found


def test_a_batch_is_half() -> None:
    assert bound(batched=True) * 2 == bound()


def test_a_longer_answer_and_a_longer_request_cost_more() -> None:
    assert bound(max_tokens=2_000) > bound() < bound(system="more" * 100)


def test_fast_mode_counts_double() -> None:
    assert bound(OPUS, speed="fast") == 2 * bound(OPUS, speed="slow")


@pytest.mark.parametrize("name", ["cache_control", "cache\\u005fcontrol"])
def test_what_may_be_written_to_a_cache_counts_at_the_price_of_that(name: str) -> None:
    said = json.dumps({"max_tokens": 9, "messages": TEXT, "cache_control": {"type": "ephemeral"}})
    marked, plain = (said.replace("cache_control", each) for each in (name, "c" * len(name)))

    found = most_usd(marked.encode(), OPUS, at=DAY, catalog=CATALOG, batched=False)

    assert found is not None
    assert most_usd(plain.encode(), OPUS, at=DAY, catalog=CATALOG, batched=False) is None
    unmarked = bound(OPUS, max_tokens=9, system="x" * len(said))
    assert found > unmarked


def test_an_image_counts_at_its_cap_and_not_at_its_bytes() -> None:
    image = {"type": "image", "source": {"type": "url", "url": "https://example.org/1.png"}}
    one, two = (
        bound(OPUS, messages=[{"role": "user", "content": [image] * count}]) for count in (1, 2)
    )

    cap = cost(Usage(input_tokens=4_784, inference_geo="us"), OPUS, at=DAY, catalog=CATALOG)
    assert two - one > cap


@pytest.mark.parametrize(
    "block",
    [
        {"type": "document", "source": {"type": "url", "url": "https://example.org/1.pdf"}},
        {"type": "tool_result", "content": [{"type": "document", "source": {}}]},
        {"type": "container_upload", "file_id": "file_1"},
        {"type": "nobody_knows"},
    ],
)
def test_what_is_longer_than_its_bytes_may_fill_the_whole_context(block: Any) -> None:
    context = CATALOG.find(OPUS).context_tokens
    whole = cost(
        Usage(input_tokens=context or 0, output_tokens=1_000, inference_geo="us"),
        OPUS,
        at=DAY,
        catalog=CATALOG,
    )

    assert bound(OPUS, messages=[{"role": "user", "content": [block]}]) == whole


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [{"type": "web_search_20260209", "name": "web_search"}]},
        {"tools": [{"type": "code_execution_20260521", "name": "code_execution"}]},
        {"tools": [{"type": "advisor_20260301", "name": "advisor"}]},
        {"mcp_servers": [{"url": "https://example.org"}]},
        {"fallbacks": [{"model": OPUS}]},
        {"container": "c1"},
        {"context_management": {"edits": [{"type": "compact_20260112"}]}},
        {"context_management": {"edits": [{}]}},
        {"nobody_knows": 1},
    ],
)
def test_what_a_provider_answers_in_turns_of_its_own_has_no_bound(more: dict[str, Any]) -> None:
    assert most(**more) is None


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [{"name": "lookup", "input_schema": {"type": "object"}}]},
        {"tools": [{"type": "bash_20250124", "name": "bash"}]},
        {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}},
        {"mcp_servers": [], "fallbacks": None, "thinking": {"type": "adaptive"}},
    ],
)
def test_what_the_caller_does_itself_is_bounded(more: dict[str, Any]) -> None:
    assert most(**more) is not None


def test_a_model_without_a_price_counts_at_the_dearest_ones() -> None:
    assert bound("nobodys-model") >= max(bound(OPUS), bound(HAIKU))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_request_has_no_bound(body: bytes) -> None:
    assert most_usd(body, OPUS, at=DAY, catalog=CATALOG, batched=False) is None


@pytest.mark.parametrize("told", [None, "many", -1, True, 1.5])
def test_without_a_length_an_answer_may_be_as_long_as_the_model_writes(told: Any) -> None:
    longest = Usage(output_tokens=CATALOG.find(HAIKU).max_output_tokens or 0)

    assert bound(max_tokens=told) >= cost(longest, HAIKU, at=DAY, catalog=CATALOG)


@pytest.mark.parametrize(
    ("model", "max_tokens", "batched", "live"),
    [
        (OPUS, 64_000, 6, 3),
        (HAIKU, 64_000, 275, 137),
        (OPUS, 1_000, 150, 75),
        (HAIKU, 1_000, 6_036, 3_018),
    ],
)
def test_so_many_calls_have_room_in_five_dollars_as_the_page_on_rollouts_says(
    model: str, max_tokens: int, batched: int, live: int
) -> None:
    body = b'{"max_tokens":%d,"messages":[{"role":"user","content":"%b"}]}' % (
        max_tokens,
        b"x" * 8_000,
    )

    for in_batches, room in ((True, batched), (False, live)):
        usd = most_usd(body, model, at=DAY, catalog=CATALOG, batched=in_batches)
        assert usd is not None
        assert int(5 / usd) == room
