"""What one client, one request and one connection may take, with the reasons for the figures."""

from __future__ import annotations

import msgspec

MB = 1024 * 1024


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """
    Bounds in bytes, counts and seconds. The body bounds are the provider's own.

    Attributes:
        head_bytes: Request line and headers together.
        headers: How many headers.
        messages_bytes: A request for an answer, or for a count.
        batches_bytes: A batch; streamed, never held.
        other_bytes: Files and whatever else; streamed, never held.
        held_bytes: Bodies held at once for routing; beyond, requests pass unrouted.
        rewritten_bytes: A batch listing whose addresses are rewritten; beyond, it passes as it is.
        connections: Clients of one worker.
        head_s: From the first byte of a head to its last.
        kept_s: A kept-alive client may be silent this long.
        body_s: Silence while a body is still to come.
        body_bytes_per_s: What a body must average once ``body_s`` have passed.
        unread_s: A client that does not read holds its answer this long.
        connect_s: To reach the upstream.
        first_byte_s: Until an answer begins; the clients' own patience is 600 s.
        candidate_first_byte_s: The same for a stream of a candidate, which has a baseline to fall
            back on.
        silent_s: Between two pieces of an answer; the provider pings long before.
        idle_s: An unused upstream connection is kept this long.
        linger_s: After an early refusal the rest of a body is read and dropped this long, so that
            the refusal is not lost to a reset.
        shadow_batch_calls: So many shadow calls of types that can wait make a batch.
        shadow_batch_s: Or the oldest of them has waited this long.
        shadow_poll_s: Between looks at a batch under way, at first; slower from look to look.
    """

    head_bytes: int = 64 * 1024
    headers: int = 200
    messages_bytes: int = 32 * MB
    batches_bytes: int = 256 * MB
    other_bytes: int = 500 * MB
    held_bytes: int = 512 * MB
    rewritten_bytes: int = 32 * MB
    connections: int = 4096
    head_s: float = 10.0
    kept_s: float = 120.0
    body_s: float = 30.0
    body_bytes_per_s: int = 1024
    unread_s: float = 120.0
    connect_s: float = 10.0
    first_byte_s: float = 610.0
    candidate_first_byte_s: float = 60.0
    silent_s: float = 310.0
    idle_s: float = 55.0
    linger_s: float = 2.0
    shadow_batch_calls: int = 50
    shadow_batch_s: float = 900.0
    shadow_poll_s: float = 60.0

    def body_bytes(self, path: bytes) -> int:
        """
        The largest body for a path.

        >>> Limits().body_bytes(b"/v1/messages") == 32 * MB
        True
        """
        if path.startswith(b"/v1/messages"):
            batches = path.startswith(b"/v1/messages/batches")
            return self.batches_bytes if batches else self.messages_bytes
        return self.other_bytes
