"""What is known of a model, as records: limits, dates, and prices with the day each began."""

from __future__ import annotations

import enum
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from suffice.errors import PriceUnknown

_DATE_DIGITS = len("20251001")


class TokenClass(enum.StrEnum):
    """The classes of tokens a bill tells apart."""

    INPUT = "input"
    CACHE_READ = "cache_read"
    CACHE_WRITE_5M = "cache_write_5m"
    CACHE_WRITE_1H = "cache_write_1h"
    OUTPUT = "output"


class Lifecycle(enum.StrEnum):
    """Where a model stands on a day."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """
    Prices for every token of a request whose prompt is longer than a limit.

    Attributes:
        above_prompt_tokens: The band holds for prompts of more tokens than this; 0 for the base.
        usd_per_mtok: Dollars per million tokens; a class that is absent has no known price.
    """

    above_prompt_tokens: int = 0
    usd_per_mtok: dict[TokenClass, Decimal]


class PricePeriod(msgspec.Struct, frozen=True, kw_only=True):
    """
    The prices that hold from one day until the next period begins.

    Attributes:
        since: The first day; None where it is not known and reaches back without limit.
        bands: From the base upwards.
        source: Where the prices were read.
        as_of: When they were read.
        negotiated: True for prices out of a user's own file.
    """

    since: date | None
    bands: tuple[Band, ...]
    source: str
    as_of: date
    negotiated: bool = False

    def band(self, prompt_tokens: int) -> Band:
        """
        The band that bills a prompt of this size, whole.

        >>> low = Band(usd_per_mtok={TokenClass.INPUT: Decimal("0.1")})
        >>> dear = {TokenClass.INPUT: Decimal("0.5")}
        >>> high = Band(above_prompt_tokens=100_000, usd_per_mtok=dear)
        >>> period = PricePeriod(
        ...     since=None, bands=(low, high), source="example", as_of=date(2026, 1, 1)
        ... )
        >>> period.band(100_000) is low, period.band(100_001) is high
        (True, True)
        """
        chosen = self.bands[0]
        for band in self.bands[1:]:
            if prompt_tokens > band.above_prompt_tokens:
                chosen = band
        return chosen


class ImageRule(msgspec.Struct, frozen=True, kw_only=True):
    """How pixels become tokens: one per patch, after shrinking to the edge and then to the cap."""

    patch_px: int
    longest_edge_px: int
    max_tokens: int


class ToolPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """Prompt tokens the provider adds when tools are sent, by what ``tool_choice`` asks."""

    auto_tokens: int
    forced_tokens: int


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """
    Everything the catalog knows of one model. None means not known.

    Attributes:
        id: The id to send and to show.
        line: ``haiku``, ``sonnet``, ``opus``, ``fable`` or ``mythos``.
        released: First day on sale.
        deprecated: A retirement has been announced.
        retires: The day from which requests fail.
        retires_not_before: The earliest day the provider has promised not to retire it before.
        successor: The current model of the same line, to be compared with first.
        context_tokens: Prompt and output together.
        max_output_tokens: Largest ``max_tokens``.
        batch_max_output_tokens: The same in a batch, where it differs.
        cache_minimum_tokens: Prefixes shorter than this are never cached.
        tokenizer: Which of the two text tokenizers counts its prompts.
        image_rule: How images are counted.
        thinking_by_default: Thinks, and bills it as output, unless told otherwise.
        tool_prompt: Hidden overhead of sending tools.
        geo_priced: Accepts ``inference_geo``, and is priced by it.
        fast_multiplier: Price factor of fast mode; None where there is no such mode.
        fast_until: First day without fast mode.
        prices: Oldest first; empty where no price is known.
        source: Where all this was read.
        as_of: When it was read.
    """

    id: str
    line: str | None = None
    released: date | None = None
    deprecated: bool = False
    retires: date | None = None
    retires_not_before: date | None = None
    successor: str | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    batch_max_output_tokens: int | None = None
    cache_minimum_tokens: int | None = None
    tokenizer: Literal["old", "new"] | None = None
    image_rule: ImageRule | None = None
    thinking_by_default: bool | None = None
    tool_prompt: ToolPrompt | None = None
    geo_priced: bool = False
    fast_multiplier: Decimal | None = None
    fast_until: date | None = None
    prices: tuple[PricePeriod, ...] = ()
    source: str
    as_of: date

    @property
    def name(self) -> str:
        """
        The model as people call it, e.g. ``Haiku 4.5``; the id where it has no such form.

        >>> ModelFacts(id="claude-3-5-haiku-20241022", source="", as_of=date(2026, 1, 1)).name
        'Haiku 3.5'
        """
        parts = self.id.removeprefix("claude-").replace(".", "-").split("-")
        words = [part.capitalize() for part in parts if part.isalpha()]
        numbers = [part for part in parts if part.isdigit() and len(part) < _DATE_DIGITS]
        if not self.id.startswith("claude-") or not (words or numbers):
            return self.id
        return " ".join((*(words or ["Claude"]), ".".join(numbers))).strip()

    def lifecycle(self, day: date) -> Lifecycle:
        """Whether the model is active, deprecated or retired on a day."""
        if self.retires is not None and day >= self.retires:
            return Lifecycle.RETIRED
        return Lifecycle.DEPRECATED if self.deprecated else Lifecycle.ACTIVE

    def period(self, day: date) -> PricePeriod:
        """
        The prices in force on a day; a retired model keeps those of its last day.

        Raises:
            PriceUnknown: There is no price at all, or none yet on that day.
        """
        for period in reversed(self.prices):
            if period.since is None or period.since <= day:
                return period
        if not self.prices:
            raise no_price(self.id)
        raise PriceUnknown(
            f"No price for {self.id} on {day}: its first known price is of {self.prices[0].since}.",
            effect="It is not counted as free.",
            next_step="Give a later date, or an earlier price in a file of your own.",
        )

    def price_remark(self, day: date) -> str:
        """One sentence where the price is not simply today's list price; empty otherwise."""
        if self.lifecycle(day) is Lifecycle.RETIRED:
            return f"{self.id} was retired on {self.retires}; priced as on its last day."
        if self.prices and self.period(day).negotiated:
            return f"{self.id} is priced from your own file, not at list price."
        return ""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """
    What stacks on token prices, and what is charged beside them.

    Attributes:
        tiers: Service tier -> factor on every token class.
        geos: ``inference_geo`` -> factor; above 1 only on models that are ``geo_priced``.
        web_search_usd: Per successful search.
        code_execution_hour_usd: Per container-hour beyond the free ones.
        new_per_old: Tokens the new tokenizer counts per token of the old, likeliest.
        new_per_old_low: Lower end of what was seen.
        new_per_old_high: Upper end of what was seen.
    """

    tiers: dict[str, Decimal]
    geos: dict[str, Decimal]
    web_search_usd: Decimal
    code_execution_hour_usd: Decimal
    new_per_old: Decimal
    new_per_old_low: Decimal
    new_per_old_high: Decimal


def no_price(name: str, *, instead: str = "") -> PriceUnknown:
    """The error for a model without a price, worded for every surface."""
    return PriceUnknown(
        f"No price for {name}.",
        effect="It is not counted as free.",
        next_step=(f"Did you mean {instead}? Otherwise add" if instead else "Add")
        + " it under [prices] in a file of your own (--prices FILE), or pass --allow-unpriced.",
    )
