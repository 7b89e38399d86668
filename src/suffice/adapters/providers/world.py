"""Time and dice, as the adapters use them, so that a test can own them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import msgspec


def _now() -> datetime:
    return datetime.now(UTC)


class World(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where time and chance come from.

    Attributes:
        now: The time of day, for waits that name a moment.
        monotonic: Seconds since any moment, for waits and latencies.
        sleep: Waits so many seconds.
        dice: What jitters the waits.
    """

    now: Callable[[], datetime] = _now
    monotonic: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    dice: random.Random = msgspec.field(default_factory=random.SystemRandom)
