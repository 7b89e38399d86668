"""Dates: whether two spellings name the same day or moment."""

from __future__ import annotations

import re
import warnings
from datetime import date, datetime

from dateutil import parser

_LONGEST = 40
# A spelling without its four-digit year would be completed with today's, so it is none.
_MAYBE_DATE = re.compile(r"(?=.*\d{4})(?=.*\d)[\w\s.,:/+\-]+", re.ASCII)
_DEFAULTS = datetime(2000, 1, 1), datetime(2004, 2, 2)  # noqa: DTZ001 - only to see what is absent


def same_moment(one: str, other: str) -> bool:
    """
    Whether two texts are full dates (or times on dates) that name the same moment.

    False wherever one of them is no date, lacks a part, or leaves open which number is the day.

    >>> same_moment("2018-12-25", "25/12/2018"), same_moment("2018-02-01", "01/02/2018")
    (True, False)
    >>> same_moment("25 Dec 2018", "December 25, 2018")
    True
    """
    if not (_looks_like_date(one) and _looks_like_date(other)):
        return False
    left = read_moment(one)
    if left is None:
        return False
    right = read_moment(other)
    if right is None or isinstance(left, datetime) != isinstance(right, datetime):
        return False
    if isinstance(left, datetime) and isinstance(right, datetime):
        return (left.tzinfo is None) == (right.tzinfo is None) and left == right
    return left == right


def read_moment(text: str) -> date | datetime | None:
    """
    A date, or a moment where the text gives a time; None where it is neither or ambiguous.

    >>> read_moment("01/02/2018") is None
    True
    >>> read_moment("13/02/2018")
    datetime.date(2018, 2, 13)
    """
    text = text.strip()
    if not _looks_like_date(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _loosely(text)


def _looks_like_date(text: str) -> bool:
    return len(text) <= _LONGEST and _MAYBE_DATE.fullmatch(text) is not None


def _loosely(text: str) -> date | datetime | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a zone nobody knows makes it no moment
            readings = {
                parser.parse(text, default=default, dayfirst=day_first)
                for default in _DEFAULTS
                for day_first in (False, True)
            }
    except (ValueError, OverflowError, TypeError, AttributeError, RuntimeWarning):
        return None
    if len(readings) != 1:
        return None
    moment = readings.pop()
    return moment if ":" in text else moment.date()
