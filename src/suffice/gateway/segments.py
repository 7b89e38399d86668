"""The spool's files: one checked line a record, sealed by the lock its writer no longer holds."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

SUFFIX = ".spool"
FILE_MODE, FOLDER_MODE = 0o600, 0o700
_CHECK_DIGITS = 8
_READ_BYTES = 1 << 20


class Line(NamedTuple):
    """
    One record as it lies in a segment.

    Attributes:
        offset: Where its line begins.
        number: Its number among all its writer accepted, from 1.
        payload: The record's JSON.
    """

    offset: int
    number: int
    payload: bytes


class Block(NamedTuple):
    """
    What was read in one go.

    Attributes:
        lines: The whole and unharmed ones.
        end: Where to read on.
        broken: Lines that fail their check, torn or harmed.
    """

    lines: list[Line]
    end: int
    broken: int


def pack(number: int, payload: bytes) -> bytes:
    r"""
    One line: a check over the rest, the record's number, the record.

    >>> unpack(pack(7, b'{"ts":1.0}').rstrip(b"\n"), 0)
    Line(offset=0, number=7, payload=b'{"ts":1.0}')
    """
    rest = b"%d %s" % (number, payload)
    return b"%08x %s\n" % (crc32(rest), rest)


def unpack(line: bytes, offset: int) -> Line | None:
    """The record of one line without its newline; None where it is torn or harmed."""
    check, _, rest = line.partition(b" ")
    number, _, payload = rest.partition(b" ")
    try:
        if len(check) == _CHECK_DIGITS and int(check, 16) == crc32(rest):
            return Line(offset, int(number), payload)
    except ValueError:
        return None
    return None


def read_block(path: Path, offset: int) -> Block:
    """
    The whole lines from an offset on, about a megabyte at most; the torn end is left unread.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        file.seek(offset)
        content = file.read(_READ_BYTES)
        if content and b"\n" not in content:
            # A single line larger than a block: a captured body.
            content += file.readline()
    whole = content.rfind(b"\n") + 1
    lines, broken, begins = [], 0, offset
    for raw in content[:whole].split(b"\n")[:-1]:
        found = unpack(raw, begins)
        if found is None:
            broken += 1
        else:
            lines.append(found)
        begins += len(raw) + 1
    return Block(lines, offset + whole, broken)


def segments(folder: Path) -> list[Path]:
    """Every segment, each writer's in its order."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == SUFFIX)
    except FileNotFoundError:
        return []


def writer_of(segment: Path) -> str:
    """The writer a segment belongs to."""
    return segment.stem.rpartition(".")[0]


def is_sealed(path: Path) -> bool:
    """
    Whether nobody will write to a segment any more: its writer moved on, ended or was killed.

    Raises:
        OSError: The file cannot be opened.
    """
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def bytes_in(folder: Path, *, taken: Callable[[str], int] = lambda _name: 0) -> int:
    """
    Size of all segments together.

    Args:
        folder: Theirs.
        taken: So many bytes of a segment, by its file's name, are left out.
    """
    return sum(_sizes(folder, taken))


def _sizes(folder: Path, taken: Callable[[str], int]) -> Iterator[int]:
    for path in segments(folder):
        try:
            yield max(0, path.stat().st_size - taken(path.name))
        except FileNotFoundError:
            continue


class Segment:
    """
    A segment being written: locked from before it can be seen until it is closed.

    Raises:
        OSError: It cannot be made.
    """

    def __init__(self, folder: Path, writer: str, place: int) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        self.path = folder / f"{writer}.{place:06d}{SUFFIX}"
        draft = self.path.with_suffix(".new")
        self._fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, FILE_MODE)
        try:
            # Locked before it has its name: a reader must never see it unlocked and call it sealed.
            fcntl.flock(self._fd, fcntl.LOCK_EX)
            draft.rename(self.path)
        except OSError:
            os.close(self._fd)
            draft.unlink(missing_ok=True)
            raise
        self.size = 0

    def append(self, lines: bytes) -> None:
        """
        Add whole lines.

        Raises:
            OSError: They do not fit or cannot be written; nothing of them is left in the file.
        """
        written = 0
        try:
            while written < len(lines):
                written += os.write(self._fd, lines[written:] if written else lines)
        except OSError:
            if written:
                os.ftruncate(self._fd, self.size)
            raise
        self.size += written

    def close(self) -> None:
        """Let it go; it is sealed from now on."""
        os.close(self._fd)
