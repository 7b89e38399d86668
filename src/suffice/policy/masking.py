"""Credentials and personal data taken out of texts before anything is kept."""

from __future__ import annotations

import re
from typing import Any

_KEY_HINTS = (
    "sk-",
    "AKIA",
    "ASIA",
    "gh",
    "github_pat_",
    "glpat-",
    "xox",
    "AIza",
    "hf_",
    "eyJ",
    "k_live_",
    "k_test_",
    "earer ",
    "PRIVATE KEY",
)
_KEYS = re.compile(
    r"-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|\Z)"
    r"|(?<![A-Za-z0-9])sk-[A-Za-z0-9_\-]{12,}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}"
    r"|\bgithub_pat_[A-Za-z0-9_]{20,}"
    r"|\bglpat-[A-Za-z0-9_\-]{16,}"
    r"|\bxox[abeoprs]-[A-Za-z0-9\-]{10,}"
    r"|\bAIza[0-9A-Za-z_\-]{30,}"
    r"|\bhf_[A-Za-z0-9]{20,}"
    r"|\b[srp]k_(?:live|test)_[A-Za-z0-9]{10,}"
    r"|\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*"
    r"|(?<=[Bb]earer )[A-Za-z0-9._~+/=\-]{16,}",
    re.DOTALL,
)
_ASSIGNED = re.compile(
    r"(?i)(\b(?:password|passwd|pwd|secret|api[_-]?key|access[_-]?token|auth[_-]?token|"
    r"client[_-]?secret)\b[\"']?\s{0,4}[:=]\s{0,4}[\"']?)([^\s\"',;&]{6,})"
)
_ASSIGNED_HINTS = ("passw", "pwd", "secret", "api", "access", "auth")
# The local part is looked for only before an @, so that a long run of letters costs nothing.
_LOCAL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}\Z")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9\-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])")
_CARD = re.compile(r"(?<![\w.])\d(?:[ \-]?\d){12,18}(?![\w.]\d|\w)", re.ASCII)
_PHONE = re.compile(
    r"(?<![\w.])(?:\+|00)[1-9](?:[ ().\-/]{0,2}\d){7,13}(?!\d)"
    r"|(?<![\w.\-])(?:\(\d{3}\) ?|\d{3}[ .\-])\d{3}[ .\-]\d{4}(?![\w\-])",
    re.ASCII,
)
_LONG_NUMBER = re.compile(r"[0-9][0-9 ().\-/]{5,}[0-9]")
_DIGITS = "0123456789"
# No address is shorter, and no key that could be a plain name is.
_SHORTEST, _SHORTEST_KEY = 6, 18
_CARD_FACTOR = 2
_TEN = 10

KEY, EMAIL, PHONE, CARD = "[key]", "[email]", "[phone]", "[card]"
_SECRET_FIELD = re.compile(
    r"(?i)(^|[_-])(api[_-]?key|auth[_-]?token|access[_-]?token|secret|passwd|password|pwd|"
    r"client[_-]?secret|authorization[_-]?token)$"
)


def mask_text(text: str) -> str:
    """
    The text without API keys, tokens, passwords, e-mail addresses, phone and card numbers.

    What looks like a key by its well-known form, an international or North American phone
    number, and a number that passes the card check are replaced; a plain number is left alone.
    The same text always gives the same result, and masking twice changes nothing more.

    >>> mask_text("mail bob@example.org, call +49 30 1234567, pay 4111 1111 1111 1111")
    'mail [email], call [phone], pay [card]'
    >>> mask_text("order 4111 1111 1111 1112, key sk-ant-api03-abcdefghijkl")
    'order 4111 1111 1111 1112, key [key]'
    """
    if len(text) < _SHORTEST or (len(text) < _SHORTEST_KEY and text.isidentifier()):
        return text
    if any(hint in text for hint in _KEY_HINTS):
        text = _KEYS.sub(KEY, text)
    if "=" in text or ":" in text:
        lower = text.lower()
        if any(hint in lower for hint in _ASSIGNED_HINTS):
            text = _ASSIGNED.sub(_hide_value, text)
    if "@" in text:
        text = _without_addresses(text)
    if any(digit in text for digit in _DIGITS) and _LONG_NUMBER.search(text):
        text = _PHONE.sub(PHONE, _CARD.sub(_hide_card, text))
    return text


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
    if isinstance(below, str) and below and _SECRET_FIELD.search(name):
        return KEY
    return mask_json(below)


def _hide_value(found: re.Match[str]) -> str:
    return found[1] + (found[2] if found[2].startswith("[") else KEY)


def _hide_card(found: re.Match[str]) -> str:
    digits = [int(each) for each in found[0] if each.isdigit()]
    return CARD if _passes_card_check(digits) else found[0]


def _passes_card_check(digits: list[int]) -> bool:
    """Luhn's check: every second digit from the right counts twice, by its digits' sum."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = digit * _CARD_FACTOR if place % _CARD_FACTOR else digit
        total += doubled - 9 if doubled >= _TEN else doubled
    return total % _TEN == 0 and any(digits)


def _without_addresses(text: str) -> str:
    pieces: list[str] = []
    begins = 0
    at = text.find("@")
    while at >= 0:
        local = _LOCAL.search(text, max(begins, at - 64), at)
        domain = _DOMAIN.match(text, at + 1)
        if local and domain:
            pieces += (text[begins : local.start()], EMAIL)
            begins = domain.end()
        at = text.find("@", max(at + 1, begins))
    pieces.append(text[begins:])
    return "".join(pieces)
