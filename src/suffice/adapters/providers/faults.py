"""What went wrong with one try, and what to do about it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx2
import msgspec

from suffice.adapters.providers.pacing import asked_wait_s
from suffice.errors import ProviderError, Refused, SpendLimit
from suffice.records import Answer

MOST_ERROR_TEXT = 500
_SPENT = frozenset({"enforced_spend_limit_reached", "contract_spend_limit_reached"})
_BAD_REQUEST, _UNAUTHORIZED, _PAYMENT, _FORBIDDEN, _NOT_FOUND = 400, 401, 402, 403, 404
_RATE_LIMITED, _SERVER_ERROR, _GATEWAY_TIMEOUT, _OVERLOADED = 429, 500, 504, 529
_RETRIED = frozenset({408, 409, _RATE_LIMITED})


class Remedy(enum.Enum):
    """What to do about a fault."""

    RETRY = "retry"
    FAIL = "fail"
    STOP = "stop"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """
    One try that gave no usable answer.

    Attributes:
        remedy: Try again, give this request up, or give up altogether.
        reason: One line, without any secret.
        status: The HTTP status; None where none was received.
        may_be_billed: The provider may have done the work.
        throttled: The provider asks for less.
        error: What to raise where the remedy is to stop.
        whole_account: The error concerns every model, not the one asked.
        wait_s: How long the provider asks to wait; None where it asks nothing.
        partial: What was received of an answer that broke off.
    """

    remedy: Remedy
    reason: str
    status: int | None = None
    may_be_billed: bool = False
    throttled: bool = False
    error: ProviderError | None = None
    whole_account: bool = False
    wait_s: float | None = None
    partial: Answer | None = None


def fault_of_status(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    model: str,
    where: str,
    now: datetime,
) -> Fault:
    """
    What an HTTP answer other than 200 means, by the provider's documented envelope.

    Args:
        status: The HTTP status.
        headers: With whatever the provider says of trying again.
        body: The beginning of the body, without secrets.
        model: Who was asked.
        where: The base URL, for the error.
        now: For a ``retry-after`` that is a date.
    """
    kind, message, code = read_error(body)
    reason = " ".join(part for part in (str(status), kind, message) if part)[:MOST_ERROR_TEXT]
    stop = _stop(status, kind, message, code, model=model)
    if stop is not None:
        error = stop(
            f"{model} at {where}: {reason.rstrip('.')}.",
            effect="No further call can succeed; every answer received is kept.",
            next_step=_NEXT_STEP.get(status, "Correct the base URL or the model."),
        )
        return Fault(
            remedy=Remedy.STOP,
            reason=reason,
            status=status,
            error=error,
            whole_account=status not in {_FORBIDDEN, _NOT_FOUND},
        )
    told = headers.get("x-should-retry")
    again = told == "true" or (told != "false" and (status in _RETRIED or status >= _SERVER_ERROR))
    return Fault(
        remedy=Remedy.RETRY if again else Remedy.FAIL,
        reason=reason,
        status=status,
        may_be_billed=status == _GATEWAY_TIMEOUT,
        throttled=status in {_RATE_LIMITED, _OVERLOADED},
        wait_s=asked_wait_s(headers, now=now),
    )


def fault_of_event(payload: Mapping[str, Any], *, started: bool, partial: Answer | None) -> Fault:
    """What an ``error`` event within a stream means; HTTP has already said 200."""
    kind, message, _ = _envelope(payload)
    passing = {"overloaded_error", "api_error", "rate_limit_error", "timeout_error"}
    return Fault(
        remedy=Remedy.RETRY if kind in passing and not started else Remedy.FAIL,
        reason=f"{kind} within the stream: {message}"[:MOST_ERROR_TEXT],
        status=200,
        may_be_billed=started,
        throttled=kind in {"overloaded_error", "rate_limit_error"},
        partial=partial,
    )


def fault_of_transport(error: Exception) -> Fault:
    """What an exception of the HTTP library means; `TRANSPORT_FAULTS` knows them all."""
    kind = next(kind for kind in type(error).__mro__ if kind in TRANSPORT_FAULTS)
    remedy, may_be_billed, words = TRANSPORT_FAULTS[kind]
    # The library's own text is left out: it may quote what was sent.
    reason = f"{words} ({type(error).__name__})"
    if remedy is not Remedy.STOP:
        return Fault(remedy=remedy, reason=reason, may_be_billed=may_be_billed)
    refused = Refused(
        f"Nobody can be called: {reason}.",
        effect="Nothing was sent.",
        next_step="Correct the base URL or the credential.",
    )
    return Fault(remedy=remedy, reason=reason, error=refused, whole_account=True)


# (what to do, whether the provider may have done the work, in words). A request that was wholly
# sent may be billed, whatever became of its answer.
TRANSPORT_FAULTS: Mapping[type[BaseException], tuple[Remedy, bool, str]] = {
    TimeoutError: (Remedy.RETRY, True, "no whole answer in time"),
    httpx2.ConnectTimeout: (Remedy.RETRY, False, "no connection in time"),
    httpx2.ReadTimeout: (Remedy.RETRY, True, "no answer in time"),
    httpx2.WriteTimeout: (Remedy.RETRY, False, "the request could not be sent in time"),
    httpx2.PoolTimeout: (Remedy.RETRY, False, "no connection was free in time"),
    httpx2.TimeoutException: (Remedy.RETRY, True, "no answer in time"),
    httpx2.ConnectError: (Remedy.RETRY, False, "no connection"),
    httpx2.ReadError: (Remedy.RETRY, True, "the connection broke while reading"),
    httpx2.WriteError: (Remedy.RETRY, False, "the connection broke while sending"),
    httpx2.CloseError: (Remedy.RETRY, True, "the connection broke while closing"),
    httpx2.NetworkError: (Remedy.RETRY, True, "the connection broke"),
    httpx2.ProxyError: (Remedy.RETRY, False, "the proxy did not connect"),
    httpx2.RemoteProtocolError: (Remedy.RETRY, True, "the provider broke the connection off"),
    httpx2.LocalProtocolError: (Remedy.STOP, False, "the request cannot be written as HTTP"),
    httpx2.ProtocolError: (Remedy.RETRY, True, "the provider broke HTTP"),
    httpx2.UnsupportedProtocol: (Remedy.STOP, False, "the base URL is neither http nor https"),
    httpx2.TransportError: (Remedy.RETRY, True, "the connection failed"),
    httpx2.DecodingError: (Remedy.FAIL, True, "the answer's compression is broken"),
    httpx2.SSEError: (Remedy.FAIL, True, "the stream cannot be read"),
    httpx2.TooManyRedirects: (Remedy.FAIL, False, "redirected in a circle"),
    httpx2.RequestError: (Remedy.FAIL, True, "the request failed"),
    httpx2.HTTPStatusError: (Remedy.FAIL, False, "the provider answered with an error"),
    httpx2.HTTPError: (Remedy.FAIL, True, "the request failed"),
    httpx2.InvalidURL: (Remedy.STOP, False, "the base URL cannot be read"),
    httpx2.CookieConflict: (Remedy.FAIL, True, "the answer's cookies conflict"),
    httpx2.StreamConsumed: (Remedy.FAIL, True, "the answer was read twice"),
    httpx2.StreamClosed: (Remedy.FAIL, True, "the answer was closed before it was read"),
    httpx2.ResponseNotRead: (Remedy.FAIL, True, "the answer was not read"),
    httpx2.RequestNotRead: (Remedy.FAIL, False, "the request was not read"),
    httpx2.StreamError: (Remedy.FAIL, True, "the answer could not be read"),
}
TRANSPORT_ERRORS = (
    TimeoutError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.CookieConflict,
    httpx2.StreamError,
)


def read_error(body: bytes) -> tuple[str, str, str]:
    """
    (error.type, error.message, error.details.error_code) of an error body.

    >>> read_error(b'{"type":"error","error":{"type":"api_error","message":"oh"}}')
    ('api_error', 'oh', '')
    >>> read_error(b"<html>bad gateway</html>")
    ('', '<html>bad gateway</html>', '')
    """
    try:
        payload = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return "", " ".join(body[:200].decode("utf-8", "replace").split()), ""
    return _envelope(payload)


def _envelope(payload: Any) -> tuple[str, str, str]:
    error = payload.get("error") if isinstance(payload, Mapping) else None
    if not isinstance(error, Mapping):
        return "", str(payload)[:200], ""
    details = error.get("details")
    code = details.get("error_code") if isinstance(details, Mapping) else None
    return str(error.get("type", "")), str(error.get("message", "")), str(code or "")


def _stop(
    status: int, kind: str, message: str, code: str, *, model: str
) -> type[ProviderError] | None:
    # A limit the user has set is a 400, the account's own a 429 without retry-after.
    of_the_user = status == _BAD_REQUEST and "API usage limits" in message
    if code in _SPENT or of_the_user or status == _PAYMENT:
        return SpendLimit
    if status in {_UNAUTHORIZED, _FORBIDDEN} or code == "organization_on_hold":
        return Refused
    # A 404 of one request names a file; one for all names the model, or no API at all.
    nowhere = status == _NOT_FOUND and (
        not kind or message.startswith("model:") or model in message
    )
    redirected = 300 <= status < _BAD_REQUEST  # noqa: PLR2004 - the class of redirects
    return Refused if nowhere or redirected else None


_NEXT_STEP = {
    _BAD_REQUEST: "Raise the limit in the console, then resume.",
    _UNAUTHORIZED: "Set ANTHROPIC_API_KEY to a valid key, then resume.",
    _PAYMENT: "Settle the account's billing, then resume.",
    _FORBIDDEN: "Use a key that may call this model, then resume.",
    _NOT_FOUND: "Correct the model's name or the base URL; a retired model cannot be called.",
    _RATE_LIMITED: "Raise the account's spend limit or wait for the next month, then resume.",
}
