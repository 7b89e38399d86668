"""
A rollout in simulated time: seeded traffic through the real controller, a year in seconds.

Everything here is simulated and says so by its name: sessions arrive evenly, fall to the arms by
the share the controller wants, and agree or fail by chance. What is real is what is under test:
`suffice.monitor.step` with its records, states and sentences.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np

from suffice.monitor import Start, named_plan, start, step
from suffice.records import (
    ArmCounts,
    ArmWindow,
    Rollout,
    RolloutBasis,
    RolloutEvent,
    RolloutEvidence,
    RolloutPlan,
    RolloutState,
    ShadowPair,
    WantedShares,
)

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
TYPE = "simulated"

Phases = tuple[tuple[float, float], ...]
"""Day from which a value holds -> the value; the first begins with day 0."""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the simulated traffic is like.

    Attributes:
        sessions_per_day: Of the type.
        agreement: The models' agreement, and when it changes.
        candidate_errors: Share of its sessions with an error, and when it changes.
        baseline_errors: Likewise of the baseline.
        counts_errors: Close a window of arm counts with every step.
        every: Time between two steps of the controller.
        seed: The same seed gives the same traffic.
    """

    sessions_per_day: float = 2_000.0
    agreement: Phases = ((0.0, 0.97),)
    candidate_errors: Phases = ((0.0, 0.01),)
    baseline_errors: Phases = ((0.0, 0.01),)
    counts_errors: bool = False
    every: timedelta = timedelta(minutes=15)
    seed: int = 1


class Lived(msgspec.Struct, frozen=True, kw_only=True):
    """
    What became of a simulated rollout.

    Attributes:
        rollout: As it stands at the end.
        events: All of them.
        days: Until it was rolled back, or until the end.
        pairs: Scored pairs until then.
        served: Sessions the candidate served until then.
        bad_answers: Of those, such as did not agree.
        days_to_done: None where it never was done.
    """

    rollout: Rollout
    events: tuple[RolloutEvent, ...]
    days: float
    pairs: int
    served: int
    bad_answers: int
    days_to_done: float | None


def simulated_start(
    plan: RolloutPlan | None = None,
    *,
    pairs_per_year: float = 36_500.0,
    years_between: float = 5.0,
    p_ok: float = 0.95,
) -> Rollout:
    """A rollout at its beginning, resting on a Switch that nobody reached."""
    basis = RolloutBasis(run="simulated", verdict="switch", pairs=100, p_ok=p_ok)
    wish = Start(
        type=TYPE,
        baseline="claude-opus-5-5",
        candidate="claude-haiku-5-5",
        basis=basis,
        plan=plan or named_plan(),
        pairs_per_year=pairs_per_year,
        years_between=years_between,
    )
    return start(wish, now=BEGAN).rollout


def live(rollout: Rollout, world: World, *, days: float, stops: bool = True) -> Lived:
    """
    Let simulated traffic through a rollout.

    Args:
        rollout: As `simulated_start` gives it.
        world: The traffic.
        days: How long.
        stops: End with the first rollback; else go on, with all that follows it.

    >>> lived = live(simulated_start(), World(agreement=((0, 0.60),)), days=30)
    >>> lived.rollout.state.value, lived.events[-1].kind
    ('rolled_back', 'rolled_back')
    """
    traffic = _Traffic(world)
    events: list[RolloutEvent] = []
    after = step(rollout, RolloutEvidence(), now=BEGAN)
    done: float | None = None
    now, end = BEGAN, BEGAN + timedelta(days=days)
    while now < end:
        now += world.every
        evidence = traffic.until(now, after.wanted)
        after = step(after.rollout, evidence, now=now)
        events += after.events
        if done is None and after.rollout.state is RolloutState.DONE:
            done = _days(now)
        if stops and after.rollout.state is RolloutState.ROLLED_BACK:
            break
    return Lived(
        rollout=after.rollout,
        events=tuple(events),
        days=_days(now),
        pairs=traffic.pairs,
        served=traffic.served,
        bad_answers=traffic.bad,
        days_to_done=done,
    )


def _days(now: datetime) -> float:
    return (now - BEGAN) / timedelta(days=1)


class _Traffic:
    """Sessions as they come, with what the gateway would have counted of them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._dice = np.random.default_rng(world.seed)
        self._owed = 0.0
        self._windows = 0
        self.pairs = self.served = self.bad = 0

    def until(self, now: datetime, wanted: WantedShares) -> RolloutEvidence:
        """What one stretch of time brings under the shares in force."""
        world, day = self._world, _days(now)
        self._owed += world.sessions_per_day * (world.every / timedelta(days=1))
        sessions = int(self._owed)
        self._owed -= sessions
        ours = self._chance(sessions, wanted.share)
        watched = self._chance(ours if wanted.share else sessions, wanted.shadow)
        disagree = 1 - _at(world.agreement, day)
        bad_pairs = self._chance(watched, disagree)
        self.served += ours
        if wanted.share:
            self.bad += bad_pairs + self._chance(ours - watched, disagree)
        windows = self._window(now, ours, sessions - ours) if world.counts_errors else ()
        return RolloutEvidence(
            pairs=self._made(now, watched, bad_pairs, served=bool(wanted.share)), windows=windows
        )

    def _chance(self, count: int, share: float) -> int:
        return int(self._dice.binomial(count, share)) if count and share else 0

    def _made(
        self, now: datetime, watched: int, bad: int, *, served: bool
    ) -> tuple[ShadowPair, ...]:
        if not watched:
            return ()
        scores = np.ones(watched)
        scores[:bad] = 0.0
        first = self.pairs + 1
        self.pairs += watched
        # Within one stretch of time any order is as likely as any other.
        return tuple(
            ShadowPair(
                id=str(seq),
                seq=seq,
                at=now,
                type=TYPE,
                session=str(seq),
                served_by="candidate" if served else "baseline",
                probability=1.0,
                score=score,
            )
            for seq, score in enumerate(self._dice.permutation(scores).tolist(), start=first)
        )

    def _window(self, now: datetime, ours: int, others: int) -> tuple[ArmWindow, ...]:
        world, day = self._world, _days(now)
        self._windows += 1
        return (
            ArmWindow(
                seq=self._windows,
                type=TYPE,
                began=now - world.every,
                ended=now,
                candidate=ArmCounts(
                    seen=ours, errors=self._chance(ours, _at(world.candidate_errors, day))
                ),
                baseline=ArmCounts(
                    seen=others, errors=self._chance(others, _at(world.baseline_errors, day))
                ),
            ),
        )


def _at(phases: Phases, day: float) -> float:
    return next(value for since, value in reversed(phases) if day >= since)
