"""What a strict fake can be told to do wrong, one step per request."""

from __future__ import annotations

from typing import Any

import msgspec


class Passes(msgspec.Struct, frozen=True):
    """The request is answered as usual."""


class Fails(msgspec.Struct, frozen=True, kw_only=True):
    """
    An HTTP error in the provider's envelope.

    Attributes:
        status: The HTTP status.
        type: ``error.type``.
        message: ``error.message``.
        error_code: ``error.details.error_code``; empty for none.
        headers: Further response headers, e.g. ``{"retry-after": "2"}``.
    """

    status: int
    type: str
    message: str
    error_code: str = ""
    headers: dict[str, str] = {}


class Waits(msgspec.Struct, frozen=True):
    """The answer begins only after so many seconds."""

    seconds: float


class Stalls(msgspec.Struct, frozen=True, kw_only=True):
    """A stream falls silent for so many seconds after so many events, then goes on."""

    seconds: float
    after_events: int = 3


class Cuts(msgspec.Struct, frozen=True, kw_only=True):
    """
    The answer breaks off.

    Attributes:
        after_events: Events of a stream that still come; an answer in one piece stops half-way.
        quietly: A stream ends as if all were well, only without its end; otherwise the
            connection drops.
    """

    after_events: int = 3
    quietly: bool = False


class ErrorEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A stream ends in an ``error`` event, after HTTP has said 200."""

    type: str = "overloaded_error"
    message: str = "Overloaded"
    after_events: int = 0


class Garbles(msgspec.Struct, frozen=True):
    """The body is 200 and no JSON; in a stream, one event is not."""


Step = Passes | Fails | Waits | Stalls | Cuts | ErrorEvent | Garbles


def rate_limited(*, retry_after_s: float | None = None, **headers: str) -> Fails:
    """A 429 that passes, with or without the provider's word on how long."""
    told = {} if retry_after_s is None else {"retry-after": f"{retry_after_s:g}"}
    return Fails(
        status=429,
        type="rate_limit_error",
        message="This request would exceed your organization's rate limit.",
        headers={**told, **headers},
    )


def overloaded() -> Fails:
    """A 529."""
    return Fails(status=529, type="overloaded_error", message="Overloaded")


def server_error() -> Fails:
    """A 500."""
    return Fails(status=500, type="api_error", message="Internal server error")


def spend_limit() -> Fails:
    """The account's monthly limit: a 429 for which no waiting helps."""
    return Fails(
        status=429,
        type="rate_limit_error",
        message="You have reached your monthly spend limit.",
        error_code="enforced_spend_limit_reached",
    )


def envelope(
    kind: str, message: str, *, request_id: str | None = None, error_code: str = ""
) -> dict[str, Any]:
    """The provider's error body."""
    error: dict[str, Any] = {"type": kind, "message": message}
    if error_code:
        error["details"] = {"error_code": error_code}
    return {"type": "error", "error": error, "request_id": request_id}
