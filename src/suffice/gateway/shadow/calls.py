"""
Shadow calls: the other model answers a copy of what was served, after it was served.

They are made beside requests and never before one: a bounded queue that drops and counts what is
too much, few calls at once, none while the provider says to wait, none beyond the day's sum. The
caller's credential is held in memory only, until its call is made. Both answers are left, masked,
for whoever scores them.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine
from typing import Any

from suffice.errors import SufficeError
from suffice.gateway.attempt import Attempt
from suffice.gateway.bodies import opened_body
from suffice.gateway.heads import RequestHead, ResponseHead
from suffice.gateway.shadow.batches import ShadowBatches
from suffice.gateway.shadow.job import Job, answered, pair_of
from suffice.gateway.shadow.left import ShadowFolder
from suffice.gateway.shadow.spending import OVER_BUDGET, Spending, refusal_of
from suffice.gateway.upstream import Fault, Pool, UpstreamConnection
from suffice.policy.routing import Route
from suffice.policy.shadowing import Shadow
from suffice.policy.splice import splice
from suffice.records import ExchangeRecord, ShadowAnswers

_OK, _REDIRECT, _TOO_MANY, _SERVER_ERROR = 200, 300, 429, 500
_MOST_WAITING, _MOST_WAITING_BYTES = 64, 64 * 1024 * 1024
_MOST_AT_ONCE = 4
_MOST_SESSIONS = 100_000
_REST_S, _LONGEST_REST_S = 30.0, 600.0
# Twice as long as the provider takes at most; an answer that drips for ever would keep its place.
_LONGEST_S = 1_200.0
_DAY_S = 86_400
# What has just ended is at least written down, however little time there is.
_LAST_S = 2.0

Count = Callable[[str, str], None]
Write = Callable[[Attempt, RequestHead], ExchangeRecord]


class Shadows:
    """
    Makes the drawn calls of one worker.

    Args:
        pool: Connections to the upstream.
        folder: Where answers are left; also what masks them.
        write: Writes each call down in the account, as an attempt of the arm ``shadow``.
        spending: Holds the calls to the day's sum.
        count: Told the type and what became of each drawn call: ``answered``, ``missing`` (no
            usable answer), ``barred`` (not fit for the other model), ``over_budget`` (the day has
            no room for it), ``unbounded`` (nothing bounds what it may cost), ``rested``,
            ``dropped``, ``unwritten``.
        batches: Where calls wait whose type can wait; None: all are made at once.
        now: Wall clock, in seconds since 1970.

    Attributes:
        longest_s: A call that takes longer is given up.
    """

    def __init__(
        self,
        pool: Pool,
        folder: ShadowFolder,
        *,
        write: Write,
        spending: Spending,
        count: Count,
        batches: ShadowBatches | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.pool, self.write = pool, write
        self.longest_s = _LONGEST_S
        self._spending, self._batches = spending, batches
        self._folder, self._count, self._now = folder, count, now
        self._waiting: deque[Job] = deque()
        self._waiting_bytes = 0
        self._calls: set[_Call] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending = False
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._rests_until = 0.0

    def take(
        self, shadow: Shadow, *, head: RequestHead, request: bytes, served: Attempt, answer: bytes
    ) -> bool:
        """
        Queue a drawn call for a request that was answered whole; False where none is made.

        Args:
            shadow: What was drawn.
            head: The client's, with its credential.
            request: The client's body.
            served: The attempt whose answer the client got.
            answer: That answer's body, as it came.
        """
        name = self._name(shadow)
        if not self._is_first(name):
            return False
        if shadow.why_not:
            self._tell(served.route.type, "barred")
            return False
        job = Job(
            shadow=shadow, name=name, head=head, request=request, served=served, answer=answer
        )
        if self._batches is not None and shadow.rule.shadow_batched:
            return self._batches.take(job, otherwise=self._take_live)
        return self._take_live(job)

    def _take_live(self, job: Job) -> bool:
        if self.pool.loop.time() < self._rests_until:
            self._tell(job.type, "rested")
            return False
        full = len(self._waiting) >= _MOST_WAITING
        if full or self._waiting_bytes + job.size > _MOST_WAITING_BYTES:
            self._tell(job.type, "dropped")
            return False
        self._waiting.append(job)
        self._waiting_bytes += job.size
        self._go_on()
        return True

    async def finish(self, *, within_s: float) -> None:
        """Send what waits for a batch, make no further call, and give up those under way."""
        ends = self.pool.loop.time() + max(within_s, _LAST_S)
        if self._batches is not None:
            await self._batches.finish(within_s=within_s)
        self._ending = True
        self._waiting.clear()
        self._waiting_bytes = 0
        for call in [each for each in self._calls if each.is_under_way]:
            call.give_up()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=max(0.0, ends - self.pool.loop.time()))

    def rest(self, *, for_s: float | None) -> None:
        """The provider has too much to do: what is not needed waits first."""
        pause = _REST_S if for_s is None else min(for_s, _LONGEST_REST_S)
        self._rests_until = max(self._rests_until, self.pool.loop.time() + pause)

    def ended(self, call: _Call, job: Job, attempt: Attempt, answer: bytes | None) -> None:
        """A call has ended, with an answer as it came or without one."""
        record = self.write(attempt, job.head)
        # Putting together, masking and writing take their time in a thread of their own.
        self._later(self._leave(call, job, answer, record))

    async def _leave(
        self, call: _Call, job: Job, answer: bytes | None, record: ExchangeRecord
    ) -> None:
        costs = {call.name: record}
        try:
            await asyncio.to_thread(self._spending.settle, costs, at=call.attempt.at)
        finally:
            # Not sooner: what it did not use is for the next one.
            self._calls.discard(call)
            self._go_on()
        self._tell(job.type, await asyncio.to_thread(self._left, job, call.attempt, answer))

    def _left(self, job: Job, attempt: Attempt, answer: bytes | None) -> str:
        """What to tell of a call whose pair was left, or could not be."""
        found = _compared(job, attempt, answer)
        if not self._folder.leave(found):
            return "unwritten"
        return "missing" if found.why_missing else "answered"

    def _go_on(self) -> None:
        while self._waiting and len(self._calls) < _MOST_AT_ONCE:
            job = self._waiting.popleft()
            self._waiting_bytes -= job.size
            try:
                body = splice(job.request, job.shadow.edits)
            except SufficeError:
                self._tell(job.type, "barred")
                continue
            call = _Call(self, job, body)
            self._calls.add(call)
            self._later(self._begin(call, job, body))

    async def _begin(self, call: _Call, job: Job, body: bytes) -> None:
        """Make a call, once the most it may cost is set aside."""
        refused, at = "dropped", call.attempt.at
        try:
            refused = await asyncio.to_thread(self._set_aside, call.name, job, body, at)
            if not refused and self._ending:
                refused = "dropped"
                await asyncio.to_thread(self._spending.release, {call.name: body}, at=at)
        finally:
            if refused:
                self._calls.discard(call)
                self._not_made(job, refused)
        if not refused:
            call.begin()

    def _not_made(self, job: Job, refused: str) -> None:
        if refused == OVER_BUDGET and self._calls and not self._ending:
            # Those under way hardly ever use all that was set aside for them.
            self._waiting.appendleft(job)
            self._waiting_bytes += job.size
            return
        self._tell(job.type, refused)
        self._go_on()

    def _set_aside(self, name: str, job: Job, body: bytes, at: float) -> str:
        """What to tell of a call that may not be made; empty where it may."""
        most = self._spending.most(body, job.shadow.model, at=at)
        return "" if self._spending.reserve({name: most}, at=at) else refusal_of(most)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.pool.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _name(self, shadow: Shadow) -> str:
        """One pair a session; without one, the same words again are another day's."""
        number = f"{shadow.conversation:016x}"
        return number if shadow.has_session else f"{number}-{int(self._now() // _DAY_S)}"

    def _is_first(self, name: str) -> bool:
        if name in self._seen:
            return False
        self._seen[name] = None
        if len(self._seen) > _MOST_SESSIONS:
            self._seen.popitem(last=False)
        return True

    def _tell(self, type_: str, result: str) -> None:
        self._count(type_, result)


def _compared(job: Job, attempt: Attempt, answer: bytes | None) -> ShadowAnswers:
    """Both answers as JSON, not masked yet; takes its time."""
    other = opened_body(answer, attempt.encoding)
    why = ""
    if other is None:
        why = attempt.fault or (f"HTTP {attempt.status}" if answer is None else "")
    return answered(pair_of(job), other, status=attempt.status, why=why)


class _Call:
    """
    One shadow call.

    Attributes:
        name: No other call has it.
        attempt: What is known of it.
        is_under_way: Whether it is made and has not ended.
    """

    method = b"POST"

    def __init__(self, shadows: Shadows, job: Job, body: bytes) -> None:
        self._shadows, self._job, self._body = shadows, job, body
        self._upstream: UpstreamConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._limit: asyncio.TimerHandle | None = None
        route = Route(
            model=job.shadow.model,
            requested=job.served.route.requested,
            type=job.type,
            arm="shadow",
            reason=f"answers unseen what the {job.shadow.served_by} served",
            policy_version=job.served.route.policy_version,
            conversation=job.shadow.conversation,
        )
        self.is_under_way = False
        self.name = secrets.token_hex(12)
        self.attempt = Attempt(
            route, body, number=1, at=time.time(), began=time.monotonic(), keep=True
        )
        self.attempt.answered = False

    def begin(self) -> None:
        """Ask for a connection."""
        self.is_under_way = True
        self.attempt.began = time.monotonic()
        self._limit = self._shadows.pool.loop.call_later(self._shadows.longest_s, self.give_up)
        self._connecting = self._shadows.pool.acquire(self)

    def give_up(self) -> None:
        """End it now."""
        self.attempt.fault = "cut"
        if self._connecting is not None:
            self._connecting.cancel()
        if self._upstream is not None:
            self._upstream.drop()
        self._end(None)

    def upstream_ready(self, connection: UpstreamConnection) -> None:
        """A connection stands: the whole request goes out."""
        self._connecting, self._upstream = None, connection
        address = self._shadows.pool.address
        framing = b"Content-Length: %d\r\n" % len(self._body)
        head = self._job.head.sent_on(address.authority, address.prefix, framing)
        connection.send(head + self._body)

    def upstream_answer(self, head: ResponseHead | None, body: bytes, *, done: bool) -> None:
        """A piece of the answer."""
        attempt = self.attempt
        if head is not None:
            attempt.head(head)
            if attempt.status == _TOO_MANY or attempt.status >= _SERVER_ERROR:
                told = head.fields.get(b"retry-after", b"")
                self._shadows.rest(for_s=float(told) if told.isdigit() else None)
        if body:
            attempt.read(body, time.monotonic())
        if not done:
            return
        attempt.complete = True
        kept = attempt.kept if _OK <= attempt.status < _REDIRECT else None
        self._end(None if kept is None else b"".join(kept))

    def upstream_lost(self, fault: Fault) -> None:
        """No more comes."""
        self.attempt.fault = fault.value
        self._end(None)

    def upstream_blocked(self) -> None:
        """All was handed over in one write; the transport holds the rest."""

    def upstream_free(self) -> None:
        """Nothing more is sent."""

    def _end(self, answer: bytes | None) -> None:
        self.is_under_way = False
        self._upstream = None
        if self._limit is not None:
            self._limit.cancel()
        self.attempt.ended = time.monotonic()
        # Its bodies are left with the pair, not with the account.
        self.attempt.kept = None
        self._shadows.ended(self, self._job, self.attempt, answer)
