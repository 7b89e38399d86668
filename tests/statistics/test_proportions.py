"""Fixed-n bounds of a pass rate, against scipy's own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from suffice.statistics.proportions import (
    clopper_pearson_lower,
    clopper_pearson_upper,
    even_split_p_value,
    wilson_interval,
)

COUNTS = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=50, deadline=None)
@given(COUNTS)
def test_the_exact_bounds_are_those_of_scipy(counts: tuple[int, int]) -> None:
    passed, graded = counts
    theirs = binomtest(passed, graded).proportion_ci(confidence_level=0.90, method="exact")

    assert clopper_pearson_lower(passed, graded, alpha=0.05) == pytest.approx(theirs.low)
    assert clopper_pearson_upper(passed, graded, alpha=0.05) == pytest.approx(theirs.high)


@settings(max_examples=50, deadline=None)
@given(COUNTS)
def test_the_display_interval_is_wilsons(counts: tuple[int, int]) -> None:
    theirs = binomtest(*counts).proportion_ci(confidence_level=0.95, method="wilson")

    low, high = wilson_interval(*counts)

    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40))
def test_an_even_split_is_tested_exactly(left: int, right: int) -> None:
    theirs = binomtest(left, left + right).pvalue if left + right else 1.0

    assert even_split_p_value(left, right) == pytest.approx(theirs)


@pytest.mark.parametrize(("failed", "needed"), [(0, 59), (1, 93), (2, 124), (3, 153)])
def test_proving_95_percent_takes_more_than_fifty_cases(failed: int, needed: int) -> None:
    first = next(n for n in range(failed + 1, 400) if clopper_pearson_lower(n - failed, n) >= 0.95)

    assert first == needed


def test_counts_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="5 of 4 answers passed"):
        clopper_pearson_lower(5, 4)
