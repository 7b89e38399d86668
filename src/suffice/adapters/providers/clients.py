"""HTTP clients, few requests to each: one crowded connection pool grows slow with its square."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2

# Every request walks all connections of its pool. With 256 under way on loopback, one pool takes
# 2.1 ms of CPU a request, pools of sixteen 1.3 ms (a busy machine, side by side).
REQUESTS_PER_CLIENT = 16


class Clients:
    """
    As many clients as the requests under way need, made when they are needed.

    The first with a free place is taken, so that connections stay warm. Redirects are not
    followed: they would carry the credential elsewhere.

    Args:
        headers: Sent with every request.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)
        self._clients: list[httpx2.AsyncClient] = []
        self._under_way: list[int] = []
        self._trust = httpx2.create_ssl_context()

    @asynccontextmanager
    async def open(
        self, url: str, content: bytes, *, patience: httpx2.Timeout
    ) -> AsyncIterator[httpx2.Response]:
        """Post, and hand out the response before its body is read."""
        place = self._place()
        self._under_way[place] += 1
        try:
            client = self._clients[place]
            request = client.build_request("POST", url, content=content, timeout=patience)
            response = await client.send(request, stream=True)
            try:
                yield response
            finally:
                await response.aclose()
        finally:
            self._under_way[place] -= 1

    async def aclose(self) -> None:
        """Give the sockets back."""
        for client in self._clients:
            await client.aclose()

    def _place(self) -> int:
        for place, under_way in enumerate(self._under_way):
            if under_way < REQUESTS_PER_CLIENT:
                return place
        self._clients.append(
            httpx2.AsyncClient(
                headers=self._headers,
                verify=self._trust,
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None),
                follow_redirects=False,
            )
        )
        self._under_way.append(0)
        return len(self._clients) - 1
