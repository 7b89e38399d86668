"""Work on a disk that may not answer, in a thread that nobody waits for at the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


async def in_daemon_thread(work: Callable[[], T]) -> T:
    """
    What the work returns or raises, from a thread of its own that cannot hold the process.

    `asyncio.to_thread` takes a thread of a pool, and the process's end waits for all of them,
    however long their disk takes. Whoever is cancelled while it waits leaves this one behind.

    >>> asyncio.run(in_daemon_thread(lambda: 6 * 7))
    42
    """
    found: Future[T] = Future()
    # Begun, it can no longer be cancelled: the thread may always set its result.
    found.set_running_or_notify_cancel()

    def run() -> None:
        try:
            found.set_result(work())
        except Exception as failed:  # noqa: BLE001 - raised again where it is waited for
            found.set_exception(failed)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(found)
