"""Dollars that stand beside their sum, rounded so that what is shown adds up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from suffice.reports.words import usd_text

_CENTS = 2
_MOST_DECIMALS = 4
_SMALL = Decimal("0.1")


def decimals_of(amounts: Iterable[Decimal]) -> int:
    """
    With how many decimals amounts are shown beside each other.

    Cents, or as many as it takes to show three digits of the largest and one of the smallest.

    >>> decimals_of([Decimal("40.25"), Decimal("4")])
    2
    >>> decimals_of([Decimal("0.0603"), Decimal("0.0101")])
    4
    >>> decimals_of([Decimal("40.25"), Decimal("0.00123")])
    3
    """
    sizes = [abs(amount) for amount in amounts if amount]
    if not sizes:
        return _CENTS
    largest, smallest = max(sizes), min(sizes)
    for_largest = _CENTS if largest >= _SMALL else 2 - largest.adjusted()
    return max(for_largest, min(-smallest.adjusted(), _MOST_DECIMALS))


def adding_up(amounts: Sequence[Decimal], *, decimals: int) -> list[Decimal]:
    """
    Amounts, each rounded up or down, so that they add up to their own rounded sum.

    Those that lose most by rounding down are rounded up, as seats are given by largest remainder.

    >>> thirds = [Decimal(1) / 3] * 3
    >>> [str(part) for part in adding_up(thirds, decimals=2)]
    ['0.34', '0.33', '0.33']
    """
    unit = Decimal(1).scaleb(-decimals)
    parts = [amount.quantize(unit, rounding=ROUND_FLOOR) for amount in amounts]
    total = sum(amounts, Decimal(0)).quantize(unit, rounding=ROUND_HALF_UP)
    missing = int((total - sum(parts, Decimal(0))) / unit)
    by_loss = sorted(range(len(parts)), key=lambda place: parts[place] - amounts[place])
    for place in by_loss[:missing]:
        parts[place] += unit
    return parts


def dollars(amount: Decimal, *, decimals: int) -> str:
    """
    Dollars with so many decimals.

    >>> dollars(Decimal("-1234.5"), decimals=2), dollars(Decimal("0.0603"), decimals=4)
    ('-$1,234.50', '$0.0603')
    """
    return f"{'-' if amount < 0 else ''}${abs(amount):,.{decimals}f}"


def column(amounts: Sequence[str]) -> list[str]:
    """
    A column of dollars whose sum stands above it: cents that add up, as the sum is shown.

    What is less than a cent beside larger sums keeps its first digits, and adds nothing shown.

    >>> column(["0.335", "0.335", "0.335", "0.0012"])
    ['$0.34', '$0.34', '$0.33', '$0.00120']
    """
    exact = [Decimal(amount) for amount in amounts]
    if max((abs(amount) for amount in exact), default=Decimal(0)) < _SMALL:
        return [usd_text(amount) for amount in amounts]
    parts = adding_up(exact, decimals=_CENTS)
    return [
        dollars(part, decimals=_CENTS) if part or not amount else usd_text(str(amount))
        for part, amount in zip(parts, exact, strict=True)
    ]
