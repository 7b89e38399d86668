"""Which kind of turn a request takes, and whether it may take one at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suffice.gateway import batches
from suffice.gateway.accounting.decoding import READABLE_ENCODINGS
from suffice.gateway.addresses import is_own_name
from suffice.gateway.answers import error, too_much_held
from suffice.gateway.budgets import refused
from suffice.gateway.feedback import OWN, FeedbackTurn
from suffice.gateway.heads import RequestHead
from suffice.gateway.house import House
from suffice.gateway.keys import GatewayKey, misplaced, told_key
from suffice.gateway.messages import MessageTurn
from suffice.gateway.pages import OPEN_PAGES, PAGES, OwnPage
from suffice.gateway.relay import Relay
from suffice.policy.view import TYPE_HEADER

if TYPE_CHECKING:
    from suffice.gateway.client import ClientConnection

MESSAGES = b"/v1/messages"
COUNT_TOKENS = b"/v1/messages/count_tokens"
_READABLE = READABLE_ENCODINGS | {"identity"}
_OURS = (OwnPage, FeedbackTurn)
_READING = frozenset({b"GET", b"HEAD", b"OPTIONS", b"DELETE"})


def turn_for(client: ClientConnection, head: RequestHead, house: House) -> Relay | None:
    """The turn a request takes; None where it was refused and the client told."""
    key = None
    if house.keys is not None and head.path not in OPEN_PAGES:
        key = _admitted(head, house)
        if key is None:
            message = "a gateway key is needed: in x-suffice-key, or as the API key."
            client.refuse(error(401, message, reason="gateway key", close=True))
            return None
    turn = _turn(client, head, house)
    turn.key = key
    refusal = _refusal(turn, house)
    if refusal is not None:
        client.refuse(refusal)
        return None
    if house.books.hard and not _is_counted(client, turn, house):
        return None
    if head.path == MESSAGES and head.method == b"POST" and not isinstance(turn, MessageTurn):
        return _unread(client, turn, house)
    return turn


def _refusal(turn: Relay, house: House) -> bytes | None:
    """Why this turn is not taken, as its answer; None where it is."""
    head = turn.head
    if head.method == b"CONNECT":
        return error(405, "this is no forward proxy.", reason="method", close=True)
    if isinstance(turn, _OURS) and not _is_meant(head, house):
        message = "ask for this by the gateway's address, or start it with --public-url."
        return error(421, message, reason="host", close=True)
    if _is_bound(turn, house) and not _within_scope(turn, head):
        message = "this gateway key is for single requests: of its models, types or budget."
        return error(403, message, reason="key scope", close=True)
    return None


def _is_meant(head: RequestHead, house: House) -> bool:
    """Whether a page of ours was asked for by a name of ours, where it tells of anybody."""
    if house.names is None or head.path in OPEN_PAGES:
        return True
    return is_own_name(head.text.get("host", ""), house.names)


def _is_bound(turn: Relay, house: House) -> bool:
    """Whether what is asked with this key has to be read: it is for some models, or so much."""
    key = turn.key
    return key is not None and (key.scoped or key.id in house.books.hard)


def _is_counted(client: ClientConnection, turn: Relay, house: House) -> bool:
    """
    Whether a request may go on where there are hard budgets.

    An answer that nobody can read would cost a budget nothing, so none is asked for. What is not
    read at all, batches for one, is not counted; it ends when the budget is reached all the same.
    """
    head = turn.head
    if isinstance(turn, MessageTurn):
        if house.books.must_count(head):
            head.accept_only(_READABLE)
        return True
    if isinstance(turn, FeedbackTurn) or head.path == COUNT_TOKENS or head.method in _READING:
        return True
    state = house.books.forbids(head, type=_type_named(head))
    if state is not None:
        client.refuse(refused(state, close=True))
    return state is None


def _type_named(head: RequestHead) -> str:
    return head.fields.get(TYPE_HEADER.encode(), b"").decode("latin-1")


def _within_scope(turn: Relay, head: RequestHead) -> bool:
    """Whether a key for some models may ask this: what is charged is read, or it is not sent."""
    if isinstance(turn, MessageTurn | FeedbackTurn) or head.path in {MESSAGES, COUNT_TOKENS}:
        return True
    return head.method in {b"GET", b"HEAD"}


def _unread(client: ClientConnection, turn: Relay, house: House) -> Relay | None:
    """A message that passes unread, unless a key or a budget cannot be held without reading it."""
    if not (_is_bound(turn, house) or house.books.must_count(turn.head)):
        house.books.unread("held")
        return turn
    client.refuse(too_much_held())
    return None


def _turn(client: ClientConnection, head: RequestHead, house: House) -> Relay:
    path, method = head.path, head.method
    if path == MESSAGES and method == b"POST":
        if house.held_bytes + (head.content_length or 0) <= house.limits.held_bytes:
            return MessageTurn(client, head, house)
        unrouted = Relay(client, head, house)
        unrouted.extra = b"x-suffice-reason: too much is held for routing\r\n"
        return unrouted
    if path.startswith(OWN):
        return FeedbackTurn(client, head, house)
    if path in PAGES and method in {b"GET", b"HEAD"}:
        return OwnPage(client, head, house)
    if batches.is_listing(head):
        return batches.BatchRelay(client, head, house)
    return Relay(client, head, house)


def _admitted(head: RequestHead, house: House) -> GatewayKey | None:
    """The gateway key of a request; one in the credential's place gives way to the provider's."""
    if house.keys is None:
        return None
    told, place = told_key(head.fields)
    key = house.keys.find(told, at=house.now())
    if key is not None:
        # Teams that share the provider's credential are told apart by what we gave them.
        head.key = key.id
    if key is None:
        return None
    if place is None:
        for header in misplaced(head.fields):
            head.replace(header, None)
        return key
    credential = house.keys.upstream_credential
    if credential is None:
        # Nothing to put in its place, and our key is nobody's business upstream.
        return None
    head.replace(b"authorization", None)
    head.replace(b"x-api-key", credential.encode("latin-1"))
    return key
