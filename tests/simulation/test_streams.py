"""What breaks the rule's promise, and how drawing the cases our way mends it. Seeded streams."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from suffice.statistics.walk import Rule, edges

Streams = NDArray[np.bool_]
RUNS, PAIRS = 2000, 600


def wrong_switches(agrees: Streams) -> float:
    """Share of streams, all on the floor in the long run, that the rule switches."""
    pairs = agrees.shape[1]
    disagreed = (~agrees).cumsum(axis=1)
    at = [edges(Rule()).at(n) for n in range(1, pairs + 1)]
    most, fewest = (np.array(column) for column in zip(*at, strict=True))
    switch, keep = disagreed <= most, disagreed >= fewest
    first_switch = np.where(switch.any(axis=1), switch.argmax(axis=1), pairs)
    first_keep = np.where(keep.any(axis=1), keep.argmax(axis=1), pairs)
    wrong: Streams = first_switch < first_keep
    return int(np.count_nonzero(wrong)) / len(wrong)


def clusters(size: int, icc: float) -> tuple[Streams, Streams]:
    """Streams of near-duplicates at 90 % agreement, and the first of each cluster alone."""
    dice = np.random.default_rng(size)
    strength = 1 / icc - 1
    chance = dice.beta(0.9 * strength, 0.1 * strength, (RUNS, PAIRS))
    together = np.repeat(chance[:, : PAIRS // size], size, axis=1)
    return dice.random(together.shape) < together, dice.random(chance.shape) < chance


def within(share: float) -> float:
    """At most alpha, but for three standard errors of the simulation."""
    return share + 3 * float((share * (1 - share) / RUNS) ** 0.5)


def test_independent_pairs_keep_the_promise() -> None:
    agrees = np.random.default_rng(0).random((RUNS, PAIRS)) < 0.90

    assert wrong_switches(agrees) <= within(0.05)


@pytest.mark.parametrize(
    ("size", "icc", "wrong"), [(5, 0.2, 0.14), (5, 0.8, 0.38), (20, 0.2, 0.38), (20, 0.5, 0.57)]
)
def test_near_duplicates_break_it_and_one_of_each_mends_it(
    size: int, icc: float, wrong: float
) -> None:
    all_of_them, one_of_each = clusters(size, icc)

    assert wrong_switches(all_of_them) == pytest.approx(wrong, abs=0.03)
    assert wrong_switches(one_of_each) <= within(0.05)


def test_the_order_of_time_breaks_it_and_shuffling_mends_it() -> None:
    """The first half agrees in 97 %, the second in 83 %: 90 % altogether."""
    dice = np.random.default_rng(7)
    chance = np.where(np.arange(PAIRS) < PAIRS / 2, 0.97, 0.83)
    in_time = dice.random((RUNS, PAIRS)) < chance

    assert wrong_switches(in_time) > 0.95
    assert wrong_switches(dice.permuted(in_time, axis=1)) <= within(0.05)


@pytest.mark.large
def test_at_full_size_independent_pairs_switch_as_often_as_computed() -> None:
    agrees = np.random.default_rng(1).random((40_000, 2000)) < 0.90

    assert wrong_switches(agrees) == pytest.approx(0.0414, abs=0.003)
