"""How far a file has been read, told by its content and not by its name."""

from __future__ import annotations

import msgspec


class FileProgress(msgspec.Struct, frozen=True, kw_only=True):
    """
    A beginning of some file that has been read and kept.

    A file is known by its first line and recognised by the digest of all lines read of it, so
    that a renamed, packed or grown file goes on where it was left.

    Attributes:
        head: Digest of its first line.
        lines: How many lines were read.
        digest: Digest of all of them, in order.
        source: The format most of them had.
    """

    head: bytes
    lines: int
    digest: bytes
    source: str = ""
