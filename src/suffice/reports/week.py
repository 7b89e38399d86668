"""What is known of a week in production, before it is put into words."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from suffice.records.rollout import RolloutEvent, RolloutState


class TypeWeek(msgspec.Struct, frozen=True, kw_only=True):
    """
    One rolled-out type's week.

    Attributes:
        type: The request type.
        baseline: The model its requests ask for.
        candidate: The cheaper one.
        state: Where its rollout stands at the week's end.
        share: What the policy gives the candidate; None without a rule.
        pairs: Scored pairs of the week.
        score: Sum of their scores.
        missing: Pairs without a score.
        pairs_before: Scored pairs of the week before.
        score_before: Sum of their scores.
        fine_at: Agreement held to be fine.
        watching_usd: Shadow calls of the week whose price is known.
        unpriced_pairs: Shadow calls whose price is not.
        prompt_watched: Whether an edit of its prompt would be told.
    """

    type: str
    baseline: str
    candidate: str
    state: RolloutState
    share: float | None
    pairs: int
    score: float
    missing: int
    pairs_before: int
    score_before: float
    fine_at: float
    watching_usd: str
    unpriced_pairs: int = 0
    prompt_watched: bool = True


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one model cost in the week.

    Attributes:
        model: What served.
        requests: Attempts it answered or failed.
        usd: At list or your own prices.
        usd_before: The week before.
        unpriced: Attempts whose dollars are not known.
    """

    model: str
    requests: int
    usd: str
    usd_before: str
    unpriced: int


class Errors(msgspec.Struct, frozen=True, kw_only=True):
    """How often one arm of a type failed in the week."""

    type: str
    arm: str
    attempts: int
    errors: int


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a type's candidate saved in the week, at list price."""

    type: str
    usd: str


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a Switch that is not rolled out would save.

    Attributes:
        type: The request type.
        candidate: The model that suffices.
        usd_per_answer: Measured, per answer.
        requests: The type's requests in the week.
        run: The comparison.
    """

    type: str
    candidate: str
    usd_per_answer: float
    requests: int
    run: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the policy: who made it, what it changed, why."""

    at: datetime
    version: int
    by: str
    action: str
    reason: str


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """
    Everything the report says.

    Attributes:
        first: The first day, UTC.
        last: The last day; may be under way.
        types: Rolled-out types.
        spent: By model, dearest first.
        errors: By type and arm.
        taken: By type.
        proven: Switches that are not rolled out.
        proving_usd: What the week's comparisons cost.
        events: What happened to rollouts, oldest first.
        changes: Versions of the policy, oldest first.
        has_account: Whether a gateway keeps an account here.
    """

    first: date
    last: date
    types: tuple[TypeWeek, ...] = ()
    spent: tuple[Spent, ...] = ()
    errors: tuple[Errors, ...] = ()
    taken: tuple[Taken, ...] = ()
    proven: tuple[Proven, ...] = ()
    proving_usd: str = "0"
    events: tuple[RolloutEvent, ...] = ()
    changes: tuple[Change, ...] = ()
    has_account: bool = True
