"""The types learnt from a folder of logs, asked of requests on their way; light, and kept fresh."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import msgspec

from suffice.traffic.types import TypeIndex, TypeLookup

INDEX_FILE = Path("types", "index.json")
_LOOK_EVERY_S = 1.0


class LearntTypes:
    """
    Says which type a request is of, by the index that stands in a folder now.

    The file is looked at once a second at most. A new one is read beside the requests, and takes
    over at once; a broken one never does. Without a file no request has a type.

    Args:
        data: The folder `suffice scan` filled.
    """

    def __init__(self, data: Path) -> None:
        self._path = data / INDEX_FILE
        self._seen = self._mark()
        self._lookup = self._read() or TypeLookup(TypeIndex())
        self._next_look = time.monotonic() + _LOOK_EVERY_S
        self._reading: threading.Thread | None = None

    def __call__(self, body: bytes) -> str | None:
        """The type's name; None for a shape nobody has seen, and for what is no request."""
        if time.monotonic() >= self._next_look:
            self._look()
        return self._lookup(body)

    def _look(self) -> None:
        self._next_look = time.monotonic() + _LOOK_EVERY_S
        mark = self._mark()
        busy = self._reading is not None and self._reading.is_alive()
        if mark != self._seen and not busy:
            self._seen = mark
            self._reading = threading.Thread(target=self._reload, name="types", daemon=True)
            self._reading.start()

    def _reload(self) -> None:
        found = self._read()
        if found is not None:
            self._lookup = found

    def _read(self) -> TypeLookup | None:
        """What the file holds; an empty index without one; None where it cannot be read."""
        try:
            return TypeLookup(TypeIndex.from_bytes(self._path.read_bytes()))
        except FileNotFoundError:
            return TypeLookup(TypeIndex())
        except (OSError, msgspec.DecodeError):
            return None

    def _mark(self) -> tuple[int, int, int] | None:
        """What changes when the file does; it is replaced, never written into."""
        try:
            found = os.stat(self._path)  # noqa: PTH116 - on every request's path, a Path costs more
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
