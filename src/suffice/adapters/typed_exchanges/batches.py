"""Finding types as work on batches: rows of metadata in, their types out, in any process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from suffice.adapters.exchanges import Exchanges
from suffice.adapters.typed_exchanges.shapes import Row, ShapeReader
from suffice.traffic.types import Found, Role, TypeIndex


class TypedRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was found of a row: its type, who made the call, and its prefix's likely tokens."""

    found: Found
    role: Role
    prefix_tokens: int


_SEND = msgspec.msgpack.Encoder().encode
_TAKE = msgspec.msgpack.Decoder(Row).decode
_RECEIVE = msgspec.msgpack.Decoder(TypedRow).decode


class Typing(msgspec.Struct, frozen=True, kw_only=True):
    """
    The types of rows, as `workers.Work`; texts are read from the folder where it runs.

    Attributes:
        folder: Of the exchanges.
        index: The types that are known, as bytes.
    """

    folder: str
    index: bytes

    def start(self) -> Callable[[Sequence[Row]], list[TypedRow]]:
        """See `Work.start`; the folder stays open as long as the process lives."""
        reader = ShapeReader(Exchanges.open(Path(self.folder), write=False))
        index = TypeIndex.from_bytes(self.index)
        return lambda rows: typed_rows(reader, index, rows)

    def send(self, item: Row) -> bytes:
        """See `Work.send`."""
        return _SEND(item)

    def take(self, sent: bytes) -> Row:
        """See `Work.take`."""
        return _TAKE(sent)

    def give(self, result: TypedRow) -> bytes:
        """See `Work.give`."""
        return _SEND(result)

    def receive(self, given: bytes) -> TypedRow:
        """See `Work.receive`."""
        return _RECEIVE(given)


def typed_rows(reader: ShapeReader, index: TypeIndex, rows: Sequence[Row]) -> list[TypedRow]:
    """What is found of each row, in their order."""
    return [TypedRow(found, role, tokens) for _, found, role, tokens in reader.typed(rows, index)]
