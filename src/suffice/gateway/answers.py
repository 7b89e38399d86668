"""What the gateway says itself: errors in the provider's envelope, and short pages."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    421: "invalid_request_error",
    429: "rate_limit_error",
    431: "invalid_request_error",
    501: "invalid_request_error",
    504: "timeout_error",
}


def reply(
    status: int,
    body: bytes,
    *,
    kind: bytes | None = b"application/json",
    extra: bytes = b"",
    close: bool = False,
    head_only: bool = False,
) -> bytes:
    """
    A whole answer.

    >>> reply(200, b"ok", kind=b"text/plain").splitlines()[0]
    b'HTTP/1.1 200 OK'
    """
    try:
        reason = HTTPStatus(status).phrase.encode()
    except ValueError:
        reason = b""
    return b"HTTP/1.1 %d %b\r\n%bcontent-length: %d\r\n%b%b\r\n%b" % (
        status,
        reason,
        b"" if kind is None else b"content-type: %b\r\n" % kind,
        len(body),
        extra,
        b"connection: close\r\n" if close else b"",
        b"" if head_only else body,
    )


def error(
    status: int, message: str, *, reason: str, close: bool = False, extra: bytes = b""
) -> bytes:
    """
    An error of the gateway's own, in the provider's shape, so that every client understands it.

    Args:
        status: The HTTP status.
        message: One sentence for a person; never a credential or a body.
        reason: Goes into ``x-suffice-reason``: who reads logs tells ours from the upstream's.
        close: Whether the connection ends with it.
        extra: Further header lines.
    """
    body = msgspec.json.encode(
        {
            "type": "error",
            "error": {
                "type": _TYPES.get(status, "api_error"),
                "message": f"suffice gateway: {message}",
            },
            "request_id": None,
        }
    )
    said = b"x-suffice-reason: %b\r\n" % reason.encode("ascii", "replace")
    return reply(status, body, extra=said + extra, close=close)


def too_much_held() -> bytes:
    """The answer to a request that cannot be read now, since too many are held."""
    message = "too much is held to read this request; try again."
    return error(503, message, reason="held", close=True, extra=b"retry-after: 1\r\n")
