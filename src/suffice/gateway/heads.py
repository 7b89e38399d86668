"""Message heads: what a client or the upstream said, and the head that is sent on instead."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping

from typing_extensions import override

# RFC 9110 7.6.1: these speak of one connection and end there.
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    }
)
# Set anew for the upstream, or answered here.
_NOT_SENT_ON = _HOP_BY_HOP | {b"host", b"content-length", b"expect"}
# Alt-Svc speaks of the upstream's origin; a client would leave the gateway by it.
_NOT_RELAYED = _HOP_BY_HOP | {b"alt-svc"}
_OURS = b"x-suffice-"
_NO_BODY = frozenset({204, 304})
_ACCEPTS = b"accept-encoding"
_LENGTH = re.compile(rb"(?i)\r\ncontent-length:[ \t]*([0-9]+)(?=\r\n)")
# Nine digits of a length, and the return behind them.
_LONGEST_LENGTH = 10


class BadHead(Exception):
    """
    A head that is refused.

    Attributes:
        status: The HTTP status of the refusal.
    """

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class RequestHead:
    """
    A request line and headers as they arrived.

    Attributes:
        method: As sent.
        target: Path and query, byte for byte.
        path: The target without its query.
        fields: Lower-case name -> value; repeated headers are joined by a comma.
        lines: The headers that are sent on, each a whole line, in their order.
        content_length: None where there is none.
        chunked: Whether the body comes in chunks.
        old: Whether the client speaks HTTP/1.0.
        text: ``fields`` as text.
        key: Name of its gateway key; else its credential's fingerprint, once somebody asked for it.
    """

    __slots__ = (
        "_start", "chunked", "content_length", "fields", "key", "lines", "method", "old", "path",
        "target", "text",
    )  # fmt: skip

    def __init__(
        self, method: bytes, target: bytes, *, old: bool, headers: list[tuple[bytes, bytes]]
    ) -> None:
        self.method, self.target, self.old = method, target, old
        self.path = target.partition(b"?")[0]
        self.fields: dict[bytes, bytes] = {}
        self.lines: list[bytes] = []
        fields, lines = self.fields, self.lines
        for name, value in headers:
            low = name.lower()
            fields[low] = fields[low] + b", " + value if low in fields else value
            if low not in _NOT_SENT_ON and not low.startswith(_OURS):
                lines.append(b"%b: %b\r\n" % (name, value))
        self._check()
        length = fields.get(b"content-length")
        self.content_length = None if length is None else int(length)
        self.chunked = b"transfer-encoding" in fields
        self.text: Mapping[str, str] = FieldsAsText(fields)
        self.key: str | None = None
        self._start: tuple[bytes, bytes, bytes] | None = None
        self._drop_named_by_connection()

    @property
    def has_body(self) -> bool:
        """Whether a body follows."""
        return self.chunked or bool(self.content_length)

    def sent_on(self, authority: bytes, prefix: bytes, framing: bytes) -> bytes:
        """
        The head for the upstream.

        Args:
            authority: Its host, and port where it is not the usual one.
            prefix: What stands before the path in its address.
            framing: The line that says how the body is framed; empty for no body.
        """
        start = self._start
        if start is None or start[0] is not authority or start[1] is not prefix:
            line = b"%b %b%b HTTP/1.1\r\nHost: %b\r\n" % (
                self.method, prefix, self.target, authority,
            )  # fmt: skip
            start = self._start = (authority, prefix, line + b"".join(self.lines))
        return b"%b%b\r\n" % (start[2], framing)

    def replace(self, name: bytes, value: bytes | None) -> None:
        """Say another value for a header, or leave it out; the spelling is ours."""
        self._start = None
        marker = name + b":"
        self.lines = [line for line in self.lines if not line.lower().startswith(marker)]
        if value is not None:
            self.lines.append(b"%b: %b\r\n" % (name, value))

    def accept_only(self, codings: Container[str]) -> None:
        """Ask for no coding of the answer but these, out of those the client takes."""
        told = self.fields.get(_ACCEPTS)
        if told is None:
            return
        named = [each.strip() for each in told.split(b",")]
        kept = [each for each in named if _coding(each) in codings]
        if len(kept) < len(named):
            value = self.fields[_ACCEPTS] = b", ".join(kept) or b"identity"
            self.replace(_ACCEPTS, value)

    def _check(self) -> None:
        fields = self.fields
        if not self.target.startswith(b"/"):
            raise BadHead(400, "The request target must be a path.")
        if b"," in fields.get(b"host", b"," if not self.old else b""):
            raise BadHead(400, "A request needs one Host header.")
        coding = fields.get(b"transfer-encoding")
        if coding is not None and (self.old or coding.lower() != b"chunked"):
            raise BadHead(501, "Only the chunked transfer coding is understood.")

    def _drop_named_by_connection(self) -> None:
        said = self.fields.get(b"connection")
        if said is None or said.lower() in {b"keep-alive", b"close"}:
            return
        for name in said.lower().split(b","):
            # A client cannot make us drop what the upstream needs to judge the request by.
            if name.strip() not in {b"authorization", b"x-api-key", b"anthropic-version", b""}:
                self.replace(name.strip(), None)


def _coding(named: bytes) -> str:
    return named.partition(b";")[0].strip().lower().decode("latin-1")


class KnownHead:
    """
    A head that was read strictly, and that a client sends again with nothing but another length.

    Nearly every client does, request after request of one connection. Since whatever else was
    judged already is the same byte for byte, only the length has to be read.

    Args:
        raw: The head as it arrived, its empty line included.
        head: What was read in it; reused.
    """

    __slots__ = ("_after", "_before", "_seen", "head")

    def __init__(self, raw: bytes, head: RequestHead) -> None:
        found = _LENGTH.search(raw)
        begins, ends = found.span(1) if found is not None else (len(raw), len(raw))
        self._before, self._after = raw[:begins], raw[ends:]
        self._seen = False
        self.head = head

    def again(self, data: bytes) -> int:
        """Where the body begins, if these bytes begin with the same head; else 0."""
        before, after = self._before, self._after
        if not after or not data.startswith(before):
            return 0
        begins = len(before)
        ends = data.find(b"\r", begins, begins + _LONGEST_LENGTH)
        length = data[begins:ends]
        if ends < 0 or not length.isdigit() or not data.startswith(after, ends):
            return 0
        head = self.head
        head.content_length = int(length)
        if not self._seen:
            # Worth it now: every later look is one into a plain dict.
            self._seen = True
            head.text = dict(head.text)
        return ends + len(after)


class FieldsAsText(Mapping[str, str]):
    """Lower-case headers as text, decoded only when asked for."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[bytes, bytes]) -> None:
        self._fields = fields

    @override
    def __getitem__(self, name: str) -> str:
        return self._fields[name.encode("latin-1")].decode("latin-1")

    @override
    def get(self, name: str, default: str | None = None, /) -> str | None:  # type: ignore[override]
        # The inherited one raises and catches for what is missing, ten times as slow.
        value = self._fields.get(name.encode("latin-1"))
        return default if value is None else value.decode("latin-1")

    @override
    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._fields)

    @override
    def __len__(self) -> int:
        return len(self._fields)


class ResponseHead:
    """
    The upstream's status line and headers.

    Attributes:
        status: The HTTP status.
        reason: Its words.
        headers: As they arrived.
        fields: Lower-case name -> last value.
    """

    __slots__ = ("fields", "headers", "reason", "status")

    def __init__(self, status: int, reason: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        self.status, self.reason, self.headers = status, reason, headers
        self.fields = {name.lower(): value for name, value in headers}

    def has_body(self, method: bytes) -> bool:
        """Whether a body follows, to a request of this method."""
        return method != b"HEAD" and self.status not in _NO_BODY

    def relayed(self, extra: bytes, *, keep_length: bool = True) -> bytes:
        """
        The head for the client, without the empty line that ends it.

        What begins with ``x-suffice-`` is this gateway's word: an upstream's is left out.

        Args:
            extra: Whole lines of our own.
            keep_length: Whether the body goes on as it came.
        """
        lines = [b"HTTP/1.1 %d %b\r\n" % (self.status, self.reason)]
        dropped = _NOT_RELAYED
        named = self.fields.get(b"connection")
        if named is not None and named.lower() not in {b"keep-alive", b"close"}:
            # Not the length: a body that nothing frames would take in the next answer.
            unframed = {name.strip() for name in named.lower().split(b",")} - {b"content-length"}
            dropped = dropped | unframed
        if not keep_length:
            dropped = dropped | {b"content-length"}
        for name, value in self.headers:
            low = name.lower()
            if low not in dropped and not low.startswith(_OURS):
                lines += (name, b": ", value, b"\r\n")
        lines.append(extra)
        return b"".join(lines)
