"""Tables of all parts of a store, put together: kept ones, and rows where a window cuts a day."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import duckdb
import msgspec
import numpy as np

from suffice.adapters.exchanges import connect
from suffice.adapters.exchanges.made import make, said_of
from suffice.adapters.exchanges.segments import literal
from suffice.adapters.typed_exchanges.index import no_room
from suffice.adapters.typed_exchanges.parts import read_sql
from suffice.adapters.typed_exchanges.store import NOTHING, TypedExchanges, TypedPart
from suffice.adapters.typed_exchanges.tables import DAY_S, Limits, narrow, tables

SAMPLED = "sampled.parquet"
_OF_ROWS = frozenset({"user", "session"})
_OF_NO_DAY = frozenset({"groups", "whos"})


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which exchanges are looked at, and by what they are told apart.

    Attributes:
        since: Seconds since 1970; None: from the first one.
        until: Seconds since 1970, itself not looked at; None: to the last one.
        by: ``type``, ``model``, ``app``, ``source`` or ``user``.
        only: Columns of text and what must stand in them, such as ``model``.
    """

    since: float | None = None
    until: float | None = None
    by: str = "type"
    only: tuple[tuple[str, str], ...] = ()

    def condition(self) -> str:
        """
        As DuckDB reads it.

        >>> print(Wanted(since=5.0, only=(("model", "m"),)).condition())
        ts >= 5.0 AND "model" = 'm'
        """
        return _all_of(*_within(self.since, self.until), *self._named())

    @property
    def is_part(self) -> bool:
        """Whether not all exchanges are looked at."""
        return self.condition() != "true"

    @property
    def reads_rows(self) -> bool:
        """Whether kept tables say nothing of it, so that rows must be read."""
        named = {column for column, _ in self.only}
        return self.by in _OF_ROWS or not _OF_ROWS.isdisjoint(named)

    def days(self) -> str:
        """Which whole days are looked at, as SQL."""
        first, end = self._whole_days()
        terms = [f"day >= {first}"] if first is not None else []
        return _all_of(*terms, *([f"day < {end}"] if end is not None else []))

    def named(self) -> str:
        """What must stand in columns of text of tables, as SQL; rows were read by it already."""
        return _all_of(*([] if self.reads_rows else self._named()))

    def beside(self) -> list[tuple[float | None, float | None]]:
        """From when to when rows are read, beside the whole days of kept tables."""
        if self.reads_rows:
            return [(self.since, self.until)]
        first, end = self._whole_days()
        if first is not None and end is not None and first >= end:
            return [(self.since, self.until)]
        cut: list[tuple[float | None, float | None]] = []
        if first is not None and first * DAY_S != self.since:
            cut.append((self.since, float(first * DAY_S)))
        if end is not None and end * DAY_S != self.until:
            cut.append((float(end * DAY_S), self.until))
        return cut

    def reaches(self, part: TypedPart) -> bool:
        """Whether any row of a part may be looked at."""
        return _reaches(part, self.since, self.until)

    def _whole_days(self) -> tuple[int | None, int | None]:
        first = None if self.since is None else math.ceil(self.since / DAY_S)
        end = None if self.until is None else math.floor(self.until / DAY_S)
        return first, end

    def _named(self) -> list[str]:
        return [f'"{column}" = {literal(value)}' for column, value in self.only]


class Merged:
    """
    A view for each table of `tables`, with all that is wanted of a store.

    Each row says type, role, model, application and source by name. Tables of a part are made
    when they are first asked for, and stand beside its types as long as these do.

    Args:
        typed: The exchanges with their types.
        limits: Of the catalogue.
        wanted: Which exchanges.

    Attributes:
        kept: Parts whose tables are read, with the folders where these stand.

    Raises:
        StorageError: The disk does not take the tables.
    """

    def __init__(self, typed: TypedExchanges, limits: Limits, wanted: Wanted) -> None:
        self._typed = typed
        self._wanted = wanted
        self.duck = connect()
        self.duck.register("names", _names(typed))
        self.kept = [] if wanted.reads_rows else self._kept(limits)
        questions = tables(limits, by_user=wanted.by == "user")
        if cut := wanted.beside() if self.kept else [(wanted.since, wanted.until)]:
            self._read_rows(questions, cut)
        for name in questions:
            held = [f"FROM rows_{name}"] if cut else []
            if self.kept:
                days = "true" if name in _OF_NO_DAY else wanted.days()
                held.append(f"FROM {self.files(name)} WHERE {days}")
            self.duck.execute(f"CREATE VIEW all_{name} AS {' UNION ALL BY NAME '.join(held)}")
        self.duck.execute(
            "CREATE TEMP TABLE told AS SELECT DISTINCT * FROM all_groups "  # noqa: S608 - quoted above
            f"JOIN names USING (type_number) WHERE {wanted.named()}"
        )
        self.duck.execute(f"CREATE VIEW units AS FROM all_units WHERE {wanted.named()}")
        for name in questions.keys() - {"groups", "whos", "units"}:
            self.duck.execute(f"CREATE VIEW {name} AS FROM all_{name} JOIN told USING (g)")

    def files(self, name: str, *, with_names: bool = False) -> str:
        """
        SQL's name for a table of all parts, as it is kept.

        Args:
            name: The table.
            with_names: With the name of the file each row is from, as ``filename``.
        """
        paths = (folder / f"{name}.parquet" for _, folder in self.kept)
        return read_sql(*paths, with_names=with_names)

    def between(self, begin: float, end: float, select: str) -> Iterator[tuple[object, ...]]:
        """
        Ask rows of a short time, beside the tables.

        Args:
            begin: From when on, seconds since 1970.
            end: Until when.
            select: What is asked of them, up to ``FROM``; grouped by all that is not added up.
        """
        condition = _all_of(self._wanted.condition(), *_within(begin, end))
        for part in self._typed.parts:
            if _reaches(part, begin, end):
                rows = f"FROM {part.sql()} JOIN names USING (type_number) WHERE {condition}"
                yield from self.duck.execute(f"{select} {rows} GROUP BY ALL").fetchall()

    def _kept(self, limits: Limits) -> list[tuple[TypedPart, Path]]:
        reached = [part for part in self._typed.parts if self._wanted.reaches(part)]
        try:
            return [(part, kept_tables(part, limits)) for part in reached]
        except OSError as error:
            raise no_room(self._typed.path, error) from error

    def _read_rows(
        self, questions: Mapping[str, str], cut: Iterable[tuple[float | None, float | None]]
    ) -> None:
        """Tables of the rows of some times, beside whole days that are looked at."""
        by_user = self._wanted.by == "user"
        fill_part(self.duck, NOTHING, by_user=by_user)
        for name, question in questions.items():
            self.duck.execute(f"CREATE TEMP TABLE rows_{name} AS {question}")
        for begin, end in cut:
            condition = _all_of(self._wanted.condition(), *_within(begin, end))
            for part in self._typed.parts:
                if _reaches(part, begin, end):
                    fill_part(self.duck, f"{part.sql()} WHERE {condition}", by_user=by_user)
                    for name, question in questions.items():
                        self.duck.execute(f"INSERT INTO rows_{name} BY NAME {question}")


def kept_tables(part: TypedPart, limits: Limits) -> Path:
    """
    The folder with the tables of a part, made where there is none.

    Raises:
        OSError: The disk does not take them.
    """
    place = part.folder / f"tables-{limits.mark()}"

    def fill(folder: Path) -> dict[str, str]:
        with connect() as duck:
            fill_part(duck, part.sql())
            for name, question in tables(limits).items():
                target = literal(str(folder / f"{name}.parquet"))
                duck.execute(f"COPY ({question}) TO {target} (FORMAT parquet)")
            # What is drawn is read whole: from here, not from among all the others.
            drawn = f"SELECT n FROM {read_sql(folder / 'samples.parquet')}"  # noqa: S608
            duck.execute(
                f"COPY (FROM {part.part.scan()} WHERE n IN ({drawn})) "
                f"TO {literal(str(folder / SAMPLED))} (FORMAT parquet)"
            )
        return {}

    if said_of(place, dict[str, str]) is None:
        try:
            make(place, fill)
        except duckdb.IOException as error:
            raise OSError(str(error)) from error
    return place


def fill_part(duck: duckdb.DuckDBPyConnection, rows: str, *, by_user: bool = False) -> None:
    """Have rows stand in ``part``, where tables are asked of them."""
    columns = narrow(by_user=by_user)
    duck.execute(f"CREATE OR REPLACE TEMP TABLE part AS SELECT {columns} FROM {rows}")  # noqa: S608 - our own columns


def _names(typed: TypedExchanges) -> dict[str, np.typing.NDArray[np.generic]]:
    return {
        "type_number": np.array(list(typed.entries), np.int64),
        "type": np.array([entry.name for entry in typed.entries.values()], dtype=object),
    }


def _reaches(part: TypedPart, begin: float | None, end: float | None) -> bool:
    first, last = part.told.first, part.told.last
    if begin is None and end is None:
        return True
    if first is None or last is None:
        return False
    return (begin is None or last >= begin) and (end is None or first < end)


def _within(begin: float | None, end: float | None) -> list[str]:
    said = [f"ts >= {literal(begin)}"] if begin is not None else []
    return [*said, f"ts < {literal(end)}"] if end is not None else said


def _all_of(*terms: str) -> str:
    return " AND ".join(term for term in terms if term != "true") or "true"
