"""The way forward: when a stage ends, is held, or cannot be judged for want of data."""

from __future__ import annotations

from datetime import datetime, timedelta

from suffice.monitor import sentences
from suffice.monitor.moves import (
    Moved,
    entered,
    in_state,
    is_requalifying,
    set_aside,
    share_text,
    stage_of,
    stands_at,
    taken_up,
    told,
)
from suffice.monitor.watching import (
    LEANING_LIMIT,
    MOST_MISSING,
    leans_against,
    too_many_missing,
)
from suffice.records import Rollout, RolloutEvidence, RolloutState

STARVED_AFTER = timedelta(days=7)
"""Without a scored pair for so long, nobody is watching: degraded."""

MISSING_IN_A_ROW = 20
"""So many pairs without a score, one after another, mean that the scorer fails: degraded."""


def paused(rollout: Rollout, evidence: RolloutEvidence, *, now: datetime) -> Moved | None:
    """Pause while no shadow call may be made, and go on where it stood."""
    if rollout.state is RolloutState.PAUSED:
        if evidence.paused:
            return None
        return told(
            taken_up(rollout, stands_at(rollout), now=now),
            "resumed",
            f"Goes on at {share_text(rollout)}: {rollout.state_because} no longer holds.",
            now=now,
        )
    if not evidence.paused:
        return None
    return told(
        set_aside(rollout, RolloutState.PAUSED, now=now, because=evidence.paused),
        "paused",
        f"Paused at {share_text(rollout)}: {evidence.paused}. Nothing moves on until it is over.",
        now=now,
    )


def degraded(rollout: Rollout, *, now: datetime) -> Moved | None:
    """Say when nobody can be watching, and when somebody can again."""
    watch = rollout.watch
    failing = watch.recent_missing >= MISSING_IN_A_ROW
    if rollout.state is RolloutState.DEGRADED:
        fresh = watch.last_pair is not None and now - watch.last_pair < STARVED_AFTER
        if failing or not fresh:
            return None
        return told(
            taken_up(rollout, stands_at(rollout), now=now),
            "recovered",
            f"Watched again at {share_text(rollout)}: scored pairs arrive.",
            now=now,
        )
    if rollout.state is RolloutState.PAUSED:
        return None
    quiet = now - max(watch.last_pair or rollout.stage_began, rollout.stage_began)
    if failing:
        why = f"{watch.recent_missing} pairs in a row without a score >= {MISSING_IN_A_ROW}"
        why += sentences.mostly(watch.recent_missing_why)
        measured = (float(watch.recent_missing), ">=", float(MISSING_IN_A_ROW))
    elif quiet >= STARVED_AFTER:
        why = f"no scored pair for {sentences.days(quiet)} >= {sentences.days(STARVED_AFTER)}"
        if watch.recent_missing:
            most = sentences.mostly(watch.recent_missing_why)
            why += f"; without a score since: {watch.recent_missing:,}{most}"
        measured = (quiet / timedelta(days=1), ">=", STARVED_AFTER / timedelta(days=1))
    else:
        return None
    return told(
        set_aside(rollout, RolloutState.DEGRADED, now=now, because=why),
        "degraded",
        f"Not enough data at {share_text(rollout)}: {why}. Nothing moves on unwatched.",
        now=now,
        measured=measured,
    )


def stage_ended(rollout: Rollout, *, now: datetime) -> Moved | None:
    """Move on, or hold, once the pairs of a stage are there and its least time is over."""
    moving = {RolloutState.SHADOW, RolloutState.ADVANCING, RolloutState.HOLDING_UNDECIDED}
    if rollout.state not in moving or is_requalifying(rollout):
        return None
    if not _has_its_pairs(rollout, now=now):
        return None
    stage, watch = stage_of(rollout), rollout.watch
    if not is_proved(rollout, now=now):
        return _held(rollout, against=leans_against(watch), now=now)
    ended = sentences.of_stage(watch, stage, took=now - rollout.stage_began)
    after = entered(rollout, rollout.stage + 1, now=now)
    if after.state is RolloutState.DONE:
        held = rollout.plan.holdout
        kept = f"; {sentences.percent(held)} stays on {rollout.baseline} to compare" if held else ""
        kind, sentence = "done", f"Done at {share_text(after)}: {ended}{kept}."
    else:
        kind, sentence = "advanced", f"Moved to {share_text(after)}: {ended}."
    return told(
        after,
        kind,
        sentence,
        now=now,
        measured=(float(watch.stage_pairs), ">=", float(stage.pairs)),
    )


def is_proved(rollout: Rollout, *, now: datetime) -> bool:
    """Whether a stage's pairs are there, its least time is over, and nothing speaks against it."""
    watch = rollout.watch
    return (
        _has_its_pairs(rollout, now=now)
        and leans_against(watch) < LEANING_LIMIT
        and not too_many_missing(watch.stage_missing, watch.stage_pairs)
    )


def _has_its_pairs(rollout: Rollout, *, now: datetime) -> bool:
    stage, took = stage_of(rollout), now - rollout.stage_began
    return rollout.watch.stage_pairs >= stage.pairs and took >= timedelta(days=stage.least_days)


def _held(rollout: Rollout, *, against: float, now: datetime) -> Moved | None:
    if rollout.state is RolloutState.HOLDING_UNDECIDED:
        return None
    watch = rollout.watch
    if against >= LEANING_LIMIT:
        shown = sentences.agreement(watch.stage_score, watch.stage_pairs)
        why = (
            f"{shown} leans against {sentences.percent(watch.p_ok)}: evidence {against:,.1f} >= "
            f"{LEANING_LIMIT:g}"
        )
        measured = (against, ">=", LEANING_LIMIT)
    else:
        asked = watch.stage_pairs + watch.stage_missing
        share = watch.stage_missing / asked
        why = (
            f"{watch.stage_missing:,} of {asked:,} pairs have no score: "
            f"{sentences.percent(share)} > {sentences.percent(MOST_MISSING)}"
        )
        measured = (share, ">", MOST_MISSING)
    return told(
        in_state(rollout, RolloutState.HOLDING_UNDECIDED, now=now, because=why),
        "held",
        f"Stays at {share_text(rollout)}, undecided: {why}.",
        now=now,
        measured=measured,
    )
