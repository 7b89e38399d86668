"""A text as the literal of a docstring: whatever it says, it ends where the literal ends."""

from __future__ import annotations

import re
import unicodedata

_ENDING_QUOTES = re.compile(r'"{3,}|"+\Z')
_BREAKS = re.compile(r"\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# Characters that show code in another order than it is read in, and marks that show nothing.
_UNSEEN = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\ufeff"
)
_TAB = 4


def tidied(text: str) -> str:
    r"""
    A text without what has no place in source.

    That is control characters, unpaired surrogates, and marks that turn the direction of
    writing. Lines lose trailing spaces; tabs become spaces.

    >>> tidied("a\x00b \r\n\n\n\nc")
    'ab\n\n\nc'
    """
    lines = _BREAKS.sub("\n", text).expandtabs(_TAB).split("\n")
    kept = (
        "".join(one for one in line if one not in _UNSEEN and not _is_control(one)).rstrip()
        for line in lines
    )
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(kept).strip("\n"))


def _is_control(one: str) -> bool:
    return unicodedata.category(one) in {"Cc", "Cs"}


def literal(text: str, *, indent: str, newline: str, encoding: str) -> str:
    r"""
    The literal a tidied text is written as, without the indent of its own first line.

    Args:
        text: A tidied text.
        indent: What every further line begins with.
        newline: How the file ends its lines.
        encoding: The file's; characters it lacks are escaped.

    >>> literal("To \\all", indent="", newline="\n", encoding="utf-8")[0]
    'r'
    """
    lines = text.split("\n")
    several = len(lines) > 1
    body = newline.join([lines[0], *(f"{indent}{line}" if line else "" for line in lines[1:])])
    body += f"{newline}{indent}" if several else ""
    raw = "\\" in body and '"""' not in body and body[-1] not in '"\\' and _fits(body, encoding)
    if raw:
        return f'r"""{body}"""'
    body = body.replace("\\", "\\\\")
    body = _ENDING_QUOTES.sub(lambda found: found[0].replace('"', '\\"'), body)
    return f'"""{body.encode(encoding, "backslashreplace").decode(encoding)}"""'


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
