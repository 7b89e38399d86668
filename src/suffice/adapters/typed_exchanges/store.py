"""The types of a store's exchanges: learnt from a sample, then found for each part and kept."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path

import duckdb
import msgspec
import numpy as np

from suffice.adapters.exchanges import Exchanges, connect
from suffice.adapters.exchanges.made import make, remove_others, said_of, take_over
from suffice.adapters.exchanges.segments import literal, scan_of
from suffice.adapters.typed_exchanges.agents import Agents
from suffice.adapters.typed_exchanges.finding import Entry, Finder
from suffice.adapters.typed_exchanges.index import no_room, read_index, write_index
from suffice.adapters.typed_exchanges.parts import AGENT, Part, parts_of, read_sql
from suffice.adapters.typed_exchanges.shapes import COLUMNS, ROWS_AT_ONCE, Row, ShapeReader
from suffice.adapters.workers import swept_rarely
from suffice.traffic.types import NEW, TAG, TypeIndex, forget

__all__ = ["TypedExchanges", "TypedPart", "forget_deleted", "read_index", "write_index"]

_SAMPLE_ROWS = 20_000
_LEARNING_PASSES = 3
_TYPES, _FOREIGN, _AGAIN = "types.parquet", "foreign.parquet", "again.parquet"
# SQL's name for no rows at all, of the columns of `TypedExchanges.sql`.
NOTHING = (
    "(SELECT *, 0::BIGINT AS type_number, 0::TINYINT AS role, 0 AS prefix_tokens, "  # noqa: S608
    f"'' AS conversation FROM {scan_of([])})"
)
_OURS = ("exchanges-", "typed-", "kinds")


class TypeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a type, as exchanges point to it by its number."""

    number: int
    name: str
    key: str
    known: bool
    related: str = ""


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is said of a part's types.

    Attributes:
        layers: Marks of all that had been learnt when they were found, in order.
        split: Keys of templates whose types were told apart by how conversations open.
        foreign: A mark of the conversations here that calls of other parts say are an agent's.
        entries: The types that are there.
        first: The earliest time told; None where none is.
        last: The latest.
    """

    layers: list[str]
    split: list[str]
    foreign: str = ""
    entries: list[Entry] = []
    first: float | None = None
    last: float | None = None

    def made_by(self) -> _Told:
        """What says how rows are typed, without what was found."""
        return _Told(layers=self.layers, split=self.split, foreign=self.foreign)

    def mark(self) -> str:
        """A name of `made_by`."""
        return blake2b(msgspec.json.encode(self.made_by()), digest_size=12).hexdigest()


class TypedPart(msgspec.Struct, frozen=True, kw_only=True):
    """
    A part of a store with the types of its rows.

    Attributes:
        part: The rows.
        folder: Where the types stand; a name that changes with them.
        told: What is said of them.
    """

    part: Part
    folder: Path
    told: _Told

    def sql(self) -> str:
        """SQL's name for its rows: the store's columns, and those of `TypedExchanges.sql`."""
        return self.part.typed(self.folder / _TYPES)


class TypedExchanges:
    """
    A store with the type of each of its exchanges.

    The types are learnt once and kept beside the store, part by part. Of parts that are new
    every row is looked at; of others, what the types learnt since, or calls that came since,
    could make something else. Nothing is learnt where all is known.

    Args:
        store: Open for reading.
        seed: Draws the sample that is learnt from.
        forgotten: Marks of layers from which something was forgotten since; what was settled by
            them stays so.

    Attributes:
        path: What is kept beside the types is named like this; it changes with every exchange
            and every type.
        parts: The store's parts, in the order of import.
    """

    def __init__(self, store: Exchanges, *, seed: int = 0, forgotten: Collection[str] = ()) -> None:
        self._store = store
        self._folder = store.folder / "types"
        self._seed = seed
        self._forgotten = list(forgotten)
        self.index = read_index(store.folder)
        self._reader = ShapeReader(store)
        try:
            with swept_rarely():
                self.parts = self._settled()
        except (OSError, duckdb.IOException) as error:
            raise no_room(self._folder, error) from error
        self.entries = self._entries()
        said = [self.index.to_bytes(), *(part.folder.name.encode() for part in self.parts)]
        mark = blake2b(b"\0".join(said), digest_size=12).hexdigest()
        self.path = self._folder / f"typed-{mark}"
        self._tidy()

    def sql(self) -> str:
        """
        The rows of the store with what was found of each.

        That is ``type_number``, ``role``, ``prefix_tokens`` and ``conversation``.
        """
        if not self.parts:
            return NOTHING
        return "(" + " UNION ALL ".join(f"FROM {part.sql()}" for part in self.parts) + ")"

    def assignments(self) -> Iterator[tuple[str, str]]:
        """The source's own id of every exchange with its type, in the order of import."""
        with connect() as duck:
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
            "type_number": np.array(list(self.entries), np.int64),
            "type": np.array([entry.name for entry in self.entries.values()], dtype=object),
        }
        with connect() as duck:
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

    def _settled(self) -> list[TypedPart]:
        parts = parts_of(self._store)
        self._agents = Agents(self._folder, parts)
        kept = {part.name: self._kept(part) for part in parts}
        if any(one is None or one[1].split != self._split() for one in kept.values()):
            self._learn(parts, kept)
        now = _Told(layers=layer_marks(self.index), split=self._split())
        foreign = self._agents.foreign()
        return [
            self._brought(
                part,
                kept[part.name],
                msgspec.structs.replace(now, foreign=foreign.get(part.name, "")),
            )
            for part in parts
        ]

    def _split(self) -> list[str]:
        return sorted(self.index.split_keys)

    def _kept(self, part: Part) -> tuple[Path, _Told] | None:
        """Where a part's types stand and what is said of them; None where they must be found."""
        for place in sorted(self._folder.glob(f"{part.name}.*")):
            told = said_of(place, _Told)
            if told is not None and self._holds(told):
                return place, told
        return None

    def _holds(self, told: _Told) -> bool:
        """Whether what was settled is so still."""
        mine = layer_marks(self.index)
        is_earlier = told.layers == mine[: len(told.layers)] or told.layers == self._forgotten
        return is_earlier and all(
            self.index.template(entry.key) is not None
            for entry in told.entries
            if entry.known and not entry.key.startswith(TAG)
        )

    def _brought(self, part: Part, kept: tuple[Path, _Told] | None, now: _Told) -> TypedPart:
        """A part with its types, as they are by all that is known now."""
        if kept is not None and kept[1].made_by() == now:
            return TypedPart(part=part, folder=kept[0], told=kept[1])
        place = self._folder / f"{part.name}.{now.mark()}"
        make(place, lambda folder: self._filled(folder, part, now, kept))
        told = said_of(place, _Told)
        if told is None:
            raise OSError(f"{place} is not what was just written there")
        return TypedPart(part=part, folder=place, told=told)

    def _filled(
        self, folder: Path, part: Part, now: _Told, kept: tuple[Path, _Told] | None
    ) -> _Told:
        """Put the types of a part's rows into a folder, those that stand taken over."""
        with connect() as duck:
            self._agents.write_foreign(duck, part, folder / _FOREIGN)
            if kept is None:
                entries = self._found(folder / _TYPES, part, part.scan())
            else:
                is_same = kept[1].foreign == now.foreign
                entries = self._found_again(duck, folder, part, kept, same_agents=is_same)
            first, last = duck.execute(
                f"SELECT min(ts), max(ts) FROM {part.scan()}"  # noqa: S608 - our own paths
            ).fetchall()[0]
        return msgspec.structs.replace(now, entries=entries, first=first, last=last)

    def _found(self, target: Path, part: Part, rows: str) -> list[Entry]:
        agentic = self._agents.agentic(part, target.with_name(_FOREIGN))
        return Finder(self._store, self._reader).write(
            target,
            f"(SELECT *, {agentic} AS agentic FROM {rows})",  # noqa: S608 - our own columns
            self.index,
        )

    def _found_again(
        self,
        duck: duckdb.DuckDBPyConnection,
        folder: Path,
        part: Part,
        kept: tuple[Path, _Told],
        *,
        same_agents: bool,
    ) -> list[Entry]:
        """Look only at rows that may be something else now; all others stay what they are."""
        before, told = kept
        types, old = folder / _TYPES, read_sql(before / _TYPES)
        loose = self._loose(told)
        terms = [f"type_number IN ({','.join(map(str, loose))})"] if loose else []
        if not same_agents:
            both = [read_sql(place / _FOREIGN) for place in (before, folder)]
            terms += [
                f"{AGENT} IN (FROM {one} EXCEPT FROM {other})" for one, other in (both, both[::-1])
            ]
        entries = [entry for entry in told.entries if entry.number not in loose]
        if not terms:
            shutil.copyfile(before / _TYPES, types)
        else:
            found = folder / _AGAIN
            rows = (
                f"(SELECT logged.* FROM {part.scan()} AS logged JOIN {old} AS typed USING (n) "  # noqa: S608 - our own columns
                f"WHERE {' OR '.join(terms)})"
            )
            again = self._found(found, part, rows)
            entries = list({one.number: one for one in (*entries, *again)}.values())
            duck.execute(
                f"COPY (SELECT typed.* FROM {old} AS typed ANTI JOIN {read_sql(found)} AS again "  # noqa: S608
                f"USING (n) UNION ALL BY NAME FROM {read_sql(found)}) "
                f"TO {literal(str(types))} (FORMAT parquet)"
            )
            found.unlink()
        if _alike(duck, old, read_sql(types)):
            take_over(before, folder)
        return entries

    def _loose(self, told: _Told) -> set[int]:
        """Numbers of types whose rows may be something else by what is known now."""
        resplit = set(told.split) ^ self.index.split_keys
        loose = set()
        for entry in told.entries:
            template = self.index.template(entry.key)
            opening = template.opening if template is not None else ""
            if not entry.settled or entry.key in resplit or opening in resplit:
                loose.add(entry.number)
        return loose

    def _learn(self, parts: Iterable[Part], kept: Mapping[str, tuple[Path, _Told] | None]) -> None:
        """Learn from what is new, and from what no type fitted before."""
        rows = [one for part in parts if (one := self._unlearnt(part, kept[part.name]))]
        before = self.index
        for turn in range(_LEARNING_PASSES if rows else 0):
            sample = list(self._reader.shapes(self._sample(rows, turn)))
            unknown = [shape for shape in sample if not self.index.find(shape).known]
            learnt = TypeIndex.learn(unknown, base=self.index) if unknown else self.index
            if learnt is self.index:
                break
            self.index = learnt
        if self.index is not before:
            write_index(self._store.folder, self.index)

    def _unlearnt(self, part: Part, kept: tuple[Path, _Told] | None) -> str:
        """SQL's name for rows of a part that may teach something; empty where there are none."""
        if kept is None:
            return part.scan()
        place, told = kept
        loose = ",".join(map(str, self._loose(told)))
        return loose and (
            f"(SELECT logged.* FROM {part.scan()} AS logged JOIN {read_sql(place / _TYPES)} "  # noqa: S608 - our own columns
            f"AS typed USING (n) WHERE type_number IN ({loose}))"
        )

    def _sample(self, rows: Iterable[str], turn: int) -> Iterable[Row]:
        """Rows drawn at random; who made the call says nothing of a shape, and is not asked."""
        listed = " UNION ALL ".join(
            f"SELECT {COLUMNS} FROM (SELECT *, false AS agentic FROM {one})"  # noqa: S608
            for one in rows
        )
        with connect() as duck:
            found = duck.execute(
                f"SELECT * FROM ({listed}) USING SAMPLE reservoir({_SAMPLE_ROWS} ROWS) "  # noqa: S608
                f"REPEATABLE ({self._seed + turn})"
            ).fetchall()
        return sorted(Row(*row) for row in found)

    def _entries(self) -> dict[int, TypeEntry]:
        """What the parts' types are called now."""
        listed = {entry.number: entry for part in self.parts for entry in part.told.entries}
        found = {}
        for number, entry in listed.items():
            called = self.index.called(entry.key, known=entry.known, related_key=entry.related_key)
            found[number] = TypeEntry(
                number=number,
                name=called.name,
                key=entry.key,
                known=entry.known,
                related=called.related,
            )
        return found

    def _tidy(self) -> None:
        """Remove what was made of rows that are gone, and of types as they are no more."""
        keep = {part.folder.name for part in self.parts}
        keep |= self._agents.folders
        remove_others(self._folder, {*keep, f"{self.path.name}.answers.json"}, beginning=_OURS)


def layer_marks(index: TypeIndex) -> list[str]:
    """A mark of each thing that was learnt, in the order of learning."""
    return [
        blake2b(msgspec.json.encode(layer, order="deterministic"), digest_size=12).hexdigest()
        for layer in index.learnt.layers
    ]


def _alike(duck: duckdb.DuckDBPyConnection, old: str, new: str) -> bool:
    """Whether two files say the same of every row."""
    differing = f"FROM {old} EXCEPT FROM {new}"
    return not duck.execute(f"{differing} LIMIT 1").fetchall()


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
        entries = list(typed.entries.values())
        names = {name for entry in entries for name in _names_of(entry)}
        keys = {entry.key for entry in entries}
        learnt = forget(typed.index.learnt, keys=keys, names=names)
        write_index(store.folder, TypeIndex(learnt))
        # Names that were derived from what is forgotten are derived anew.
        TypedExchanges(store, forgotten=layer_marks(typed.index))


def _names_of(entry: TypeEntry) -> Iterator[str]:
    """What a type is called, and what it was called before anybody gave it a name."""
    yield entry.name
    yield entry.key.removeprefix(TAG) if entry.key.startswith(TAG) else NEW + entry.key[:8]
