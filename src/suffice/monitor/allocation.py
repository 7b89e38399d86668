"""
How many pairs a day each type gets, so that a given sum of money finds bad answers soonest.

A type with V sessions a day, each bad one doing harm h, serves about V h m / n of it before a
fall is seen, where m pairs are needed and n a day are gathered. Least harm for the same money is
then n in proportion to sqrt(V h m / c), c being the price of a pair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from suffice.errors import BadOption

SEEN_WITHIN_DAYS = 7
"""The promise of the floor: a fall is seen within so many days."""

_HALVINGS = 80


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """
    A type that wants pairs.

    Attributes:
        type: The request type.
        sessions_per_day: How many could be shadowed.
        usd_per_pair: Price of a shadow call and its scoring.
        pairs_to_detect: Pairs that show a fall, see `suffice.monitor.plan_detection`.
        harm: How much worse a bad answer of this type is than of another.
        pairs_seen: Scored pairs so far: the more, the fewer are wanted beyond the floor.
        most_per_day: Pairs that are asked for at most beyond the floor; None: every session.
    """

    type: str
    sessions_per_day: float
    usd_per_pair: Decimal
    pairs_to_detect: float
    harm: float = 1.0
    pairs_seen: int = 0
    most_per_day: float | None = None

    @property
    def floor(self) -> float:
        """Pairs a day that see a fall within a week, as far as there are sessions."""
        return min(self.pairs_to_detect / SEEN_WITHIN_DAYS, self.sessions_per_day)

    @property
    def cap(self) -> float:
        """Pairs a day beyond which more are of no use: every session, less as evidence grows."""
        worn = self.pairs_to_detect / (self.pairs_to_detect + self.pairs_seen)
        most = self.sessions_per_day if self.most_per_day is None else self.most_per_day
        return max(self.floor, min(most, self.sessions_per_day) * worn)

    @property
    def weight(self) -> float:
        """What its pairs are worth beside those of other types."""
        price = max(float(self.usd_per_pair), 1e-9)
        return math.sqrt(self.sessions_per_day * self.harm * self.pairs_to_detect / price)


class Allotted(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a type gets.

    Attributes:
        type: The request type.
        pairs_per_day: Pairs.
        share: Of its sessions, for the keyed hash; the probability stored with each pair.
        usd_per_day: What they cost.
        days_to_detect: Pairs that show a fall, at this pace; infinite without any.
        keeps_promise: A fall is seen within a week.
    """

    type: str
    pairs_per_day: float
    share: float
    usd_per_day: Decimal
    days_to_detect: float
    keeps_promise: bool


def allot(types: Sequence[Watched], *, usd_per_day: Decimal) -> tuple[Allotted, ...]:
    """
    Pairs a day for each type, never dearer than the budget.

    First everybody gets what sees a fall within a week; where the budget does not reach even for
    that, all get the same part of it. The rest goes by the square-root rule.

    Args:
        types: In any order.
        usd_per_day: The budget for all of them together.

    Returns:
        In the order of ``types``.

    Raises:
        BadOption: A negative budget, price or number.

    >>> triage = Watched(type="triage", sessions_per_day=2000, usd_per_pair=Decimal("0.01"),
    ...                  pairs_to_detect=175)
    >>> notes = Watched(type="notes", sessions_per_day=100, usd_per_pair=Decimal("0.04"),
    ...                 pairs_to_detect=175)
    >>> [round(got.pairs_per_day) for got in allot([triage, notes], usd_per_day=Decimal("3.00"))]
    [200, 25]
    >>> [got.keeps_promise for got in allot([triage, notes], usd_per_day=Decimal("1.00"))]
    [False, False]
    """
    _check(types, usd_per_day)
    floors = [_pairs_cost(watched, watched.floor) for watched in types]
    if sum(floors) >= usd_per_day:
        part = float(usd_per_day / sum(floors)) if sum(floors) else 0.0
        return _settled(types, [watched.floor * part for watched in types], usd_per_day)
    low, high = 0.0, _everything(types)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        cost = sum(
            _pairs_cost(watched, pairs)
            for watched, pairs in zip(types, _at(types, middle), strict=True)
        )
        low, high = (middle, high) if cost <= usd_per_day else (low, middle)
    return _settled(types, _at(types, low), usd_per_day)


def _at(types: Sequence[Watched], scale: float) -> list[float]:
    return [min(max(scale * each.weight, each.floor), each.cap) for each in types]


def _everything(types: Sequence[Watched]) -> float:
    """A scale at which every type has its cap."""
    return max((each.cap / each.weight for each in types if each.weight > 0), default=0.0) + 1.0


def _pairs_cost(watched: Watched, pairs: float) -> Decimal:
    return watched.usd_per_pair * Decimal(repr(pairs))


def _settled(
    types: Sequence[Watched], pairs: Sequence[float], usd_per_day: Decimal
) -> tuple[Allotted, ...]:
    """The allotments; a last rounding of floats never makes them dearer than the budget."""
    total = sum(
        (_pairs_cost(each, count) for each, count in zip(types, pairs, strict=True)), Decimal(0)
    )
    part = 1.0
    if total > usd_per_day:
        part = float(usd_per_day / total) * (1 - 1e-12)
    return tuple(_allotted(each, count * part) for each, count in zip(types, pairs, strict=True))


def _allotted(watched: Watched, pairs: float) -> Allotted:
    days = watched.pairs_to_detect / pairs if pairs else math.inf
    return Allotted(
        type=watched.type,
        pairs_per_day=pairs,
        share=min(pairs / watched.sessions_per_day, 1.0) if watched.sessions_per_day else 0.0,
        usd_per_day=_pairs_cost(watched, pairs),
        days_to_detect=days,
        keeps_promise=days <= SEEN_WITHIN_DAYS * (1 + 1e-9),
    )


def _check(types: Sequence[Watched], usd_per_day: Decimal) -> None:
    wrong = [
        each.type
        for each in types
        if min(each.sessions_per_day, each.harm, each.pairs_seen, float(each.usd_per_pair)) < 0
        or each.pairs_to_detect <= 0
    ]
    if wrong or usd_per_day < 0:
        raise BadOption(
            f"{', '.join(wrong) or f'${usd_per_day} a day'}: not a number of pairs, or of dollars.",
            effect="Nothing was allotted.",
            next_step="Volumes, prices, harm and the budget are not negative.",
        )
