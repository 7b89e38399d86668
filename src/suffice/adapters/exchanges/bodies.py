"""Bodies by what they hold: each message, system prompt and answer is packed and kept once."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec
import zstandard

from suffice.adapters.exchanges.columns import BodyKeys
from suffice.adapters.exchanges.ledger import Ledger, unusable
from suffice.records import LoggedExchange

_DIGEST_BYTES = 16
# Below this a frame's own head outweighs what packing saves.
_WORTH_PACKING = 96
_LARGEST_BODY = 256 * 2**20
_REMEMBERED = 200_000
_ZSTD = b"\x28\xb5\x2f\xfd"
_ENCODE = msgspec.json.Encoder(order="sorted").encode


class Bodies:
    """
    Gives each body its key; new ones wait until they are written with their exchanges.

    Keys of the last bodies seen are remembered, as prompts come again and again.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pack = zstandard.ZstdCompressor(level=1, write_content_size=True).compress
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

    def keys_of(self, exchange: LoggedExchange) -> BodyKeys:
        """A key for each part of an exchange; parts that are new wait to be written."""
        self._size = 0
        request = exchange.request
        messages = request.get("messages")
        listed = messages if isinstance(messages, list) else []
        named = {"system", "tools"} | ({"messages"} if listed is messages else set())
        settings = {name: value for name, value in request.items() if name not in named}
        response = (
            {"text": exchange.response_text, "blocks": exchange.response_blocks}
            if exchange.answered
            else None
        )
        return BodyKeys(
            system=self._key(request.get("system")),
            tools=self._key(request.get("tools")),
            settings=self._key(settings),
            messages=[self._key(message) for message in listed],
            response=self._key(response),
            size_bytes=self._size,
        )

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

    def _key(self, value: Any) -> int:
        if value is None or (isinstance(value, dict | list) and not value):
            return 0
        plain = _ENCODE(value)
        self._size += len(plain)
        digest = blake2b(plain, digest_size=_DIGEST_BYTES).digest()
        key = self._known.get(digest) or self._waiting_keys.get(digest)
        if key is None:
            key = self._ledger.key_of(digest)
            if not key:
                return self._wait(digest, plain)
            self._known[digest] = key
        return key

    def _wait(self, digest: bytes, plain: bytes) -> int:
        self._last += 1
        packed = self._pack(plain) if len(plain) >= _WORTH_PACKING else plain
        self._waiting.append((self._last, digest, packed))
        self._waiting_keys[digest] = self._last
        self.waiting_bytes += len(packed)
        return self._last

    def _decoded(self, packed: bytes) -> Any:
        try:
            if packed.startswith(_ZSTD):
                packed = self._unpack.decompress(packed, max_output_size=_LARGEST_BODY)
            return msgspec.json.decode(packed)
        except (zstandard.ZstdError, msgspec.DecodeError) as error:
            raise unusable(self._ledger.path, f"a body is damaged ({error})") from error
