"""Names become facts, and unknown names an error with a code."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from suffice.catalog import Lifecycle, TokenClass, load_catalog
from suffice.errors import PriceUnknown

CATALOG = load_catalog()


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("claude-haiku-4-5", "claude-haiku-4-5"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("claude-haiku-4-5@A", "claude-haiku-4-5"),
        ("claude-opus-5-5:effort=low@B", "claude-opus-5-5"),
        ("claude-opus-4-0", "claude-opus-4"),
        ("claude-opus-4-20250514", "claude-opus-4"),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022"),
        ("haiku-4-5", "claude-haiku-4-5"),
        ("Claude-Haiku-5-5", "claude-haiku-5-5"),
    ],
)
def test_a_model_is_found_by_every_name_it_goes_by(name: str, model: str) -> None:
    assert CATALOG.find(name).id == model
    assert CATALOG.knows(name)


@pytest.mark.parametrize("name", ["claude-haiku-4-6", "qwen2.5-0.5b", "", "@A", "haiku"])
def test_an_unknown_model_is_an_error_and_never_free(name: str) -> None:
    assert not CATALOG.knows(name)
    with pytest.raises(PriceUnknown) as caught:
        CATALOG.find(name)
    assert caught.value.code == "SF305"
    assert "not counted as free" in caught.value.effect


def test_a_misspelt_model_is_told_what_was_probably_meant() -> None:
    with pytest.raises(PriceUnknown, match="Did you mean claude-haiku-5-5"):
        CATALOG.find("claude-haiku-55")


@pytest.mark.parametrize(
    ("day", "read"), [(date(2026, 10, 6), "0.20"), (date(2026, 10, 7), "0.10")]
)
def test_sonnet_5_5_reads_its_cache_at_half_the_price_since_7_october(day: date, read: str) -> None:
    prices = CATALOG.find("claude-sonnet-5-5").period(day).bands[0].usd_per_mtok

    assert prices[TokenClass.CACHE_READ] == Decimal(read)


@pytest.mark.parametrize(
    ("model", "day", "input_usd"),
    [
        ("claude-sonnet-4-5", date(2026, 4, 29), "6"),
        ("claude-sonnet-4-5", date(2026, 4, 30), "3"),
        ("claude-sonnet-4-6", date(2026, 3, 12), "6"),
        ("claude-sonnet-4-6", date(2026, 3, 13), "3"),
        ("claude-opus-4-6", date(2026, 3, 12), "10"),
        ("claude-opus-4-6", date(2026, 3, 13), "5"),
    ],
)
def test_the_long_context_prices_of_old_are_kept(model: str, day: date, input_usd: str) -> None:
    band = CATALOG.find(model).period(day).band(200_001)

    assert band.usd_per_mtok[TokenClass.INPUT] == Decimal(input_usd)


def test_there_is_no_price_before_a_model_was_on_sale() -> None:
    with pytest.raises(PriceUnknown, match="first known price is of 2026-10-07"):
        CATALOG.find("claude-haiku-5-5").period(date(2026, 10, 6))


def test_a_model_nobody_lists_has_facts_but_no_price() -> None:
    facts = CATALOG.find("claude-mythos-preview")

    with pytest.raises(PriceUnknown):
        facts.period(date(2026, 5, 1))


def test_a_retired_model_keeps_its_last_price_and_says_so() -> None:
    facts = CATALOG.find("claude-3-5-sonnet-20241022")
    today = date(2026, 11, 22)

    assert facts.lifecycle(today) is Lifecycle.RETIRED
    assert facts.period(today).bands[0].usd_per_mtok[TokenClass.INPUT] == 3
    assert "retired on 2025-10-28" in facts.price_remark(today)


@pytest.mark.parametrize(
    ("day", "lifecycle"),
    [(date(2026, 11, 29), Lifecycle.DEPRECATED), (date(2026, 11, 30), Lifecycle.RETIRED)],
)
def test_sonnet_4_5_is_gone_from_30_november(day: date, lifecycle: Lifecycle) -> None:
    assert CATALOG.find("claude-sonnet-4-5").lifecycle(day) is lifecycle
