"""Credentials and personal data taken out of texts before anything is kept."""

from __future__ import annotations

from typing import Any

from suffice.policy.credentials import is_secret_name
from suffice.policy.sensitive import KINDS, finders_of

_FINDERS = finders_of(KINDS)
# No address is shorter, and no key that could be a plain name is.
_SHORTEST, _SHORTEST_KEY = 6, 14
_HIDDEN = "[key]"


def mask_text(text: str) -> str:
    """
    The text without keys, tokens, passwords, addresses, and phone, card and account numbers.

    What is found is what `suffice.policy.sensitive` finds; a plain number is left alone. The
    same text always gives the same result, and masking twice changes nothing more.

    >>> mask_text("mail bob@example.org, call +49 30 1234567, pay 4111 1111 1111 1111")
    'mail [email], call [phone], pay [card]'
    >>> mask_text("order 4111 1111 1111 1112, key sk-ant-api03-abcdefghijkl")
    'order 4111 1111 1111 1112, key [key]'
    """
    if len(text) < _SHORTEST or (len(text) < _SHORTEST_KEY and text.isidentifier()):
        return text
    spans = [span for find in _FINDERS for span in find(text)]
    if not spans:
        return text
    parts: list[str] = []
    reached = 0
    for start, end, kind in sorted(spans):
        if end > reached:
            # What sticks out of an earlier find is part of a secret, too.
            parts += (text[reached : max(start, reached)], f"[{kind}]")
            reached = end
    return "".join([*parts, text[reached:]])


def mask_json(value: Any) -> Any:
    """
    A JSON value with every text in it masked, names of fields included.

    Attached files (``{"type": "base64", "data": ...}``) are kept as they are: they hold no text.
    A field whose name says that it holds a secret loses its value whatever it looks like.

    >>> mask_json({"messages": [{"content": "I am bob@example.org"}], "password": "x"})
    {'messages': [{'content': 'I am [email]'}], 'password': '[key]'}
    """
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, list):
        return [mask_json(each) for each in value]
    if isinstance(value, dict):
        attached = value.get("type") == "base64"
        return {
            mask_text(name): _field(name, below, attached=attached) for name, below in value.items()
        }
    return value


def _field(name: str, below: Any, *, attached: bool) -> Any:
    if attached and name == "data":
        return below
    if isinstance(below, str) and below and is_secret_name(name):
        return _HIDDEN
    return mask_json(below)
