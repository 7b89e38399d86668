"""The sequential rule: where it stops, how long it takes, how much is missing."""

from __future__ import annotations

import numpy as np
import pytest

from suffice.statistics.walk import (
    Rule,
    course,
    edges,
    pairs_to_settle,
    pairs_to_settle_difference,
)


@pytest.mark.parametrize(
    ("truth", "pairs", "switch"),
    [
        (0.85, 57, 0.001),
        (0.90, 164, 0.041),
        (0.93, 309, 0.62),
        (0.95, 179, 0.968),
        (0.97, 94, 0.996),
        (0.99, 58, 1.000),
    ],
)
def test_the_rule_takes_the_published_time_and_has_the_published_power(
    truth: float, pairs: int, switch: float
) -> None:
    found = course(Rule(), truth)

    assert found.expected_pairs == pytest.approx(pairs, abs=1)
    assert found.switch == pytest.approx(switch, abs=0.0015)


@pytest.mark.parametrize(("truth", "switch"), [(0.90, 0.041), (0.93, 0.54), (0.95, 0.958)])
def test_with_a_cap_of_600_pairs_it_keeps_its_power(truth: float, switch: float) -> None:
    assert course(Rule(), truth, cap=600).switch == pytest.approx(switch, abs=0.004)


def test_the_walk_adds_up_to_certainty() -> None:
    found = course(Rule(), 0.93, cap=200)

    assert found.switch + found.keep + found.undecided == pytest.approx(1.0)


def test_the_walk_is_what_simulated_streams_do() -> None:
    """4,000 seeded streams, judged within four standard errors."""
    streams = np.random.default_rng(11).random((4000, 300)) < 0.93
    rule, switched = Rule(), 0
    at = [edges(rule).at(n) for n in range(301)]
    for stream in (~streams).cumsum(axis=1).tolist():
        for n, disagreed in enumerate(stream, start=1):
            if disagreed <= at[n][0] or disagreed >= at[n][1]:
                switched += disagreed <= at[n][0]
                break

    exact = course(rule, 0.93, cap=300).switch

    assert switched / 4000 == pytest.approx(exact, abs=4 * (exact * (1 - exact) / 4000) ** 0.5)


@pytest.mark.parametrize(("disagreed", "last"), [(5, 19), (6, 27), (8, 48), (10, 72)])
def test_it_keeps_after_so_many_disagreements_among_so_few_pairs(disagreed: int, last: int) -> None:
    rule = Rule()

    assert rule.keeps(last - disagreed, disagreed)
    assert not rule.keeps(last + 1 - disagreed, disagreed)


@pytest.mark.parametrize(("agreed", "disagreed", "more"), [(48, 2, 80), (93, 7, 164)])
def test_about_how_many_more_is_the_published_median(
    agreed: int, disagreed: int, more: int
) -> None:
    assert pairs_to_settle(Rule(), agreed, disagreed) == more


def test_about_how_many_more_is_what_simulated_futures_take() -> None:
    """The median of 2,000 futures drawn from the posterior, to a tenth."""
    dice = np.random.default_rng(3)
    rule, lengths = Rule(), []
    at = [edges(rule).at(n) for n in range(1051)]
    for chance in dice.beta(49, 3, size=2000):
        disagreed = 2 + (dice.random(1000) >= chance).cumsum()
        over = (
            n + 1
            for n, f in enumerate(disagreed.tolist())
            if f <= at[51 + n][0] or f >= at[51 + n][1]
        )
        lengths.append(next(over, 1000))

    assert np.median(lengths) == pytest.approx(80, rel=0.1)


def test_what_is_settled_needs_no_more() -> None:
    assert pairs_to_settle(Rule(), 47, 0) == 0
    assert pairs_to_settle(Rule(), 14, 5) == 0


def test_half_the_zone_costs_about_four_times_the_pairs() -> None:
    wide = course(Rule(0.90, 0.95), 0.95).expected_pairs

    narrow = course(Rule(0.925, 0.95), 0.95).expected_pairs

    assert 3 < narrow / wide < 5


@pytest.mark.parametrize(("truth", "pairs"), [(0.99, 142), (0.98, 250), (0.97, 408)])
def test_proving_95_percent_takes_between_142_and_408_pairs(truth: float, pairs: int) -> None:
    found = course(Rule(0.95, 0.98), truth)

    assert found.expected_pairs == pytest.approx(pairs, abs=1)


def test_a_difference_settles_when_half_of_its_futures_do() -> None:
    """2,000 normal futures at the number foretold: between two fifths and three fifths settle."""
    more = pairs_to_settle_difference(
        0.0, 0.25, pairs=100, widths=(0.05, 0.05), limits=(-0.03, -0.03)
    )
    assert more is not None
    dice = np.random.default_rng(9)
    truths = dice.normal(0.0, 0.25 / 10, size=2000)
    means = more * dice.normal(truths, 0.25 / more**0.5) / (100 + more)
    width = 0.05 * (100 / (100 + more)) ** 0.5

    settled = (means - width >= -0.03) | (means + width < -0.03)

    assert 0.45 < settled.mean() < 0.55


def test_what_no_number_of_pairs_settles_has_no_number() -> None:
    hopeless = pairs_to_settle_difference(
        -0.5, 1.0, pairs=3, widths=(0.9, 0.9), limits=(-0.5, -10.0)
    )

    assert hopeless is None
