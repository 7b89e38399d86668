"""Figures and names that a text states, held against the text it speaks of."""

from __future__ import annotations

import bisect
import functools
import itertools
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from suffice.tasks.measures import sentences
from suffice.tasks.provenance import number_readings

_WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*")
_FIGURE = re.compile(r"\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)*")
_LIST_NUMBER = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)
_DECIMAL = re.compile(r"\d+[.,](?:\d{1,2}|\d{4,20})")
_SCALES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12, "mn": 6, "bn": 9, "tn": 12}
_LETTERS = {"k": 3, "m": 6, "b": 9}
_SCALED = re.compile(r"[\s\u00a0-]?([A-Za-z]+)\b")
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
    "tenth",
)  # fmt: skip
_SPELT = {
    **{word: Decimal(n) for n, word in enumerate(_ONES)},
    **{word: Decimal(n) for word, n in _TENS.items()},
    **{word: Decimal(n) for n, word in enumerate(_ORDINALS, 1)},
    **{
        f"{tens}-{ones}": Decimal(n + m)
        for tens, n in _TENS.items()
        for m, ones in enumerate(_ONES[:10])
        if m
    },
    "half": Decimal("0.5"), "dozen": Decimal(12), "twice": Decimal(2), "both": Decimal(2),
    "pair": Decimal(2), "hundred": Decimal(100), "couple": Decimal(2), "once": Decimal(1),
}  # fmt: skip
_NO_NAMES = frozenset({
    "i", "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep",
    "sept", "oct", "nov", "dec", "monday", "tuesday", "wednesday", "thursday", "friday",
    "saturday", "sunday", "mr", "mrs", "ms", "dr", "am", "pm",
})  # fmt: skip
_LINKS = frozenset({
    "of", "the", "and", "for", "on", "in", "de", "la", "du", "der",
})  # fmt: skip
_TITLE_WORDS, _TITLE_SHARE, _STEM, _ROUNDED_FROM = 4, 0.5, 5, 10_000
# Words long enough to mean something, in scripts whose words keep their beginning when inflected.
_LONG_WORD = re.compile(r"[A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff]{4,}")
_BEGINNING, _FEWEST_WORDS = 4, 2
_BEGINS = tuple(":\"'“‘«([-•*#")


class Stated:
    """
    What a text states, to hold other texts against.

    Figures count as the same however they are grouped, spelt out or scaled, and where one is the
    other rounded. Names are words with a capital letter that do not begin a sentence; each must
    stand in the text, or share its beginning with one that does, or be the initials of some.
    What is said of a figure or a name is not checked.

    Args:
        text: The text.

    >>> stated = Stated("Acme Widgets Corp sold 1,203,441 units on 2026-03-01, said Jane Roe.")
    >>> stated.unsupported("Jane Roe of AWC says 1.2 million units were sold in March 2026.")
    ()
    >>> stated.unsupported("Then John Roe said that 1.3 million were sold.")
    ('1.3 million', 'John')
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def unsupported(self, said: str) -> tuple[str, ...]:
        """The figures and names another text states and this one does not."""
        # The numbers of a list's points are no figures; in the text itself they may begin a date.
        said = _LIST_NUMBER.sub("", said)
        figures = [written for written, values in figures_in(said) if not self._has(values)]
        names = [name for name in names_in(said) if not self._names(name)]
        return tuple(dict.fromkeys([*figures, *names]))

    def shared(self, said: str) -> float | None:
        """
        The share of another text's longer words that stand in this one too, by their beginning.

        None where there are too few to tell, or the script is another than Latin, Greek and
        Cyrillic.

        >>> Stated("Acme sold 1,203 units in Lyon.").shared("There are two sentences.")
        0.0
        """
        words = _beginnings(said)
        return None if len(words) < _FEWEST_WORDS else len(words & self._own) / len(words)

    @functools.cached_property
    def _own(self) -> frozenset[str]:
        return _beginnings(self._text)

    @functools.cached_property
    def _numbers(self) -> tuple[Decimal, ...]:
        written = {abs(one) for _, values in figures_in(self._text) for one in values}
        return tuple(sorted(written | set(_spelt(self._text))))

    @functools.cached_property
    def _words(self) -> frozenset[str]:
        whole = {_bare(word) for word in _WORD.findall(self._text)}
        return frozenset(whole | {part for word in whole for part in word.split("-")})

    @functools.cached_property
    def _stems(self) -> frozenset[str]:
        return frozenset(word[:_STEM] for word in self._words if len(word) >= _STEM)

    @functools.cached_property
    def _initials(self) -> str:
        """The first letters of capitalised words, a space where the row of them ends."""
        words = (word for word in _WORD.findall(self._text) if word not in _LINKS)
        return "".join(word[0] if word[0].isupper() else " " for word in words)

    def _has(self, values: tuple[Decimal, ...]) -> bool:
        """Whether one of the values stands in the text, or is a figure of it rounded."""
        return any(self._within(*_rounding(abs(value))) for value in values)

    def _within(self, low: Decimal, high: Decimal) -> bool:
        at = bisect.bisect_left(self._numbers, low)
        return at < len(self._numbers) and self._numbers[at] <= high

    def _names(self, name: str) -> bool:
        bare = _bare(name)
        if bare in self._words or all(part in self._words for part in bare.split("-")):
            return True
        if len(bare) >= _STEM and bare[:_STEM] in self._stems:
            return True
        letters = name.replace(".", "")
        return letters.isupper() and len(letters) > 1 and letters in self._initials


def _beginnings(text: str) -> frozenset[str]:
    return frozenset(word.casefold()[:_BEGINNING] for word in _LONG_WORD.findall(text))


def count_claims(text: str) -> int:
    """
    How many different figures and names a text states.

    >>> count_claims("In 2026 she met Ann, and Ann paid 5 euros.")
    3
    """
    plain = _LIST_NUMBER.sub("", text)
    return len({*(written for written, _ in figures_in(plain)), *names_in(plain)})


def figures_in(text: str) -> Iterator[tuple[str, tuple[Decimal, ...]]]:
    """
    Figures in digits as they are written, and the numbers each may mean.

    >>> list(figures_in("1.5 million"))
    [('1.5 million', (Decimal('1500000'),))]
    """
    for found in _FIGURE.finditer(text):
        values = _values(found[0])
        unit = _SCALED.match(found.string, found.end())
        word = unit[1].lower().removesuffix("s") if unit else ""
        if unit and word in _SCALES:
            scaled = tuple(_plain(value.scaleb(_SCALES[word])) for value in values)
            yield found[0] + unit[0], scaled
        elif word in _LETTERS:
            yield found[0], (*values, *(value.scaleb(_LETTERS[word]) for value in values))
        else:
            yield found[0], values


def names_in(text: str) -> Iterator[str]:
    """
    Words with a capital letter that do not begin a sentence, but for days, months and titles.

    >>> list(names_in("Yesterday the mayor of Lyon met Ms. Roe."))
    ['Lyon', 'Roe']
    """
    for sentence in sentences(text):
        words = list(_WORD.finditer(sentence))
        capital = [word for word in words if word[0][0].isupper()]
        inner = [word for word in capital if word is not words[0]]
        if len(words) >= _TITLE_WORDS and len(inner) > _TITLE_SHARE * len(words):
            continue
        for word in capital:
            before = sentence[: word.start()].rstrip()
            begins = word is words[0] or before.endswith(_BEGINS)
            known = _bare(word[0]) in _NO_NAMES
            if not known and (not begins or (len(word[0]) > 1 and word[0].isupper())):
                yield re.sub(r"['’]s$", "", word[0])


def _values(written: str) -> tuple[Decimal, ...]:
    """What a figure may mean: only before three digits may a sign be one that groups."""
    if _DECIMAL.fullmatch(written):
        return (Decimal(written.replace(",", ".")),)
    return tuple(dict.fromkeys(number_readings(written)))


def _spelt(text: str) -> Iterator[Decimal]:
    """Numbers in words, with the scale behind them if there is one."""
    words = [word.casefold() for word in _WORD.findall(text)]
    for word, after in itertools.pairwise([*words, ""]):
        if word in _SPELT:
            yield _SPELT[word]
            if after.removesuffix("s") in _SCALES:
                yield _SPELT[word].scaleb(_SCALES[after.removesuffix("s")])
        elif word.removesuffix("s") in _SCALES:
            yield Decimal(1).scaleb(_SCALES[word.removesuffix("s")])


def _rounding(value: Decimal) -> tuple[Decimal, Decimal]:
    """What would round to a value as it is written; of small whole ones no more than a half."""
    exponent = value.normalize().as_tuple().exponent
    if value == 0 or not isinstance(exponent, int):
        return value, value
    digits = exponent if value >= _ROUNDED_FROM else min(exponent, 0)
    half = Decimal(5).scaleb(digits - 1)
    return value - half, value + half


def _plain(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value


def _bare(word: str) -> str:
    """A word without case, accents, dots and possessive."""
    plain = unicodedata.normalize("NFKD", re.sub(r"['’]s$", "", word)).casefold()
    return "".join(sign for sign in plain if not unicodedata.combining(sign) and sign != ".")
