"""
Answers of batches, fetched once they are there: scored as pairs, and each a line of the account.

Whoever holds the folder's lock fetches for all workers, and takes over what a killed one has left.
Each step may be the last before a kill: it is then done again, and counts once, since a pair and
a line of the account are known by their names.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from suffice.gateway.shadow.finding import PATH, Finding, Known, moment, read_known
from suffice.gateway.shadow.left import ShadowFolder
from suffice.gateway.shadow.own_calls import OwnCalls, Told
from suffice.gateway.shadow.results import Result, is_of, read_results, without_results
from suffice.gateway.shadow.sent import SentFolder
from suffice.gateway.shadow.spending import Spending
from suffice.gateway.shadow.voice import ShadowVoice
from suffice.gateway.upstream import Fault
from suffice.records import ExchangeRecord, SentBatch

_LOOK_AT_FOLDER_S = 1.0
_SLOWER, _LONGEST_WAIT_S = 1.5, 600.0
_HOUR_S, _DAY_S = 3_600.0, 86_400.0
# A batch ends within a day; its results are kept for 29.
_ENDED_S, _KEPT_S = 26 * _HOUR_S, 29 * _DAY_S
_REST_S, _LONGEST_REST_S = 15.0, 600.0
_WRITTEN_S = 20.0
_NOT_FOUND = 404
# What the provider says so of one batch says nothing of others.
_OF_ONE_BATCH = frozenset({400, 403, 409, 422})
_LONGEST_DELETING_S = 3_600.0


class AccountLines(NamedTuple):
    """
    Where a line of the account goes.

    Attributes:
        write: Takes a line; its number, or 0 where it is not kept.
        is_written: Whether all up to a number are on disk.
        key: Fingerprint of the key that pays.
        spending: Learns what calls did cost.
    """

    write: Callable[[ExchangeRecord], int]
    is_written: Callable[[int], bool]
    key: str
    spending: Spending


class _Look(msgspec.Struct):
    """When a batch is looked at next; and the batch without its calls, once its id is known."""

    due: float
    wait_s: float
    head: SentBatch | None = None


class Fetching:
    """
    Fetches for all processes over a folder, as long as this one holds it.

    Args:
        calls: Asks the upstream with the gateway's own key.
        sent: The batches.
        folder: Where answers are left to be scored; also what bounds them.
        books: The account.
        voice: Counts and tells what becomes of calls and batches.
        poll_s: Between looks at a batch, at first; slower from look to look.
        now: Wall clock, in seconds since 1970.
    """

    def __init__(
        self,
        calls: OwnCalls,
        sent: SentFolder,
        *,
        folder: ShadowFolder,
        books: AccountLines,
        voice: ShadowVoice,
        poll_s: float = 60.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._ask, self._sent, self._folder, self._books = calls.ask, sent, folder, books
        self._spending, self._voice = books.spending, voice
        self._poll_s, self._now = poll_s, now
        self._loop = asyncio.get_running_loop()
        self._looks: dict[str, _Look] = {}
        self._finding = Finding(calls, sent)
        self._looked_at = float("-inf")
        self._failures, self._rests_until = 0, 0.0
        self._deleting = _Look(0.0, poll_s)

    async def round(self) -> None:
        """Look at what is due, one batch after another; at nothing while the provider fails."""
        now = self._loop.time()
        if now < self._rests_until or now - self._looked_at < min(_LOOK_AT_FOLDER_S, self._poll_s):
            return
        self._looked_at = now
        names = await asyncio.to_thread(self._names)
        self._looks = {
            # What is new was just sent, or was left by a process that is gone.
            name: self._looks.get(name) or _Look(now + self._poll_s, self._poll_s)
            for name in names
        }
        for name, look in self._looks.items():
            if look.due <= now and self._loop.time() >= self._rests_until:
                look.wait_s = min(look.wait_s * _SLOWER, max(_LONGEST_WAIT_S, self._poll_s))
                look.due = self._loop.time() + look.wait_s
                await self._look_at(name, look)
        await self._delete_taken()

    def _names(self) -> list[str]:
        if not self._sent.claim():
            return []
        self._sent.clear_drafts()
        return self._sent.names()

    # -- one batch ------------------------------------------------------------------------

    async def _look_at(self, name: str, look: _Look) -> None:
        if look.head is None:
            sent = await asyncio.to_thread(self._sent.read, name)
            if sent is None:
                self._voice.trouble("a batch's file cannot be read")
                return
            if not sent.batch:
                await self._look_for(sent, look)
                return
            look.head = msgspec.structs.replace(sent, calls={})
        told = await self._get(look.head, f"/{look.head.batch}")
        if told.problem:
            await self._failed(look.head, told)
            return
        self._failures = 0
        self._voice.well()
        found = read_known(told.body)
        if found is not None and found.has_ended:
            await self._fetch(look.head, found)

    async def _fetch(self, head: SentBatch, found: Known) -> None:
        told = await self._get(head, f"/{head.batch}/results")
        if told.problem:
            await self._failed(head, told)
            return
        sent = await asyncio.to_thread(self._sent.read, head.name)
        if sent is None:
            return
        if not await asyncio.to_thread(is_of, sent, told.body):
            # Nothing at all of what was asked: these are no results of it.
            await self._failed(head, Told(fault=Fault.GARBAGE))
            return
        results = await asyncio.to_thread(
            read_results, sent, told.body, key=self._books.key, ended_at=moment(found.ended_at)
        )
        await self._take(sent, results, word="fetched")

    async def _take(self, sent: SentBatch, results: list[Result], *, word: str) -> None:
        """Leave the pairs, write the lines; only when both are on disk, forget the batch."""
        for result in results:
            pair = result.pair
            if pair is not None and not await asyncio.to_thread(self._folder.leave, pair):
                # No room or no disk: all of it is done again later.
                self._voice.trouble("disk")
                return
        numbers = [self._books.write(result.record) for result in results]
        if not all(numbers) or not await self._are_written(max(numbers, default=0)):
            self._voice.trouble("account")
            return
        costs = {result.call: result.record for result in results}
        await asyncio.to_thread(self._spending.settle, costs, at=sent.at)
        if word == "lost":
            await asyncio.to_thread(self._sent.drop, sent.name)
        else:
            await asyncio.to_thread(self._sent.taken, sent)
            self._deleting.due = 0.0
        for result in results:
            self._voice.call(result.record.type, result.word)
        problem = "answers lost" if word == "lost" else ""
        self._voice.batch(word, batch=sent.batch, calls=len(results), problem=problem)

    async def _are_written(self, number: int) -> bool:
        ends = self._loop.time() + _WRITTEN_S
        while not self._books.is_written(number):
            if self._loop.time() > ends:
                return False
            await asyncio.sleep(0.05)
        return True

    async def _failed(self, head: SentBatch, told: Told) -> None:
        """A batch that cannot be looked at is tried again as long as it may be there."""
        age = self._now() - head.at
        if age > _KEPT_S or (told.status == _NOT_FOUND and age > _ENDED_S):
            sent = await asyncio.to_thread(self._sent.read, head.name)
            if sent is not None:
                gone = without_results(sent, key=self._books.key)
                await self._take(sent, gone, word="lost")
            return
        self._voice.trouble(told.problem)
        if told.status != _NOT_FOUND:
            # What is not there says nothing of others.
            self._rest(told)

    def _rest(self, told: Told) -> None:
        rest = min(_REST_S * 2**self._failures, _LONGEST_REST_S)
        self._failures += 1
        wait = max(min(rest, self._poll_s * 2**self._failures), told.retry_after_s or 0.0)
        self._rests_until = self._loop.time() + min(wait, _LONGEST_REST_S)

    async def _delete_taken(self) -> None:
        """Have the provider delete what was taken: else it holds requests for 29 days."""
        look = self._deleting
        if self._loop.time() < max(look.due, self._rests_until) or not self._sent.is_claimed:
            return
        look.due = self._loop.time() + look.wait_s
        slower = False
        for head in await asyncio.to_thread(self._sent.held_by_the_provider):
            told = await self._ask(
                "DELETE", f"{PATH}/{head.batch}", version=head.version, betas=head.betas
            )
            gone = not told.problem or told.status == _NOT_FOUND
            if gone or self._now() - head.at >= _KEPT_S:
                await asyncio.to_thread(self._sent.forget, head.name)
                continue
            slower = True
            if told.status not in _OF_ONE_BATCH:
                break
        slowest = max(_LONGEST_DELETING_S, self._poll_s)
        look.wait_s = min(2 * look.wait_s, slowest) if slower else self._poll_s

    async def _look_for(self, sent: SentBatch, look: _Look) -> None:
        """Find the batch that a killed worker may have sent."""
        found = await self._finding.find(sent, age_s=self._now() - sent.at)
        if found.failed is not None:
            self._voice.trouble(found.failed.problem or "no list")
            self._rest(found.failed)
        elif found.batch:
            await asyncio.to_thread(
                self._sent.put, msgspec.structs.replace(sent, batch=found.batch)
            )
            look.due = 0.0
        elif found.never:
            await asyncio.to_thread(self._spending.release, sent.calls, at=sent.at)
            await asyncio.to_thread(self._sent.drop, sent.name)
            self._voice.batch("not_there", calls=len(sent.calls))

    async def _get(self, sent: SentBatch, rest: str) -> Told:
        return await self._ask("GET", PATH + rest, version=sent.version, betas=sent.betas)
