"""Laws every bill obeys, held against an oracle that shares no code with it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from importlib import resources
from typing import Any

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from suffice.catalog import load_catalog
from suffice.pricing import cost
from suffice.records import Usage

CATALOG = load_catalog()
TODAY = date(2026, 11, 22)
CLASSES = {
    "input_tokens": "input",
    "cache_read_tokens": "cache_read",
    "cache_write_5m_tokens": "cache_write_5m",
    "cache_write_1h_tokens": "cache_write_1h",
    "output_tokens": "output",
}
PRICES: Mapping[str, list[dict[str, Any]]] = tomllib.loads(
    (resources.files("suffice.catalog") / "data" / "prices.toml").read_text("utf-8")
)["prices"]

models = st.sampled_from(
    sorted(name for name, periods in PRICES.items() if "cache_read" in periods[-1])
)
tokens = st.integers(0, 3_000_000)
usages = st.builds(
    Usage,
    input_tokens=tokens,
    cache_read_tokens=tokens,
    cache_write_5m_tokens=tokens,
    cache_write_1h_tokens=tokens,
    output_tokens=tokens,
    service_tier=st.sampled_from([None, "standard", "batch"]),
)
small = st.builds(
    Usage,
    input_tokens=st.integers(0, 40_000),
    cache_read_tokens=st.integers(0, 5_000),
    cache_write_5m_tokens=st.integers(0, 5_000),
    output_tokens=tokens,
)


def oracle(usage: Usage, model: str) -> Fraction:
    """The bill from the raw data file, in fractions."""
    begun = [period for period in PRICES[model] if period.get("from", date.min) <= TODAY]
    period = max(begun, key=lambda each: each.get("from", date.min))
    prompt = sum(getattr(usage, field) for field in CLASSES if field != "output_tokens")
    for band in period.get("above", []):
        if prompt > band["prompt_tokens"]:
            period = band
    total = sum(
        (Fraction(period[name]) * getattr(usage, field) for field, name in CLASSES.items()),
        Fraction(0),
    )
    return total / 1_000_000 / (2 if usage.service_tier == "batch" else 1)


def usd(usage: Usage, model: str) -> Decimal:
    return cost(usage, model, at=TODAY, catalog=CATALOG)


def added(one: Usage, other: Usage) -> Usage:
    return Usage(**{field: getattr(one, field) + getattr(other, field) for field in CLASSES})


@given(usages, models)
def test_a_bill_is_what_fractions_make_it_to_the_last_digit(usage: Usage, model: str) -> None:
    found = usd(usage, model)

    assert type(found) is Decimal
    assert Fraction(found) == oracle(usage, model)


@given(small, small, models)
def test_within_a_band_two_bills_add_up_to_the_bill_of_both(
    one: Usage, other: Usage, model: str
) -> None:
    assume(added(one, other).prompt_tokens <= 100_000)

    assert usd(added(one, other), model) == usd(one, model) + usd(other, model)


@given(usages, models, st.sampled_from(sorted(CLASSES)), st.integers(1, 1_000_000))
def test_another_token_never_makes_a_bill_smaller(
    usage: Usage, model: str, field: str, more: int
) -> None:
    larger = msgspec.structs.replace(usage, **{field: getattr(usage, field) + more})

    assert usd(larger, model) > usd(usage, model)


@given(st.integers(1, 100_000))
@settings(max_examples=50)
def test_crossing_the_cliff_multiplies_the_whole_bill_by_five(output: int) -> None:
    below = Usage(input_tokens=100_000, output_tokens=output)
    above = Usage(input_tokens=100_001, output_tokens=output)
    one_more = Decimal("0.0000005")

    assert usd(above, "claude-haiku-5-5") == 5 * usd(below, "claude-haiku-5-5") + one_more


@given(usages, models)
def test_a_batch_costs_exactly_half(usage: Usage, model: str) -> None:
    batched = msgspec.structs.replace(usage, service_tier="batch")
    alone = msgspec.structs.replace(usage, service_tier="standard")

    assert 2 * usd(batched, model) == usd(alone, model)
