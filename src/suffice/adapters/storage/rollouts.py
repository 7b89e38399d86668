"""
Rollouts in SQLite: where each stands, all that happened, and what the monitor has to go by.

A rollout is changed by compare-and-swap on its version, together with the events that tell of it,
in one transaction: of two controllers one wins, and a kill leaves both or neither.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

import msgspec

from suffice.adapters.storage.rollout_schema import cannot_use, open_database
from suffice.errors import RolloutChanged
from suffice.records.rollout import Rollout, RolloutEvent
from suffice.records.rollout_evidence import ArmWindow, ShadowPair

_Record = TypeVar("_Record", bound=msgspec.Struct)
_Done = TypeVar("_Done")
_ENCODE = msgspec.json.Encoder().encode
_MOST_ROWS = 100_000


class Kept(NamedTuple):
    """
    A rollout as it is kept.

    Attributes:
        rollout: Where it stands.
        number: The how-manieth rollout of its type it is, counted from 1.
    """

    rollout: Rollout
    number: int

    @property
    def dedup_key(self) -> str:
        """What names its troubles to whoever is told of them."""
        return f"suffice:{self.rollout.type}:{self.number}"


class Happened(NamedTuple):
    """
    An event as it is kept.

    Attributes:
        id: Its place among all events; never given twice.
        number: Of its type's rollouts, the how-manieth.
        event: What happened.
    """

    id: int
    number: int
    event: RolloutEvent


class Rating(NamedTuple):
    """What somebody said of one answer; the last word on a request holds."""

    request_id: str
    at: datetime
    good: bool
    by: str = ""
    note: str = ""


class PairCount(NamedTuple):
    """So many pairs with the same price (None: unknown), and the same reason to have no score."""

    pairs: int
    cost_usd: str | None
    is_scored: bool
    why_missing: str


class Rollouts:
    """
    The store, opened by `Rollouts.open`; a context that closes it.

    Every method raises `StorageError` where the database fails, with nothing changed.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self.path = path

    @classmethod
    def open(cls, path: Path, *, write: bool = True, make: bool = True) -> Self:
        """
        Open the store; one that is to be written is made where there is none, if it may be.

        Raises:
            StorageError: It cannot be opened, or was written by a later release.
        """
        return cls(open_database(path, write=write, make=make), path)

    def close(self) -> None:
        """Let go of the database."""
        self._db.close()

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the database."""
        self.close()

    def all(self) -> list[Kept]:
        """Every type's latest rollout, by type."""
        rows = self._rows("SELECT record, number FROM rollouts ORDER BY type")
        return [Kept(self._read(record, Rollout), number) for record, number in rows]

    def get(self, request_type: str) -> Kept | None:
        """A type's latest rollout; None where there never was one."""
        rows = self._rows("SELECT record, number FROM rollouts WHERE type = ?", request_type)
        return Kept(self._read(rows[0][0], Rollout), rows[0][1]) if rows else None

    def begin(self, rollout: Rollout, events: Sequence[RolloutEvent], *, after: int | None) -> Kept:
        """
        Put a new rollout of a type in the place of its last one.

        Args:
            rollout: The new one; its version must be beyond that of the last one.
            events: What there is to tell.
            after: The version of the last one; None: there was none.

        Raises:
            RolloutChanged: Somebody else has begun or changed one in the meantime.
        """
        with self._writing():
            number = self._number(rollout.type, after=after) + 1
            self._db.execute(
                "INSERT OR REPLACE INTO rollouts VALUES (?, ?, ?, ?)",
                (rollout.type, number, rollout.version, _ENCODE(rollout)),
            )
            self._append(events, number)
        return Kept(rollout, number)

    def save(self, rollout: Rollout, events: Sequence[RolloutEvent], *, after: int) -> Kept:
        """
        Put a rollout's next version in the place of one version, with what there is to tell.

        Args:
            rollout: Its next version.
            events: Told together with it or not at all.
            after: The version it was made from.

        Raises:
            RolloutChanged: It has another version by now; nothing was written.
        """
        with self._writing():
            number = self._number(rollout.type, after=after)
            self._db.execute(
                "UPDATE rollouts SET version = ?, record = ? WHERE type = ?",
                (rollout.version, _ENCODE(rollout), rollout.type),
            )
            self._append(events, number)
        return Kept(rollout, number)

    def tell(self, event: RolloutEvent) -> None:
        """Add an event that changes no rollout, such as that it could not be carried out."""
        with self._writing():
            row = self._db.execute(
                "SELECT number FROM rollouts WHERE type = ?", (event.type,)
            ).fetchone()
            self._append([event], int(row[0]) if row else 0)

    def is_carried_out(self, request_type: str) -> bool:
        """Whether every event of a type is in a policy."""
        return not self._rows(
            "SELECT 1 FROM events WHERE type = ? AND policy_version IS NULL LIMIT 1", request_type
        )

    def while_unchanged(self, kept: Kept, do: Callable[[], tuple[int | None, _Done]]) -> _Done:
        """
        Do something that only this version of a rollout may cause, with the store held.

        Nobody can change a rollout meanwhile, so nobody can carry out what it said before.

        Args:
            kept: The version that causes it.
            do: Returns the policy version that now carries the rollout out, or None where none
                does, and any result. Its errors undo nothing it did itself.

        Raises:
            RolloutChanged: It has another version by now; nothing was done.
        """
        with self._writing():
            self._number(kept.rollout.type, after=kept.rollout.version)
            policy_version, result = do()
            if policy_version is not None:
                self._db.execute(
                    "UPDATE events SET policy_version = ? "
                    "WHERE type = ? AND policy_version IS NULL",
                    (policy_version, kept.rollout.type),
                )
        return result

    def events(
        self,
        *,
        request_type: str | None = None,
        after: int = 0,
        since: datetime | None = None,
        most: int = _MOST_ROWS,
    ) -> list[Happened]:
        """
        What happened, oldest first; of too many the latest.

        Args:
            request_type: Of this type alone.
            after: Beyond this id.
            since: Not before.
            most: So many at most.
        """
        rows = self._rows(
            "SELECT id, number, policy_version, record FROM events "
            "WHERE id > ? AND at >= ? AND (? IS NULL OR type = ?) ORDER BY id DESC LIMIT ?",
            *(after, since.timestamp() if since else 0.0, request_type, request_type, most),
        )
        return [
            Happened(
                row_id,
                number,
                msgspec.structs.replace(
                    self._read(record, RolloutEvent), policy_version=policy_version
                ),
            )
            for row_id, number, policy_version, record in reversed(rows)
        ]

    def add_pairs(self, pairs: Sequence[ShadowPair]) -> int:
        """Keep pairs, each once by its id; how many were new."""
        with self._writing():
            before = self._db.total_changes
            self._db.executemany(
                "INSERT OR IGNORE INTO pairs (id, type, at, record) VALUES (?, ?, ?, ?)",
                [(pair.id, pair.type, pair.at.timestamp(), _ENCODE(pair)) for pair in pairs],
            )
            return self._db.total_changes - before

    def pairs(
        self,
        request_type: str,
        *,
        after: int = 0,
        since: datetime | None = None,
        most: int = _MOST_ROWS,
    ) -> list[ShadowPair]:
        """
        Pairs of a type in the order they were kept, each with its place.

        Args:
            request_type: The type.
            after: Beyond this place.
            since: Served not before.
            most: So many at most, the first ones.
        """
        rows = self._rows(
            "SELECT seq, record FROM pairs WHERE type = ? AND seq > ? AND at >= ? "
            "ORDER BY seq LIMIT ?",
            *(request_type, after, since.timestamp() if since else 0.0, most),
        )
        return [
            msgspec.structs.replace(self._read(record, ShadowPair), seq=seq) for seq, record in rows
        ]

    def pair_counts(self, request_type: str, *, since: datetime) -> list[PairCount]:
        """What all pairs of a type served since cost, and why some have no score; however many."""
        rows = self._rows(
            "SELECT count(*), json_extract(pair, '$.cost_usd') AS usd, "
            "json_extract(pair, '$.score') IS NOT NULL AS is_scored, "
            "coalesce(json_extract(pair, '$.why_missing'), '') AS why "
            "FROM (SELECT CAST(record AS TEXT) AS pair FROM pairs WHERE type = ? AND at >= ?) "
            "GROUP BY usd, is_scored, why",
            *(request_type, since.timestamp()),
        )
        return [PairCount(count, usd, bool(scored), why) for count, usd, scored, why in rows]

    def last_place(self) -> int:
        """The place of the last pair that was ever kept; 0 before the first."""
        rows = self._rows("SELECT seq FROM sqlite_sequence WHERE name = 'pairs'")
        return int(rows[0][0]) if rows else 0

    def add_window(self, window: ArmWindow) -> bool:
        """Keep what both arms did over a stretch; False where that place is taken already."""
        with self._writing():
            cursor = self._db.execute(
                "INSERT OR IGNORE INTO windows VALUES (?, ?, ?, ?)",
                (window.type, window.seq, window.ended.timestamp(), _ENCODE(window)),
            )
        return cursor.rowcount == 1

    def windows(self, request_type: str, *, after: int = 0) -> list[ArmWindow]:
        """What both arms of a type did, stretch by stretch, beyond a place."""
        rows = self._rows(
            "SELECT record FROM windows WHERE type = ? AND seq > ? ORDER BY seq",
            *(request_type, after),
        )
        return [self._read(record, ArmWindow) for (record,) in rows]

    def last_window(self, request_type: str) -> ArmWindow | None:
        """The latest stretch of a type; None before the first."""
        rows = self._rows(
            "SELECT record FROM windows WHERE type = ? ORDER BY seq DESC LIMIT 1", request_type
        )
        return self._read(rows[0][0], ArmWindow) if rows else None

    def rate(self, *ratings: Rating) -> None:
        """Keep what somebody said of answers, in the order it was said; all of it or nothing."""
        with self._writing():
            self._db.executemany(
                "INSERT INTO feedback (request_id, at, good, by, note) VALUES (?, ?, ?, ?, ?)",
                [
                    (one.request_id, one.at.timestamp(), int(one.good), one.by, one.note)
                    for one in ratings
                ],
            )

    def ratings(self, request_ids: Sequence[str]) -> dict[str, bool]:
        """The last word on each of these requests, where there is one."""
        wanted = _ENCODE(list(request_ids)).decode()
        rows = self._rows(
            "SELECT request_id, good FROM feedback "
            "WHERE request_id IN (SELECT value FROM json_each(?)) ORDER BY id",
            wanted,
        )
        return {request_id: bool(good) for request_id, good in rows}

    def ratings_between(self, began: datetime, ended: datetime) -> dict[str, bool]:
        """What was said of answers from one moment to another, excluded; the last word holds."""
        rows = self._rows(
            "SELECT request_id, good FROM feedback WHERE at >= ? AND at < ? ORDER BY id",
            *(began.timestamp(), ended.timestamp()),
        )
        return {request_id: bool(good) for request_id, good in rows}

    def told(self, alert: str, target: str) -> bool:
        """Whether a place was told of an alert, or can never be."""
        return bool(self._rows("SELECT 1 FROM told WHERE alert = ? AND target = ?", alert, target))

    def note_told(self, alert: str, target: str, *, at: datetime, delivered: bool) -> None:
        """Remember that a place was told of an alert, or that it was given up."""
        with self._writing():
            self._db.execute(
                "INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?)",
                (alert, target, at.timestamp(), int(delivered)),
            )

    def open_trouble(self, dedup_key: str, *, at: datetime) -> bool:
        """Whether a trouble is new; it is open from now on."""
        with self._writing():
            cursor = self._db.execute(
                "INSERT OR IGNORE INTO troubles VALUES (?, ?)", (dedup_key, at.timestamp())
            )
        return cursor.rowcount == 1

    def close_trouble(self, dedup_key: str) -> bool:
        """Whether a trouble was open; it is over from now on."""
        if not self._rows("SELECT 1 FROM troubles WHERE dedup_key = ?", dedup_key):
            return False
        with self._writing():
            cursor = self._db.execute("DELETE FROM troubles WHERE dedup_key = ?", (dedup_key,))
        return cursor.rowcount == 1

    def note(self, request_type: str, name: str, value: str, *, at: datetime) -> None:
        """Remember one value of a type by its name, such as the live prompt's version."""
        with self._writing():
            self._db.execute(
                "INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?)",
                (request_type, name, at.timestamp(), value),
            )

    def note_instead(
        self, request_type: str, name: str, value: str, *, before: str, at: datetime
    ) -> bool:
        """Note a value in the place of another (empty: of none); False where it is not there."""
        with self._writing():
            row = self._db.execute(
                "SELECT value FROM notes WHERE type = ? AND name = ?", (request_type, name)
            ).fetchone()
            if ("" if row is None else str(row[0])) != before:
                return False
            self._db.execute(
                "INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?)",
                (request_type, name, at.timestamp(), value),
            )
        return True

    def noted(self, request_type: str, name: str) -> str:
        """A value that was noted; empty where none was."""
        rows = self._rows("SELECT value FROM notes WHERE type = ? AND name = ?", request_type, name)
        return str(rows[0][0]) if rows else ""

    def _number(self, request_type: str, *, after: int | None) -> int:
        """The number of a type's rollout, if it still has the version it should have."""
        row = self._db.execute(
            "SELECT number, version FROM rollouts WHERE type = ?", (request_type,)
        ).fetchone()
        number, found = (0, None) if row is None else (int(row[0]), int(row[1]))
        if found != after:
            raise RolloutChanged(
                f"The rollout of {request_type} was changed in the meantime"
                f"{'' if found is None else f': it has version {found}, not {after}'}.",
                effect="Nothing of this change was written.",
                next_step=f"Look at it with `suffice rollout status {request_type}`, and again.",
            )
        return number

    def _append(self, events: Sequence[RolloutEvent], number: int) -> None:
        self._db.executemany(
            "INSERT INTO events (type, number, at, kind, policy_version, record) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    *(event.type, number, event.at.timestamp(), event.kind),
                    *(event.policy_version, _ENCODE(event)),
                )
                for event in events
            ],
        )

    def _read(self, record: bytes, kind: type[_Record]) -> _Record:
        try:
            return msgspec.json.decode(record, type=kind)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise cannot_use(self.path, f"a record is damaged: {error}") from error

    def _rows(self, query: str, *values: str | float | None) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise cannot_use(self.path, str(error)) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction: all of it or nothing."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise cannot_use(self.path, str(error)) from error
