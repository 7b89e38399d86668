"""What one answer costs: every rule that stacks, and every price that is missing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext

import msgspec
import pytest

from suffice.catalog import load_catalog
from suffice.errors import PriceUnknown
from suffice.pricing import cost, cost_breakdown
from suffice.records import Iteration, Usage

CATALOG = load_catalog()
TODAY = date(2026, 11, 22)
EVERYTHING = Usage(
    input_tokens=1_000_000,
    cache_read_tokens=1_000_000,
    cache_write_5m_tokens=1_000_000,
    cache_write_1h_tokens=1_000_000,
    output_tokens=1_000_000,
    thinking_tokens=900_000,
)


def usd(usage: Usage, model: str, at: date | datetime = TODAY) -> Decimal:
    return cost(usage, model, at=at, catalog=CATALOG)


def test_every_class_is_billed_once_and_thinking_is_not_billed_twice() -> None:
    assert usd(EVERYTHING, "claude-opus-5-5") == Decimal(4) + Decimal("0.20") + 5 + 8 + 20


@pytest.mark.parametrize(
    ("sent", "factor"),
    [
        ({"service_tier": "standard"}, "1"),
        ({"service_tier": "batch"}, "0.5"),
        ({"inference_geo": "us"}, "1.1"),
        ({"inference_geo": "global"}, "1"),
        ({"inference_geo": "not_available"}, "1"),
        ({"speed": "fast"}, "2"),
        ({"speed": "fast", "inference_geo": "us"}, "2.2"),
        ({"service_tier": "batch", "inference_geo": "us"}, "0.55"),
    ],
)
def test_batch_place_and_speed_multiply_every_class(sent: dict[str, str], factor: str) -> None:
    usage = msgspec.structs.replace(EVERYTHING, **sent)

    assert usd(usage, "claude-opus-5-5") == Decimal("37.20") * Decimal(factor)


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("claude-haiku-4-5", {"inference_geo": "us"}),
        ("claude-sonnet-4-5", {"inference_geo": "us"}),
        ("claude-opus-4-6", {"inference_geo": "mars"}),
        ("claude-haiku-5-5", {"speed": "fast"}),
        ("claude-opus-4-7", {"speed": "fast"}),
        ("claude-opus-5-5", {"speed": "ludicrous"}),
        ("claude-opus-5-5", {"speed": "fast", "service_tier": "batch"}),
        ("claude-opus-5-5", {"service_tier": "priority"}),
        ("claude-2.1", {"cache_read_tokens": 5}),
        ("claude-mythos-preview", {}),
        ("claude-haiku-6", {}),
    ],
)
def test_what_has_no_price_is_an_error_and_never_free(
    model: str, sent: dict[str, str | int]
) -> None:
    usage = msgspec.structs.replace(Usage(input_tokens=10), **sent)

    with pytest.raises(PriceUnknown) as caught:
        usd(usage, model)
    assert caught.value.code == "SF305"
    assert caught.value.next_step


def test_opus_4_8_is_fast_until_29_november() -> None:
    usage = Usage(input_tokens=1_000_000, speed="fast")

    assert usd(usage, "claude-opus-4-8", date(2026, 11, 29)) == 10
    with pytest.raises(PriceUnknown):
        usd(usage, "claude-opus-4-8", date(2026, 11, 30))


def test_a_web_search_costs_a_cent_and_is_not_halved_in_a_batch() -> None:
    usage = Usage(input_tokens=1_000_000, web_searches=3, service_tier="batch")

    assert usd(usage, "claude-haiku-4-5") == Decimal("0.53")


def test_container_hours_are_billed_as_the_number_that_was_written() -> None:
    assert usd(Usage(code_execution_hours=0.1), "claude-haiku-4-5") == Decimal("0.005")


def test_a_refusal_before_output_is_free_but_an_unknown_model_is_still_an_error() -> None:
    refused = Usage(input_tokens=1_000, billed=False)

    assert usd(refused, "claude-fable-5-2") == 0
    with pytest.raises(PriceUnknown):
        usd(refused, "claude-fable-9")


def test_iterations_are_the_bill_each_at_its_own_model() -> None:
    usage = Usage(
        input_tokens=999_999,
        output_tokens=999_999,
        iterations=(
            Iteration(usage=Usage(input_tokens=1_000_000)),
            Iteration(usage=Usage(output_tokens=1_000_000), kind="compaction"),
            Iteration(
                usage=Usage(input_tokens=1_000_000),
                kind="advisor_message",
                model="claude-fable-5-2",
            ),
            Iteration(usage=Usage(input_tokens=1_000_000, billed=False), model="claude-fable-5-2"),
        ),
    )

    assert usd(usage, "claude-haiku-4-5") == 1 + 5 + 8


def test_iterations_carry_the_tier_place_and_searches_of_their_request() -> None:
    usage = Usage(
        service_tier="batch",
        inference_geo="us",
        web_searches=2,
        iterations=(Iteration(usage=Usage(input_tokens=1_000_000)),),
    )

    assert usd(usage, "claude-opus-5-5") == Decimal("2.2") + Decimal("0.02")


def test_a_moment_is_priced_by_its_day_in_utc() -> None:
    reads = Usage(cache_read_tokens=1_000_000)
    tokyo = timezone(timedelta(hours=9))

    last_old = datetime(2026, 10, 7, 8, 59, tzinfo=tokyo)
    first_new = datetime(2026, 10, 7, 0, 0, tzinfo=UTC)
    assert usd(reads, "claude-sonnet-5-5", last_old) == Decimal("0.2")
    assert usd(reads, "claude-sonnet-5-5", first_new) == Decimal("0.1")


def test_a_bill_is_exact_whatever_precision_the_caller_works_in() -> None:
    usage = Usage(input_tokens=123_456_789_012_345, output_tokens=1)

    with localcontext(prec=3):
        found = usd(usage, "claude-opus-5-5")
    assert found == Decimal("493827156.0494")


def test_the_lines_of_a_bill_add_up_to_it_and_say_whose_they_are() -> None:
    usage = Usage(
        input_tokens=2_000,
        output_tokens=1_000,
        web_searches=1,
        iterations=(
            Iteration(usage=Usage(input_tokens=2_000)),
            Iteration(usage=Usage(output_tokens=1_000), model="claude-3-5-haiku-20241022"),
        ),
    )

    bill = cost_breakdown(usage, "claude-haiku-4-5", at=TODAY, catalog=CATALOG)

    assert [(line.model, line.what, line.usd) for line in bill.lines] == [
        ("claude-haiku-4-5", "input", Decimal("0.002")),
        ("claude-3-5-haiku-20241022", "output", Decimal("0.004")),
        ("claude-haiku-4-5", "web_search", Decimal("0.01")),
    ]
    assert bill.usd == sum(line.usd for line in bill.lines)
    assert bill.remarks == (
        "claude-3-5-haiku-20241022 was retired on 2026-02-19; priced as on its last day.",
    )


def test_an_unbilled_answer_says_so_on_its_bill() -> None:
    bill = cost_breakdown(
        Usage(input_tokens=9, billed=False), "claude-opus-5", at=TODAY, catalog=CATALOG
    )

    assert bill.usd == 0
    assert bill.lines == ()
    assert "not billed" in bill.remarks[0]
