"""Batches name the address of their results; it must be ours, or clients leave the gateway."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from typing_extensions import override

from suffice.gateway.heads import RequestHead, ResponseHead
from suffice.gateway.house import House
from suffice.gateway.relay import Relay

if TYPE_CHECKING:
    from suffice.gateway.client import ClientConnection

PATH = b"/v1/messages/batches"
_RESULTS_URL = re.compile(rb'("results_url"\s*:\s*")(https?://[^/"\\]+)((?:\\/|/)[^"]*")')
_PROVIDER = b"https://api.anthropic.com"
_HOST = re.compile(rb"[A-Za-z0-9.\-]+(:[0-9]{1,5})?|\[[0-9a-fA-F:.]+\](:[0-9]{1,5})?")


def is_listing(head: RequestHead) -> bool:
    """Whether the answer to a request describes batches (and is not the results of one)."""
    path = head.path
    if not path.startswith(PATH) or path.endswith(b"/results"):
        return False
    return path[len(PATH) : len(PATH) + 1] in {b"", b"/"}


def rewritten(body: bytes, *, upstream: bytes, prefix: bytes, ours: bytes) -> bytes:
    """
    A body in which every results address of the upstream's leads through the gateway.

    Args:
        body: JSON as it came; only the addresses change.
        upstream: Scheme and authority of the upstream.
        prefix: What stands before every path at the upstream.
        ours: Scheme and authority under which the client knows the gateway.

    >>> body = b'{"results_url": "https://api.anthropic.com/v1/messages/batches/b/results"}'
    >>> rewritten(body, upstream=b"http://up", prefix=b"", ours=b"http://127.0.0.1:4701")
    b'{"results_url": "http://127.0.0.1:4701/v1/messages/batches/b/results"}'
    """

    def led(found: re.Match[bytes]) -> bytes:
        name, origin, path = found.groups()
        if origin not in {upstream, _PROVIDER}:
            return found[0]
        if prefix and path.startswith(prefix + b"/"):
            path = path[len(prefix) :]
        return name + ours + path

    return _RESULTS_URL.sub(led, body)


class BatchRelay(Relay):
    """A request about batches: its answer is gathered, its addresses rewritten."""

    def __init__(self, client: ClientConnection, head: RequestHead, house: House) -> None:
        super().__init__(client, head, house)
        self._kept_head: ResponseHead | None = None
        self._gathered: list[bytes] = []
        self._bytes = 0
        self._passes = False
        # An answer that cannot be read cannot be rewritten.
        head.replace(b"accept-encoding", None)

    @override
    def upstream_answer(self, head: ResponseHead | None, body: bytes, *, done: bool) -> None:
        """Gather the answer; hand it on once it is whole."""
        if self._passes:
            self.relay(head, body, done=done)
            return
        if head is not None:
            if b"content-encoding" in head.fields or not head.has_body(self.method):
                self._passes = True
                self.relay(head, body, done=done)
                return
            self._kept_head = head
        if body:
            self._gathered.append(body)
            self._bytes += len(body)
        if done:
            self._hand_on()
        elif self._bytes > self.house.limits.rewritten_bytes:
            self._passes = True
            self.relay(self._kept_head, b"".join(self._gathered), done=False)
            self._gathered = []

    def _hand_on(self) -> None:
        head, address = self._kept_head, self.house.pool.address
        if head is None:
            return
        body = rewritten(
            b"".join(self._gathered),
            upstream=address.origin,
            prefix=address.prefix,
            ours=self._ours(),
        )
        kept = [(name, value) for name, value in head.headers if name.lower() != b"content-length"]
        kept.append((b"content-length", b"%d" % len(body)))
        self.relay(ResponseHead(head.status, head.reason, kept), body, done=True)

    def _ours(self) -> bytes:
        if self.house.public_url:
            return self.house.public_url.encode("ascii").rstrip(b"/")
        host = self.head.fields.get(b"host", b"")
        scheme = b"https://" if self.client.is_tls else b"http://"
        return scheme + (host if _HOST.fullmatch(host) else b"127.0.0.1")
