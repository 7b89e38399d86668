"""The memory of all processes below this one, sampled: what a command takes with its workers."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_EVERY_S = 0.2


class Memory:
    """
    Samples while it is open; pages that processes share are counted once, in parts.

    Attributes:
        peak_mb: The most that all processes held at one time; 0 where Linux does not tell.
    """

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(_EVERY_S):
            held = sum(_held_kb(process) for process in _below(os.getpid()))
            self.peak_mb = max(self.peak_mb, held / 1024)


def _below(process: int) -> list[int]:
    found: list[int] = []
    # A process may end while it is looked at.
    with suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            children = list(map(int, (task / "children").read_text().split()))
            found += [*children, *(one for child in children for one in _below(child))]
    return found


def _held_kb(process: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
