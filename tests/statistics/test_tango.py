"""The paired difference with a fixed number of cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from suffice.statistics.tango import (
    difference_band,
    difference_lower,
    difference_upper,
    non_inferiority_p_value,
    score_statistic,
    switch_chance,
)

COUNTS = st.integers(1, 400).flatmap(
    lambda n: st.integers(0, n).flatmap(
        lambda lost: st.tuples(st.just(lost), st.integers(0, n - lost), st.just(n))
    )
)


def by_brute_force(lost: int, won: int, cases: int, difference: float) -> float:
    """The score statistic with the constrained likelihood maximised numerically."""

    def minus_log_likelihood(share: float) -> float:
        terms = ((lost, share), (won, share + difference))
        both = 1 - 2 * share - difference
        return -sum(n * math.log(p) for n, p in (*terms, (cases - lost - won, both)) if n)

    low = max(0.0, -difference)
    best = minimize_scalar(
        minus_log_likelihood,
        bounds=(low + 1e-12, (1 - difference) / 2 - 1e-12),
        method="bounded",
        options={"xatol": 1e-12},
    ).x
    variance = 2 * best + difference - difference**2
    return float((won - lost - cases * difference) / math.sqrt(cases * variance))


@pytest.mark.parametrize(
    ("lost", "won", "cases", "difference"),
    [(34, 24, 974, -0.03), (7, 14, 171, -0.05), (11, 10, 234, -0.05), (3, 1, 20, 0.1)],
)
def test_the_statistic_is_that_of_a_numerical_maximum(
    lost: int, won: int, cases: int, difference: float
) -> None:
    ours = score_statistic(lost, won, cases, difference)

    assert ours == pytest.approx(by_brute_force(lost, won, cases, difference), abs=1e-5)


@given(COUNTS, st.sampled_from([0.05, 0.01, 0.001]), st.floats(0.01, 0.2))
def test_the_bound_reaches_the_margin_exactly_where_the_p_value_reaches_alpha(
    counts: tuple[int, int, int], alpha: float, margin: float
) -> None:
    p_value = non_inferiority_p_value(*counts, margin=margin)

    if abs(p_value - alpha) > 1e-8:
        assert (difference_lower(*counts, alpha=alpha) >= -margin) == (p_value <= alpha)


@given(COUNTS)
def test_the_bounds_hold_the_estimate_between_them_and_mirror_each_other(
    counts: tuple[int, int, int],
) -> None:
    lost, won, cases = counts

    lower = difference_lower(lost, won, cases, alpha=0.05)

    assert -1 <= lower <= (won - lost) / cases <= difference_upper(lost, won, cases, alpha=0.05)
    assert lower == -difference_upper(won, lost, cases, alpha=0.05)


@given(COUNTS)
def test_losing_one_more_case_never_raises_the_bound(counts: tuple[int, int, int]) -> None:
    lost, won, cases = counts
    if lost + won == cases:
        return

    now, then = (difference_lower(lost + more, won, cases, alpha=0.05) for more in (0, 1))

    assert then <= now + 1e-9


@given(st.lists(COUNTS, min_size=1, max_size=6))
def test_the_band_is_the_bound_at_each_count(counts: list[tuple[int, int, int]]) -> None:
    lost, won, cases = (np.array(column, dtype=np.float64) for column in zip(*counts, strict=True))

    band = difference_band(lost, won, cases, alpha=0.05)

    exact = [difference_lower(*each, alpha=0.05) for each in counts]
    assert all(-1e-9 <= one - two < 3e-4 for one, two in zip(exact, band.tolist(), strict=True))


def by_enumeration(cases: int, difference: float, discordant: float) -> float:
    """All outcomes of a small trial, one by one, with whole binomials."""
    lost_share, won_share = (discordant - difference) / 2, (discordant + difference) / 2
    total = 0.0
    for lost in range(cases + 1):
        for won in range(cases + 1 - lost):
            if non_inferiority_p_value(lost, won, cases, margin=0.1) <= 0.05:
                ways = math.comb(cases, lost) * math.comb(cases - lost, won)
                rest = (1 - discordant) ** (cases - lost - won)
                total += ways * lost_share**lost * won_share**won * rest
    return total


@pytest.mark.parametrize(("difference", "discordant"), [(-0.1, 0.1), (-0.1, 0.3), (0.0, 0.2)])
def test_the_chance_of_a_switch_is_the_sum_over_all_outcomes(
    difference: float, discordant: float
) -> None:
    ours = switch_chance(40, difference=difference, discordant=discordant, margin=0.1, alpha=0.05)

    assert ours == pytest.approx(by_enumeration(40, difference, discordant), abs=1e-9)


@pytest.mark.parametrize("discordant", [0.03, 0.035, 0.04, 0.06, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("cases", [88, 99, 150, 300, 974])
def test_a_wrong_switch_at_the_margin_stays_near_its_promise(cases: int, discordant: float) -> None:
    """Exactly 5 % or less where nothing can be won; elsewhere within the score test's own 0.4 %."""
    wrong = switch_chance(cases, difference=-0.03, discordant=discordant, margin=0.03, alpha=0.05)

    assert wrong <= (0.05 if discordant == 0.03 else 0.0541)


def test_where_nothing_was_won_the_exact_bound_stands() -> None:
    assert difference_lower(0, 0, 98, alpha=0.05) < -0.03 <= difference_lower(0, 0, 99, alpha=0.05)
