"""Masking: personal data and credentials become stable placeholders before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from suffice.errors import BadOption
from suffice.policy.credentials import is_secret_name
from suffice.policy.sensitive import KINDS, Finder, finders_of, pattern_finder
from suffice.records import LoggedExchange

_PLACEHOLDER_BYTES = 5
# Signs of texts whose masked form is remembered: prompts come again and again.
_REMEMBERED = 32 * 2**20
_SHORTEST = 6  # no kind of value is shorter; `a@b.co` is
_DEEPEST = 200


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
        self._finders: list[Finder] = [
            *finders_of(masking.kinds),
            *(pattern_finder(pattern) for pattern in masking.patterns),
        ]
        self._masks_numbers = "card" in masking.kinds
        self._masks_keys = "key" in masking.kinds
        self._shortest = 1 if masking.patterns else _SHORTEST
        self._secret = secret
        self._known: dict[str, str] = {}
        self._remembered = 0
        self.found: dict[str, int] = {}

    def text(self, text: str) -> str:
        """The text with placeholders; itself where there is nothing to mask."""
        if len(text) < self._shortest or not self._finders:
            return text
        known = self._known.get(text)
        if known is not None:
            return known
        masked = self._masked(text)
        self._remembered += len(text)
        if self._remembered > _REMEMBERED:
            self._known, self._remembered = {}, len(text)
        self._known[text] = masked
        return masked

    def value(self, value: Any, *, depth: int = 0) -> Any:
        """A JSON value with every text in it masked, names of members included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict) and depth < _DEEPEST:
            return {
                self.text(name): self._field(name, inner, depth=depth + 1)
                for name, inner in value.items()
            }
        if isinstance(value, list | tuple) and depth < _DEEPEST:
            return [self.value(inner, depth=depth + 1) for inner in value]
        if self._masks_numbers and type(value) is int and value > 10**12:
            return value if (text := str(value)) == (masked := self.text(text)) else masked
        # What nests beyond any message could hide anything.
        return "<too deep>" if isinstance(value, dict | list | tuple) else value

    def beside(self, exchange: LoggedExchange) -> LoggedExchange:
        """An exchange with everything masked that stands beside its request and its answer."""
        if not self._finders:
            return exchange
        texts = {
            name: self.text(text)
            for name in _TEXT_FIELDS
            if isinstance(text := getattr(exchange, name), str)
        }
        return msgspec.structs.replace(exchange, labels=self.value(exchange.labels), **texts)

    def exchange(self, exchange: LoggedExchange) -> LoggedExchange:
        """An exchange with everything in it masked that came from the log."""
        if not self._finders:
            return exchange
        return msgspec.structs.replace(
            self.beside(exchange),
            request=self.value(exchange.request),
            response_blocks=tuple(self.value(exchange.response_blocks)),
            response_text=self.text(exchange.response_text),
        )

    def _field(self, name: str, inner: Any, *, depth: int) -> Any:
        """A member's value; one that its name calls secret goes, whatever it looks like."""
        secret = self._masks_keys and isinstance(inner, str) and inner and is_secret_name(name)
        if not secret or _PLACED.fullmatch(inner):
            return self.value(inner, depth=depth)
        self.found["key"] = self.found.get("key", 0) + 1
        return self._placeholder("key", inner)

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
_PLACED = re.compile(r"<[a-z]+:[a-p]{10}>|\[[a-z]+\]")
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
_TEXT_FIELDS = (
    "id", "model", "requested_model", "error", "session", "user",
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
