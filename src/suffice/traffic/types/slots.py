"""Which frequent lines are no part of a template, but values that happen to come often."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence

import msgspec

from suffice.traffic.types.template import DOCUMENT_LINES

_LIKE_VALUES = 4
_RARE_BETWEEN = 12
_SMALL_SHARE = 0.05
_HALF = 0.5
_MUCH = 0.3
_ROUNDS = 20
_MOST_ENCLOSED = 60
_SELDOM = 0.005
_LONGEST_LABELLED = 12
_LONG_ENOUGH = 6
_START, _STOP = "\x02", "\x03"

_LABEL = re.compile(r"(?:[-*#>\s]*)([^:=]{1,40})[:=]\s*\S")
_DIGITS = re.compile(r"\d+")
# Lines that say what is to be done make the type; that there are several is no sign of a slot.
_TASK_LABEL = re.compile(
    r"(?i)\b(task|goal|objective|job|role|instructions?|action|operation|mode|step|your)\b"
)
_TASK_LINE = re.compile(
    r"(?i)(?:you are (?:an?|the|our)\b|you're an?\b|act as\b|your (?:task|job|role|goal)\b|"
    r"(?:please )?(?:classify|extract|summari[sz]e|translate|write|answer|generate|decide|rate|"
    r"route|convert|label|sort|tag|find|list|rewrite|review|score|return|reply|respond|use)\b)"
)


class Sequenced(msgspec.Struct, frozen=True):
    """
    One text as its lines: a frequent one as itself, any other as None.

    Attributes:
        group: Only texts of one group are held against one another.
        units: The lines in their order; a rare one is None, a long one several times.
        weight: How many requests had this very text.
    """

    group: Hashable
    units: tuple[str | None, ...]
    weight: int = 1


class _Between:
    """What stands between two lines that texts of one group share."""

    __slots__ = ("rare", "values")

    def __init__(self) -> None:
        self.values: Counter[str] = Counter()
        self.rare = 0


def slot_values(texts: Iterable[Sequenced]) -> set[str]:
    """
    Frequent lines that stand where other texts, otherwise alike, have something else.

    A line is a value where between the same two neighbours at least four lines of one pattern
    change (the same label, or the same but for digits), or where rare lines of every kind stand
    too. Two or three variants are versions of a template, and kept apart. Lines that say what to
    do are never values of a pattern.

    >>> days = [
    ...     Sequenced("g", ("Sort it.", f"Today: {day}", "Be brief."), 20)
    ...     for day in ("Monday", "Tuesday", "Friday", "Sunday")
    ... ]
    >>> sorted(slot_values(days))[0]
    'Today: Friday'
    """
    rows = list(texts)
    found: set[str] = set()
    for _ in range(_ROUNDS):
        new = (_one_round(rows) | _inside_documents(rows)) - found
        if not new:
            break
        found |= new
        rows = [
            Sequenced(
                row.group, tuple(None if unit in found else unit for unit in row.units), row.weight
            )
            for row in rows
        ]
    return found


def _one_round(rows: Sequence[Sequenced]) -> set[str]:
    between: defaultdict[tuple[Hashable, str, str], _Between] = defaultdict(_Between)
    total: Counter[str] = Counter()
    for row in rows:
        _count(row, between, total)
    as_value: Counter[str] = Counter()
    for (_, before, after), seen in between.items():
        if (before, after) != (_START, _STOP):
            for unit in _values(seen):
                as_value[unit] += seen.values[unit]
    return _outvoted(as_value, total)


def _inside_documents(rows: Sequence[Sequenced]) -> set[str]:
    """
    Frequent lines that documents are made of, where a template has room for one.

    Between two lines of a template long stretches of rare lines were seen; what else stands
    there, in ever other company, is a document's too. The lines of another template would always
    stand there in the same company.
    """
    roomy = _room_for_documents(rows)
    company: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    inside: Counter[str] = Counter()
    long_ones: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for row in rows:
        known = [_START, *(unit for unit in row.units if unit is not None), _STOP]
        total.update(dict.fromkeys(known, row.weight))
        for extras in _enclosed(known, roomy):
            for unit in set(extras):
                inside[unit] += row.weight
                long_ones[unit] += row.weight * (len(extras) >= DOCUMENT_LINES)
                if len(company[unit]) < _LIKE_VALUES:
                    company[unit].add(extras)
    # A document that came a few times is no template either.
    seldom = _SELDOM * sum(row.weight for row in rows)
    return {
        unit
        for unit, weight in inside.items()
        if (len(company[unit]) >= _LIKE_VALUES or weight == long_ones[unit] <= seldom)
        and weight >= _MUCH * total[unit]
        and not _TASK_LINE.match(unit)
    }


_Rooms = dict[str, set[str]]


def _room_for_documents(rows: Sequence[Sequenced]) -> _Rooms:
    seen: Counter[tuple[str, str]] = Counter()
    long_ones: Counter[tuple[str, str]] = Counter()
    for row in rows:
        before, run = _START, 0
        for unit in (*row.units, _STOP):
            if unit is None:
                run += 1
                continue
            if run:
                seen[before, unit] += 1
                long_ones[before, unit] += run >= DOCUMENT_LINES
            before, run = unit, 0
    rooms: _Rooms = {}
    for (before, after), times in seen.items():
        is_roomy = long_ones[before, after] >= DOCUMENT_LINES
        if is_roomy and times >= _RARE_BETWEEN and (before, after) != (_START, _STOP):
            rooms.setdefault(before, set()).add(after)
    return rooms


def _enclosed(known: Sequence[str], rooms: _Rooms) -> Iterator[tuple[str, ...]]:
    for place, before in enumerate(known):
        afters = rooms.get(before)
        if not afters:
            continue
        # The furthest: what a document holds may itself have been seen before rare lines.
        ends = range(min(place + _MOST_ENCLOSED, len(known)) - 1, place + 1, -1)
        end = next((end for end in ends if known[end] in afters), None)
        if end is not None:
            yield tuple(known[place + 1 : end])


def _outvoted(as_value: Counter[str], total: Counter[str]) -> set[str]:
    """Lines that are mostly values, and all lines of a pattern whose lines mostly are."""
    votes: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    members: defaultdict[str, set[str]] = defaultdict(set)
    for unit, weight in total.items():
        for pattern in _patterns(unit):
            votes[pattern] += as_value[unit]
            asked[pattern] += weight
            members[pattern].add(unit)
    found = {unit for unit, weight in as_value.items() if weight >= _HALF * total[unit]}
    for pattern, weight in votes.items():
        if len(members[pattern]) >= _LIKE_VALUES and weight >= _HALF * asked[pattern]:
            found |= members[pattern]
    return found


def _count(
    row: Sequenced,
    between: defaultdict[tuple[Hashable, str, str], _Between],
    total: Counter[str],
) -> None:
    known = [_START, *(unit for unit in row.units if unit is not None), _STOP]
    for place in range(1, len(known) - 1):
        total[known[place]] += row.weight
        between[row.group, known[place - 1], known[place + 1]].values[known[place]] += row.weight
    before, gap = _START, False
    for unit in (*row.units, _STOP):
        if unit is None:
            gap = True
            continue
        if gap:
            between[row.group, before, unit].rare += 1
        before, gap = unit, False


def _values(seen: _Between) -> set[str]:
    patterns: defaultdict[str, set[str]] = defaultdict(set)
    for unit in seen.values:
        for pattern in _patterns(unit):
            patterns[pattern].add(unit)
    alike = {unit for same in patterns.values() if len(same) >= _LIKE_VALUES for unit in same}
    if seen.rare >= max(_RARE_BETWEEN, len(seen.values)):
        whole = seen.rare + seen.values.total()
        alike |= {
            unit
            for unit, weight in seen.values.items()
            if weight <= _SMALL_SHARE * whole and not _TASK_LINE.match(unit)
        }
    return alike


def _patterns(unit: str) -> list[str]:
    """The patterns a line may be a value of."""
    found = []
    without_digits = _DIGITS.sub("0", unit)
    if without_digits != unit:
        found.append("digits " + without_digits)
    if _TASK_LINE.match(unit):
        return found
    label = _LABEL.match(unit)
    words = unit.split()
    if len(words) >= _LONG_ENOUGH:
        found.append(" ".join(("ends", *words[:3], *words[-1:])))
    if label and len(words) <= _LONGEST_LABELLED and not _TASK_LABEL.search(label[1]):
        found.append("label " + label[1])
    return found
