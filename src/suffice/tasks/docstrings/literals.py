"""A text as the literal of a docstring: whatever it says, it ends where the literal ends."""

from __future__ import annotations

import re
import unicodedata

_ENDING_QUOTES = re.compile(r'"{3,}|"+\Z')
_BREAKS = re.compile(r"\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# What a reader of the source does not see: marks that turn the direction of writing, spaces
# without width, tag characters. The joiners U+200C and U+200D stay: Persian and emoji need them.
_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\U000e0000-\U000e0fff]"
)
_TAB = 4


def tidied(text: str) -> str:
    r"""
    A text without what has no place in source.

    That is control characters, unpaired surrogates, and marks that nobody sees. Lines lose
    trailing spaces; tabs become spaces.

    >>> tidied("a\x00b \r\n\n\n\nc")
    'ab\n\n\nc'
    """
    lines = _BREAKS.sub("\n", text).expandtabs(_TAB).split("\n")
    kept = (
        "".join(one for one in _UNSEEN.sub("", line) if not _is_control(one)).rstrip()
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
