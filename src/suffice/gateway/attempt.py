"""One attempt at one request: what was sent, and what came back."""

from __future__ import annotations

from suffice.gateway.accounting import ExchangeReader
from suffice.gateway.heads import ResponseHead
from suffice.policy.routing import Route

_MOST_KEPT = 16 * 1024 * 1024


class Attempt:
    """
    An attempt under way.

    Attributes:
        route: Where it went, and why.
        body: What was sent.
        number: 1 for the first.
        at: Wall clock, in seconds since 1970.
        began: Monotonic seconds.
        status: The upstream's; 0 before it answered.
        request_id: The upstream's name for it.
        first_byte: Monotonic seconds of the first byte of its body; 0 before.
        ended: Monotonic seconds.
        response_bytes: Of its body.
        streamed: Whether the answer is a stream of events.
        encoding: The answer's content encoding; empty for none.
        fault: What befell the connection; empty for nothing.
        complete: Whether the answer came to its end.
        answered: Whether the client got this answer.
        overhead_s: What the gateway added before it was sent; None where it waited for others.
        kept: The answer's body, where bodies are captured.
    """

    __slots__ = (
        "answered", "at", "began", "body", "complete", "encoding", "ended", "fault", "first_byte",
        "kept", "number", "overhead_s", "reader", "request_id", "response_bytes", "route",
        "status", "streamed",
    )  # fmt: skip

    def __init__(
        self, route: Route, body: bytes, *, number: int, at: float, began: float, keep: bool
    ) -> None:
        self.route, self.body, self.number = route, body, number
        self.at, self.began, self.ended = at, began, 0.0
        self.status, self.request_id, self.fault = 0, "", ""
        self.first_byte, self.response_bytes = 0.0, 0
        self.streamed = self.complete = False
        self.encoding = ""
        self.answered = True
        self.overhead_s: float | None = None
        self.reader: ExchangeReader | None = None
        self.kept: list[bytes] | None = [] if keep else None

    def head(self, head: ResponseHead) -> None:
        """The answer's head."""
        fields = head.fields
        self.status = head.status
        self.request_id = fields.get(b"request-id", b"").decode("latin-1")
        self.streamed = fields.get(b"content-type", b"").startswith(b"text/event-stream")
        self.encoding = fields.get(b"content-encoding", b"").decode("latin-1")
        self.reader = ExchangeReader(self.streamed, self.encoding or None)

    def read(self, body: bytes, now: float) -> None:
        """A piece of the answer's body, after it went on."""
        if not self.first_byte:
            self.first_byte = now
        self.response_bytes += len(body)
        if self.reader is not None:
            self.reader.feed(body)
        if self.kept is not None:
            if self.response_bytes <= _MOST_KEPT:
                self.kept.append(body)
            else:
                self.kept = None
