"""A Python file as text that goes back into the same bytes, and the places in it."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings

import msgspec

_BREAK = re.compile(r"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"


class Unreadable(Exception):
    """A file that is no Python this interpreter reads, or would not go back into its bytes."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """
    One file.

    Attributes:
        text: Its characters, line ends as they stand.
        encoding: As its first lines declare it.
        marked: It begins with a byte order mark.
    """

    text: str
    encoding: str
    marked: bool

    def encoded(self, text: str) -> bytes:
        """
        Another text in this file's bytes.

        Raises:
            UnicodeEncodeError: The encoding lacks a character.
        """
        return (_BOM if self.marked else b"") + text.encode(self.encoding)

    @property
    def newline(self) -> str:
        """How its first line ends."""
        found = _BREAK.search(self.text)
        return found[0] if found else "\n"


def read_source(content: bytes) -> Source:
    r"""
    The text of a file.

    Raises:
        Unreadable: Its encoding is unknown or not kept to.

    >>> read_source(b"x = 1\r\n").newline
    '\r\n'
    """
    marked = content.startswith(_BOM)
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
        encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        text = content[len(_BOM) if marked else 0 :].decode(encoding)
        faithful = text.encode(encoding) == content[len(_BOM) if marked else 0 :]
    except (SyntaxError, UnicodeError, LookupError) as wrong:
        raise Unreadable(str(wrong)) from wrong
    if not faithful:
        raise Unreadable(f"its text does not go back into {encoding}")
    return Source(text=text, encoding=encoding, marked=marked)


def parsed(text: str) -> ast.Module:
    """
    The tree of a text.

    Raises:
        Unreadable: It is no Python this interpreter reads.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as wrong:
        raise Unreadable(str(wrong)) from wrong


class Lines:
    """
    Places of a tree as places of its text.

    Args:
        text: Lines may end in any of the three ways Python knows.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(found.end() for found in _BREAK.finditer(text))]

    def start(self, line: int) -> int:
        """Where a line begins; lines count from 1. Behind the last one: the text's end."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self.text)

    def line(self, number: int) -> str:
        """A line with its end."""
        return self.text[self.start(number) : self.start(number + 1)]

    def at(self, line: int, column: int) -> int:
        """The place of a tree's line and column, which counts UTF-8 bytes."""
        before = self.line(line).encode()[:column].decode()
        return self.start(line) + len(before)
