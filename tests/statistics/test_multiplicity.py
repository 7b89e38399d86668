"""One promise over several decisions."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from suffice.statistics.multiplicity import (
    benjamini_hochberg,
    bonferroni,
    e_benjamini_hochberg,
    holm,
    spending,
)

P_VALUES = st.lists(st.floats(1e-6, 1), min_size=1, max_size=30)


@given(P_VALUES)
def test_benjamini_hochberg_is_that_of_scipy(p_values: list[float]) -> None:
    theirs = (false_discovery_control(p_values, method="bh") <= 0.05).sum()

    assert benjamini_hochberg(p_values, alpha=0.05, decisions=len(p_values)) == theirs


@given(P_VALUES)
def test_each_step_of_leniency_only_adds(p_values: list[float]) -> None:
    size = len(p_values)
    strict = sum(bonferroni(p_values, alpha=0.05, decisions=size))
    stepwise = sum(holm(p_values, alpha=0.05, decisions=size))

    assert strict <= stepwise <= benjamini_hochberg(p_values, alpha=0.05, decisions=size)


@given(P_VALUES)
def test_the_selected_are_exactly_those_below_the_level_of_the_bounds(
    p_values: list[float],
) -> None:
    fallen = benjamini_hochberg(p_values, alpha=0.05, decisions=len(p_values))

    level = max(fallen, 1) * 0.05 / len(p_values)

    assert sum(p <= level for p in p_values) == fallen


@given(P_VALUES)
def test_evidence_selects_what_its_inverse_would(p_values: list[float]) -> None:
    by_evidence = e_benjamini_hochberg(
        [-math.log(p) for p in p_values], alpha=0.05, decisions=len(p_values)
    )

    by_p = benjamini_hochberg(p_values, alpha=0.05, decisions=len(p_values))

    assert (
        by_evidence == by_p
        or min(abs(p - 0.05 * k / 30) for p in p_values for k in range(31)) < 1e-9
    )


def test_decisions_planned_but_not_made_still_share_the_promise() -> None:
    assert bonferroni([0.02], alpha=0.05, decisions=1) == (True,)
    assert bonferroni([0.02], alpha=0.05, decisions=5) == (False,)


def test_endless_spending_never_exceeds_the_promise() -> None:
    spent = sum(spending(0.05, found=k) for k in range(1, 100_000))

    assert 0.0499 < spent < 0.05
