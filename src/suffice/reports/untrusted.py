"""Text from cases and models, made safe to look at: nothing in it can hide, reorder or command."""

from __future__ import annotations

import re

# What a reader cannot see but a terminal, a browser or a model obeys: control characters, marks
# that reorder text, invisible spaces, tag characters, halves of surrogate pairs, non-characters.
# The joiners U+200C and U+200D stay: Persian and emoji need them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]",
)


def visible(text: str, *, unicode: bool = True) -> str:
    r"""
    The text with every hidden character written out as its code point; line ends and tabs stay.

    >>> visible("safe\u202etxt.exe\x1b[2J")
    'safe⟨U+202E⟩txt.exe⟨U+001B⟩[2J'
    """
    opening, closing = ("⟨", "⟩") if unicode else ("<", ">")
    return _HIDDEN.sub(
        lambda found: f"{opening}U+{ord(found[0]):04X}{closing}",
        text.replace("\r\n", "\n"),
    )


def script_safe(json: str) -> str:
    r"""
    JSON that cannot end the script element it stands in, and hides no character there either.

    >>> script_safe('{"a": "</script>\u202e\U000e0041"}')
    '{"a": "\\u003c/script\\u003e\\u202e\\udb40\\udc41"}'
    """
    return _HIDDEN.sub(_json_escape, re.sub("[<>&]", _json_escape, json))


def _json_escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def one_line(text: str, *, unicode: bool = True) -> str:
    r"""
    The text on one line, with runs of white space as one space.

    >>> one_line(" a\n\tb ")
    'a b'
    """
    return visible(" ".join(text.split()), unicode=unicode)


def spreadsheet_cell(text: str) -> str:
    """
    The text as it may stand in a file for spreadsheets: they run a cell that begins with a sign.

    >>> spreadsheet_cell("=HYPERLINK(A1)"), spreadsheet_cell(" -1"), spreadsheet_cell("a=b")
    ("'=HYPERLINK(A1)", "' -1", 'a=b')
    """
    text = visible(text)
    risky = text.lstrip()[:1] in set("=+-@|%") or text[:1] in set("\t\r\n")
    return f"'{text}" if risky else text


def shorten(text: str, width: int, *, unicode: bool = True) -> str:
    """
    At most ``width`` characters, with the middle left out: ends tell names apart.

    >>> shorten("customer-mail/refunds/v12", 15)
    'custome…nds/v12'
    """
    dots = "…" if unicode else "..."
    if len(text) <= width:
        return text
    kept = max(width - len(dots), 2)
    head = (kept + 1) // 2
    return (text[:head] + dots + text[len(text) - (kept - head) :])[: max(width, 1)]


def encodable(text: str) -> str:
    r"""
    The text with halves of surrogate pairs replaced, so that it can be written as UTF-8.

    >>> encodable("a\ud800b")
    'a?b'
    """
    return text.encode("utf-8", "replace").decode("utf-8")
