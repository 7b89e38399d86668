"""
A model that does not answer as it did: nothing moves on by what was proved of yesterday's model.

Nothing is taken back either. The shadow pairs go on being compared with today's baseline, and
take the candidate back if it does not agree with that; but which stage is next was to be decided
by evidence about models that are no longer there.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from suffice.monitor.moves import (
    Moved,
    attempt_began,
    entered,
    in_state,
    is_requalifying,
    share_text,
    told,
)
from suffice.records import ModelMoved, Recheck, Rollout, RolloutEvidence, RolloutState, Word

_MOVING = {RolloutState.SHADOW, RolloutState.ADVANCING, RolloutState.HOLDING_UNDECIDED}


def outdated(rollout: Rollout, evidence: RolloutEvidence, *, now: datetime) -> Moved | None:
    """Hold a rollout that was moving where one of its models was found changed."""
    moved = _found(rollout, evidence)
    if moved is None or rollout.state not in _MOVING or is_requalifying(rollout):
        return None
    is_held = rollout.state is RolloutState.HOLDING_UNDECIDED or not is_outdated(rollout, evidence)
    if moved.run == rollout.outdated_by and is_held:
        return None
    held = in_state(rollout, RolloutState.HOLDING_UNDECIDED, now=now, because=_because(moved))
    return told(
        msgspec.structs.replace(held, outdated_by=moved.run),
        "held",
        f"Stays at {share_text(rollout)}, undecided: {moved.sentence} What was proved is about the "
        f"{moved.arm} as it was. Nothing moves on until held-out cases say Switch of both models "
        "as they are; what agrees less with today's baseline is taken back as before.",
        now=now,
    )


def proved_again(rollout: Rollout, evidence: RolloutEvidence, *, now: datetime) -> Moved | None:
    """Go on, with the stage begun anew, once a later verdict on held-out cases says Switch."""
    moved, check = _found(rollout, evidence), evidence.recheck
    if moved is None or check is None or not _cleared(moved, check):
        return None
    if rollout.state not in _MOVING or is_requalifying(rollout):
        return None
    # A pause may have ended the hold; pairs of the model before are in the stage all the same.
    if rollout.state_because != _because(moved) and not rollout.stage_began < moved.at <= now:
        return None
    return told(
        entered(rollout, rollout.stage, now=now),
        "released",
        f"Goes on at {share_text(rollout)}: {check.run} says Switch of both models as they are. "
        "The stage begins anew, since its pairs were of the model before.",
        now=now,
    )


def is_outdated(rollout: Rollout, evidence: RolloutEvidence) -> bool:
    """Whether one of the models was found changed, and no Switch since speaks of both anew."""
    moved = _found(rollout, evidence)
    return moved is not None and not _cleared(moved, evidence.recheck)


def _found(rollout: Rollout, evidence: RolloutEvidence) -> ModelMoved | None:
    """The change, if it is no older than the rollout's present attempt."""
    moved = evidence.moved
    return moved if moved is not None and moved.at >= attempt_began(rollout) else None


def _because(moved: ModelMoved) -> str:
    return f"{moved.run} found the {moved.arm} changed"


def _cleared(moved: ModelMoved, check: Recheck | None) -> bool:
    # The run that found it asked both models anew, so its own Switch counts.
    return check is not None and check.at >= moved.at and check.verdict == Word.SWITCH.value
