"""
The controller: where a rollout goes next, as a pure function of where it stands and what is known.

Nothing moves on by time alone, and nothing but evidence moves it on: a stage ends when its pairs
are there, its least time is over, and neither the detector nor the stage's own evidence speaks
against it. What is undecided stays where it is. The way back needs no such patience.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from suffice.monitor.guards import after_windows
from suffice.monitor.moves import (
    Moved,
    attempt_began,
    is_requalifying,
    on_the_clock,
    stage_of,
    stands_at,
)
from suffice.monitor.transitions import mix_moved, next_move, pace_grown, prompt_settled
from suffice.monitor.watching import after_shadow, passed_over
from suffice.records import (
    Rollout,
    RolloutEvent,
    RolloutEvidence,
    RolloutState,
    RolloutStep,
    WantedShares,
)


def step(rollout: Rollout, evidence: RolloutEvidence, *, now: datetime) -> RolloutStep:
    """
    One step of the controller.

    The same evidence given twice is counted once, so that a controller killed between reading
    and writing, or two of them, do no harm.

    Args:
        rollout: As it was stored last.
        evidence: All that is known since; may repeat what was counted before.
        now: The time.

    Returns:
        The next version of the rollout, or the same object where nothing changed; what the policy
        must say; and one event for each change of state.
    """
    at = on_the_clock(_counted(on_the_clock(rollout, now=now), evidence), now=now)
    events: list[RolloutEvent] = []
    while (moved := _move(at, evidence, now=now)) is not None:
        at = moved.rollout
        events.append(moved.event)
    if at == rollout:
        return RolloutStep(rollout=rollout, wanted=wanted(rollout))
    at = msgspec.structs.replace(at, version=rollout.version + 1)
    return RolloutStep(
        rollout=at,
        wanted=wanted(at),
        events=tuple(
            msgspec.structs.replace(event, rollout_version=at.version) for event in events
        ),
    )


def wanted(rollout: Rollout) -> WantedShares:
    """
    What the policy must say for a rollout to stand where it stands.

    Before a candidate has qualified again no share is wanted, only enough shadow to gather its
    pairs as fast as the first stage would.
    """
    if rollout.state is RolloutState.ROLLED_BACK:
        return WantedShares(share=0.0, shadow=0.0)
    stage = stage_of(rollout)
    shadow = 0.0 if rollout.state is RolloutState.PAUSED else stage.shadow
    if is_requalifying(rollout):
        # Nobody is served by the candidate, so the pairs come from the baseline's conversations.
        return WantedShares(share=0.0, shadow=shadow * (stage.share or 1.0))
    share = min(stage.share, 1 - rollout.plan.holdout)
    is_done = stands_at(rollout) is RolloutState.DONE
    return WantedShares(share=share, shadow=shadow, done=is_done and share == 1.0)


def _move(rollout: Rollout, evidence: RolloutEvidence, *, now: datetime) -> Moved | None:
    return (
        next_move(rollout, evidence, now=now)
        or prompt_settled(rollout, evidence, now=now)
        or mix_moved(rollout, evidence, now=now)
        or pace_grown(rollout, now=now)
    )


def _counted(rollout: Rollout, evidence: RolloutEvidence) -> Rollout:
    """The rollout with all new pairs and windows behind it; no state has changed yet."""
    since = attempt_began(rollout)
    pairs = [pair for pair in evidence.pairs if pair.type == rollout.type]
    windows = sorted(
        (
            window
            for window in evidence.windows
            if window.type == rollout.type and window.seq > rollout.last_window
        ),
        key=lambda window: window.seq,
    )
    if rollout.state is RolloutState.ROLLED_BACK:
        watch, guards = passed_over(rollout.watch, pairs), rollout.guards
    else:
        current = [pair for pair in pairs if pair.at >= since]
        watch = after_shadow(rollout.watch, current, stage_began=rollout.stage_began)
        guards = after_windows(
            rollout.guards, [window for window in windows if window.began >= since]
        )
    return msgspec.structs.replace(
        rollout,
        watch=watch,
        guards=guards,
        last_window=windows[-1].seq if windows else rollout.last_window,
    )
