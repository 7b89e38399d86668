"""One worker: listens, serves, sweeps, and drains when it is told to stop."""

from __future__ import annotations

import asyncio
import socket
import ssl

from suffice.errors import GatewayNotStarted
from suffice.gateway.client import ClientConnection
from suffice.gateway.house import House

_SWEEP_S = 1.0
_BACKLOG = 2_048
_POLL_S = 0.05


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """
    A listening address, bound but not yet open to clients.

    Args:
        host: Where.
        port: 0 for any that is free.
        shared: Whether several workers bind the same port.

    Raises:
        GatewayNotStarted: The address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
    except OSError as failed:
        listener.close()
        raise GatewayNotStarted(
            f"The gateway cannot listen on {host}:{port}: {failed.strerror or failed}.",
            effect="Nothing is served.",
            next_step="Stop what uses the port, or choose another with --port.",
        ) from failed
    listener.setblocking(False)  # noqa: FBT003 - the socket's own signature
    return listener


class Worker:
    """
    The front door of one process.

    Args:
        house: What its connections share.
        listener: A bound socket.
        tls: The certificate it shows to clients; None for plain HTTP.
    """

    def __init__(
        self, house: House, listener: socket.socket, *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.house = house
        self._listener, self._tls = listener, tls
        self._server: asyncio.Server | None = None
        self._sweeping: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Take requests from now on."""
        loop = self.house.loop
        self._server = await loop.create_server(
            lambda: ClientConnection(self.house),
            sock=self._listener,
            backlog=_BACKLOG,
            ssl=self._tls,
            # Whoever is silent here is no client yet, and counts against no bound.
            ssl_handshake_timeout=self.house.limits.head_s if self._tls else None,
        )
        self._sweeping = loop.call_later(_SWEEP_S, self._sweep)

    async def drain(self, *, within_s: float) -> int:
        """
        Take no more requests, finish those under way, then end.

        Returns:
            How many had to be cut because they did not finish in time.
        """
        house = self.house
        house.draining = True
        if self._server is not None:
            self._server.close()
        ends = house.loop.time() + within_s
        while house.clients and house.loop.time() < ends:
            for client in [held for held in house.clients if held.idle()]:
                client.transport.close()
            await asyncio.sleep(_POLL_S)
        left = list(house.clients)
        for client in left:
            client.transport.abort()
        if self._sweeping is not None:
            self._sweeping.cancel()
        if house.shadows is not None:
            await house.shadows.finish(within_s=max(0.0, ends - house.loop.time()))
        house.pool.close()
        await asyncio.sleep(0)
        house.books.write_waiting()
        return len(left)

    def _sweep(self) -> None:
        now = self.house.loop.time()
        for client in list(self.house.clients):
            client.sweep(now)
        self.house.pool.sweep(now)
        self._sweeping = self.house.loop.call_later(_SWEEP_S, self._sweep)
