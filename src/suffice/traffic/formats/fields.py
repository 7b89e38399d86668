"""Fields of other people's logs: read without trust; what is of the wrong kind is not told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

_YEAR_2200 = 7_258_118_400.0
_LONGEST_LABEL = 200
_MOST_DOLLARS = 10**9
# Written out, an exponent of a few signs could fill a disk with noughts.
_FINEST_DOLLARS = -40
# Digits before the point tell the unit: seconds have 10 until 2286.
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))


def told_ids(*ids: str) -> tuple[str, ...]:
    """
    Those that are told, each once.

    >>> told_ids("msg_01", "", "msg_01")
    ('msg_01',)
    """
    return tuple(dict.fromkeys(filter(None, ids)))


def text(record: Mapping[str, Any], *names: str) -> str:
    """
    The first of these members that is a text or a number, as text; else empty.

    >>> text({"id": "", "uuid": 7}, "id", "uuid")
    '7'
    """
    for name in names:
        value = record.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def member(record: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object member; one written as a JSON text is decoded; else an empty object."""
    value = opened(record.get(name))
    return value if isinstance(value, dict) else {}


def opened(value: Any) -> Any:
    """
    A value, or what the JSON text of one holds; any other text is itself.

    >>> opened('{"a": 1}'), opened("plain"), opened("[oops")
    ({'a': 1}, 'plain', '[oops')
    """
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return value
    return value


def number(record: Mapping[str, Any], *names: str) -> float | None:
    """
    The first of these members that is a finite number, also one written as text.

    >>> number({"latency": "1.5"}, "latency"), number({"latency": "nan"}, "latency")
    (1.5, None)
    """
    for name in names:
        value = record.get(name)
        if isinstance(value, bool) or value is None or value == "":
            continue
        if isinstance(value, int | float | str | Decimal):
            try:
                found = float(value)
            except (ValueError, OverflowError):
                continue
            if math.isfinite(found):
                return found
    return None


def count(record: Mapping[str, Any], *names: str) -> int | None:
    """
    The first of these members that is a whole number, zero or more.

    >>> count({"a": -1, "b": "12"}, "a", "b"), count({}, "a")
    (12, None)
    """
    for name in names:
        found = number(record, name)
        if found is not None and found >= 0 and found == int(found):
            return int(found)
    return None


def dollars(record: Mapping[str, Any], *names: str) -> str | None:
    """
    The first of these members that is an amount, as an exact decimal.

    >>> dollars({"cost": "1e-3"}, "cost"), dollars({"cost": None}, "cost")
    ('0.001', None)
    """
    for name in names:
        value = record.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
            continue
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            continue
        written = amount.as_tuple().exponent
        if amount.is_finite() and 0 <= amount < _MOST_DOLLARS and written >= _FINEST_DOLLARS:  # type: ignore[operator]
            return format(amount, "f")
    return None


def when(value: Any) -> float | None:
    """
    A time as seconds since 1970: a number in s, ms, us or ns, or ISO 8601, UTC where no zone is.

    >>> when("2026-11-01 00:00:00.5"), when(1793491200500), when("soon")
    (1793491200.5, 1793491200.5, None)
    """
    if isinstance(value, datetime):
        found = value if value.tzinfo else value.replace(tzinfo=UTC)
        return found.timestamp()
    if isinstance(value, str):
        try:
            seconds = float(value)
        except ValueError:
            return _iso(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            seconds = float(value)
        except OverflowError:
            return None
    else:
        return None
    for least, per_second in _UNITS:
        if seconds >= least:
            seconds /= per_second
            break
    return seconds if 0 < seconds < _YEAR_2200 else None


def first_time(record: Mapping[str, Any], *names: str) -> float | None:
    """The first of these members that is a time."""
    for name in names:
        found = when(record.get(name))
        if found is not None:
            return found
    return None


def between(start: float | None, end: float | None) -> float | None:
    """Seconds from one time to another; None where either is not told or they are turned."""
    return None if start is None or end is None or end < start else end - start


def labels(found: Mapping[str, Any]) -> dict[str, str]:
    """
    Type tags that are short texts or numbers; the rest is no tag.

    >>> labels({"type": "triage", "n": 3, "blob": {"x": 1}, "none": ""})
    {'type': 'triage', 'n': '3'}
    """
    return {
        str(name): str(value)
        for name, value in found.items()
        if isinstance(value, str | int)
        and not isinstance(value, bool)
        and 0 < len(str(value)) <= _LONGEST_LABEL
    }


def _iso(value: str) -> float | None:
    try:
        found = datetime.fromisoformat(value.strip().removesuffix(" UTC"))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
