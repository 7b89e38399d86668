"""Which words two answers share, and which only one of them wrote."""

from __future__ import annotations

import dataclasses
import difflib
import re

from rapidfuzz.distance import LCSseq

# Numbers, words, runs of white space, and every other sign on its own: JSON differs by sign.
_TOKENS = re.compile(r"\d+(?:[.,:]\d+)*|\w+|\s+|[^\w\s]")
_MOST_WORK = 40_000_000  # tokens x tokens; a bit each, so 5 MB
_LEAST_COMMON = 0.25


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text: ``same``, or only the baseline's (``del``) or candidate's (``ins``)."""

    kind: str
    text: str


def word_diff(old: str, new: str) -> tuple[Piece, ...]:
    """
    The candidate's text beside the baseline's, word by word.

    Joined without the ``ins`` pieces it is the old text, without the ``del`` pieces the new.
    Texts too long for words are compared line by line.

    >>> [(piece.kind, piece.text) for piece in word_diff("the red car", "the blue car")]
    [('same', 'the '), ('del', 'red'), ('ins', 'blue'), ('same', ' car')]
    """
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    if len(before) * len(after) > _MOST_WORK:
        before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if len(before) * len(after) > _MOST_WORK:
        return _joined([Piece("del", old), Piece("ins", new)])
    pieces = []
    for step in LCSseq.opcodes(before, after):
        gone = "".join(before[step.src_start : step.src_end])
        if step.tag == "equal":
            pieces.append(Piece("same", gone))
        else:
            come = "".join(after[step.dest_start : step.dest_end])
            pieces += [Piece("del", gone), Piece("ins", come)]
    return _joined(pieces)


def _joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Neighbours of one kind as one; a lone space between two changes belongs to both."""
    merged: list[Piece] = []
    gone, come = "", ""
    for number, piece in enumerate(pieces):
        between = 0 < number < len(pieces) - 1
        if piece.kind == "del":
            gone += piece.text
        elif piece.kind == "ins":
            come += piece.text
        elif between and piece.text == " " and (gone or come):
            gone, come = gone + " ", come + " "
        else:
            merged += [Piece("del", gone), Piece("ins", come), piece]
            gone, come = "", ""
    merged += [Piece("del", gone), Piece("ins", come)]
    return tuple(piece for piece in merged if piece.text)


def common_share(pieces: tuple[Piece, ...]) -> float:
    """How much of both texts is shared, by characters that are no white space."""
    size = {"same": 0, "del": 0, "ins": 0}
    for piece in pieces:
        size[piece.kind] += len("".join(piece.text.split()))
    return 2 * size["same"] / max(2 * size["same"] + size["del"] + size["ins"], 1)


def readable(pieces: tuple[Piece, ...]) -> bool:
    """Whether the texts share enough for a diff to help; else they are better read apart."""
    return common_share(pieces) >= _LEAST_COMMON


def unified(old: str, new: str) -> str:
    """The two texts as a line diff, for places that colour one."""
    before, after = old.splitlines(), new.splitlines()
    if before == after:
        return "\n".join(f" {line}" for line in after)
    return "\n".join(list(difflib.unified_diff(before, after, lineterm=""))[2:])
