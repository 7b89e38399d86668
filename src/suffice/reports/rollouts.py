"""Where rollouts stand, as plain figures and words: for terminals, pages and machines alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from suffice.monitor.guards import evidence_of
from suffice.monitor.moves import stage_of
from suffice.monitor.sentences import percent
from suffice.records.rollout import (
    Guard,
    Rollout,
    RolloutBasis,
    RolloutEvent,
    RolloutState,
    WantedShares,
)
from suffice.records.rollout_evidence import ModelMoved, Recheck
from suffice.reports.rollout_next import because, left_s, next_text
from suffice.statistics.detector import alarm_level

_GUARD_NAMES = {
    "errors": "errors and refusals",
    "latency": "slow answers",
    "cost": "dear answers",
    "feedback": "disliked answers",
}
_FEW = 40
_HALF_WAY = 0.5
_REASONS = 3

GLYPHS = {
    RolloutState.SHADOW: ("◌", "o"),
    RolloutState.ADVANCING: ("●", "*"),
    RolloutState.HOLDING_UNDECIDED: ("…", "~"),
    RolloutState.HOLDING_YOU: ("‖", "="),
    RolloutState.ROLLED_BACK: ("✗", "x"),
    RolloutState.DONE: ("✓", "+"),
    RolloutState.DEGRADED: ("!", "!"),
    RolloutState.PAUSED: ("‖", "="),
}
"""State is glyph and word, never colour alone."""

WORDS = {
    RolloutState.SHADOW: "Shadow",
    RolloutState.ADVANCING: "Advancing",
    RolloutState.HOLDING_UNDECIDED: "Holding (undecided)",
    RolloutState.HOLDING_YOU: "Holding (you)",
    RolloutState.ROLLED_BACK: "Rolled back",
    RolloutState.DONE: "Done",
    RolloutState.DEGRADED: "Degraded (not enough data)",
    RolloutState.PAUSED: "Paused",
}


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """
    What really went where, lately.

    Attributes:
        hours: Over how long.
        conversations: Of the type that asked for the baseline.
        at_candidate: Of those, served by the candidate.
    """

    hours: float
    conversations: int
    at_candidate: int

    @property
    def share(self) -> float | None:
        """At the candidate; None where there was nothing."""
        return self.at_candidate / self.conversations if self.conversations else None


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a rollout saved and cost. Dollars as decimal text.

    Attributes:
        saved_usd: Taken since it began, at list price; None where no account is kept.
        watching_usd: Shadow calls since it began.
        unpriced_pairs: Of those, calls whose dollars are not known.
    """

    saved_usd: str | None
    watching_usd: str
    unpriced_pairs: int = 0


class GuardRow(msgspec.Struct, frozen=True, kw_only=True):
    """
    One thing that is watched.

    Attributes:
        name: For people.
        now: What is seen, with its count.
        against: What it is held against.
        evidence: How much speaks for taking it back, and the limit.
        state: ``holding``, ``watching``, ``raised`` or ``too few to say``.
        value: The evidence as a number.
        limit: What takes the rollout back once the evidence reaches it.
        seen: Pairs, or the candidate's occasions, so far.
    """

    name: str
    now: str
    against: str
    evidence: str
    state: str
    value: float
    limit: float
    seen: int


class RolloutView(msgspec.Struct, frozen=True, kw_only=True):
    """
    One rollout as it is shown.

    Attributes:
        type: The request type.
        baseline: The model in use.
        candidate: The model on its way in.
        state: See `RolloutState`.
        because: Why it stands there; empty where it moves.
        stage: Counted from 1.
        shares: Of all stages.
        plan: Its name.
        set_share: What the policy in force gives the candidate; None without a rule.
        wanted_share: What the rollout wants; differs only while it is being carried out.
        shadow: Share that is answered twice.
        shadow_batched: The second answers may wait for a batch.
        served: What really went where; None where no account is kept.
        stage_pairs: Scored pairs of this stage.
        stage_needs: Pairs it needs.
        stage_for_s: How long it has stood in this stage.
        least_s: How long it must.
        stage_left_s: Until this stage can end, at the pace of its pairs so far; None where nobody
            can say, or it waits for something else.
        guards: One row per thing that is watched.
        money: What it saved and cost.
        next: What happens next, and what it waits for.
        run: The comparison it rests on.
        version: The rollout's.
        prompt_version: The prompt's version an edit is told from; empty where none is.
        prompt: What is watched of the prompt, and since when it is known.
        held_out: What held-out cases said, and when they are asked next; empty before the first.
        missing: How many pairs have no score, and why; empty where all have one.
    """

    type: str
    baseline: str
    candidate: str
    state: RolloutState
    because: str
    stage: int
    shares: tuple[float, ...]
    plan: str
    set_share: float | None
    wanted_share: float
    shadow: float
    served: Served | None
    stage_pairs: int
    stage_needs: int
    stage_for_s: float
    least_s: float
    stage_left_s: float | None
    guards: tuple[GuardRow, ...]
    money: Money
    next: str
    run: str
    version: int
    prompt_version: str = ""
    prompt: str = ""
    held_out: str = ""
    shadow_batched: bool = False
    missing: str = ""


def view_of(
    rollout: Rollout,
    wanted: WantedShares,
    *,
    set_share: float | None,
    served: Served | None,
    money: Money,
    now: datetime,
) -> RolloutView:
    """
    A rollout as it is shown.

    Args:
        rollout: As it is kept.
        wanted: What the policy must say for it.
        set_share: What the policy says.
        served: What really went where.
        money: What it saved and cost.
        now: The time.
    """
    stage = stage_of(rollout)
    return RolloutView(
        type=rollout.type,
        baseline=rollout.baseline,
        candidate=rollout.candidate,
        state=rollout.state,
        because=because(rollout),
        stage=min(rollout.stage, len(rollout.plan.stages) - 1) + 1,
        shares=tuple(min(each.share, 1 - rollout.plan.holdout) for each in rollout.plan.stages),
        plan=rollout.plan.name,
        set_share=set_share,
        wanted_share=wanted.share,
        shadow=wanted.shadow,
        shadow_batched=rollout.shadow_batched,
        served=served,
        stage_pairs=rollout.watch.stage_pairs,
        stage_needs=stage.pairs,
        stage_for_s=(now - rollout.stage_began).total_seconds(),
        least_s=timedelta(days=stage.least_days).total_seconds(),
        stage_left_s=left_s(rollout, now),
        guards=(_agreement_row(rollout), *(_guard_row(guard) for guard in rollout.guards)),
        money=money,
        next=next_text(rollout, now),
        run=rollout.basis.run,
        version=rollout.version,
        prompt_version=rollout.basis.watched_prompt,
        prompt="" if rollout.state is RolloutState.ROLLED_BACK else prompt_text(rollout.basis),
    )


def held_out_text(
    check: Recheck | None, moved: ModelMoved | None, *, next_at: datetime | None, why: str
) -> str:
    """
    What held-out cases said of a rollout, in a line; empty where nobody was asked.

    Args:
        check: The latest verdict on them.
        moved: The latest change of a model that was found.
        next_at: When a schedule asks them next; None without one.
        why: Why the last attempt did not come to its end; empty if it did.
    """
    parts = []
    if check is not None:
        word = check.verdict.replace("_", " ").capitalize()
        word += ", not sure enough to take anything back" if check.unheard else ""
        parts.append(f"{check.at:%Y-%m-%d} {word} ({check.run})")
    if moved is not None:
        parts.append(f"{moved.at:%Y-%m-%d} {moved.sentence.rstrip('.')}")
    if why:
        parts.append(f"not asked: {why.rstrip('.')}")
    if next_at is not None:
        parts.append(f"next {next_at:%Y-%m-%d %H:%M} UTC")
    return f"held-out cases: {'; '.join(parts)}" if parts else ""


def rollout_json(view: RolloutView, events: Sequence[RolloutEvent]) -> dict[str, Any]:
    """One rollout with its events, for machines."""
    return {
        "schema": "suffice.rollout",
        "version": 1,
        "rollout": {**msgspec.to_builtins(view), "actual_share": _actual(view)},
        "events": msgspec.to_builtins(list(events)),
    }


def rollouts_json(views: Sequence[RolloutView]) -> dict[str, Any]:
    """All rollouts, for machines."""
    rows = [{**msgspec.to_builtins(view), "actual_share": _actual(view)} for view in views]
    return {"schema": "suffice.rollouts", "version": 1, "rollouts": rows}


def actual_text(served: Served | None) -> str:
    """
    What really went to the candidate, never without its count.

    >>> actual_text(Served(hours=24, conversations=1204, at_candidate=299))
    '24.8 % of 1,204'
    """
    if served is None:
        return "no account"
    if served.share is None:
        return "nothing served"
    return f"{100 * served.share:.1f} % of {served.conversations:,}"


def prompt_text(basis: RolloutBasis) -> str:
    """
    What is watched of the prompt, and as whose.

    >>> prompt_text(RolloutBasis(run="r1", verdict="switch", prompt_version="ab12"))
    'prompt ab12, as proved: an edit takes everything back'
    >>> prompt_text(RolloutBasis(run="r1", verdict="switch"))
    'prompt edits are not watched: the cases of r1 share no prompt, nor did the live requests'
    """
    if basis.live_prompt:
        proved = basis.prompt_version
        why = f"not {proved[:12]}, as proved" if proved else f"the cases of {basis.run} share none"
        live = f"prompt {basis.live_prompt[:12]}, as it was live ({why})"
        return f"{live}: an edit takes everything back"
    if basis.prompt_version:
        return f"prompt {basis.prompt_version[:12]}, as proved: an edit takes everything back"
    return (
        f"prompt edits are not watched: the cases of {basis.run} share no prompt, "
        "nor did the live requests"
    )


def missing_text(reasons: Mapping[str, int], *, pairs: int) -> str:
    """
    How many pairs have no score, and the commonest reasons; empty where all have one.

    Args:
        reasons: Why -> how many have none, of all since the rollout began.
        pairs: All of them.

    >>> missing_text({"HTTP 529": 17, "": 3}, pairs=120)
    '20 of 120 pairs since it began have no score: 17 HTTP 529, 3 no reason known'
    """
    missing = sum(reasons.values())
    if not missing:
        return ""
    commonest = sorted(reasons.items(), key=lambda item: (-item[1], not item[0], item[0]))
    shown = [f"{count:,} {why or 'no reason known'}" for why, count in commonest[:_REASONS]]
    rest = sum(count for _, count in commonest[_REASONS:])
    if rest:
        shown.append(f"{rest:,} other")
    since = "pairs since it began have no score"
    return f"{missing:,} of {pairs:,} {since}: {', '.join(shown)}"


def watching_usd(costs: Sequence[str | None]) -> tuple[str, int]:
    """
    The dollars of shadow calls, and how many of them have no known price.

    >>> watching_usd(["0.10", "0.025", None])
    ('0.125', 1)
    """
    known = [Decimal(cost) for cost in costs if cost is not None]
    return str(sum(known, Decimal(0))), len(costs) - len(known)


def _actual(view: RolloutView) -> float | None:
    return None if view.served is None else view.served.share


def _agreement_row(rollout: Rollout) -> GuardRow:
    watch = rollout.watch
    level = alarm_level(watch.levels)
    mean = f"{100 * watch.score / watch.pairs:.1f} % of {watch.pairs:,}" if watch.pairs else "-"
    return GuardRow(
        name="agreement (batched)" if rollout.shadow_batched else "agreement (shadow)",
        now=mean,
        against=f"fine at {percent(watch.p_ok)}",
        evidence=f"{level:,.0f} of {watch.limit:,.0f}",
        state=_state(level / watch.limit, seen=watch.pairs),
        value=level,
        limit=watch.limit,
        seen=watch.pairs,
    )


def _guard_row(guard: Guard) -> GuardRow:
    value, limit = evidence_of(guard)
    seen, other = guard.candidate_seen, guard.baseline_seen
    alone = guard.reference is not None
    return GuardRow(
        name=_GUARD_NAMES[guard.name],
        now=_rate(guard.candidate_hits, seen) if seen else "-",
        against=f"expected {percent(guard.reference)}"
        if guard.reference is not None
        else f"baseline {_rate(guard.baseline_hits, other)}",
        evidence=f"{value:,.1f} of {limit:,.0f}",
        state=_state(value / limit, seen=seen if alone else min(seen, other)),
        value=value,
        limit=limit,
        seen=seen,
    )


def _state(part: float, *, seen: int) -> str:
    if part >= 1:
        return "raised"
    if part >= _HALF_WAY:
        return "watching"
    return "holding" if seen >= _FEW else "too few to say"


def _rate(hits: int, seen: int) -> str:
    return f"{100 * hits / seen:.2g} % of {seen:,}" if seen else "nothing seen"
