"""One case of the HTML report: texts in full, long ones folded, words that differ marked."""

from __future__ import annotations

import dataclasses
import re

from suffice.records import ShownCase
from suffice.reports.untrusted import one_line, shorten
from suffice.reports.word_diff import Piece, readable, word_diff

_FOLD_TEXT = 700  # characters; longer texts stand folded under their first words
_FOLD_SAME = 400  # an unchanged stretch longer than this is folded in its middle
_KEEP_SAME = 120


@dataclasses.dataclass(frozen=True, slots=True)
class Folded:
    """A text in full, and its first words where it is long enough to be folded under them."""

    text: str
    preview: str


@dataclasses.dataclass(frozen=True, slots=True)
class CaseView:
    """One case, ready for its template; ``pieces`` is empty where a diff would not help."""

    number: int
    case: ShownCase
    prompt: Folded
    reference: Folded
    baseline: Folded
    candidate: Folded
    pieces: tuple[Piece, ...]
    identical: bool


def case_view(case: ShownCase, number: int) -> CaseView:
    """Prepare one case: nothing is cut, what is long is folded."""
    pieces = word_diff(case.baseline_text, case.candidate_text)
    useful = bool(case.baseline_text and case.candidate_text) and readable(pieces)
    return CaseView(
        number=number,
        case=case,
        prompt=_folded(case.prompt),
        reference=_folded(case.reference),
        baseline=_folded(case.baseline_text),
        candidate=_folded(case.candidate_text),
        pieces=fold_same(pieces) if useful else (),
        identical=case.baseline_text == case.candidate_text,
    )


def _folded(text: str) -> Folded:
    preview = shorten(one_line(text[:400]), 90) if len(text) > _FOLD_TEXT else ""
    return Folded(text, preview)


def fold_same(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """
    The same pieces, with the middle of long unchanged stretches as a ``fold`` piece.

    >>> folded = fold_same((Piece("same", "word " * 200), Piece("ins", "end")))
    >>> [piece.kind for piece in folded], sum(len(piece.text) for piece in folded)
    (['same', 'fold', 'same', 'ins'], 1003)
    """
    folded: list[Piece] = []
    for piece in pieces:
        if piece.kind != "same" or len(piece.text) <= _FOLD_SAME:
            folded.append(piece)
            continue
        start = _word_end(piece.text, _KEEP_SAME)
        end = max(_word_end(piece.text, len(piece.text) - _KEEP_SAME), start)
        parts = (piece.text[:start], piece.text[start:end], piece.text[end:])
        folded += [Piece(k, t) for k, t in zip(("same", "fold", "same"), parts, strict=True) if t]
    return tuple(folded)


def _word_end(text: str, at: int) -> int:
    found = re.compile(r"\s").search(text, at, at + 40)
    return found.end() if found else at
