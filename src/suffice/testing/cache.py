"""The strict fake's prompt cache: who reads, who writes, and what has expired."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from suffice.testing.tokens import Segment

TTL_S = {"5m": 300.0, "1h": 3_600.0}
_LOOK_BACK = 20


class CacheUse(msgspec.Struct, frozen=True, kw_only=True):
    """How the prompt's tokens are billed; the four are disjoint."""

    plain: int = 0
    read: int = 0
    write_5m: int = 0
    write_1h: int = 0


class PromptCache:
    """
    Prefixes written at markers, readable until they expire.

    Reading or writing a prefix keeps it for its time to live from that request's start.
    """

    def __init__(self) -> None:
        self._expires: dict[bytes, tuple[float, float]] = {}

    def use(self, prompt: Sequence[Segment], *, key: bytes, minimum: int, now_s: float) -> CacheUse:
        """
        Look the prompt up, and write what its markers ask for.

        Args:
            prompt: In order: tools, system, messages.
            key: Whatever else the entry depends on: model, account, speed, effort, thinking.
            minimum: Shorter prefixes are neither read nor written.
            now_s: The request's start, in seconds.
        """
        total = sum(segment.tokens for segment in prompt)
        if not any(segment.ttl for segment in prompt):
            return CacheUse(plain=total)
        sizes, names = _prefixes(prompt, key)
        markers = [
            i for i, segment in enumerate(prompt) if segment.ttl and sizes[i] >= max(1, minimum)
        ]
        hit = self._hit(names, markers, now_s)
        hour = max((i for i in markers if prompt[i].ttl == "1h" and i > hit), default=hit)
        last = max((i for i in markers if i > hour), default=hour)
        for i in markers:
            if i > hit:
                ttl = TTL_S[prompt[i].ttl]
                self._expires[names[i]] = (now_s + ttl, ttl)
        size = [0, *sizes]
        return CacheUse(
            read=size[hit + 1],
            write_1h=size[hour + 1] - size[hit + 1],
            write_5m=size[last + 1] - size[hour + 1],
            plain=total - size[last + 1],
        )

    def _hit(self, names: Sequence[bytes], markers: Sequence[int], now_s: float) -> int:
        for marker in reversed(markers):
            for i in range(marker, max(-1, marker - _LOOK_BACK), -1):
                expires, ttl = self._expires.get(names[i], (0.0, 0.0))
                if expires > now_s:
                    self._expires[names[i]] = (now_s + ttl, ttl)
                    return i
        return -1


def _prefixes(prompt: Sequence[Segment], key: bytes) -> tuple[list[int], list[bytes]]:
    sizes, names, size, running = [], [], 0, hashlib.blake2b(key, digest_size=16)
    for segment in prompt:
        size += segment.tokens
        running.update(len(segment.content).to_bytes(8, "big") + segment.content)
        sizes.append(size)
        names.append(running.copy().digest())
    return sizes, names
