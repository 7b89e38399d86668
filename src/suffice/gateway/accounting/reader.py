"""One answer's account, taken from the bytes that pass: the front door's side of the account."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from suffice.gateway.accounting.decoding import (
    READABLE_ENCODINGS,
    Decoder,
    Unreadable,
    decoder_of,
)
from suffice.gateway.accounting.events import EventReader
from suffice.gateway.accounting.told import read_answer, usage_of, word
from suffice.records import Usage

__all__ = ["MAX_BODY", "READABLE_ENCODINGS", "ExchangeReader", "Reading"]

# The largest answer is some 128,000 tokens; beyond this it is no message and is let go.
MAX_BODY = 1 << 24
# Of a compressed stream, opened: an hour of a model's fastest writing is less.
MAX_OPENED_STREAM = 1 << 27


class Reading(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    What one answer said of itself.

    Attributes:
        usage: None where nothing can be told. Its own ``complete`` is False where a stream was
            cut before its last count: the prompt is then counted, the output is at least what
            it says.
        model: The model that served, by its own word.
        stop_reason: The provider's own word; None for an error or a cut.
        message_id: The provider's id of the message.
        error_type: Of an error body, or of an ``error`` event within a stream.
        complete: The whole answer came, and nothing in it says otherwise; of an answer that we
            do not open (``encoding``, ``too_large``) the transport's word holds.
        deltas: Content events of a stream: a cut stream wrote at least so many tokens.
        unread: Why the answer could not be read: ``encoding``, ``too_large``, ``broken``,
            ``not_json``, ``events``; None where it could.
    """

    usage: Usage | None = None
    model: str | None = None
    stop_reason: str | None = None
    message_id: str | None = None
    error_type: str | None = None
    complete: bool = False
    deltas: int = 0
    unread: str | None = None


class ExchangeReader:
    """
    Reads usage, model and end of one answer from its bytes, whatever pieces they come in.

    It never raises on what an upstream sends, holds no content of a stream, and gives the same
    `Reading` for every way to cut the same bytes.

    Args:
        streaming: By the answer's own content type: an error body of a streamed request is JSON.
        encoding: The answer's ``content-encoding``; None or ``identity`` for none. Others than
            `READABLE_ENCODINGS` are relayed unread, and the reading says so.

    Attributes:
        feed: ``feed(chunk: bytes) -> None``, called with each chunk after it was relayed.

    >>> reader = ExchangeReader(streaming=False, encoding=None)
    >>> reader.feed(b'{"type":"message","id":"msg_1","model":"claude-haiku-5-5",')
    >>> reader.feed(b'"stop_reason":"end_turn","usage":{"input_tokens":9,"output_tokens":2}}')
    >>> reading = reader.finish(complete=True)
    >>> reading.usage.input_tokens, reading.model, reading.complete
    (9, 'claude-haiku-5-5', True)
    """

    __slots__ = ("_decoder", "_inner", "_unread", "feed")

    feed: Callable[[bytes], None]

    def __init__(self, streaming: bool, encoding: str | None = None) -> None:  # noqa: FBT001 - the front door's call, once a request
        self._inner: EventReader | _BodyReader = EventReader() if streaming else _BodyReader()
        self._unread: str | None = None
        self._decoder: Decoder | None = None
        self.feed = self._inner.feed
        if encoding and (coding := encoding.strip().lower()) != "identity":
            if coding in READABLE_ENCODINGS:
                limit = MAX_OPENED_STREAM if streaming else MAX_BODY
                self._decoder = decoder_of(coding, max_bytes=limit)
                self.feed = self._open
            elif coding:
                self._unread = "encoding"
                self.feed = _pass_over

    def finish(self, complete: bool) -> Reading:  # noqa: FBT001 - the front door's call, once a request
        """
        What was read, once the answer is over.

        Args:
            complete: Whether the transport delivered all of it; False for a cut or a caller
                who went away.
        """
        inner = self._inner
        if isinstance(inner, EventReader):
            return _stream_reading(inner, complete=complete, unread=self._unread)
        return inner.reading(complete=complete, unread=self._unread)

    def _open(self, chunk: bytes) -> None:
        if self._decoder is None:
            return
        try:
            for piece in self._decoder.open(chunk):
                self._inner.feed(piece)
        except Unreadable:
            self._unread = "broken"
            self._decoder = None


class _BodyReader:
    """Holds one JSON body until its end, up to a bound."""

    __slots__ = ("_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > MAX_BODY:
            self._pieces.clear()
            return
        self._pieces.append(chunk)

    def reading(self, *, complete: bool, unread: str | None) -> Reading:
        if self._size > MAX_BODY:
            unread = unread or "too_large"
        if unread:
            return Reading(unread=unread, complete=complete and unread != "broken")
        pieces = self._pieces
        told = read_answer(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if told is None:
            return Reading(unread="not_json")
        return Reading(
            usage=told.usage,
            model=told.model,
            stop_reason=told.stop_reason,
            message_id=told.message_id,
            error_type=told.error_type,
            complete=complete,
        )


def _stream_reading(events: EventReader, *, complete: bool, unread: str | None) -> Reading:
    if unread:
        # Broken compression: how much of it was opened depends on luck, so none of it is told.
        return Reading(unread=unread, complete=complete and unread != "broken")
    events.end()
    message = events.message or {}
    usage = usage_of(events.usage, stop_reason=events.stop_reason, output_started=events.started)
    if usage is not None and not events.final_usage:
        usage = msgspec.structs.replace(usage, complete=False)
    unread = "events" if events.lost else None
    return Reading(
        usage=usage,
        model=word(message.get("model")),
        stop_reason=events.stop_reason,
        message_id=word(message.get("id")),
        error_type=events.fault,
        complete=complete and events.stopped and events.fault is None and unread is None,
        deltas=events.deltas,
        unread=unread,
    )


def _pass_over(_chunk: bytes) -> None:
    """The bytes are in a coding we cannot open."""
