"""
The day's sum of shadow calls, shared by all workers: one private file a day, appended to.

Before a call is made, the most it may cost is written down: under the file's lock, and only where
the day's limit has room for it. Whatever is killed afterwards, the sum is never less than what was
spent. All of it blocks, and is for threads.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from suffice.gateway.account_store import PICO
from suffice.gateway.shadow.day_sum import DaySum, Step
from suffice.gateway.whole_files import put_whole
from suffice.records.shadow import ShadowDay

_SUFFIX, _LIMIT = ".jsonl", ".limit"
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
_BOUNDLESS = PICO * 10**9
_DAYS_KEPT, _DAYS_REMEMBERED = 7, 3


class ShadowLedger:
    """
    Holds the shadow calls of a day (UTC) to a sum.

    Args:
        folder: Made when first needed.
        limit_usd: What a day may cost, whatever limits the folder holds; None: as they say.
    """

    def __init__(self, folder: Path, *, limit_usd: Decimal | None = None) -> None:
        self.folder = folder
        self._most = _BOUNDLESS if limit_usd is None else int(limit_usd * PICO)
        self._days: dict[str, _Day] = {}
        self._lock = threading.Lock()

    def limit_to(self, usd: Decimal | None, *, by: str) -> bool:
        """
        Hold every day to a sum from the next call on; of several limits the least holds.

        Args:
            usd: None takes this limit back.
            by: Whose limit it is.

        Returns:
            False where the disk does not take it.
        """
        path = self.folder / f"{by}{_LIMIT}"
        if usd is not None:
            return put_whole(path, f"{usd:f}".encode())
        try:
            path.unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def reserve(self, most: Mapping[str, int | None], *, at: float) -> frozenset[str]:
        """
        Set aside the most that calls may cost, as far as the day has room for them.

        Args:
            most: A name that no other call has -> 1e-12 dollars; None where nothing bounds it.
            at: When they are made, in seconds since 1970.

        Returns:
            Those that may be made. Where a file fails: all if there is no limit, else none.
        """
        limit = 0
        try:
            limit = self._limit()
            bounded = {call: picousd for call, picousd in most.items() if picousd is not None}
            if limit == _BOUNDLESS:
                bounded = {call: picousd or 0 for call, picousd in most.items()}
            with self._day(at) as day:
                steps = day.sum.admitted(bounded, within=limit)
                # A machine that loses its power must not forget what a limit depends on.
                day.write(steps, for_good=limit != _BOUNDLESS)
        except OSError:
            return frozenset(most) if limit == _BOUNDLESS else frozenset()
        return frozenset(step.call for step in steps if step.does == "hold")

    def has_room(self, picousd: int | None, *, beside: int, at: float) -> bool:
        """
        Whether there is room for a call that is to wait; where there is none, that is noted.

        Args:
            picousd: What it may cost at most, in 1e-12 dollars; None where nothing bounds it.
            beside: The same of all others that wait.
            at: Today, in seconds since 1970.
        """
        try:
            limit = self._limit()
            if limit == _BOUNDLESS or picousd is None:
                return limit == _BOUNDLESS
            with self._day(at) as day:
                steps = day.sum.admitted({"": picousd}, within=limit - beside)
                if any(step.does == "hold" for step in steps):
                    return True
                day.write(steps)
        except OSError:
            pass
        return False

    def settle(self, costs: Mapping[str, int | None], *, at: float) -> None:
        """
        Put what calls did cost in the place of what was set aside; twice counts once.

        What cannot be written stays set aside.

        Args:
            costs: Call -> 1e-12 dollars; None where nobody will know.
            at: When they were made, in seconds since 1970.
        """
        steps = [
            Step("keep", call) if picousd is None else Step("cost", call, picousd)
            for call, picousd in costs.items()
        ]
        with contextlib.suppress(OSError), self._day(at) as day:
            day.write(steps)

    def look(self, *, at: float) -> ShadowDay:
        """
        How a day stands.

        Raises:
            OSError: Nobody can tell; no call is made then, if there is a limit.
        """
        limit, day = self._limit(), DaySum()
        with contextlib.suppress(FileNotFoundError), self._day(at, reads_only=True) as found:
            day = found.sum
        refused = day.cheapest_refused
        return ShadowDay(
            limit_usd=None if limit == _BOUNDLESS else Decimal(limit) / PICO,
            spent_usd=Decimal(day.spent) / PICO,
            held_usd=Decimal(day.held) / PICO,
            calls_held=day.calls_held,
            refused_usd=None if refused is None else Decimal(refused) / PICO,
            is_used_up=limit <= 0 or day.is_used_up(within=limit),
        )

    def _limit(self) -> int:
        """
        The least of all limits.

        Raises:
            OSError: One is there and cannot be read.
        """
        try:
            limits = [Decimal(path.read_text()) for path in self.folder.glob(f"*{_LIMIT}")]
            return min([self._most, *(int(usd * PICO) for usd in limits)])
        except (ArithmeticError, ValueError) as wrong:
            raise OSError(errno.EIO, "a limit is no number") from wrong

    @contextmanager
    def _day(self, at: float, *, reads_only: bool = False) -> Iterator[_Day]:
        """
        A day as it stands, while nobody else writes to it.

        Raises:
            OSError: It cannot be had, or was harmed.
        """
        name = datetime.fromtimestamp(at, UTC).date().isoformat()
        path = self.folder / f"{name}{_SUFFIX}"
        with self._lock:
            if not reads_only and not path.exists():
                self.folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
                self._clear_old()
            day = self._days.pop(name, None) or _Day()
            self._days[name] = day
            if len(self._days) > _DAYS_REMEMBERED:
                del self._days[next(iter(self._days))]
            mode = os.O_RDONLY if reads_only else os.O_RDWR | os.O_CREAT
            held = os.open(path, mode | os.O_NOFOLLOW, _FILE_MODE)
            try:
                fcntl.flock(held, fcntl.LOCK_SH if reads_only else fcntl.LOCK_EX)
                day.read_on(held)
                yield day
            finally:
                os.close(held)

    def _clear_old(self) -> None:
        """Days so long over that nobody asks for their sum."""
        for path in sorted(self.folder.glob(f"*{_SUFFIX}"))[:-_DAYS_KEPT]:
            path.unlink(missing_ok=True)


class _Day:
    """One day's file, as far as this process has read it."""

    def __init__(self) -> None:
        self.sum = DaySum()
        self._held = -1
        self._upto = self._inode = 0

    def read_on(self, held: int) -> None:
        """
        Take in what others have written since.

        Args:
            held: The open file, locked.

        Raises:
            OSError: Some line is none of ours, so that nobody knows what it held.
        """
        self._held = held
        found = os.fstat(held)
        if found.st_ino != self._inode or found.st_size < self._upto:
            self.sum, self._upto, self._inode = DaySum(), 0, found.st_ino
        fresh = os.pread(held, found.st_size - self._upto, self._upto)
        # Who was killed before a line's end has not made its call.
        whole = fresh[: fresh.rfind(b"\n") + 1]
        try:
            steps = [_STEP.decode(line) for line in whole.splitlines()]
        except (msgspec.MsgspecError, UnicodeDecodeError) as harmed:
            raise OSError(errno.EIO, "a line is harmed") from harmed
        self.sum.take(steps)
        self._upto += len(whole)

    def write(self, steps: list[Step], *, for_good: bool = False) -> None:
        """
        Put steps behind all others.

        Args:
            steps: None to many.
            for_good: They are on the disk itself when this returns.

        Raises:
            OSError: They are not there.
        """
        if not steps:
            return
        lines = b"".join(msgspec.json.encode(step) + b"\n" for step in steps)
        try:
            # What a killed writer has left of a line is overwritten, or cut off.
            _write_at(self._held, self._upto, lines)
            os.ftruncate(self._held, self._upto + len(lines))
            if for_good:
                os.fdatasync(self._held)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._held, self._upto)
            raise
        self.sum.take(steps)
        self._upto += len(lines)


def _write_at(held: int, place: int, lines: bytes) -> None:
    if os.pwrite(held, lines, place) < len(lines):
        raise OSError(errno.ENOSPC, "not all of it was written")


_STEP = msgspec.json.Decoder(Step)
