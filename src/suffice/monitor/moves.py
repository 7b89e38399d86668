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


def on_the_clock(rollout: Rollout, *, now: datetime) -> Rollout:
    """
    The rollout with nothing of its past ahead of now: the clock that said so was wrong.

    Else what is served from now on would seem to be of a time before it began, and nobody would
    count it until that time comes.
    """
    past, watch = rollout.requalification, rollout.watch
    ahead = now + _CLOCKS_DIFFER_BY
    moments = (rollout.began, rollout.stage_began, rollout.state_began, past.cooled_at, past.at)
    if all(moment is None or moment <= ahead for moment in (*moments, watch.last_pair)):
        return rollout
    rests = timedelta(days=rollout.plan.cooldown_days)
    return msgspec.structs.replace(
        rollout,
        began=min(rollout.began, now),
        stage_began=min(rollout.stage_began, now),
        state_began=_no_later(rollout.state_began, now),
        watch=msgspec.structs.replace(watch, last_pair=_no_later(watch.last_pair, now)),
        requalification=msgspec.structs.replace(
            past,
            at=_no_later(past.at, now),
            cooled_at=_no_later(past.cooled_at, now),
            cools_until=_no_later(past.cools_until, now + rests),
        ),
    )


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


def stands_at(rollout: Rollout) -> RolloutState:
    """Its state, or, while it is degraded or paused, the one it goes back to."""
    return rollout.resumes or rollout.state


def set_aside(rollout: Rollout, state: RolloutState, *, now: datetime, because: str) -> Rollout:
    """The rollout degraded or paused: it will go on where it stood, and a hold can be undone."""
    after = in_state(rollout, state, now=now, because=because)
    return msgspec.structs.replace(after, resumes=stands_at(rollout), undo=rollout.undo)


def taken_up(rollout: Rollout, state: RolloutState, *, now: datetime) -> Rollout:
    """The rollout where it once stood; whether it is still undecided, and why, is asked anew."""
    because = ""
    if state is RolloutState.HOLDING_UNDECIDED:
        state = state_for(stage_of(rollout))
    elif state is RolloutState.HOLDING_YOU:
        because = "held by a person"
    elif state is RolloutState.ROLLED_BACK:
        because = rollout.state_because
    after = in_state(rollout, state, now=now, because=because)
    return msgspec.structs.replace(after, undo=rollout.undo)


def share_text(rollout: Rollout) -> str:
    """The share it is set to, for people."""
    if is_requalifying(rollout):
        return "0 %"
    return sentences.percent(min(stage_of(rollout).share, 1 - rollout.plan.holdout))


# Those of two machines that each keep a monitor.
_CLOCKS_DIFFER_BY = timedelta(minutes=1)


def _no_later(moment: datetime | None, than: datetime) -> datetime | None:
    return None if moment is None else min(moment, than)
