"""Errors, slow, dear and disliked answers: each guard strikes for its own reason, and not for others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from suffice.monitor.guards import (
    after_windows,
    evidence_of,
    for_good,
    for_ramp,
    fresh_guards,
    struck,
)
from suffice.records import ArmCounts, ArmWindow, Guard

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CALM = ArmCounts(
    seen=1_000, errors=10, timed=1_000, slow=50, priced=1_000, dear=50, rated=200, disliked=10
)


def window(candidate: ArmCounts, *, seq: int = 1, baseline: ArmCounts = CALM) -> ArmWindow:
    return ArmWindow(
        seq=seq,
        type="t",
        began=NOW,
        ended=NOW + timedelta(hours=1),
        candidate=candidate,
        baseline=baseline,
    )


def name_of(guard: Guard | None) -> str | None:
    return None if guard is None else guard.name


def test_equal_arms_strike_nothing() -> None:
    assert struck(after_windows(fresh_guards(), [window(CALM)] * 200)) is None


@pytest.mark.parametrize(
    ("counts", "name"),
    [
        (ArmCounts(seen=1_000, errors=40), "errors"),
        (ArmCounts(timed=1_000, slow=110), "latency"),
        (ArmCounts(priced=1_000, dear=110), "cost"),
        (ArmCounts(rated=200, disliked=40), "feedback"),
    ],
)
def test_each_guard_strikes_for_its_own_mishap(counts: ArmCounts, name: str) -> None:
    assert name_of(struck(after_windows(fresh_guards(), [window(counts)] * 3))) == name


def test_a_dear_baseline_is_no_excuse_for_a_dear_candidate() -> None:
    """Cost is held against the plan: requests that grew longer in both arms break it as well."""
    dear = ArmCounts(priced=1_000, dear=200)

    guards = after_windows(fresh_guards(), [window(dear, baseline=dear)])

    assert name_of(struck(guards)) == "cost"


def test_slow_answers_in_both_arms_are_the_providers_fault() -> None:
    slow = ArmCounts(timed=1_000, slow=600)

    assert struck(after_windows(fresh_guards(), [window(slow, baseline=slow)] * 20)) is None


def test_a_finished_rollout_is_watched_by_detectors_that_forget_good_times() -> None:
    """After a hundred calm windows a doubled error rate is seen as soon as after none."""
    doubled = ArmCounts(seen=1_000, errors=20)

    def needed(calm: int) -> int:
        guards = for_good(
            after_windows(fresh_guards(), [window(CALM)] * 10),
            days=10,
            held_out=True,
            years_between=5,
        )
        guards = after_windows(guards, [window(CALM)] * calm)
        windows = 0
        while struck(guards) is None:
            guards, windows = after_windows(guards, [window(doubled)]), windows + 1
        return windows

    assert abs(needed(100) - needed(0)) <= 4


def test_without_a_holdout_the_ramps_baseline_is_the_reference() -> None:
    guards = for_good(
        after_windows(fresh_guards(), [window(CALM)] * 10),
        days=5,
        held_out=False,
        years_between=5,
    )
    errors, latency, cost, _ = guards

    assert errors.reference == pytest.approx(0.0117, abs=0.0003)
    assert (latency.reference, cost.reference) == (0.05, 0.05)
    assert errors.limit == 5 * 20_000 / 5 * 365
    assert evidence_of(errors) == (0.0, errors.limit)


def test_a_reopened_ramp_goes_on_with_what_was_counted() -> None:
    counted = after_windows(fresh_guards(), [window(CALM)])
    done = for_good(counted, days=1, held_out=True, years_between=5)

    assert for_ramp(done) == counted
