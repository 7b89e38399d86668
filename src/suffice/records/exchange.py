"""An exchange as the gateway captured it: one attempt at one request, with what it used."""

from __future__ import annotations

import enum

import msgspec

from suffice.records.usage import Usage

_OK, _REDIRECT, _SERVER = 200, 300, 500


class Outcome(enum.StrEnum):
    """How an attempt ended, in one word."""

    OK = "ok"
    REFUSAL = "refusal"
    CUT = "cut"
    STREAM_ERROR = "stream_error"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    CLIENT_ERROR = "client_error"
    SERVER_ERROR = "server_error"
    UNREACHABLE = "unreachable"

    @property
    def is_error(self) -> bool:
        """Whether the caller got something else than a model's answer."""
        return self not in {Outcome.OK, Outcome.REFUSAL, Outcome.CUT}


_CLIENT_GONE = "client_disconnected"
_CUTS = {"cut", "timeout", "garbage", _CLIENT_GONE}
_NAMED = {0: Outcome.UNREACHABLE, 429: Outcome.RATE_LIMITED, 529: Outcome.OVERLOADED}


# gc=False: made once a request, and never part of a circle.
class ExchangeRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """
    One attempt: what was asked of whom, why, how it ended and what it used.

    A request that was sent twice is two records, so that no charge hides behind another.

    Attributes:
        ts: When the attempt was sent, in seconds since 1970 (UTC).
        id: Our own id where the front door gave one; else the account names it by its place.
        request_id: The provider's id of the exchange; empty where there was no answer.
        session: The conversation it belongs to, as a hash; empty where unknown.
        agent_id: The sub-agent that asks, as a keyed hash; empty for a main loop.
        parent_agent_id: Who spawned it, likewise.
        type: The request type; empty where nobody named it.
        requested_model: What the client asked for.
        served_model: What answered, by its own word; else what was asked of the provider.
        arm: ``requested``, ``baseline`` or ``candidate``; ``shadow`` for a call nobody waits for.
        reason: Why this model.
        policy_version: Of the policy that decided; empty without one.
        path: The API's path, without its query.
        status: The provider's HTTP status; 0 where there was no answer.
        attempt: 1 for the first one this gateway made for the request.
        answered: Whether this attempt's answer is the one the client got.
        retry_count: The client's own count of its retries, from ``x-stainless-retry-count``.
        usage: None where nothing can be told; dollars are then unknown, never zero.
        deltas: Content events of a stream; a lower bound of its output tokens if it was cut.
        ttft_s: Seconds to the first byte of the answer's body; None where none came.
        duration_s: Seconds to its last byte.
        stop_reason: The provider's own word.
        message_id: The provider's id of the message.
        streamed: Whether the answer was a stream of events.
        complete: Whether the whole answer came and could be read to its end.
        error_type: The provider's word for an error, or ours for a transport's:
            ``connect`` where nothing was sent, ``timeout``, ``cut``, ``garbage``,
            ``client_disconnected``.
        key: Fingerprint of the credential, keyed so that it cannot be looked up; never the key.
        request_bytes: Size of the request's body.
        response_bytes: Size of the answer's body as it came.
        request_body: Only where bodies are captured; masked before it reaches a disk.
        response_body: As ``request_body``; as it came, until the spool puts it together.
        request_encoding: The ``content-encoding`` of ``request_body``; empty once it is kept.
        response_encoding: As ``request_encoding``.
    """

    ts: float
    id: str = ""
    request_id: str = ""
    session: str = ""
    type: str = ""
    requested_model: str = ""
    served_model: str = ""
    arm: str = "requested"
    reason: str = ""
    policy_version: str = ""
    path: str = "/v1/messages"
    status: int = 0
    attempt: int = 1
    answered: bool = True
    retry_count: int = 0
    usage: Usage | None = None
    deltas: int = 0
    ttft_s: float | None = None
    duration_s: float = 0.0
    stop_reason: str | None = None
    message_id: str | None = None
    streamed: bool = False
    complete: bool = False
    error_type: str | None = None
    key: str = ""
    request_bytes: int = 0
    response_bytes: int = 0
    request_body: bytes | None = None
    response_body: bytes | None = None
    request_encoding: str = ""
    response_encoding: str = ""
    agent_id: str = ""
    parent_agent_id: str = ""

    @property
    def outcome(self) -> Outcome:
        """
        How it ended.

        >>> ExchangeRecord(ts=0.0, status=200, complete=True).outcome
        <Outcome.OK: 'ok'>
        >>> ExchangeRecord(ts=0.0, status=200, error_type="overloaded_error").outcome
        <Outcome.STREAM_ERROR: 'stream_error'>
        >>> ExchangeRecord(ts=0.0, status=529).outcome
        <Outcome.OVERLOADED: 'overloaded'>
        """
        status = self.status
        if _OK <= status < _REDIRECT:
            return self._answered_outcome()
        if not status and self.error_type == _CLIENT_GONE:
            return Outcome.CUT
        if status in _NAMED:
            return _NAMED[status]
        return Outcome.SERVER_ERROR if status >= _SERVER else Outcome.CLIENT_ERROR

    @property
    def may_be_billed(self) -> bool:
        """
        Whether the provider may have written something for it.

        Errors, token counts and lists are free. Where nothing came back, only an attempt that
        never connected is known to be.

        >>> ExchangeRecord(ts=0.0, status=200, path="/v1/messages/count_tokens").may_be_billed
        False
        >>> ExchangeRecord(ts=0.0, status=0, error_type="timeout").may_be_billed
        True
        """
        if not self.path.endswith("/messages"):
            return False
        return _OK <= self.status < _REDIRECT or (self.status == 0 and self.error_type != "connect")

    def _answered_outcome(self) -> Outcome:
        if self.error_type is not None and self.error_type not in _CUTS:
            return Outcome.STREAM_ERROR
        if not self.complete:
            return Outcome.CUT
        return Outcome.REFUSAL if self.stop_reason == "refusal" else Outcome.OK
