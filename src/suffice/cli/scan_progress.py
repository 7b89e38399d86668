"""How far a scan is: calls, their rate, and the time left where it can be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from suffice.adapters.logs import STDIN, find_files
from suffice.errors import EmptyInput

_PACKED = (".gz", ".zst", ".parquet")
_MINUTE_S, _HOUR_S = 60, 3600
# Before this a rate is a guess.
_SETTLED_S = 3.0


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """
    How much there is to read.

    Attributes:
        bytes: Of all files as they lie there.
        exact: Whether so many will be read: packed files unpack, and streams have no end yet.
    """

    bytes: int = 0
    exact: bool = True


def size_of(given: Sequence[str]) -> Size:
    """The size of what paths, folders and patterns name; what is not there counts nothing."""
    total, exact = 0, True
    for name in given:
        try:
            files = find_files([name])
        except EmptyInput:
            continue
        for file in files:
            path = Path(file)
            if file == STDIN or not path.is_file():
                exact = False
                continue
            total += path.stat().st_size
            exact = exact and not file.lower().endswith(_PACKED)
    return Size(bytes=total, exact=exact)


class Progress:
    """
    One line that says how far a scan is.

    Args:
        size: Of everything.
        clock: Seconds that only grow.
        show: Takes the line.

    >>> ticks = iter([0.0, 10.0])
    >>> lines: list[str] = []
    >>> bar = Progress(Size(bytes=4_000), clock=lambda: next(ticks), show=lines.append)
    >>> bar.change("a.jsonl", 500, 1_000)
    >>> lines
    ['a.jsonl  500 calls  50/s  25 %  30 s left']
    """

    def __init__(
        self, size: Size, *, clock: Callable[[], float], show: Callable[[str], object]
    ) -> None:
        self._size = size
        self._clock = clock
        self._show = show
        self._started = clock()
        self._calls: dict[str, int] = {}
        self._bytes: dict[str, int] = {}

    def change(self, name: str, calls: int, bytes_read: int) -> None:
        """Say how far it is: so many calls and bytes of this name."""
        self._calls[name] = calls
        self._bytes[name] = bytes_read
        gone_s = self._clock() - self._started
        parts = [name, f"{calls:,} calls"]
        if gone_s > 0:
            parts.append(f"{sum(self._calls.values()) / gone_s:,.0f}/s")
        share = sum(self._bytes.values()) / self._size.bytes if self._size.bytes else 0.0
        if self._size.exact and 0 < share <= 1:
            parts.append(f"{100 * share:.0f} %")
            if gone_s > _SETTLED_S:
                parts.append(f"{_span(gone_s * (1 - share) / share)} left")
        self._show("  ".join(parts))


def _span(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    return f"{seconds / _HOUR_S:.1f} h"
