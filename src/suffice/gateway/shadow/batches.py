"""
Shadow calls that can wait: gathered in memory, sent as Message Batches at half the price.

A request lies unmasked in this worker's memory only, without its caller's credential, until its
batch is sent with the gateway's own key. What a kill takes is what was not sent yet. Before a
batch is sent, its masked facts are put on disk: from then on any worker can fetch its answers. And
the most it may cost is set aside from the day's sum: what there is no room for is not sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from suffice.gateway.shadow.fetching import Fetching
from suffice.gateway.shadow.finding import PATH, Finding
from suffice.gateway.shadow.job import Job
from suffice.gateway.shadow.own_calls import OwnCalls, Told
from suffice.gateway.shadow.sent import SentFolder, is_batch_id, new_name
from suffice.gateway.shadow.spending import Spending, refusal_of
from suffice.gateway.shadow.voice import ShadowVoice
from suffice.gateway.shadow.waiting import (
    Headers,
    Waiting,
    batch_body,
    headers_of,
    made_ready,
    next_part,
    together,
)
from suffice.records import SentBatch

_TICK_S = 0.25
_MOST_WAITING_BYTES = 64 * 1024 * 1024
_MOST_TRIES = 5
_FIRST_REST_S, _LONGEST_REST_S = 30.0, 600.0
# By these the provider says that it did nothing; after any other failure it may have.
_NOTHING_DONE = frozenset({401, 402, 403, 404, 429, 503, 529})
_REFUSED = frozenset({400, 413, 422})


class BatchPace(msgspec.Struct, frozen=True, kw_only=True):
    """
    When a batch is sent, and how much may wait for it.

    Attributes:
        calls: Once so many wait.
        wait_s: Once the oldest has waited so long.
        rest_s: After a failure, at first; twice as long after each further one.
        most_waiting: More than that do not wait; they are dropped and counted.
    """

    calls: int = 50
    wait_s: float = 900.0
    rest_s: float = _FIRST_REST_S
    most_waiting: int = 400


class _Unsure(NamedTuple):
    """
    A batch that may have arrived: it is not sent again before that is known.

    Attributes:
        sent: The batch.
        part: Its calls.
        missed: So many looks at the provider's list did not show it.
    """

    sent: SentBatch
    part: Sequence[Waiting]
    missed: int = 0


class ShadowBatches:
    """
    Gathers and sends one worker's calls.

    Args:
        calls: Asks the upstream with the gateway's own key.
        sent: Where batches lie until they are answered.
        fetching: Takes answers, for whichever worker holds the folder.
        spending: Holds the calls to the day's sum.
        voice: Counts and tells what becomes of calls and batches.
        pace: When a batch is sent.
        now: Wall clock, in seconds since 1970.
    """

    def __init__(
        self,
        calls: OwnCalls,
        sent: SentFolder,
        *,
        fetching: Fetching,
        spending: Spending,
        voice: ShadowVoice,
        pace: BatchPace | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._ask, self._sent, self._fetching, self._voice = calls.ask, sent, fetching, voice
        self._finding, self._spending = Finding(calls, sent), spending
        self._pace, self._now = pace or BatchPace(), now
        self._loop = asyncio.get_running_loop()
        self._fresh: deque[tuple[Job, Callable[[Job], object]]] = deque()
        self._groups: dict[Headers, deque[Waiting]] = {}
        self._held = self._held_bytes = 0
        self._unsure: deque[_Unsure] = deque()
        self._failures, self._rests_until = 0, 0.0
        self._ending = False
        self._keeping = self._loop.create_task(self._keep())
        self._looking = self._loop.create_task(self._look())

    @property
    def held(self) -> int:
        """Calls that lie in memory."""
        return self._held

    def take(self, job: Job, *, otherwise: Callable[[Job], object]) -> bool:
        """
        Let a drawn call wait; False where there is no room for it. Called beside requests.

        Args:
            job: The call.
            otherwise: Called instead, where it turns out to fit no batch, or none can be sent.
        """
        if self._failures >= _MOST_TRIES and self._loop.time() < self._rests_until:
            # Better watched at full price than not at all.
            self._voice.unfit("no batch can be sent at the moment")
            return bool(otherwise(job))
        full = self._held >= self._pace.most_waiting
        if full or self._held_bytes + job.size > _MOST_WAITING_BYTES:
            self._voice.call(job.type, "dropped")
            return False
        self._held += 1
        self._held_bytes += job.size
        self._fresh.append((job, otherwise))
        return True

    async def finish(self, *, within_s: float) -> None:
        """Send what waits, as far as the time goes; what cannot be sent is dropped and counted."""
        ends = self._loop.time() + within_s
        self._ending = True
        self._looking.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(ends):
                await asyncio.gather(self._keeping, self._looking, return_exceptions=True)
                await self._sort()
                self._failures, self._rests_until = 0, 0.0
                while self._groups and not self._failures:
                    await self._send_due()
        for waiting in self._groups.values():
            self._give_up(waiting)
        for job, _ in self._fresh:
            self._voice.call(job.type, "dropped")
        self._groups.clear()
        self._fresh.clear()
        self._sent.let_go()

    async def _keep(self) -> None:
        while not self._ending:
            try:
                await self._sort()
                await self._settle()
                await self._send_due()
            except Exception as fault:  # noqa: BLE001 - one bad look must not be the last one
                self._voice.fault(fault)
            await asyncio.sleep(_TICK_S)

    async def _look(self) -> None:
        while True:
            try:
                await self._fetching.round()
            except Exception as fault:  # noqa: BLE001 - as in _keep
                self._voice.fault(fault)
            await asyncio.sleep(_TICK_S)

    # -- making ready ---------------------------------------------------------------------

    async def _sort(self) -> None:
        """Make what came in ready, in a thread of its own: then its credential is let go."""
        while self._fresh:
            job, otherwise = self._fresh.popleft()
            beside = together(each for group in self._groups.values() for each in group)
            try:
                ready, refused = await asyncio.to_thread(
                    self._ready, job, self._loop.time(), beside
                )
            except BaseException:
                self._voice.call(job.type, "dropped")
                raise
            finally:
                self._held -= 1
                self._held_bytes -= job.size
            if refused:
                self._voice.call(job.type, refused)
            elif isinstance(ready, str):
                self._voice.unfit(ready)
                otherwise(job)
            else:
                self._held += 1
                self._held_bytes += ready.size
                self._groups.setdefault(headers_of(job), deque()).append(ready)

    def _ready(self, job: Job, since: float, beside: int) -> tuple[Waiting | str, str]:
        """A call made ready, or why it fits no batch; and a word where there is no room for it."""
        now = self._now()
        ready = made_ready(
            job,
            since,
            most=lambda params, model: self._spending.most(params, model, at=now, batched=True),
        )
        if isinstance(ready, str):
            return ready, ""
        return ready, self._spending.refuses(ready.most, beside=beside, at=now)

    # -- sending --------------------------------------------------------------------------

    async def _send_due(self) -> None:
        if self._loop.time() < self._rests_until:
            return
        for headers, waiting in list(self._groups.items()):
            if not waiting:
                del self._groups[headers]
            elif self._ending or self._is_due(waiting):
                part = next_part(waiting, most=self._pace.calls)
                for _ in part:
                    waiting.popleft()
                await self._send(headers, part)
                return

    def _is_due(self, waiting: deque[Waiting]) -> bool:
        waited_s = self._loop.time() - waiting[0].since
        return len(waiting) >= self._pace.calls or waited_s >= self._pace.wait_s

    async def _settle(self) -> None:
        """Send again what turns out never to have arrived; let go of what may have."""
        if not self._unsure or self._loop.time() < self._rests_until:
            return
        sent, part, missed = self._unsure[0]
        arrived = await self._finding.is_there(sent)
        if arrived is False and not missed:
            # A list may lag behind what was taken: one look is not enough to pay again.
            self._unsure[0] = _Unsure(sent, part, missed + 1)
            arrived = None
        if arrived is None and self._failures < _MOST_TRIES:
            self._rest(None)
            return
        self._unsure.popleft()
        if arrived is False and self._failures < _MOST_TRIES:
            await asyncio.to_thread(self._forget, sent)
            self._wait_again(sent, part)
        else:
            # Its file stays: whoever fetches finds the batch, or that it never was.
            self._let_go(part)

    async def _send(self, headers: Headers, part: Sequence[Waiting]) -> None:
        name = new_name()
        calls = {f"{name}-{number}": each for number, each in enumerate(part)}
        sent = SentBatch(
            name=name,
            at=self._now(),
            version=headers.version,
            betas=headers.betas,
            calls={id_: each.call for id_, each in calls.items()},
        )
        try:
            if not await asyncio.to_thread(self._sent.put, sent):
                self._voice.trouble("disk")
                self._give_up(part, as_="unwritten")
                return
            sent = await asyncio.to_thread(self._paid, sent, calls)
            part = [calls[id_] for id_ in sent.calls]
            self._refuse([each for id_, each in calls.items() if id_ not in sent.calls])
            if not part:
                return
            body = await asyncio.to_thread(batch_body, {id_: calls[id_] for id_ in sent.calls})
            told = await self._ask("POST", PATH, version=sent.version, betas=sent.betas, body=body)
        except Exception:
            self._give_up(part)
            raise
        await self._after(told, sent, part)

    def _paid(self, sent: SentBatch, calls: Mapping[str, Waiting]) -> SentBatch:
        """The batch with those of its calls that the day has room for, set aside from its sum."""
        may = self._spending.reserve({id_: each.most for id_, each in calls.items()}, at=sent.at)
        if len(may) == len(calls):
            return sent
        kept = {id_: call for id_, call in sent.calls.items() if id_ in may}
        fewer = msgspec.structs.replace(sent, calls=kept)
        if not kept or not self._sent.put(fewer):
            self._forget(fewer)
            return msgspec.structs.replace(sent, calls={})
        return fewer

    async def _after(self, told: Told, sent: SentBatch, part: Sequence[Waiting]) -> None:
        batch = "" if told.problem else _id_in(told.body)
        if batch:
            self._failures = 0
            self._let_go(part)
            await asyncio.to_thread(self._sent.put, msgspec.structs.replace(sent, batch=batch))
            self._voice.batch("sent", batch=batch, calls=len(part))
            return
        self._rest(told.retry_after_s)
        problem = told.problem or "no id"
        if told.sent and told.status not in _NOTHING_DONE | _REFUSED:
            self._unsure.append(_Unsure(sent, part))
            self._voice.batch("unsure", problem=problem, calls=len(part))
            return
        await asyncio.to_thread(self._forget, sent)
        self._voice.batch("refused", problem=problem, calls=len(part))
        if told.status in _REFUSED or self._failures >= _MOST_TRIES:
            self._give_up(part)
        else:
            self._wait_again(sent, part)

    def _forget(self, sent: SentBatch) -> None:
        """A batch that never was."""
        self._spending.release(sent.calls, at=sent.at)
        self._sent.drop(sent.name)

    def _wait_again(self, sent: SentBatch, part: Sequence[Waiting]) -> None:
        headers = Headers(sent.version, sent.betas)
        self._groups.setdefault(headers, deque()).extendleft(reversed(part))

    def _rest(self, retry_after_s: float | None) -> None:
        rest = min(self._pace.rest_s * 2**self._failures, _LONGEST_REST_S)
        self._failures += 1
        wait = max(rest, min(retry_after_s or 0.0, _LONGEST_REST_S))
        self._rests_until = self._loop.time() + wait

    def _let_go(self, part: Collection[Waiting]) -> None:
        self._held -= len(part)
        self._held_bytes -= sum(each.size for each in part)

    def _refuse(self, calls: Collection[Waiting]) -> None:
        """The day has no room for them any more."""
        self._let_go(calls)
        for each in calls:
            self._voice.call(each.call.pair.type, refusal_of(each.most))

    def _give_up(self, part: Collection[Waiting], *, as_: str = "dropped") -> None:
        self._let_go(part)
        for each in part:
            self._voice.call(each.call.pair.type, as_)


class _Named(msgspec.Struct):
    """What is read of a batch that was taken."""

    id: str


def _id_in(body: bytes) -> str:
    try:
        found = msgspec.json.decode(body, type=_Named).id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return found if is_batch_id(found) else ""
