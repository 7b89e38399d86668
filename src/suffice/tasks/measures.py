"""How long a text is, in words and sentences, and where it may be parted."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A letter of a script that writes no spaces counts as a word.
_IDEOGRAPH = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_IDEOGRAPH}]|[^\W_{_IDEOGRAPH}]+(?:['’.,:/-][^\W_{_IDEOGRAPH}]+)*")
_END = re.compile(r"""[.!?…]+["'”’»)\]]*(?=\s+["'“‘«(\[]*[^\W_a-z]|\s*$)|[。！？]+[」』”]*""")
_NO_END = re.compile(
    r"(?:^|[\s(\[\"'“])(?:[^\W\d_]|[A-Z]\.[A-Z]|Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|Sen|Gov|Gen|Col|Capt|Lt"
    r"|Rep|Rev|vs|No|Nos|Fig|Inc|Ltd|Co|Corp|cf|approx|e\.g|i\.e|z\.B|bzw|ca|Nr)\.$"
)
_BREAKS = ("\n\n", "\n", ". ", "。", " ")


def count_words(text: str) -> int:
    """
    Words of a text; figures are words, and so is each letter of a script without spaces.

    >>> count_words("Sales rose 4.5 % in mid-2026 - Acme's best year.")
    8
    """
    return sum(1 for _ in _WORD.finditer(text))


def sentences(text: str) -> list[str]:
    """
    The sentences of a text; a line of its own, such as a heading or a point, is one as well.

    Abbreviations and initials end none.

    >>> sentences("Dr. J. Smith paid $3.50. Why? Nobody knows.")
    ['Dr. J. Smith paid $3.50.', 'Why?', 'Nobody knows.']
    """
    found = []
    for line in text.splitlines():
        start = 0
        for end in _END.finditer(line):
            sentence = line[start : end.end()].strip()
            if end[0] == "." and _NO_END.search(sentence) and end.end() < len(line.rstrip()):
                continue
            start = end.end()
            found.append(sentence)
        found.append(line[start:].strip())
    return [one for one in found if _WORD.search(one)]


def parted(text: str, *, most_bytes: int) -> Iterator[tuple[int, int]]:
    r"""
    Where a text is cut into pieces of at most so many UTF-8 bytes: start and end of each.

    Paragraphs are kept whole where they can be, else lines, sentences, words.

    >>> text = "One is here.\n\nTwo is here."
    >>> [text[start:end] for start, end in parted(text, most_bytes=20)]
    ['One is here.\n\n', 'Two is here.']
    """
    start = 0
    while start < len(text):
        end = start + _fitting(text, start, most_bytes)
        if end < len(text):
            end = _break(text, start, end)
        yield start, end
        start = end


def _fitting(text: str, start: int, most_bytes: int) -> int:
    """How many characters fit; at least one."""
    piece = text[start : start + most_bytes].encode(errors="replace")[:most_bytes]
    return max(1, len(piece.decode(errors="ignore")))


def _break(text: str, start: int, end: int) -> int:
    """The last good place to part before ``end``, not in the first half."""
    half = start + (end - start) // 2
    for mark in _BREAKS:
        at = text.rfind(mark, half, end)
        if at >= 0:
            return at + len(mark)
    return end
