"""A sample of prompts -> the lines that stay, the forms of those that change, the templates."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from suffice.traffic.types.slots import Sequenced, slot_values
from suffice.traffic.types.template import Template, skeleton, template_key
from suffice.traffic.types.units import canonical, lines_of
from suffice.traffic.types.words_tree import WordTree, grow

_LEAST_SEEN = 3
_LEAST_SHARE = 0.0005
_FEW_CONTENTS = 4
_MOST_TREE_LINES = 50_000
_MOST_EXACT = 500
# In a log this small a prompt seen once still deserves its name.
_FEW_PROMPTS = 50
_RELATED = 0.5
_COMMON_TO_ALL = 50
_PATIENCE = 4
_USUAL_LINE = 120


UnitOf = Callable[[str], str | None]


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was learnt of one application's prompts.

    Attributes:
        constant: Lines that stay, word for word, and forms of lines in which something changes.
        branches: Of the `WordTree` that gives a line its form.
        forgotten: Marks of lines that stayed, in requests that were since deleted.
    """

    constant: frozenset[str] = frozenset()
    branches: dict[str, dict[str, int]] = {}
    forgotten: frozenset[str] = frozenset()

    def reader(self, earlier: UnitOf | None = None, *, learning: bool = False) -> UnitOf:
        """
        What a line is here: itself, its form, or None for what may be anything.

        Args:
            earlier: Asked for lines that are nothing here: what was learnt before.
            learning: What was forgotten may be learnt again; else it is a line of no template.
        """
        constant, tree = self.constant, WordTree(self.branches)
        forgotten = frozenset() if learning else self.forgotten

        def unit_of(line: str) -> str | None:
            if line in constant:
                return line
            line = canonical(line)
            if line in constant:
                return line
            form = tree.form(line)
            if form in constant:
                return form
            if forgotten and not forgotten.isdisjoint((mark_of(line), mark_of(form))):
                return mark_of(line)
            return earlier(line) if earlier is not None else None

        return unit_of


def mark_of(line: str) -> str:
    """
    What is kept of a line whose text must not be; no line reads like it.

    >>> mark_of("Be brief.") == mark_of("Be brief."), "brief" in mark_of("Be brief.")
    (True, False)
    """
    digest = hashlib.blake2b(line.encode("utf-8", "backslashreplace"), digest_size=8)
    return "\0" + digest.hexdigest()


class Text(msgspec.Struct, frozen=True):
    """One distinct prompt of the sample."""

    rest: str
    text: str
    weight: int
    opening: str = ""


def learn_app(
    app: str, texts: Sequence[Text], *, earlier: UnitOf | None = None
) -> tuple[Lines, tuple[Template, ...]]:
    """
    Learn one application's templates in two passes over the sample's distinct prompts.

    The first counts lines; the second reads each prompt as the frequent ones among them. Frequent
    lines that are only values of a slot are taken out in between, and lines that are rare as they
    stand are read as a form with stars, so that a prompt on one line is read as well.

    Args:
        app: Whose prompts they are.
        texts: Distinct prompts with their weights.
        earlier: How lines were read before; what it knows is not learnt again.
    """
    rows = [(text, [canonical(line) for line in lines_of(text.text)]) for text in texts]
    frequent = _frequent(rows)
    if earlier is not None:
        frequent = {line for line in frequent if earlier(line) is None}
    frequent -= _values(rows, Lines(constant=frozenset(frequent)).reader(earlier))
    alone = {lines[0] for _, lines in rows if len(lines) == 1}
    tree = grow(_rare_lines(rows, frequent - alone))
    frequent -= _better_as_form(alone & frequent, tree)
    forms = _frequent_forms(rows, frequent, tree)
    learnt = Lines(constant=frozenset(frequent | forms), branches=tree.branches)
    values = _values(rows, learnt.reader(earlier))
    learnt = Lines(constant=learnt.constant - values, branches=tree.branches)
    for _ in range(_PATIENCE):
        groups = _grouped(rows, learnt.reader(earlier))
        promoted = {line for group in groups.values() for line in group.not_slots()}
        promoted -= learnt.constant
        if not promoted:
            break
        learnt = Lines(constant=learnt.constant | promoted, branches=tree.branches)
    return learnt, _with_relatives(_templates(app, groups))


def _values(rows: Iterable[tuple[Text, list[str]]], unit_of: UnitOf) -> set[str]:

    def read(lines: Iterable[str]) -> Iterable[str | None]:
        for line in lines:
            unit = unit_of(line)
            # A paragraph on one line is as much of a document as the same on several.
            yield from (unit,) if unit is not None else (None,) * (1 + len(line) // _USUAL_LINE)

    return slot_values(
        Sequenced((text.rest, text.opening), tuple(read(lines)), text.weight)
        for text, lines in rows
    )


def _frequent(rows: Iterable[tuple[Text, list[str]]]) -> set[str]:
    counts: Counter[str] = Counter()
    whole = 0
    for text, lines in rows:
        whole += text.weight
        for line in set(lines):
            counts[line] += text.weight
    least = max(_LEAST_SEEN, math.ceil(_LEAST_SHARE * whole))
    return {line for line, count in counts.items() if count >= least}


def _better_as_form(lines: Iterable[str], tree: WordTree) -> set[str]:
    """Whole prompts on one line that are one prompt with values in it, however often each came."""
    having: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        form = tree.form(line)
        if form and form != line:
            having[form].add(line)
    return {line for same in having.values() for line in same}


def _rare_lines(rows: Iterable[tuple[Text, list[str]]], frequent: set[str]) -> list[str]:
    rare: dict[str, None] = {}
    for _, lines in rows:
        for line in lines:
            if line not in frequent:
                rare[line] = None
                if len(rare) >= _MOST_TREE_LINES:
                    return list(rare)
    return list(rare)


def _frequent_forms(
    rows: Iterable[tuple[Text, list[str]]], frequent: set[str], tree: WordTree
) -> set[str]:
    """Forms that several different lines have: one alone would only be that line again."""
    having: defaultdict[str, set[str]] = defaultdict(set)
    counts: Counter[str] = Counter()
    for text, lines in rows:
        for line in set(lines) - frequent:
            form = tree.form(line)
            if form:
                counts[form] += text.weight
                if len(having[form]) < _LEAST_SEEN:
                    having[form].add(line)
    return {form for form, lines in having.items() if len(lines) >= _LEAST_SEEN}


class _Group:
    """Prompts that read the same: how many, where they have gaps, and what stands in them."""

    def __init__(self) -> None:
        self.seen = 0
        self.gaps: dict[int, int] = {}
        self.exact = False
        self.contents: dict[tuple[str, ...], str] = {}

    def add(self, text: Text, gaps: Mapping[int, int], content: tuple[str, ...]) -> None:
        self.seen += text.weight
        for place, lines in gaps.items():
            self.gaps[place] = max(lines, self.gaps.get(place, 0))
        if len(self.contents) < _FEW_CONTENTS:
            self.contents[content] = text.text

    def not_slots(self) -> Iterable[str]:
        """Lines in gaps that hold too few different things to be called a slot."""
        few = len(self.contents) < _FEW_CONTENTS
        if self.gaps and few and self.seen >= _LEAST_SEEN * len(self.contents):
            for content in self.contents:
                yield from content


_Groups = dict[tuple[str, str, tuple[str, ...]], _Group]


def _grouped(rows: Iterable[tuple[Text, list[str]]], unit_of: UnitOf) -> _Groups:
    groups: _Groups = {}
    for text, lines in rows:
        units, gaps = skeleton(lines, unit_of)
        content = tuple(line for line in lines if unit_of(line) is None) if gaps else ()
        key = text.rest, text.opening, units or ("\n".join(lines),)
        group = groups.setdefault(key, _Group())
        group.add(text, gaps, content if units else ())
        group.exact = not units and bool(lines)
    return groups


def _templates(
    app: str, groups: Mapping[tuple[str, str, tuple[str, ...]], _Group]
) -> list[Template]:
    found = []
    exact = 0
    order = sorted(groups.items(), key=lambda item: (-item[1].seen, item[0]))
    for (rest, opening, units), group in order:
        exact += group.exact
        if group.gaps and not group.exact and len(group.contents) < _FEW_CONTENTS:
            # Too few were seen to say that anything may stand there.
            continue
        if group.exact and (
            exact > _MOST_EXACT or (group.seen == 1 and len(groups) > _FEW_PROMPTS)
        ):
            continue
        gaps = tuple(sorted(group.gaps))
        written = units[0] if group.exact else "\n".join((repr(gaps), *units))
        found.append(
            Template(
                key=template_key(app, rest, written, opening=opening),
                app=app,
                rest=rest,
                units=units,
                gaps=() if group.exact else gaps,
                rooms=() if group.exact else tuple(group.gaps[place] for place in gaps),
                exact=group.exact,
                opening=opening,
                seen=group.seen,
            )
        )
    return found


def _with_relatives(templates: Sequence[Template]) -> tuple[Template, ...]:
    """Each with the most frequent earlier one that it shares half of its lines with."""
    holding: defaultdict[str, list[int]] = defaultdict(list)
    found = []
    for place, template in enumerate(templates):
        shared: Counter[int] = Counter()
        for unit in set(template.units):
            if len(holding[unit]) < _COMMON_TO_ALL:
                shared.update(holding[unit])
                holding[unit].append(place)
        related = best_relative(
            template.units, {templates[other].key: templates[other].units for other in shared}
        )
        found.append(msgspec.structs.replace(template, related=related))
    return tuple(found)


def best_relative(units: Sequence[str], others: Mapping[str, Sequence[str]]) -> str:
    """
    The key of the template with the most lines in common, at least half of all; else empty.

    >>> best_relative(("a", "b", "c"), {"k1": ("a", "b"), "k2": ("x",)})
    'k1'
    """
    mine = set(units)
    best, key = _RELATED, ""
    for other, theirs in others.items():
        likeness = len(mine & set(theirs)) / len(mine | set(theirs)) if mine else 0.0
        if likeness > best or (likeness == best and not key):
            best, key = likeness, other
    return key
