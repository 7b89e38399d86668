"""Mishaps are held against the other arm, and a share of false alarms is never exceeded."""

from __future__ import annotations

import math

import numpy as np
import pytest

from suffice.statistics.arms import (
    CALM,
    RISES,
    Tally,
    growth_alone,
    growth_by_arm,
    log_mean,
    share_of_mishaps,
)

ALPHA = 0.01


def struck(dice: np.random.Generator, rates: tuple[float, float], *, share: float) -> float:
    """Share of 300 ramps of 60 windows, 400 sessions each, in which evidence ever reaches 100."""
    candidate, baseline = int(400 * share), 400 - int(400 * share)
    ever = 0
    for _ in range(300):
        wealth = CALM
        hits = dice.binomial([candidate, baseline], rates, (60, 2)).tolist()
        for ours, theirs in hits:
            grown = growth_by_arm(Tally(ours, candidate), Tally(theirs, baseline), tolerance=0.1)
            wealth = tuple(log + rise for log, rise in zip(wealth, grown, strict=True))
            if log_mean(wealth) >= math.log(1 / ALPHA):
                ever += 1
                break
    return ever / 300


@pytest.mark.parametrize("share", [0.05, 0.25, 0.98])
@pytest.mark.parametrize("rate", [0.01, 0.2, 0.8])
def test_equal_arms_rarely_strike_however_common_mishaps_are(share: float, rate: float) -> None:
    dice = np.random.default_rng(11)

    assert struck(dice, (rate, rate), share=share) <= ALPHA + 3 * (ALPHA / 300) ** 0.5


def test_a_rate_within_the_tolerance_rarely_strikes() -> None:
    found = struck(np.random.default_rng(12), (0.055, 0.05), share=0.25)

    assert found <= ALPHA + 3 * (ALPHA / 300) ** 0.5


def test_a_doubled_rate_strikes() -> None:
    assert struck(np.random.default_rng(13), (0.10, 0.05), share=0.25) > 0.95


def test_an_outage_in_both_arms_says_nothing_against_either() -> None:
    """Every second session fails for a while: in both arms alike."""
    grown = growth_by_arm(Tally(50, 100), Tally(950, 1900), tolerance=0.1)

    assert max(grown) < 0


@pytest.mark.parametrize(
    ("candidate", "baseline"),
    [(Tally(0, 0), Tally(5, 100)), (Tally(5, 100), Tally(0, 0)), (Tally(0, 9), Tally(0, 9))],
)
def test_an_empty_arm_or_no_mishap_changes_nothing(candidate: Tally, baseline: Tally) -> None:
    assert growth_by_arm(candidate, baseline, tolerance=0.1) == CALM


@pytest.mark.parametrize("share", [0.01, 0.25, 0.98])
def test_given_a_mishap_the_bet_is_fair_at_the_tolerance(share: float) -> None:
    seen = 100_000
    ours, theirs = round(seen * share), seen - round(seen * share)
    null = share_of_mishaps(share, 1.1)
    candidate = growth_by_arm(Tally(1, ours), Tally(0, theirs), tolerance=0.1)
    baseline = growth_by_arm(Tally(0, ours), Tally(1, theirs), tolerance=0.1)

    for hit, miss in zip(candidate, baseline, strict=True):
        assert null * math.exp(hit) + (1 - null) * math.exp(miss) == pytest.approx(1)


def test_alone_the_bet_is_fair_at_the_reference_and_a_tenth() -> None:
    hit = growth_alone(Tally(1, 1), reference=0.05, tolerance=0.1)
    miss = growth_alone(Tally(0, 1), reference=0.05, tolerance=0.1)

    assert len(hit) == len(RISES)
    for won, lost in zip(hit, miss, strict=True):
        assert 0.055 * math.exp(won) + 0.945 * math.exp(lost) == pytest.approx(1)


def test_evidence_of_any_size_is_a_number() -> None:
    assert log_mean((-1e5, 1e5, 0.0, 0.0)) == pytest.approx(1e5 - math.log(4))
