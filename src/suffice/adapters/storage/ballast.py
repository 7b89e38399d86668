"""Disk space set aside for answers that are on their way, so that no paid answer finds no room."""

from __future__ import annotations

import os
from pathlib import Path

from suffice.adapters.appending import FILE_MODE, cannot_write

_STEP_BYTES = 4096


class Ballast:
    """
    A file of real blocks, as large as all answers in flight may become.

    Where the disk fills up while calls are in flight, `give_up` turns ballast into room for
    their answers. File systems that copy on write may still refuse; then the answer is lost
    from the disk and the run stops with an error that says so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._claimed = 0
        self._size = 0
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, FILE_MODE)
        except OSError as error:
            raise cannot_write(path, error) from error

    def claim(self, count: int) -> None:
        """
        Set room aside for one more answer.

        Raises:
            StorageError: There is not so much room.
        """
        wanted = self._claimed + count
        if wanted > self._size:
            grown = -(-wanted // _STEP_BYTES) * _STEP_BYTES
            try:
                _fill(self._fd, self._size, grown)
            except OSError as error:
                self._shrink_to(self._size)
                raise cannot_write(self._path.parent, error) from error
            self._size = grown
        self._claimed = wanted

    def release(self, count: int) -> None:
        """An answer arrived, or its call was not sent: its claim is over."""
        self._claimed = max(0, self._claimed - count)

    def give_up(self, count: int) -> bool:
        """Turn ``count`` bytes of ballast or more back into free space; False if none is left."""
        if not self._size:
            return False
        self._shrink_to(max(0, self._size - (count // _STEP_BYTES + 2) * _STEP_BYTES))
        return True

    def close(self) -> None:
        """Remove the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._path.unlink(missing_ok=True)

    def _shrink_to(self, size: int) -> None:
        os.ftruncate(self._fd, size)
        self._size = size


def _fill(fd: int, begins: int, ends: int) -> None:
    """Real blocks for a stretch of the file; written out where the system has no call for it."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, begins, ends - begins)
    else:
        os.pwrite(fd, bytes(ends - begins), begins)
