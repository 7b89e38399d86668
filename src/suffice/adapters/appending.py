"""A file that only grows, line by whole line, and survives being killed at any point."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

from suffice.errors import StorageError

FILE_MODE = 0o600
_READ_BYTES = 1 << 20


class AppendOnlyFile:
    """
    Lines appended with one ``write`` each; a line torn by a kill is cut off at the next opening.

    Args:
        path: Created with mode 0600 where it does not exist.
        fsync_interval_s: Force lines to the disk at least this often while writing; None leaves
            that to the system. A killed process loses nothing either way, a power cut may.

    Raises:
        StorageError: The file cannot be opened for writing.
    """

    def __init__(self, path: Path, *, fsync_interval_s: float | None = None) -> None:
        self.path = path
        self._fsync_interval_s = fsync_interval_s
        self._last_sync = time.monotonic()
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, FILE_MODE)
            self.size, self.torn_bytes = _cut_torn_tail(self._fd)
        except OSError as error:
            raise cannot_write(path, error) from error

    def append(self, line: bytes) -> int:
        """
        Add one line, newline included by us, and return where it begins.

        Raises:
            OSError: It does not fit or cannot be written; nothing of it is left in the file.
        """
        begins, whole = self.size, line + b"\n"
        written = 0
        try:
            while written < len(whole):
                written += os.write(self._fd, whole[written:] if written else whole)
        except OSError:
            if written:
                os.ftruncate(self._fd, begins)
            raise
        self.size += written
        self._sync_when_due()
        return begins

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Every whole line with its offset, without its newline, from the beginning."""
        offset, rest = 0, b""
        while block := os.pread(self._fd, _READ_BYTES, offset + len(rest)):
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                yield offset, line
                offset += len(line) + 1

    def read_at(self, offset: int, length: int) -> bytes:
        """The bytes of one line."""
        return os.pread(self._fd, length, offset)

    def close(self) -> None:
        """Force what was written to the disk, and let go of the file."""
        if self._fd < 0:
            return
        try:
            os.fsync(self._fd)
        except OSError as error:
            if error.errno not in {errno.EINVAL, errno.EROFS}:
                raise cannot_write(self.path, error) from error
        finally:
            os.close(self._fd)
            self._fd = -1

    def _sync_when_due(self) -> None:
        if self._fsync_interval_s is None:
            return
        now = time.monotonic()
        if now - self._last_sync >= self._fsync_interval_s:
            os.fdatasync(self._fd)
            self._last_sync = now


def cannot_write(path: Path, error: OSError) -> StorageError:
    """The coded error for a file the system would not let us write."""
    return StorageError(
        f"{path} cannot be written: {error.strerror or error}.",
        effect="Every answer kept before this is safe in the run folder; nothing more is sent.",
        next_step="Make room or choose another folder, then continue with --resume.",
    )


def write_atomically(path: Path, content: bytes) -> None:
    """
    Put a whole file in place at once: readers see the old one or the new one, never a part.

    Raises:
        StorageError: It cannot be written; the old file is untouched.
    """
    draft = path.with_name(path.name + ".tmp")
    try:
        # Anew, and never through a link or into a file that somebody else may have left there.
        draft.unlink(missing_ok=True)
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise cannot_write(path, error) from error


def _cut_torn_tail(fd: int) -> tuple[int, int]:
    """Size after dropping what follows the last newline, and how many bytes that was."""
    size = os.fstat(fd).st_size
    keep = size
    while keep:
        begins = max(0, keep - _READ_BYTES)
        newline = os.pread(fd, keep - begins, begins).rfind(b"\n")
        if newline >= 0:
            keep = begins + newline + 1
            break
        keep = begins
    if keep < size:
        os.ftruncate(fd, keep)
    return keep, size - keep
