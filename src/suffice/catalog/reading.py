"""From parsed TOML to records: the one form that our price data and a user's price file share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from suffice.catalog.facts import (
    Band,
    ImageRule,
    ModelFacts,
    PricePeriod,
    Rules,
    TokenClass,
    ToolPrompt,
)
from suffice.errors import BadPrices

_CLASSES = {str(each) for each in TokenClass}
_PERIOD_KEYS = _CLASSES | {"from", "above", "source", "as_of"}
_BAND_KEYS = _CLASSES | {"prompt_tokens"}


def read_periods(
    name: str, entry: object, *, dated: date, negotiated: bool = False
) -> tuple[PricePeriod, ...]:
    """
    The price periods of one model, oldest first.

    Args:
        name: The model, for error messages.
        entry: One table, or a list of tables, as under ``[prices."name"]``.
        dated: When the prices were read, where an entry does not say.
        negotiated: Whether they come from a user's own file.

    Raises:
        BadPrices: An entry is no price table, or a value is no price.
    """
    tables = entry if isinstance(entry, Sequence) and not isinstance(entry, str) else [entry]
    periods = [_period(name, each, dated=dated, negotiated=negotiated) for each in tables]
    return tuple(sorted(periods, key=lambda period: period.since or date.min))


def read_model(
    name: str, table: Mapping[str, Any], *, images: Mapping[str, ImageRule]
) -> ModelFacts:
    """One model of our own data, without its prices."""
    rest = dict(table)
    rest.pop("aliases", None)
    rule = rest.pop("image_rule", None)
    tool_prompt = rest.pop("tool_prompt", None)
    fast = rest.pop("fast_multiplier", None)
    return ModelFacts(
        id=name,
        image_rule=images[rule] if rule else None,
        tool_prompt=ToolPrompt(auto_tokens=tool_prompt[0], forced_tokens=tool_prompt[1])
        if tool_prompt
        else None,
        fast_multiplier=Decimal(fast) if fast else None,
        **rest,
    )


def read_images(table: Mapping[str, Any]) -> dict[str, ImageRule]:
    """The image rules by their name in the data."""
    return {name: msgspec.convert(rule, ImageRule) for name, rule in table.items()}


def read_rules(table: Mapping[str, Any]) -> Rules:
    """What stacks on token prices."""
    extras, tokenizers = table["extras"], table["tokenizers"]
    return Rules(
        tiers=read_factors("tiers", table["tiers"]),
        geos=read_factors("geos", table["geos"]),
        **{name: read_price("extras", name, value) for name, value in extras.items()},
        **{name: read_price("tokenizers", name, value) for name, value in tokenizers.items()},
    )


def read_factors(name: str, table: object) -> dict[str, Decimal]:
    """A table of price factors, such as ``[tiers]``."""
    return {key: read_price(name, key, value) for key, value in _table(name, table).items()}


def read_price(name: str, key: str, value: object) -> Decimal:
    """
    One number of a price table, exactly as written.

    Raises:
        BadPrices: It is no number, negative, not finite, or a binary fraction.

    >>> read_price("claude-x", "input", "0.10")
    Decimal('0.10')
    """
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        try:
            price = Decimal(value)
        except InvalidOperation:
            price = Decimal(-1)
        if price.is_finite() and price >= 0:
            return price
    # 0.1 as a binary fraction is not a tenth; a bill computed from it would be off.
    hint = "Write it in quotes" if isinstance(value, float) else "Write a number, zero or more,"
    raise BadPrices(
        f"[{name}] {key} = {value!r} is no price.",
        effect="The file was not used.",
        next_step=f'{hint} such as {key} = "0.10".',
    )


def _period(name: str, entry: object, *, dated: date, negotiated: bool) -> PricePeriod:
    table = _table(name, entry)
    _no_other_keys(name, table, _PERIOD_KEYS)
    above = table.get("above", [])
    bands = [Band(usd_per_mtok=_classes(name, table))]
    for each in above if isinstance(above, Sequence) else [above]:
        higher = _table(name, each)
        _no_other_keys(name, higher, _BAND_KEYS)
        limit = read_price(name, "prompt_tokens", higher.get("prompt_tokens"))
        bands.append(Band(above_prompt_tokens=int(limit), usd_per_mtok=_classes(name, higher)))
    return PricePeriod(
        since=_day(name, "from", table.get("from")),
        bands=tuple(sorted(bands, key=lambda band: band.above_prompt_tokens)),
        source=str(table.get("source", "")),
        as_of=_day(name, "as_of", table.get("as_of")) or dated,
        negotiated=negotiated,
    )


def _classes(name: str, table: Mapping[str, Any]) -> dict[TokenClass, Decimal]:
    return {each: read_price(name, each, table[each]) for each in TokenClass if each in table}


def _day(name: str, key: str, value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    raise BadPrices(
        f"[{name}] {key} = {value!r} is no date.",
        effect="The file was not used.",
        next_step=f"Write {key} = 2026-10-07, without quotes.",
    )


def _table(name: str, entry: object) -> Mapping[str, Any]:
    if isinstance(entry, Mapping):
        return entry
    raise BadPrices(
        f"[{name}] is {entry!r}, not a table of prices.",
        effect="The file was not used.",
        next_step=f'Write [prices."{name}"] and below it input = "1.00", output = "5.00".',
    )


def _no_other_keys(name: str, table: Mapping[str, Any], known: set[str]) -> None:
    other = sorted(set(table) - known)
    if other:
        raise BadPrices(
            f"[{name}] has {', '.join(other)}, which no price table knows.",
            effect="The file was not used.",
            next_step=f"Known here: {', '.join(sorted(known))}.",
        )
