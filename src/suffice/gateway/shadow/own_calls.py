"""Calls of the gateway's own to the upstream, paid with its own key; no caller's part in them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from suffice.gateway.bodies import opened_body
from suffice.gateway.heads import ResponseHead
from suffice.gateway.upstream import Fault, Pool, UpstreamConnection

MOST_ANSWER_BYTES = 128 * 1024 * 1024
_ANSWER_S = 120.0


class OwnKey(Protocol):
    """A credential that can be sent and cannot be seen."""

    def headers(self) -> dict[str, str]:
        """The one header that carries it."""
        ...


class Told(NamedTuple):
    """
    What came of a call.

    Attributes:
        status: The HTTP status; 0 where there is none.
        body: The answer, opened; empty unless all of it came.
        fault: What befell the connection; None for nothing.
        retry_after_s: As the upstream asks for it; None where it does not.
        sent: Whether anything may have reached the upstream.
    """

    status: int = 0
    body: bytes = b""
    fault: Fault | None = None
    retry_after_s: float | None = None
    sent: bool = True

    @property
    def problem(self) -> str:
        """Why it is no good answer, in two words that quote nothing; empty where it is one."""
        if self.fault is not None:
            return self.fault.value
        return "" if 200 <= self.status < 300 else f"HTTP {self.status}"  # noqa: PLR2004 - as HTTP has it


class OwnCalls:
    """
    Asks the upstream with the gateway's own key.

    Args:
        pool: Connections to the upstream; each call gets a fresh one, so that it never fails for
            an idle one that the upstream had given up.
        key: The gateway's own.
    """

    def __init__(self, pool: Pool, key: OwnKey) -> None:
        self._pool = pool
        self._key = key

    async def ask(
        self,
        method: str,
        path: str,
        *,
        version: str,
        betas: str = "",
        body: bytes = b"",
        within_s: float = _ANSWER_S,
    ) -> Told:
        """
        Ask once; never raises for what comes back.

        Args:
            method: Of HTTP.
            path: With its query; the address's own prefix is put before it.
            version: The ``anthropic-version``.
            betas: The ``anthropic-beta``; empty for none.
            body: JSON; empty for none.
            within_s: For all of it.
        """
        address = self._pool.address
        said = {
            "host": address.authority.decode("latin-1"),
            "anthropic-version": version,
            **({"anthropic-beta": betas} if betas else {}),
            "accept-encoding": "identity",
            "user-agent": "suffice-gateway",
            **({"content-type": "application/json"} if body else {}),
            "content-length": str(len(body)),
        }
        head = _head(
            method, address.prefix.decode("latin-1") + path, {**said, **self._key.headers()}
        )
        asking = _Asking(method.encode(), head + body)
        connecting = self._pool.acquire(asking, fresh=True)
        try:
            told = await asyncio.wait_for(asking.told, within_s)
        except TimeoutError:
            return Told(fault=Fault.SILENT, sent=asking.sent)
        finally:
            asking.give_up()
            if connecting is not None and not connecting.done():
                connecting.cancel()
        # Large ones take their time, and requests do not wait for it.
        return told if told.fault is not None else await asyncio.to_thread(asking.opened, told)


def _head(method: str, target: str, said: Mapping[str, str]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header holds the end of a line")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class _Asking:
    """One call under way."""

    def __init__(self, method: bytes, request: bytes) -> None:
        self.method = method
        self.told: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        self.sent = False
        self._request = request
        self._upstream: UpstreamConnection | None = None
        self._head: ResponseHead | None = None
        self._pieces: list[bytes] = []
        self._size = 0

    def give_up(self) -> None:
        """Nothing of it is wanted any more."""
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.drop()

    def upstream_ready(self, connection: UpstreamConnection) -> None:
        """A connection stands: the whole request goes out."""
        self._upstream = connection
        self.sent = True
        connection.send(self._request)
        self._request = b""

    def upstream_answer(self, head: ResponseHead | None, body: bytes, *, done: bool) -> None:
        """A piece of the answer."""
        self._head = head or self._head
        self._size += len(body)
        if self._size > MOST_ANSWER_BYTES:
            self.give_up()
            self._tell(Told(fault=Fault.GARBAGE))
            return
        self._pieces.append(body)
        if not done or self._head is None:
            return
        # The pool has it back, or has closed it.
        self._upstream = None
        wait = self._head.fields.get(b"retry-after", b"")
        self._tell(
            Told(
                status=self._head.status,
                retry_after_s=float(wait) if wait.isdigit() else None,
            )
        )

    def opened(self, told: Told) -> Told:
        """What was told, with its body; none that cannot be opened. Takes its time."""
        fields = self._head.fields if self._head is not None else {}
        encoding = fields.get(b"content-encoding", b"").decode("latin-1")
        pieces, self._pieces = self._pieces, []
        body = opened_body(b"".join(pieces), encoding)
        return Told(fault=Fault.GARBAGE) if body is None else told._replace(body=body)

    def upstream_lost(self, fault: Fault) -> None:
        """No more comes."""
        self._upstream = None
        self._tell(Told(fault=fault, sent=self.sent))

    def upstream_blocked(self) -> None:
        """All was handed over in one write; the transport holds the rest."""

    def upstream_free(self) -> None:
        """Nothing more is sent."""

    def _tell(self, told: Told) -> None:
        if not self.told.done():
            self.told.set_result(told)
