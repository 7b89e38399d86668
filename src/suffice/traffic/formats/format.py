"""What a format is: how it is recognised, and who reads its records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec
from typing_extensions import override

from suffice.records import LoggedExchange

Record = dict[str, Any]


class Reader(Protocol):
    """Reads the records of one file, or of several that belong together, in order."""

    @property
    def merged(self) -> int:
        """Records so far that repeat another and were counted with it."""
        ...

    def read(self, record: Record) -> Iterable[LoggedExchange]:
        """
        The exchanges a record completes; none where it is no call, or is still waited on.

        Raises:
            ValueError: The record has not the shape its format promises.
        """
        ...

    def finish(self) -> Iterable[LoggedExchange]:
        """What still waits when no record comes any more."""
        ...


class Each(Reader):
    """A reader for formats in which every record stands for itself."""

    def __init__(self, read_one: Callable[[Record], Iterable[LoggedExchange]]) -> None:
        self._read_one = read_one

    @property
    @override
    def merged(self) -> int:
        return 0

    @override
    def read(self, record: Record) -> Iterable[LoggedExchange]:
        return self._read_one(record)

    @override
    def finish(self) -> Iterable[LoggedExchange]:
        return ()


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """
    One format somebody keeps exchanges in.

    Attributes:
        name: For ``--as`` and `LoggedExchange.source`.
        title: For people.
        fits: Whether a record looks like one of this format's.
        reader: Makes a fresh reader.
        whole: Whether a file makes sense only from its beginning, so that a scan cannot go on
            in its middle.
        across: Whether records of several files belong together, so that one reader reads all.
        told_by: Members of which every record has one; given where ``whole`` is, so that a line
            without any of them needs no reader that knows the others.
    """

    name: str
    title: str
    fits: Callable[[Record], bool]
    reader: Callable[[], Reader]
    whole: bool = False
    across: bool = False
    told_by: tuple[str, ...] = ()
