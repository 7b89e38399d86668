"""The account in SQLite: exchanges, what they cost, and roll-ups per day, type and key."""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec

from suffice.catalog import Catalog
from suffice.errors import PriceUnknown, StorageError
from suffice.gateway import body_store
from suffice.gateway.ceiling import ceiling
from suffice.pricing import cost, counterfactual_usd
from suffice.records import ExchangeRecord, Usage

# Dollars are whole numbers of 1e-12 dollars: exact at every list price, and SQL can add them.
PICO = 10**12
_LONG_LOCK_S = 10.0
# Beyond it a sum could leave SQLite's integers; no answer costs so much.
_MOST_USD = 10**5

_SCHEMA = """
CREATE TABLE IF NOT EXISTS exchanges (
    id TEXT PRIMARY KEY, ts REAL NOT NULL, day TEXT NOT NULL,
    request_id TEXT, session TEXT, type TEXT NOT NULL, requested_model TEXT, served_model TEXT,
    arm TEXT NOT NULL, reason TEXT, policy_version TEXT, path TEXT, status INTEGER NOT NULL,
    attempt INTEGER NOT NULL, answered INTEGER NOT NULL, retry_count INTEGER NOT NULL,
    streamed INTEGER NOT NULL, complete INTEGER NOT NULL, outcome TEXT NOT NULL,
    stop_reason TEXT, error_type TEXT, key TEXT NOT NULL, message_id TEXT,
    input_tokens INTEGER, cache_read_tokens INTEGER, cache_write_5m_tokens INTEGER,
    cache_write_1h_tokens INTEGER, output_tokens INTEGER, thinking_tokens INTEGER,
    usage_complete INTEGER, usage TEXT, deltas INTEGER NOT NULL,
    picousd INTEGER, requested_picousd INTEGER,
    ttft_s REAL, duration_s REAL, request_bytes INTEGER, response_bytes INTEGER,
    request_body INTEGER, response_body INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS exchanges_by_day ON exchanges (day, type);
CREATE INDEX IF NOT EXISTS exchanges_by_time ON exchanges (ts);
CREATE INDEX IF NOT EXISTS exchanges_by_request ON exchanges (request_id);
CREATE TABLE IF NOT EXISTS rollups (
    day TEXT, type TEXT, key TEXT, requested_model TEXT, served_model TEXT, arm TEXT,
    attempts INTEGER NOT NULL, requests INTEGER NOT NULL, errors INTEGER NOT NULL,
    cut INTEGER NOT NULL, retries INTEGER NOT NULL, unpriced INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL, cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
    picousd INTEGER NOT NULL, ceiling_picousd INTEGER NOT NULL, saved_picousd INTEGER NOT NULL,
    PRIMARY KEY (day, type, key, requested_model, served_model, arm)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS taken (
    segment TEXT PRIMARY KEY, writer TEXT NOT NULL, upto INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS writers (
    writer TEXT PRIMARY KEY, number INTEGER NOT NULL, seen REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS agents (
    id TEXT PRIMARY KEY, agent_id TEXT NOT NULL, parent_agent_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS agents_go AFTER DELETE ON exchanges
BEGIN DELETE FROM agents WHERE id = old.id; END;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_VERSION = 1
# Records taken in a row: a third of a millisecond, a small part of what one request may wait.
_STRETCH = 8


class Priced(NamedTuple):
    """
    What one exchange cost.

    Attributes:
        picousd: None where it cannot be told; never zero for want of a price.
        ceiling_picousd: What an unpriced one counts for against a budget.
        requested_picousd: The same tokens on the model the client asked for; None where that is
            the model that served, or cannot be told.
    """

    picousd: int | None
    ceiling_picousd: int
    requested_picousd: int | None


class Taken(NamedTuple):
    """One record out of the spool, with the place that names it."""

    segment: str
    offset: int
    number: int
    exchange: ExchangeRecord


def open_account(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """
    The account's database, in WAL mode, so that readers never wait.

    Raises:
        StorageError: It cannot be opened, or was written by a later release.
    """
    try:
        if readonly:
            uri = f"{path.absolute().as_uri()}?mode=ro"
            return sqlite3.connect(
                uri, uri=True, timeout=_LONG_LOCK_S, isolation_level=None, check_same_thread=False
            )
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(0o600)
        with contextlib.ExitStack() as unless_opened:
            connection = sqlite3.connect(path, timeout=_LONG_LOCK_S, isolation_level=None)
            unless_opened.callback(connection.close)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            found = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if found > _VERSION:
                raise _cannot_open(path, f"it has version {found}, this release reads {_VERSION}")
            connection.executescript(_SCHEMA + body_store.SCHEMA)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            unless_opened.pop_all()
    except (sqlite3.Error, OSError) as error:
        raise _cannot_open(path, str(error)) from error
    return connection


def _cannot_open(path: Path, why: str) -> StorageError:
    return StorageError(
        f"The account {path} cannot be opened: {why}.",
        effect="Requests are served as before; exchanges wait in the spool up to its bound.",
        next_step="Make room, give the folder back its rights, or move the file away.",
    )


def price(exchange: ExchangeRecord, catalog: Catalog) -> Priced:
    """
    What an exchange cost by the prices of its day.

    An answer without usage is unpriced where one may have been billed, and free where the
    provider answered with an error.

    >>> from suffice.catalog import load_catalog
    >>> price(ExchangeRecord(ts=0.0, status=529), load_catalog())
    Priced(picousd=0, ceiling_picousd=0, requested_picousd=None)
    """
    usage, at = exchange.usage, datetime.fromtimestamp(exchange.ts, UTC)
    if usage is None:
        return Priced(None if exchange.may_be_billed else 0, 0, None)
    model = exchange.served_model or exchange.requested_model
    try:
        spent = _pico(cost(usage, model, at=at, catalog=catalog))
    except PriceUnknown:
        return Priced(None, _pico(ceiling(usage, at=at, catalog=catalog)), None)
    return Priced(spent, spent, _requested(exchange, usage, model, at=at, catalog=catalog))


def spent_or_ceiling(exchange: ExchangeRecord, usage: Usage, catalog: Catalog) -> int:
    """What a usage cost in 1e-12 dollars; where that is not known, the most it can have."""
    at = datetime.fromtimestamp(exchange.ts, UTC)
    model = exchange.served_model or exchange.requested_model
    try:
        return _pico(cost(usage, model, at=at, catalog=catalog))
    except PriceUnknown:
        return _pico(ceiling(usage, at=at, catalog=catalog))


def _requested(
    exchange: ExchangeRecord, usage: Usage, model: str, *, at: datetime, catalog: Catalog
) -> int | None:
    if exchange.arm != "candidate" or exchange.requested_model in {"", model}:
        return None
    try:
        other_usd = counterfactual_usd(
            usage, served_by=model, model=exchange.requested_model, at=at, catalog=catalog
        )
    except PriceUnknown:
        return None
    return _pico(other_usd)


def _pico(usd: Decimal) -> int:
    if usd > _MOST_USD:
        raise OverflowError(f"${usd} for one exchange")
    # A negotiated price may have more digits than list prices have; half a trillionth is lost.
    return int((usd * PICO).to_integral_value())


def take_in(
    connection: sqlite3.Connection,
    batch: Sequence[Taken],
    *,
    upto: dict[str, tuple[str, int]],
    catalog: Catalog,
    now: float,
) -> tuple[int, int]:
    """
    Add a batch to the account, all of it or nothing, each record once whatever happened before.

    Args:
        connection: As `open_account` returns it.
        batch: Records, in their writers' order.
        upto: Segment -> (writer, offset up to which it is now taken).
        catalog: Where prices are.
        now: Seconds since 1970.

    Returns:
        How many records were new, and how many are such that no account can hold them.

    Raises:
        sqlite3.Error: The batch is not in the account; the caller may try again.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        fresh = impossible = 0
        for number, taken in enumerate(batch):
            if number % _STRETCH == 0:
                # Where a worker waits for this processor, a request waits.
                os.sched_yield()
            try:
                fresh += _insert(connection, taken, catalog)
            except (OverflowError, ValueError):
                # Counted and passed over: it would be as impossible at every restart.
                impossible += 1
        connection.executemany(
            "INSERT INTO taken VALUES (?, ?, ?) "
            "ON CONFLICT (segment) DO UPDATE SET upto = excluded.upto",
            [(segment, writer, end) for segment, (writer, end) in upto.items()],
        )
        connection.executemany(
            "INSERT INTO writers VALUES (?, ?, ?) ON CONFLICT (writer) DO UPDATE "
            "SET number = max(number, excluded.number), seen = excluded.seen",
            [(upto[taken.segment][0], taken.number, now) for taken in batch],
        )
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return fresh, impossible


def _insert(connection: sqlite3.Connection, taken: Taken, catalog: Catalog) -> bool:
    exchange = taken.exchange
    day = datetime.fromtimestamp(exchange.ts, UTC).date().isoformat()
    priced = price(exchange, catalog)
    name = exchange.id or f"{taken.segment}:{taken.offset}"
    row = _row(exchange, name=name, day=day, priced=priced)
    inserted = connection.execute(_inserting(len(row)), row).rowcount
    if inserted:
        _roll_up(connection, exchange, day=day, priced=priced)
        _keep_bodies(connection, exchange, name=name, day=day)
        if exchange.agent_id:
            agents = (name, exchange.agent_id, exchange.parent_agent_id)
            connection.execute("INSERT OR REPLACE INTO agents VALUES (?, ?, ?)", agents)
    return bool(inserted)


def _row(
    exchange: ExchangeRecord, *, name: str, day: str, priced: Priced
) -> tuple[str | int | float | None, ...]:
    usage = exchange.usage
    counts = (
        (None,) * 7
        if usage is None
        else (
            usage.input_tokens,
            usage.cache_read_tokens,
            usage.cache_write_5m_tokens,
            usage.cache_write_1h_tokens,
            usage.output_tokens,
            usage.thinking_tokens,
            int(usage.complete),
        )
    )
    return (
        *(name, exchange.ts, day, exchange.request_id, exchange.session, exchange.type),
        *(exchange.requested_model, exchange.served_model, exchange.arm, exchange.reason),
        *(exchange.policy_version, exchange.path, exchange.status, exchange.attempt),
        *(int(exchange.answered), exchange.retry_count, int(exchange.streamed)),
        *(int(exchange.complete), exchange.outcome.value, exchange.stop_reason),
        *(exchange.error_type, exchange.key, exchange.message_id),
        *counts,
        None if usage is None else msgspec.json.encode(usage).decode(),
        *(exchange.deltas, priced.picousd, priced.requested_picousd),
        *(exchange.ttft_s, exchange.duration_s, exchange.request_bytes, exchange.response_bytes),
        *(None, None),
    )


def _roll_up(
    connection: sqlite3.Connection, exchange: ExchangeRecord, *, day: str, priced: Priced
) -> None:
    usage = exchange.usage or Usage()
    outcome = exchange.outcome
    saved = 0
    if priced.requested_picousd is not None and priced.picousd is not None:
        saved = priced.requested_picousd - priced.picousd
    values: tuple[str | int, ...] = (
        *(day, exchange.type, exchange.key, exchange.requested_model),
        *(exchange.served_model, exchange.arm),
        *(1, int(exchange.answered), int(outcome.is_error), int(outcome == "cut")),
        *(int(exchange.retry_count > 0), int(priced.picousd is None)),
        *(usage.input_tokens, usage.cache_read_tokens),
        usage.cache_write_5m_tokens + usage.cache_write_1h_tokens,
        *(usage.output_tokens, priced.picousd or 0),
        *(0 if priced.picousd is not None else priced.ceiling_picousd, saved),
    )
    connection.execute(_rolling_up(len(values)), values)


ROLLED = (
    *("attempts", "requests", "errors", "cut", "retries", "unpriced", "input_tokens"),
    *("cache_read_tokens", "cache_write_tokens", "output_tokens"),
    *("picousd", "ceiling_picousd", "saved_picousd"),
)


@functools.cache
def _inserting(columns: int) -> str:
    marks = ", ".join("?" * columns)
    return f"INSERT OR IGNORE INTO exchanges VALUES ({marks})"  # noqa: S608 - question marks only


@functools.cache
def _rolling_up(columns: int) -> str:
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in ROLLED)
    marks = ", ".join("?" * columns)
    return f"INSERT INTO rollups VALUES ({marks}) ON CONFLICT DO UPDATE SET {added}"  # noqa: S608 - our own column names


def _keep_bodies(
    connection: sqlite3.Connection, exchange: ExchangeRecord, *, name: str, day: str
) -> None:
    for column, body in (
        ("request_body", exchange.request_body),
        ("response_body", exchange.response_body),
    ):
        if body is not None:
            connection.execute(
                f"UPDATE exchanges SET {column} = ? WHERE id = ?",  # noqa: S608 - one of two names
                (body_store.keep_body(connection, body, day=day), name),
            )


def upto(connection: sqlite3.Connection, segment: str) -> int:
    """The offset up to which a segment is in the account."""
    row = connection.execute("SELECT upto FROM taken WHERE segment = ?", (segment,)).fetchone()
    return int(row[0]) if row else 0


def forget(connection: sqlite3.Connection, gone: Iterable[str]) -> None:
    """Drop the places of segments that are no more; their names never come again."""
    connection.executemany("DELETE FROM taken WHERE segment = ?", [(name,) for name in gone])


def prune(connection: sqlite3.Connection, *, rows_before: str, bodies_before: str) -> None:
    """Drop exchanges and bodies of days (ISO dates) before these; roll-ups stay for good."""
    connection.execute("DELETE FROM exchanges WHERE day < ?", (rows_before,))
    body_store.drop_bodies(connection, before=bodies_before)
