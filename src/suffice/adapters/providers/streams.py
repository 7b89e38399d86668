"""A streamed answer, put together again."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True):
    """One server-sent event; ``data`` as it was sent, lines joined."""

    name: str
    data: str


class EventReader:
    r"""
    Bytes in, events out, wherever the bytes were cut.

    >>> reader = EventReader()
    >>> list(reader.feed(b"event: ping\nda")), list(reader.feed(b"ta: {}\n\n"))
    ([], [Event(name='ping', data='{}')])
    """

    def __init__(self) -> None:
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._name = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that end within the chunk."""
        self._rest += self._text.decode(chunk)
        # A line may end in \r\n, and the chunk between the two.
        end = len(self._rest) - self._rest.endswith("\r")
        lines = self._rest[:end].replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = lines.pop() + self._rest[end:]
        for line in lines:
            event = self._line(line)
            if event is not None:
                yield event

    def _line(self, line: str) -> Event | None:
        if not line:
            event = Event(self._name, "\n".join(self._data)) if self._data else None
            self._name, self._data = "", []
            return event
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
        return None


class Accumulator:
    """
    Events in, the message they spell out.

    Events and deltas nobody knows yet are passed over, as the provider's own client does.

    Attributes:
        message: What has come so far; None before ``message_start``.
        complete: ``message_stop`` was seen. A stream that ends without was cut.
        error: The payload of an ``error`` event.
    """

    def __init__(self) -> None:
        self.message: dict[str, Any] | None = None
        self.complete = False
        self.error: dict[str, Any] | None = None
        self._blocks: dict[int, _Block] = {}

    @property
    def started(self) -> bool:
        """Whether any content has come."""
        return bool(self._blocks)

    def add(self, event: Event) -> None:
        """
        Take one event in.

        Raises:
            msgspec.DecodeError: Its data is no JSON object.
        """
        if not event.data:
            return
        payload = msgspec.json.decode(event.data, type=dict[str, Any])
        match payload.get("type") or event.name:
            case "message_start":
                self.message = dict(payload["message"])
                self.message["usage"] = dict(self.message.get("usage") or {})
            case "content_block_start":
                self._blocks[payload["index"]] = _Block(payload["content_block"])
            case "content_block_delta":
                block = self._blocks.get(payload["index"])
                if block is not None:
                    block.add(payload["delta"])
            case "message_delta" if self.message is not None:
                _overlay(self.message, payload.get("delta"))
                _overlay(self.message["usage"], payload.get("usage"))
            case "message_stop":
                self.complete = True
            case "error":
                self.error = payload
            case _:
                pass

    def result(self) -> dict[str, Any]:
        """The message so far, blocks in order."""
        blocks = [self._blocks[index].result() for index in sorted(self._blocks)]
        return {**(self.message or {}), "content": blocks}


class _Block:
    def __init__(self, start: dict[str, Any]) -> None:
        self._start = dict(start)
        self._pieces: dict[str, list[str]] = {}
        self._citations: list[Any] = []

    def add(self, delta: dict[str, Any]) -> None:
        match delta.get("type"):
            case "text_delta":
                self._append("text", delta["text"])
            case "thinking_delta":
                self._append("thinking", delta["thinking"])
            case "signature_delta":
                self._append("signature", delta["signature"])
            case "input_json_delta":
                self._append("input", delta["partial_json"])
            case "compaction_delta":
                self._append("content", delta.get("content") or "")
            case "citations_delta":
                self._citations.append(delta["citation"])
            case _:
                pass

    def result(self) -> dict[str, Any]:
        block = dict(self._start)
        for field, pieces in self._pieces.items():
            joined = "".join(pieces)
            if field == "input":
                block["input"] = _input(joined, otherwise=block.get("input"))
            else:
                block[field] = (block.get(field) or "") + joined
        if self._citations:
            block["citations"] = [*(block.get("citations") or []), *self._citations]
        return block

    def _append(self, field: str, piece: str) -> None:
        self._pieces.setdefault(field, []).append(piece)


def _input(text: str, *, otherwise: Any) -> Any:
    if not text:
        return otherwise if otherwise is not None else {}
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        # The stream broke off within a tool's input; the answer is a failure in any case.
        return {}


def _overlay(onto: dict[str, Any], fields: Any) -> None:
    if isinstance(fields, dict):
        onto.update({key: value for key, value in fields.items() if value is not None})
