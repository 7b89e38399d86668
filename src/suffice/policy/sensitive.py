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
    if any(mark in body for mark in _SUSPECT):
        return False
    runs = b" ".join([run for run in body.translate(_RUNS).split() if len(run) >= len(_LONG_RUN)])
    if any(begin in runs for begin in _BEGINNINGS):
        return False
    lower = body.lower()
    if any(word in lower for word in _SUSPECT_WORDS):
        return False
    tokens = lower.count(b"token")
    if tokens and tokens != lower.count(b'_tokens":') + lower.count(b'_tokens_details":'):
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
_RUN_SIGNS = string.ascii_letters + string.digits + "_-"
_IN_RUN = _table({"a": _RUN_SIGNS}, other=" ")
_RUNS = _table({sign: sign for sign in _RUN_SIGNS}, other=" ")
# The shortest key has a run of eleven: two for its beginning, and what eyJ has before its dot.
_LONG_RUN = b"a" * 11


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


# What vendors begin their credentials with. Each is looked for only where its first letters are.
_KEYS = tuple(
    (begin, re.compile(pattern))
    for begin, pattern in (
        ("sk-", r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{12,}"),
        # A gateway key of ours.
        ("sgk-", r"(?<![A-Za-z0-9])sgk-[A-Za-z0-9_-]{12,}"),
        *((f"{of}k_", rf"(?<![A-Za-z0-9]){of}k_(?:live|test)_[A-Za-z0-9]{{10,}}") for of in "srp"),
        *((f"gh{of}_", rf"(?<![A-Za-z0-9])gh{of}_[A-Za-z0-9]{{20,}}") for of in "oprsu"),
        ("github_pat_", r"github_pat_[A-Za-z0-9_]{20,}"),
        ("glpat-", r"glpat-[A-Za-z0-9_-]{16,}"),
        ("xox", r"xox[abeoprs]-[A-Za-z0-9-]{10,}"),
        ("AKIA", r"(?<![A-Za-z0-9])AKIA[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("ASIA", r"(?<![A-Za-z0-9])ASIA[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("AIza", r"AIza[A-Za-z0-9_-]{30,}"),
        ("ya29.", r"ya29\.[A-Za-z0-9_-]{20,}"),
        ("hf_", r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{20,}"),
        ("npm_", r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{30,}"),
        ("pypi-", r"pypi-[A-Za-z0-9_-]{30,}"),
        ("gsk_", r"(?<![A-Za-z0-9])gsk_[A-Za-z0-9]{20,}"),
        ("xai-", r"(?<![A-Za-z0-9])xai-[A-Za-z0-9]{20,}"),
        ("pplx-", r"(?<![A-Za-z0-9])pplx-[A-Za-z0-9]{20,}"),
        ("r8_", r"(?<![A-Za-z0-9])r8_[A-Za-z0-9]{20,}"),
        ("dapi", r"(?<![A-Za-z0-9])dapi[a-f0-9]{32}"),
        *((f"do{of}_v1_", rf"(?<![A-Za-z0-9])do{of}_v1_[a-f0-9]{{20,}}") for of in "opr"),
        ("hvs.", r"(?<![A-Za-z0-9])hvs\.[A-Za-z0-9_-]{20,}"),
        ("SG.", r"(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
        ("ATATT3", r"(?<![A-Za-z0-9])ATATT3[A-Za-z0-9_=-]{20,}"),
        ("lin_api_", r"(?<![A-Za-z0-9])lin_api_[A-Za-z0-9]{20,}"),
        ("ntn_", r"(?<![A-Za-z0-9])ntn_[A-Za-z0-9]{20,}"),
        ("GOCSPX-", r"(?<![A-Za-z0-9])GOCSPX-[A-Za-z0-9_-]{16,}"),
        ("AGE-SECRET-KEY-1", r"(?<![A-Za-z0-9])AGE-SECRET-KEY-1[A-Z0-9]{20,}"),
        ("eyJ", r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"),
    )
)
# A block without its end is a secret to the end of the text.
_PEM = re.compile(
    r"-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_IN_ADDRESS = re.compile(r"(?<=://)[^\s/:@<>]{0,64}:[^\s/@<>]{1,128}(?=@)")
# Whoever knows these addresses may post to them.
_HOOK = re.compile(r"(?<=hooks\.slack\.com/)[a-z]{4,16}/[A-Za-z0-9/_-]{10,}")
# In plain base64, whose signs break a run.
_WEBHOOK = re.compile(r"(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/=_-]{16,}")
_MARKED = (
    *(("@", _IN_ADDRESS), ("PRIVATE KEY", _PEM)),
    *(("hooks.slack.com/", _HOOK), ("whsec_", _WEBHOOK)),
)
_NAMED_WORDS = (
    *("key", "token", "secret", "passw", "pwd", "bearer", "credential"),
    *("passp", "_pass", "authorization", "cookie", "sig="),
)
# Whatever stands behind these is secret; behind the others, what has letters and digits.
_NAMED = re.compile(
    r"(?i)\b(?:password|passwd|pwd|secret|api[_-]?key|access[_-]?token|auth[_-]?token|"
    r"client[_-]?secret)\b[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?P<secret>[^\s\"',;&]{6,512})"
    r"|(?:api[_-]?key|(?:access|account)[_-]?key|auth[_-]?token|access[_-]?token|client[_-]?secret|"
    r"secret|password|passwort|passwd|credential|token)s?[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
    r"(?P<value>[A-Za-z0-9_.+/=~-]{8,512})"
    r"|bearer\s{1,3}(?P<bearer>[A-Za-z0-9_.+/=~-]{16,4096})"
    r"|authorization[\"']?\s{0,3}:\s{0,3}[\"']?(?:basic|token)\s{1,3}"
    r"(?P<authorization>[A-Za-z0-9_.+/=~:-]{8,4096})"
    r"|(?-i:_PASS(?:WORD|WD)?|_PWD|_SECRET|PASSPHRASE)=[\"']?(?P<assigned>[^\s\"',;&]{4,512})"
    r"|cookie[\"']?\s{0,3}:\s{0,3}[\"']?"
    r"(?P<cookie>[A-Za-z0-9_.-]{1,64}=[^\s\"';]{8,4096}"
    r"(?:; ?[A-Za-z0-9_.-]{1,64}=[^\s\"';]{0,4096}){0,20})"
    r"|[?&]sig=(?P<signature>[A-Za-z0-9%+/_-]{20,512})"
)
# Masked before: by its kind, or with a placeholder.
_MASKED = re.compile(r"\[(?:key|email|phone|card|iban)\]|<[a-z]+:[a-p]{10}>")


# Escapes may hide any sign, and one that parts the groups of a number.
_SUSPECT = (
    *(b"\\u00", b"\\/", b"ya29.", b"hvs.", b"SG."),
    *(sign.encode() for sign, _ in _MARKED),
)
_BEGINNINGS = tuple(begin.encode() for begin, _ in _KEYS)
_SUSPECT_WORDS = tuple(word.encode() for word in _NAMED_WORDS if word != "token")
# Its digits would look like a number's, and stand in nearly every answer.
_DATED_MODEL = re.compile(rb'"claude-[a-z]{4,8}-[1-9](?:-[0-9])?-20[0-9]{6}"')


def _keys(text: str) -> Iterable[Span]:
    for pattern in _patterns_worth_trying(text):
        for found in pattern.finditer(text):
            yield Span(found.start(), found.end(), "key")
    lower = text.lower()
    if any(word in lower for word in _NAMED_WORDS):
        yield from _named_keys(text)


def _patterns_worth_trying(text: str) -> Iterable[re.Pattern[str]]:
    if _LONG_RUN in text.encode("utf-8", "replace").translate(_IN_RUN):
        yield from (pattern for begin, pattern in _KEYS if begin in text)
    yield from (pattern for sign, pattern in _MARKED if sign in text)


def _named_keys(text: str) -> Iterable[Span]:
    for found in _NAMED.finditer(text):
        value = found.lastgroup or "value"
        told = found[value]
        if value in {"secret", "assigned"} and _MASKED.match(told):
            continue
        # A word is no secret ("token: required"), nor is a count ("token: 12000000").
        mixed = any(map(str.isdigit, told)) and any(map(str.isalpha, told))
        if mixed or value != "value":
            yield Span(found.start(value), found.end(value), "key")


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
