"""Does a log's own dollar figure fit its tokens? Where not, which other reading would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec

from suffice.catalog import Catalog
from suffice.errors import CostMismatch, PriceUnknown
from suffice.pricing import cost
from suffice.records import LoggedExchange, Usage

_MOST_CHECKED = 1_000
_FITS_WITHIN = Decimal("0.01")
_READ_AS_IT_IS = "the tokens as they are read"


def _replaced(usage: Usage, *, prompt: int, cached: bool, tier: str | None) -> Usage:
    kept = usage if cached else Usage(output_tokens=usage.output_tokens)
    return msgspec.structs.replace(
        kept, input_tokens=max(0, prompt), service_tier=tier, iterations=usage.iterations
    )


def _cached(usage: Usage) -> int:
    return usage.prompt_tokens - usage.input_tokens


# What else a source may have meant, in the order of likelihood.
_READINGS: dict[str, Callable[[Usage], Usage]] = {
    _READ_AS_IT_IS: lambda usage: usage,
    "cache tokens counted twice, inside the input and beside it": lambda usage: _replaced(
        usage, prompt=usage.prompt_tokens, cached=True, tier=usage.service_tier
    ),
    "cache tokens inside the input, taken out of it": lambda usage: _replaced(
        usage, prompt=usage.input_tokens - _cached(usage), cached=True, tier=usage.service_tier
    ),
    "cache tokens at the full input price": lambda usage: _replaced(
        usage, prompt=usage.prompt_tokens, cached=False, tier=usage.service_tier
    ),
    "cache tokens left out": lambda usage: _replaced(
        usage, prompt=usage.input_tokens, cached=False, tier=usage.service_tier
    ),
    "the batch price": lambda usage: _replaced(
        usage, prompt=usage.input_tokens, cached=True, tier="batch"
    ),
    "no batch discount": lambda usage: _replaced(
        usage, prompt=usage.input_tokens, cached=True, tier=None
    ),
}


class Priced(msgspec.Struct, frozen=True, array_like=True):
    """
    A call whose log says what it cost.

    Attributes:
        usage: All its tokens.
        model: The model that served.
        ts: Seconds since 1970 (UTC), if they are told.
        reported_usd: The log's dollars.
    """

    usage: Usage
    model: str
    ts: float | None
    reported_usd: str


def priced_call(exchange: LoggedExchange) -> Priced | None:
    """What is to be checked of a call; None of one without dollars, all tokens or a model."""
    usage, reported = exchange.usage, exchange.reported_usd
    if usage is None or reported is None:
        return None
    if not usage.complete or not exchange.model or not Decimal(reported):
        return None
    return Priced(usage, exchange.model, exchange.ts, reported)


class CostCheck:
    """
    Compares a file's dollars with its tokens' list price, on its first thousand priced calls.

    Args:
        catalog: Where the prices are.
        today: The day whose prices hold for calls that tell no time.
    """

    def __init__(self, catalog: Catalog, *, today: date) -> None:
        self._catalog = catalog
        self._today = today
        self._reported = Decimal(0)
        self._by_reading = dict.fromkeys(_READINGS, Decimal(0))
        self.checked = 0

    def add(self, call: Priced) -> None:
        """Take one call into account; one whose model has no price says nothing."""
        if self.checked >= _MOST_CHECKED:
            return
        day = datetime.fromtimestamp(call.ts, UTC) if call.ts else self._today
        try:
            priced = {
                name: cost(reading(call.usage), call.model, at=day, catalog=self._catalog)
                for name, reading in _READINGS.items()
            }
        except PriceUnknown:
            return
        self.checked += 1
        self._reported += Decimal(call.reported_usd)
        for name, usd in priced.items():
            self._by_reading[name] += usd

    def finding(self, name: str, *, repeated: int = 0) -> CostMismatch | None:
        """
        What is to be said of a file; None where its dollars fit its tokens.

        Args:
            name: The file, for people.
            repeated: Lines of it that repeated another's usage.
        """
        ours = self._by_reading[_READ_AS_IT_IS]
        if not self.checked or self._fits(ours):
            return None
        ratio = _times(self._reported / ours) if ours else "not"
        fits = next((name for name, usd in self._by_reading.items() if self._fits(usd)), None)
        if fits is not None:
            reading = f"It fits another reading: {fits}."
        elif repeated:
            reading = "It repeats usage per content block; merged by message id."
        else:
            reading = "No reading we know fits: other prices, perhaps."
        return CostMismatch(
            f"{name}: its dollars are {ratio} its tokens' list price, over {self.checked} calls.",
            effect=f"{reading} We rank by tokens at list price.",
            next_step="Check how the source counts, or give your own prices with --prices.",
        )

    def _fits(self, usd: Decimal) -> bool:
        return abs(usd - self._reported) <= _FITS_WITHIN * self._reported


def _times(ratio: Decimal) -> str:
    """
    How many times, in words of two digits or more.

    >>> _times(Decimal("1.94")), _times(Decimal("949.7")), _times(Decimal("0.0123"))
    ('1.9 times', '950 times', '0.012 times')
    """
    text = f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.2g}"  # noqa: PLR2004 - digits before the point
    return f"{text} times"
