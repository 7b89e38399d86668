"""Rounds that end in order when somebody says stop."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from suffice.cli.interrupt import answering_signals


class Stop:
    """Says when to stop; set by a signal's handler at any moment, so it holds no lock."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def set(self) -> None:
        """Stop from now on."""
        with contextlib.suppress(OSError):
            os.write(self._writer, b".")

    def is_set(self) -> bool:
        """Whether to stop."""
        return self.wait(0)

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until told to stop; whether to stop."""
        return bool(select.select([self._reader], [], [], seconds)[0])

    def close(self) -> None:
        """Let go of it."""
        os.close(self._reader)
        os.close(self._writer)


@contextmanager
def stopping(*, with_input: bool = False) -> Iterator[Stop]:
    """
    Set by the first SIGINT or SIGTERM: the round under way ends in order.

    Args:
        with_input: Set as well when whoever holds the other end of standard input is gone.
    """
    stop = Stop()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    if with_input:
        threading.Thread(target=_set_at_end_of_input, args=(stop,), daemon=True).start()
    try:
        with answering_signals(ask):
            yield stop
    finally:
        if not with_input:
            stop.close()


def _set_at_end_of_input(stop: Stop) -> None:
    """Whoever keeps us holds the other end, and is gone once it closes, however it ended."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop.set()
