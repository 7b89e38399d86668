"""The tables of rollouts, and how their database is opened."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from suffice.errors import StorageError

VERSION = 1
# A writer holds the lock for milliseconds; waiting longer means that something is stuck.
LOCK_S = 5.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rollouts (
    type TEXT PRIMARY KEY, number INTEGER NOT NULL, version INTEGER NOT NULL, record BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, number INTEGER NOT NULL,
    at REAL NOT NULL, kind TEXT NOT NULL, policy_version INTEGER, record BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_type ON events (type, id);
CREATE TABLE IF NOT EXISTS pairs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
    at REAL NOT NULL, record BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS pairs_by_type ON pairs (type, seq);
CREATE TABLE IF NOT EXISTS windows (
    type TEXT NOT NULL, seq INTEGER NOT NULL, ended REAL NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (type, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS feedback (
    id INTEGER PRIMARY KEY AUTOINCREMENT, request_id TEXT NOT NULL, at REAL NOT NULL,
    good INTEGER NOT NULL, by TEXT NOT NULL, note TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS feedback_by_request ON feedback (request_id, id);
CREATE TABLE IF NOT EXISTS told (
    alert TEXT NOT NULL, target TEXT NOT NULL, at REAL NOT NULL, delivered INTEGER NOT NULL,
    PRIMARY KEY (alert, target)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS troubles (
    dedup_key TEXT PRIMARY KEY, since REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (
    type TEXT NOT NULL, name TEXT NOT NULL, at REAL NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (type, name)
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS events_stay BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE TRIGGER IF NOT EXISTS events_are_written_once BEFORE UPDATE ON events
    WHEN OLD.policy_version IS NOT NULL OR NEW.policy_version IS NULL
        OR (OLD.id, OLD.type, OLD.number, OLD.at, OLD.kind, OLD.record)
        IS NOT (NEW.id, NEW.type, NEW.number, NEW.at, NEW.kind, NEW.record)
    BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
"""


def open_database(path: Path, *, write: bool, make: bool = True) -> sqlite3.Connection:
    """
    The database of rollouts, in WAL mode, so that readers never wait.

    Args:
        path: Where it is.
        write: Whether it is to be written; else it is opened for reading alone.
        make: Whether one that is to be written is made where there is none.

    Raises:
        StorageError: It cannot be opened, or was written by a later release.
    """
    try:
        with contextlib.ExitStack() as unless_opened:
            if write and make:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.touch(0o600)
            uri = f"{path.absolute().as_uri()}?mode={'rw' if write else 'ro'}"
            connection = sqlite3.connect(uri, uri=True, timeout=LOCK_S, isolation_level=None)
            unless_opened.callback(connection.close)
            _check_version(connection, path)
            if write:
                _make(connection)
            unless_opened.pop_all()
    except (sqlite3.Error, OSError) as error:
        raise cannot_use(path, str(error)) from error
    return connection


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > VERSION:
        raise cannot_use(path, f"it has version {found}, this release reads {VERSION}")


def _make(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    # A rollback that is lost with the power would be one that nobody made.
    connection.execute("PRAGMA synchronous = FULL")
    if int(connection.execute("PRAGMA user_version").fetchone()[0]) == VERSION:
        return
    # One transaction: a kill leaves no half of a schema that calls itself whole.
    connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")


def cannot_use(path: Path, why: str) -> StorageError:
    """The coded error for a store that fails."""
    return StorageError(
        f"The rollouts {path} cannot be used: {why}.",
        effect="Nothing was changed; the policy in force serves on.",
        next_step="Make room, give the folder back its rights, or move the file away.",
    )
