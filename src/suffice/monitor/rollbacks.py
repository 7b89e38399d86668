"""The way back: what takes a rollout to the baseline at once."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from suffice.monitor import sentences
from suffice.monitor.guards import evidence_of, struck
from suffice.monitor.moves import Moved, attempt_began, in_state, told
from suffice.monitor.watching import alarmed, passed_over
from suffice.records import RollbackCause, Rollout, RolloutEvidence, RolloutState
from suffice.statistics.detector import alarm_level

_BY_ITSELF = {RollbackCause.AGREEMENT, RollbackCause.ERRORS}
_NOBODYS_FAULT = {RollbackCause.PROMPT, RollbackCause.ABORTED}


def prompt_changed(rollout: Rollout, evidence: RolloutEvidence, *, now: datetime) -> Moved | None:
    """Roll back where the live prompt is not the one that was proved."""
    watched, live = rollout.basis.watched_prompt, evidence.prompt_version
    if not watched or not live or watched == live:
        return None
    began = rollout.basis.live_prompt
    was = (
        f"It began with version {began[:12]}"
        if began
        else (f"{rollout.basis.run} was about version {watched[:12]}")
    )
    return told(
        rolled_back(rollout, RollbackCause.PROMPT, evidence, now=now),
        "rolled_back",
        f"Rolled back to {rollout.baseline}: the prompt has changed. {was}, live is "
        f"{live[:12]}. What was seen of the old prompt does not hold for the new one.",
        now=now,
    )


def rechecked(rollout: Rollout, evidence: RolloutEvidence, *, now: datetime) -> Moved | None:
    """Roll back where a later verdict on held-out cases says Keep."""
    check = evidence.recheck
    if check is None or check.verdict != "keep" or check.unheard:
        return None
    if check.at < attempt_began(rollout):
        return None
    return told(
        rolled_back(rollout, RollbackCause.RECHECK, evidence, now=now),
        "rolled_back",
        f"Rolled back to {rollout.baseline}: {check.run} on held-out cases says Keep. "
        f"{check.sentence}".strip(),
        now=now,
    )


def fallen(rollout: Rollout, evidence: RolloutEvidence, *, now: datetime) -> Moved | None:
    """Roll back where agreement has fallen."""
    if not alarmed(rollout.watch):
        return None
    level = alarm_level(rollout.watch.levels)
    return told(
        rolled_back(rollout, RollbackCause.AGREEMENT, evidence, now=now),
        "rolled_back",
        sentences.of_fall(rollout, level=level),
        now=now,
        measured=(level, ">=", rollout.watch.limit),
    )


def guard_struck(rollout: Rollout, evidence: RolloutEvidence, *, now: datetime) -> Moved | None:
    """Roll back where a guard has found more mishaps than it may."""
    guard = struck(rollout.guards)
    if guard is None:
        return None
    value, limit = evidence_of(guard)
    return told(
        rolled_back(rollout, RollbackCause(guard.name), evidence, now=now),
        "rolled_back",
        sentences.of_guard(rollout, guard, value=value, limit=limit),
        now=now,
        measured=(value, ">=", limit),
    )


def rolled_back(
    rollout: Rollout, cause: RollbackCause, evidence: RolloutEvidence, *, now: datetime
) -> Rollout:
    """The rollout at the baseline; what is the candidate's fault halves the risk it gets next."""
    past = rollout.requalification
    counts = cause not in _NOBODYS_FAULT
    requalification = msgspec.structs.replace(
        past,
        rollbacks=past.rollbacks + counts,
        alpha=past.alpha / 2 if counts else past.alpha,
        cause=cause,
        at=now,
        cools_until=now + timedelta(days=rollout.plan.cooldown_days) if counts else now,
        by_itself=cause in _BY_ITSELF and not rollout.basis.overruled_by,
        proved=False,
        run=rollout.basis.run,
    )
    return msgspec.structs.replace(
        in_state(rollout, RolloutState.ROLLED_BACK, now=now, because=cause.value),
        requalification=requalification,
        watch=passed_over(rollout.watch, evidence.pairs),
    )
