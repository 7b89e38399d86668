"""What an answer of a model without a price counts for, so that a budget stays a budget."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from suffice.catalog import Catalog, Lifecycle, TokenClass
from suffice.pricing.dollars import price_day
from suffice.records import Usage

_PER_MTOK = Decimal("0.000001")


def ceiling(usage: Usage, *, at: date | datetime, catalog: Catalog) -> Decimal:
    """
    Dollars at the dearest list prices of the day: never less than any known model's.

    >>> from suffice.catalog import load_catalog
    >>> usage = Usage(input_tokens=1_000_000)
    >>> ceiling(usage, at=date(2026, 11, 21), catalog=load_catalog()) >= 4
    True
    """
    parts = [part.usage for part in usage.iterations if part.usage.billed] or [usage]
    prompt_usd, output_usd = _dearest(catalog, price_day(at))
    return sum(
        (part.prompt_tokens * prompt_usd + part.output_tokens * output_usd for part in parts),
        Decimal(0),
    )


@lru_cache(maxsize=64)
def _dearest(catalog: Catalog, day: date) -> tuple[Decimal, Decimal]:
    """Per token: the dearest way to have one in the prompt, and the dearest output."""
    prompt, output = Decimal(0), Decimal(0)
    for facts in catalog.models.values():
        # A retired model's price is nobody's ceiling.
        if facts.lifecycle(day) is Lifecycle.RETIRED:
            continue
        for period in facts.prices:
            for band in period.bands:
                listed = dict(band.usd_per_mtok)
                output = max(output, listed.pop(TokenClass.OUTPUT, output))
                prompt = max(prompt, *listed.values())
    return prompt * _PER_MTOK, output * _PER_MTOK
