"""Years of re-checks of a candidate that is just as good as it should be, by people and schedules."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from suffice.statistics.spending import WEEKLY
from suffice.statistics.walk import Rule

CASES, TRUTH, YEARS = 100, 0.95, 2_000
A_DAY = WEEKLY.refill / 365


def years_with_a_keep(*, persistent: float, waits_below: float, seed: int) -> int:
    """
    In so many of the years one of the looks says Keep.

    Args:
        persistent: Share of the cases that come out alike at each look.
        waits_below: Who finds a chance below this waits eight days, for all that is given then;
            else the next look is a day later.
        seed: Of the answers.
    """
    rule, dice = Rule(), np.random.default_rng(seed)
    against = [rule.log_against(agreed, CASES - agreed) for agreed in range(CASES + 1)]
    chance = np.exp(-np.maximum(against, 0.0))
    alike = dice.binomial(CASES, persistent, YEARS)
    agreed_alike = dice.binomial(alike, TRUTH)
    day, gap = np.zeros(YEARS), np.full(YEARS, np.inf)
    kept = np.zeros(YEARS, dtype=bool)
    while (day < 365).any():
        found = chance[agreed_alike + dice.binomial(CASES - alike, TRUTH)]
        given = np.minimum(WEEKLY.holds, A_DAY * gap)
        kept |= (day < 365) & (found <= rule.beta * given)
        gap = np.where(found < waits_below, 8.0, 1.0)
        day += gap
    return int(kept.sum())


@pytest.mark.parametrize("persistent", [0.0, 0.5, 0.95])
@pytest.mark.parametrize("waits_below", [0.0, 0.05, 0.3])
def test_who_looks_again_when_it_was_close_takes_back_no_more_good_candidates_than_was_promised(
    persistent: float, waits_below: float
) -> None:
    """
    A sum of chances bounds looks at times that were chosen beforehand; people choose as they go.
    """
    years = years_with_a_keep(persistent=persistent, waits_below=waits_below, seed=28)

    assert stats.binom.sf(years - 1, YEARS, 0.01) > 1e-3, years  # a fifth of what was promised
