"""
Which prompts the requests of a type really come with, noted beside requests.

A verdict is about one prompt. What is live is learnt from a few requests a second of each type,
by the hash of system prompt and tools; no text is kept.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from suffice.gateway.callers import has_room
from suffice.gateway.whole_files import put_whole
from suffice.policy.fingerprint import prompt_version
from suffice.policy.routing import OTHER_MODEL, Route
from suffice.policy.view import RequestView
from suffice.records import SeenPrompts

_SPACING_S = 0.1
_LATEST = 20
_MOST_TYPES = 50
_MOST_WAITING = 16
_REMEMBERED = 1_024


class Prompts:
    """
    What one worker sees, left where the monitor reads it.

    Args:
        folder: Made when first needed.
        worker: A name among the workers of one gateway.
        now: Wall clock, in seconds since 1970.
    """

    def __init__(
        self, folder: Path, *, worker: str = "0", now: Callable[[], float] = time.time
    ) -> None:
        self._path, self._now = folder / f"{worker}.json", now
        self._due: dict[str, float] = {}
        self._seen: dict[str, deque[tuple[float, str]]] = {}
        self._versions: dict[str, str] = {}
        self._whose: dict[str, str] = {}
        self._waiting: dict[str, tuple[bytes, bytes]] = {}
        self._waits_for: Counter[str] = Counter()
        self._changed = False

    def note(self, found: Route, view: RequestView, *, caller: str) -> None:
        """
        See a request that was served; most of them at the price of one look-up.

        One that asks for another model than the type's rule is no part of its rollout. Nobody
        keeps others' types and prompts from being seen by the number of his own.
        """
        kind, now = found.type, self._now()
        # A clock that was set back is no reason to see nothing for long.
        if not kind or now < self._due.get(kind, 0.0) <= now + _SPACING_S:
            return
        if found.arm == "requested" and found.reason.startswith(OTHER_MODEL):
            return
        if kind not in self._seen and not self._made_room(caller):
            return
        if kind in self._seen:
            self._due[kind] = now + _SPACING_S
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            name = view.fingerprint
            if name not in self._versions and name not in self._waiting:
                if not has_room(self._waits_for, caller, most=_MOST_WAITING):
                    return
                self._waits_for[caller] += 1
                self._waiting[name] = view.prompt
            self._whose.setdefault(kind, caller)
            self._seen.setdefault(kind, deque(maxlen=_LATEST)).append((now, name))
            self._due[kind] = now + _SPACING_S
            self._changed = True

    def _made_room(self, caller: str) -> bool:
        """Whether there is room for one more type: whoever brought the most gives his oldest."""
        if len(self._seen) < _MOST_TYPES:
            return True
        held = Counter(self._whose.values())
        most, places = held.most_common(1)[0]
        if places <= held[caller] + 1:
            return False
        theirs = [kind for kind, by in self._whose.items() if by == most]
        oldest = min(theirs, key=lambda kind: self._seen[kind][-1][0])
        for table in (self._seen, self._whose, self._due):
            del table[oldest]
        return True

    def save(self) -> None:
        """Leave what was seen for the monitor; a full disk is no matter. Blocks."""
        if not self._changed:
            return
        self._changed = False
        if len(self._versions) > _REMEMBERED:
            self._versions.clear()
        for name, (system, tools) in list(self._waiting.items()):
            self._versions[name] = _version(system, tools)
            self._waiting.pop(name, None)
        self._waits_for = Counter()
        types = {
            kind: [(at, found) for at, name in list(seen) if (found := self._versions.get(name))]
            for kind, seen in list(self._seen.items())
        }
        put_whole(self._path, msgspec.json.encode(SeenPrompts(types)))


def _version(system: bytes, tools: bytes) -> str:
    try:
        parts = {"system": msgspec.json.decode(system), "tools": msgspec.json.decode(tools)}
        return prompt_version(parts)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
