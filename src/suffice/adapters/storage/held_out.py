"""
The cases a run keeps to be asked again: requests of yours, in a private file of its folder.

They hold what the requests hold. Nothing else of a run does, but for the texts of shown pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from suffice.adapters.appending import write_atomically
from suffice.adapters.storage.archive import lines_of
from suffice.adapters.storage.secrets import without_keys
from suffice.records.held_out import HELD_OUT_FILE, HeldOutCase

MOST_BYTES = 64 * 1024**2
MOST_CASE_BYTES = 4 * 1024**2


class KeptAside(NamedTuple):
    """
    What became of cases that were to be kept.

    Attributes:
        kept: So many were, the pilot's among them.
        too_large: So many were not, for want of room.
    """

    kept: int
    too_large: int


def keep_held_out(folder: Path, cases: Iterable[HeldOutCase]) -> KeptAside:
    """
    Put cases into a run's folder, at once and in place of what was there, mode 0600.

    A case of more than 4 MiB, and all beyond 64 MiB, are left out and counted.

    Raises:
        StorageError: They cannot be written; what was there is untouched.
    """
    encode = msgspec.json.Encoder().encode
    lines: list[bytes] = []
    size = too_large = 0
    for one in cases:
        line = without_keys(encode(one)) + b"\n"
        if len(line) > MOST_CASE_BYTES or size + len(line) > MOST_BYTES:
            too_large += 1
            continue
        lines.append(line)
        size += len(line)
    write_atomically(folder / HELD_OUT_FILE, b"".join(lines))
    return KeptAside(len(lines), too_large)


def read_held_out(path: Path) -> list[HeldOutCase]:
    """
    The cases a run has kept, from its folder or a zip of it; none where it kept none.

    Raises:
        StorageError: There is no run, or its file is larger than it can be.
    """
    decode = msgspec.json.Decoder(HeldOutCase).decode
    found = []
    for line in lines_of(path, HELD_OUT_FILE, most_bytes=MOST_BYTES):
        try:
            found.append(decode(line))
        except (msgspec.DecodeError, ValueError):
            continue
    return found
