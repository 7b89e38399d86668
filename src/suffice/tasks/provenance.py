"""Where in a text the values stand that were taken out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from suffice.tasks.days import days

_NUMBER = re.compile(r"\d(?:[\d.,'’\u00a0\u202f ]*\d)?")
_ISO_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T[\d:.+Z-]*)?")
_GROUPS = re.compile(r"['’\u00a0\u202f ]")
_WORD = re.compile(r"\w+|[^\w\s]+")
_MOST_DIGITS = 40


class Span(msgspec.Struct, frozen=True):
    """
    A place in the input.

    Attributes:
        start: Of its first character.
        end: Behind its last one.
        text: What stands there.
    """

    start: int
    end: int
    text: str


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is known of where a value came from.

    Attributes:
        spans: Path of a field -> where its value stands in the input.
        missing: Fields the input says nothing of: null, or an empty list or text.
        unsupported: Fields whose value stands nowhere in the input: read, computed or made up.
        checked: Whether there was a text to check against; pictures and PDFs have none.
    """

    spans: dict[str, Span] = {}
    missing: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    checked: bool = True


def provenance(value: Any, text: str | None) -> Provenance:
    """
    Where each value of parsed JSON stands in a text.

    Texts are found whatever their case and spacing, numbers whatever their grouping, dates
    however they are written; yes-or-no values are not looked for.

    Args:
        value: Parsed JSON.
        text: The input; None where it was no text.

    >>> found = provenance({"total": 1234.5, "due": "2026-03-01"}, "Total 1.234,50 by 1 March 2026")
    >>> found.spans["total"].text, found.spans["due"].text
    ('1.234,50', '1 March 2026')
    """
    spans: dict[str, Span] = {}
    missing, unsupported = [], []
    for path, one in _leaves(value):
        if one is None or one in ("", [], {}):
            missing += [path] if path else []
        elif text is not None and not isinstance(one, bool):
            span = find(one, text)
            if span is None:
                unsupported.append(path)
            else:
                spans[path] = span
    return Provenance(
        spans=spans,
        missing=tuple(missing),
        unsupported=tuple(unsupported),
        checked=text is not None,
    )


def find(value: str | float, text: str) -> Span | None:
    """The first place where a value stands in a text; None where it does not."""
    if isinstance(value, str):
        return _words(value, text) or _date(value, text) or _digits(value, text)
    return _number(value, text)


def _words(value: str, text: str) -> Span | None:
    at = text.find(value)
    if at >= 0:
        return Span(at, at + len(value), value)
    parts = [re.escape(part) for part in _WORD.findall(value)]
    found = re.search(r"\s*".join(parts), text, re.IGNORECASE) if parts else None
    return None if found is None else Span(found.start(), found.end(), found[0])


def _number(value: float, text: str) -> Span | None:
    wanted = Decimal(str(value))
    for found in _NUMBER.finditer(text):
        if wanted in set(number_readings(found[0])) or -wanted in set(number_readings(found[0])):
            return Span(found.start(), found.end(), found[0])
    return None


def number_readings(written: str) -> Iterator[Decimal]:
    """The numbers that digits with signs between may mean: a comma may group or may part."""
    if len(written) > _MOST_DIGITS:
        return
    plain = _GROUPS.sub("", written)
    for point, group in ((".", ","), (",", ".")):
        try:
            yield Decimal(plain.replace(group, "").replace(point, "."))
        except InvalidOperation:
            continue


def _date(value: str, text: str) -> Span | None:
    iso = _ISO_DATE.fullmatch(value)
    if iso is None:
        return None
    for day in days(text, loose=True):
        if iso[1] in day.readings:
            at = text.find(day.written)
            return Span(at, at + len(day.written), day.written)
    return None


def _digits(value: str, text: str) -> Span | None:
    """A telephone number or an account, however it is spaced."""
    digits = re.sub(r"[\s()./-]", "", value)
    if not re.fullmatch(r"\+?\w{5,34}", digits) or not re.search(r"\d", digits):
        return None
    found = re.search(r"[\s()./-]*".join(map(re.escape, digits)), text, re.IGNORECASE)
    return None if found is None else Span(found.start(), found.end(), found[0])


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    match value:
        case dict() if value:
            for name, inner in value.items():
                yield from _leaves(inner, f"{path}.{name}" if path else name)
        case list() if value:
            for number, inner in enumerate(value):
                yield from _leaves(inner, f"{path}[{number}]")
        case _:
            yield path, value
