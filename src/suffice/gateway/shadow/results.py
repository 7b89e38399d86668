"""What the lines of a batch's results say of each of its calls: an answer, or why there is none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Raw, UnsetType

from suffice.gateway.accounting.told import Told, read_answer
from suffice.gateway.bodies import masked_body
from suffice.gateway.shadow.job import answered
from suffice.records import ExchangeRecord, SentBatch, SentCall, ShadowAnswers

_OK, _SERVER_ERROR = 200, 500
_TIER = "batch"
UNDRAWN = "undrawn"
# No charge, and no answer: as if the provider had said so at once.
_UNANSWERED = {"canceled": 499, "expired": 408}
_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_LONGEST_KIND = 64
_UNTOLD = "the batch has no result for it"


class Result(NamedTuple):
    """
    What became of one call.

    Attributes:
        call: Its id within the batch.
        record: Its line in the account.
        pair: Both answers, masked, or why one is missing. None where the reason is the batch's,
            and says nothing of the model: the call then counts as if it had never been drawn.
    """

    call: str
    record: ExchangeRecord
    pair: ShadowAnswers | None

    @property
    def word(self) -> str:
        """What is counted of it."""
        if self.pair is None:
            return UNDRAWN
        return "missing" if self.pair.why_missing else "answered"


class _Outcome(msgspec.Struct):
    type: str
    message: Raw | UnsetType = UNSET
    error: Any = None


class _Line(msgspec.Struct):
    custom_id: str
    result: _Outcome


_LINE = msgspec.json.Decoder(_Line)


def is_of(sent: SentBatch, results: bytes) -> bool:
    """Whether these are the results of a batch, by the ids of its calls."""
    return any(line.custom_id in sent.calls for line in _lines(results, most=_most_lines(sent)))


def read_results(sent: SentBatch, results: bytes, *, key: str, ended_at: float) -> list[Result]:
    """
    Every call of a batch with what became of it, in the order they were sent. Takes its time.

    Args:
        sent: The batch.
        results: Lines of JSON, in any order.
        key: Fingerprint of the key that pays.
        ended_at: When the batch ended, in seconds since 1970.
    """
    lines = _lines(results, most=_most_lines(sent))
    found = {line.custom_id: line.result for line in lines if line.custom_id in sent.calls}
    took_s = max(0.0, ended_at - sent.at)
    return [
        _result(each, call, found.get(each), blank=_blank(sent, each, call, key=key, took_s=took_s))
        for each, call in sent.calls.items()
    ]


def without_results(sent: SentBatch, *, key: str) -> list[Result]:
    """Every call of a batch whose answers nobody will ever see; what it cost is not known."""
    return [
        _undrawn(each, 0, "cut", blank=_blank(sent, each, call, key=key, took_s=0.0))
        for each, call in sent.calls.items()
    ]


def _most_lines(sent: SentBatch) -> int:
    """A call has one line; whoever sends very many more is not read to their end."""
    return 10 * len(sent.calls) + 1_000


def _lines(results: bytes, *, most: int) -> Iterator[_Line]:
    """One after another: together they may be far larger than what is asked for."""
    begins = 0
    for _ in range(most):
        if begins >= len(results):
            return
        ends = results.find(b"\n", begins)
        ends = len(results) if ends < 0 else ends
        with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            yield _LINE.decode(results[begins:ends])
        begins = ends + 1


def _result(
    name: str, call: SentCall, outcome: _Outcome | None, *, blank: ExchangeRecord
) -> Result:
    if outcome is not None and outcome.type in _UNANSWERED:
        return _undrawn(name, _UNANSWERED[outcome.type], outcome.type, blank=blank)
    if outcome is not None and outcome.type == "succeeded" and outcome.message is not UNSET:
        return _succeeded(name, call, bytes(outcome.message), blank=blank)
    status, kind, why = 0, "cut", _UNTOLD
    if outcome is not None:
        kind = _kind_of(outcome.error)
        status, why = _STATUSES.get(kind, _SERVER_ERROR), f"the batch answered {kind}"
    record = msgspec.structs.replace(blank, status=status, error_type=kind)
    unbilled = not record.may_be_billed
    return Result(
        name, record, answered(call.pair, None, status=status, why=why, unbilled=unbilled)
    )


def _undrawn(name: str, status: int, kind: str, *, blank: ExchangeRecord) -> Result:
    return Result(name, msgspec.structs.replace(blank, status=status, error_type=kind), None)


def _succeeded(name: str, call: SentCall, message: bytes, *, blank: ExchangeRecord) -> Result:
    message = _as_batch(message)
    told = read_answer(message) or Told()
    record = msgspec.structs.replace(
        blank,
        status=_OK,
        complete=True,
        usage=told.usage,
        served_model=told.model or call.model,
        stop_reason=told.stop_reason,
        message_id=told.message_id,
        response_bytes=len(message),
    )
    return Result(name, record, answered(call.pair, masked_body(message), status=_OK))


def _blank(
    sent: SentBatch, custom_id: str, call: SentCall, *, key: str, took_s: float
) -> ExchangeRecord:
    """The call's line, but for what became of it; taken twice it has the same name."""
    pair = call.pair
    return ExchangeRecord(
        ts=sent.at,
        id=f"{sent.batch or sent.name}:{custom_id}",
        session=pair.session,
        type=pair.type,
        requested_model=call.requested,
        served_model=call.model,
        arm="shadow",
        reason=f"answers unseen what the {pair.served_by} served, by batch",
        policy_version="" if pair.policy_version is None else str(pair.policy_version),
        answered=False,
        duration_s=took_s,
        key=key,
        request_bytes=call.request_bytes,
    )


def _as_batch(message: bytes) -> bytes:
    """The message with the tier it is billed at, should it not say so itself."""
    told = read_answer(message)
    if told is None or told.usage is None or told.usage.service_tier == _TIER:
        return message
    try:
        whole = msgspec.json.decode(message)
    except RecursionError:
        return message
    whole["usage"]["service_tier"] = _TIER
    return msgspec.json.encode(whole)


def _kind_of(error: Any) -> str:
    """The provider's word for an error: within its envelope, or without."""
    inner = error.get("error", error) if isinstance(error, dict) else None
    kind = inner.get("type") if isinstance(inner, dict) else None
    if not isinstance(kind, str) or len(kind) > _LONGEST_KIND or not kind.isidentifier():
        return "unknown_error"
    return kind
