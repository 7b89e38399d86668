"""Another list held against ours, and the price file that comes of it."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal

from suffice.catalog import Band, PricePeriod, TokenClass, load_catalog
from suffice.catalog.refresh import PriceChange, price_changes, price_file

TODAY = date(2026, 11, 22)
CATALOG = load_catalog()


def listed(base: dict[str, str], *, above: dict[int, dict[str, str]] | None = None) -> PricePeriod:
    bands = {0: base, **(above or {})}
    return PricePeriod(
        since=None,
        bands=tuple(
            Band(
                above_prompt_tokens=limit,
                usd_per_mtok={TokenClass(key): Decimal(value) for key, value in prices.items()},
            )
            for limit, prices in bands.items()
        ),
        source="another list 1.0",
        as_of=TODAY,
    )


def test_a_list_that_says_the_same_changes_nothing() -> None:
    theirs = {"claude-haiku-4-5": listed({"input": "1.0", "output": "5"})}

    assert price_changes(CATALOG, theirs, day=TODAY) == ()


def test_a_price_that_differs_is_shown_beside_ours() -> None:
    theirs = {"claude-haiku-4-5": listed({"input": "0.9", "output": "5"})}

    assert price_changes(CATALOG, theirs, day=TODAY) == (
        PriceChange(
            model="claude-haiku-4-5",
            above_prompt_tokens=0,
            token_class=TokenClass.INPUT,
            ours=Decimal(1),
            theirs=Decimal("0.9"),
        ),
    )


def test_a_model_we_do_not_know_is_all_new() -> None:
    changes = price_changes(CATALOG, {"claude-haiku-6": listed({"input": "0.05"})}, day=TODAY)

    assert [(change.model, change.ours) for change in changes] == [("claude-haiku-6", None)]


def test_a_band_no_request_can_reach_is_passed_over() -> None:
    base = {"input": "3", "output": "15"}
    theirs = listed(base, above={200_000: {"input": "6"}, 150_000: {"input": "4"}})

    changes = price_changes(CATALOG, {"claude-sonnet-4-5": theirs}, day=TODAY)

    assert [change.above_prompt_tokens for change in changes] == [150_000]


def test_a_day_before_a_model_was_on_sale_changes_nothing() -> None:
    theirs = {"claude-haiku-5-5": listed({"input": "9"})}

    assert price_changes(CATALOG, theirs, day=date(2026, 10, 6)) == ()


def test_the_written_price_file_makes_the_catalog_agree_with_the_list() -> None:
    theirs = {
        "claude-haiku-5-5": listed(
            {"input": "0.2", "output": "1"}, above={100_000: {"input": "0.6", "output": "3"}}
        )
    }
    changes = price_changes(CATALOG, theirs, day=TODAY)
    text = price_file(theirs, changes, day=TODAY)
    updated = load_catalog(tomllib.loads(text))

    assert len(changes) == 4
    assert price_changes(updated, theirs, day=TODAY) == ()
    facts = updated.find("claude-haiku-5-5")
    yesterday = facts.period(date(2026, 11, 21)).bands[0].usd_per_mtok[TokenClass.INPUT]
    assert yesterday == Decimal("0.10")
