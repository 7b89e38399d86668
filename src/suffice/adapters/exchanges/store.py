"""The store of exchanges: add once, read by row, delete for good."""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from suffice.adapters.exchanges.bodies import Bodies
from suffice.adapters.exchanges.columns import StoredExchange
from suffice.adapters.exchanges.ledger import Ledger, unusable
from suffice.adapters.exchanges.preparing import Body, Prepared, Preparer, Unfit
from suffice.adapters.exchanges.progress import FileProgress
from suffice.adapters.exchanges.rewriting import Deleted, Rewriting, new_name
from suffice.adapters.exchanges.segments import (
    connect,
    literal,
    read_rows,
    scan_of,
    write_segment,
)
from suffice.errors import EmptyInput, StorageError
from suffice.records import LoggedExchange

_LEDGER, _LOCK = "ledger.sqlite", ".lock"
_ROWS_TO_WRITE = 20_000
_BYTES_TO_WRITE = 64 * 2**20
_NAMES_REMEMBERED = 100_000


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a store holds.

    Attributes:
        exchanges: Rows.
        bodies: Distinct messages, prompts and answers.
        bytes_on_disk: Of the whole folder.
        bytes_logged: Of the requests and answers as they stood in the logs.
        first_ts: The earliest time told.
        last_ts: The latest.
    """

    exchanges: int
    bodies: int
    bytes_on_disk: int
    bytes_logged: int
    first_ts: float | None
    last_ts: float | None


class Exchanges:
    """
    A folder of exchanges, readable by its owner alone.

    Metadata stands in Parquet segments, listed by the ledger that also holds bodies, marks and
    the progress of files. A segment and all that belongs to it come into force in one
    transaction, so that a kill at any point loses at most what was not written yet, and the next
    scan goes on from there. There is one writer at a time and any number of readers.

    Attributes:
        masked: Placeholders in what was added and new, by kind.
        elsewhere: How many were not added as another format's log told of them before.
    """

    def __init__(self, folder: Path, *, lock: int | None) -> None:
        self.folder = folder
        self._lock = lock
        self._ledger = Ledger(folder / _LEDGER)
        self._bodies = Bodies(self._ledger)
        self._rewriting = Rewriting(folder, self._ledger)
        self._rows: list[StoredExchange] = []
        self._marks: set[bytes] = set()
        self._files: dict[bytes, tuple[FileProgress, FileProgress | None]] = {}
        self._last_n = self._ledger.last_n()
        self._failed = False
        self._preparer = Preparer()
        self._named: set[bytes] = set()
        self.masked: Counter[str] = Counter()
        self.elsewhere = 0
        self._called: dict[bytes, str] = {}
        if lock is not None:
            self._ledger.prepare_to_write()
            self._rewriting.remove_leftovers()

    @classmethod
    def open(cls, folder: Path, *, write: bool = True) -> Self:
        """
        The store in a folder, made where there is none and it is to be written.

        Raises:
            EmptyInput: It is to be read, and there is none.
            StorageError: It cannot be used, or somebody else is writing it.
        """
        if not write:
            if not (folder / _LEDGER).is_file():
                raise EmptyInput(
                    f"There are no exchanges in {folder}.",
                    effect="Nothing was read.",
                    next_step="Read some logs first: `suffice scan FILES`.",
                )
            return cls(folder, lock=None)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise unusable(folder, error.strerror or str(error)) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise StorageError(
                f"Another suffice is writing {folder}.",
                effect="Nothing was changed.",
                next_step="Wait for it to end, or choose another folder with --data.",
            ) from error
        return cls(folder, lock=lock)

    @property
    def db_path(self) -> Path:
        """The ledger's SQLite file."""
        return self.folder / _LEDGER

    def __enter__(self) -> Self:
        """Use it as a context: what was added is written at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what was added, also after somebody else's error, and close it."""
        self.close()

    def close(self) -> None:
        """Write what waits, merge small segments, and let others write."""
        try:
            if self._lock is not None and not self._failed:
                self.flush()
                self._rewriting.merge_small()
        finally:
            self._ledger.close()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def add(self, batch: Iterable[LoggedExchange]) -> int:
        """
        Keep those that are not kept yet, by source and id; returns how many that were.

        Nor is a call kept again that another format's log told of, by the provider's own name of
        it. What was deleted once does not come back. Masking is the caller's: nothing is changed.

        Raises:
            StorageError: They cannot be written.
            ValueError: One of them has a value that cannot be written at all.
        """
        return sum(self._added(self._preparer.batch([exchange])) for exchange in batch)

    def add_prepared(self, batch: Sequence[Prepared]) -> list[bool]:
        """
        As `add`, of exchanges whose texts were worked on elsewhere; says of each whether it is new.

        Args:
            batch: As one call of `Preparer.batch` made it: bodies stand where they come first.

        Raises:
            StorageError: They cannot be written.
        """
        bodies = {body.digest: body for one in batch for body in one.bodies}
        self._bodies.look_up(bodies)
        known = self._ledger.marked([one.mark for one in batch if one.mark])
        called = self._ledger.called([mark for one in batch for mark in one.called])
        added = [self._is_added(one, known, bodies, called) for one in batch]
        if len(self._rows) >= _ROWS_TO_WRITE or self._bodies.waiting_bytes > _BYTES_TO_WRITE:
            self.flush()
        return added

    def _added(self, prepared: Sequence[Prepared | Unfit]) -> int:
        fit = [one for one in prepared if isinstance(one, Prepared)]
        if len(fit) < len(prepared):
            raise ValueError(next(one.reason for one in prepared if isinstance(one, Unfit)))
        return sum(self.add_prepared(fit))

    def note_progress(self, now: FileProgress, *, before: FileProgress | None = None) -> None:
        """Remember how far a file is read; it counts once what was added before it is written."""
        known = self._files.get(now.head)
        self._files[now.head] = (now, known[1] if known else before)

    def progress_of(self, head: bytes) -> list[FileProgress]:
        """All that is known of files with this first line, the shortest beginning first."""
        return self._ledger.files(head)

    def flush(self) -> None:
        """
        Write everything added so far.

        Raises:
            StorageError: The disk does not take it; nothing of it counts.
        """
        if not self._rows and not self._files:
            return
        # What a half-written flush leaves in memory is not what is on the disk: try no second.
        self._failed = True
        name = new_name()
        if self._rows:
            write_segment(self.folder / name, self._rows)
        with self._ledger.transaction():
            if self._rows:
                self._ledger.add_segment(name, first_n=self._rows[0].n, rows=len(self._rows))
            self._ledger.add_bodies(self._bodies.take_waiting())
            self._ledger.add_marks(self._marks)
            self._ledger.add_called(self._called)
            for now, before in self._files.values():
                self._ledger.note_file(now, before=before)
            self._ledger.set_counters(key=self._bodies.last_key, n=self._last_n)
        self._rows, self._marks = [], set()
        self._called, self._files = {}, {}
        self._failed = False

    def segments(self) -> list[Path]:
        """The Parquet files in force, in the order of their rows; for `read_parquet`."""
        return [self.folder / name for name, _, _ in self._ledger.segments()]

    def held(self) -> list[tuple[str, int, int]]:
        """Name, first row number and rows of every segment in force, in order."""
        return self._ledger.segments()

    def rows(self, *, where: str = "true") -> Iterator[StoredExchange]:
        """
        Metadata by row number, as a stream.

        Args:
            where: A condition in DuckDB's SQL over the columns of `StoredExchange`.
        """
        return read_rows(self.segments(), where=where)

    def __len__(self) -> int:
        """How many exchanges are kept."""
        return sum(rows for _, _, rows in self._ledger.segments())

    def body(self, key: int) -> Any:
        """One body, decoded; None for 0 and for one that is deleted."""
        return self._bodies.read([key]).get(key)

    def bodies(self, keys: Sequence[int]) -> dict[int, Any]:
        """Several at once; 0 and deleted ones are left out."""
        return self._bodies.read(list(keys))

    def request(self, row: StoredExchange) -> dict[str, Any]:
        """The request as it was logged, without its model; empty where the log held none."""
        keys = [row.system_key, row.tools_key, row.settings_key, *row.message_keys]
        found = self._bodies.read(keys)
        request: dict[str, Any] = dict(found.get(row.settings_key, {}))
        for name, key in (("system", row.system_key), ("tools", row.tools_key)):
            if key in found:
                request[name] = found[key]
        if row.message_keys:
            request["messages"] = [found[key] for key in row.message_keys if key in found]
        return request

    def response(self, row: StoredExchange) -> tuple[str, tuple[dict[str, Any], ...]]:
        """The answer's text and blocks; empty where the log held none."""
        kept = self.body(row.response_key) or {"text": "", "blocks": []}
        return kept["text"], tuple(kept["blocks"])

    def delete(
        self, *, session: str | None = None, user: str | None = None, before: float | None = None
    ) -> Deleted:
        """
        Delete what fulfils all conditions given, with every body nothing else needs.

        The bytes are overwritten, and a later scan of the same logs does not bring them back.

        Args:
            session: Of this conversation.
            user: Made for this user.
            before: Sent before this time; what has no time stays.

        Raises:
            ValueError: No condition is given.
            StorageError: It cannot be written; nothing is deleted.
        """
        terms = [
            f"{column} = {literal(value)}"
            for column, value in (("session", session), ('"user"', user))
            if value is not None
        ]
        if before is not None:
            terms.append(f"ts < {literal(before)}")
        if not terms:
            raise ValueError("say what is to be deleted")
        return self._delete(" AND ".join(terms))

    def shrink(self, most_bytes: int) -> Deleted:
        """
        Delete the oldest exchanges until the folder is no larger than this.

        What has no time counts by its place in the order of import.

        Raises:
            StorageError: It cannot be written.
        """
        gone, bodies = 0, 0
        while (size := self.bytes_on_disk()) > most_bytes and len(self):
            share = min(1.0, 1.05 * (1 - most_bytes / size))
            drop = max(1, int(len(self) * share))
            with connect() as duck:
                oldest = f"SELECT n FROM {scan_of(self.segments())} ORDER BY ts NULLS FIRST, n LIMIT {drop}"  # noqa: S608, E501 - numbers only
                numbers = [row[0] for row in duck.execute(oldest).fetchall()]
            done = self._delete(f"n IN ({','.join(map(str, numbers))})")
            gone, bodies = gone + done.exchanges, bodies + done.bodies
        return Deleted(gone, bodies)

    def holdings(self) -> Holdings:
        """What the store holds, in numbers."""
        with connect() as duck:
            logged, first, last = duck.execute(
                f"SELECT coalesce(sum(size_bytes), 0), min(ts), max(ts) FROM {scan_of(self.segments())}"  # noqa: S608, E501 - our own paths
            ).fetchall()[0]
        return Holdings(
            exchanges=len(self),
            bodies=self._ledger.bodies()[0],
            bytes_on_disk=self.bytes_on_disk(),
            bytes_logged=int(logged),
            first_ts=first,
            last_ts=last,
        )

    def bytes_on_disk(self) -> int:
        """Of all files in the folder."""
        return sum(entry.stat().st_size for entry in self.folder.rglob("*") if entry.is_file())

    def _is_added(
        self,
        one: Prepared,
        known: set[bytes],
        bodies: Mapping[bytes, Body],
        called: Mapping[bytes, str],
    ) -> bool:
        if one.mark and (one.mark in known or one.mark in self._marks):
            return False
        sources = {self._called.get(mark) or called.get(mark) for mark in one.called} - {None}
        if sources - {one.row.source}:
            self.elsewhere += 1
            return False
        self._called |= dict.fromkeys(one.called, one.row.source)
        parts = (one.system, one.tools, one.settings, one.response, *one.messages)
        for digest in dict.fromkeys(filter(None, parts)):
            if self._bodies.is_new(digest):
                self.masked.update(kind.decode() for kind in bodies[digest].masked)
        system, tools, settings, response, *messages = (
            self._bodies.key_of(digest, bodies) for digest in parts
        )
        self._count_named(one)
        self._last_n += 1
        self._rows.append(
            msgspec.structs.replace(
                one.row,
                n=self._last_n,
                id=one.row.id or f"row-{self._last_n}",
                system_key=system,
                tools_key=tools,
                settings_key=settings,
                response_key=response,
                message_keys=messages,
            )
        )
        if one.mark:
            self._marks.add(one.mark)
        return True

    def _count_named(self, one: Prepared) -> None:
        """Names come with every call of theirs: each is counted once, as far as is remembered."""
        for placeholder in one.named:
            if placeholder not in self._named and len(self._named) < _NAMES_REMEMBERED:
                self._named.add(placeholder)
                self.masked[placeholder[1:].split(b":")[0].decode()] += 1

    def _delete(self, condition: str) -> Deleted:
        self.flush()
        done = self._rewriting.delete(
            condition, last_key=self._bodies.last_key, last_n=self._last_n
        )
        self._bodies.forget()
        return done
