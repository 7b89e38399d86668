"""A changed level is seen by ranks; a spread, however wild, is not taken for one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from suffice.statistics import ranks
from suffice.statistics.ranks import week_level

LIMIT = 5 * 52


def test_the_exact_tail_is_that_of_all_orders() -> None:
    tail = ranks._tail(3, 4)
    orders = list(combinations(range(7), 3))
    for least in range(13):
        ways = sum(
            sum(new > old for new in picked for old in set(range(7)) - set(picked)) >= least
            for picked in orders
        )
        assert tail[least] == pytest.approx(ways / len(orders))


def test_the_tail_of_eight_weeks_is_scipys() -> None:
    dice = np.random.default_rng(1)
    new, old = dice.random(7) + 0.3, dice.random(56)
    found = mannwhitneyu(new, old, alternative="greater", method="exact")

    assert ranks._tail(7, 56)[int(found.statistic)] == pytest.approx(found.pvalue)


def test_ten_years_of_wild_but_level_days_rarely_reach_the_limit() -> None:
    """At most one alarm in five years on average: 40 runs of ten years, at most 80."""
    dice = np.random.default_rng(2)
    reached = sum(week_level(dice.pareto(1.2, 3650).tolist()) >= LIMIT for _ in range(40))

    assert reached <= 40 * (1 - np.exp(-2)) + 3 * 40**0.5


def test_a_share_that_rises_by_half_is_seen_within_two_weeks() -> None:
    dice = np.random.default_rng(3)
    calm, risen = dice.normal(0.20, 0.02, 60), dice.normal(0.30, 0.03, 17)

    assert week_level(calm.tolist()) < LIMIT <= week_level([*calm.tolist(), *risen.tolist()])


def test_days_that_are_all_alike_tell_nothing() -> None:
    assert week_level([0.2] * 365) < 2


def test_too_few_days_tell_nothing() -> None:
    assert week_level([0.1] * 14 + [0.9] * 6) == 0.0
