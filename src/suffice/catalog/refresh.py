"""Another price list held against ours: what would change, and the price file that changes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

import msgspec

from suffice.catalog.facts import Band, ModelFacts, PricePeriod, TokenClass
from suffice.catalog.lookup import Catalog


class PriceChange(msgspec.Struct, frozen=True, kw_only=True):
    """
    One price that another list gives otherwise.

    Attributes:
        model: Our id, or the other list's where we do not know the model.
        above_prompt_tokens: The band; 0 for the base.
        token_class: Which tokens.
        ours: None where we have no price.
        theirs: Always a price: what the other list leaves out is no change.
    """

    model: str
    above_prompt_tokens: int
    token_class: TokenClass
    ours: Decimal | None
    theirs: Decimal


def price_changes(
    catalog: Catalog, listed: Mapping[str, PricePeriod], *, day: date
) -> tuple[PriceChange, ...]:
    """
    Where another list's prices of a day differ from ours.

    Passed over are days before a model was on sale, and bands beyond its context window: requests
    that long fail, and the other list keeps such a band only for history.

    Args:
        catalog: Ours.
        listed: Model -> the other list's prices in force on ``day``.
        day: The day compared.
    """
    return tuple(
        change
        for model, period in listed.items()
        for change in _changes(catalog, model, period, day)
    )


def price_file(
    listed: Mapping[str, PricePeriod], changes: Iterable[PriceChange], *, day: date
) -> str:
    """
    A price file that takes over the other list's price of every model that changes, from ``day``.

    It has the form that `load_catalog` reads as overrides.
    """
    changed = dict.fromkeys(change.model for change in changes)
    tables = (_table(model, listed[model], day=day) for model in changed)
    head = (
        "# Prices in USD per million tokens that differ from those suffice ships with.\n"
        "# Use it with --prices FILE or SUFFICE_PRICES. Edit it as you like.\n"
    )
    return "\n".join((head, *tables))


def _changes(catalog: Catalog, model: str, period: PricePeriod, day: date) -> Iterator[PriceChange]:
    facts = catalog.find(model) if catalog.knows(model) else None
    if facts is not None and facts.released is not None and day < facts.released:
        return
    for band in _reachable(period.bands, facts):
        ours = _our_band(facts, day, band.above_prompt_tokens)
        for token_class, theirs in band.usd_per_mtok.items():
            if ours.get(token_class) != theirs:
                yield PriceChange(
                    model=facts.id if facts else model,
                    above_prompt_tokens=band.above_prompt_tokens,
                    token_class=token_class,
                    ours=ours.get(token_class),
                    theirs=theirs,
                )


def _reachable(bands: Iterable[Band], facts: ModelFacts | None) -> Iterator[Band]:
    window = facts.context_tokens if facts else None
    return (band for band in bands if window is None or band.above_prompt_tokens < window)


def _our_band(facts: ModelFacts | None, day: date, above: int) -> dict[TokenClass, Decimal]:
    if facts is None or not facts.prices:
        return {}
    return facts.period(day).band(above + 1).usd_per_mtok


def _table(model: str, period: PricePeriod, *, day: date) -> str:
    lines = [f'[[prices."{model}"]]', f"from = {day}"]
    for band in period.bands:
        if band.above_prompt_tokens:
            lines += [
                "",
                f'[[prices."{model}".above]]',
                f"prompt_tokens = {band.above_prompt_tokens}",
            ]
        lines += [f'{each} = "{value}"' for each, value in band.usd_per_mtok.items()]
        if not band.above_prompt_tokens:
            lines += [f'source = "{period.source}"', f"as_of = {period.as_of}"]
    return "\n".join((*lines, ""))
