"""Dates in a text, as days of the calendar; what can be read in two ways stays undecided."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import msgspec

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\.?"
_YEAR = r"(?P<year>\d{4})"
_FORMS = (
    re.compile(
        r"(?<![\d./-])(?P<year>\d{4})(?P<by>[-/.])(?P<first>\d{1,2})(?P=by)(?P<second>\d{1,2})(?![\d/-])"
    ),
    re.compile(
        r"(?<![\d./-])(?P<first>\d{1,2})(?P<by>[-/.])(?P<second>\d{1,2})(?P=by)"
        r"(?P<year>\d{4}|\d{2})(?![\d/-]|\.\d)"
    ),
    re.compile(rf"(?<!\w){_DAY}(?:\s+of)?[\s-]+{_MONTH},?[\s-]+{_YEAR}(?!\w)", re.IGNORECASE),
    re.compile(rf"(?<!\w){_MONTH}\s+{_DAY},?\s+{_YEAR}(?!\w)", re.IGNORECASE),
)
_PIVOT = 69


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """
    A date.

    Attributes:
        written: As it stands in the text.
        iso: The day as YYYY-MM-DD; None where it can be read in two ways.
        readings: Every day it may be, ISO.
    """

    written: str
    iso: str | None
    readings: tuple[str, ...]


def days(text: str, *, day_first: bool | None = None) -> tuple[Day, ...]:
    """
    The whole dates in a text (day, month and year), each once, in its order.

    Names of months are English. With dots the day comes first, wherever such dates are written;
    with slashes and hyphens nobody knows. Years of two digits are 1969 to 2068.

    Args:
        text: Any text.
        day_first: Which of two readings is meant; None: neither.

    >>> [day.iso for day in days("Due 3 March 2026, or 31/12/26, or 03/04/2026.")]
    ['2026-03-03', '2026-12-31', None]
    """
    found: dict[str, tuple[int, Day]] = {}
    for form in _FORMS:
        for one in form.finditer(text):
            readings = tuple(
                dict.fromkeys(day.isoformat() for day in _readings(one, day_first=day_first))
            )
            if readings:
                iso = readings[0] if len(readings) == 1 else None
                day = Day(written=one[0], iso=iso, readings=readings)
                found.setdefault(one[0], (one.start(), day))
    return tuple(day for _, day in sorted(found.values(), key=lambda pair: pair[0]))


def _readings(found: re.Match[str], *, day_first: bool | None) -> Iterator[date]:
    parts = found.groupdict()
    year = int(parts["year"])
    if len(parts["year"]) == 2:  # noqa: PLR2004 - two digits
        year += 1900 if year >= _PIVOT else 2000
    if "month" in parts:
        yield from _day(year, _MONTHS.index(parts["month"][:3].lower()) + 1, int(parts["day"]))
        return
    first, second = int(parts["first"]), int(parts["second"])
    if found.start("year") == found.start():
        yield from _day(year, first, second)
        return
    both = [*_day(year, second, first)], [*_day(year, first, second)]
    chosen = True if parts["by"] == "." else day_first
    if chosen is None or not all(both):
        yield from both[0] + both[1]
    else:
        yield from both[0] if chosen else both[1]


def _day(year: int, month: int, day: int) -> Iterator[date]:
    try:
        yield date(year, month, day)
    except ValueError:
        return
