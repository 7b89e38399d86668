"""The price list of the installed genai-prices, as our records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING

from suffice.catalog import Band, Catalog, PricePeriod, TokenClass

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice

_DISTRIBUTION = "genai-prices"
_PROVIDER = "anthropic"
_THEIR_KEYS = {
    TokenClass.INPUT: "input_mtok",
    TokenClass.OUTPUT: "output_mtok",
    TokenClass.CACHE_READ: "cache_read_mtok",
    TokenClass.CACHE_WRITE_5M: "cache_write_mtok",
    TokenClass.CACHE_WRITE_1H: "cache_write_1h_mtok",
}


def installed_name() -> str:
    """The list and its version, such as ``genai-prices 0.2.3``."""
    return f"{_DISTRIBUTION} {version(_DISTRIBUTION)}"


def installed_prices(catalog: Catalog, *, day: date) -> dict[str, PricePeriod]:
    """The prices of a day by our id, and by theirs for models we do not know. No network."""
    from genai_prices.data_snapshot import get_snapshot

    provider = next(each for each in get_snapshot().providers if each.id == _PROVIDER)
    return {
        model: _period(info, day=day)
        for info in provider.models
        for model in _our_names(info, catalog)
    }


def _our_names(info: ModelInfo, catalog: Catalog) -> Iterator[str]:
    known = [name for name in catalog.models if info.is_match(name)]
    yield from known or (info.id,)


def _period(info: ModelInfo, *, day: date) -> PricePeriod:
    prices = info.get_prices(datetime.combine(day, time(12), tzinfo=UTC))
    return PricePeriod(
        since=day,
        bands=tuple(_band(prices, above) for above in sorted({0, *_limits(prices)})),
        source=installed_name(),
        as_of=day,
    )


def _limits(prices: ModelPrice) -> Iterator[int]:
    for key in _THEIR_KEYS.values():
        price = getattr(prices, key)
        if price is not None and not isinstance(price, Decimal):
            yield from (tier.start for tier in price.tiers)


def _band(prices: ModelPrice, above: int) -> Band:
    listed = {each: _price(prices, key, above) for each, key in _THEIR_KEYS.items()}
    return Band(
        above_prompt_tokens=above,
        usd_per_mtok={each: price for each, price in listed.items() if price is not None},
    )


def _price(prices: ModelPrice, key: str, above: int) -> Decimal | None:
    price = getattr(prices, key)
    if price is None or isinstance(price, Decimal):
        return price
    in_force: Decimal = price.base
    for tier in price.tiers:
        if tier.start <= above:
            in_force = tier.price
    return in_force
