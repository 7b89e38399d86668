"""Connections to the upstream: kept alive, made when none is free, and what may befall them."""

from __future__ import annotations

import asyncio
import enum
import os
import socket
import ssl
from typing import Protocol, cast

import httptools
from typing_extensions import override

from suffice.gateway.addresses import Address, verifying
from suffice.gateway.heads import ResponseHead
from suffice.gateway.limits import Limits
from suffice.gateway.log import Log
from suffice.gateway.proxying import Proxy, open_tunnel

_FINAL = 200
_MOST_HEAD_BYTES = 256 * 1024


class Fault(enum.Enum):
    """Why an upstream connection did not bring an answer to its end."""

    CONNECT = "connect"
    CUT = "cut"
    GARBAGE = "garbage"
    SILENT = "timeout"


class Listener(Protocol):
    """Whoever waits for an answer."""

    method: bytes

    def upstream_ready(self, connection: UpstreamConnection) -> None:
        """A connection stands; send now."""
        ...

    def upstream_answer(self, head: ResponseHead | None, body: bytes, *, done: bool) -> None:
        """A piece of the answer: its head at most once, then body, then done."""
        ...

    def upstream_lost(self, fault: Fault) -> None:
        """No more will come."""
        ...

    def upstream_blocked(self) -> None:
        """Send no more until told."""
        ...

    def upstream_free(self) -> None:
        """Go on sending."""
        ...


class UpstreamConnection(asyncio.Protocol):
    """
    One connection: requests one after another, and the answer to each read to its end.

    Attributes:
        used: How many requests it has served.
        heard: Whether any byte came since the last one was sent.
    """

    __slots__ = (
        "_body", "_complete", "_head", "_head_bytes", "_headers", "_keep", "_message", "_parser",
        "_pool", "_reason", "_started", "_until_close", "deadline", "heard", "listener", "sent_at",
        "transport", "used",
    )  # fmt: skip

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._parser = httptools.HttpResponseParser(self)
        self.transport: asyncio.Transport = None  # type: ignore[assignment]
        self.listener: Listener | None = None
        self.deadline = float("inf")
        self.sent_at = 0.0
        self.used = 0
        self.heard = False
        self._headers: list[tuple[bytes, bytes]] = []
        self._reason = b""
        self._head_bytes = 0
        self._head: ResponseHead | None = None
        self._body: list[bytes] = []
        self._started = self._complete = self._until_close = False
        self._message = self._keep = False

    # -- sending --------------------------------------------------------------------------

    def begin(self, listener: Listener) -> None:
        """Serve one request."""
        self.listener = listener
        self.used += 1
        self.heard = False
        self.sent_at = self._pool.loop.time()
        self.deadline = self.sent_at + self._pool.limits.first_byte_s
        self._headers = []
        self._head_bytes = 0
        self._head = None
        self._started = self._complete = self._until_close = False

    def send(self, data: bytes) -> None:
        """Bytes of the request."""
        self.transport.write(data)

    def drop(self) -> None:
        """End it now; whatever was asked for is no longer wanted."""
        self.listener = None
        self._pool.forget(self)
        if self.transport is not None:
            self.transport.abort()

    # -- the transport's side -------------------------------------------------------------

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        told = transport.get_extra_info("socket")
        if told is not None:
            told.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._pool.forget(self)
        # The parser holds us: without it nothing is left in a circle.
        del self._parser
        listener, self.listener = self.listener, None
        if listener is None:
            return
        if self._until_close and exc is None:
            listener.upstream_answer(None, b"", done=True)
        else:
            listener.upstream_lost(Fault.CUT)

    @override
    def pause_writing(self) -> None:
        if self.listener is not None:
            self.listener.upstream_blocked()

    @override
    def resume_writing(self) -> None:
        if self.listener is not None:
            self.listener.upstream_free()

    @override
    def data_received(self, data: bytes) -> None:
        listener = self.listener
        if listener is None:  # an idle connection has nothing to say
            self.drop()
            return
        self.heard = True
        body: list[bytes] = []
        self._body = body
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not self._complete:
                self._garbage(listener)
                return
            # The answer is whole and paid for; what stands behind it ends the connection only.
            self._keep = False
        if not self._started:
            self._head_bytes += len(data)
            if self._head_bytes > _MOST_HEAD_BYTES:
                self._garbage(listener)
                return
        head, self._head = self._head, None
        if head is not None:
            self._read_framing(head, listener.method)
        self.deadline = self._pool.loop.time() + self._pool.limits.silent_s
        if self._complete:
            self._release(head)
        if head is not None or body or self._complete:
            piece = body[0] if len(body) == 1 else b"".join(body)
            listener.upstream_answer(head, piece, done=self._complete)

    def _garbage(self, listener: Listener) -> None:
        self.drop()
        listener.upstream_lost(Fault.GARBAGE)

    def _read_framing(self, head: ResponseHead, method: bytes) -> None:
        if not head.has_body(method):
            self._complete = True
        elif not self._complete and b"content-length" not in head.fields:
            self._until_close = b"transfer-encoding" not in head.fields

    def _release(self, head: ResponseHead | None) -> None:
        # After HEAD the parser still waits for a body that does not come.
        bodiless = head is not None and not self._message
        self.listener = None
        if bodiless or not self._keep or self.transport.is_closing():
            self.drop()
        else:
            self._pool.keep(self)

    # -- the parser's side ----------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A status line begins."""
        self._message = False
        if self._complete:  # an answer nobody asked for, right behind one that was
            raise ValueError
        self._headers = []
        self._reason = b""

    def on_status(self, status: bytes) -> None:
        """The words of the status line."""
        self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; those after the body are not passed on."""
        if not self._started:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head stands."""
        status = self._parser.get_status_code()
        if status >= _FINAL:
            self._started = True
            self._head = ResponseHead(status, self._reason, self._headers)

    def on_body(self, data: bytes) -> None:
        """A piece of the body, without the framing of chunks."""
        if not self._started:  # an interim answer has none; it would stand where a head belongs
            raise ValueError
        self._body.append(data)

    def on_message_complete(self) -> None:
        """The answer is whole, unless it was only an interim one."""
        self._message = True
        self._complete = self._started
        self._keep = self._parser.should_keep_alive()


class Pool:
    """
    Connections to one upstream: used ones kept alive, new ones made when none is free.

    Args:
        address: Where to.
        limits: How long to wait and to keep.
        tls: How certificates are checked, see `verifying`; the system's way where none is given.
        proxy: Whom to ask for a way there; None: connect directly.
        log: Where it tells why no connection can be had.
    """

    def __init__(
        self,
        address: Address,
        *,
        limits: Limits,
        tls: ssl.SSLContext | None = None,
        proxy: Proxy | None = None,
        log: Log | None = None,
    ) -> None:
        self.address, self.limits = address, limits
        self.loop = asyncio.get_running_loop()
        self._proxy, self._log = proxy, log
        checked = address.tls or (proxy is not None and proxy.tls)
        self._tls = (tls or verifying()) if checked else None
        self._idle: list[UpstreamConnection] = []
        self._all: set[UpstreamConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> int:
        """How many connections stand."""
        return len(self._all)

    def acquire(self, listener: Listener, *, fresh: bool = False) -> asyncio.Task[None] | None:
        """
        Give the listener a connection: at once if one is idle, else when it stands.

        Args:
            listener: Told by ``upstream_ready``, or by ``upstream_lost`` where none can be had.
            fresh: A new one in any case.

        Returns:
            The attempt to connect, to be cancelled when it is no longer wanted; None when the
            listener has been served already.
        """
        while self._idle and not fresh:
            connection = self._idle.pop()
            if not connection.transport.is_closing():
                connection.begin(listener)
                listener.upstream_ready(connection)
                return None
        task = self.loop.create_task(self._connect(listener))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _connect(self, listener: Listener) -> None:
        try:
            async with asyncio.timeout(self.limits.connect_s):
                if self._proxy is None:
                    connection = await self._directly()
                else:
                    connection = await self._through(self._proxy)
        except (OSError, TimeoutError, UnicodeError) as wrong:
            # The last for a name that no resolver takes: its client must be told too.
            if self._log is not None:
                self._log.say_seldom("connect", problem=_why(wrong))
            listener.upstream_lost(Fault.CONNECT)
            return
        self._all.add(connection)
        connection.begin(listener)
        listener.upstream_ready(connection)

    async def _directly(self) -> UpstreamConnection:
        address = self.address
        _, connection = await self.loop.create_connection(
            lambda: UpstreamConnection(self),
            address.host,
            address.port,
            ssl=self._tls if address.tls else None,
            server_hostname=address.host if address.tls else None,
        )
        return connection

    async def _through(self, proxy: Proxy) -> UpstreamConnection:
        address, connection = self.address, UpstreamConnection(self)
        tunnel = await open_tunnel(proxy, address.host, address.port, proxy_tls=self._tls)
        made: asyncio.Transport | None = tunnel
        try:
            tunnel.set_protocol(connection)
            if self._tls is not None and address.tls:
                made = await self.loop.start_tls(
                    tunnel, connection, self._tls, server_hostname=address.host
                )
        except BaseException:
            tunnel.abort()
            raise
        if made is None:  # it closed within the handshake
            raise ConnectionResetError
        connection.connection_made(made)
        return connection

    def keep(self, connection: UpstreamConnection) -> None:
        """Take a connection back whose answer is whole."""
        connection.transport.resume_reading()
        connection.deadline = self.loop.time() + self.limits.idle_s
        self._idle.append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """A connection is gone."""
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def sweep(self, now: float) -> None:
        """End what has been silent for too long."""
        for connection in [held for held in self._all if held.deadline < now]:
            listener = connection.listener
            connection.drop()
            if listener is not None:
                listener.upstream_lost(Fault.SILENT)

    def close(self) -> None:
        """End every connection."""
        for task in list(self._tasks):
            task.cancel()
        for connection in list(self._all):
            connection.drop()


def _why(wrong: OSError | TimeoutError | UnicodeError) -> str:
    """Why no connection came about, in words that hold no credential."""
    if isinstance(wrong, UnicodeError):
        return "no name that could be looked up"
    if isinstance(wrong, ssl.SSLCertVerificationError):
        return f"certificate refused: {wrong.verify_message}"
    if isinstance(wrong, TimeoutError):
        return "timeout"
    if isinstance(wrong, (socket.gaierror, ssl.SSLError)) or not wrong.errno:
        return wrong.strerror or str(wrong) or type(wrong).__name__
    return os.strerror(wrong.errno)  # asyncio's own words only repeat the address
