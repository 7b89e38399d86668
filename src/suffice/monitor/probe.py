"""
Has the provider changed a model? Its newest answers against its own earlier ones.

Two looks are taken at each probe, each an exact test by exchange (`newest_p_value`): the newest
answers against all before, which sees a large change at once, and the latest four against the
first four, which sees a small one within a month however early it came. Both share the probe's
level, and a year's probes share the year's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from suffice.records.held_out import Arm, Probe
from suffice.statistics.exchangeability import Floats, newest_p_value
from suffice.statistics.spending import WEEKLY

T = TypeVar("T")

ALPHA_A_YEAR = 0.05
"""Chance of a false alarm in a year, for each type and model."""

LATEST = FIRST = 4
"""The second look holds so many of the latest against so many of the first answers."""

MOST_ANSWERS = 16
"""Of a case's answers the first four and the latest twelve are looked at: more tell little more,
and each is compared with each."""

_LOOKS = 2
_LEAST_ANSWERS = 3


class Asked(NamedTuple):
    """
    Whose answers are looked at.

    Attributes:
        type: The request type.
        arm: Whose part the model plays.
        model: Its name.
        share: Of a year's chance, as `suffice.statistics.spending` gives it out.
    """

    type: str
    arm: Arm
    model: str
    share: float = WEEKLY.holds


def looked_at(answers: Sequence[T]) -> list[T]:
    """
    Of a case's answers, oldest first, those that are compared.

    The first ones always are: a reference that moved along with a model would never see it drift.

    >>> looked_at(range(20))
    [0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]
    """
    if len(answers) <= MOST_ANSWERS:
        return list(answers)
    return [*answers[:FIRST], *answers[FIRST - MOST_ANSWERS :]]


def probe(cases: Sequence[Floats], asked: Asked) -> Probe:
    """
    Hold a model's newest answers against its earlier ones.

    False alarms come in at most `ALPHA_A_YEAR` of years in which the model does not change: each
    look is exact at its share of it, and chances of several looks at most add up.

    Args:
        cases: For each case with a new answer the likeness of every two of the model's answers
            to it, oldest first, the new one last; shape (m, m), each in [0, 1], symmetric. At
            most one case of a session or customer: cases count as independent of each other.
        asked: Whose they are.

    Source:
        Exact tests by exchange: see `newest_p_value`; the rest is a union bound.

    >>> odd = np.ones((3, 3))
    >>> odd[2, :2] = odd[:2, 2] = 0
    >>> found = probe([np.ones((3, 3))] * 90 + [odd] * 10, Asked("triage", Arm.BASELINE, "m"))
    >>> found.moved, round(found.p_value, 6), round(found.level, 6)
    (True, 3.4e-05, 0.000962)
    """
    # Where there is but one earlier answer, nothing shows how much the model varies by itself.
    told = [one for one in cases if len(one) >= _LEAST_ANSWERS]
    told = told or [one for one in cases if len(one) > 1]
    level = ALPHA_A_YEAR * asked.share
    most = max((len(one) for one in told), default=0)
    agreement = [float(one[-1, :-1].mean()) for one in told]
    before = [_among(one[:-1, :-1]) for one in told if most >= _LEAST_ANSWERS]
    p_value = _p_value(told) if most >= _LEAST_ANSWERS else None
    found = Probe(
        type=asked.type,
        arm=asked.arm,
        model=asked.model,
        cases=len(told),
        answers=most,
        agreement=_mean(agreement),
        before=_mean(before),
        before_cases=len(before),
        p_value=p_value,
        level=level,
        moved=p_value is not None and p_value <= level,
    )
    return _told(found)


def _p_value(cases: Sequence[Floats]) -> float:
    """The smaller of the two looks' chances, for both of them."""
    ends = [_ends(one) for one in cases if len(one) > LATEST]
    smallest = min(newest_p_value(cases), newest_p_value(ends, newest=LATEST))
    return min(1.0, _LOOKS * smallest)


def _ends(likeness: Floats) -> Floats:
    """The first answers and the latest, without those between."""
    count = len(likeness)
    first = min(FIRST, count - LATEST)
    places = [*range(first), *range(count - LATEST, count)]
    return likeness[np.ix_(places, places)]


def _among(likeness: Floats) -> float:
    """Mean likeness of two different answers."""
    count = len(likeness)
    return float((likeness.sum() - np.trace(likeness)) / (count * (count - 1)))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _told(found: Probe) -> Probe:
    text = f"{found.model} has no earlier answers to these cases yet"
    if found.agreement is not None and found.before is None:
        text = (
            f"{found.model} agrees {_percent(found.agreement)} with its one earlier answer to each "
            f"of {found.cases:,} cases; how much it varies by itself shows from the next time on"
        )
    elif found.agreement is not None and found.before is not None and found.p_value is not None:
        text = (
            f"{found.model} {'has changed' if found.moved else 'answers as before'}: its new "
            f"answers agree {_percent(found.agreement)} with its own earlier ones on "
            f"{found.cases:,} cases, those {_percent(found.before)} among themselves on "
            f"{found.before_cases:,}; {_chance(found)}"
        )
    return msgspec.structs.replace(found, sentence=f"{text}.")


def _chance(found: Probe) -> str:
    sign = "<=" if found.moved else ">"
    return f"by chance {found.p_value:.2g} {sign} {found.level:.2g}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
