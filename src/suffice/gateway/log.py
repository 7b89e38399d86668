"""Structured log lines on stderr: what happened to the gateway, never what was asked of it."""

from __future__ import annotations

import sys
import time
from typing import TextIO

import msgspec

Field = str | int | float | bool | None
_QUIET_S = 10.0


class Log:
    """
    One JSON object a line.

    Only what a caller names is written, and callers name no header, no body and no query, so no
    credential can get here.

    Args:
        out: Where to; stderr unless told otherwise.
        worker: Which one speaks.
    """

    def __init__(self, out: TextIO | None = None, *, worker: str = "0") -> None:
        self._out = out if out is not None else sys.stderr
        self._worker = worker
        self._last: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def say(self, event: str, *, level: str = "info", **fields: Field) -> None:
        """Write a line; a closed stderr is no reason to stop."""
        line = {
            "ts": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "level": level,
            "event": event,
            "worker": self._worker,
            **fields,
        }
        try:
            self._out.write(msgspec.json.encode(line).decode() + "\n")
            self._out.flush()
        except (OSError, ValueError):
            return

    def say_seldom(self, event: str, *, level: str = "warning", **fields: Field) -> None:
        """The same, at most once in ten seconds an event; what was left out is counted."""
        now = time.monotonic()
        if now - self._last.get(event, -_QUIET_S) < _QUIET_S:
            self._unsaid[event] = self._unsaid.get(event, 0) + 1
            return
        self._last[event] = now
        self.say(event, level=level, unsaid=self._unsaid.pop(event, 0), **fields)
