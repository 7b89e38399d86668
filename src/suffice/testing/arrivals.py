"""Conversations that begin at a steady pace, held from a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Self

_LOOK_S = 0.01
_LAST_ONES_S = 30.0

Converse = Callable[[int], Awaitable[None]]
"""Holds one conversation, which is told its number, to its end."""


class Arrivals:
    """
    Callers who arrive one after another, for as long as a block lasts.

    Args:
        callers: Opens whatever they ask with, on the thread that they live on.
        per_second: How many conversations begin.
        at_once: Most of them that are under way; whoever would be more comes later.

    Attributes:
        begun: How many conversations began so far.

    >>> from contextlib import asynccontextmanager
    >>> heard = []
    >>> @asynccontextmanager
    ... async def callers():
    ...     async def converse(number: int) -> None:
    ...         heard.append(number)
    ...     yield converse
    >>> with Arrivals(callers, per_second=1_000) as arriving:
    ...     time.sleep(0.05)
    >>> heard == list(range(arriving.begun))
    True
    """

    def __init__(
        self,
        callers: Callable[[], AbstractAsyncContextManager[Converse]],
        *,
        per_second: float,
        at_once: int = 200,
    ) -> None:
        self._callers, self._per_second, self._at_once = callers, per_second, at_once
        self._over = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="arrivals", daemon=True)
        self.begun = 0

    def __enter__(self) -> Self:
        """Let them come."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """
        Let no more come, and wait for those under way.

        Raises:
            Exception: What a conversation raised, if the block itself went well.
        """
        self._over.set()
        self._thread.join(_LAST_ONES_S)
        if self._failed is not None and kind is None:
            raise self._failed

    def _run(self) -> None:
        try:
            asyncio.run(self._arrive())
        except Exception as error:  # noqa: BLE001 - handed to the thread that opened the block
            self._failed = error

    async def _arrive(self) -> None:
        async with self._callers() as converse, asyncio.TaskGroup() as under_way:
            places = asyncio.Semaphore(self._at_once)
            began = time.monotonic()
            while not self._over.is_set():
                due = int((time.monotonic() - began) * self._per_second)
                while self.begun < due and not places.locked():
                    await places.acquire()
                    task = under_way.create_task(_awaited(converse, self.begun))
                    task.add_done_callback(lambda _: places.release())
                    self.begun += 1
                await asyncio.sleep(_LOOK_S)


async def _awaited(converse: Converse, number: int) -> None:
    await converse(number)
