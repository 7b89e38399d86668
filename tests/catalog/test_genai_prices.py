"""Our prices against those of an independent list, cell by cell; each difference has its reason."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from genai_prices import Usage as TheirUsage
from genai_prices import calc_price
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, Provider, StartDateConstraint

from suffice.catalog import load_catalog
from suffice.errors import PriceUnknown
from suffice.pricing import cost
from suffice.records import Usage

CATALOG = load_catalog()
LATEST = date(2026, 12, 1)
PROMPTS = (1_000, 100_001, 200_001)
CLASSES = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
MODES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "standard": ({}, {}),
    "batch": ({"service_tier": "batch"}, {"processing": "batch"}),
    "fast": ({"speed": "fast"}, {"speed": "fast"}),
}
# Restricted models, which that list does not carry.
UNKNOWN_TO_THEM = {"claude-mythos-5", "claude-mythos-5-1", "claude-mythos-preview"}


class Cell(msgspec.Struct, frozen=True):
    model: str
    mode: str
    token_class: str
    prompt: int
    day: date


def provider() -> Provider:
    return next(each for each in get_snapshot().providers if each.id == "anthropic")


def their_model(model: str) -> ModelInfo | None:
    return next((info for info in provider().models if info.is_match(model)), None)


def days(model: str) -> set[date]:
    """The days around every change of price, on either list, and some beyond."""
    facts, info = CATALOG.models[model], their_model(model)
    assert info is not None
    starts = {period.since for period in facts.prices if period.since}
    conditions = [*(info.prices if isinstance(info.prices, list) else ())]
    for condition in (*conditions, *(info.price_variants or ())):
        if isinstance(condition.constraint, StartDateConstraint):
            starts.add(condition.constraint.start_date)
    if facts.fast_until:
        starts.add(facts.fast_until)
    around = starts | {start - timedelta(days=1) for start in starts} | {LATEST}
    first = facts.prices[0].since or date(2024, 1, 1)
    return {day for day in around if day >= first}


def usages(token_class: str, prompt: int, mode: dict[str, Any]) -> tuple[Usage, TheirUsage]:
    if token_class == "output":
        return (
            Usage(input_tokens=prompt, output_tokens=10, **mode),
            TheirUsage(input_tokens=prompt, output_tokens=10),
        )
    if token_class == "input":
        return Usage(input_tokens=prompt, **mode), TheirUsage(input_tokens=prompt)
    ours: dict[str, Any] = {f"{token_class}_tokens": prompt, **mode}
    theirs = {
        "cache_read": {"cache_read_tokens": prompt},
        "cache_write_5m": {"cache_write_tokens": prompt},
        "cache_write_1h": {"cache_write_tokens": prompt, "cache_write_1h_tokens": prompt},
    }[token_class]
    return Usage(**ours), TheirUsage(input_tokens=prompt, **theirs)


def differs(cell: Cell) -> bool:
    info = their_model(cell.model)
    assert info is not None
    our_mode, their_mode = MODES[cell.mode]
    ours, theirs = usages(cell.token_class, cell.prompt, our_mode)
    their_price = info.calc_price(
        theirs,
        provider(),
        genai_request_timestamp=datetime.combine(cell.day, time(12), tzinfo=UTC),
        price_context=their_mode,
    ).total_price
    try:
        return cost(ours, cell.model, at=cell.day, catalog=CATALOG) != their_price
    except PriceUnknown:
        return True


def cells() -> Iterator[Cell]:
    for model, facts in CATALOG.models.items():
        if facts.prices and their_model(model) is not None:
            for day in days(model):
                for mode in MODES:
                    for prompt in PROMPTS:
                        for token_class in CLASSES:
                            yield Cell(model, mode, token_class, prompt, day)


def covers(row: dict[str, Any], cell: Cell) -> bool:
    return (
        cell.model in row["models"]
        and cell.mode in row["modes"]
        and cell.token_class in row["classes"]
        and cell.prompt > row.get("prompt_above", 0)
        and row.get("from", date.min) <= cell.day < row.get("until", date.max)
    )


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    path = Path(__file__).with_name("genai_differences.toml")
    listed: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["differences"]
    return listed


@pytest.fixture(scope="module")
def compared() -> dict[Cell, bool]:
    return {cell: differs(cell) for cell in cells()}


def test_every_difference_from_genai_prices_is_listed_with_its_reason(
    compared: dict[Cell, bool], rows: list[dict[str, Any]]
) -> None:
    unlisted = [
        cell
        for cell, different in compared.items()
        if different and not any(covers(row, cell) for row in rows)
    ]

    assert unlisted == []
    assert all(row["reason"] for row in rows)


def test_no_listed_difference_has_gone_away(
    compared: dict[Cell, bool], rows: list[dict[str, Any]]
) -> None:
    stale = [
        cell
        for cell, different in compared.items()
        if not different and any(covers(row, cell) for row in rows)
    ]
    empty = [row["reason"] for row in rows if not any(covers(row, cell) for cell in compared)]

    assert stale == []
    assert empty == []


def test_every_model_with_a_price_is_on_both_lists_but_the_restricted_ones() -> None:
    ours_alone = {model for model in CATALOG.models if their_model(model) is None}
    theirs_alone = [
        info.id for info in provider().models if not any(map(info.is_match, CATALOG.models))
    ]

    assert ours_alone == UNKNOWN_TO_THEM
    assert theirs_alone == []


@pytest.mark.parametrize(
    ("usage", "theirs", "expected"),
    [
        (
            Usage(input_tokens=100_000, output_tokens=1_000),
            TheirUsage(input_tokens=100_000, output_tokens=1_000),
            "0.0105",
        ),
        (
            Usage(input_tokens=100_001, output_tokens=1_000),
            TheirUsage(input_tokens=100_001, output_tokens=1_000),
            "0.0525005",
        ),
        (
            Usage(input_tokens=100, cache_read_tokens=150_000),
            TheirUsage(input_tokens=150_100, cache_read_tokens=150_000),
            "0.00755",
        ),
    ],
    ids=["at the limit", "one token above", "cache reads count towards the limit"],
)
def test_the_cliff_of_haiku_5_5_is_where_genai_prices_sees_it(
    usage: Usage, theirs: TheirUsage, expected: str
) -> None:
    ours = cost(usage, "claude-haiku-5-5", at=LATEST, catalog=CATALOG)
    their_price = calc_price(theirs, "claude-haiku-5-5", provider_id="anthropic").total_price

    assert ours == their_price == Decimal(expected)
