"""Counts of exchanges -> types ranked by dollars, and agents' traffic by who makes the calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from suffice.catalog import Catalog
from suffice.pricing.dollars import exact_sum
from suffice.traffic.ranking.bills import Bill, PriceBook, usd_in_full
from suffice.traffic.ranking.rows import (
    AgentRow,
    Counted,
    Known,
    Ranking,
    Seen,
    TypeRow,
    UnitCost,
    UpperLimit,
)

_HALF = Decimal("0.5")
_ZERO = Decimal(0)
_UNITS = {"sub-agent": "spawn", "main loop": "session"}
_DEAREST = 3
_MANY = 0.95


def rank(
    counted: Iterable[Counted],
    *,
    seen: Mapping[str, Seen],
    known: Mapping[str, Known],
    candidates: Sequence[str],
    catalog: Catalog,
    today: date,
    units: Iterable[UnitCost] = (),
) -> Ranking:
    """
    Rank the types by dollars at list price.

    Args:
        counted: Every exchange once.
        seen: What is not dollars, by type; by role under ``role:...``.
        known: What the index knows, by type.
        candidates: Models whose upper limit of savings is shown.
        catalog: Prices.
        today: Whose prices hold for exchanges without a time.
        units: What each session and spawn used.
    """
    account = _Account(PriceBook(catalog, today), candidates)
    for row in counted:
        account.add(row)
    whole = exact_sum(bill.usd for bill in account.types.values())
    types = [
        _type_row(name, bill, whole=whole, seen=seen, known=known)
        for name, bill in account.types.items()
    ]
    types.sort(key=lambda row: (-Decimal(row.spend_usd), -row.calls, row.type))
    times = [one.first for one in seen.values() if one.first is not None]
    ends = [one.last for one in seen.values() if one.last is not None]
    return Ranking(
        calls=sum(bill.calls for bill in account.types.values()),
        spend_usd=usd_in_full(whole),
        first=min(times, default=None),
        last=max(ends, default=None),
        prices_dated=str(catalog.dated),
        long_from=account.book.long_from,
        types=tuple(types),
        agents=_agents(account, seen, whole, account.unit_costs(units)),
        daily=tuple((str(day), usd_in_full(usd)) for day, usd in sorted(account.daily.items())),
        notes=_notes(account.types.values()),
    )


class _Account:
    """All bills that one pass over the counts fills."""

    def __init__(self, book: PriceBook, candidates: Sequence[str]) -> None:
        self.book = book
        self._candidates = candidates
        self.types: defaultdict[str, Bill] = defaultdict(Bill)
        self.roles: defaultdict[str, Bill] = defaultdict(Bill)
        self.types_of_role: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(
            lambda: defaultdict(Decimal)
        )
        self.daily: defaultdict[date, Decimal] = defaultdict(Decimal)

    def add(self, row: Counted) -> None:
        """Charge a row to its type and to its role."""
        charge = self.book.charge(row, candidates=self._candidates)
        is_long = self.book.is_long(row)
        for bill in (self.types[row.type], self.roles[row.role]):
            bill.add(row, charge, is_long=is_long)
        if charge is not None:
            self.types_of_role[row.role][row.type] += charge.usd
            if row.day is not None:
                self.daily[row.day] += charge.usd

    def unit_costs(self, units: Iterable[UnitCost]) -> dict[str, list[Decimal]]:
        """What each session and each spawn cost, by role; those that are not priced left out."""
        found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for one in units:
            charge = self.book.charge(one.counted)
            if charge is not None:
                found[one.counted.role, one.unit] += charge.usd
        by_role: defaultdict[str, list[Decimal]] = defaultdict(list)
        for (role, _), usd in found.items():
            by_role[role].append(usd)
        return {role: sorted(costs) for role, costs in by_role.items()}


def _type_row(
    name: str,
    bill: Bill,
    *,
    whole: Decimal,
    seen: Mapping[str, Seen],
    known: Mapping[str, Known],
) -> TypeRow:
    savings = _savings(bill)
    return TypeRow(
        type=name,
        calls=bill.calls,
        spend_usd=usd_in_full(bill.usd),
        share=float(bill.usd / whole) if whole else None,
        model=_most(bill.models),
        models=dict(bill.models.most_common()),
        dollars=bill.dollars(),
        long_calls=bill.long_calls,
        long_prompt_usd=usd_in_full(bill.long_usd),
        role=_most(bill.roles),
        unpriced_calls=bill.unpriced,
        untold_calls=bill.untold,
        seen=seen.get(name, Seen()),
        known=known.get(name, Known()),
        savings=savings,
        first_lever=_first_lever(savings, set(bill.elsewhere)),
    )


def _savings(bill: Bill) -> tuple[UpperLimit, ...]:
    found = [
        UpperLimit(
            by=model,
            at_most_usd=usd_in_full(bill.usd - usd),
            holds_if="every call suffices there, in as many tokens; not tested yet",
            dear_calls=bill.dear_calls[model],
            dear_usd=usd_in_full(bill.dear_usd[model]),
        )
        for model, usd in bill.elsewhere.items()
        if usd < bill.usd and model not in bill.cannot
    ]
    levers = (
        ("cache", bill.cache_saves, "the prompt's fixed beginning is cached for five minutes"),
        ("batch", bill.batchable * _HALF, "nobody waits for the answers"),
        ("effort", bill.parts.get("thinking", _ZERO), "the answers need no thinking at all"),
    )
    found += [
        UpperLimit(by=name, at_most_usd=usd_in_full(usd), holds_if=why)
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


def _agents(
    account: _Account,
    seen: Mapping[str, Seen],
    whole: Decimal,
    unit_costs: Mapping[str, Sequence[Decimal]],
) -> tuple[AgentRow, ...]:
    rows = [
        _agent_row(
            role,
            bill,
            whole=whole,
            seen=seen.get(f"role:{role}", Seen()),
            costs=unit_costs.get(role, ()),
            types=account.types_of_role[role],
        )
        for role, bill in account.roles.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-Decimal(row.spend_usd), row.role)))


def _agent_row(
    role: str,
    bill: Bill,
    *,
    whole: Decimal,
    seen: Seen,
    costs: Sequence[Decimal],
    types: Mapping[str, Decimal],
) -> AgentRow:
    unit = _UNITS.get(role, "call")
    units = {"spawn": seen.spawns, "session": seen.sessions}.get(unit, bill.calls)
    dearest = sorted(types.items(), key=lambda one: (-one[1], one[0]))[:_DEAREST]
    return AgentRow(
        role=role,
        unit=unit,
        calls=bill.calls,
        units=units,
        spend_usd=usd_in_full(bill.usd),
        share=float(bill.usd / whole) if whole else None,
        per_unit_usd=usd_in_full(round(bill.usd / units, 6)) if units else None,
        unit_usd=_spread(costs),
        dollars=bill.dollars(),
        types=tuple((name, usd_in_full(usd)) for name, usd in dearest),
        long_calls=bill.long_calls,
        long_prompt_usd=usd_in_full(bill.long_usd),
        latency_s=seen.latency_s,
        savings=_savings(bill),
    )


def _spread(costs: Sequence[Decimal]) -> tuple[str, str] | None:
    """The median and the 95th of a hundred, each one that was really paid."""
    if not costs:
        return None
    places = ((len(costs) - 1) // 2, int(_MANY * (len(costs) - 1)))
    low, high = (usd_in_full(round(costs[place], 6)) for place in places)
    return low, high


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
