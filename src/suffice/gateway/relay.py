"""One request streamed to the upstream and its answer streamed back, byte for byte."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from suffice.gateway.answers import error
from suffice.gateway.heads import RequestHead, ResponseHead
from suffice.gateway.house import House
from suffice.gateway.keys import GatewayKey
from suffice.gateway.upstream import Fault, UpstreamConnection

if TYPE_CHECKING:
    from suffice.gateway.client import ClientConnection

_EARLY_BYTES = 64 * 1024
_REDIRECT, _ERROR = 300, 400
_FAULTS = {
    Fault.CONNECT: (502, "the upstream cannot be reached."),
    Fault.CUT: (502, "the upstream closed the connection before it answered."),
    Fault.GARBAGE: (502, "the upstream's answer is no HTTP."),
    Fault.SILENT: (504, "the upstream did not answer in time."),
}


class Relay:
    """
    A request on its way, and its answer on the way back. Nothing is held but what is under way.

    Args:
        client: Who asked.
        head: What it asked.
        house: The worker's shared parts.
    """

    def __init__(self, client: ClientConnection, head: RequestHead, house: House) -> None:
        self.client, self.head, self.house = client, head, house
        self.method = head.method
        self.extra = b""
        self.key: GatewayKey | None = None
        self._upstream: UpstreamConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._early: list[bytes] = []
        self._early_bytes = 0
        self._sent_all = self._answering = self._chunked = False

    @property
    def is_answering(self) -> bool:
        """Whether the client has been sent anything."""
        return self._answering

    # -- from the client ------------------------------------------------------------------

    def begin(self) -> None:
        """The request's head stands."""
        self._connecting = self.house.pool.acquire(self)

    def body(self, data: bytes) -> None:
        """A piece of the request's body."""
        piece = b"%x\r\n%b\r\n" % (len(data), data) if self.head.chunked else data
        if self._upstream is not None:
            self._upstream.send(piece)
            return
        self._early.append(piece)
        self._early_bytes += len(piece)
        if self._early_bytes > _EARLY_BYTES:
            self.client.pause()

    def body_complete(self) -> None:
        """The request's body is whole."""
        self._sent_all = True
        if self.head.chunked:
            if self._upstream is not None:
                self._upstream.send(b"0\r\n\r\n")
            else:
                self._early.append(b"0\r\n\r\n")

    def client_gone(self) -> None:
        """Nobody waits any more: the upstream is told by the end of its connection."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._upstream is not None:
            upstream, self._upstream = self._upstream, None
            upstream.drop()

    def client_blocked(self) -> None:
        """The client reads more slowly than the upstream writes."""
        if self._upstream is not None:
            self._upstream.transport.pause_reading()

    def client_free(self) -> None:
        """The client reads again."""
        if self._upstream is not None:
            self._upstream.transport.resume_reading()

    # -- from the upstream ----------------------------------------------------------------

    def upstream_ready(self, connection: UpstreamConnection) -> None:
        """A connection stands."""
        self._connecting = None
        self._upstream = connection
        address = self.house.pool.address
        head = self.head.sent_on(address.authority, address.prefix, self._framing())
        connection.send(b"".join((head, *self._early)))
        self._early = []
        if self._early_bytes > _EARLY_BYTES:
            self.client.resume()

    def upstream_answer(self, head: ResponseHead | None, body: bytes, *, done: bool) -> None:
        """A piece of the answer."""
        self.relay(head, body, done=done)

    def relay(self, head: ResponseHead | None, body: bytes, *, done: bool) -> None:
        """Hand a piece of the answer to the client, in one write."""
        out = b"" if head is None else self._begin_answer(head)
        if body:
            out += b"%x\r\n%b\r\n" % (len(body), body) if self._chunked else body
        if done:
            if self._chunked:
                out += b"0\r\n\r\n"
            self._upstream = None
        if out:
            self.client.write(out)
        if done:
            self.client.answered(whole_request=self._sent_all)

    def upstream_lost(self, fault: Fault) -> None:
        """No more comes: before the answer began that is an error, within it a cut."""
        self._upstream = None
        if self._answering:
            self.client.cut()
        else:
            self.fail(fault)

    def fail(self, fault: Fault) -> None:
        """Say what befell the upstream."""
        status, message = _FAULTS[fault]
        self.house.log.say_seldom("upstream", fault=fault.value)
        self.client.refuse(error(status, message, reason=f"upstream {fault.value}", close=True))

    def upstream_blocked(self) -> None:
        """The upstream takes no more for now."""
        self.client.pause()

    def upstream_free(self) -> None:
        """The upstream takes more."""
        self.client.resume()

    # -- heads ----------------------------------------------------------------------------

    def _framing(self) -> bytes:
        if self.head.chunked:
            return b"transfer-encoding: chunked\r\n"
        length = self.head.content_length
        return b"" if length is None else b"Content-Length: %d\r\n" % length

    def _begin_answer(self, head: ResponseHead) -> bytes:
        self._answering = True
        lines = [head.relayed(self.extra)]
        if _REDIRECT <= head.status < _ERROR:
            lines = [_kept_here(lines[0], self.house.pool.address.origin)]
        bodiless = not head.has_body(self.method)
        if not bodiless and b"content-length" not in head.fields:
            if self.head.old:
                self.client.closing = True
            else:
                self._chunked = True
                lines.append(b"transfer-encoding: chunked\r\n")
        if self.client.closing or self.house.draining or not self._sent_all:
            self.client.closing = True
            lines.append(b"connection: close\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)


def _kept_here(head: bytes, origin: bytes) -> bytes:
    """A redirect within the upstream, as one within the gateway."""
    # What begins with two slashes would be another host's name.
    within = rb"(?i)(\r\nlocation: )%b(?=/(?![/\\]))" % re.escape(origin)
    return re.sub(within, rb"\1", head)
