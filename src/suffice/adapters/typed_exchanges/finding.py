"""The types of a part's rows: each kind of row is looked at once, whatever the number of rows."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from suffice.adapters.exchanges import Exchanges, connect
from suffice.adapters.exchanges.made import scratch
from suffice.adapters.exchanges.segments import literal
from suffice.adapters.typed_exchanges.batches import TypedRow, Typing, typed_rows
from suffice.adapters.typed_exchanges.shapes import ROWS_AT_ONCE, Row, ShapeReader, kind_columns
from suffice.adapters.workers import engine_named, processors
from suffice.traffic.types import Found, Role, TypeIndex

# Fewer kinds than this are typed before other processes have started.
_WORTH_PROCESSES = 50_000
_ROLES = tuple(Role)


class Entry(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A type as rows point to it; what it is called is asked of the index."""

    number: int
    key: str
    known: bool
    settled: bool
    related_key: str = ""


def entry_of(found: Found) -> Entry:
    """
    The entry of what was found; its number depends on nothing else.

    >>> entry_of(Found(name="a", key="k")).number == entry_of(Found(name="b", key="k")).number
    True
    """
    told = f"{found.key}\0{found.known:d}{found.settled:d}".encode("utf-8", "backslashreplace")
    number = int.from_bytes(blake2b(told, digest_size=8).digest(), "big", signed=True)
    return Entry(
        number=number,
        key=found.key,
        known=found.known,
        settled=found.settled,
        related_key=found.related_key,
    )


class Finder:
    """
    Finds the types of rows, and keeps them in files.

    Args:
        store: Open for reading.
        reader: Of the texts that tell types.
    """

    def __init__(self, store: Exchanges, reader: ShapeReader) -> None:
        self._store = store
        self._reader = reader

    def write(self, target: Path, rows: str, index: TypeIndex) -> list[Entry]:
        """
        Put ``n``, ``type_number``, ``role`` and ``prefix_tokens`` of rows into a Parquet file.

        Kinds stand in a file between the two steps, as there may be as many as rows.

        Args:
            target: The file.
            rows: SQL's name for the rows, with a column ``agentic``.
            index: The types.

        Returns:
            The types that are there.
        """
        columns = kind_columns(split=bool(index.split_keys))
        said = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        told = f"WITH told AS (SELECT n, {said} FROM {rows}) "  # noqa: S608 - our own columns
        with scratch(target.parent.parent, "kinds") as kinds, connect() as duck:
            duck.execute(
                f"COPY ({told} SELECT row_number() OVER (ORDER BY first) - 1 AS n, "  # noqa: S608
                f"{', '.join(columns)} FROM (SELECT min(n) AS first, {', '.join(columns)} "
                f"FROM told GROUP BY ALL)) TO {literal(str(kinds))} (FORMAT parquet)"
            )
            found, entries = self._typed(kinds, index)
            duck.register("found", found)
            alike = " AND ".join(
                f"told.{name} IS NOT DISTINCT FROM kinds.{name}" for name in columns
            )
            duck.execute(
                f"COPY ({told} SELECT told.n, type_number, role, prefix_tokens FROM told "  # noqa: S608
                f"JOIN read_parquet({literal(str(kinds))}) AS kinds ON {alike} "
                f"JOIN found ON found.kind = kinds.n) TO {literal(str(target))} (FORMAT parquet)"
            )
        return entries

    def _typed(self, kinds: Path, index: TypeIndex) -> tuple[dict[str, Any], list[Entry]]:
        """The types of all kinds, by their numbers, and what these types are."""
        entries: dict[int, Entry] = {}
        numbers: dict[tuple[str, bool, bool], int] = {}
        columns = {"type_number": array("q"), "role": array("b"), "prefix_tokens": array("i")}
        for one in self._found(kinds, index):
            found = one.found
            told = found.key, found.known, found.settled
            number = numbers.get(told)
            if number is None:
                entry = entry_of(found)
                number = numbers[told] = entry.number
                entries[number] = entry
            columns["type_number"].append(number)
            columns["role"].append(_ROLES.index(one.role))
            columns["prefix_tokens"].append(one.prefix_tokens)
        by_name = {name: np.frombuffer(held, held.typecode) for name, held in columns.items()}
        return {"kind": np.arange(len(columns["role"])), **by_name}, list(entries.values())

    def _found(self, kinds: Path, index: TypeIndex) -> Iterator[TypedRow]:
        """Of each kind what is found, in order; many are read by several processes."""
        done = 0
        if _kinds_in(kinds) >= _WORTH_PROCESSES and processors() > 1:
            work = Typing(folder=str(self._store.folder), index=index.to_bytes())
            tagged = ((None, batch) for batch in _batches(kinds))
            # What a process cannot read is read here again, where its own error is raised.
            with suppress(RuntimeError):
                for _, found in engine_named("processes").map(work, tagged):
                    done += len(found)
                    yield from found
        for batch in _batches(kinds, begin=done):
            yield from typed_rows(self._reader, index, batch)


def _kinds_in(kinds: Path) -> int:
    with connect() as duck:
        counted = f"SELECT count(*) FROM read_parquet({literal(str(kinds))})"  # noqa: S608 - our own path
        return int(duck.execute(counted).fetchall()[0][0])


def _batches(kinds: Path, *, begin: int = 0) -> Iterator[list[Row]]:
    with connect() as duck:
        rows = duck.execute(
            f"SELECT {', '.join(Row._fields)} FROM read_parquet({literal(str(kinds))}) "  # noqa: S608 - our own names
            f"WHERE n >= {begin} ORDER BY n"
        )
        while batch := rows.fetchmany(ROWS_AT_ONCE):
            yield [Row(*row) for row in batch]
