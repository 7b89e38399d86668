"""Server-sent events, looked at just enough to know what a stream used and how it ended."""

from __future__ import annotations

from typing import Any

import msgspec

from suffice.gateway.accounting.told import error_type, word

# What we read is small; a frame beyond this is either content or nothing we know.
MAX_FRAME = 1 << 16
_TRIM_FROM = 1 << 12
_DELTA = b"event: content_block_delta\n"
_FIELD = b"event: "
_READ = {b"message_start", b"message_delta", b"message_stop", b"error"}
_CONTENT = {b"content_block_start", b"content_block_delta"}
_LONGEST_NAME = 64
# Nothing that is said in fewer bytes is read, however many such frames there are.
_SHORTEST_FRAME = len(b"data:0")
# Stands for a frame whose content is let go before its end has come; a comment holds its place.
_STUB = b"event: content_block_stop\n:"


class EventReader:
    r"""
    Takes a stream's bytes in any pieces; what it knows afterwards depends on the bytes alone.

    Content is skipped unread. Lines may end in ``\n``, ``\r\n`` or ``\r``; an event that is not
    closed by an empty line never happened, as the provider's own client sees it.

    Attributes:
        message: The ``message`` of ``message_start`` without its usage; None before it.
        usage: Of ``message_start``, overlaid by what each ``message_delta`` says anew.
        stop_reason: As last told.
        final_usage: A ``message_delta`` came with a stop reason, so the counts are the last.
        stopped: ``message_stop`` came.
        fault: The type of an ``error`` event.
        deltas: Content events so far.
        started: Whether any content came.
        lost: Something that may have mattered was too large or no JSON.
    """

    __slots__ = (
        "_held_return",
        "_rest",
        "deltas",
        "fault",
        "final_usage",
        "lost",
        "message",
        "started",
        "stop_reason",
        "stopped",
        "usage",
    )

    def __init__(self) -> None:
        self.message: dict[str, Any] | None = None
        self.usage: dict[str, Any] = {}
        self.stop_reason: str | None = None
        self.final_usage = False
        self.stopped = False
        self.fault: str | None = None
        self.deltas = 0
        self.started = False
        self.lost = False
        self._rest = b""
        self._held_return = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        if (
            # Nearly every chunk: one whole content event, to be counted and let go.
            chunk.startswith(_DELTA)
            and not self._rest
            and chunk.find(b"\n\n") == len(chunk) - 2
            and b"\r" not in chunk
            and not self._held_return
        ):
            self.deltas += 1
            return
        if self._held_return or b"\r" in chunk:
            chunk = self._with_plain_line_ends(chunk)
        if self._rest:
            chunk = self._rest + chunk
        frames = chunk.split(b"\n\n")
        self._rest = frames.pop()
        for frame in frames:
            if frame.startswith(_DELTA):
                self.deltas += 1
            elif len(frame) >= _SHORTEST_FRAME:
                self._take(frame)
        if len(self._rest) > _TRIM_FROM:
            self._trim()

    def end(self) -> None:
        """The stream is over; what is not closed is dropped."""
        if self._held_return:
            self._held_return = False
            self.feed(b"\n")
        self.started = self.started or self.deltas > 0
        if len(self._rest) > MAX_FRAME and not _is_skipped(self._rest):
            self.lost = True
        self._rest = b""

    def _with_plain_line_ends(self, chunk: bytes) -> bytes:
        if self._held_return and chunk:
            chunk = b"\r" + chunk
            self._held_return = False
        if chunk.endswith(b"\r"):
            # A line feed may follow in the next piece, and then it is one line end, not two.
            self._held_return = True
            chunk = chunk[:-1]
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _trim(self) -> None:
        """Let go of an unfinished frame's content, so that no piece is ever copied twice."""
        rest = self._rest
        last = b"\n" if rest.endswith(b"\n") else b""
        if rest.startswith(_DELTA):
            self._rest = _DELTA + b":" + last
        elif _is_skipped(rest):
            self.started = self.started or rest.startswith(b"event: content_block_start\n")
            self._rest = _STUB + last
        elif len(rest) > MAX_FRAME:
            self.lost = True
            self._rest = _STUB + last

    def _take(self, frame: bytes) -> None:
        if _is_skipped(frame):
            self.started = self.started or frame.startswith(b"event: content_block_start\n")
            return
        if len(frame) > MAX_FRAME:
            self.lost = True
            return
        name, data = _fields(frame)
        if name in _CONTENT:
            self._count(name)
        elif data and (not name or name in _READ):
            self._read(name, data)

    def _count(self, name: bytes) -> None:
        self.started = True
        self.deltas += name == b"content_block_delta"

    def _read(self, name: bytes, data: bytes) -> None:
        try:
            payload = msgspec.json.decode(data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            self.lost = True
            return
        if not isinstance(payload, dict):
            self.lost = True
            return
        match name.decode() or payload.get("type"):
            case "message_start" if self.message is None:
                self._start(payload.get("message"))
            case "message_delta":
                self._delta(payload)
            case "message_stop":
                self.stopped = True
            case "error":
                self.fault = error_type(payload.get("error")) or "unknown_error"
            case "content_block_start" | "content_block_delta" as content:
                self._count(content.encode())
            case _:
                pass

    def _start(self, message: Any) -> None:
        if not isinstance(message, dict):
            self.lost = True
            return
        self.message = message
        self.stop_reason = word(message.get("stop_reason"))
        self._overlay(message.get("usage"))

    def _delta(self, payload: dict[str, Any]) -> None:
        delta = payload.get("delta")
        reason = word(delta.get("stop_reason")) if isinstance(delta, dict) else None
        if reason is not None:
            self.stop_reason = reason
            self.final_usage = True
        self._overlay(payload.get("usage"))

    def _overlay(self, usage: Any) -> None:
        """Counts are cumulative: what is told anew replaces, what is null or absent stays."""
        if isinstance(usage, dict):
            self.usage.update({key: value for key, value in usage.items() if value is not None})


def _is_skipped(frame: bytes) -> bool:
    """Whether a frame begins by naming an event we never read, so that its size is no matter."""
    if not frame.startswith(_FIELD):
        return False
    end = frame.find(b"\n", len(_FIELD), _LONGEST_NAME)
    return end > 0 and frame[len(_FIELD) : end] not in _READ and frame[len(_FIELD) : end] != b""


def _fields(frame: bytes) -> tuple[bytes, bytes]:
    """The first name and all data of one event."""
    if frame.startswith(_FIELD) and frame.count(b"\n") == 1:
        head, _, line = frame.partition(b"\n")
        if line.startswith(b"data: "):
            return head[len(_FIELD) :], line[6:]
    name, data = b"", []
    for line in frame.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event" and not name:
            name = value
    return name, b"\n".join(data)
