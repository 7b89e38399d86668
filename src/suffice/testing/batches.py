"""The strict fake's Message Batches: taken at once, looked at and answered later."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from suffice.testing.admission import Call, Problem, invalid
from suffice.testing.paging import page
from suffice.testing.script import envelope
from suffice.testing.wire import stamp

MOST_BATCH_BYTES = 256 * 1024 * 1024
MOST_REQUESTS = 100_000
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_LIFE, _KEPT = timedelta(hours=24), timedelta(days=29)
_NOT_IN_BATCHES = ("stream", "speed", "fallbacks", "thread", "context_hint")
_OUTCOMES = ("succeeded", "errored", "canceled", "expired")

Answer = Callable[[Call], dict[str, Any]]


class _Batch(msgspec.Struct, kw_only=True):
    id: str
    call: Call
    requests: list[tuple[str, dict[str, Any]]]
    created_at: datetime
    polls_left: int
    cancel_initiated_at: datetime | None = None
    ended_at: datetime | None = None
    results: list[dict[str, Any]] = []


class Batches:
    """
    Every batch of one fake.

    Args:
        answer: Answers one item as a message, or raises the `Problem` it has.
        now: The clock; a batch not done within a day expires, and its results are kept 29 days.
        polls: How many looks at a batch still find it in progress.
        standing: Ids under which an ended batch of one item is always found, even after its end.
    """

    def __init__(
        self,
        *,
        answer: Answer,
        now: Callable[[], datetime],
        polls: int,
        standing: Collection[str],
    ) -> None:
        self._answer, self._now = answer, now
        self._polls = polls
        self._standing = frozenset(standing)
        self._batches: dict[str, _Batch] = {}

    def create(self, call: Call) -> dict[str, Any]:
        """
        Take a batch in; what is wrong with an item shows only in its result.

        Raises:
            Problem: The body is no batch.
        """
        for problem in _problems(call.body):
            raise invalid(problem)
        batch = _Batch(
            id=f"msgbatch_strictfake_{call.number:06d}",
            call=call,
            requests=[(item["custom_id"], item["params"]) for item in call.body["requests"]],
            created_at=self._now(),
            polls_left=self._polls,
        )
        self._batches[batch.id] = batch
        return self._describe(batch, origin="")

    def retrieve(self, id_: str, *, origin: str) -> dict[str, Any]:
        """
        Look at a batch, which is one poll.

        Raises:
            Problem: There is none.
        """
        batch = self._find(id_)
        if batch.ended_at is None and batch.polls_left and not self._is_late(batch):
            batch.polls_left -= 1
            return self._describe(batch, origin=origin)
        return self._describe(self._settled(batch), origin=origin)

    def list(self, query: Mapping[str, str], *, origin: str) -> dict[str, Any]:
        """
        One page of all batches, the newest first.

        Raises:
            Problem: The limit is wrong.
        """
        return page(
            list(reversed(self._batches)),
            query,
            describe=lambda id_: self._describe(self._settled(self._batches[id_]), origin=origin),
        )

    def cancel(self, id_: str, *, origin: str) -> dict[str, Any]:
        """
        Cancel what has not ended.

        Raises:
            Problem: There is none.
        """
        batch = self._settled(self._find(id_))
        if batch.ended_at is None and batch.cancel_initiated_at is None:
            batch.cancel_initiated_at = self._now()
        return self._describe(batch, origin=origin)

    def delete(self, id_: str) -> dict[str, Any]:
        """
        Forget an ended batch.

        Raises:
            Problem: There is none, or it has not ended.
        """
        batch = self._settled(self._find(id_))
        if batch.ended_at is None:
            raise invalid(f"Message batch {id_} has not ended; cancel it before it is deleted.")
        self._batches.pop(id_)
        return {"id": id_, "type": "message_batch_deleted"}

    def results(self, id_: str) -> bytes:
        """
        The results as lines of JSON, the last request first: their order means nothing.

        Raises:
            Problem: There is no such batch, it has not ended, or ended long ago.
        """
        batch = self._settled(self._find(id_))
        if batch.ended_at is None:
            raise Problem(404, "not_found_error", f"The results of {id_} are not available yet.")
        if self._archived_at(batch) is not None:
            raise Problem(404, "not_found_error", f"The results of {id_} are no longer available.")
        return b"".join(msgspec.json.encode(line) + b"\n" for line in reversed(batch.results))

    def _find(self, id_: str) -> _Batch:
        if id_ not in self._batches and id_ in self._standing:
            self._batches[id_] = _example(id_, now=self._now())
        found = self._batches.get(id_)
        if found is None:
            raise Problem(404, "not_found_error", f"Message batch {id_} not found")
        return found

    def _settled(self, batch: _Batch) -> _Batch:
        now, is_late = self._now(), self._is_late(batch)
        if batch.ended_at is None and (is_late or not batch.polls_left):
            batch.results = [
                {"custom_id": custom_id, "result": self._result(batch, i, is_late=is_late)}
                for i, (custom_id, _) in enumerate(batch.requests)
            ]
            batch.ended_at = now
        return batch

    def _is_late(self, batch: _Batch) -> bool:
        return self._now() >= batch.created_at + _LIFE

    def _archived_at(self, batch: _Batch) -> datetime | None:
        archived = batch.created_at + _KEPT
        return archived if self._now() >= archived else None

    def _result(self, batch: _Batch, index: int, *, is_late: bool) -> dict[str, Any]:
        if batch.cancel_initiated_at is not None:
            return {"type": "canceled"}
        if is_late:
            return {"type": "expired"}
        params = batch.requests[index][1]
        call = msgspec.structs.replace(batch.call, body=params, model="", item=index + 1)
        try:
            for field in _NOT_IN_BATCHES:
                if params.get(field):
                    raise invalid(f"{field}: not supported in a batch")
            if params.get("max_tokens") == 0:
                raise invalid("max_tokens: must be greater than 0 in a batch")
            message = self._answer(call)
        except Problem as problem:
            error = envelope(problem.kind, problem.message, request_id=call.request_id)
            return {"type": "errored", "error": error}
        message["usage"]["service_tier"] = "batch"
        return {"type": "succeeded", "message": message}

    def _describe(self, batch: _Batch, *, origin: str) -> dict[str, Any]:
        ended, archived_at = batch.ended_at is not None, self._archived_at(batch)
        kinds = [line["result"]["type"] for line in batch.results]
        status = "canceling" if batch.cancel_initiated_at else "in_progress"
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if ended else status,
            "request_counts": {
                "processing": 0 if ended else len(batch.requests),
                **{kind: kinds.count(kind) for kind in _OUTCOMES},
            },
            "created_at": stamp(batch.created_at),
            "expires_at": stamp(batch.created_at + _LIFE),
            "ended_at": stamp(batch.ended_at),
            "cancel_initiated_at": stamp(batch.cancel_initiated_at),
            "archived_at": stamp(archived_at),
            "results_url": f"{origin}/v1/messages/batches/{batch.id}/results"
            if ended and archived_at is None
            else None,
        }


def _problems(body: Any) -> list[str]:
    requests = body.get("requests")
    if not isinstance(requests, list):
        return ["requests: Field required"]
    if not 1 <= len(requests) <= MOST_REQUESTS:
        return [f"requests: List should have 1 to {MOST_REQUESTS} items"]
    found, seen = (
        [f"{key}: Extra inputs are not permitted" for key in body.keys() - {"requests"}],
        set(),
    )
    for i, item in enumerate(requests):
        custom_id = item.get("custom_id") if isinstance(item, Mapping) else None
        if not isinstance(custom_id, str) or not _CUSTOM_ID.fullmatch(custom_id):
            found.append(
                f"requests.{i}.custom_id: String should match pattern '^{_CUSTOM_ID.pattern}$'"
            )
        elif custom_id in seen:
            found.append(f"requests.{i}.custom_id: custom_id must be unique within a batch")
        elif not isinstance(item.get("params"), Mapping):
            found.append(f"requests.{i}.params: Field required")
        seen.add(custom_id)
    return found


def _example(id_: str, *, now: datetime) -> _Batch:
    return _Batch(
        id=id_,
        call=Call(number=0, request_id="req_strictfake_000000"),
        requests=[("strict-fake", {})],
        created_at=now,
        polls_left=0,
        cancel_initiated_at=now,
    )
