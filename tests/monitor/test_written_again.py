"""The monitor's two formulas, written a second time from their description alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from suffice.monitor import Start, named_plan, start, step
from suffice.monitor.guards import after_windows, evidence_of, fresh_guards
from suffice.records import (
    ArmCounts,
    ArmWindow,
    RolloutBasis,
    RolloutEvidence,
    RolloutState,
    ShadowPair,
)

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


def alarm_at(scores: np.ndarray, p_ok: float, limit: float) -> int | None:
    """S <- (S + 1)(1 - (p - q)/(p (1 - p)) (x - p)) for three falls; the pair that alarms."""
    q, weights = p_ok - np.array([0.05, 0.10, 0.20]), np.array([0.6, 0.25, 0.15])
    sums = np.zeros(3)
    for place, x in enumerate(scores, start=1):
        sums = (sums + 1) * (1 - (p_ok - q) / (p_ok * (1 - p_ok)) * (x - p_ok))
        if weights @ sums >= limit:
            return place
    return None


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("p_ok", [0.80, 0.95])
def test_the_controller_goes_back_at_the_pair_at_which_the_recursion_says_so(
    seed: int, p_ok: float
) -> None:
    dice = np.random.default_rng(seed)
    good = dice.beta(20, 1, size=60) if seed % 2 else (dice.random(60) < 0.97).astype(float)
    bad = dice.beta(2, 2, size=400) if seed % 2 else (dice.random(400) < p_ok - 0.25).astype(float)
    scores = np.concatenate([good, bad])
    wish = Start(
        type="t",
        baseline="claude-opus-5-5",
        candidate="claude-haiku-5-5",
        basis=RolloutBasis(run="r", verdict="switch", pairs=100, p_ok=p_ok),
        plan=named_plan("100"),
        pairs_per_year=10_000,
        years_between=5,
    )
    rollout = start(wish, now=BEGAN).rollout
    expected = alarm_at(scores, p_ok, 5 * 10_000)

    for place, score in enumerate(scores.tolist(), start=1):
        now = BEGAN + timedelta(minutes=place)
        pair = ShadowPair(
            id=str(place),
            seq=place,
            at=now,
            type="t",
            session=str(place),
            served_by="candidate",
            probability=1.0,
            score=score,
        )
        rollout = step(rollout, RolloutEvidence(pairs=(pair,)), now=now).rollout
        if rollout.state is RolloutState.ROLLED_BACK:
            break

    assert expected is not None
    assert place == expected


@pytest.mark.parametrize("share", [0.01, 0.05, 0.25])
def test_the_error_guard_is_a_bet_on_the_arm_in_which_an_error_lies(share: float) -> None:
    """theta0 = pi (1 + tol) / (pi (1 + tol) + 1 - pi), against rates 1.4, 2, 4 and 10 times that."""
    dice = np.random.default_rng(int(1 / share))
    log_wealth, guards = np.zeros(4), fresh_guards()
    for seq in range(1, 41):
        ours = int(dice.integers(0, 60))
        others = int(dice.integers(0, 400))
        bad, others_bad = dice.binomial(ours, 0.06), dice.binomial(others, 0.03)
        if ours and others:
            pi = ours / (ours + others)
            arm = np.repeat([1.0, 0.0], [bad, others_bad])[:, None]
            ratio = 1.1 * np.array([1.0, 1.4, 2.0, 4.0, 10.0])
            theta = pi * ratio / (pi * ratio + 1 - pi)
            bets = np.where(arm, theta[1:] / theta[0], (1 - theta[1:]) / (1 - theta[0]))
            log_wealth += np.log(bets).sum(axis=0)
        window = ArmWindow(
            seq=seq,
            type="t",
            began=BEGAN + timedelta(minutes=seq - 1),
            ended=BEGAN + timedelta(minutes=seq),
            candidate=ArmCounts(seen=ours, errors=int(bad)),
            baseline=ArmCounts(seen=others, errors=int(others_bad)),
        )
        guards = after_windows(guards, [window])
        evidence, limit = evidence_of(guards[0])
        assert evidence == pytest.approx(np.exp(log_wealth).mean(), rel=1e-9)
        assert limit == 100
