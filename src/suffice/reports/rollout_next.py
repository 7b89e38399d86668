"""Why a rollout stands where it stands, what comes next, and how long that takes."""

from __future__ import annotations

from datetime import datetime, timedelta

from suffice.monitor.moves import is_requalifying, stage_of
from suffice.monitor.sentences import days, percent
from suffice.records.rollout import RollbackCause, Rollout, RolloutState
from suffice.reports.words import count

_TAKEN_BACK = {
    RollbackCause.AGREEMENT: "agreement has fallen",
    RollbackCause.ERRORS: "errors have risen",
    RollbackCause.LATENCY: "answers have become slow",
    RollbackCause.COST: "answers have become dear",
    RollbackCause.FEEDBACK: "answers are disliked",
    RollbackCause.PROMPT: "the prompt was edited",
    RollbackCause.RECHECK: "a later comparison says Keep",
    RollbackCause.ABORTED: "somebody aborted it",
}
_STAYS = {
    RolloutState.DONE: "It stays there, watched; a fall takes it back.",
    RolloutState.HOLDING_YOU: "It stays there until you promote, abort or undo; it is watched.",
    RolloutState.HOLDING_UNDECIDED: "It stays there until its evidence is clear, not until a date.",
    RolloutState.PAUSED: "It goes on by itself once that is over.",
    RolloutState.DEGRADED: "It goes on by itself once scored pairs arrive.",
}


def next_text(rollout: Rollout, now: datetime) -> str:
    """What happens next by itself, and what it waits for."""
    if rollout.state in _STAYS:
        return _STAYS[rollout.state]
    if rollout.state is RolloutState.ROLLED_BACK:
        return _way_back(rollout, now)
    if is_requalifying(rollout):
        risk = percent(rollout.requalification.alpha)
        return f"Nobody is served by it until its pairs prove it at {risk} risk."
    return _to_next_stage(rollout, now, needs=stage_of(rollout).pairs)


def _way_back(rollout: Rollout, now: datetime) -> str:
    past = rollout.requalification
    if past.cools_until is None or not past.by_itself:
        return "It stays on the baseline; only a new Switch begins it again."
    left = past.cools_until - now
    rest = f"rests for another {days(left)}" if left > timedelta(0) else "has rested"
    return f"It {rest}; then its pairs must prove it again at {percent(past.alpha)} risk."


def because(rollout: Rollout) -> str:
    """Why it stands there, as words."""
    cause = rollout.requalification.cause
    if rollout.state is RolloutState.ROLLED_BACK and cause is not None:
        return f"because {_TAKEN_BACK.get(cause, cause.value)}"
    return rollout.state_because


def left_s(rollout: Rollout, now: datetime) -> float | None:
    """Seconds until its stage can end, at the pace of its pairs; None where nobody can say."""
    if rollout.state not in {RolloutState.SHADOW, RolloutState.ADVANCING}:
        return None
    stage, pairs = stage_of(rollout), rollout.watch.stage_pairs
    gone = (now - rollout.stage_began).total_seconds()
    wait = max(timedelta(days=stage.least_days).total_seconds() - gone, 0.0)
    left = max(stage.pairs - pairs, 0)
    if left and not pairs:
        return None
    return max(wait, left * gone / pairs) if left else wait


def _at_this_pace(rollout: Rollout, now: datetime) -> str:
    left = left_s(rollout, now)
    if left is None:
        return ""
    long = "less than a minute" if left < 60 else f"about {days(timedelta(seconds=left))}"  # noqa: PLR2004 - a minute
    return f" ({long} at this pace)"


def _to_next_stage(rollout: Rollout, now: datetime, *, needs: int) -> str:
    stages, stage = rollout.plan.stages, stage_of(rollout)
    is_last = rollout.stage >= len(stages) - 1
    most = 1 - rollout.plan.holdout
    goal = "Done" if is_last else percent(min(stages[rollout.stage + 1].share, most))
    left = max(needs - rollout.watch.stage_pairs, 0)
    wait = rollout.stage_began + timedelta(days=stage.least_days) - now
    waits = [
        f"after {count(left, 'more pair')}{_at_this_pace(rollout, now)}" if left else "",
        f"not before {days(wait)} from now" if wait > timedelta(0) else "",
    ]
    return (
        f"{goal} {', '.join(text for text in waits if text) or 'at the next look'}, if all holds."
    )
