"""Usage times price, exactly: what one answer cost, and where each part of it came from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import lru_cache

import msgspec

from suffice.catalog import Catalog, ModelFacts, TokenClass
from suffice.errors import PriceUnknown
from suffice.records import Usage

# Wide enough for any bill, and an error rather than a rounded cent should it ever not be.
_EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, Overflow])
_ZERO = Decimal(0)
_PER_MTOK = Decimal("0.000001")

_COUNTS: tuple[tuple[TokenClass, str], ...] = (
    (TokenClass.INPUT, "input_tokens"),
    (TokenClass.CACHE_READ, "cache_read_tokens"),
    (TokenClass.CACHE_WRITE_5M, "cache_write_5m_tokens"),
    (TokenClass.CACHE_WRITE_1H, "cache_write_1h_tokens"),
    (TokenClass.OUTPUT, "output_tokens"),
)


class CostLine(msgspec.Struct, frozen=True, kw_only=True):
    """
    One line of a bill.

    Attributes:
        model: Which model it is for.
        what: A token class, ``web_search`` or ``code_execution_hour``.
        units: Tokens, searches or hours.
        usd_per_unit: With every factor (batch, geo, speed) applied.
        usd: Their product, exact.
    """

    model: str
    what: str
    units: Decimal
    usd_per_unit: Decimal
    usd: Decimal


class CostBreakdown(msgspec.Struct, frozen=True, kw_only=True):
    """
    A bill by token class; the lines add up to ``usd`` exactly.

    Attributes:
        usd: The total.
        lines: One per class that was used and per model that served.
        remarks: Why a price is not today's list price, or why nothing is billed.
    """

    usd: Decimal
    lines: tuple[CostLine, ...]
    remarks: tuple[str, ...] = ()


def cost(usage: Usage, model: str, *, at: date | datetime, catalog: Catalog) -> Decimal:
    """
    What an answer cost, in dollars, exact to the last digit.

    Args:
        usage: As `read_usage` returns it.
        model: The model that served; an iteration with a model of its own is priced at that.
        at: The day (UTC) whose prices hold.
        catalog: Where the prices are.

    Raises:
        PriceUnknown: Some part of the usage has no known price. Nothing is counted as free.

    >>> from suffice.catalog import load_catalog
    >>> cost(
    ...     Usage(input_tokens=100_001, output_tokens=1_000),
    ...     "claude-haiku-5-5",
    ...     at=date(2026, 11, 21),
    ...     catalog=load_catalog(),
    ... )
    Decimal('0.0525005')
    """
    return exact_sum(line.usd for line in _lines(usage, model, at=at, catalog=catalog))


def cost_breakdown(
    usage: Usage, model: str, *, at: date | datetime, catalog: Catalog
) -> CostBreakdown:
    """
    As `cost`, with every line that adds up to it.

    Raises:
        PriceUnknown: As `cost`.
    """
    lines = tuple(_lines(usage, model, at=at, catalog=catalog))
    day = price_day(at)
    remarks = [
        catalog.find(name).price_remark(day) for name in dict.fromkeys(line.model for line in lines)
    ]
    if not usage.billed:
        remarks.append("Refused before any output: the tokens are shown, not billed.")
    return CostBreakdown(
        usd=exact_sum(line.usd for line in lines),
        lines=lines,
        remarks=tuple(filter(None, remarks)),
    )


def price_day(at: date | datetime) -> date:
    """The day in UTC whose prices hold at a moment; a moment without a zone is UTC."""
    if isinstance(at, datetime):
        return (at.astimezone(UTC) if at.tzinfo else at).date()
    return at


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum of any number of amounts without rounding, whatever the caller's decimal context."""
    total = _ZERO
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


def exact_product(*factors: Decimal) -> Decimal:
    """The product without rounding, whatever the caller's decimal context."""
    product = Decimal(1)
    for factor in factors:
        product = _EXACT.multiply(product, factor)
    return product


def _lines(
    usage: Usage, model: str, *, at: date | datetime, catalog: Catalog
) -> Iterable[CostLine]:
    """Every line of the bill: of each iteration where there are any, and the extras once."""
    if not usage.billed:
        # Still an error where the model is unknown: a typo must not look like a free answer.
        catalog.find(model)
        return
    day = price_day(at)
    own_searches = 0
    for iteration in usage.iterations:
        if iteration.usage.billed:
            sent = _as_sent(iteration.usage, whole=usage)
            yield from _token_lines(sent, iteration.model or model, day=day, catalog=catalog)
            own_searches += sent.web_searches
            yield from _extra_lines(sent, iteration.model or model, catalog=catalog)
    if not usage.iterations:
        yield from _token_lines(usage, model, day=day, catalog=catalog)
    # Searches are told once, at the top; an iteration that tells its own is not asked twice.
    if not own_searches:
        yield from _extra_lines(usage, model, catalog=catalog)


def _as_sent(part: Usage, *, whole: Usage) -> Usage:
    """An iteration with the tier, place and speed of the request it belongs to."""
    return msgspec.structs.replace(
        part,
        service_tier=part.service_tier or whole.service_tier,
        inference_geo=part.inference_geo or whole.inference_geo,
        speed=part.speed or whole.speed,
    )


def _token_lines(usage: Usage, model: str, *, day: date, catalog: Catalog) -> Iterable[CostLine]:
    facts = catalog.find(model)
    band = facts.period(day).band(usage.prompt_tokens)
    factor = token_factor(
        facts,
        day=day,
        catalog=catalog,
        service_tier=usage.service_tier,
        inference_geo=usage.inference_geo,
        speed=usage.speed,
    )
    for token_class, field in _COUNTS:
        tokens = getattr(usage, field)
        if tokens:
            listed = band.usd_per_mtok.get(token_class)
            if listed is None:
                raise _no_class(facts, token_class)
            rate = _per_token(listed, factor)
            count = Decimal(tokens)
            yield CostLine(
                model=facts.id,
                what=token_class,
                units=count,
                usd_per_unit=rate,
                usd=_EXACT.multiply(rate, count),
            )


@lru_cache(maxsize=1024)
def _per_token(listed: Decimal, factor: Decimal) -> Decimal:
    # Equal prices may be written with other zeros, and the cache cannot tell them apart.
    return exact_product(listed, factor, _PER_MTOK).normalize(_EXACT)


def _extra_lines(usage: Usage, model: str, *, catalog: Catalog) -> Iterable[CostLine]:
    rules = catalog.rules
    extras = (
        ("web_search", Decimal(usage.web_searches), rules.web_search_usd),
        # Hours arrive as a binary fraction; its shortest decimal writing is what was meant.
        (
            "code_execution_hour",
            Decimal(repr(usage.code_execution_hours)),
            rules.code_execution_hour_usd,
        ),
    )
    for what, units, rate in extras:
        if units:
            yield CostLine(
                model=catalog.find(model).id,
                what=what,
                units=units,
                usd_per_unit=rate,
                usd=_EXACT.multiply(units, rate),
            )


def token_factor(
    facts: ModelFacts,
    *,
    day: date,
    catalog: Catalog,
    service_tier: str | None = None,
    inference_geo: str | None = None,
    speed: str | None = None,
) -> Decimal:
    """
    What batch, place and speed multiply every token price by.

    Raises:
        PriceUnknown: A tier, place or speed that has no list price on this model.

    Source:
        Provider's pricing page: the factors stack; fast mode is not offered in batches.
    """
    tier = catalog.rules.tiers.get(service_tier or "standard")
    if tier is None:
        raise _no_mode(facts, f"service tier {service_tier!r}", "[tiers] of a price file")
    geo = catalog.rules.geos.get(inference_geo or "global")
    if geo is None or (geo != 1 and not facts.geo_priced):
        raise _no_mode(facts, f"inference_geo {inference_geo!r}", "")
    return exact_product(tier, geo, _speed_factor(facts, speed, day=day, tier=tier))


def _speed_factor(facts: ModelFacts, speed: str | None, *, day: date, tier: Decimal) -> Decimal:
    if speed in {None, "standard"}:
        return Decimal(1)
    ended = facts.fast_until is not None and day >= facts.fast_until
    if speed != "fast" or facts.fast_multiplier is None or ended or tier != 1:
        raise _no_mode(facts, f"speed {speed!r}" + (" in a batch" if tier != 1 else ""), "")
    return facts.fast_multiplier


def _no_mode(facts: ModelFacts, mode: str, where: str) -> PriceUnknown:
    return PriceUnknown(
        f"{facts.id} has no list price for {mode}.",
        effect="It is not counted at another price.",
        next_step=f"Give its factor under {where}."
        if where
        else "Check where the usage came from.",
    )


def _no_class(facts: ModelFacts, token_class: TokenClass) -> PriceUnknown:
    return PriceUnknown(
        f"{facts.id} has no price for {token_class} tokens.",
        effect="They are not counted as free.",
        next_step=f'Add {token_class} = "..." under [prices."{facts.id}"] in a price file.',
    )
