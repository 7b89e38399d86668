"""How many requests are under way at once, and how long to wait before the next try."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import email.utils
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime

import msgspec

_LIMITS = ("requests", "tokens", "input-tokens", "output-tokens")
_STARTING_LIMIT = 8
_LOW_SHARE = 0.1
_SPENT_SHARE = 0.02


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """
    How hard a provider may be pressed.

    Attributes:
        concurrency: Most requests under way at once, per model: each has its own rate limit.
        attempts: Tries per request, the first included.
        first_wait_s: Mean wait before the second try where the provider names none; it doubles.
        longest_wait_s: Cap on that wait.
        patience_s: A wait the provider asks for that is longer is a failure, not a wait.
        connect_s: Seconds to connect.
        read_s: Seconds until an answer that is not streamed begins, or a byte follows a byte.
        stall_s: Seconds of silence after which a stream counts as cut.
        attempt_s: Seconds for one whole try.
        max_answer_bytes: Longer answers are not read to their end.
    """

    concurrency: int = 32
    attempts: int = 6
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    patience_s: float = 300.0
    connect_s: float = 5.0
    read_s: float = 600.0
    stall_s: float = 300.0
    attempt_s: float = 3_600.0
    max_answer_bytes: int = 64 * 1024 * 1024


class Pacer:
    """
    An adaptive limit on requests under way, one per model.

    Starts low, doubles until the provider first complains, halves at each complaint (once for
    all that were under way), then grows by one per round of answers. It stops growing where the
    rate-limit headers say that little remains.
    """

    def __init__(
        self,
        most: int,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._most = most
        self._limit = float(min(most, _STARTING_LIMIT))
        self._probing = True
        self._in_flight = 0
        self._waiting: collections.deque[asyncio.Future[None]] = collections.deque()
        self._held_until = 0.0
        self._shrunk_at = -1.0
        self._monotonic = monotonic
        self._sleep = sleep

    @property
    def limit(self) -> int:
        """Requests that may be under way at once, now."""
        return int(self._limit)

    @contextlib.asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """Wait for a place; yields when it was taken, as `answered` and `throttled` want it."""
        await self._enter()
        try:
            while (wait := self._held_until - self._monotonic()) > 0:
                await self._sleep(wait)
            yield self._monotonic()
        finally:
            self._in_flight -= 1
            self._let_in()

    def answered(self, headers: Mapping[str, str], *, sent_at: float) -> None:
        """Learn from an answer's rate-limit headers."""
        share = remaining_share(headers)
        if share < _SPENT_SHARE:
            self._shrink(0.9, sent_at=sent_at)
        elif share >= _LOW_SHARE and self._limit < self._most:
            self._limit = min(self._most, self._limit + (1.0 if self._probing else 1 / self._limit))
            self._let_in()

    def throttled(self, wait_s: float, *, sent_at: float) -> None:
        """Learn from a 429 or 529: fewer at once, and nobody before the wait is over."""
        self._shrink(0.5, sent_at=sent_at)
        self._held_until = max(self._held_until, self._monotonic() + wait_s)

    def _shrink(self, factor: float, *, sent_at: float) -> None:
        if sent_at <= self._shrunk_at:
            return
        self._probing = False
        self._limit = max(1.0, self._limit * factor)
        self._shrunk_at = self._monotonic()

    async def _enter(self) -> None:
        if self._in_flight < int(self._limit) and not self._waiting:
            self._in_flight += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._in_flight -= 1
                self._let_in()
            raise

    def _let_in(self) -> None:
        while self._waiting and self._in_flight < int(self._limit):
            turn = self._waiting.popleft()
            if not turn.done():
                self._in_flight += 1
                turn.set_result(None)


def remaining_share(headers: Mapping[str, str]) -> float:
    """
    The scarcest of the rate limits, as the share that is left; 1 where nothing is told.

    >>> remaining_share({
    ...     "anthropic-ratelimit-requests-limit": "1000",
    ...     "anthropic-ratelimit-requests-remaining": "50",
    ... })
    0.05
    """
    share = 1.0
    for name in _LIMITS:
        limit = _number(headers.get(f"anthropic-ratelimit-{name}-limit"))
        left = _number(headers.get(f"anthropic-ratelimit-{name}-remaining"))
        if limit and left is not None:
            share = min(share, left / limit)
    return share


def asked_wait_s(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """
    Seconds the provider asks to wait; None where it asks nothing sensible.

    >>> asked_wait_s({"retry-after-ms": "250", "retry-after": "9"}, now=datetime.now(UTC))
    0.25
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None and milliseconds > 0:
        return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is None and text:
        try:
            moment = email.utils.parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return seconds if seconds is not None and seconds > 0 else None


def backoff_s(attempt: int, *, pace: Pace, dice: random.Random) -> float:
    """Seconds before try ``attempt + 1``: doubling, with jitter, so that a crowd spreads out."""
    wait: float = min(pace.longest_wait_s, pace.first_wait_s * 2.0 ** (attempt - 1))
    return wait * dice.uniform(0.5, 1.5)


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    # "inf" and "nan" are numbers to Python, and no wait to anybody.
    return number if number is not None and abs(number) < float("inf") else None
