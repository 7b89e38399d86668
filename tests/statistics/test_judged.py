"""What a judge's word is worth once people have looked."""

from __future__ import annotations

import numpy as np

from suffice.statistics.judged import JudgedCounts


def test_the_estimate_weighs_what_people_said_by_how_often_the_judge_said_it() -> None:
    counts = JudgedCounts(900, 1000, 190, 200, 10, 50)

    assert counts.estimate == 0.9 * 0.95 + 0.1 * 0.2


def test_a_judge_nobody_checked_proves_nothing() -> None:
    counts = JudgedCounts(1000, 1000, 0, 0, 0, 0)

    assert counts.lower(0.05) == 0.0
    assert counts.upper(0.05) == 1.0


def test_a_stricter_promise_gives_wider_bounds() -> None:
    counts = JudgedCounts(950, 1000, 196, 200, 10, 50)

    assert counts.lower(0.001) < counts.lower(0.05)
    assert counts.upper(0.001) > counts.upper(0.05)


def test_the_bounds_miss_no_oftener_than_they_say() -> None:
    """
    400 judged pairs at a true agreement of .95, a judge that is right nine times in ten.

    The judge's raw share would be off by 4 points whatever the number of pairs.
    """
    dice = np.random.default_rng(23)
    too_high = too_low = 0
    for _ in range(600):
        truth = dice.random(400) < 0.95
        says = np.where(dice.random(400) < 0.9, truth, ~truth)
        agree = dice.permutation(truth[says])[:150]
        differ = dice.permutation(truth[~says])[:50]
        counts = JudgedCounts(
            int(says.sum()), 400, int(agree.sum()), len(agree), int(differ.sum()), len(differ)
        )
        too_high += counts.lower(0.05) > 0.95
        too_low += counts.upper(0.05) < 0.95

    assert too_high / 600 <= 0.05
    assert too_low / 600 <= 0.06
