"""Masking: personal data and credentials become stable placeholders before anything is kept."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from suffice.errors import BadOption
from suffice.records import LoggedExchange

KINDS = ("email", "phone", "card", "iban", "key")
_PLACEHOLDER_BYTES = 5
_REMEMBERED = 20_000
_SHORTEST = 6  # no kind of value is shorter; `a@b.co` is
_DEEPEST = 200


class _Span(NamedTuple):
    start: int
    end: int
    kind: str


class Masking(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is masked.

    Attributes:
        kinds: Of `KINDS`.
        patterns: Regular expressions of the user's; whole matches are masked.
    """

    kinds: tuple[str, ...] = KINDS
    patterns: tuple[str, ...] = ()


def read_masking(options: Sequence[str]) -> Masking:
    """
    Read ``--mask``: kinds by comma, ``none``, and ``+REGEX`` for a pattern of one's own.

    A pattern alone adds to the usual kinds.

    Raises:
        BadOption: A kind nobody knows, a pattern that is none, or ``none`` beside a kind.

    >>> read_masking(["email,key", "+EMP-[0-9]+"])
    Masking(kinds=('email', 'key'), patterns=('EMP-[0-9]+',))
    >>> read_masking(["none"]).kinds
    ()
    """
    patterns = tuple(option[1:] for option in options if option.startswith("+"))
    named = [
        name.strip()
        for option in options
        if not option.startswith("+")
        for name in option.split(",")
    ]
    for pattern in patterns:
        _check_pattern(pattern)
    unknown = [name for name in named if name not in {*KINDS, "none"}]
    if unknown or ("none" in named and len(set(named)) > 1):
        raise BadOption(
            f"--mask knows no {unknown[0]!r}." if unknown else "--mask none stands alone.",
            effect="Nothing was read.",
            next_step=f"Use some of {','.join(KINDS)}, none, or +REGEX.",
        )
    if not named:
        return Masking(patterns=patterns)
    return Masking(kinds=tuple(kind for kind in KINDS if kind in named), patterns=patterns)


class Redactor:
    """
    Masks texts, JSON values and whole exchanges, and counts what it masked.

    A value's placeholder is the same wherever it stands, so that types and pairs still match;
    it is keyed, so that nobody without the key can try values out.

    Args:
        masking: What is masked.
        secret: The key, at least 16 bytes.

    >>> redactor = Redactor(Masking(), secret=b"0123456789abcdef")
    >>> masked = redactor.text("Write to jane@example.com.")
    >>> masked.startswith("Write to <email:"), redactor.found
    (True, {'email': 1})
    """

    def __init__(self, masking: Masking, *, secret: bytes) -> None:
        self._finders: list[Callable[[str], Iterable[_Span]]] = [
            _FINDERS[kind] for kind in ("key", "email") if kind in masking.kinds
        ]
        numbers = frozenset(masking.kinds) & {"phone", "card"}
        if "iban" in masking.kinds:
            self._finders.append(_ibans)
        if numbers:
            self._finders.append(lambda text: _numbers(text, numbers))
        self._finders += [_user_finder(re.compile(pattern)) for pattern in masking.patterns]
        self._masks_numbers = "card" in masking.kinds
        self._shortest = 1 if masking.patterns else _SHORTEST
        self._secret = secret
        self._known: dict[str, str] = {}
        self.found: dict[str, int] = {}

    def text(self, text: str) -> str:
        """The text with placeholders; itself where there is nothing to mask."""
        if len(text) < self._shortest or not self._finders:
            return text
        known = self._known.get(text)
        if known is not None:
            return known
        masked = self._masked(text)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[text] = masked
        return masked

    def value(self, value: Any, *, depth: int = 0) -> Any:
        """A JSON value with every text in it masked, names of members included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict) and depth < _DEEPEST:
            return {
                self.text(name): self.value(inner, depth=depth + 1) for name, inner in value.items()
            }
        if isinstance(value, list | tuple) and depth < _DEEPEST:
            return [self.value(inner, depth=depth + 1) for inner in value]
        if self._masks_numbers and type(value) is int and value > 10**12:
            return value if (text := str(value)) == (masked := self.text(text)) else masked
        # What nests beyond any message could hide anything.
        return "<too deep>" if isinstance(value, dict | list | tuple) else value

    def exchange(self, exchange: LoggedExchange) -> LoggedExchange:
        """An exchange with everything in it masked that came from the log."""
        if not self._finders:
            return exchange
        texts = {
            name: self.text(text)
            for name in _TEXT_FIELDS
            if isinstance(text := getattr(exchange, name), str)
        }
        return msgspec.structs.replace(
            exchange,
            request=self.value(exchange.request),
            response_blocks=tuple(self.value(exchange.response_blocks)),
            labels=self.value(exchange.labels),
            **texts,
        )

    def _masked(self, text: str) -> str:
        spans = sorted(span for find in self._finders for span in find(text))
        if not spans:
            return text
        parts, reached = [], 0
        for start, end, kind in spans:
            if end <= reached:
                continue
            # An overlap is masked too: what sticks out of an earlier find is part of a secret.
            begin = max(start, reached)
            parts += [text[reached:begin], self._placeholder(kind, text[begin:end])]
            reached = end
            self.found[kind] = self.found.get(kind, 0) + 1
        return "".join([*parts, text[reached:]])

    def _placeholder(self, kind: str, value: str) -> str:
        plain = value.casefold() if kind == "email" else value
        if kind in {"phone", "card", "iban"}:
            plain = re.sub(r"[^0-9A-Za-z+]", "", value).upper()
        digest = blake2b(
            plain.encode("utf-8", "surrogatepass"),
            key=self._secret,
            digest_size=_PLACEHOLDER_BYTES,
        )
        return f"<{kind}:{_lettered(digest.hexdigest())}>"


# Letters only, so that no placeholder can be taken for a number by anything that comes after.
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
_TEXT_FIELDS = (
    "id", "response_text", "model", "requested_model", "error", "session", "user",
    "agent_id", "parent_agent_id", "app", "stop_reason",
)  # fmt: skip


def _lettered(hexadecimal: str) -> str:
    return hexadecimal.translate(_LETTERS)


def _check_pattern(pattern: str) -> None:
    try:
        empty = re.compile(pattern).match("") is not None
    except re.error as error:
        raise _bad_pattern(pattern, str(error)) from error
    if empty:
        raise _bad_pattern(pattern, "it matches nothing at all")


def _bad_pattern(pattern: str, why: str) -> BadOption:
    return BadOption(
        f"--mask +{pattern} is no usable pattern: {why}.",
        effect="Nothing was read.",
        next_step="Write a Python regular expression after the +.",
    )


# What a text is made of, sign by sign, at the speed of a table: most texts hold nothing that any
# pattern could find, and are told from the others in a few microseconds.
def _table(classes: dict[str, str], *, other: str) -> bytes:
    table = bytearray(other.encode() * 256)
    for sign, members in classes.items():
        for member in members.encode():
            table[member] = ord(sign)
    return bytes(table)


_SEPARATORS = b" ().-/"
_SHAPES = _table({"0": string.digits, "A": string.ascii_uppercase}, other="a")
_SEVEN_DIGITS = b"0" * 7
_RUNS = _table({"a": string.ascii_letters + string.digits + "_-"}, other=" ")
_LONG_RUN = b"a" * 16


def _squeezed(text: str) -> bytes:
    """Classes of signs, with what may stand between the groups of a number left out."""
    return text.encode("utf-8", "replace").translate(_SHAPES, _SEPARATORS)


_MAIL_SIGNS = frozenset("._%+'-")
_DOMAIN = re.compile(r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_LONGEST_LOCAL = 64


def _emails(text: str) -> Iterable[_Span]:
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
            yield _Span(start, found.end(), "email")


# What vendors begin their credentials with. Each is looked for only where its first letters are.
_KEYS = tuple(
    (begin, re.compile(pattern))
    for begin, pattern in (
        ("sk-", r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}"),
        ("sk_", r"(?<![A-Za-z0-9])sk_(?:live|test)_[A-Za-z0-9]{16,}"),
        ("rk_", r"(?<![A-Za-z0-9])rk_(?:live|test)_[A-Za-z0-9]{16,}"),
        ("gh", r"(?<![A-Za-z0-9])gh[oprsu]_[A-Za-z0-9]{20,}"),
        ("github_pat_", r"github_pat_[A-Za-z0-9_]{20,}"),
        ("glpat-", r"glpat-[A-Za-z0-9_-]{16,}"),
        ("xox", r"xox[abeoprs]-[A-Za-z0-9-]{12,}"),
        ("AKIA", r"(?<![A-Za-z0-9])AKIA[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("ASIA", r"(?<![A-Za-z0-9])ASIA[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("AIza", r"AIza[A-Za-z0-9_-]{30,}"),
        ("ya29.", r"ya29\.[A-Za-z0-9_-]{20,}"),
        ("hf_", r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{20,}"),
        ("npm_", r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{30,}"),
        ("pypi-", r"pypi-[A-Za-z0-9_-]{30,}"),
        ("eyJ", r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{13,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"),
        (
            "-----BEGIN",
            (r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[^-]{0,20000}"
            r"(?:-----END [A-Z ]{0,20}PRIVATE KEY-----)?"),
        ),
    )
)
_IN_ADDRESS = re.compile(r"(?<=://)[^\s/:@<>]{1,64}:[^\s/@<>]{1,128}(?=@)")
_NAMED_WORDS = ("key", "token", "secret", "passw", "bearer", "credential")
_NAMED = re.compile(
    r"(?i)(?:api[_-]?key|access[_-]?key|auth[_-]?token|access[_-]?token|client[_-]?secret|secret|"
    r"passwor[dt]|passwd|credential|token)s?[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
    r"(?P<value>[A-Za-z0-9_.+/=~-]{8,512})"
    r"|bearer\s{1,3}(?P<bearer>[A-Za-z0-9_.+/=~-]{16,4096})"
)


def _keys(text: str) -> Iterable[_Span]:
    if _LONG_RUN in text.encode("utf-8", "replace").translate(_RUNS):
        for begin, pattern in _KEYS:
            if begin in text:
                for found in pattern.finditer(text):
                    yield _Span(found.start(), found.end(), "key")
    if "@" in text:
        for found in _IN_ADDRESS.finditer(text):
            yield _Span(found.start(), found.end(), "key")
    lower = text.lower()
    if any(word in lower for word in _NAMED_WORDS):
        for found in _NAMED.finditer(text):
            value = found.lastgroup or "value"
            # A word is no secret ("token: required"), nor is a count ("token: 12000000").
            if any(map(str.isdigit, found[value])) and any(map(str.isalpha, found[value])):
                yield _Span(found.start(value), found.end(value), "key")


_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?"
    r"(?![A-Za-z0-9])"
)
_IBAN_LENGTHS = range(15, 35)


def _ibans(text: str) -> Iterable[_Span]:
    if b"AA00" not in _squeezed(text):
        return
    for found in _IBAN.finditer(text):
        plain = re.sub("[ -]", "", found[0])
        # A word that follows a spaced number looks like one more group of it.
        for length in range(min(len(plain), _IBAN_LENGTHS[-1]), _IBAN_LENGTHS[0] - 1, -1):
            if is_iban(plain[:length]):
                yield _Span(found.start(), _end_after(found, length), "iban")
                break


def _end_after(found: re.Match[str], signs: int) -> int:
    """Where the match's first so many letters and digits end."""
    for place, sign in enumerate(found[0]):
        signs -= sign not in " -"
        if not signs:
            return found.start() + place + 1
    return found.end()


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
_AMERICAN = re.compile(r"\(?[2-9][0-9]{2}\)?[ .-]{1,2}[2-9][0-9]{2}[ .-][0-9]{4}")
_NATIONAL = re.compile(r"\(?0[1-9][0-9]{0,4}\)?[ /-]{0,3}[0-9][0-9 /-]{4,12}[0-9]")
_ISSUER = re.compile(r"4|5[1-5]|2[2-7]|3[0-9]|6")
_PHONE_DIGITS = range(8, 16)
_PREFIXED_DIGITS = range(10, 15)
_NATIONAL_DIGITS = range(9, 13)
_CARD_DIGITS = range(13, 20)


def _numbers(text: str, kinds: frozenset[str]) -> Iterable[_Span]:
    if _SEVEN_DIGITS not in _squeezed(text):
        return
    for found in _NUMBER.finditer(text):
        digits = re.sub("[^0-9]", "", found[0])
        if "card" in kinds and is_card(digits):
            yield _Span(found.start(), found.end(), "card")
        elif "phone" in kinds and _is_phone(found[0], digits):
            yield _Span(found.start(), found.end(), "phone")


def is_card(digits: str) -> bool:
    """
    Whether digits are a payment card's: an issuer's beginning, the length, and Luhn's sum.

    >>> is_card("4111111111111111"), is_card("4111111111111112"), is_card("1700000000000")
    (True, False, False)
    """
    if len(digits) not in _CARD_DIGITS or not _ISSUER.match(digits):
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


def _user_finder(pattern: re.Pattern[str]) -> Callable[[str], Iterable[_Span]]:
    def find(text: str) -> Iterable[_Span]:
        for found in pattern.finditer(text):
            if found.end() > found.start():
                yield _Span(found.start(), found.end(), "custom")

    return find


_FINDERS: dict[str, Callable[[str], Iterable[_Span]]] = {"email": _emails, "key": _keys}
