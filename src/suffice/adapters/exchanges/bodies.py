"""Bodies by what they hold: each message, system prompt and answer is kept once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import zstandard

from suffice.adapters.exchanges.ledger import Ledger, unusable
from suffice.adapters.exchanges.preparing import Body

_LARGEST_BODY = 256 * 2**20
_REMEMBERED = 200_000
_ZSTD = b"\x28\xb5\x2f\xfd"


class Bodies:
    """
    Gives each body its key; new ones wait until they are written with their exchanges.

    Keys of the last bodies seen are remembered, as prompts come again and again.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._unpack = zstandard.ZstdDecompressor()
        self._last = ledger.last_key()
        self._known: dict[bytes, int] = {}
        self._waiting: list[tuple[int, bytes, bytes]] = []
        self._waiting_keys: dict[bytes, int] = {}
        self.waiting_bytes = 0

    @property
    def last_key(self) -> int:
        """The highest key given so far."""
        return self._last

    def look_up(self, bodies: Mapping[bytes, Body]) -> None:
        """Find out at once which of these are kept already."""
        asked = [
            digest
            for digest in bodies
            if digest not in self._known and digest not in self._waiting_keys
        ]
        self._known.update(self._ledger.keys_of(asked))

    def key_of(self, digest: bytes, bodies: Mapping[bytes, Body]) -> int:
        """
        The key of a body; one that is new waits to be written.

        Args:
            digest: Of a body that was looked up; empty for none, whose key is 0.
            bodies: Where it stands if it is new.
        """
        if not digest:
            return 0
        key = self._known.get(digest) or self._waiting_keys.get(digest)
        return key or self._wait(bodies[digest])

    def is_new(self, digest: bytes) -> bool:
        """Whether a body that was looked up is not kept yet."""
        return digest not in self._known and digest not in self._waiting_keys

    def take_waiting(self) -> list[tuple[int, bytes, bytes]]:
        """What is to be written now; it counts as kept from here on."""
        taken = self._waiting
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        self._known.update(self._waiting_keys)
        self._waiting, self._waiting_keys, self.waiting_bytes = [], {}, 0
        return taken

    def forget(self) -> None:
        """Remember nothing: bodies may have been deleted."""
        self._known.clear()

    def read(self, keys: list[int]) -> dict[int, Any]:
        """
        The bodies of these keys, decoded; a key of 0, or one that is deleted, is left out.

        Raises:
            StorageError: A body is damaged.
        """
        wanted = sorted({key for key in keys if key})
        return {key: self._decoded(packed) for key, packed in self._ledger.packed(wanted)}

    def _wait(self, body: Body) -> int:
        self._last += 1
        self._waiting.append((self._last, body.digest, body.packed))
        self._waiting_keys[body.digest] = self._last
        self.waiting_bytes += len(body.packed)
        return self._last

    def _decoded(self, packed: bytes) -> Any:
        try:
            if packed.startswith(_ZSTD):
                packed = self._unpack.decompress(packed, max_output_size=_LARGEST_BODY)
            return msgspec.json.decode(packed)
        except (zstandard.ZstdError, msgspec.DecodeError) as error:
            raise unusable(self._ledger.path, f"a body is damaged ({error})") from error
