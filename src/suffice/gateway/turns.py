"""Which kind of turn a request takes, and whether it may take one at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suffice.gateway import batches
from suffice.gateway.answers import error
from suffice.gateway.heads import RequestHead
from suffice.gateway.house import House
from suffice.gateway.messages import MessageTurn
from suffice.gateway.pages import PAGES, OwnPage
from suffice.gateway.relay import Relay

if TYPE_CHECKING:
    from suffice.gateway.client import ClientConnection

MESSAGES = b"/v1/messages"


def turn_for(client: ClientConnection, head: RequestHead, house: House) -> Relay | None:
    """The turn a request takes; None where it was refused and the client told."""
    path, method = head.path, head.method
    if path in PAGES and method in {b"GET", b"HEAD"}:
        return OwnPage(client, head, house)
    if method == b"CONNECT":
        client.refuse(error(405, "this is no forward proxy.", reason="method", close=True))
        return None
    if path == MESSAGES and method == b"POST":
        if house.held_bytes + (head.content_length or 0) <= house.limits.held_bytes:
            return MessageTurn(client, head, house)
        unrouted = Relay(client, head, house)
        unrouted.extra = b"x-suffice-reason: too much is held for routing\r\n"
        return unrouted
    if batches.is_listing(head):
        return batches.BatchRelay(client, head, house)
    return Relay(client, head, house)
