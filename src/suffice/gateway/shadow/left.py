"""Where both answers of a shadow call lie until they are scored: one small private file each."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from suffice.gateway.whole_files import bytes_of, put_whole
from suffice.records import ShadowAnswers

_SUFFIX = ".json"
_MOST_BYTES = 256 * 1024 * 1024
_LOOK_S = 5.0


class ShadowFolder:
    """
    Leaves answers for whoever scores them, masked; bounded in bytes.

    A file is put in place whole, under the pair's own name: the same pair lies there once. What
    is scored is deleted by its reader.

    Args:
        folder: Made when first needed.
        mask: A body with its texts masked.
        most_bytes: Beyond it nothing more is left until some were scored.
    """

    def __init__(
        self, folder: Path, *, mask: Callable[[bytes], bytes], most_bytes: int = _MOST_BYTES
    ) -> None:
        self.folder = folder
        self._mask, self._most_bytes = mask, most_bytes
        self._bytes, self._looked_at = 0, float("-inf")

    def leave(self, found: ShadowAnswers) -> bool:
        """Leave a pair of answers; False where there is no room or no disk for it. Blocks."""
        masked = msgspec.structs.replace(
            found,
            request=self._mask(found.request),
            served=self._mask(found.served),
            shadow=None if found.shadow is None else self._mask(found.shadow),
        )
        content = msgspec.json.encode(masked)
        if self._held() + len(content) > self._most_bytes:
            return False
        target = self.folder / f"{found.id}{_SUFFIX}"
        if not put_whole(target, content):
            return False
        self._bytes += len(content)
        return True

    def _held(self) -> int:
        now = time.monotonic()
        if now - self._looked_at > _LOOK_S:
            self._looked_at = now
            self._bytes = bytes_of(self.folder.glob(f"*{_SUFFIX}"))
        return self._bytes
