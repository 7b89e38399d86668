"""Batches that may have arrived although nobody heard of it: found by the ids of their calls."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from suffice.gateway.shadow.own_calls import OwnCalls, Told
from suffice.gateway.shadow.results import is_of
from suffice.gateway.shadow.sent import SentFolder, is_batch_id
from suffice.records import SentBatch

PATH = "/v1/messages/batches"
# Whoever sent it has given up waiting for its id by then.
_UNCLAIMED_S = 180.0
# Clocks differ: what was made so long before or after may be ours, its calls' ids will tell.
_SKEW_S = 900.0
_PAGE, _MOST_PAGES = 100, 20
_NOT_FOUND = 404


class Known(msgspec.Struct, frozen=True, gc=False):
    """What is read of a batch at the provider."""

    id: str
    processing_status: str = ""
    created_at: str = ""
    ended_at: str | None = None
    request_counts: dict[str, int] = {}

    @property
    def has_ended(self) -> bool:
        """Whether its results are there."""
        return self.processing_status == "ended"


class _Page(msgspec.Struct):
    data: list[Known] = []
    has_more: bool = False
    last_id: str | None = None


class Found(NamedTuple):
    """
    What a search came to; nothing of all that where it is too early to say.

    Attributes:
        batch: The provider's id.
        never: It never arrived.
        failed: The call that failed.
    """

    batch: str = ""
    never: bool = False
    failed: Told | None = None


class Finding:
    """
    Looks through the provider's list of batches.

    Args:
        calls: Asks the upstream with the gateway's own key.
        sent: All batches of this gateway, so that none is taken for another.
    """

    def __init__(self, calls: OwnCalls, sent: SentFolder) -> None:
        self._ask, self._sent = calls.ask, sent
        self._not_ours: dict[str, set[str]] = {}

    async def is_there(self, sent: SentBatch) -> bool | None:
        """
        Whether a batch may have arrived; None where that cannot be said.

        It may have where the provider has one of that time, of as many calls, that is nobody's.
        """
        suspects = await self._suspects(sent)
        kept = await asyncio.to_thread(self._sent.read, sent.name)
        if kept is None or kept.batch:
            # Somebody has found it meanwhile, or even taken its answers.
            return True
        return None if isinstance(suspects, Told) else bool(suspects)

    async def find(self, sent: SentBatch, *, age_s: float) -> Found:
        """
        Find a batch among those that have ended.

        Args:
            sent: The batch.
            age_s: How long ago it was sent, if it was.
        """
        if age_s < _UNCLAIMED_S:
            return Found()
        suspects = await self._suspects(sent)
        if isinstance(suspects, Told):
            return Found(failed=suspects)
        for known in suspects:
            if not known.has_ended:
                continue
            told = await self._get(sent, f"/{known.id}/results")
            if told.problem and told.status != _NOT_FOUND:
                return Found(failed=told)
            if await asyncio.to_thread(is_of, sent, told.body):
                return Found(batch=known.id)
            self._not_ours.setdefault(sent.name, set()).add(known.id)
        strangers = self._not_ours.get(sent.name, set())
        if age_s <= _SKEW_S or any(known.id not in strangers for known in suspects):
            return Found()
        self._not_ours.pop(sent.name, None)
        return Found(never=True)

    async def _suspects(self, sent: SentBatch) -> list[Known] | Told:
        """Batches of the right time and size that are nobody's yet; or why none can be seen."""
        claimed = await asyncio.to_thread(self._sent.ids_beside, sent.name)
        claimed |= self._not_ours.get(sent.name, set())
        suspects: list[Known] = []
        after = ""
        for _ in range(_MOST_PAGES):
            query = {"limit": str(_PAGE), **({"after_id": after} if after else {})}
            told = await self._get(sent, f"?{urlencode(query)}")
            page = None if told.problem else _page(told.body)
            if page is None:
                return told
            suspects += [
                known
                for known in page.data
                if is_batch_id(known.id)
                and known.id not in claimed
                and abs(moment(known.created_at) - sent.at) <= _SKEW_S
                and sum(known.request_counts.values()) == len(sent.calls)
            ]
            oldest = min((moment(known.created_at) for known in page.data), default=0.0)
            if not page.has_more or oldest < sent.at - _SKEW_S or not page.last_id:
                break
            after = page.last_id
        return suspects

    async def _get(self, sent: SentBatch, rest: str) -> Told:
        return await self._ask("GET", PATH + rest, version=sent.version, betas=sent.betas)


def read_known(body: bytes) -> Known | None:
    """A batch, as the provider describes it; None where it is none."""
    try:
        return msgspec.json.decode(body, type=Known)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def moment(text: str | None) -> float:
    """
    Seconds since 1970; 0 where it is no time.

    >>> moment("2026-11-22T00:00:00Z"), moment(None)
    (1795305600.0, 0.0)
    """
    try:
        return datetime.fromisoformat(text or "").timestamp()
    except ValueError:
        return 0.0


def _page(body: bytes) -> _Page | None:
    try:
        return msgspec.json.decode(body, type=_Page)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
