"""Evidence from counts and from graded scores, against slower ways to the same number."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from suffice.statistics.betting import (
    DIFFERENCE_BETS,
    graded_bets,
    log_evidence,
    log_evidence_many,
    log_uniform_evidence,
    log_wealth,
    tally,
)

COUNTS = st.tuples(st.integers(0, 300), st.integers(0, 60))


def exact_evidence(agreed: int, disagreed: int, null: Fraction, alternative: Fraction) -> Fraction:
    """The mixture in whole fractions: the tail integral of a polynomial, term by term."""
    spread = sum(
        Fraction(math.comb(disagreed, k) * (-1) ** k, agreed + k + 1)
        * (1 - null ** (agreed + k + 1))
        for k in range(disagreed + 1)
    ) / (1 - null)
    under_null = null**agreed * (1 - null) ** disagreed
    point = alternative**agreed * (1 - alternative) ** disagreed
    return (spread + point) / under_null / 2


@pytest.mark.parametrize(("agreed", "disagreed"), [(0, 0), (47, 0), (98, 2), (14, 5), (280, 20)])
def test_the_evidence_of_counts_is_that_of_exact_fractions(agreed: int, disagreed: int) -> None:
    exact = exact_evidence(agreed, disagreed, Fraction(9, 10), Fraction(19, 20))

    ours = log_evidence(agreed, disagreed, null=0.90, alternative=0.95)

    assert ours == pytest.approx(math.log(exact), abs=1e-9)


def test_the_spread_half_is_the_mean_of_all_likelihood_ratios_above_the_null() -> None:
    def ratio(share: float) -> float:
        return float((share / 0.8) ** 30 * ((1 - share) / 0.2) ** 2)

    integral, _ = quad(ratio, 0.8, 1.0)

    assert log_uniform_evidence(30, 2, null=0.8) == pytest.approx(math.log(integral / 0.2))


@pytest.mark.parametrize(
    ("decisions", "points"),
    [(1, [47, 67, 85, 100, 115, 130, 145]), (5, [67, 90, 109, 127, 143, 158, 173])],
)
def test_it_switches_at_the_published_numbers_of_pairs(decisions: int, points: list[int]) -> None:
    needed = math.log(decisions / 0.05)

    first = [
        next(
            n
            for n in range(disagreed, 1000)
            if log_evidence(n - disagreed, disagreed, null=0.90, alternative=0.95) >= needed
        )
        for disagreed in range(7)
    ]

    assert first == points


@given(COUNTS)
def test_many_counts_at_once_give_what_each_gives_alone(counts: tuple[int, int]) -> None:
    agreed, disagreed = counts
    alone = log_evidence(agreed, disagreed, null=0.9, alternative=0.95)

    many = log_evidence_many(
        np.array([agreed + 0.0]), np.array([disagreed + 0.0]), null=np.array([0.9]), share=0.5
    )

    assert many[0] == pytest.approx(alone, abs=1e-8)


@given(COUNTS)
def test_graded_bets_on_zeros_and_ones_agree_with_the_counts(counts: tuple[int, int]) -> None:
    agreed, disagreed = counts
    scores, seen = np.array([0.0, 1.0]), np.array([disagreed + 0.0, agreed + 0.0])

    graded = log_wealth(scores, seen, null=0.9, bets=graded_bets(0.5))

    assert graded == pytest.approx(
        log_evidence(agreed, disagreed, null=0.9, alternative=0.95), abs=1e-4
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_evidence_does_not_depend_on_the_order_of_the_pairs(
    scores: list[float],
) -> None:
    shuffled = sorted(scores, reverse=True)

    one, other = (
        log_wealth(*tally(np.array(column)), null=0.7, bets=DIFFERENCE_BETS)
        for column in (scores, shuffled)
    )

    assert one == other


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.05, 0.95))
def test_a_mean_at_or_below_the_null_never_counts_as_evidence(
    scores: list[float], null: float
) -> None:
    column = np.array(scores) * min(1.0, null / max(float(np.mean(scores)), 1e-9))

    assert log_wealth(*tally(column), null=null, bets=DIFFERENCE_BETS) <= 1e-9


def test_one_bet_on_the_null_itself_is_fair() -> None:
    """Wealth after one pair, averaged over the null's own distribution, is exactly 1."""
    expected = sum(
        chance
        * math.exp(log_wealth(np.array([score]), np.array([1.0]), null=0.6, bets=graded_bets(0.5)))
        for score, chance in ((0.0, 0.4), (1.0, 0.6))
    )

    assert expected == pytest.approx(1.0)


def test_very_many_distinct_scores_are_rounded_down_and_never_up() -> None:
    scores = np.random.default_rng(5).random(5000)

    distinct, counts = tally(scores)

    assert len(distinct) <= 2049
    assert counts.sum() == 5000
    assert 0 <= scores.mean() - distinct @ counts / 5000 < 1 / 2048


def test_evidence_too_small_for_a_float_is_nothing_rather_than_an_error() -> None:
    assert log_uniform_evidence(0, 5000, null=0.9) == -math.inf
    assert log_evidence(0, 5000, null=0.9, alternative=0.95) < -1000
