"""Work in a thread that nobody waits for: what it finds comes back, or is dropped in silence."""

from __future__ import annotations

import asyncio
import threading

import pytest

from suffice.gateway.daemon_threads import in_daemon_thread


def test_what_the_work_raises_is_raised_where_it_is_waited_for() -> None:
    def fails() -> int:
        raise OSError(5, "the disk")

    with pytest.raises(OSError, match="the disk"):
        asyncio.run(in_daemon_thread(fails))


def test_work_that_outlasts_its_loop_ends_without_a_word() -> None:
    """
    A fault in a thread would be a warning, and a warning fails this test.
    """
    may_end = threading.Event()
    threads: list[threading.Thread] = []

    def work() -> None:
        threads.append(threading.current_thread())
        assert may_end.wait(10)

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(in_daemon_thread(work), 0.05)

    asyncio.run(give_up())
    [thread] = threads
    assert (thread.is_alive(), thread.daemon) == (True, True)
    may_end.set()
    thread.join(10)

    assert not thread.is_alive()
