"""What the front door leaves of a shadow call, for whoever scores it."""

from __future__ import annotations

from typing import Literal

import msgspec

SHADOW_FOLDER = "shadow"
"""Under which name they lie in the gateway's data folder."""


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
