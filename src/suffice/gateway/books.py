"""What is written down of each attempt, off the path of the request."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping

from suffice.gateway.accounting import fingerprint
from suffice.gateway.attempt import Attempt
from suffice.gateway.budgets import BudgetState
from suffice.gateway.echoes import without_echoes
from suffice.gateway.heads import RequestHead
from suffice.gateway.spool import Capture, Spool
from suffice.records import ExchangeRecord

# Written down together is written down for less; a kill loses no more than that besides.
_TOGETHER_S = 0.005
_STRANGERS = frozenset({401, 403})
_CREDENTIALS = (b"x-api-key", b"authorization")


class Books:
    """
    Turns attempts into records and counts.

    Args:
        spool: Where records go.
        observe: Told of every record, and of what the gateway itself added, to count it.
        check: Tells the budget that forbids a request; None where there are no budgets.
        hard: For whom there are hard budgets: names of gateway keys, fingerprints, None for all.
        secret: For fingerprints of credentials.
        capture: How much is kept.
        count: Adds to a counter of `suffice.gateway.metrics`.
    """

    def __init__(
        self,
        spool: Spool,
        *,
        secret: bytes,
        capture: Capture = Capture.META,
        observe: Callable[..., None] | None = None,
        check: Callable[..., BudgetState | None] | None = None,
        hard: Collection[str | None] = (),
        count: Callable[[str, float, Mapping[str, str]], None] | None = None,
    ) -> None:
        self.spool = spool
        self._observe, self._check, self._count = observe, check, count
        self.hard = frozenset(hard)
        self.keeps_bodies = capture is Capture.BODIES
        self._secret = secret
        self._waiting: deque[tuple[Attempt, RequestHead]] = deque()
        self._is_due = False

    def enter(self, attempt: Attempt, head: RequestHead, loop: asyncio.AbstractEventLoop) -> None:
        """Write an attempt down soon, once what is under way has been sent."""
        self._waiting.append((attempt, head))
        if self._is_due:
            return
        self._is_due = True
        if self._check is None:
            loop.call_later(_TOGETHER_S, self.write_waiting)
        else:
            # The next request is to find it in its budget.
            loop.call_soon(self.write_waiting)

    def write_waiting(self) -> None:
        """Write down what was entered."""
        self._is_due = False
        while self._waiting:
            self.write(*self._waiting.popleft())

    def write(self, attempt: Attempt, head: RequestHead) -> ExchangeRecord:
        """Write one attempt down; never fails the caller."""
        found = attempt.route
        reading = None
        if attempt.reader is not None:
            reading = attempt.reader.finish(attempt.complete)
        first = attempt.first_byte
        # Of whom the provider does not know nothing is kept: anybody could fill a disk with it.
        kept = attempt.kept if attempt.status not in _STRANGERS else None
        record = ExchangeRecord(
            ts=attempt.at,
            request_id=attempt.request_id,
            session="" if found.conversation is None else f"{found.conversation:016x}",
            type=found.type,
            requested_model=found.requested,
            served_model=(reading and reading.model) or found.model,
            arm=found.arm,
            reason=found.reason,
            policy_version="" if found.policy_version is None else str(found.policy_version),
            path=head.path.decode("latin-1"),
            status=attempt.status,
            attempt=attempt.number,
            answered=attempt.answered,
            retry_count=_count(head.fields.get(b"x-stainless-retry-count")),
            usage=reading.usage if reading else None,
            deltas=reading.deltas if reading else 0,
            ttft_s=first - attempt.began if first else None,
            duration_s=attempt.ended - attempt.began,
            stop_reason=reading.stop_reason if reading else None,
            message_id=reading.message_id if reading else None,
            streamed=attempt.streamed,
            complete=bool(reading and reading.complete),
            error_type=(reading.error_type if reading else None) or attempt.fault or None,
            key=self.key_of(head),
            request_bytes=len(attempt.body),
            response_bytes=attempt.response_bytes,
            request_body=attempt.body if kept is not None else None,
            response_body=b"".join(kept) if kept is not None else None,
            agent_id=self._agent(head, b"x-claude-code-agent-id"),
            parent_agent_id=self._agent(head, b"x-claude-code-parent-agent-id"),
            request_encoding=head.fields.get(b"content-encoding", b"").decode("latin-1"),
            response_encoding=attempt.encoding,
        )
        sent = [value for name in _CREDENTIALS if (value := head.fields.get(name))]
        record = without_echoes(record, *sent)
        if reading is not None and reading.unread:
            self.unread(reading.unread)
        self.spool.offer(record)
        if self._observe is not None:
            self._observe(record, overhead_s=attempt.overhead_s)
        return record

    def write_record(self, record: ExchangeRecord) -> int:
        """Write down what no attempt of a client was; its number in the spool, 0 if not kept."""
        record = without_echoes(record)
        kept = self.spool.offer(record)
        if self._observe is not None:
            self._observe(record, overhead_s=None)
        return self.spool.accepted if kept else 0

    def unread(self, reason: str) -> None:
        """Count an answer whose usage nobody reads."""
        if self._count is not None:
            self._count("suffice_usage_unread_total", 1, {"reason": reason})

    def forbids(self, head: RequestHead, *, type: str) -> BudgetState | None:  # noqa: A002 - our word for it
        """The budget that a request may not go beyond, if it has been reached."""
        if self._check is None:
            return None
        return self._check(key=self.key_of(head), type=type)

    def must_count(self, head: RequestHead) -> bool:
        """Whether what a request costs has to be read, for a hard budget to hold."""
        return bool(self.hard) and (None in self.hard or self.key_of(head) in self.hard)

    def key_of(self, head: RequestHead) -> str:
        """The fingerprint of the credential a request carries."""
        known = head.key
        if known is None:
            fields = head.fields
            credential = fields.get(b"x-api-key") or fields.get(b"authorization") or b""
            known = head.key = self.name_of(credential)
        return known

    def _agent(self, head: RequestHead, header: bytes) -> str:
        """An agent's name as a hash that tells agents apart; empty where none is told."""
        return fingerprint(head.fields.get(header, b""), secret=self._secret)

    def name_of(self, credential: bytes) -> str:
        """The fingerprint of a credential."""
        return fingerprint(credential, secret=self._secret)


def _count(told: bytes | None) -> int:
    return int(told) if told is not None and told.isdigit() and len(told) < 4 else 0  # noqa: PLR2004 - a count of retries
