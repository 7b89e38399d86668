"""A prompt's lines, made comparable: without blank ones, and without what privacy would mask."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

import msgspec

from suffice.policy.masking import mask_text
from suffice.traffic.redaction import Masking, Redactor

_PLACEHOLDER = re.compile(r"<([a-z][a-z0-9_-]{0,30}):[a-p]{10}>")
_PLACEHOLDER_BYTES = re.compile(_PLACEHOLDER.pattern.encode())
_LONGEST_REMEMBERED = 500
# Beside these, what is secret stands on many lines or on another one.
_MANY_LINES = ("PRIVATE KEY", "AKIA", "ASIA", "Private-Lines:")
# Placeholders are compared without what is keyed in them, so any key serves.
_ANY_SECRET = b"only the kind of a placeholder is kept"


def canonical_json(value: Any) -> bytes:
    """
    A JSON value's text as it reads whether or not its values were masked before.

    >>> canonical_json({"to": "bob@example.org"})
    b'{"to":"<email>"}'
    """
    masked = _redactor().value(value)
    try:
        written = msgspec.json.encode(masked, order="deterministic")
    except (TypeError, ValueError, RecursionError):
        # Half a surrogate pair, or a value JSON has no form for: its writing still tells it apart.
        written = repr(masked).encode("utf-8", "backslashreplace")
    return _PLACEHOLDER_BYTES.sub(rb"<\1>", written)


def lines_of(text: str) -> list[str]:
    r"""
    The lines that say something, without white space around them.

    >>> lines_of("Be brief.\n\n  Use JSON. ")
    ['Be brief.', 'Use JSON.']
    """
    if any(sign in text for sign in _MANY_LINES):
        text = canonical(text)
    return [line for raw in text.split("\n") if (line := raw.strip())]


def canonical(line: str) -> str:
    """
    The line as it reads whether or not it was masked before it got here.

    Logs are masked before they are kept, requests on their way are not; both must be the same
    type.

    >>> canonical("Mail bob@example.org"), canonical("Mail <email:abcdefghij>")
    ('Mail <email>', 'Mail <email>')
    """
    return _masked_line(line) if len(line) <= _LONGEST_REMEMBERED else _masked(line)


def _masked(line: str) -> str:
    # Found as the redactor finds it, which would remember each line.
    if "<" not in line and mask_text(line) is line:
        return line
    return _PLACEHOLDER.sub(r"<\1>", _redactor().text(line))


# A prompt's own lines come with every request of it, and are looked through once.
_masked_line = lru_cache(maxsize=8192)(_masked)


@cache
def _redactor() -> Redactor:
    return Redactor(Masking(), secret=_ANY_SECRET)
