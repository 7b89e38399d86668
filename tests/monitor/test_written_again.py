"""The monitor's two formulas, written a second time from their description alone."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.monitor import Start, named_plan, start, step
from suffice.monitor.guards import after_windows, evidence_of, fresh_guards
from suffice.records import (
    ArmCounts,
    ArmWindow,
    Rollout,
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


class Arrived(NamedTuple):
    """A pair: when it was served, when it came, and its score; None: it has none."""

    served_h: int
    came_h: int
    score: float | None


class Told(NamedTuple):
    """Three sums, pairs behind them, and of each alarm its hour and its pairs."""

    sums: list[float]
    pairs: int
    alarms: list[tuple[int, int]]


def stakes_placed_before_each(scores: list[float], p_ok: float) -> list[float]:
    """The three sums from their meaning: of every bet, begun before each pair, what became of it."""
    sums = []
    for fall in (0.05, 0.10, 0.20):
        factors = [1 - fall / (p_ok * (1 - p_ok)) * (x - p_ok) for x in scores]
        sums.append(math.fsum(math.prod(factors[k:]) for k in range(len(factors))))
    return sums


def told_by_the_rules(
    arrived: list[Arrived], *, limit: float, rests_h: int, until_h: int, disproved: set[int]
) -> Told:
    """
    Hour by hour: what counts, in which order, and what becomes of it.

    Of what comes in an hour, in the order it came, what was served since this attempt began
    counts, up to the pair that raises the alarm. After it (or after an hour in which a second
    attempt was disproved) nothing counts until the rest is over, and then only what was served
    since.
    """
    counted: list[float] = []
    began_h, alarms = 0, []
    back_h: int | None = None
    for hour in range(1, until_h + 1):
        if back_h is not None:
            if hour < back_h + rests_h:
                continue
            counted, began_h, back_h = [], hour, None
            # What came in this very hour came while nothing counted.
            continue
        for pair in arrived:
            if pair.came_h != hour or pair.served_h < began_h or pair.score is None:
                continue
            counted.append(pair.score)
            sums = stakes_placed_before_each(counted, 0.95)
            if 0.6 * sums[0] + 0.25 * sums[1] + 0.15 * sums[2] >= limit:
                alarms.append((hour, len(counted)))
                back_h = hour
                break
        if hour in disproved:
            back_h = hour
    return Told(stakes_placed_before_each(counted, 0.95), len(counted), alarms)


@settings(max_examples=60, deadline=None)
@given(dice=st.integers(0, 10**6), agreement=st.sampled_from([0.95, 0.8, 0.6, 0.4]))
def test_pairs_that_come_late_and_out_of_order_count_as_the_rules_say(
    dice: int, agreement: float
) -> None:
    """
    Up to 30 hours late, some without a score, many told again and again.

    The state is written and read between any two steps; there are rollbacks, rests and second
    attempts.
    """
    made = np.random.default_rng(dice)
    served = made.integers(0, 90, 150)
    late = np.where(made.random(150) < 0.5, 1, made.integers(1, 30, 150))
    scores = made.beta(8, 1, 150) if dice % 2 else (made.random(150) < agreement).astype(float)
    arrived = [
        Arrived(int(hour), int(hour + wait), None if made.random() < 0.03 else float(score))
        for hour, wait, score in zip(served, late, scores, strict=True)
    ]
    arrived.sort(key=lambda pair: pair.came_h)
    plan = named_plan("100", pairs=10**6, cooldown_days=0.5)
    wish = Start(
        type="t",
        baseline="claude-opus-5-5",
        candidate="claude-haiku-5-5",
        basis=RolloutBasis(run="r", verdict="switch", pairs=100),
        plan=plan,
        pairs_per_year=400,
    )
    rollout = start(wish, now=BEGAN).rollout
    came: list[ShadowPair] = []
    alarms, disproved = [], set()
    for hour in range(1, 121):
        came += [
            ShadowPair(
                id=str(seq),
                seq=seq,
                at=BEGAN + timedelta(hours=pair.served_h),
                type="t",
                session=str(seq),
                served_by="candidate",
                probability=1.0,
                score=pair.score,
            )
            for seq, pair in enumerate(arrived, start=1)
            if pair.came_h == hour
        ]
        seen = made.integers(0, 40)
        stepped = step(
            rollout,
            RolloutEvidence(pairs=tuple(came[-(seen + 40) :])),
            now=BEGAN + timedelta(hours=hour),
        )
        rollout = msgspec.json.decode(msgspec.json.encode(stepped.rollout), type=Rollout)
        for event in stepped.events:
            if event.kind == "rolled_back" and "did not qualify again" in event.sentence:
                disproved.add(hour)
            elif event.kind == "rolled_back":
                alarms.append((hour, rollout.watch.pairs))

    told = told_by_the_rules(arrived, limit=5 * 400, rests_h=12, until_h=120, disproved=disproved)
    assert alarms == told.alarms
    assert rollout.watch.pairs == told.pairs
    assert rollout.watch.levels == pytest.approx(told.sums, rel=1e-9)


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
