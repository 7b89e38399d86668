"""
Where personal data and credentials stand in a text: one way, for logs and for the gateway.

Most texts hold nothing that any pattern could find. They are told from the others in a few
microseconds, by a table of their signs.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from suffice.policy.credentials import find_keys, may_hold_keys

KINDS = ("email", "phone", "card", "iban", "key")


class Span(NamedTuple):
    """A place in a text, and what stands there."""

    start: int
    end: int
    kind: str


Finder = Callable[[str], Iterable[Span]]


def finders_of(kinds: Collection[str]) -> list[Finder]:
    """Finders for some of `KINDS`."""
    found: list[Finder] = [
        find
        for kind, find in (("key", _keys), ("email", _emails), ("iban", _ibans))
        if kind in kinds
    ]
    numbers = frozenset(kinds) & {"phone", "card"}
    return [*found, lambda text: _numbers(text, numbers)] if numbers else found


def pattern_finder(pattern: str) -> Finder:
    """A finder for a regular expression of the user's; an empty match is none."""
    compiled = re.compile(pattern)

    def find(text: str) -> Iterable[Span]:
        for found in compiled.finditer(text):
            if found.end() > found.start():
                yield Span(found.start(), found.end(), "custom")

    return find


def is_plain(body: bytes) -> bool:
    """
    Whether no text in a JSON document can hold anything to be found, by its bytes alone.

    It errs to the safe side: what it calls plain is, and little else is looked at in full.

    >>> is_plain(b'{"max_tokens": 9, "system": "Be kind."}'), is_plain(b'{"system": "a@b.co"}')
    (True, False)
    """
    if any(mark in body for mark in _SUSPECT) or may_hold_keys(body):
        return False
    shapes = _DATED_MODEL.sub(b"", body).translate(_SHAPES, _SEPARATORS)
    return _SEVEN_DIGITS not in shapes and _IBAN_BEGINS not in shapes


def _table(classes: dict[str, str], *, other: str) -> bytes:
    table = bytearray(other.encode() * 256)
    for sign, members in classes.items():
        for member in members.encode():
            table[member] = ord(sign)
    return bytes(table)


_SEPARATORS = b" ().-/"
_SHAPES = _table({"0": string.digits, "A": string.ascii_uppercase}, other="a")
_SEVEN_DIGITS = b"0" * 7
_IBAN_BEGINS = b"AA00"


def _squeezed(text: str) -> bytes:
    """Classes of signs, with what may stand between the groups of a number left out."""
    return text.encode("utf-8", "replace").translate(_SHAPES, _SEPARATORS)


_MAIL_SIGNS = frozenset("._%+'-")
_DOMAIN = re.compile(r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![^\W_])")
_LONGEST_LOCAL = 64


def _emails(text: str) -> Iterable[Span]:
    if "@" not in text:
        return
    for found in _DOMAIN.finditer(text):
        at = start = found.start()
        while (
            start > 0
            and at - start < _LONGEST_LOCAL
            and (text[start - 1].isalnum() or text[start - 1] in _MAIL_SIGNS)
        ):
            start -= 1
        while start < at and text[start] in _MAIL_SIGNS:
            start += 1
        if start < at:
            yield Span(start, found.end(), "email")


# Escapes may hide any sign, and one that parts the groups of a number.
_SUSPECT = (b"\\u00", b"\\/", b"@")
# Its digits would look like a number's, and stand in nearly every answer.
_DATED_MODEL = re.compile(rb'"claude-[a-z]{4,8}-[1-9](?:-[0-9])?-20[0-9]{6}"')


def _keys(text: str) -> Iterable[Span]:
    return (Span(start, end, "key") for start, end in find_keys(text))


_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?"
    r"(?![A-Za-z0-9])"
)
_IBAN_LENGTHS = range(15, 35)


def _ibans(text: str) -> Iterable[Span]:
    if _IBAN_BEGINS not in _squeezed(text):
        return
    for found in _IBAN.finditer(text):
        # A word that follows a spaced number looks like one more group of it.
        length = longest_iban(re.sub("[ -]", "", found[0]))
        if length:
            yield Span(found.start(), _end_after(found, length), "iban")


def _end_after(found: re.Match[str], signs: int) -> int:
    """Where the match's first so many letters and digits end."""
    for place, sign in enumerate(found[0]):
        signs -= sign not in " -"
        if not signs:
            return found.start() + place + 1
    return found.end()


def longest_iban(plain: str) -> int:
    """
    How many signs of the text's beginning are an IBAN, at most; 0 for none. One pass over them.

    >>> longest_iban("GB82WEST12345698765432THEN"), longest_iban("GB82WEST1234")
    (22, 0)
    """
    country = "".join(str(int(sign, 36)) for sign in plain[:4])
    shift, begins = 10 ** len(country), int(country)
    longest = rest = 0
    for length, sign in enumerate(plain[4 : _IBAN_LENGTHS[-1]], 5):
        value = int(sign, 36)
        rest = (rest * (100 if value > 9 else 10) + value) % 97  # noqa: PLR2004 - as ISO 13616 has it
        if length in _IBAN_LENGTHS and (rest * shift + begins) % 97 == 1:
            longest = length
    return longest


def is_iban(plain: str) -> bool:
    """
    Whether the check digits of an IBAN without spaces hold (ISO 13616, mod 97).

    >>> is_iban("GB82WEST12345698765432"), is_iban("GB82WEST12345698765433")
    (True, False)
    """
    if len(plain) not in _IBAN_LENGTHS or not plain.isascii() or not plain.isalnum():
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


_NUMBER = re.compile(r"(?<![\w.])[+(]{0,2}[0-9](?:[ ().\-/]{0,3}[0-9]){6,18}(?![\w])")
_AMERICAN = re.compile(r"(?:\([0-9]{3}\)[ .-]{0,2}|[0-9]{3}[ .-]{1,2})[0-9]{3}[ .-][0-9]{4}")
_NATIONAL = re.compile(r"\(?0[1-9][0-9]{0,4}\)?[ /-]{0,3}[0-9][0-9 /-]{4,12}[0-9]")
# Issuers' beginnings with the lengths they use; shorter cards than these are no longer issued.
_CARD = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|(?:5[1-5]|2[2-7])[0-9]{14}|3[47][0-9]{13}"
    r"|3[0689][0-9]{12}|35[0-9]{14}|6[0-9]{15,18}|5[0678][0-9]{11,17}"
)
_PHONE_DIGITS = range(8, 16)
_PREFIXED_DIGITS = range(10, 15)
_NATIONAL_DIGITS = range(9, 13)


def _numbers(text: str, kinds: frozenset[str]) -> Iterable[Span]:
    if _SEVEN_DIGITS not in _squeezed(text):
        return
    for found in _NUMBER.finditer(text):
        digits = re.sub("[^0-9]", "", found[0])
        if "card" in kinds and is_card(digits):
            yield Span(found.start(), found.end(), "card")
        elif "phone" in kinds and _is_phone(found[0], digits):
            yield Span(found.start(), found.end(), "phone")


def is_card(digits: str) -> bool:
    """
    Whether digits are a payment card's: an issuer's beginning, the length, and Luhn's sum.

    >>> is_card("4111111111111111"), is_card("4111111111111112"), is_card("1700000000000")
    (True, False, False)
    """
    if not _CARD.fullmatch(digits):
        return False
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    total = sum(map(int, digits[-1::-2])) + sum(sum(divmod(one, 10)) for one in doubled)
    return total % 10 == 0


def _is_phone(written: str, digits: str) -> bool:
    """International with a +, North American by its groups, or national with a leading 0."""
    if written.startswith(("+", "(+")):
        return len(digits) in _PHONE_DIGITS
    if digits.startswith("00"):
        return digits[2] != "0" and len(digits) - 2 in _PREFIXED_DIGITS
    if _AMERICAN.fullmatch(written):
        return True
    return len(digits) in _NATIONAL_DIGITS and _NATIONAL.fullmatch(written) is not None
