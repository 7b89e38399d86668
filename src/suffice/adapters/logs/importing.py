"""Lines of a log -> calls ready to be kept, as work that any process can do."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import msgspec

from suffice.adapters.exchanges import Prepared, Preparing, Unfit
from suffice.adapters.logs.lines import Line, Read, RecordReader
from suffice.records import LoggedExchange
from suffice.traffic.cost_check import Priced, priced_call
from suffice.traffic.formats import format_named

# No exchange begins like this as it travels.
_IS_LINE = b"\x00"
_NUMBER = struct.Struct("<Q")
_PLACE_BYTES = 16
_HEAD_BYTES = len(_IS_LINE) + _NUMBER.size + _PLACE_BYTES
_GIVE = msgspec.msgpack.Encoder().encode


class Call(msgspec.Struct, frozen=True, array_like=True):
    """
    A call as it is kept, and what is told of it without its texts.

    Attributes:
        kept: What the store takes, or why it cannot.
        unranked: Whether it tells no usage or no model.
        untestable: Whether its request is not whole, or it has no answer.
        priced: Its dollars in the log, for the check of them; None where it tells none.
    """

    kept: Prepared | Unfit
    unranked: bool
    untestable: bool
    priced: Priced | None


class Imported(msgspec.Struct, frozen=True, array_like=True):
    """
    What came of a line, or of an exchange that was read before.

    Attributes:
        calls: In order.
        form: The name of the line's format; empty where none was found.
        broken: Why the line could not be read, or not further; None where it could.
    """

    calls: list[Call]
    form: str = ""
    broken: str | None = None


_RECEIVE = msgspec.msgpack.Decoder(Imported).decode


class Importing(msgspec.Struct, frozen=True, kw_only=True):
    """
    Reading lines and working on their texts, as `workers.Work`.

    Attributes:
        preparing: What is done to the texts.
        forced: The name of the format to read every line as; empty to look at each.
    """

    preparing: Preparing
    forced: str = ""

    def start(self) -> Callable[[Sequence[Line | LoggedExchange]], list[Imported]]:
        """See `Work.start`."""
        read = RecordReader(format_named(self.forced)).line
        prepare = self.preparing.start()

        def batch(items: Sequence[Line | LoggedExchange]) -> list[Imported]:
            found = [read(item) if isinstance(item, Line) else Read([item]) for item in items]
            kept = iter(prepare([exchange for one in found for exchange in one.exchanges]))
            return [
                Imported(
                    [_call(exchange, next(kept)) for exchange in one.exchanges],
                    one.form.name if one.form else "",
                    one.broken,
                )
                for one in found
            ]

        return batch

    def send(self, item: Line | LoggedExchange) -> bytes:
        """See `Work.send`."""
        if isinstance(item, Line):
            return _IS_LINE + _NUMBER.pack(item.number) + item.place + item.content
        return self.preparing.send(item)

    def take(self, sent: bytes) -> Line | LoggedExchange:
        """See `Work.take`."""
        if not sent.startswith(_IS_LINE):
            return self.preparing.take(sent)
        (number,) = _NUMBER.unpack_from(sent, len(_IS_LINE))
        return Line(number, sent[_HEAD_BYTES - _PLACE_BYTES : _HEAD_BYTES], sent[_HEAD_BYTES:])

    def give(self, result: Imported) -> bytes:
        """See `Work.give`."""
        return _GIVE(result)

    def receive(self, given: bytes) -> Imported:
        """See `Work.receive`."""
        return _RECEIVE(given)


def _call(exchange: LoggedExchange, kept: Prepared | Unfit) -> Call:
    return Call(
        kept,
        unranked=exchange.usage is None or not exchange.model,
        untestable=not (exchange.answered and exchange.replayable),
        # What no store can take may hold numbers that nothing can send.
        priced=priced_call(exchange) if isinstance(kept, Prepared) else None,
    )
