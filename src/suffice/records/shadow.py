"""What the front door leaves of a shadow call: for whoever scores it, and until it is answered."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

SHADOW_FOLDER = "shadow"
"""Under which name answers lie in the gateway's data folder."""
SENT_FOLDER = "shadow-batches"
"""Under which name batches lie there whose answers are not known yet."""
SPENT_FOLDER = "shadow-usd"
"""Under which name the dollars of each day's shadow calls are added up there."""


class ShadowAnswers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Both models' answers to one request of production, not yet compared.

    Attributes:
        id: Names the pair for good: one per session, else one per request and day.
        at: When the request was sent, in seconds since 1970 (UTC).
        type: The request type.
        session: The conversation, as a keyed hash in hex; never the session's own id.
        served_by: Whose answer the caller got.
        probability: With what chance this session was drawn.
        request_id: The provider's id of the exchange the caller saw.
        baseline: The baseline's model.
        candidate: The candidate, with its settings.
        policy_version: Of the policy that drew it.
        request: The request's body, masked.
        served: The message the caller got, masked; a stream put together.
        shadow: The body of the shadow call's answer, masked; None where there was none.
        shadow_status: Its HTTP status; 0 where nothing came back.
        why_missing: Why there is no shadow answer; empty where there is one.
        unbilled: The provider bills nothing for it, since it gave no answer.
    """

    id: str
    at: float
    type: str
    session: str
    served_by: Literal["baseline", "candidate"]
    probability: float
    request_id: str = ""
    baseline: str
    candidate: str
    policy_version: int | None = None
    request: bytes
    served: bytes
    shadow: bytes | None = None
    shadow_status: int = 0
    why_missing: str = ""
    unbilled: bool = False


class SentCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One shadow call within a batch.

    Attributes:
        pair: What is known already, masked; the other model's answer is not.
        requested: The model the client asked for.
        model: The model that is to answer unseen.
        request_bytes: Size of what was sent.
    """

    pair: ShadowAnswers
    requested: str
    model: str
    request_bytes: int = 0


class SentBatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A batch of shadow calls that was sent, or was about to be.

    Attributes:
        name: Ours; every id in ``calls`` begins with it, so that the batch can be told.
        at: When it was sent, in seconds since 1970 (UTC).
        batch: The provider's id; empty as long as nobody knows whether it arrived.
        version: The ``anthropic-version`` it was sent with.
        betas: Its ``anthropic-beta``; empty for none.
        calls: The id within the batch -> the call.
    """

    name: str
    at: float
    batch: str = ""
    version: str
    betas: str = ""
    calls: dict[str, SentCall]


class ShadowDay(msgspec.Struct, frozen=True, kw_only=True):
    """
    A day's shadow calls in dollars.

    Attributes:
        limit_usd: What they may cost; None where nobody has said.
        spent_usd: What is over: its cost, or the most it may have cost where nobody knows.
        held_usd: The most that calls on their way may cost.
        calls_held: How many are on their way.
        refused_usd: The least that a call may cost for which there was no room; None where there
            was room for all.
        is_used_up: Whether there will be none for that one either, whatever the calls on their way
            turn out to cost.
    """

    limit_usd: Decimal | None = None
    spent_usd: Decimal = Decimal(0)
    held_usd: Decimal = Decimal(0)
    calls_held: int = 0
    refused_usd: Decimal | None = None
    is_used_up: bool = False
