"""The gateway's own pages: whether it lives, whether it is ready, and what it counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from typing_extensions import override

from suffice.gateway.answers import reply
from suffice.gateway.heads import RequestHead
from suffice.gateway.house import House
from suffice.gateway.relay import Relay

if TYPE_CHECKING:
    from suffice.gateway.client import ClientConnection

# What clients look at before they trust a base URL.
PROBES = frozenset({b"/", b"/api/hello"})
PAGES = frozenset({b"/healthz", b"/readyz", b"/metrics"}) | PROBES
OPEN_PAGES = PAGES - {b"/metrics"}


class OwnPage(Relay):
    """A request for the gateway itself; the upstream hears nothing of it."""

    def __init__(self, client: ClientConnection, head: RequestHead, house: House) -> None:
        super().__init__(client, head, house)
        self._page = head.path

    @override
    def begin(self) -> None:
        """Nothing is asked of anybody."""

    @override
    def body(self, data: bytes) -> None:
        """A body means nothing here."""

    @override
    def body_complete(self) -> None:
        """Answer."""
        status, body, kind = _said(self._page, self.house)
        self.client.write(
            reply(
                status,
                body,
                kind=kind,
                close=self.client.closing,
                head_only=self.method == b"HEAD",
            )
        )
        self.client.answered(whole_request=True)


def _said(path: bytes, house: House) -> tuple[int, bytes, bytes]:
    if path == b"/metrics":
        return 200, house.render_metrics(), b"text/plain; version=0.0.4; charset=utf-8"
    if path == b"/readyz" and house.draining:
        return 503, b'{"status":"draining"}', b"application/json"
    if path == b"/readyz" and house.decider.trouble:
        said = {"status": "ok", "routing": house.decider.trouble}
        return 200, msgspec.json.encode(said), b"application/json"
    if path in PROBES:
        return 200, b'{"service":"suffice gateway"}', b"application/json"
    return 200, b'{"status":"ok"}', b"application/json"
