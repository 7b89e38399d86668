"""A user's own prices laid over ours."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from suffice.catalog import TokenClass, load_catalog
from suffice.errors import BadPrices, PriceUnknown
from suffice.pricing import cost
from suffice.records import Usage

TODAY = date(2026, 11, 22)


def test_a_negotiated_price_replaces_only_what_it_names() -> None:
    catalog = load_catalog({"prices": {"claude-haiku-4-5": {"input": "0.80"}}})
    period = catalog.find("claude-haiku-4-5").period(TODAY)

    assert period.negotiated
    assert period.bands[0].usd_per_mtok[TokenClass.INPUT] == Decimal("0.80")
    assert period.bands[0].usd_per_mtok[TokenClass.OUTPUT] == 5
    assert "your own file" in catalog.find("claude-haiku-4-5").price_remark(TODAY)


def test_an_override_never_changes_the_catalog_of_the_next_caller() -> None:
    load_catalog({"prices": {"claude-haiku-4-5": {"input": "0.80"}}})

    prices = load_catalog().find("claude-haiku-4-5").period(TODAY).bands[0].usd_per_mtok
    assert prices[TokenClass.INPUT] == 1


def test_a_dated_override_leaves_the_past_at_list_price() -> None:
    overrides = {"prices": {"haiku-4-5": [{"from": date(2026, 11, 1), "input": "0.50"}]}}
    facts = load_catalog(overrides).find("claude-haiku-4-5")

    before = facts.period(date(2026, 10, 31)).bands[0].usd_per_mtok[TokenClass.INPUT]
    after = facts.period(date(2026, 11, 1)).bands[0].usd_per_mtok[TokenClass.INPUT]
    assert (before, after) == (Decimal(1), Decimal("0.50"))


def test_a_base_price_leaves_the_higher_band_at_list_price() -> None:
    catalog = load_catalog({"prices": {"claude-haiku-5-5": {"input": "0.08"}}})
    period = catalog.find("claude-haiku-5-5").period(TODAY)

    assert period.band(100_000).usd_per_mtok[TokenClass.INPUT] == Decimal("0.08")
    assert period.band(100_001).usd_per_mtok[TokenClass.INPUT] == Decimal("0.50")


def test_a_band_of_ones_own_can_be_given() -> None:
    own = {"input": "0.08", "above": [{"prompt_tokens": 100_000, "input": "0.08"}]}
    period = load_catalog({"prices": {"haiku-5-5": own}}).find("haiku-5-5").period(TODAY)

    assert period.band(100_001).usd_per_mtok[TokenClass.INPUT] == Decimal("0.08")
    assert period.band(100_001).usd_per_mtok[TokenClass.OUTPUT] == Decimal("2.50")


def test_a_model_of_ones_own_has_the_prices_it_is_given_and_no_others() -> None:
    catalog = load_catalog({"prices": {"qwen2.5-0.5b": {"input": "0", "output": "0"}}})
    plain = Usage(input_tokens=10, output_tokens=10)

    assert cost(plain, "qwen2.5-0.5b@A", at=TODAY, catalog=catalog) == 0
    with pytest.raises(PriceUnknown, match="no price for cache_read tokens"):
        cost(Usage(cache_read_tokens=1), "qwen2.5-0.5b", at=TODAY, catalog=catalog)


def test_a_commitment_has_the_factor_its_holder_states() -> None:
    usage = Usage(input_tokens=1_000_000, service_tier="priority")
    own = load_catalog({"tiers": {"priority": "0.8"}})

    assert cost(usage, "claude-opus-4-7", at=TODAY, catalog=own) == 4
    with pytest.raises(PriceUnknown, match="service tier 'priority'"):
        cost(usage, "claude-opus-4-7", at=TODAY, catalog=load_catalog())


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ({"prices": {"x": {"input": 0.1}}}, "in quotes"),
        ({"prices": {"x": {"input": "-1"}}}, "no price"),
        ({"prices": {"x": {"input": "cheap"}}}, "no price"),
        ({"prices": {"x": {"input": "NaN"}}}, "no price"),
        ({"prices": {"x": {"input": "Infinity"}}}, "no price"),
        ({"prices": {"x": {"input": True}}}, "no price"),
        ({"prices": {"x": {"inputs": "1"}}}, "which no price table knows"),
        ({"prices": {"x": {"from": "soon", "input": "1"}}}, "no date"),
        ({"prices": {"x": {"above": [{"input": "1"}]}}}, "no price"),
        ({"prices": {"x": "1.00"}}, "not a table of prices"),
        ({"prices": [1]}, "not a table"),
        ({"price": {}}, r"no \[price\]"),
        ({"tiers": {"priority": 0.8}}, "in quotes"),
    ],
)
def test_a_price_file_that_cannot_be_meant_is_refused_whole(
    overrides: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BadPrices, match=complaint) as caught:
        load_catalog(overrides)
    assert caught.value.code == "SF306"
    assert "not used" in caught.value.effect
