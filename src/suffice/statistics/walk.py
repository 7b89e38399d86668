"""The agreement rule as a walk over counts: when it stops, how long it takes, what is missing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from suffice.statistics.betting import log_evidence

_LONGEST = 20_000
_NEGLIGIBLE = 1e-9


@dataclass(frozen=True, slots=True)
class Rule:
    """
    The sequential rule on agreement.

    Attributes:
        floor: Agreement to be ruled out before Switch.
        target: Agreement to be ruled out before Keep, above ``floor``.
        alpha: Chance of a wrong Switch of this one decision.
        beta: Chance of a wrong Keep.
    """

    floor: float = 0.90
    target: float = 0.95
    alpha: float = 0.05
    beta: float = 0.05

    @property
    def share_up(self) -> float:
        """Where the target stands between the floor and 1."""
        return (self.target - self.floor) / (1 - self.floor)

    @property
    def share_down(self) -> float:
        """Where the floor stands between the target and 0."""
        return (self.target - self.floor) / self.target

    def log_for(self, agreed: float, disagreed: float) -> float:
        """Evidence against "agreement is at most the floor"."""
        return log_evidence(agreed, disagreed, null=self.floor, alternative=self.target)

    def log_against(self, agreed: float, disagreed: float) -> float:
        """Evidence against "agreement is at least the target"."""
        return log_evidence(disagreed, agreed, null=1 - self.target, alternative=1 - self.floor)

    def switches(self, agreed: float, disagreed: float) -> bool:
        """
        Whether the floor is ruled out.

        >>> Rule().switches(98, 2), Rule().switches(48, 2)
        (True, False)
        """
        return self.log_for(agreed, disagreed) >= -math.log(self.alpha)

    def keeps(self, agreed: float, disagreed: float) -> bool:
        """
        Whether the target is ruled out.

        >>> Rule().keeps(14, 5), Rule().keeps(15, 5)
        (True, False)
        """
        return self.log_against(agreed, disagreed) >= -math.log(self.beta)


class Edges:
    """The counts at which a rule stops, for every number of pairs; computed as far as asked."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._switch, self._keep = [-1], [1]

    def at(self, pairs: int) -> tuple[int, int]:
        """
        The most disagreements that still switch (-1: none), and the fewest that keep.

        >>> edges(Rule()).at(100)
        (3, 13)
        """
        # One more agreement can only help a Switch and hinder a Keep, so both edges only rise.
        while len(self._switch) <= pairs:
            n = len(self._switch)
            most = self._switch[-1]
            while most < n and self._rule.switches(n - most - 1, most + 1):
                most += 1
            fewest = self._keep[-1]
            while fewest <= n and not self._rule.keeps(n - fewest, fewest):
                fewest += 1
            self._switch.append(most)
            self._keep.append(fewest)
        return self._switch[pairs], self._keep[pairs]


@lru_cache(maxsize=64)
def edges(rule: Rule) -> Edges:
    """The edges of a rule, shared by all who ask for the same rule."""
    return Edges(rule)


@dataclass(frozen=True, slots=True)
class Course:
    """
    What becomes of a rule at one true agreement.

    Attributes:
        expected_pairs: Mean number of pairs until the rule stops or the cap is reached.
        switch: Chance of a Switch.
        keep: Chance of a proven Keep.
        undecided: Chance of neither by the cap.
    """

    expected_pairs: float
    switch: float
    keep: float
    undecided: float


def course(rule: Rule, agreement: float, *, cap: int = _LONGEST) -> Course:
    """
    Exactly what becomes of a rule if pairs agree independently with one chance.

    Args:
        rule: The rule, looked at after every pair.
        agreement: The truth, in [0, 1].
        cap: Most pairs.

    >>> usual = course(Rule(), 0.97, cap=600)
    >>> f"{usual.expected_pairs:.0f} pairs, {usual.switch:.3f}"
    '94 pairs, 0.996'
    """
    walk = _Walk(edges(rule), disagreed=0, pairs=0)
    expected = 0.0
    while walk.open and walk.pairs < cap and walk.undecided > _NEGLIGIBLE:
        expected += walk.undecided
        walk.step(lambda _agreed, _pairs: agreement)
    return Course(expected, walk.switch, walk.keep, walk.undecided)


def pairs_to_settle(rule: Rule, agreed: int, disagreed: int) -> int | None:
    """
    How many more pairs settle the question with a chance of one half, given what was seen.

    The median under the posterior predictive distribution of a Beta(agreed + 1, disagreed + 1),
    looked at after every pair, with no cap.

    Args:
        rule: The rule.
        agreed: Pairs so far that agree.
        disagreed: Pairs so far that do not.

    Returns:
        0 where the rule has already stopped; None beyond 20,000.

    >>> pairs_to_settle(Rule(), 48, 2), pairs_to_settle(Rule(), 93, 7)
    (80, 164)
    """
    if rule.switches(agreed, disagreed) or rule.keeps(agreed, disagreed):
        return 0
    seen = agreed + disagreed
    walk = _Walk(edges(rule), disagreed=disagreed, pairs=seen)
    while walk.pairs - seen < _LONGEST:
        walk.step(lambda agreed, pairs: (agreed + 1) / (pairs + 2))
        if walk.switch + walk.keep >= 1 / 2:
            return walk.pairs - seen
    return None


class _Walk:
    """Chances over the counts of disagreements that leave the question open."""

    def __init__(self, at: Edges, *, disagreed: int, pairs: int) -> None:
        self._edges = at
        self.pairs, self._least = pairs, disagreed
        self.open = [1.0]
        self.switch = self.keep = 0.0

    @property
    def undecided(self) -> float:
        return sum(self.open)

    def step(self, chance: Callable[[int, int], float]) -> None:
        """One more pair; ``chance(agreed, pairs)`` is how likely it agrees."""
        moved = [0.0] * (len(self.open) + 1)
        for i, mass in enumerate(self.open):
            agrees = mass * chance(self.pairs - self._least - i, self.pairs)
            moved[i] += agrees
            moved[i + 1] += mass - agrees
        self.pairs += 1
        most, fewest = self._edges.at(self.pairs)
        first = min(max(most + 1 - self._least, 0), len(moved))
        last = max(min(fewest - self._least, len(moved)), first)
        self.switch += sum(moved[:first])
        self.keep += sum(moved[last:])
        self.open, self._least = moved[first:last], self._least + first


def pairs_to_settle_difference(
    estimate: float,
    spread: float,
    *,
    pairs: int,
    widths: tuple[float, float],
    limits: tuple[float, float],
) -> int | None:
    """
    How many more pairs settle a difference with a chance of about one half.

    The bounds are taken to narrow with the square root of the number of pairs, and the estimate
    to wander as a normal posterior predictive says.

    Args:
        estimate: Of the difference so far.
        spread: Standard deviation of one pair's difference, positive.
        pairs: Seen so far, at least 1.
        widths: Estimate minus lower bound, upper bound minus estimate; both now.
        limits: What the lower and what the upper bound is held against.

    Returns:
        At least 1; None beyond a million.

    >>> pairs_to_settle_difference(
    ...     0.0, 0.25, pairs=100, widths=(0.05, 0.05), limits=(-0.03, -0.03))
    177
    """

    def settles(more: int) -> bool:
        total = pairs + more
        narrowed = math.sqrt(pairs / total)
        wander = spread * math.sqrt(more / (pairs * total))
        above = _normal_tail((limits[0] + widths[0] * narrowed - estimate) / wander)
        below = _normal_tail((estimate - limits[1] + widths[1] * narrowed) / wander)
        return above + below >= 1 / 2

    high = 1
    while not settles(high):
        high *= 2
        if high > 1_000_000:  # noqa: PLR2004
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if settles(middle) else (middle, high)
    return high


def _normal_tail(z: float) -> float:
    return math.erfc(z / math.sqrt(2)) / 2
