"""Bounds that hold at every look."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.statistics.anytime import (
    agreement_band,
    agreement_lower,
    agreement_upper,
    mean_band,
    mean_lower,
    recall_lower,
    recall_upper,
)
from suffice.statistics.betting import DIFFERENCE_BETS, graded_bets, log_evidence, tally

PAIRS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
LIMITS = st.tuples(st.floats(0.5, 0.97), st.floats(0.1, 0.9))


@pytest.mark.parametrize(
    ("pairs", "disagreed", "bound"),
    [(50, 2, 0.837), (100, 2, 0.915), (300, 9, 0.937), (1000, 30, 0.952)],
)
def test_the_lower_bound_has_the_published_values(pairs: int, disagreed: int, bound: float) -> None:
    assert round(agreement_lower(pairs - disagreed, disagreed, share=0.5, alpha=0.05), 3) == bound


@given(PAIRS, LIMITS, st.sampled_from([0.05, 0.01, 0.05 / 57]))
def test_the_bound_reaches_the_floor_exactly_where_the_evidence_rules_it_out(
    pairs: tuple[int, int], limits: tuple[float, float], alpha: float
) -> None:
    n, disagreed = pairs
    floor, share = limits
    log_e = log_evidence(
        n - disagreed, disagreed, null=floor, alternative=floor + share * (1 - floor)
    )

    bound = agreement_lower(n - disagreed, disagreed, share=share, alpha=alpha)

    if abs(log_e + math.log(alpha)) > 1e-6:  # but for rounding on the very edge
        assert (bound >= floor) == (log_e >= -math.log(alpha))


@given(PAIRS)
def test_one_more_disagreement_never_raises_the_bounds(pairs: tuple[int, int]) -> None:
    n, disagreed = pairs
    if disagreed == n:
        return
    now = (n - disagreed, disagreed)
    then = (n - disagreed - 1, disagreed + 1)

    assert agreement_lower(*then, share=0.5, alpha=0.05) <= agreement_lower(
        *now, share=0.5, alpha=0.05
    )
    assert agreement_upper(*then, share=0.05, alpha=0.05) <= agreement_upper(
        *now, share=0.05, alpha=0.05
    )


@given(PAIRS)
def test_one_more_agreement_raises_the_lower_bound(pairs: tuple[int, int]) -> None:
    n, disagreed = pairs

    now, then = (
        agreement_lower(n - disagreed + more, disagreed, share=0.5, alpha=0.05) for more in (0, 1)
    )

    assert then >= now


@given(PAIRS)
def test_the_bounds_hold_the_estimate_between_them(pairs: tuple[int, int]) -> None:
    n, disagreed = pairs

    lower = agreement_lower(n - disagreed, disagreed, share=0.5, alpha=0.05)
    upper = agreement_upper(n - disagreed, disagreed, share=0.05, alpha=0.05)

    assert lower <= (n - disagreed) / n <= upper


def test_without_a_single_pair_nothing_is_ruled_out() -> None:
    assert agreement_lower(0, 0, share=0.5, alpha=0.05) == 0.0
    assert agreement_upper(0, 0, share=0.05, alpha=0.05) == 1.0
    assert recall_lower(0, 0) == 0.0
    assert recall_upper(0, 0) == 1.0


@pytest.mark.parametrize(("misses", "needed"), [(0, 20), (1, 31), (2, 41)])
def test_a_class_passes_after_the_published_number_of_pairs(misses: int, needed: int) -> None:
    first = next(n for n in range(misses + 1, 200) if recall_lower(n - misses, n) >= 0.80)

    assert first == needed


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 40)), min_size=1, max_size=5))
def test_the_band_is_the_bound_at_each_count_never_above_it(counts: list[tuple[int, int]]) -> None:
    agreed = np.array([float(a) for a, _ in counts])
    disagreed = np.array([float(d) for _, d in counts])

    band = agreement_band(agreed, disagreed, share=0.5, alpha=0.05)

    exact = [agreement_lower(a, d, share=0.5, alpha=0.05) for a, d in counts]
    assert all(0 <= one - other < 2e-4 for one, other in zip(exact, band.tolist(), strict=True))


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_the_band_of_graded_scores_is_their_bound(scores: list[float]) -> None:
    distinct, counts = tally(np.array(scores))

    band = mean_band(distinct, counts[None, :], bets=DIFFERENCE_BETS, alpha=0.05)

    exact = mean_lower(distinct, counts, bets=DIFFERENCE_BETS, alpha=0.05)
    assert 0 <= exact - band[0] < 2e-4


def test_graded_scores_of_zero_and_one_have_the_bound_of_the_counts() -> None:
    graded = mean_lower(
        np.array([0.0, 1.0]), np.array([9.0, 291.0]), bets=graded_bets(0.5), alpha=0.05
    )

    assert graded == pytest.approx(agreement_lower(291, 9, share=0.5, alpha=0.05), abs=1e-6)
