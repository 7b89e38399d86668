"""Dates in a text, as days of the calendar; what can be read in two ways stays undecided."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from importlib import resources

import msgspec

_PIVOT = 69
_MARKS = r"(?:st|nd|rd|th|er|\.?[ºª°]|\.o)?"
_AFTER_DAY = r"(?:\s+(?:of|de)\s+|\.\s*|[\s/-]\s*)"
_AFTER_MONTH = r"(?:\.?,?\s+(?:del?\s+)?|\.?[/-]|\.)"
_BY = r"(?P<by>[-/.])(?P<first>\d{1,2})(?P=by)(?P<second>\d{1,2})"
_APART = r"(?<![\d./-])"
_YEAR, _SHORT_YEAR = r"(?P<year>\d{4})", r"(?P<year>\d{2})"
_YEAR_FIRST = rf"{_APART}{_YEAR}{_BY}(?![\d/-])"
_YEAR_LAST = (
    rf"{_APART}(?P<first>\d{{1,2}})(?P<by>[-/.])(?P<second>\d{{1,2}})(?P=by)"
    r"(?P<year>\d{4}|\d{2})(?![\d/-]|\.\d)"
)
_SPACED = rf"{_APART}(?P<first>\d{{1,2}})(?P<by>\. )(?P<second>\d{{1,2}})\. {_YEAR}(?!\w)"
# Only somebody who looks for a certain day may read these as one.
_SHORT_YEAR_FIRST = rf"{_APART}{_SHORT_YEAR}{_BY}(?![\d/-])"


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


def days(text: str, *, day_first: bool | None = None, loose: bool = False) -> tuple[Day, ...]:
    """
    The whole dates in a text (day, month and year), each once, in its order.

    Names of months are those of `languages`, in full or abbreviated; before the day they are read
    in English alone, as no other of the languages writes them there. In numbers parted by dots the
    day comes first, wherever such dates are written; with slashes and hyphens nobody knows. Years
    of two digits are 1969 to 2068; behind a month's name they are read between hyphens and slashes
    alone.

    Args:
        text: Any text.
        day_first: Which of two readings is meant; None: neither.
        loose: For somebody who looks for a certain day: years of two digits everywhere, also in
            front.

    >>> [day.iso for day in days("Due 3 March 2026, or 31/12/26, or 03/04/2026.")]
    ['2026-03-03', '2026-12-31', None]
    >>> [day.iso for day in days("le 1er février 2026, 3 de março de 2026, 24. Dez. 2026")]
    ['2026-02-01', '2026-03-03', '2026-12-24']
    """
    places: dict[str, int] = {}
    readings: dict[str, dict[str, None]] = defaultdict(dict)
    for form in _forms(loose=loose):
        for one in form.finditer(text):
            places.setdefault(one[0], one.start())
            for day in _readings(one, day_first=day_first):
                readings[one[0]][day.isoformat()] = None
    return tuple(
        Day(written=one, iso=next(iter(found)) if len(found) == 1 else None, readings=tuple(found))
        for one, found in sorted(readings.items(), key=lambda pair: places[pair[0]])
    )


def languages() -> tuple[str, ...]:
    """
    The languages whose months are read, as ISO 639.

    >>> languages()
    ('en', 'de', 'fr', 'es', 'it', 'nl', 'pt', 'pl')
    """
    return tuple(month_names())


@functools.cache
def month_names() -> dict[str, list[list[str]]]:
    """Language -> what each month is called, January's names first."""
    text = resources.files("suffice.tasks").joinpath("data/months.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text)["months"], dict[str, list[list[str]]])


@functools.cache
def _months() -> dict[str, int]:
    """A month's name without its accents -> its number."""
    return {
        _plain(name): number
        for months in month_names().values()
        for number, names in enumerate(months, 1)
        for name in names
    }


@functools.cache
def _forms(*, loose: bool) -> tuple[re.Pattern[str], ...]:
    after = _named(*month_names())
    day = rf"(?P<day>\d{{1,2}}){_MARKS}"
    year = r"(?P<year>\d{4}|\d{2})" if loose else _YEAR
    forms = [
        _YEAR_FIRST,
        _YEAR_LAST,
        _SPACED,
        rf"(?<!\w){day}{_AFTER_DAY}{after}{_AFTER_MONTH}{year}(?!\w)",
        rf"(?<!\w){day}(?P<by>[/-]){after}(?P=by){_SHORT_YEAR}(?![\w/-])",
        rf"(?<!\w){_named('en')}\.?\s+{day},?\s+{year}(?!\w)",
    ]
    if loose:
        forms.append(_SHORT_YEAR_FIRST)
    return tuple(re.compile(form, re.IGNORECASE) for form in forms)


def _named(*spoken: str) -> str:
    """Any month in any of the languages, the longest name first, with its accents or without."""
    names = {name for one in spoken for names in month_names()[one] for name in names}
    longest = sorted(names | {_plain(name) for name in names}, key=lambda name: (-len(name), name))
    return f"(?P<month>{'|'.join(map(re.escape, longest))})"


def _plain(name: str) -> str:
    """A name in lower case without its accents; to a pattern a dotless i is an i as well."""
    marked = unicodedata.normalize("NFD", name.casefold().replace("ı", "i"))
    return "".join(one for one in marked if not unicodedata.combining(one))


def _readings(found: re.Match[str], *, day_first: bool | None) -> Iterator[date]:
    parts = found.groupdict()
    year = int(parts["year"])
    if len(parts["year"]) == 2:  # noqa: PLR2004 - two digits
        year += 1900 if year >= _PIVOT else 2000
    if "month" in parts:
        yield from _day(year, _months()[_plain(parts["month"])], int(parts["day"]))
        return
    first, second = int(parts["first"]), int(parts["second"])
    if found.start("year") == found.start():
        yield from _day(year, first, second)
        return
    both = [*_day(year, second, first)], [*_day(year, first, second)]
    chosen = True if parts["by"].startswith(".") else day_first
    if chosen is None or not all(both):
        yield from both[0] + both[1]
    else:
        yield from both[0] if chosen else both[1]


def _day(year: int, month: int, day: int) -> Iterator[date]:
    try:
        yield date(year, month, day)
    except ValueError:
        return
