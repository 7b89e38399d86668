"""Dollars of exchanges: what was paid for what, and what another model would have cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

import msgspec

from suffice.catalog import Catalog, TokenClass
from suffice.errors import PriceUnknown
from suffice.pricing.counterfactual import token_ratio
from suffice.pricing.dollars import exact_product, exact_sum, token_factor
from suffice.traffic.ranking.rows import Counted

_PER_MTOK = Decimal("0.000001")
_ZERO = Decimal(0)
_PARTS = (
    ("fresh_input", TokenClass.INPUT, "input_tokens"),
    ("cache_read", TokenClass.CACHE_READ, "cache_read_tokens"),
    ("cache_write", TokenClass.CACHE_WRITE_5M, "cache_write_5m_tokens"),
    ("cache_write", TokenClass.CACHE_WRITE_1H, "cache_write_1h_tokens"),
    ("output", TokenClass.OUTPUT, "output_tokens"),
)


class Charge(msgspec.Struct, frozen=True, gc=False):
    """
    What a row cost, and what it would cost elsewhere.

    Attributes:
        usd: The whole.
        parts: By what was paid for.
        thinking: The part of the output that was thinking.
        in_dear_band: Whether it was billed in a higher band.
        batchable: What batches would halve.
        cache_saves: What a cache would save.
        elsewhere: By candidate: dollars at the least, if not more, and whether its band is a
            higher one; None where it has no price.
    """

    usd: Decimal
    parts: dict[str, Decimal]
    thinking: Decimal
    in_dear_band: bool
    batchable: Decimal
    cache_saves: Decimal
    elsewhere: dict[str, tuple[Decimal, bool] | None] = {}


class Bill:
    """Dollars of some exchanges, added up exactly."""

    def __init__(self) -> None:
        self.parts: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.calls = self.unpriced = self.untold = self.long_calls = 0
        self.models: Counter[str] = Counter()
        self.roles: Counter[str] = Counter()
        self.long_usd = self.batchable = self.cache_saves = _ZERO
        self.elsewhere: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.cannot: set[str] = set()
        self.dear_calls: Counter[str] = Counter()
        self.dear_usd: defaultdict[str, Decimal] = defaultdict(Decimal)

    @property
    def usd(self) -> Decimal:
        """The whole; thinking is a part of output."""
        return exact_sum(usd for part, usd in self.parts.items() if part != "thinking")

    def add(self, row: Counted, charge: Charge | None, *, is_long: bool) -> None:
        """Add a row; without a charge it is counted all the same."""
        self.calls += row.calls
        self.models[row.model or "not told"] += row.calls
        self.roles[row.role] += row.calls
        self.untold += row.calls - row.told
        self.long_calls += row.calls * is_long
        if charge is None:
            self.unpriced += row.told
            return
        for part, usd in (*charge.parts.items(), ("thinking", charge.thinking)):
            self.parts[part] += usd
        self.long_usd += charge.usd * charge.in_dear_band
        self.batchable += charge.batchable
        self.cache_saves += charge.cache_saves
        for candidate, moved in charge.elsewhere.items():
            if moved is None:
                self.cannot.add(candidate)
                continue
            usd, is_dear = moved
            self.elsewhere[candidate] += usd
            if is_dear:
                self.dear_calls[candidate] += row.calls
                self.dear_usd[candidate] += usd

    def dollars(self) -> dict[str, str]:
        """By what was paid for."""
        return {part: usd_in_full(usd) for part, usd in sorted(self.parts.items())}


def usd_in_full(usd: Decimal) -> str:
    """
    Every digit, without an exponent.

    >>> usd_in_full(Decimal("1E+2")), usd_in_full(Decimal("0.00"))
    ('100', '0')
    """
    return f"{usd.normalize():f}" if usd else "0"


class PriceBook:
    """Rates by model, day, band and tier, each looked up once."""

    def __init__(self, catalog: Catalog, today: date) -> None:
        self._catalog = catalog
        self._today = today
        self._rates: dict[tuple[object, ...], dict[TokenClass, Decimal] | None] = {}
        self._ratios: dict[tuple[str, str], Fraction | None] = {}
        self._long_from = min(
            (
                band.above_prompt_tokens
                for facts in catalog.models.values()
                for period in facts.prices
                for band in period.bands
                if band.above_prompt_tokens
            ),
            default=0,
        )

    @property
    def long_from(self) -> int:
        """Prompt tokens beyond which some model bills a dearer band; 0 where none does."""
        return self._long_from

    def is_long(self, row: Counted) -> bool:
        """Whether a row's prompts are so long that some model bills them in a dearer band."""
        return 0 < self._long_from < row.prompt_tokens

    def charge(self, row: Counted, *, candidates: Sequence[str] = ()) -> Charge | None:
        """What a row cost; None where it has no price or tells no usage."""
        if row.told == 0:
            return None
        rates = self._of(row, row.model, row.prompt_tokens)
        if rates is None or any(
            getattr(row, field) and kind not in rates for _, kind, field in _PARTS
        ):
            return None
        searches = row.web_searches * self._catalog.rules.web_search_usd
        parts = {"other": row.extra_usd + searches}
        for part, kind, field in _PARTS:
            amount = exact_product(rates.get(kind, _ZERO), Decimal(getattr(row, field)))
            parts[part] = parts.get(part, _ZERO) + amount
        usd = exact_sum(parts.values())
        return Charge(
            usd,
            parts,
            thinking=row.thinking_tokens * rates.get(TokenClass.OUTPUT, _ZERO),
            in_dear_band=self._is_dear(row.model, row.day or self._today, row.prompt_tokens),
            batchable=_ZERO if row.service_tier == "batch" else usd - searches,
            cache_saves=self._cached(row, rates),
            elsewhere={one: self._moved(row, one, usd) for one in candidates},
        )

    def _moved(self, row: Counted, candidate: str, usd: Decimal) -> tuple[Decimal, bool] | None:
        """
        The least the same tokens would cost on a candidate, if that is not more than now.

        Tokens are taken at the lower end of what its tokenizer may count.
        """
        ratio = self._ratio(row.model, candidate)
        if ratio is None:
            return None
        day, prompt = self._on_sale(candidate, row.day), int(row.prompt_tokens * ratio)
        plain = msgspec.structs.replace(row, speed=None, inference_geo=None, day=day)
        rates = self._of(plain, candidate, prompt)
        if rates is None:
            return None
        moved = row.extra_usd + row.web_searches * self._catalog.rules.web_search_usd
        for _, kind, field in _PARTS:
            if kind not in rates:
                return None
            moved += rates[kind] * int(getattr(row, field) * ratio)
        return min(moved, usd), self._is_dear(candidate, day, prompt)

    def _ratio(self, model: str, candidate: str) -> Fraction | None:
        if (model, candidate) not in self._ratios:
            try:
                found = token_ratio(
                    self._catalog.find(model), self._catalog.find(candidate), self._catalog.rules
                ).low
            except PriceUnknown:
                found = None
            self._ratios[model, candidate] = found
        return self._ratios[model, candidate]

    def _on_sale(self, candidate: str, day: date | None) -> date:
        """The day itself, or the candidate's first one where it was not on sale yet."""
        day = day or self._today
        prices = self._catalog.find(candidate).prices
        return max(day, prices[0].since or day) if prices else day

    def _cached(self, row: Counted, rates: Mapping[TokenClass, Decimal]) -> Decimal:
        fresh = rates.get(TokenClass.INPUT)
        read, write = rates.get(TokenClass.CACHE_READ), rates.get(TokenClass.CACHE_WRITE_5M)
        if fresh is None or read is None or write is None or not row.cacheable:
            return _ZERO
        return row.cacheable * (fresh - read) - row.cache_filling * (write - fresh)

    def _is_dear(self, model: str, day: date, prompt_tokens: int) -> bool:
        """Whether such a prompt is billed in a band above the first one."""
        period = self._catalog.find(model).period(day)
        return period.band(prompt_tokens).above_prompt_tokens > 0

    def _of(self, row: Counted, model: str, prompt_tokens: int) -> dict[TokenClass, Decimal] | None:
        day = row.day or self._today
        asked = (model, day, prompt_tokens, row.service_tier, row.inference_geo, row.speed)
        if asked not in self._rates:
            self._rates[asked] = self._looked_up(row, model, day, prompt_tokens)
        return self._rates[asked]

    def _looked_up(
        self, row: Counted, model: str, day: date, prompt_tokens: int
    ) -> dict[TokenClass, Decimal] | None:
        try:
            facts = self._catalog.find(model)
            band = facts.period(day).band(prompt_tokens)
            factor = token_factor(
                facts,
                day=day,
                catalog=self._catalog,
                service_tier=row.service_tier,
                inference_geo=row.inference_geo,
                speed=row.speed,
            )
        except PriceUnknown:
            return None
        return {
            kind: exact_product(usd, factor, _PER_MTOK) for kind, usd in band.usd_per_mtok.items()
        }
