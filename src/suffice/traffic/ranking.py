"""What is asked how often and at what cost: counts of exchanges -> types ranked by dollars."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from suffice.catalog import Catalog, TokenClass
from suffice.errors import PriceUnknown
from suffice.pricing.counterfactual import token_ratio
from suffice.pricing.dollars import exact_product, exact_sum, token_factor

_PER_MTOK = Decimal("0.000001")
_HALF = Decimal("0.5")
_ZERO = Decimal(0)
_PARTS = (
    ("fresh_input", TokenClass.INPUT, "input_tokens"),
    ("cache_read", TokenClass.CACHE_READ, "cache_read_tokens"),
    ("cache_write", TokenClass.CACHE_WRITE_5M, "cache_write_5m_tokens"),
    ("cache_write", TokenClass.CACHE_WRITE_1H, "cache_write_1h_tokens"),
    ("output", TokenClass.OUTPUT, "output_tokens"),
)


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """
    Exchanges that are priced alike, added up: one type, role, model, day, band and tier.

    Attributes:
        type: The type's name.
        role: Who makes the calls, as `suffice.traffic.types.Role` writes it.
        model: The model that served; empty where not told.
        day: Whose prices hold; None where no time is told.
        prompt_tokens: The longest prompt among them, all of one band.
        calls: How many.
        told: How many of them told their usage.
        cacheable: Prompt tokens a cache would have served, had there been one.
        cache_filling: Prompt tokens that would have been written to it.
    """

    type: str
    role: str = "call"
    model: str = ""
    day: date | None = None
    prompt_tokens: int = 0
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None
    calls: int = 0
    told: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    thinking_tokens: int = 0
    web_searches: int = 0
    cacheable: int = 0
    cache_filling: int = 0
    extra_usd: Decimal = _ZERO


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """
    What of a type's exchanges is not dollars.

    Attributes:
        sessions: Conversations they belong to.
        errors: Calls that failed.
        replayable: Calls that can be asked of another model as they were.
        answered: Those of them whose answer is in the log: it need not be paid again.
        first: Seconds since 1970.
        latency_s: Median, and the 95th of a hundred; None where not told.
        output_tokens: As ``latency_s``.
        prompt_tokens: As ``latency_s``.
        by_hour: Calls by hour of the day, UTC; 24 of them.
        earlier: Calls in the first half of the time looked at.
        later: Calls in the second half.
    """

    sessions: int = 0
    spawns: int = 0
    errors: int = 0
    replayable: int = 0
    answered: int = 0
    first: float | None = None
    last: float | None = None
    latency_s: tuple[float, float] | None = None
    output_tokens: tuple[float, float] | None = None
    prompt_tokens: tuple[float, float] | None = None
    by_hour: tuple[int, ...] = ()
    earlier: int = 0
    later: int = 0


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the index says of a type.

    Attributes:
        versions: How many templates it is made of.
        related: The type it seems to be a version of.
        known: Whether any request like these was seen when the types were learnt.
        catch_all: Its requests have no system prompt at all: it may be several types.
    """

    versions: int = 1
    related: str = ""
    known: bool = True
    catch_all: bool = False


class UpperLimit(msgspec.Struct, frozen=True, kw_only=True):
    """
    What could be saved at most; an upper limit, not a promise.

    Attributes:
        by: A candidate model, or ``batch``, ``cache`` or ``effort``.
        at_most_usd: Over the time looked at, at list price.
        holds_if: What would have to be true.
    """

    by: str
    at_most_usd: str
    holds_if: str


class TypeRow(msgspec.Struct, frozen=True, kw_only=True):
    """
    One request type, as it is ranked. Dollars are decimal text at list price.

    Attributes:
        share: Of all dollars, in 0..1; None where nothing has a price.
        models: Calls by the model that served.
        dollars: By what they paid for: fresh_input, cache_read, cache_write, output, of which
            thinking, and other.
        long_prompt_usd: The part of the spend that was billed in a higher band.
        unpriced_calls: Calls of models without a price: not in the spend, and not free.
        untold_calls: Calls whose log tells no usage: likewise.
        checkable_by: The scorer that fits; empty where none does, None where nobody looked.
        savings: Upper limits, candidates first.
        first_lever: The lever that would save more than any candidate; empty where none does.
    """

    type: str
    calls: int
    spend_usd: str
    share: float | None
    model: str
    models: dict[str, int]
    dollars: dict[str, str]
    long_prompt_usd: str = "0"
    role: str = "call"
    unpriced_calls: int = 0
    untold_calls: int = 0
    seen: Seen = Seen()
    known: Known = Known()
    checkable_by: str | None = None
    checkable_because: str = ""
    savings: tuple[UpperLimit, ...] = ()
    first_lever: str = ""


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """The traffic of one role: what a decision moves as a whole, and what that costs."""

    role: str
    unit: str
    calls: int
    units: int
    spend_usd: str
    share: float | None
    per_unit_usd: str | None
    dollars: dict[str, str]
    long_prompt_usd: str = "0"


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """All types of a store, dearest first."""

    schema: str = "suffice.types"
    version: int = 1
    calls: int = 0
    spend_usd: str = "0"
    first: float | None = None
    last: float | None = None
    prices_dated: str = ""
    types: tuple[TypeRow, ...] = ()
    agents: tuple[AgentRow, ...] = ()
    daily: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


class Bill:
    """Dollars of some exchanges, added up exactly."""

    def __init__(self) -> None:
        self.parts: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.calls = self.unpriced = self.untold = 0
        self.models: Counter[str] = Counter()
        self.long_usd = self.batchable = self.cache_saves = _ZERO

    @property
    def usd(self) -> Decimal:
        """The whole; thinking is a part of output."""
        return exact_sum(usd for part, usd in self.parts.items() if part != "thinking")

    def dollars(self) -> dict[str, str]:
        """By what was paid for."""
        return {part: _text(usd) for part, usd in sorted(self.parts.items())}


def rank(
    counted: Iterable[Counted],
    *,
    seen: Mapping[str, Seen],
    known: Mapping[str, Known],
    candidates: Sequence[str],
    catalog: Catalog,
    today: date,
) -> Ranking:
    """
    Rank the types by dollars at list price.

    Args:
        counted: Every exchange once.
        seen: What is not dollars, by type.
        known: What the index knows, by type.
        candidates: Models whose upper limit of savings is shown.
        catalog: Prices.
        today: Whose prices hold for exchanges without a time.
    """
    book = _Book(catalog, today)
    rows = list(counted)
    bills: defaultdict[str, Bill] = defaultdict(Bill)
    other: defaultdict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    cannot: defaultdict[str, set[str]] = defaultdict(set)
    daily: defaultdict[date, Decimal] = defaultdict(Decimal)
    roles: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        roles[row.type][row.role] += row.calls
        usd = book.charge(row, bills[row.type])
        if usd is None:
            continue
        if row.day is not None:
            daily[row.day] += usd
        for candidate in candidates:
            moved = book.moved(row, candidate)
            if moved is None:
                cannot[row.type].add(candidate)
            else:
                other[row.type][candidate] += min(moved, usd)
    whole = exact_sum(bill.usd for bill in bills.values())
    types = []
    for name, bill in bills.items():
        candidate_usd = {
            model: usd for model, usd in other[name].items() if model not in cannot[name]
        }
        savings = _savings(bill, candidate_usd)
        types.append(
            TypeRow(
                type=name,
                calls=bill.calls,
                spend_usd=_text(bill.usd),
                share=float(bill.usd / whole) if whole else None,
                model=_most(bill.models),
                models=dict(bill.models.most_common()),
                dollars=bill.dollars(),
                long_prompt_usd=_text(bill.long_usd),
                role=_most(roles[name]),
                unpriced_calls=bill.unpriced,
                untold_calls=bill.untold,
                seen=seen.get(name, Seen()),
                known=known.get(name, Known()),
                savings=savings,
                first_lever=_first_lever(savings, set(candidates)),
            )
        )
    types.sort(key=lambda row: (-Decimal(row.spend_usd), -row.calls, row.type))
    times = [one.first for one in seen.values() if one.first is not None]
    ends = [one.last for one in seen.values() if one.last is not None]
    return Ranking(
        calls=sum(bill.calls for bill in bills.values()),
        spend_usd=_text(whole),
        first=min(times, default=None),
        last=max(ends, default=None),
        prices_dated=str(catalog.dated),
        types=tuple(types),
        agents=_agents(rows, book, seen, whole),
        daily=tuple((str(day), _text(usd)) for day, usd in sorted(daily.items())),
        notes=_notes(bills.values()),
    )


class _Book:
    """Rates by model, day, band and tier, each looked up once."""

    def __init__(self, catalog: Catalog, today: date) -> None:
        self._catalog = catalog
        self._today = today
        self._rates: dict[tuple[object, ...], dict[TokenClass, Decimal] | None] = {}

    def charge(self, row: Counted, bill: Bill) -> Decimal | None:
        """Put a row on a bill; None where it has no price, which is counted."""
        bill.calls += row.calls
        bill.models[row.model or "not told"] += row.calls
        bill.untold += row.calls - row.told
        if row.told == 0:
            return None
        rates = self._of(row, row.model, row.prompt_tokens)
        if rates is None or any(
            getattr(row, field) and kind not in rates for _, kind, field in _PARTS
        ):
            bill.unpriced += row.told
            return None
        usd = row.extra_usd + row.web_searches * self._catalog.rules.web_search_usd
        bill.parts["other"] += usd
        for part, kind, field in _PARTS:
            amount = exact_product(rates.get(kind, _ZERO), Decimal(getattr(row, field)))
            bill.parts[part] += amount
            usd += amount
        bill.parts["thinking"] += row.thinking_tokens * rates.get(TokenClass.OUTPUT, _ZERO)
        if self._is_long(row):
            bill.long_usd += usd
        if row.service_tier != "batch":
            bill.batchable += usd - row.web_searches * self._catalog.rules.web_search_usd
        bill.cache_saves += self._cached(row, rates)
        return usd

    def moved(self, row: Counted, candidate: str) -> Decimal | None:
        """
        The least the same tokens would cost on a candidate; None where it has no price.

        Tokens are taken at the lower end of what its tokenizer may count.
        """
        try:
            ratio = token_ratio(
                self._catalog.find(row.model), self._catalog.find(candidate), self._catalog.rules
            ).low
        except PriceUnknown:
            return None
        tokens = int(row.prompt_tokens * ratio)
        plain = msgspec.structs.replace(
            row, speed=None, inference_geo=None, day=self._on_sale(candidate, row.day)
        )
        rates = self._of(plain, candidate, tokens)
        if rates is None:
            return None
        usd = row.extra_usd + row.web_searches * self._catalog.rules.web_search_usd
        for _, kind, field in _PARTS:
            if kind not in rates:
                return None
            usd += rates[kind] * int(getattr(row, field) * ratio)
        return usd

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

    def _is_long(self, row: Counted) -> bool:
        facts = self._catalog.find(row.model)
        return facts.period(row.day or self._today).band(row.prompt_tokens).above_prompt_tokens > 0

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


def _savings(bill: Bill, candidates: Mapping[str, Decimal]) -> tuple[UpperLimit, ...]:
    found = [
        UpperLimit(
            by=model,
            at_most_usd=_text(bill.usd - usd),
            holds_if="every call suffices there, in as many tokens; not tested yet",
        )
        for model, usd in candidates.items()
        if usd < bill.usd
    ]
    levers = (
        ("cache", bill.cache_saves, "the prompt's fixed beginning is cached for five minutes"),
        ("batch", bill.batchable * _HALF, "nobody waits for the answers"),
        ("effort", bill.parts.get("thinking", _ZERO), "the answers need no thinking at all"),
    )
    found += [
        UpperLimit(by=name, at_most_usd=_text(usd), holds_if=why)
        for name, usd, why in levers
        if usd > 0
    ]
    return tuple(found)


def _first_lever(savings: Sequence[UpperLimit], candidates: set[str]) -> str:
    """The lever without a change of model that would save the most, if more than any model."""
    best = max((Decimal(one.at_most_usd) for one in savings if one.by in candidates), default=_ZERO)
    levers = [one for one in savings if one.by not in candidates]
    most = max(levers, key=lambda one: Decimal(one.at_most_usd), default=None)
    return most.by if most is not None and Decimal(most.at_most_usd) > best else ""


_UNITS = {"sub-agent": "spawn", "main loop": "session"}


def _agents(
    rows: Sequence[Counted], book: _Book, seen: Mapping[str, Seen], whole: Decimal
) -> tuple[AgentRow, ...]:
    bills: defaultdict[str, Bill] = defaultdict(Bill)
    for row in rows:
        book.charge(row, bills[row.role])
    found = []
    for role, bill in bills.items():
        counts = seen.get(f"role:{role}", Seen())
        unit = _UNITS.get(role, "call")
        units = {"spawn": counts.spawns, "session": counts.sessions}.get(unit, bill.calls)
        found.append(
            AgentRow(
                role=role,
                unit=unit,
                calls=bill.calls,
                units=units,
                spend_usd=_text(bill.usd),
                share=float(bill.usd / whole) if whole else None,
                per_unit_usd=_text(round(bill.usd / units, 6)) if units else None,
                dollars=bill.dollars(),
                long_prompt_usd=_text(bill.long_usd),
            )
        )
    return tuple(sorted(found, key=lambda row: (-Decimal(row.spend_usd), row.role)))


def _notes(bills: Iterable[Bill]) -> tuple[str, ...]:
    listed = list(bills)
    untold, unpriced = sum(b.untold for b in listed), sum(b.unpriced for b in listed)
    found = []
    if untold:
        found.append(f"{untold:,} calls tell no usage: they are not in the dollars, and not free.")
    if unpriced:
        found.append(
            f"SF305 {unpriced:,} calls have no known price: not in the dollars, and not free."
        )
    return tuple(found)


def _most(counts: Counter[str]) -> str:
    return max(counts, key=lambda name: (counts[name], name)) if counts else ""


def _text(usd: Decimal) -> str:
    return f"{usd.normalize():f}" if usd else "0"
