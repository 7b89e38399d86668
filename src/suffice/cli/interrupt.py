"""Ctrl-C once: stop, and keep what is paid or read. Twice: quit now."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

_Result = TypeVar("_Result")


def run_interruptibly(
    start: Callable[[asyncio.Event], Coroutine[Any, Any, _Result]],
    *,
    on_first: Callable[[], None] = lambda: None,
) -> _Result:
    """
    Run a coroutine to its end, however often it is interrupted.

    SIGTERM counts as Ctrl-C, so that a stopped container keeps its answers too.

    Args:
        start: Called with the event that the first interrupt sets; hand it to `MeteredModels`.
        on_first: Called at the first interrupt, e.g. to say what is being waited for.

    Raises:
        KeyboardInterrupt: Interrupted a second time; calls in flight were given up.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_watched(start, on_first))


@contextmanager
def noted_interrupts() -> Iterator[threading.Event]:
    """
    An event that the first Ctrl-C sets, for work that comes to an end by itself when it sees it.

    SIGTERM counts as Ctrl-C. The second one raises where the work stands.

    Raises:
        KeyboardInterrupt: At the end, where it was interrupted.
    """
    stop = threading.Event()

    def interrupted(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        # Only the main thread is ever interrupted.
        yield stop
        return
    with answering_signals(interrupted):
        yield stop
    if stop.is_set():
        raise KeyboardInterrupt


@contextmanager
def answering_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Answer Ctrl-C and SIGTERM so, and as before once it is over. In the main thread only."""
    before = {one: signal.signal(one, handler) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, earlier in before.items():
            signal.signal(one, earlier)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where it exists, since thousands of answers are mostly socket work."""
    try:
        import uvloop
    except ImportError:  # no wheel for this platform
        return None
    return uvloop.new_event_loop


async def _watched(
    start: Callable[[asyncio.Event], Coroutine[Any, Any, _Result]], on_first: Callable[[], None]
) -> _Result:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    task = loop.create_task(start(stop))

    def interrupted() -> None:
        if stop.is_set():
            task.cancel()
            return
        stop.set()
        on_first()

    signals = (signal.SIGINT, signal.SIGTERM)
    for one in signals:
        loop.add_signal_handler(one, interrupted)
    try:
        return await task
    except asyncio.CancelledError:
        if stop.is_set():
            raise KeyboardInterrupt from None
        raise
    finally:
        for one in signals:
            loop.remove_signal_handler(one)
