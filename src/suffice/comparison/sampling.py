"""Which cases of a type are asked, and in which order: shuffled, independent, pilot held out."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Any

import msgspec

from suffice.comparison.near_duplicates import NearDuplicates
from suffice.records import Case

PILOT_CASES = 60
RARE_CLASS_CASES = 31
RARE_CLASS_SHARE = 0.01
_PILOT_SHARE = _HELD_OUT_SHARE = 3
_ASIDE = b"held out"
_SPARE = 20
EXTRA_CLASS = "extra_class"
"""In a case's ``meta``: it was drawn for this class's gate, and must feed nothing else."""

LabelOf = Callable[[Case], str | None]
"""The class a case belongs to, where that is known before anybody is asked."""


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """
    Cases passed over while drawing, and why. They are reported, never hidden.

    Attributes:
        same_group: Another case of their session or customer was drawn.
        near_duplicates: Another case says nearly the same.
        not_drawn: Enough were drawn before these were looked at.
    """

    same_group: int = 0
    near_duplicates: int = 0
    not_drawn: int = 0


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """
    The cases of one type in the order they are asked, by id.

    Attributes:
        pilot: Asked of the baseline twice, for the noise floor; they are in no other list.
        main: A simple random sample, which alone feeds the verdict, in its fixed order.
        extra: Class -> cases drawn for that class's gate and for nothing else.
        held_out: Set aside before all others, for a later run: nobody is asked them in this one.
    """

    pilot: tuple[str, ...] = ()
    main: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = {}
    left_out: LeftOut = LeftOut()
    held_out: tuple[str, ...] = ()


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """
    How many cases a type needs.

    Attributes:
        main: At most so many pairs are counted; a few spare cases stand in for lost answers.
        pilot: Held out for the noise floor; never more than a third of what there is.
        per_class: Cases a rare class's gate may need beyond the main sample's; 0: no extra draws.
        critical_classes: Classes that get extra draws however rare they are.
        held_out: Set aside for a later run; never more than a third of what there is.
    """

    main: int = 600
    pilot: int = PILOT_CASES
    per_class: int = RARE_CLASS_CASES
    critical_classes: frozenset[str] = frozenset()
    held_out: int = 0


def draw(
    cases: Sequence[Case],
    *,
    dice: random.Random,
    wanted: Wanted,
    label_of: LabelOf | None = None,
) -> Draw:
    """
    Draw the cases of one type at random, so that each counts as independent of the others.

    At most one case per ``group``, none that nearly repeats another (`NearDuplicates`).

    Args:
        cases: All cases of one type.
        dice: Decides the order; the same dice and cases give the same draw.
        wanted: How many.
        label_of: Known classes (a reference, the baseline's recorded answer); None: no extra
            draws.

    Source:
        Why: clusters of five near-duplicates turn a 5 % risk of a wrong Switch into 14-45 %,
        time order into 99 %.
    """
    order = [case for case in cases if EXTRA_CLASS not in case.meta]
    dice.shuffle(order)
    stream = _Independent(order)
    aside = _set_aside(order, stream, wanted.held_out)
    order = [case for case in order if case.id not in aside]
    stream.of(order)
    pool = wanted.main + _SPARE + wanted.pilot
    drawn = list(islice(stream, pool))
    pilot = min(wanted.pilot, len(drawn) // _PILOT_SHARE)
    main = drawn[pilot : pilot + wanted.main + _SPARE]
    extra = {} if label_of is None else _extra_draws(main, stream, label_of, wanted)
    looked_at = len(drawn) + stream.same_group + stream.near_duplicates
    looked_at += sum(len(found) for found in extra.values()) + stream.passed_by
    left_out = LeftOut(
        same_group=stream.same_group,
        near_duplicates=stream.near_duplicates,
        not_drawn=len(order) - looked_at + stream.passed_by,
    )
    marked = _marked(cases, stream)
    return Draw(
        pilot=tuple(case.id for case in drawn[:pilot]),
        main=tuple(case.id for case in main),
        extra={
            label: (*extra.get(label, ()), *marked.get(label, ())) for label in {**extra, **marked}
        },
        left_out=left_out,
        held_out=aside,
    )


def _set_aside(order: Sequence[Case], stream: _Independent, most: int) -> tuple[str, ...]:
    """
    Cases for a later run, by a hash of their ids: the same ones whatever the dice.

    They are drawn first, so that nothing that depends on one of them is compared.
    """
    by_hash = sorted(order, key=lambda case: aside_place(case.type, case.id))
    drawn = islice(stream.of(by_hash), min(most, len(order) // _HELD_OUT_SHARE))
    aside = tuple(case.id for case in drawn)
    stream.same_group = stream.near_duplicates = 0  # what was passed over is looked at again
    return aside


def aside_place(request_type: str, case_id: str) -> bytes:
    """
    Where a case stands among those of its type that may be set aside; the first ones are.

    It depends on nothing but the names, so that the same cases are set aside by a run with other
    dice, and nearly the same ones as a file grows.

    >>> aside_place("triage", "t-1") == aside_place("triage", "t-1")
    True
    """
    return blake2b(f"{request_type}\0{case_id}".encode(), digest_size=8, key=_ASIDE).digest()


def asked_text(request: Mapping[str, Any]) -> str:
    """
    The words of a request that a caller wrote: all message texts, without the system prompt.

    >>> asked_text({"system": "Be brief.", "messages": [{"role": "user", "content": "Hi"}]})
    'Hi'
    """
    texts = []
    for message in request.get("messages") or ():
        content = message.get("content") or ""
        if isinstance(content, str):
            texts.append(content)
        else:
            texts += [str(block["text"]) for block in content if "text" in block]
    return "\n".join(texts)


class _Independent:
    """The cases in order, without those that depend on an earlier one."""

    def __init__(self, order: Sequence[Case]) -> None:
        self._order = iter(order)
        self._texts = NearDuplicates([asked_text(case.request) for case in order[:400]])
        self._groups: set[str] = set()
        self.same_group = self.near_duplicates = self.passed_by = 0

    def of(self, more: Sequence[Case]) -> Iterator[Case]:
        """Those of further cases that depend on none before."""
        self._order = iter(more)
        return self

    def __iter__(self) -> Iterator[Case]:
        return self

    def __next__(self) -> Case:
        for case in self._order:
            if case.group is not None and case.group in self._groups:
                self.same_group += 1
            elif not self._texts.is_new(asked_text(case.request)):
                self.near_duplicates += 1
            else:
                if case.group is not None:
                    self._groups.add(case.group)
                return case
        raise StopIteration


def _marked(cases: Sequence[Case], stream: _Independent) -> dict[str, list[str]]:
    """Cases that whoever made the file drew for a class, by that class."""
    found: dict[str, list[str]] = {}
    for case in stream.of([case for case in cases if EXTRA_CLASS in case.meta]):
        found.setdefault(str(case.meta[EXTRA_CLASS]), []).append(case.id)
    return found


def _extra_draws(
    main: Sequence[Case], stream: _Independent, label_of: LabelOf, wanted: Wanted
) -> dict[str, tuple[str, ...]]:
    """Further independent cases of classes the main sample holds too few of."""
    if not wanted.per_class:
        return {}
    seen: dict[str, int] = {}
    for case in main:
        label = label_of(case)
        if label is not None:
            seen[label] = seen.get(label, 0) + 1
    least = RARE_CLASS_SHARE * sum(seen.values())
    gated = {label for label, count in seen.items() if count >= least} | wanted.critical_classes
    short = {
        label: wanted.per_class - seen.get(label, 0)
        for label in sorted(gated)
        if seen.get(label, 0) < wanted.per_class
    }
    found: dict[str, list[str]] = {label: [] for label in short}
    for case in stream if short else ():
        label = label_of(case)
        if label in found and len(found[label]) < short[label]:
            found[label].append(case.id)
        else:
            stream.passed_by += 1
        if all(len(found[label]) == short[label] for label in short):
            break
    return {label: tuple(ids) for label, ids in found.items() if ids}
