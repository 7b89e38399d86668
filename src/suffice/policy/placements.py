"""
Which model last answered a conversation: a small table of fixed size, made of plain bytes.

Assignment needs no memory; staying needs some. A share that grows would pull conversations over
that began on the baseline, and one that shrinks would push others back in the middle of a tool
loop. The table forgets the oldest where it is full; whoever is forgotten is assigned anew.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

_WAYS = 4
_ENTRY_BYTES = 8
_CODE_BITS = 16
_TAG_BITS = 64 - _CODE_BITS

ANOTHER = "another model"
"""What `Memory.served_by` says of a model that is none of those asked about."""


class Memory(Protocol):
    """Who remembers which model last answered a conversation."""

    def served_by(self, number: int, models: tuple[str, ...]) -> str | None:
        """Which of the models it was, or `ANOTHER`; None where nobody knows."""
        ...


class Table:
    """
    Numbers of 64 bits with sixteen bits about each, over bytes that may be shared.

    Each entry is eight aligned bytes, written at once, so several processes may use one memory
    map without a lock. Two numbers are taken for one with a chance below one in a million
    million.

    Args:
        room: Writable bytes, all zero at first, e.g. a ``bytearray`` or an ``mmap``; eight
            bytes a number. What does not fill a bucket of 32 bytes is left alone.

    Raises:
        ValueError: There is no room for a single bucket.

    >>> table = Table(bytearray(64))
    >>> table.put(7, 3)
    >>> table.get(7), table.get(8)
    (3, None)
    """

    def __init__(self, room: bytearray | memoryview) -> None:
        view = memoryview(room)
        self._buckets = len(view) // (_WAYS * _ENTRY_BYTES)
        if self._buckets == 0:
            raise ValueError(f"{len(view)} bytes are no room; 32 are the least")
        self._entries = view[: self._buckets * _WAYS * _ENTRY_BYTES].cast("Q")

    def put(self, number: int, code: int) -> None:
        """Note a code in 0..65535 for a number; what was noted before gives way."""
        first, tag = self._place(number)
        entries = self._entries
        entry = tag << _CODE_BITS | code
        if entries[first] == entry:
            return
        ways = range(first, first + _WAYS)
        same = next((i for i in ways if entries[i] >> _CODE_BITS == tag), None)
        # The newest stands first; the others move back by one, the last falls out.
        for i in range(first + _WAYS - 1 if same is None else same, first, -1):
            entries[i] = entries[i - 1]
        entries[first] = entry

    def get(self, number: int) -> int | None:
        """The number's code; None where it is forgotten."""
        first, tag = self._place(number)
        for place in range(first, first + _WAYS):
            entry = self._entries[place]
            if not entry:  # the newest stand first, so none stands behind
                return None
            if entry >> _CODE_BITS == tag:
                return entry & (1 << _CODE_BITS) - 1
        return None

    def count(self) -> int:
        """How many numbers are noted; looks at all of them."""
        return sum(map(bool, self._entries))

    def _place(self, number: int) -> tuple[int, int]:
        # Tag 0 marks an empty entry. The bucket comes from the other end of the number.
        tag = number >> (64 - _TAG_BITS) or 1
        return (number & 0xFFFFFFFF) % self._buckets * _WAYS, tag


class Placements:
    """
    A table of conversations.

    Args:
        room: As `Table` takes it.

    Raises:
        ValueError: There is no room for a single bucket.

    >>> table = Placements(bytearray(1_024))
    >>> table.remember(7, "claude-haiku-5-5")
    >>> table.served_by(7, ("claude-opus-5-5", "claude-haiku-5-5"))
    'claude-haiku-5-5'
    >>> table.served_by(8, ("claude-opus-5-5", "claude-haiku-5-5")) is None
    True
    """

    def __init__(self, room: bytearray | memoryview) -> None:
        self._table = Table(room)

    def remember(self, number: int, model: str) -> None:
        """Note which model answered a conversation; what was noted before gives way."""
        self._table.put(number, _code(model))

    def served_by(self, number: int, models: tuple[str, ...]) -> str | None:
        """Which of the models answered it last, or `ANOTHER`; None where it is forgotten."""
        code = self._table.get(number)
        if code is None:
            return None
        return next((model for model in models if _code(model) == code), ANOTHER)


def _code(model: str) -> int:
    known = _CODES.get(model)
    if known is None:
        known = int.from_bytes(hashlib.blake2b(model.encode(), digest_size=2).digest(), "big")
        if len(_CODES) < _MOST_MODELS:
            _CODES[model] = known
    return known


_MOST_MODELS = 4_096
_CODES: dict[str, int] = {}
