"""The detector keeps its promise, survives a year of floats, and sees a fall."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.errors import BadOption
from suffice.statistics.detection import Stream, delay, false_alarms
from suffice.statistics.detector import (
    CALM,
    FALLS,
    WEIGHTS,
    after_pair,
    after_pairs,
    after_window,
    alarm_level,
    watchable,
)

oks = st.floats(0.25, 0.99)
scores = st.lists(st.floats(0, 1), max_size=60)


def test_the_recursion_is_the_published_one() -> None:
    """By hand, for two pairs: S <- (S + 1)(1 - (p - q)/(p (1 - p)) (x - p))."""
    levels = after_pair(after_pair(CALM, 0.0, p_ok=0.95), 1.0, p_ok=0.95)

    for level, fall in zip(levels, FALLS, strict=True):
        first = 1 + fall / 0.05
        assert level == pytest.approx((first + 1) * (1 - fall / 0.95))
    assert sum(WEIGHTS) == 1


@given(oks, scores)
def test_levels_are_never_negative_nor_more_than_a_float_holds(
    p_ok: float, stream: list[float]
) -> None:
    levels = CALM
    for score in [*stream, *[0.0] * 400]:
        levels = after_pair(levels, score, p_ok=p_ok)

    assert all(0 <= level <= 1e280 for level in levels)
    assert math.isfinite(alarm_level(levels))


@given(oks, st.floats(0, 1), st.floats(0, 1e6))
def test_a_fair_pair_adds_at_most_one_to_the_mean_level(
    p_ok: float, spread: float, level: float
) -> None:
    """Two scores around ``p_ok`` with mean ``p_ok``: the martingale property, exactly."""
    low, high = p_ok * (1 - spread), p_ok + (1 - p_ok) * spread
    weight = 1 - p_ok  # so that weight * low + (1 - weight) * high = p_ok
    levels = (level, level, level)
    down, up = (after_pair(levels, score, p_ok=p_ok) for score in (low, high))

    mean = [weight * a + (1 - weight) * b for a, b in zip(down, up, strict=True)]

    assert mean == pytest.approx([level + 1] * 3, rel=1e-9)


@given(oks, scores)
def test_many_streams_at_once_are_the_same(p_ok: float, stream: list[float]) -> None:
    one, many = CALM, np.zeros((3, 2))
    for score in stream:
        one = after_pair(one, score, p_ok=p_ok)
        many = after_pairs(many, np.array([score, score]), p_ok=p_ok)

    assert many[:, 1].tolist() == pytest.approx(list(one))


def test_a_year_of_agreement_leaves_the_level_low_and_a_fall_is_seen_at_once() -> None:
    """After 36,500 good pairs the newest bets are as quick as on the first day."""
    levels = CALM
    for _ in range(36_500):
        levels = after_pair(levels, 1.0, p_ok=0.95)
    calm, needed = alarm_level(levels), 0
    while alarm_level(levels) < 5 * 36_500:
        levels, needed = after_pair(levels, 0.0, p_ok=0.95), needed + 1

    assert calm < 20
    assert needed == 8


@pytest.mark.parametrize("concentration", [1.0, 4.0, 30.0])
def test_graded_scores_at_the_limit_alarm_no_more_often_than_promised(concentration: float) -> None:
    """Beta-distributed scores of mean p_ok, 3 million pairs, a low limit so that alarms happen."""
    dice, limit = np.random.default_rng(3), 2_000.0
    levels, alarms = np.zeros((3, 1500)), 0
    for _ in range(2000):
        drawn = dice.beta(0.9 * concentration, 0.1 * concentration, 1500)
        levels = after_pairs(levels, drawn, p_ok=0.9)
        hit = (np.array(WEIGHTS)[:, None] * levels).sum(axis=0) >= limit
        alarms += int(hit.sum())
        levels[:, hit] = 0

    assert alarms <= 3_000_000 / limit


def test_the_promise_at_the_limit_is_kept_and_not_wasted() -> None:
    """Mean pairs to a false alarm: at least the limit, and 1.2 to 1.7 times it."""
    rate = false_alarms(Stream(0.95, 2_000), at=0.95, runs=2000, pairs=2000, seed=4)

    assert 1.2 * 2_000 < 1 / rate.per_pair < 1.7 * 2_000


def test_five_pairs_a_session_break_the_promise_and_one_keeps_it() -> None:
    """Chance of an alarm within a year of 100 pairs a day at .95, sessions with ICC .2."""
    dice, runs, limit = np.random.default_rng(5), 60, 5 * 36_500.0

    def alarmed(size: int) -> float:
        levels, ever = np.zeros((3, runs)), np.zeros(runs, dtype=bool)
        for _ in range(36_500 // size):
            chance = dice.beta(0.95 * 4, 0.05 * 4, runs)
            for _ in range(size):
                drawn = (dice.random(runs) < chance).astype(np.float64)
                levels = after_pairs(levels, drawn, p_ok=0.95)
                ever |= (np.array(WEIGHTS)[:, None] * levels).sum(axis=0) >= limit
        return float(ever.mean())

    assert alarmed(5) > 0.5
    assert alarmed(1) < 0.2 + 3 * (0.2 * 0.8 / runs) ** 0.5


def test_an_order_that_goes_with_the_scores_breaks_the_promise_and_any_other_keeps_it() -> None:
    """Chance of an alarm within a year of 100 pairs a day at .95, told in batches of 50."""
    dice, runs, limit = np.random.default_rng(6), 60, 5 * 36_500.0

    def alarmed(*, worst_last: bool) -> float:
        levels, ever = np.zeros((3, runs)), np.zeros(runs, dtype=bool)
        for _ in range(36_500 // 50):
            batch = (dice.random((50, runs)) < 0.95).astype(np.float64)
            for drawn in -np.sort(-batch, axis=0) if worst_last else batch:
                levels = after_pairs(levels, drawn, p_ok=0.95)
                ever |= (np.array(WEIGHTS)[:, None] * levels).sum(axis=0) >= limit
        return float(ever.mean())

    assert alarmed(worst_last=True) > 0.75
    assert alarmed(worst_last=False) < 0.2 + 3 * (0.2 * 0.8 / runs) ** 0.5


def test_a_fall_that_is_none_is_unseen() -> None:
    found = delay(Stream(0.95, 182_500), before=0.97, after=0.97, runs=50, horizon=300, seed=1)

    assert (found.unseen, found.mean) == (1.0, math.inf)


@pytest.mark.parametrize("agreement", [0.1, 1.01, -1.0])
def test_what_agrees_too_seldom_is_not_watched(agreement: float) -> None:
    with pytest.raises(BadOption):
        watchable(agreement)


def test_a_window_without_occasions_changes_nothing() -> None:
    assert after_window(7.0, 0.0, occasions=0) == 7.0
