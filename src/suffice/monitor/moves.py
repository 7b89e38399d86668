"""What every change of a rollout is made of: the state after it, and the event that tells of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from suffice.monitor import sentences
from suffice.monitor.guards import for_good, for_ramp
from suffice.monitor.watching import of_new_stage
from suffice.records import Rollout, RolloutEvent, RolloutState, Stage


class Moved(msgspec.Struct, frozen=True):
    """A rollout after one change, and the event that tells of it."""

    rollout: Rollout
    event: RolloutEvent


def told(
    rollout: Rollout,
    kind: str,
    sentence: str,
    *,
    now: datetime,
    measured: tuple[float, str, float] | None = None,
) -> Moved:
    """A change with its event; ``measured`` is value, operator and limit."""
    value, operator, limit = measured or (None, "", None)
    return Moved(
        rollout,
        RolloutEvent(
            at=now,
            type=rollout.type,
            kind=kind,
            sentence=sentence,
            state=rollout.state,
            value=value,
            operator=operator,
            limit=limit,
        ),
    )


def stage_of(rollout: Rollout) -> Stage:
    """The present stage; once done, the last one."""
    return rollout.plan.stages[min(rollout.stage, len(rollout.plan.stages) - 1)]


def is_requalifying(rollout: Rollout) -> bool:
    """Whether it was rolled back and has not qualified again: no share may be wanted."""
    past = rollout.requalification
    return past.cause is not None and not past.proved


def attempt_began(rollout: Rollout) -> datetime:
    """Evidence from before this belongs to another story."""
    past = rollout.requalification
    return rollout.began if past.cooled_at is None else max(past.cooled_at, rollout.began)


def state_for(stage: Stage) -> RolloutState:
    """The state in which a stage begins."""
    return RolloutState.ADVANCING if stage.share > 0 else RolloutState.SHADOW


def entered(rollout: Rollout, stage: int, *, now: datetime) -> Rollout:
    """The rollout at the beginning of a stage; beyond the last one it is done."""
    stages = rollout.plan.stages
    is_last = stage >= len(stages)
    guards = for_ramp(rollout.guards)
    if is_last:
        guards = for_good(
            guards,
            days=(now - attempt_began(rollout)) / timedelta(days=1),
            held_out=rollout.plan.holdout > 0,
            years_between=rollout.watch.years_between,
        )
    return in_state(
        msgspec.structs.replace(
            rollout,
            stage=len(stages) - 1 if is_last else stage,
            stage_began=now,
            watch=of_new_stage(rollout.watch),
            guards=guards,
        ),
        RolloutState.DONE if is_last else state_for(stages[stage]),
        now=now,
    )


def in_state(rollout: Rollout, state: RolloutState, *, now: datetime, because: str = "") -> Rollout:
    """The rollout in another state. What a person did before can no longer be taken back."""
    return msgspec.structs.replace(
        rollout, state=state, state_began=now, state_because=because, resumes=None, undo=None
    )


def set_aside(rollout: Rollout, state: RolloutState, *, now: datetime, because: str) -> Rollout:
    """The rollout degraded or paused: it will go on where it stood, and a hold can be undone."""
    before = rollout.resumes or rollout.state
    after = in_state(rollout, state, now=now, because=because)
    return msgspec.structs.replace(after, resumes=before, undo=rollout.undo)


def taken_up(rollout: Rollout, *, now: datetime) -> Rollout:
    """The rollout where it stood before it was set aside."""
    back, because = rollout.resumes or state_for(stage_of(rollout)), ""
    if back is RolloutState.HOLDING_UNDECIDED:
        # Whether it is still undecided, and why, is asked anew.
        back = state_for(stage_of(rollout))
    elif back is RolloutState.HOLDING_YOU:
        because = "held by a person"
    after = in_state(rollout, back, now=now, because=because)
    return msgspec.structs.replace(after, undo=rollout.undo)


def share_text(rollout: Rollout) -> str:
    """The share it is set to, for people."""
    if is_requalifying(rollout):
        return "0 %"
    return sentences.percent(min(stage_of(rollout).share, 1 - rollout.plan.holdout))
