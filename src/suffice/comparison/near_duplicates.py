"""Which texts say nearly the same: five-word shingles, Jaccard similarity of 0.9 or more."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

SHINGLE_WORDS = 5
LEAST_WORDS = 50
LEAST_SIMILARITY = 0.9

_Shingles = npt.NDArray[np.uint64]

_WORD = re.compile(r"\w+")
_MIX = np.uint64(0x9E3779B97F4A7C15)
_TEMPLATE_LOOKED_AT = 400
_TEMPLATE_LEAST_TEXTS = 20
_TEMPLATE_SHARE = 0.5
_LEAST_OWN_SHINGLES = 2 * SHINGLE_WORDS
_MOST_COMPARED = 64


class NearDuplicates:
    """
    Remembers texts and recognises one that says nearly the same as an earlier one.

    Texts under 50 words are never duplicates: short requests repeat in honest traffic. Numbers
    count as words. Shingles that more than half of a type's texts share are its template and
    are left out where a text has words of its own: two tickets under one long instruction are
    two tickets.

    An inverted index over each text's rarest shingles finds all candidates, so that looking
    one up costs what it has in common with the others and not their number (prefix filter,
    Chaudhuri, Ganti & Kaushik 2006). At most 64 candidates are compared for one text.

    Args:
        sample: Some texts of the type, drawn at random, to learn its template from.

    >>> report = "The quarterly report shows that " + " ".join(f"w{n}" for n in range(60))
    >>> seen = NearDuplicates([])
    >>> seen.is_new(report + " 1"), seen.is_new(report + " 2"), seen.is_new("other " * 3)
    (True, False, True)
    """

    def __init__(self, sample: Sequence[str]) -> None:
        self._words: dict[str, int] = {}
        self._usual: Counter[int] = Counter()
        self._template: _Shingles = np.empty(0, np.uint64)
        self._kept: list[_Shingles] = []
        self._postings: dict[int, list[int]] = {}
        self._learn([self._shingles(text) for text in sample[:_TEMPLATE_LOOKED_AT]])

    def is_new(self, text: str) -> bool:
        """Whether no earlier text says nearly the same; if so, remember this one."""
        whole = self._shingles(text)
        if len(whole) == 0:
            return True
        own = np.setdiff1d(whole, self._template, assume_unique=True)
        shingles = own if len(own) >= _LEAST_OWN_SHINGLES else whole
        rarest = self._rarest(shingles)
        if any(_similar(shingles, self._kept[other]) for other in self._sharing(rarest)):
            return False
        for shingle in rarest:
            self._postings.setdefault(shingle, []).append(len(self._kept))
        self._kept.append(shingles)
        return True

    def _learn(self, sample: Sequence[_Shingles]) -> None:
        """How usual a shingle is, and which are the template's."""
        long_ones = [shingles for shingles in sample if len(shingles)]
        if not long_ones:
            return
        shingles, counts = np.unique(np.concatenate(long_ones), return_counts=True)
        if len(long_ones) >= _TEMPLATE_LEAST_TEXTS:
            self._template = shingles[counts > _TEMPLATE_SHARE * len(long_ones)]
        often = counts > 1
        self._usual = Counter(
            dict(zip(shingles[often].tolist(), counts[often].tolist(), strict=True))
        )

    def _shingles(self, text: str) -> _Shingles:
        """Sorted distinct hashes; none for a text too short to be a near-duplicate."""
        words = _WORD.findall(text.casefold())
        if len(words) < LEAST_WORDS:
            return np.empty(0, np.uint64)
        marks = np.fromiter((self._mark(word) for word in words), np.uint64, len(words))
        rows = len(words) - SHINGLE_WORDS + 1
        hashes = np.zeros(rows, np.uint64)
        for place in range(SHINGLE_WORDS):
            hashes = (hashes ^ marks[place : place + rows]) * _MIX
            hashes ^= hashes >> np.uint64(29)
        return np.unique(hashes)

    def _mark(self, word: str) -> int:
        mark = self._words.get(word)
        if mark is None:
            encoded = word.encode("utf-8", "replace")
            mark = zlib.crc32(encoded) << 32 | zlib.adler32(encoded)
            self._words[word] = mark
        return mark

    def _rarest(self, shingles: _Shingles) -> list[int]:
        """Two sets of similarity t share one of their first n - ceil(t n) + 1 elements."""
        count = len(shingles) - int(np.ceil(LEAST_SIMILARITY * len(shingles))) + 1
        return sorted(shingles.tolist(), key=lambda one: (self._usual[one], one))[:count]

    def _sharing(self, rarest: Iterable[int]) -> list[int]:
        found: Counter[int] = Counter()
        for shingle in rarest:
            found.update(self._postings.get(shingle, ()))
        return [other for other, _ in found.most_common(_MOST_COMPARED)]


def _similar(one: _Shingles, other: _Shingles) -> bool:
    sizes = len(one), len(other)
    if min(sizes) < LEAST_SIMILARITY * max(sizes):
        return False
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common >= LEAST_SIMILARITY * (sum(sizes) - common)
