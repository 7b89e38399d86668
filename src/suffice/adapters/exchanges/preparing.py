"""What is done to the texts of a log: masked, encoded, named by their digests, packed."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
import zstandard

from suffice.adapters.exchanges.columns import StoredExchange, row_of
from suffice.records import LoggedExchange
from suffice.traffic.redaction import Masking, Redactor

_DIGEST_BYTES = 16
# Below this a frame's own head outweighs what packing saves.
_WORTH_PACKING = 96
_REMEMBERED_BYTES = 32 * 2**20
_REMEMBERED_PARTS = 50_000
_LARGEST_COUNT = 2**53
_ENCODE = msgspec.json.Encoder(order="sorted").encode
_SEND = msgspec.json.Encoder().encode
_TAKE = msgspec.json.Decoder(LoggedExchange).decode
_GIVE = msgspec.msgpack.Encoder().encode
_UNSENDABLE = b"!"
_Mask = Callable[[dict[str, Any]], dict[str, Any]]
_PLACEHOLDER = re.compile(rb"<(email|phone|card|iban|key|custom):[a-p]{10}>")
# Names made by a provider's service: long, and begun as theirs are. A test's "msg_1" is none.
_GIVEN_BY_PROVIDER = re.compile(r"(?:msg|req|chatcmpl|resp|gen)[-_][A-Za-z0-9_\-]{12,100}")
_NAMES = ("session", "user", "agent_id", "parent_agent_id", "app", "labels", "error", "id")
_COUNTS = (
    "input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
    "output_tokens", "thinking_tokens", "web_searches",
)  # fmt: skip


class Body(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """
    A text as it is kept.

    Attributes:
        digest: Of what it holds.
        packed: As it lies on the disk.
        masked: The kinds of the placeholders in it, one for each.
    """

    digest: bytes
    packed: bytes
    masked: list[bytes]


class Prepared(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """
    An exchange ready to be kept: only keys are missing, which the store alone can give.

    Attributes:
        mark: What it is recognised by when it comes again.
        row: Its metadata, all keys 0.
        system: Digest of the system prompt; empty where there is none, as below.
        tools: Of the tools.
        settings: Of the rest of the request.
        response: Of the answer.
        messages: Of the messages, in order.
        bodies: What of these no exchange before it in its batch had.
        named: Placeholders in its names, such as a masked user.
        called: Marks of what the provider named it: another tool's log says the same.
    """

    mark: bytes
    row: StoredExchange
    system: bytes
    tools: bytes
    settings: bytes
    response: bytes
    messages: list[bytes]
    bodies: list[Body]
    named: list[bytes]
    called: list[bytes] = []


class Unfit(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """Something in a log that cannot be kept, and why."""

    reason: str


_RECEIVE = msgspec.msgpack.Decoder(Prepared | Unfit).decode


class Preparing(msgspec.Struct, frozen=True, kw_only=True):
    """
    The work on the texts of a log, as `workers.Work`: exchanges in, prepared ones out.

    Attributes:
        masking: What is masked; None: nothing is looked for at all.
        secret: What placeholders are keyed with.
    """

    masking: Masking | None = None
    secret: bytes = b""

    def start(self) -> Callable[[Sequence[LoggedExchange]], list[Prepared | Unfit]]:
        """See `Work.start`."""
        if self.masking is None:
            return Preparer().batch
        return Preparer(Redactor(self.masking, secret=self.secret)).batch

    def send(self, item: LoggedExchange) -> bytes:
        """See `Work.send`; what has no form travels as the reason why."""
        try:
            return _SEND(item)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            return _UNSENDABLE + str(error).encode(errors="replace")

    def take(self, sent: bytes) -> LoggedExchange:
        """See `Work.take`."""
        if sent[:1] == _UNSENDABLE:
            return LoggedExchange(source="", error=sent[1:].decode())
        return _TAKE(sent)

    def give(self, result: Prepared | Unfit) -> bytes:
        """See `Work.give`."""
        return _GIVE(result)

    def receive(self, given: bytes) -> Prepared | Unfit:
        """See `Work.receive`."""
        received: Prepared | Unfit = _RECEIVE(given)
        return received


class Preparer:
    """
    Prepares exchanges, remembering what it packed last: agents send the same again and again.

    Args:
        redactor: Masks everything first; None masks nothing.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor
        self._pack = zstandard.ZstdCompressor(level=1, write_content_size=True).compress
        self._packed: OrderedDict[bytes, Body] = OrderedDict()
        self._held = 0
        self._seen: dict[bytes, tuple[bytes, int]] = {}

    def batch(self, exchanges: Sequence[LoggedExchange]) -> list[Prepared | Unfit]:
        """One result for each exchange; a body stands with the first that has it."""
        given: set[bytes] = set()
        return [self._one(exchange, given) for exchange in exchanges]

    def _one(self, exchange: LoggedExchange, given: set[bytes]) -> Prepared | Unfit:
        if not exchange.source:
            return Unfit(exchange.error or "it has no form")
        if too_large := _beyond_measure(exchange):
            return Unfit(f"{too_large} is beyond all measure")
        mine: dict[bytes, Body] = {}
        try:
            return self._prepared(exchange, given, mine)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            given -= mine.keys()
            return Unfit(str(error)[:200])

    def _prepared(
        self, exchange: LoggedExchange, given: set[bytes], mine: dict[bytes, Body]
    ) -> Prepared:
        request = exchange.request
        messages = request.get("messages")
        listed = messages if isinstance(messages, list) else []
        named = {"system", "tools"} | ({"messages"} if listed is messages else set())
        settings = {name: value for name, value in request.items() if name not in named}
        answer = None
        if exchange.answered:
            answer = {"text": exchange.response_text, "blocks": exchange.response_blocks}
        size = 0

        def digest_of(value: Any, *, depth: int, mask: _Mask | None = None) -> bytes:
            nonlocal size
            if value is None or (isinstance(value, dict | list) and not value):
                return b""
            digest, length, plain = self._masked(value, depth, mask)
            size += length
            if digest not in given:
                mine[digest] = self._packed.get(digest) or self._body(
                    digest, plain or _ENCODE(self._without(value, depth, mask))
                )
                given.add(digest)
            return digest

        system, tools = (digest_of(request.get(name), depth=1) for name in ("system", "tools"))
        rest = digest_of(settings, depth=0)
        response = digest_of(answer, depth=0, mask=self._masked_answer)
        messages_parts = [digest_of(message, depth=2) for message in listed]
        beside = self._redactor.beside(exchange) if self._redactor else exchange
        row = row_of(beside, size_bytes=size)
        return Prepared(
            mark=mark_of(beside),
            row=row,
            system=system,
            tools=tools,
            settings=rest,
            response=response,
            messages=messages_parts,
            bodies=list(mine.values()),
            named=_placeholders(row),
            called=provider_marks(exchange),
        )

    def _masked(
        self, value: Any, depth: int, mask: _Mask | None
    ) -> tuple[bytes, int, bytes | None]:
        """
        Digest and length of a part as it is kept, and the part itself unless it came before.

        A part that came before is known by its own digest: agents send the same again and again.
        """
        raw = _ENCODE(value)
        seen = blake2b(raw, digest_size=_DIGEST_BYTES).digest()
        known = self._seen.get(seen)
        if known is not None:
            return *known, None
        masked = self._without(value, depth, mask)
        # Most hold nothing that is masked: they need no second encoding.
        plain = raw if masked == value else _ENCODE(masked)
        digest = seen if plain is raw else blake2b(plain, digest_size=_DIGEST_BYTES).digest()
        if len(self._seen) >= _REMEMBERED_PARTS:
            self._seen.clear()
        self._seen[seen] = digest, len(plain)
        return digest, len(plain), plain

    def _without(self, value: Any, depth: int, mask: _Mask | None) -> Any:
        """A part as it is kept; the depth is where it stands in what it is a part of."""
        if self._redactor is None:
            return value
        return mask(value) if mask else self._redactor.value(value, depth=depth)

    def _masked_answer(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The names of its two members are ours, whatever a pattern finds in them."""
        assert self._redactor is not None  # noqa: S101 - only then is anything masked
        text, blocks = answer["text"], answer["blocks"]
        return {"text": self._redactor.text(text), "blocks": tuple(self._redactor.value(blocks))}

    def _body(self, digest: bytes, plain: bytes) -> Body:
        packed = self._pack(plain) if len(plain) >= _WORTH_PACKING else plain
        masked = _PLACEHOLDER.findall(plain) if self._redactor and b"<" in plain else []
        body = self._packed[digest] = Body(digest, packed, masked)
        self._held += len(packed)
        while self._held > _REMEMBERED_BYTES:
            _, oldest = self._packed.popitem(last=False)
            self._held -= len(oldest.packed)
        return body


def mark_of(exchange: LoggedExchange) -> bytes:
    """What an exchange is recognised by: its source and id; empty where it has no id."""
    if not exchange.id:
        return b""
    named = f"{exchange.source}\0{exchange.id}".encode("utf-8", "surrogatepass")
    return blake2b(named, digest_size=_DIGEST_BYTES).digest()


def provider_marks(exchange: LoggedExchange) -> list[bytes]:
    """
    Marks of the names the provider gave a call, which are given once in the world.

    >>> named = LoggedExchange(source="otel", id="span-1", provider_ids=("msg_01XFDUDYJgAACz",))
    >>> provider_marks(named) == provider_marks(LoggedExchange(source="a", id="msg_01XFDUDYJgAACz"))
    True
    >>> provider_marks(LoggedExchange(source="a", id="call-1"))
    []
    """
    names = dict.fromkeys((exchange.id, *exchange.provider_ids))
    given = (name.encode() for name in names if _GIVEN_BY_PROVIDER.fullmatch(name))
    return [blake2b(b"called " + name, digest_size=_DIGEST_BYTES).digest() for name in given]


def _beyond_measure(exchange: LoggedExchange) -> str:
    """The name of a count no call can have; empty where all are sound."""
    usage = exchange.usage
    if usage is None:
        return ""
    return next((name for name in _COUNTS if getattr(usage, name) > _LARGEST_COUNT), "")


def _placeholders(row: StoredExchange) -> list[bytes]:
    names = "\n".join(str(getattr(row, name) or "") for name in _NAMES)
    if "<" not in names:
        return []
    return [found[0] for found in _PLACEHOLDER.finditer(names.encode("utf-8", "replace"))]
