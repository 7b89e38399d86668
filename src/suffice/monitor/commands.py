"""What people do to a rollout: hold, promote or abort it, take that back, watch it for less."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from suffice.errors import NotNow, NotProven
from suffice.monitor import sentences
from suffice.monitor.advancing import is_proved
from suffice.monitor.controller import wanted
from suffice.monitor.moves import (
    Moved,
    entered,
    in_state,
    is_requalifying,
    share_text,
    stands_at,
    taken_up,
    told,
)
from suffice.monitor.rollbacks import rolled_back
from suffice.records import (
    RollbackCause,
    Rollout,
    RolloutEvidence,
    RolloutState,
    RolloutStep,
    Undo,
)

Command = Literal["hold", "promote", "abort", "undo", "batch", "live"]

UNDO_WITHIN = timedelta(hours=24)
"""A command can be taken back for so long, unless the rollout has moved by itself since. A hold
can be for as long as it holds."""


_UNDONE = {"held": "The hold", "promoted": "The promotion", "aborted": "The abort"}


def command(rollout: Rollout, what: Command, *, by: str, reason: str, now: datetime) -> RolloutStep:
    """
    The rollout after somebody's command. The same command given twice changes nothing more.

    Args:
        rollout: As it was stored last.
        what: ``hold`` keeps the share as it is; ``promote`` begins the next stage before its
            evidence is there; ``abort`` sends everything to the baseline, and what is there
            already is not tried again by itself; ``undo`` takes the last of these back.
            ``batch`` lets its shadow calls wait for a batch, ``live`` has them made at once again.
        by: Who.
        reason: In their own words.
        now: The time.

    Returns:
        As `suffice.monitor.step` does, with who and why in the event.

    Raises:
        NotNow: The rollout's state does not allow it.
        NotProven: A promotion before the evidence is there, without a name and a reason.
    """
    match what:
        case "hold":
            moved = _held(rollout, by=by, now=now)
        case "promote":
            moved = _promoted(rollout, by=by, reason=reason, now=now)
        case "abort":
            moved = _aborted(rollout, by=by, now=now)
        case "undo":
            moved = _undone(rollout, by=by, now=now)
        case "batch" | "live":
            moved = _watched(rollout, batched=what == "batch", by=by, now=now)
    if moved is None:
        return RolloutStep(rollout=rollout, wanted=wanted(rollout))
    after = msgspec.structs.replace(moved.rollout, version=rollout.version + 1)
    event = msgspec.structs.replace(
        moved.event, by=by, reason=reason, rollout_version=after.version
    )
    return RolloutStep(rollout=after, wanted=wanted(after), events=(event,))


def _held(rollout: Rollout, *, by: str, now: datetime) -> Moved | None:
    if rollout.state is RolloutState.HOLDING_YOU:
        return None
    _must_run(rollout, "held")
    after = in_state(rollout, RolloutState.HOLDING_YOU, now=now, because=f"held by {_name(by)}")
    return _told(
        rollout,
        after,
        "held",
        f"Held at {share_text(after)} by {_name(by)}; it is watched, and rolled back, as before.",
        now=now,
    )


def _promoted(rollout: Rollout, *, by: str, reason: str, now: datetime) -> Moved:
    _must_run(rollout, "promoted")
    # What was found changed since makes evidence of yesterday's models, whatever its counts.
    is_there = is_proved(rollout, now=now) and not rollout.outdated_by
    if not is_there and not (by.strip() and reason.strip()):
        raise NotProven(
            f"{rollout.type}: the evidence for the next stage is not there: "
            f"{rollout.watch.stage_pairs:,} pairs in this one.",
            effect="The rollout is as it was.",
            next_step="Wait, or give --reason and --by; both are kept for good.",
        )
    after = entered(rollout, rollout.stage + 1, now=now)
    when = "with the evidence there" if is_there else "before the evidence was there"
    return _told(
        rollout,
        after,
        "promoted",
        f"Moved to {share_text(after)} by {_name(by)} {when} "
        f"({rollout.watch.stage_pairs:,} pairs in the stage before).",
        now=now,
    )


def _aborted(rollout: Rollout, *, by: str, now: datetime) -> Moved | None:
    if rollout.state is RolloutState.ROLLED_BACK:
        return _given_up(rollout, by=by, now=now)
    after = rolled_back(rollout, RollbackCause.ABORTED, RolloutEvidence(), now=now)
    return _told(
        rollout,
        after,
        "aborted",
        f"Taken back from {share_text(rollout)} to {rollout.baseline} by {_name(by)}.",
        now=now,
    )


def _given_up(rollout: Rollout, *, by: str, now: datetime) -> Moved | None:
    """What was rolled back and would be tried again by itself is not."""
    past = rollout.requalification
    if not past.by_itself:
        return None
    after = msgspec.structs.replace(
        rollout, requalification=msgspec.structs.replace(past, by_itself=False)
    )
    return _told(
        rollout,
        after,
        "aborted",
        f"Stays on {rollout.baseline}: it is not tried again by itself, says {_name(by)}.",
        now=now,
    )


def _undone(rollout: Rollout, *, by: str, now: datetime) -> Moved:
    before = rollout.undo
    is_held = before is not None and before.command == "held"
    if before is None or (now - before.at > UNDO_WITHIN and not is_held):
        raise NotNow(
            f"{rollout.type}: there is nothing to undo.",
            effect="The rollout is as it was.",
            next_step="Only a person's last command can be undone, within "
            f"{UNDO_WITHIN // timedelta(hours=1)} hours and before the rollout moves by itself.",
        )
    back = rollout
    if before.stage != rollout.stage or stands_at(rollout) is RolloutState.DONE:
        back = entered(rollout, before.stage, now=now)
    # Whether it is still paused or degraded, and why, is asked anew.
    back = taken_up(back, before.resumes or before.state, now=now)
    back = msgspec.structs.replace(back, requalification=before.requalification, undo=None)
    return told(
        back,
        "undone",
        f"{_UNDONE.get(before.command, 'The last command')} was taken back by "
        f"{_name(by)}: "
        f"{back.state.value.replace('_', ' ')} at {share_text(back)}.",
        now=now,
    )


def _watched(rollout: Rollout, *, batched: bool, by: str, now: datetime) -> Moved | None:
    if rollout.shadow_batched == batched:
        return None
    how = sentences.BATCHED if batched else "are made at once"
    return told(
        msgspec.structs.replace(rollout, shadow_batched=batched),
        "shadow_changed",
        f"From now on shadow calls {how}, says {_name(by)}.",
        now=now,
    )


def _told(before: Rollout, after: Rollout, kind: str, sentence: str, *, now: datetime) -> Moved:
    undo = Undo(
        command=kind,
        at=now,
        state=before.state,
        stage=before.stage,
        resumes=before.resumes,
        requalification=before.requalification,
    )
    return told(msgspec.structs.replace(after, undo=undo), kind, sentence, now=now)


def _must_run(rollout: Rollout, what: str) -> None:
    over = {RolloutState.ROLLED_BACK, RolloutState.DONE}
    stands = stands_at(rollout)
    if stands in over or is_requalifying(rollout):
        state = stands.value if stands in over else "not qualified again"
        raise NotNow(
            f"{rollout.type} cannot be {what}: it is {state.replace('_', ' ')}.",
            effect="The rollout is as it was.",
            next_step=f"suffice rollout status {rollout.type}",
        )


def _name(by: str) -> str:
    return by.strip() or "somebody"
