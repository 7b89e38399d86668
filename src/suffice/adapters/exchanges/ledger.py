"""The SQLite file beside the segments: bodies, marks of what is in, and how far files were read."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from suffice.adapters.exchanges.progress import FileProgress
from suffice.errors import StorageError

_VERSION = 1
_KEYS_AT_ONCE = 500
_SCHEMA = """
CREATE TABLE bodies (key INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, body BLOB NOT NULL);
CREATE TABLE marks (mark BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE segments (name TEXT PRIMARY KEY, first_n INTEGER NOT NULL, rows INTEGER NOT NULL);
CREATE TABLE files (
  head BLOB NOT NULL, lines INTEGER NOT NULL, digest BLOB NOT NULL, source TEXT NOT NULL,
  PRIMARY KEY (head, digest)
) WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
# An earlier release reads a ledger with it, and adds nothing to it.
_CALLED = (
    "CREATE TABLE IF NOT EXISTS called (mark BLOB PRIMARY KEY, source TEXT NOT NULL) WITHOUT ROWID"
)


class Ledger:
    """
    One connection to the ledger; every change is one transaction of the store.

    Raises:
        StorageError: It cannot be opened, or was written by a later version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        fresh = not path.exists()
        with contextlib.ExitStack() as unless_opened:
            try:
                if fresh:
                    path.touch(mode=0o600)
                self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
                unless_opened.callback(self._db.close)
                found = self._prepared()
            except (OSError, sqlite3.Error) as error:
                raise unusable(path, str(error)) from error
            if found > _VERSION:
                raise unusable(path, "a later version of suffice wrote it")
            unless_opened.pop_all()

    def _prepared(self) -> int:
        """Set the connection up; the version of what is there."""
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA secure_delete=ON")
        self._db.execute("PRAGMA cache_size=-65536")
        found = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if found == 0:
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT;")
        return found

    def prepare_to_write(self) -> None:
        """Make what a ledger of an earlier release lacks."""
        try:
            self._db.execute(_CALLED)
        except sqlite3.Error as error:
            raise unusable(self.path, str(error)) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """
        All that is written inside, or nothing of it.

        Raises:
            StorageError: The disk does not take it; the ledger is as it was.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._undo()
            raise unusable(self.path, str(error)) from error
        except BaseException:
            self._undo()
            raise

    def close(self) -> None:
        """Fold the write-ahead log into the file and let go of it."""
        # Where somebody else still reads, the log is folded in at the next closing.
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()

    def keys_of(self, digests: Sequence[bytes]) -> dict[bytes, int]:
        """The keys of those of these bodies that are kept."""
        found = self._among("SELECT digest, key FROM bodies WHERE digest IN", digests)
        return {bytes(digest): int(key) for digest, key in found}

    def packed(self, keys: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """The bodies of these keys, as they are kept."""
        return self._among("SELECT key, body FROM bodies WHERE key IN", keys)

    def last_key(self) -> int:
        """The highest key ever given, also where its body is deleted since."""
        return self._counter("key", "SELECT max(key) FROM bodies")

    def last_n(self) -> int:
        """The highest row number ever given."""
        return self._counter("n", "SELECT max(first_n + rows - 1) FROM segments")

    def set_counters(self, *, key: int, n: int) -> None:
        """Remember the highest numbers given, so that none is ever given twice."""
        self._db.executemany(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            [("key", key), ("n", n)],
        )

    def marked(self, marks: Sequence[bytes]) -> set[bytes]:
        """Those of these exchanges that came in before, even if they are deleted since."""
        return {bytes(row[0]) for row in self._among("SELECT mark FROM marks WHERE mark IN", marks)}

    def called(self, marks: Sequence[bytes]) -> dict[bytes, str]:
        """In which format exchanges with these names of a provider's came in first."""
        found = self._among("SELECT mark, source FROM called WHERE mark IN", marks)
        return {bytes(mark): source for mark, source in found}

    def add_called(self, marks: Mapping[bytes, str]) -> None:
        """Remember in which format exchanges with these names of a provider's came in."""
        self._db.executemany("INSERT OR IGNORE INTO called VALUES (?, ?)", marks.items())

    def add_marks(self, marks: Iterable[bytes]) -> None:
        """Remember that these exchanges came in."""
        self._db.executemany("INSERT OR IGNORE INTO marks VALUES (?)", ((one,) for one in marks))

    def add_bodies(self, bodies: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Keep bodies as (key, digest, packed)."""
        self._db.executemany("INSERT INTO bodies VALUES (?, ?, ?)", bodies)

    def drop_bodies(self, keys: Iterable[int]) -> None:
        """Delete bodies; their bytes are overwritten."""
        self._db.executemany("DELETE FROM bodies WHERE key = ?", ((key,) for key in keys))

    def bodies(self) -> tuple[int, int]:
        """How many bodies are kept, and their packed bytes."""
        count, size = self._db.execute(
            "SELECT count(*), coalesce(sum(length(body)), 0) FROM bodies"
        ).fetchone()
        return int(count), int(size)

    def segments(self) -> list[tuple[str, int, int]]:
        """Name, first row number and rows of every segment in force, in order."""
        return list(self._db.execute("SELECT name, first_n, rows FROM segments ORDER BY first_n"))

    def add_segment(self, name: str, *, first_n: int, rows: int) -> None:
        """Put a segment in force."""
        self._db.execute("INSERT INTO segments VALUES (?, ?, ?)", (name, first_n, rows))

    def drop_segments(self, names: Iterable[str]) -> None:
        """Take segments out of force."""
        self._db.executemany("DELETE FROM segments WHERE name = ?", ((name,) for name in names))

    def files(self, head: bytes) -> list[FileProgress]:
        """All beginnings read of files with this first line."""
        rows = self._db.execute(
            "SELECT head, lines, digest, source FROM files WHERE head = ? ORDER BY lines", (head,)
        )
        return [FileProgress(head=a, lines=b, digest=c, source=d) for a, b, c, d in rows]

    def note_file(self, now: FileProgress, *, before: FileProgress | None) -> None:
        """Remember how far a file was read, in place of what was known of it before."""
        if before is not None:
            self._db.execute(
                "DELETE FROM files WHERE head = ? AND digest = ?", (before.head, before.digest)
            )
        self._db.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
            (now.head, now.lines, now.digest, now.source),
        )

    def forget_space(self) -> None:
        """Give the room of deleted bodies back to the disk."""
        try:
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise unusable(self.path, str(error)) from error

    def _among(self, question: str, values: Sequence[bytes] | Sequence[int]) -> Iterator[Any]:
        """The rows for each of these values, asked for a few hundred at a time."""
        for begin in range(0, len(values), _KEYS_AT_ONCE):
            some = values[begin : begin + _KEYS_AT_ONCE]
            marks = ",".join("?" * len(some))
            yield from self._db.execute(f"{question} ({marks})", some)

    def _undo(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _counter(self, name: str, otherwise: str) -> int:
        row = self._db.execute("SELECT value FROM counters WHERE name = ?", (name,)).fetchone()
        if row is None:
            row = self._db.execute(otherwise).fetchone()
        return int(row[0] or 0)


def unusable(path: Path, why: str) -> StorageError:
    """The coded error for a data folder that cannot be used."""
    return StorageError(
        f"{path} cannot be used: {why[:200]}.",
        effect="Everything kept before this is safe.",
        next_step="Check the folder, its room and its permissions, or choose another with --data.",
    )
