"""
What all workers of a gateway remember together, and after a restart.

A file of fixed size, mapped into each of them: who answered which conversation, which shapes of
request a candidate refused, which candidates rest. Its blocks are reserved first, so that a full
disk cannot take them away. Where there can be no file, memory does until the gateway ends.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from suffice.gateway.segments import FILE_MODE, FOLDER_MODE
from suffice.policy.placements import Table

NAME = "memory"
_MARK = b"suffice memory 1".ljust(64, b"\0")
_PLACEMENT_BYTES = 1 << 20  # 131,072 conversations
_LEARNT_BYTES = 1 << 16  # 8,192 shapes
_HEALTH_BYTES = 1 << 12  # 128 models
ROOM_BYTES = len(_MARK) + _PLACEMENT_BYTES + _LEARNT_BYTES + _HEALTH_BYTES
_KEPT_DAYS = 30
_DAYS = 1 << 16
_REMEMBERED = 1_024


class Room(NamedTuple):
    """The parts of the memory, zeroed at first."""

    placements: memoryview
    learnt: memoryview
    health: memoryview


def open_room(folder: Path | None = None) -> Room:
    """
    The memory of a data folder; without one, or where it cannot be written, for this run only.

    Processes forked afterwards share it.
    """
    held = None if folder is None else _mapped(folder / NAME)
    whole = memoryview(held if held is not None else mmap.mmap(-1, ROOM_BYTES))
    learnt = len(_MARK) + _PLACEMENT_BYTES
    health = learnt + _LEARNT_BYTES
    return Room(whole[len(_MARK) : learnt], whole[learnt:health], whole[health:])


def _mapped(path: Path) -> mmap.mmap | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        if not _is_ours(path):
            _make(path)
        fd = os.open(path, os.O_RDWR)
        try:
            return mmap.mmap(fd, ROOM_BYTES)
        finally:
            os.close(fd)
    except (OSError, ValueError):
        return None


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_MARK)) == _MARK and path.stat().st_size == ROOM_BYTES
    except FileNotFoundError:
        return False


def _make(path: Path) -> None:
    """Put a whole one in place: whoever has another version's mapped keeps that."""
    draft = path.with_suffix(f".{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        os.posix_fallocate(fd, 0, ROOM_BYTES)
        os.pwrite(fd, _MARK, 0)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)


class Learnt:
    """
    Shapes of requests a candidate refused although it should have taken them.

    Args:
        room: As `Table` takes it; beyond it the oldest are forgotten, and may be tried again.
        today: Days since some day; a refusal is forgotten after thirty of them, since models
            and what they take change.

    >>> learnt = Learnt(bytearray(64), today=lambda: 1)
    >>> learnt.add("00ff00ff00ff00ff00ff00ff")
    >>> "00ff00ff00ff00ff00ff00ff" in learnt, "11ff00ff00ff00ff00ff00ff" in learnt
    (True, False)
    """

    def __init__(self, room: bytearray | memoryview, *, today: Callable[[], int]) -> None:
        self._table, self._today = Table(room), today

    def __contains__(self, shape: object) -> bool:
        """Whether it was refused of late."""
        day = self._table.get(_number(shape)) if isinstance(shape, str) and shape else None
        return day is not None and (self._today() - day) % _DAYS < _KEPT_DAYS

    def __len__(self) -> int:
        """How many."""
        return self._table.count()

    def add(self, shape: str) -> None:
        """It was refused."""
        self._table.put(_number(shape), self._today() % _DAYS)


@lru_cache(maxsize=_REMEMBERED)
def _number(shape: str) -> int:
    return int.from_bytes(blake2b(shape.encode(), digest_size=8).digest(), "big")
