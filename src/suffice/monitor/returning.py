"""After a rollback: rest, then proof from shadow pairs alone, at half the risk."""

from __future__ import annotations

import math
from datetime import datetime

import msgspec

from suffice.monitor import sentences
from suffice.monitor.guards import fresh_guards
from suffice.monitor.moves import Moved, entered, in_state, is_requalifying, share_text, told
from suffice.monitor.rollbacks import rolled_back
from suffice.monitor.watching import of_new_attempt, too_many_missing
from suffice.records import RollbackCause, Rollout, RolloutEvidence, RolloutState
from suffice.statistics.detector import FALLS
from suffice.statistics.walk import Rule


def cooled(rollout: Rollout, *, now: datetime) -> Moved | None:
    """Try again unseen, once the rest after a rollback is over."""
    past = rollout.requalification
    if not past.by_itself or past.cools_until is None or now < past.cools_until:
        return None
    watch = of_new_attempt(rollout.watch)
    again = msgspec.structs.replace(
        in_state(rollout, RolloutState.SHADOW, now=now),
        stage=_first_serving(rollout),
        stage_began=now,
        watch=watch,
        guards=fresh_guards(),
        requalification=msgspec.structs.replace(past, cooled_at=now),
    )
    rule = _rule(again)
    return told(
        again,
        "cooled",
        f"Tried again, unseen: {rollout.candidate} must show agreement above "
        f"{sentences.percent(rule.floor)} at {sentences.percent(past.alpha)} risk "
        f"(rolled back {sentences.times(past.rollbacks)} so far) before it serves anybody.",
        now=now,
    )


def requalified(rollout: Rollout, evidence: RolloutEvidence, *, now: datetime) -> Moved | None:
    """Serve again once the shadow pairs prove it, or go back to rest once they disprove it."""
    if rollout.state is not RolloutState.SHADOW or not is_requalifying(rollout):
        return None
    watch = rollout.watch
    agreed, disagreed = watch.proof
    rule, shown = _rule(rollout), sentences.agreement(agreed, watch.pairs)
    proof, disproof = (
        _evidence(log(agreed, disagreed)) for log in (rule.log_for, rule.log_against)
    )
    if rule.switches(agreed, disagreed) and not too_many_missing(watch.missing, watch.pairs):
        past = msgspec.structs.replace(rollout.requalification, proved=True)
        first = msgspec.structs.replace(
            entered(rollout, rollout.stage, now=now), requalification=past
        )
        return told(
            first,
            "requalified",
            f"Qualified again and moved to {share_text(first)}: {shown}, above "
            f"{sentences.percent(rule.floor)} at {sentences.percent(rule.alpha)} risk. Evidence "
            f"{proof:,.0f} >= {1 / rule.alpha:,.0f}.",
            now=now,
            measured=(proof, ">=", 1 / rule.alpha),
        )
    if rule.keeps(agreed, disagreed):
        return told(
            rolled_back(rollout, RollbackCause.AGREEMENT, evidence, now=now),
            "rolled_back",
            f"Stays on {rollout.baseline}: it did not qualify again: {shown}, below "
            f"{sentences.percent(rule.target)}. Evidence {disproof:,.0f} >= {1 / rule.beta:,.0f}.",
            now=now,
            measured=(disproof, ">=", 1 / rule.beta),
        )
    return None


def _evidence(log: float) -> float:
    return math.exp(min(log, _LARGEST_LOG))


def _rule(rollout: Rollout) -> Rule:
    """What a candidate must show to serve again: a fall of the smallest kind is ruled out."""
    p_ok = rollout.watch.p_ok
    return Rule(floor=p_ok - FALLS[0], target=p_ok, alpha=rollout.requalification.alpha)


def _first_serving(rollout: Rollout) -> int:
    stages = rollout.plan.stages
    return next((i for i, stage in enumerate(stages) if stage.share > 0), len(stages) - 1)


_LARGEST_LOG = 700.0
