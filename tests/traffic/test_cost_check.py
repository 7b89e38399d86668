"""A log's own dollars against its tokens: what fits is passed over, what does not is named."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from suffice.catalog import load_catalog
from suffice.pricing import cost
from suffice.records import LoggedExchange, Usage
from suffice.traffic.cost_check import CostCheck, Priced, priced_call

TODAY = date(2026, 11, 22)
MODEL = "claude-opus-5-5"
READ = Usage(
    input_tokens=1_000, cache_read_tokens=6_000, cache_write_5m_tokens=500, output_tokens=90
)


def price(usage: Usage) -> Decimal:
    return cost(usage, MODEL, at=TODAY, catalog=load_catalog())


def said_of(reported: Decimal | None, *, usage: Usage | None = READ, repeated: int = 0) -> str:
    check = CostCheck(load_catalog(), today=TODAY)
    told = None if reported is None else str(reported)
    call = priced_call(LoggedExchange(source="x", model=MODEL, usage=usage, reported_usd=told))
    if call is not None:
        check.add(call)
    finding = check.finding("log", repeated=repeated)
    return "" if finding is None else str(finding)


@pytest.mark.parametrize("factor", ["1", "1.009", "0.992"])
def test_dollars_within_one_percent_fit(factor: str) -> None:
    assert said_of(price(READ) * Decimal(factor)) == ""


@pytest.mark.parametrize(
    ("meant", "named"),
    [
        (
            Usage(
                input_tokens=7_500,
                cache_read_tokens=6_000,
                cache_write_5m_tokens=500,
                output_tokens=90,
            ),
            "cache tokens counted twice",
        ),
        (Usage(input_tokens=7_500, output_tokens=90), "at the full input price"),
        (Usage(input_tokens=1_000, output_tokens=90), "cache tokens left out"),
        (
            Usage(
                input_tokens=1_000,
                cache_read_tokens=6_000,
                cache_write_5m_tokens=500,
                output_tokens=90,
                service_tier="batch",
            ),
            "the batch price",
        ),
    ],
)
def test_the_reading_that_fits_is_named(meant: Usage, named: str) -> None:
    assert named in said_of(price(meant))


def test_usage_repeated_per_block_is_said_to_be() -> None:
    said = said_of(price(READ) * Decimal("1.9"), repeated=3)

    assert "1.9 times its tokens' list price" in said
    assert "repeats usage per content block; merged by message id" in said


def test_what_no_reading_explains_is_not_explained() -> None:
    assert "No reading we know fits" in said_of(price(READ) * 5)


@pytest.mark.parametrize(
    ("reported", "usage"), [(None, READ), (Decimal(1), None), (Decimal(0), READ)]
)
def test_a_call_without_dollars_or_tokens_says_nothing(
    reported: Decimal | None, usage: Usage | None
) -> None:
    assert said_of(reported, usage=usage) == ""


def test_a_model_without_a_price_says_nothing() -> None:
    check = CostCheck(load_catalog(), today=TODAY)
    check.add(Priced(READ, "nobody-1", ts=None, reported_usd="1"))

    assert (check.finding("log"), check.checked) == (None, 0)
