"""A client's connection: requests read strictly, one at a time, within limits."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import re
from typing import cast

import httptools
from typing_extensions import override

from suffice.gateway.answers import error
from suffice.gateway.heads import BadHead, KnownHead, RequestHead
from suffice.gateway.house import House
from suffice.gateway.messages import MessageTurn
from suffice.gateway.relay import Relay
from suffice.gateway.turns import turn_for

_HEAD_END = b"\r\n\r\n"
_UPGRADE = re.compile(rb"(?i)\r\nupgrade:")
_PIPELINED_BYTES = 256 * 1024
# Ended together, so that few of those that come have to look for room.
_ROOM = 64
_CROWDED_S = 0.1


class _State(enum.IntEnum):
    HEAD = 0  # between requests, or within a head
    BODY = 1
    ANSWERING = 2  # the request is whole
    LINGERING = 3  # refused; what still arrives is dropped
    CLOSED = 4


class ClientConnection(asyncio.Protocol):
    """One client."""

    __slots__ = (
        "_asked", "_bare_bytes", "_body_bytes", "_body_since", "_complete", "_headers", "_known",
        "_most", "_parser", "_paused", "_ready", "_rest", "_state", "_target", "_unparsed",
        "closing", "deadline", "house", "transport", "turn",
    )  # fmt: skip

    def __init__(self, house: House) -> None:
        self.house = house
        self.transport: asyncio.Transport = None  # type: ignore[assignment]
        self.turn: Relay | None = None
        self.closing = False
        self.deadline = float("inf")
        self._parser = httptools.HttpRequestParser(self)
        self._state = _State.HEAD
        self._rest = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._target = b""
        self._known: KnownHead | None = None
        self._asked = self._ready = self._complete = self._paused = self._unparsed = False
        self._most = self._body_bytes = self._bare_bytes = 0
        self._body_since = 0.0

    # -- the transport's side -------------------------------------------------------------

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        house = self.house
        if len(house.clients) >= house.limits.connections and not _made_room(house):
            self._state = _State.CLOSED
            self.write(error(503, "too many connections.", reason="connections", close=True))
            self.transport.close()
            return
        house.clients.add(self)
        self.deadline = house.loop.time() + house.limits.head_s

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._state = _State.CLOSED
        self.house.clients.discard(self)
        # The parser holds us: without it nothing is left in a circle.
        del self._parser
        turn, self.turn = self.turn, None
        if turn is not None:
            turn.client_gone()

    @override
    def pause_writing(self) -> None:
        self.deadline = self.house.loop.time() + self.house.limits.unread_s
        if self.turn is not None:
            self.turn.client_blocked()

    @override
    def resume_writing(self) -> None:
        if self.turn is None:  # its answer was whole before it read it: the next bound runs
            return
        self.deadline = float("inf")
        self.turn.client_free()

    @override
    def data_received(self, data: bytes) -> None:
        state = self._state
        if state is _State.HEAD:
            self._read_head(data)
        elif state is _State.BODY:
            self._read_body(data)
        elif state is _State.ANSWERING:
            self._rest += data
            if len(self._rest) > _PIPELINED_BYTES:
                self.transport.abort()

    # -- reading --------------------------------------------------------------------------

    def _read_head(self, data: bytes) -> None:
        limits = self.house.limits
        known = self._known
        if self._rest:
            data = self._rest + data
        elif known is not None and (begins := known.again(data)):
            self._unparsed, self._complete = True, not known.head.content_length
            self._begin(known.head, data[begins:])
            return
        else:
            data = data.lstrip(b"\r\n")
            if not data:
                return
            self.deadline = self.house.loop.time() + limits.head_s
        end = data.find(_HEAD_END) + len(_HEAD_END)
        if end < len(_HEAD_END):
            self._rest = data
            if len(data) > limits.head_bytes:
                self.refuse(_TOO_LARGE)
            return
        if end > limits.head_bytes:
            self.refuse(_TOO_LARGE)
            return
        self._rest = b""
        self._unparsed = False
        try:
            head = self._parsed(data[:end])
        except BadHead as bad:
            self.refuse(error(bad.status, str(bad), reason="malformed request", close=True))
            return
        self._begin(head, data[end:])
        self._known = self._to_know(data[:end], head)

    def _to_know(self, raw: bytes, head: RequestHead) -> KnownHead | None:
        """What to compare the next head with: only messages as they usually come."""
        usual = (
            isinstance(self.turn, MessageTurn)
            and head.content_length
            and not (self.closing or head.old)
            and self.house.keys is None  # they may change a head
        )
        return KnownHead(raw, head) if usual else None

    def _read_what_is_left(self) -> None:
        if self._state is _State.HEAD and self._rest:
            self._read_head(b"")

    def _parsed(self, head: bytes) -> RequestHead:
        try:
            self._feed_head(head)
        except httptools.HttpParserUpgrade:
            # Not offered: the request is served as if not asked. The parser takes whatever
            # follows for another protocol, so it must not see that there was an offer.
            self._parser = httptools.HttpRequestParser(self)
            with contextlib.suppress(httptools.HttpParserUpgrade):  # CONNECT, refused later
                self._feed_head(_UPGRADE.sub(b"\r\nx-suffice-upgrade:", head))
        if not self._ready:
            raise BadHead(400, "the request is malformed.")
        if len(self._headers) > self.house.limits.headers:
            raise BadHead(431, "too many headers.")
        old = self._parser.get_http_version() == "1.0"
        return RequestHead(self._parser.get_method(), self._target, old=old, headers=self._headers)

    def _feed_head(self, head: bytes) -> None:
        self._headers = []
        self._ready = self._complete = False
        try:
            self._parser.feed_data(head)
        except httptools.HttpParserError as wrong:
            raise BadHead(400, f"the request is malformed: {wrong}.") from None

    def _begin(self, head: RequestHead, rest: bytes) -> None:
        house = self.house
        self._most = house.limits.body_bytes(head.path)
        if (head.content_length or 0) > self._most:
            self.refuse(_too_long(self._most))
            return
        now = house.loop.time()
        self._asked = True
        self._state = _State.BODY
        self._body_bytes, self._body_since = 0, now
        self._bare_bytes = 0
        self.deadline = now + house.limits.body_s
        turn = turn_for(self, head, house)
        if turn is None:
            return
        self.turn = turn
        expects = head.fields.get(b"expect", b"").lower() == b"100-continue"
        if expects and head.has_body and not head.old:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        turn.begin()
        if self._complete:
            self._whole(rest)
        elif rest:
            self._read_body(rest)

    def _read_body(self, data: bytes) -> None:
        length = self._length_left()
        rest = b""
        if length is not None and len(data) > length:
            data, rest = data[:length], data[length:]
        before = self._body_bytes
        try:
            if self._unparsed:
                self.on_body(data)
                self._complete = len(data) == length
            else:
                # Behind a chunked body nothing is read, no offer of another protocol either.
                with contextlib.suppress(httptools.HttpParserUpgrade):
                    self._parser.feed_data(data)
        except httptools.HttpParserError as wrong:
            message = f"the request's body is malformed: {wrong}."
            self._abandon(error(400, message, reason="malformed request", close=True))
            return
        if self._body_bytes > self._most:
            self._abandon(_too_long(self._most))
            return
        self._bare_bytes = 0 if self._body_bytes > before else self._bare_bytes + len(data)
        if self._bare_bytes > self.house.limits.head_bytes:
            # Extensions of chunks and trailers: the parser gathers them, and nobody reads them.
            self._abandon(_TOO_LARGE)
            return
        if self._state is not _State.BODY:  # refused meanwhile
            return
        self.deadline = self.house.loop.time() + self.house.limits.body_s
        if self._complete:
            self._whole(rest)

    def _length_left(self) -> int | None:
        head = self.turn.head if self.turn is not None else None
        if head is None or head.content_length is None:
            return None
        return head.content_length - self._body_bytes

    def _whole(self, rest: bytes) -> None:
        self._state = _State.ANSWERING
        self._rest = rest
        self.deadline = float("inf")
        if self.turn is not None:
            self.turn.body_complete()

    # -- the turn's side ------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Bytes of an answer."""
        self.transport.write(data)

    def pause(self) -> None:
        """Read no more for now."""
        if self._state is _State.BODY:
            self._paused = True
            self.transport.pause_reading()
            self.deadline = float("inf")  # it is not the client that is slow

    def resume(self) -> None:
        """Read again."""
        if self._paused and not self.transport.is_closing():
            self.transport.resume_reading()
        self._paused = False
        if self._state is _State.BODY:
            self.deadline = self.house.loop.time() + self.house.limits.body_s

    def answered(self, *, whole_request: bool) -> None:
        """The answer is whole: on to the next request, or to the end."""
        self.turn = None
        if self._paused:  # the last of the body was still on its way up
            self.resume()
        if not whole_request:
            self._linger()
        elif self.closing or self.house.draining:
            self._state = _State.CLOSED
            self.transport.close()
        else:
            self._state = _State.HEAD
            self.deadline = self.house.loop.time() + self.house.limits.kept_s
            if self._rest:  # a pipelined request
                self.deadline = self.house.loop.time() + self.house.limits.head_s
                self.house.loop.call_soon(self._read_what_is_left)

    def refuse(self, answer: bytes) -> None:
        """Answer with an error of our own, and end the connection without losing the answer."""
        self.turn = None
        self.write(answer)
        if self._state is _State.ANSWERING:
            self._state = _State.CLOSED
            self.transport.close()
        else:
            self._linger()

    def cut(self) -> None:
        """End the connection within an answer, so that the client sees that it is not whole."""
        self.turn = None
        self._state = _State.CLOSED
        self.transport.close()

    @property
    def is_tls(self) -> bool:
        """Whether the client's connection is encrypted by us."""
        return self.transport.get_extra_info("ssl_object") is not None

    def idle(self) -> bool:
        """Whether nothing is under way."""
        return self._state is _State.HEAD and not self._rest

    def rests(self) -> bool:
        """Whether it has been served, and asks for nothing more at the moment."""
        return self._asked and self.idle() and not self.transport.get_write_buffer_size()

    def sweep(self, now: float) -> None:
        """End what takes too long."""
        limits = self.house.limits
        if self._state is _State.BODY and self.deadline < float("inf"):
            lasted = now - self._body_since
            too_slow = (
                lasted > limits.body_s and self._body_bytes < lasted * limits.body_bytes_per_s
            )
            if too_slow or self.deadline < now:
                self._abandon(
                    error(408, "the request's body took too long.", reason="slow", close=True)
                )
        elif self.deadline < now:
            if self._state is _State.HEAD and self._rest:
                self.refuse(
                    error(408, "the request's head took too long.", reason="slow", close=True)
                )
            else:
                self.transport.abort()

    def _abandon(self, answer: bytes) -> None:
        turn = self.turn
        self.turn = None
        if turn is not None:
            turn.client_gone()
            if turn.is_answering:
                self.cut()
                return
        self.refuse(answer)

    def _linger(self) -> None:
        self._state = _State.LINGERING
        self.deadline = self.house.loop.time() + self.house.limits.linger_s
        if not self.transport.is_closing():
            self.transport.resume_reading()
            if self.transport.can_write_eof():
                self.transport.write_eof()

    # -- the parser's side ----------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request line begins; a second one behind a chunked body is not read."""
        if self._complete:
            self.closing = True

    def on_url(self, url: bytes) -> None:
        """The request target."""
        if not self._ready:
            self._target = url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; trailers are not passed on."""
        if not self._ready:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head stands."""
        if not self._ready:
            self._ready = True
            self.closing = not self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        """A piece of the body, without the framing of chunks."""
        if self._complete:
            return
        self._body_bytes += len(data)
        if self.turn is not None and self._body_bytes <= self._most:
            self.turn.body(data)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._complete = True


def _made_room(house: House) -> bool:
    """
    End those that have rested longest; whether there were any.

    Else whoever asks for a page and stays would keep everybody out.
    """
    now = house.loop.time()
    if now < house.crowded_until:
        return False
    clients = house.clients
    resting = sorted((each for each in clients if each.rests()), key=lambda each: each.deadline)
    for each in resting[:_ROOM]:
        clients.discard(each)
        each.cut()
    if not resting:
        house.crowded_until = now + _CROWDED_S
    return bool(resting)


_TOO_LARGE = error(431, "the request's headers are too large.", reason="headers", close=True)


def _too_long(most: int) -> bytes:
    message = f"the request's body exceeds {most // (1024 * 1024)} MB."
    return error(413, message, reason="body size", close=True)
