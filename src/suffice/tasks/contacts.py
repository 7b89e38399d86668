"""E-mail addresses and telephone numbers in a text, found by rules."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator
from importlib import resources

import msgspec

from suffice.errors import BadOption

_EMAIL = re.compile(
    r"(?<![\w.+%/@-])[\w.!#$%&'*+=?^`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
    r"[a-z]{2,63}(?![\w@-])",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\w@#$€£%+.,/:-])(?:\+|\(\+)?\(?\d"
    r"(?:[\d\u00a0\u202f ()./\u2010-\u2013-]{4,28})\d(?![\w@%€])"
)
_CALLED = re.compile(
    r"(?:tel|phone|ph|call|mobile|cell|fax|fon|handy|whatsapp|sms)\W{0,8}$", re.IGNORECASE
)
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_FEWEST, _MOST = 7, 15
_CODE_DIGITS = 3
_WORDS_BEFORE = 16


class Phone(msgspec.Struct, frozen=True, kw_only=True):
    """
    A telephone number.

    Attributes:
        written: As it stands in the text.
        e164: Its international form, e.g. ``+4930123456``; None where the region is not known or
            the number does not fit its plan. Whether anybody answers there, nobody checked.
    """

    written: str
    e164: str | None


class _Region(msgspec.Struct, frozen=True):
    code: str
    trunk: str
    out: str
    lengths: frozenset[int]


def emails(text: str) -> tuple[str, ...]:
    """
    The e-mail addresses in a text, each once; the domain in lower case.

    >>> emails("Write to Ann.Lee@Example.COM, or ann@example.com.")
    ('Ann.Lee@example.com', 'ann@example.com')
    """
    found: dict[str, None] = {}
    for one in _EMAIL.findall(text):
        name, _, domain = one.rpartition("@")
        if not name.startswith(".") and not name.endswith(".") and ".." not in name:
            found[f"{name}@{domain.lower()}"] = None
    return tuple(found)


def phones(text: str, *, region: str | None = None) -> tuple[Phone, ...]:
    """
    The telephone numbers in a text, each once.

    Digits with no country code, no spacing and no word such as "phone" in front of them may be
    any number, and are passed over; digits in groups count where they fit the region's plan.

    Args:
        text: Any text.
        region: Where numbers without a calling code belong, as ISO 3166: ``DE``, ``US``.

    Raises:
        BadOption: There is no such region.

    >>> [one.e164 for one in phones("Call 030 1234567 or +1 212-555-0123.", region="DE")]
    ['+49301234567', '+12125550123']
    """
    check_region(region)
    found: dict[str, Phone] = {}
    for written, sure in _candidates(text):
        one = Phone(written=written, e164=e164(written, region=region))
        if sure or one.e164 is not None:
            found[one.e164 or written] = one
    return tuple(found.values())


def check_region(region: str | None) -> None:
    """
    Refuse a region nobody knows.

    Raises:
        BadOption: It is no ISO 3166 code of the table.
    """
    if region is not None and region not in _regions():
        raise BadOption(
            f"{region!r} is no region with telephone numbers.",
            effect="Nothing was asked.",
            next_step="Give an ISO 3166 code of two capitals: DE, US, JP.",
        )


def e164(written: str, *, region: str | None) -> str | None:
    """
    The international form of a number; None where that would be a guess.

    A number without a calling code needs its region, and either the prefix dialled there before
    an area code, or the area code in brackets, where the region has such a prefix.

    >>> e164("(0)30 1234567", region="DE"), e164("1234567", region="DE")
    ('+49301234567', None)
    """
    plain = written.strip()
    home = _regions().get(region or "")
    digits = re.sub(r"\D", "", plain)
    if plain.lstrip("(").startswith("+"):
        return _abroad(re.sub(r"\D", "", plain.replace("(0)", "")))
    if home is None:
        return _abroad(digits[2:]) if digits.startswith("00") else None
    if home.out and digits.startswith(home.out):
        return _abroad(digits[len(home.out) :])
    if home.trunk and digits.startswith(home.trunk):
        national = digits[len(home.trunk) :]
        if len(national) in home.lengths:
            return f"+{home.code}{national}"
    needs_trunk = home.trunk.startswith("0") and not plain.startswith("(")
    if needs_trunk or len(digits) not in home.lengths:
        return None
    return f"+{home.code}{digits}"


def _abroad(digits: str) -> str | None:
    """Digits that begin with a calling code, if it is one and the rest has a length it knows."""
    for size in range(1, _CODE_DIGITS + 1):
        lengths = _lengths().get(digits[:size])
        if lengths is not None:
            fits = len(digits) - size in lengths and len(digits) <= _MOST
            return f"+{digits}" if fits else None
    return None


def _candidates(text: str) -> Iterator[tuple[str, bool]]:
    """What may be a number, and whether it looks like one in any region."""
    for found in _PHONE.finditer(text):
        written = found[0].strip()
        digits = len(re.sub(r"\D", "", written))
        if not _FEWEST <= digits <= _MOST or _ADDRESS.fullmatch(written) or _is_date(written):
            continue
        called = _CALLED.search(text[max(0, found.start() - _WORDS_BEFORE) : found.start()])
        grouped = len(re.findall(r"\d+", written)) > 1
        marked = written.startswith(("+", "(")) or (grouped and written.startswith("0"))
        if called or grouped or marked:
            yield written, bool(called or marked)


def _is_date(written: str) -> bool:
    return bool(re.match(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}(?:\D|$)", written))


@functools.cache
def _regions() -> dict[str, _Region]:
    text = resources.files("suffice.tasks").joinpath("data/dialling.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text)["regions"], dict[str, _Region])


@functools.cache
def _lengths() -> dict[str, frozenset[int]]:
    """Calling code -> how many digits may follow it, in any region that shares it."""
    found: dict[str, frozenset[int]] = {}
    for region in _regions().values():
        found[region.code] = found.get(region.code, frozenset()) | region.lengths
    return found
