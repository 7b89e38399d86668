"""One record of a log -> the exchanges it tells of, in whichever process it is read."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import msgspec

from suffice.records import LoggedExchange
from suffice.traffic.formats import Format, Reader, detect

_DECODE = msgspec.json.Decoder().decode


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """
    A line of a log as it stands there.

    Attributes:
        number: Its place in the file, from 1.
        place: Digest of the file up to and with it: what a call without a name is named by.
        content: Its bytes.
    """

    number: int
    place: bytes
    content: bytes


class Read(msgspec.Struct, frozen=True):
    """
    What a record held.

    Attributes:
        exchanges: In order.
        form: The format it is in; None where that was not found.
        broken: Why it could not be read, or not further; None where it could.
    """

    exchanges: list[LoggedExchange]
    form: Format | None = None
    broken: str | None = None


class RecordReader:
    """
    Reads records of any format.

    Args:
        forced: The format to read every record as; None looks at each.
        reader_for: Makes the reader of a format when its first record comes.
    """

    def __init__(
        self, forced: Format | None = None, *, reader_for: Callable[[Format], Reader] | None = None
    ) -> None:
        self._forced = forced
        self._reader_for = reader_for or (lambda form: form.reader())
        self._readers: dict[str, tuple[Format, Reader]] = {}

    @property
    def readers(self) -> Collection[tuple[Format, Reader]]:
        """Those there are so far, each with its format."""
        return self._readers.values()

    def line(self, line: Line) -> Read:
        """What a line holds."""
        try:
            record = _DECODE(line.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return Read([], broken=_said(error))
        return self.record(record, line.place)

    def record(self, record: Any, place: bytes) -> Read:
        """
        What a record holds.

        Args:
            record: Decoded.
            place: As `Line.place`.
        """
        found: list[LoggedExchange] = []
        form = None
        try:
            form = self._form_of(record)
            for index, exchange in enumerate(self._reader(form).read(record)):
                found.append(_named(_checked(exchange, form), place, index))
        # What a stranger's record can provoke in a parser, and nothing else.
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
            return Read(found, form, _said(error))
        return Read(found, form)

    def _form_of(self, record: Any) -> Format:
        if not isinstance(record, dict):
            raise ValueError("no JSON object")  # noqa: TRY004 - a broken record, whichever way
        form = self._forced or detect(record)
        if form is None:
            members = _printable(", ".join(map(str, list(record)[:6])))
            raise ValueError(f"in no format we know; it holds {members[:120] or 'nothing'}")
        return form

    def _reader(self, form: Format) -> Reader:
        if form.name not in self._readers:
            self._readers[form.name] = form, self._reader_for(form)
        return self._readers[form.name][1]


def decoded(content: bytes) -> Any:
    """The JSON in it; None where it is none."""
    try:
        return _DECODE(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _said(error: Exception) -> str:
    """What an error says, in signs that can be sent and shown."""
    return str(error)[:200].encode(errors="replace").decode()


def _printable(text: str) -> str:
    """A stranger's text as it may stand on a terminal: nothing in it steers one."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _checked(exchange: LoggedExchange, form: Format) -> LoggedExchange:
    """
    A call that tells anything at all, as a record forced into a format may not.

    Raises:
        ValueError: It tells nothing.
    """
    told = exchange.model or exchange.request or exchange.error or exchange.usage
    if not (told or exchange.answered):
        raise ValueError(f"no call as {form.title} tells it")
    return exchange


def _named(exchange: LoggedExchange, place: bytes, index: int) -> LoggedExchange:
    """The same with a name, by its place if it has none of its own."""
    if exchange.id:
        return exchange
    return msgspec.structs.replace(exchange, id=f"{place.hex()}-{index}")
