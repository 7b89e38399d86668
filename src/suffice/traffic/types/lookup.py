"""A request's raw body -> its type, as a gateway asks: once per distinct prompt, then a lookup."""

from __future__ import annotations

import msgspec

from suffice.traffic.formats.pairs import request_of, tags
from suffice.traffic.types.agents import tag_of
from suffice.traffic.types.index import Found, TypeIndex
from suffice.traffic.types.shapes import Shape, shape_of

_MOST_KEPT = 4096
_MOST_KEPT_BYTES = 16 * 2**20
_NONE = msgspec.Raw(b"")


class _Turn(msgspec.Struct, gc=False):
    role: msgspec.Raw = _NONE


class _Metadata(msgspec.Struct, gc=False):
    suffice_type: msgspec.Raw = _NONE
    type: msgspec.Raw = _NONE
    task: msgspec.Raw = _NONE
    prompt_name: msgspec.Raw = _NONE
    request_type: msgspec.Raw = _NONE

    def names_one(self) -> bool:
        """Whether one of the members that may name a type is there."""
        return any((self.suffice_type, self.type, self.task, self.prompt_name, self.request_type))


class _Body(msgspec.Struct, gc=False):
    system: msgspec.Raw = _NONE
    tools: msgspec.Raw = _NONE
    tool_choice: msgspec.Raw = _NONE
    output_config: msgspec.Raw = _NONE
    output_format: msgspec.Raw = _NONE
    metadata: _Metadata | None = None
    messages: list[_Turn] = []

    def parts(self) -> tuple[bytes, ...]:
        """All that says the type of a request with a system prompt and without a tag."""
        last = self.messages[-1].role if self.messages else _NONE
        texts = (self.system, self.tools, self.tool_choice, self.output_config, self.output_format)
        return tuple(map(bytes, (*texts, last)))


_DECODER = msgspec.json.Decoder(_Body)


class TypeLookup:
    r"""
    Says of a Messages request on its way which type it is of, as `TypeIndex` says it of a log.

    Args:
        index: What was learnt.

    >>> tickets = [Shape(system=f"Sort the ticket.\nToday: {day}.") for day in range(8)]
    >>> lookup = TypeLookup(TypeIndex.learn(tickets))
    >>> lookup(b'{"system": "Sort the ticket.\\nToday: 9.", "messages": []}')
    'sort-ticket-today'
    """

    def __init__(self, index: TypeIndex) -> None:
        self._index = index
        self._kept: dict[tuple[bytes, ...], Found] = {}
        self._kept_bytes = 0

    def __call__(self, body: bytes) -> str | None:
        """The type's name; None for a shape nobody has seen, and for what is no request."""
        found = self.find(body)
        return found.name if found is not None and found.known else None

    def find(self, body: bytes) -> Found | None:
        """As `TypeIndex.find`; None where the body is no request."""
        try:
            parsed = _DECODER.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            parsed = _Body()  # a request that is odd, or none
        tagged = parsed.metadata is not None and parsed.metadata.names_one()
        parts = parsed.parts() if bytes(parsed.system) and not tagged else ()
        if parts in self._kept:
            return self._kept[parts]
        shape = shape_of_body(body)
        if shape is None:
            return None
        found = self._index.find(shape)
        if parts and not self._index.reads_opening(shape):
            self._keep(parts, found)
        return found

    def _keep(self, parts: tuple[bytes, ...], found: Found) -> None:
        """Remember an answer; when there are too many, begin anew, so that memory has an end."""
        if len(self._kept) >= _MOST_KEPT or self._kept_bytes > _MOST_KEPT_BYTES:
            self._kept, self._kept_bytes = {}, 0
        self._kept[parts] = found
        self._kept_bytes += sum(map(len, parts))


def shape_of_body(body: bytes) -> Shape | None:
    """
    The shape of a raw request, read just as a log of it is; None where it is no request.

    >>> shape_of_body(b'{"messages": [], "metadata": {"type": "triage"}}').tag
    'triage'
    >>> shape_of_body(b"[]") is None
    True
    """
    try:
        asked = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(asked, dict):
        return None
    return shape_of(request_of(asked), tag=tag_of(tags({}, asked)))
