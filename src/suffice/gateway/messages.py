"""A request for an answer: held, routed, and sent again where that spares the client a failure."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from typing_extensions import override

from suffice.gateway.answers import error, too_much_held
from suffice.gateway.attempt import Attempt
from suffice.gateway.budgets import BudgetState, refused
from suffice.gateway.deciding import fallen_back
from suffice.gateway.heads import RequestHead, ResponseHead
from suffice.gateway.house import House
from suffice.gateway.relay import Relay
from suffice.gateway.upstream import Fault, UpstreamConnection
from suffice.policy.routing import Route
from suffice.policy.shadowing import Shadow
from suffice.policy.view import RequestView, view_request

if TYPE_CHECKING:
    from suffice.gateway.client import ClientConnection

_OK_ENDS, _SERVER_ERROR = 400, 500
_TOO_MANY = 429
# Refusals of the request itself, which the model asked for may not share.
_REFUSED = frozenset({400, 403, 404, 413, 422})
_LEARNT = frozenset({400, 413, 422})
# An upstream closes an idle connection just as we use it: that shows at once.
_STALE_S = 1.0
_DRAINED_BYTES = 256 * 1024
_DRAIN_S = 5.0
_REMEMBERED = 1_024


class MessageTurn(Relay):
    """A request for an answer. Its body is held, so that it can be read and sent again."""

    def __init__(self, client: ClientConnection, head: RequestHead, house: House) -> None:
        super().__init__(client, head, house)
        self._chunks: list[bytes] = []
        self._held = 0
        self._body = b""
        self._view: RequestView | None = None
        self._attempt: Attempt | None = None
        self._shadow: Shadow | None = None
        self._learns = ""
        self._version = ""
        self._received = 0.0

    # -- from the client ------------------------------------------------------------------

    @override
    def begin(self) -> None:
        """Nothing is sent before the body is whole."""

    @override
    def body(self, data: bytes) -> None:
        """Hold a piece of the body, as long as there is room: all of them began when there was."""
        if self.house.held_bytes + len(data) > self.house.limits.held_bytes:
            self._let_go()
            self.client.refuse(too_much_held())
            return
        self._chunks.append(data)
        self._held += len(data)
        self.house.held_bytes += len(data)

    @override
    def body_complete(self) -> None:
        """Decide, and send."""
        self._sent_all = True
        self._received = time.monotonic()
        chunks = self._chunks
        self._body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._chunks = []
        found = self._route()
        if self.key is not None and not self.key.allows(model=found.requested, type=found.type):
            self._let_go()
            self.client.refuse(
                error(403, "this gateway key is not for it.", reason="key scope", close=True)
            )
            return
        state = self.house.books.forbids(self.head, type=found.type)
        if state is not None:
            self._refuse_over_budget(state)
            return
        self._send(found, number=1)

    @override
    def client_gone(self) -> None:
        """Nobody waits any more; what was used until now is written down."""
        super().client_gone()
        if self._attempt is not None:
            self._attempt.fault = "client_disconnected"
            self._ends(self._attempt)
        self._let_go()

    def _refuse_over_budget(self, state: BudgetState) -> None:
        self._let_go()
        self.client.write(refused(state))
        self.client.answered(whole_request=True)

    # -- sending --------------------------------------------------------------------------

    def _route(self) -> Route:
        fields = self.head.fields
        if b"content-encoding" not in fields:
            self._view = view_request(self.head.text, self._body)
        if self._view is None:
            return Route(model="", requested="", reason="the request cannot be read")
        self._version = self.head.text.get("anthropic-version", "")
        return self.house.decider.decide(
            self._view, version=self._version, now=self.house.loop.time()
        )

    def _send(self, found: Route, *, number: int, fresh: bool = False) -> None:
        house = self.house
        found, body = house.decider.changed(found, self._body)
        attempt = self._attempt = Attempt(
            found,
            body,
            number=number,
            at=time.time(),
            began=time.monotonic(),
            keep=house.books.keeps_bodies,
        )
        self._connecting = house.pool.acquire(self, fresh=fresh)
        if self._connecting is None and number == 1:
            attempt.overhead_s = time.monotonic() - self._received

    @override
    def upstream_ready(self, connection: UpstreamConnection) -> None:
        """A connection stands: the whole request goes out."""
        self._connecting = None
        self._upstream = connection
        attempt = self._attempt
        if attempt is None:
            return
        address, body = self.house.pool.address, attempt.body
        head = self.head.sent_on(
            address.authority, address.prefix, b"Content-Length: %d\r\n" % len(body)
        )
        if attempt.route.arm == "candidate" and self._view is not None and self._view.stream:
            connection.deadline = connection.sent_at + self.house.limits.candidate_first_byte_s
        connection.send(head + body)

    # -- from the upstream ----------------------------------------------------------------

    @override
    def upstream_answer(self, head: ResponseHead | None, body: bytes, *, done: bool) -> None:
        """Hand the answer on, unless another attempt is better."""
        attempt = self._attempt
        if attempt is None:
            return
        if head is not None:
            attempt.head(head)
            again = self._after_status(attempt, head)
            if again is not None:
                self._pass_over(attempt, body, done=done)
                self._send(again, number=attempt.number + 1)
                return
            self._answers(attempt)
        self.relay(head, body, done=done)
        if head is not None:
            self._beside(self._draw_shadow, attempt)
        if body:
            attempt.read(body, time.monotonic())
        if done:
            attempt.complete = True
            self._beside(self._hand_to_shadow, attempt)
            self._ends(attempt)
            self._let_go()

    @override
    def upstream_lost(self, fault: Fault) -> None:
        """The connection ended: before the answer began another attempt may be made."""
        attempt = self._attempt
        if attempt is None:
            super().upstream_lost(fault)
            return
        attempt.fault = fault.value
        if not self._answering:
            again = self._after_fault(attempt, fault)
            if again is not None or (fault is Fault.CUT and self._was_stale(attempt)):
                attempt.answered = False
                self._ends(attempt)
                self._upstream = None
                # After a stale connection nothing else is to be blamed.
                self._send(again or attempt.route, number=attempt.number + 1, fresh=True)
                return
        self._ends(attempt)
        self._let_go()
        super().upstream_lost(fault)

    def _was_stale(self, attempt: Attempt) -> bool:
        """Whether the upstream had closed the connection before it saw the request."""
        upstream = self._upstream
        if upstream is None or upstream.used == 1 or upstream.heard:
            return False
        return time.monotonic() - attempt.began < _STALE_S

    def _after_status(self, attempt: Attempt, head: ResponseHead) -> Route | None:
        """Where to send the request instead of handing on this answer; None: hand it on."""
        found, status, breaker = attempt.route, head.status, self.house.decider.breaker
        failed = status == _TOO_MANY or status >= _SERVER_ERROR
        if found.arm == "candidate":
            now = self.house.loop.time()
            if failed:
                breaker.failed(found.model, now=now, rest_s=_retry_after(head))
                return fallen_back(found, f"{found.model} answered {status}")
            if status in _REFUSED:
                if status in _LEARNT:
                    self._learns = found.shape
                else:
                    breaker.failed(found.model, now=now, rest_s=None)
                return fallen_back(found, f"{found.model} refused it with {status}")
            breaker.answered(found.model)
        elif failed and attempt.number == 1 and self._view is not None:
            return self.house.decider.stand_in(found, self._view, version=self._version)
        return None

    def _after_fault(self, attempt: Attempt, fault: Fault) -> Route | None:
        found = attempt.route
        if found.arm != "candidate":
            return None
        self.house.decider.breaker.failed(found.model, now=self.house.loop.time())
        return fallen_back(found, f"{found.model} did not answer: {fault.value}")

    def _answers(self, attempt: Attempt) -> None:
        """The attempt's answer is the one the client gets."""
        found = attempt.route
        if attempt.status < _OK_ENDS:
            if self._learns:
                # The model asked for takes what the candidate refused: the refusal was ours.
                self.house.decider.learnt.add(self._learns)
            if found.conversation is not None:
                served_as = found.served_as or found.model
                self.house.decider.placements.remember(found.conversation, served_as)
        self.extra = _told(found.type, found.model, found.reason, found.policy_version)

    def _beside(self, work: Callable[[Attempt], None], attempt: Attempt) -> None:
        """Do what is no part of the answer; whatever is wrong with it, the answer is accounted."""
        try:
            work(attempt)
        except Exception as fault:  # noqa: BLE001 - the client is served, and what it used is billed
            self.house.on_fault(fault)

    def _draw_shadow(self, attempt: Attempt) -> None:
        """Whether another model answers this too; asked once the client's answer is on its way."""
        house, view = self.house, self._view
        if view is None or attempt.status >= _OK_ENDS:
            return
        caller = house.books.key_of(self.head)
        house.callers.served(caller)
        if house.prompts is not None:
            house.prompts.note(attempt.route, view, caller=caller)
        if house.shadows is None:
            return
        self._shadow = house.decider.shadow_of(view, attempt.route, version=self._version)
        if self._shadow is not None and attempt.kept is None:
            attempt.kept = []

    def _hand_to_shadow(self, attempt: Attempt) -> None:
        shadow, shadows = self._shadow, self.house.shadows
        if shadow is None or shadows is None or attempt.kept is None:
            return
        answer = b"".join(attempt.kept)
        if not self.house.books.keeps_bodies:
            attempt.kept = None
        shadows.take(shadow, head=self.head, request=self._body, served=attempt, answer=answer)

    def _pass_over(self, attempt: Attempt, body: bytes, *, done: bool) -> None:
        """Read a refused answer to its end, beside the next attempt."""
        attempt.answered = False
        upstream, self._upstream = self._upstream, None
        rest = _Rest(self, attempt, upstream)
        rest.upstream_answer(None, body, done=done)
        if not done and upstream is not None:
            upstream.listener = rest
            upstream.deadline = self.house.loop.time() + _DRAIN_S

    def _ends(self, attempt: Attempt) -> None:
        """Write an attempt down, once what is under way has been sent."""
        attempt.ended = time.monotonic()
        self._attempt = None
        self.house.books.enter(attempt, self.head, self.house.loop)

    def _let_go(self) -> None:
        self.house.held_bytes -= self._held
        self._held = 0
        self._body = b""
        self._chunks = []


class _Rest:
    """What is left of an answer the client does not get."""

    def __init__(
        self, turn: MessageTurn, attempt: Attempt, upstream: UpstreamConnection | None
    ) -> None:
        self.method = turn.method
        self._turn, self._attempt, self._upstream = turn, attempt, upstream

    def upstream_ready(self, connection: UpstreamConnection) -> None:
        """Nothing more is sent."""

    def upstream_answer(self, head: ResponseHead | None, body: bytes, *, done: bool) -> None:
        """Read on."""
        del head
        attempt = self._attempt
        if body:
            attempt.read(body, time.monotonic())
        if done:
            attempt.complete = True
            self._end()
        elif attempt.response_bytes > _DRAINED_BYTES and self._upstream is not None:
            self._upstream.drop()
            self._end()

    def upstream_lost(self, fault: Fault) -> None:
        """It was cut."""
        self._attempt.fault = fault.value
        self._end()

    def upstream_blocked(self) -> None:
        """Nothing is sent."""

    def upstream_free(self) -> None:
        """Nothing is sent."""

    def _end(self) -> None:
        house = self._turn.house
        self._attempt.ended = time.monotonic()
        house.books.enter(self._attempt, self._turn.head, house.loop)


@functools.lru_cache(maxsize=_REMEMBERED)
def _told(kind: str, model: str, reason: str, version: int | None) -> bytes:
    """The headers that tell a client which model served it, and why."""
    if not model:
        return b"x-suffice-reason: %b\r\n" % _plain(reason)
    return b"%bx-suffice-model: %b\r\nx-suffice-reason: %b\r\n%b" % (
        b"x-suffice-type: %b\r\n" % _plain(kind) if kind else b"",
        _plain(model),
        _plain(reason),
        b"" if version is None else b"x-suffice-policy: %d\r\n" % version,
    )


def _plain(text: str) -> bytes:
    """Text as it may stand in a header: whoever named a model or type cannot add lines."""
    if text.isascii() and text.isprintable():
        return text.encode()
    return bytes(byte if 0x20 <= byte < 0x7F else 0x3F for byte in text.encode("ascii", "replace"))  # noqa: PLR2004 - printable ASCII


def _retry_after(head: ResponseHead) -> float | None:
    told = head.fields.get(b"retry-after", b"")
    return float(told) if told.isdigit() else None
