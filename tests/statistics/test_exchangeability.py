"""Newest answers against earlier ones: the exact distribution, held against other ways to it."""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from suffice.errors import NotEnoughEvidence
from suffice.statistics.exchangeability import Floats, newest_p_value


def likeness(answers: list[int]) -> Floats:
    """Which of a case's answers are the same."""
    told = np.array(answers)
    return np.asarray(told[:, None] == told[None, :], dtype=np.float64)


def resemblance(matrix: Floats, chosen: tuple[int, ...]) -> float:
    rest = [one for one in range(len(matrix)) if one not in chosen]
    return float(matrix[np.ix_(list(chosen), rest)].mean())


def enumerated(matrices: list[Floats], newest: int) -> float:
    """Every choice in every case, all combinations of them, by hand."""
    ways = [list(combinations(range(len(one)), newest)) for one in matrices]
    sums = [
        sum(resemblance(one, way) for one, way in zip(matrices, chosen, strict=True))
        for chosen in product(*ways)
    ]
    seen = sums[-1]
    return sum(one <= seen + 1e-9 for one in sums) / len(sums)


@given(st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=5), min_size=1, max_size=4))
def test_one_newest_answer_has_the_chance_that_counting_all_orders_gives(
    answers: list[list[int]],
) -> None:
    """
    With means that are whole numbers of 120ths nothing is lost by rounding.
    """
    matrices = [likeness(one) for one in answers]

    assert newest_p_value(matrices) == pytest.approx(enumerated(matrices, 1))


@given(st.lists(st.lists(st.integers(0, 1), min_size=4, max_size=4), min_size=1, max_size=4))
def test_several_newest_answers_have_the_chance_that_counting_all_choices_gives(
    answers: list[list[int]],
) -> None:
    matrices = [likeness(one) for one in answers]

    assert newest_p_value(matrices, newest=2) == pytest.approx(enumerated(matrices, 2))


@given(st.integers(0, 30), st.integers(0, 30))
def test_with_three_answers_it_is_the_sign_test_of_who_stands_apart(odd: int, even: int) -> None:
    """
    Of three answers of which two agree, the odd one is the newest in one case of three.
    """
    newest_odd, first_odd = likeness([1, 1, 2]), likeness([2, 1, 1])

    found = newest_p_value([newest_odd] * odd + [first_odd] * even)

    assert found == pytest.approx(stats.binom.sf(odd - 1, odd + even, 1 / 3), rel=1e-9)


def test_answers_that_are_all_the_same_tell_nothing() -> None:
    assert newest_p_value([np.ones((5, 5))] * 100) == 1.0
    assert newest_p_value([]) == 1.0


def test_an_answer_without_earlier_ones_tells_nothing() -> None:
    assert newest_p_value([np.zeros((1, 1))] * 50) == 1.0


def test_graded_likeness_is_exact_as_well() -> None:
    """
    If nothing has changed, a p-value of a or less comes with a chance of at most a.
    """
    dice = np.random.default_rng(20)
    found = []
    for _ in range(1_500):
        cases = []
        for spread in np.linspace(0.0, 1.0, 12):
            told = dice.normal(scale=spread, size=6)
            cases.append(np.exp(-np.abs(told[:, None] - told[None, :])))
        found.append(newest_p_value(cases))

    for level in (0.01, 0.05, 0.2):
        seen = sum(p <= level for p in found)
        assert stats.binom.sf(seen - 1, len(found), level) > 1e-4
    assert np.mean(found) < 0.6  # and it is not merely careful


def test_more_choices_than_can_be_looked_at_are_refused() -> None:
    assert math.comb(30, 4) > 5_000

    with pytest.raises(NotEnoughEvidence, match="27,405 ways"):
        newest_p_value([np.eye(30)], newest=4)
