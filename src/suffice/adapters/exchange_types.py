"""The types of a store's exchanges: learnt from a sample, then one pass over the metadata."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np

from suffice.adapters.exchange_shapes import (
    COLUMNS,
    ROWS_AT_ONCE,
    Row,
    ShapeReader,
    kind_columns,
)
from suffice.adapters.exchange_typing import TypedRow, Typing, typed_rows
from suffice.adapters.exchanges import Exchanges, connect
from suffice.adapters.exchanges.segments import literal, scan_of
from suffice.adapters.workers import engine_named, processors
from suffice.errors import StorageError
from suffice.traffic.types import (
    NEW,
    Role,
    TypeIndex,
    forget,
)

_SAMPLE_ROWS = 20_000
_LEARNING_PASSES = 3
# Fewer kinds than this are typed before other processes have started.
_WORTH_PROCESSES = 50_000
_ROLES = tuple(Role)
# Which conversation a call is of: its session, or for an agent that names none, the calls that
# go on from the same first message.
_CONVERSATION = """CASE WHEN session <> '' THEN session WHEN role > 0 THEN
    'from ' || app || ' ' || system_key || ' ' || coalesce(message_keys[1], 0) ELSE '' END"""


class TypeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a type, as exchanges point to it by its number."""

    number: int
    name: str
    key: str
    known: bool
    related: str = ""


class TypedExchanges:
    """
    A store with the type of each of its exchanges.

    The types are learnt once and kept beside the store; exchanges that came since are read anew,
    and only what no type fits is learnt from. Nothing is learnt where all is known.

    Args:
        store: Open for reading.
        seed: Draws the sample that is learnt from.
    """

    def __init__(self, store: Exchanges, *, seed: int = 0) -> None:
        self._store = store
        self._folder = store.folder / "types"
        self._seed = seed
        self.index = read_index(store.folder)
        self.entries: dict[int, TypeEntry] = {}
        self._reader = ShapeReader(store)
        self.path = self._settled()

    def sql(self) -> str:
        """
        The rows of the store with what was found of each.

        That is ``type_number``, ``role``, ``prefix_tokens`` and ``conversation``.
        """
        if not self._store.segments():
            return (
                "(SELECT *, 0 AS type_number, 0 AS role, 0 AS prefix_tokens, '' AS conversation "  # noqa: S608
                f"FROM {scan_of([])})"
            )
        typed = str(self.path).replace("'", "''")
        return (
            f"(SELECT *, {_CONVERSATION} AS conversation FROM {scan_of(self._store.segments())} "  # noqa: S608 - our own paths
            f"AS logged JOIN read_parquet('{typed}') AS typed USING (n))"
        )

    def assignments(self) -> Iterator[tuple[str, str]]:
        """The source's own id of every exchange with its type, in the order of import."""
        with quiet() as duck:
            found = duck.execute(f"SELECT id, type_number FROM {self.sql()} ORDER BY n")  # noqa: S608
            while rows := found.fetchmany(ROWS_AT_ONCE):
                for identity, number in rows:
                    yield identity, self.entries[number].name

    def write_assignments(self, path: Path) -> int:
        """
        `assignments` as a Parquet file with the columns ``id`` and ``type``; how many.

        Raises:
            OSError: It cannot be written.
        """
        draft = path.with_name(path.name + ".tmp")
        names = {  # noqa: F841 - DuckDB finds it by its name
            "type_number": np.array(list(self.entries), np.int32),
            "type": np.array([entry.name for entry in self.entries.values()], dtype=object),
        }
        with quiet() as duck:
            try:
                duck.execute(
                    f"COPY (SELECT id, type FROM {self.sql()} JOIN names USING (type_number) "  # noqa: S608 - our own paths
                    f"ORDER BY n) TO {literal(str(draft))} (FORMAT parquet)"
                )
                (found,) = duck.execute(
                    "SELECT count(*) FROM read_parquet(?)", [str(draft)]
                ).fetchall()
            except duckdb.IOException as error:
                raise OSError(str(error)) from error
        draft.replace(path)
        return int(found[0])

    def _settled(self) -> Path:
        path = self._place()
        if not path.exists():
            self._learn()
            path = self._place()
            self._write(path)
        entries = msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=list[TypeEntry])
        self.entries = {entry.number: entry for entry in entries}
        return path

    def _place(self) -> Path:
        """Where the types stand: a name that changes with what was learnt and what is stored."""
        parts = [self.index.to_bytes(), *(path.name.encode() for path in self._store.segments())]
        mark = blake2b(b"\0".join(parts), digest_size=12).hexdigest()
        return self._folder / f"typed-{mark}.parquet"

    def _learn(self) -> None:
        before = self.index
        for turn in range(_LEARNING_PASSES):
            sample = list(self._reader.shapes(self._sample(turn)))
            unknown = [shape for shape in sample if not self.index.find(shape).known]
            learnt = TypeIndex.learn(unknown, base=self.index) if unknown else self.index
            if learnt is self.index:
                break
            self.index = learnt
        if self.index is not before:
            write_index(self._store.folder, self.index)

    def _sample(self, turn: int) -> Iterable[Row]:
        with quiet() as duck:
            rows = duck.execute(
                f"WITH exchanges AS (SELECT * FROM {scan_of(self._store.segments())}) "  # noqa: S608
                f"SELECT {COLUMNS} FROM exchanges USING SAMPLE reservoir({_SAMPLE_ROWS} ROWS) "
                f"REPEATABLE ({self._seed + turn})"
            ).fetchall()
        return sorted(Row(*row) for row in rows)

    def _write(self, path: Path) -> None:
        """
        Type every exchange: each kind of them is looked at once, whatever their number.

        Kinds stand in a file between the two steps, as there may be as many as exchanges.
        """
        kinds = path.with_name(f"{path.stem}.kinds.tmp")
        columns = kind_columns(split=bool(self.index.split_keys))
        said = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        told = (
            f"WITH exchanges AS (SELECT * FROM {scan_of(self._store.segments())}), "  # noqa: S608 - our own columns and paths
            f"told AS (SELECT n, {said} FROM exchanges) "
        )
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            kinds.touch(mode=0o600)
            with quiet() as duck:
                duck.execute(
                    f"COPY ({told} SELECT row_number() OVER (ORDER BY first) - 1 AS n, "  # noqa: S608
                    f"{', '.join(columns)} FROM (SELECT min(n) AS first, {', '.join(columns)} "
                    f"FROM told GROUP BY ALL)) TO {literal(str(kinds))} (FORMAT parquet)"
                )
                found, entries = self._typed_kinds(kinds)
                alike = " AND ".join(
                    f"told.{name} IS NOT DISTINCT FROM kinds.{name}" for name in columns
                )
                _keep(
                    path,
                    f"{told} SELECT told.n, type_number, role, prefix_tokens FROM told "  # noqa: S608
                    f"JOIN read_parquet({literal(str(kinds))}) AS kinds ON {alike} "
                    "JOIN found ON found.kind = kinds.n",
                    entries,
                    duck.register("found", found),
                )
        except (OSError, duckdb.IOException) as error:
            raise _no_room(path, error) from error
        finally:
            kinds.unlink(missing_ok=True)

    def _typed_kinds(self, kinds: Path) -> tuple[dict[str, Any], list[TypeEntry]]:
        """The types of all kinds, by their numbers, and what these types are."""
        numbers: dict[tuple[str, str], TypeEntry] = {}
        columns = {"type_number": array("i"), "role": array("b"), "prefix_tokens": array("i")}
        for one in self._found_of(kinds):
            found = one.found
            entry = numbers.get((found.name, found.key))
            if entry is None:
                entry = TypeEntry(
                    number=len(numbers),
                    name=found.name,
                    key=found.key,
                    known=found.known,
                    related=found.related,
                )
                numbers[found.name, found.key] = entry
            columns["type_number"].append(entry.number)
            columns["role"].append(_ROLES.index(one.role))
            columns["prefix_tokens"].append(one.prefix_tokens)
        by_name = {name: np.frombuffer(held, held.typecode) for name, held in columns.items()}
        return {"kind": np.arange(len(columns["role"])), **by_name}, list(numbers.values())

    def _found_of(self, kinds: Path) -> Iterator[TypedRow]:
        """Of each kind what is found, in order; many are read by several processes."""
        done = 0
        if _kinds_in(kinds) >= _WORTH_PROCESSES and processors() > 1:
            work = Typing(folder=str(self._store.folder), index=self.index.to_bytes())
            tagged = ((None, batch) for batch in _batches(kinds))
            # What a process cannot read is read here again, where its own error is raised.
            with suppress(RuntimeError):
                for _, found in engine_named("processes").map(work, tagged):
                    done += len(found)
                    yield from found
        for batch in _batches(kinds, begin=done):
            yield from typed_rows(self._reader, self.index, batch)


def _kinds_in(kinds: Path) -> int:
    with quiet() as duck:
        counted = f"SELECT count(*) FROM read_parquet({literal(str(kinds))})"  # noqa: S608 - our own path
        return int(duck.execute(counted).fetchall()[0][0])


def _batches(kinds: Path, *, begin: int = 0) -> Iterator[list[Row]]:
    with quiet() as duck:
        rows = duck.execute(
            f"SELECT {', '.join(Row._fields)} FROM read_parquet({literal(str(kinds))}) "  # noqa: S608 - our own names
            f"WHERE n >= {begin} ORDER BY n"
        )
        while batch := rows.fetchmany(ROWS_AT_ONCE):
            yield [Row(*row) for row in batch]


def quiet() -> duckdb.DuckDBPyConnection:
    """A connection that draws no progress of its own into our results."""
    duck = connect()
    duck.execute("SET enable_progress_bar = false")
    return duck


def read_index(folder: Path) -> TypeIndex:
    """
    The types learnt for a store; an empty index where none were.

    Raises:
        StorageError: The file is there and cannot be read.
    """
    path = folder / "types" / "index.json"
    try:
        return TypeIndex.from_bytes(path.read_bytes())
    except FileNotFoundError:
        return TypeIndex()
    except (OSError, msgspec.DecodeError) as error:
        raise StorageError(
            f"The types in {path} cannot be read: {error}.",
            effect="No exchange is lost; their types are not known.",
            next_step="Move the file away, and they are learnt anew.",
        ) from error


def forget_deleted(store: Exchanges) -> None:
    """
    Forget whatever was learnt from exchanges that were deleted since; nobody asks for it again.

    Types that other exchanges are of keep their keys, names and changes. Files that were derived
    from the exchanges are removed; they are made anew when they are needed.

    Raises:
        StorageError: The disk does not take it.
    """
    folder = store.folder / "types"
    if folder.exists():
        typed = TypedExchanges(store)
        entries = list(typed.entries.values()) if store.segments() else []
        names = {name for entry in entries for name in _names_of(entry)}
        keys = {entry.key for entry in entries}
        learnt = forget(typed.index.learnt, keys=keys, names=names)
        write_index(store.folder, TypeIndex(learnt))
        for old in folder.glob("typed-*"):
            old.unlink(missing_ok=True)


def _names_of(entry: TypeEntry) -> Iterator[str]:
    """What a type is called, and what it was called before anybody gave it a name."""
    yield entry.name
    yield entry.key.removeprefix("tag:") if entry.key.startswith("tag:") else NEW + entry.key[:8]


def write_index(folder: Path, index: TypeIndex) -> None:
    """
    Keep the types of a store, at once or not at all.

    Raises:
        StorageError: The disk does not take it.
    """
    place = folder / "types"
    draft = place / "index.json.tmp"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(index.to_bytes())
        draft.replace(place / "index.json")
    except OSError as error:
        raise _no_room(draft, error) from error


def _keep(path: Path, rows: str, entries: list[TypeEntry], duck: duckdb.DuckDBPyConnection) -> None:
    """The types of all exchanges in one file, with the older ones removed."""
    draft = path.with_suffix(".tmp")
    duck.execute(f"COPY ({rows}) TO {literal(str(draft))} (FORMAT parquet)")
    draft.chmod(0o600)
    names = path.with_suffix(".json")
    names.write_bytes(msgspec.json.encode(entries))
    names.chmod(0o600)
    draft.replace(path)
    for old in path.parent.glob("typed-*"):
        if old.stem != path.stem:
            with suppress(OSError):
                old.unlink()


def _no_room(path: Path, error: Exception) -> StorageError:
    return StorageError(
        f"{path} cannot be written: {error}.",
        effect="No exchange is lost; their types were not kept.",
        next_step="Make room, and call it again.",
    )
