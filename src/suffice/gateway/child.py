"""
The account's own process: takes the spool into SQLite, prices it, rolls it up.

It runs beside the gateway so that no database is ever touched beside a request, may be killed at
any moment, and ends by itself when the gateway that started it is gone.

`python -m suffice.gateway.child --data DIR [--prices FILE]`
"""

from __future__ import annotations

import argparse
import fcntl
import os
import select
import sqlite3
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec

from suffice.catalog import Catalog, load_catalog
from suffice.errors import StorageError, UnreadableFile
from suffice.gateway.account_store import (
    Taken,
    forget,
    open_account,
    prune,
    take_in,
    upto,
)
from suffice.gateway.metrics import SUFFIX, write_snapshot
from suffice.gateway.rollup_figures import RollupFigures
from suffice.gateway.segments import FILE_MODE, is_sealed, read_block, segments, writer_of
from suffice.records import ExchangeRecord
from suffice.settings import read_prices

SPOOL, ACCOUNT, METRICS = "spool", "account.sqlite", "metrics"
_BATCH = 2000
_TIDY_S = 3600.0
# A day further from all days before it may be a clock's mistake: nothing is dropped for it.
_LONGEST_GAP = timedelta(days=30)


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at the spool did."""

    taken: int = 0
    broken: int = 0
    deleted: int = 0


def take_spool(
    folder: Path, connection: sqlite3.Connection, *, catalog: Catalog, now: float
) -> Round:
    """
    Everything the spool holds at this moment goes into the account, once.

    A record that fails its check is counted and passed over. A segment is deleted only after all
    of it is in the account and its writer let go of it.

    Raises:
        sqlite3.Error: The account cannot be written; what was not taken is still in the spool.
        OSError: The spool cannot be read.
    """
    taken = broken = 0
    gone: list[str] = []
    for path in segments(folder):
        # Asked before reading: what a sealed segment holds afterwards is all it will ever hold.
        sealed = is_sealed(path)
        fresh, harmed = _take_segment(path, connection, catalog=catalog, now=now, sealed=sealed)
        taken += fresh
        broken += harmed
        if sealed:
            path.unlink()
            gone.append(path.name)
    forget(connection, gone)
    return Round(taken=taken, broken=broken, deleted=len(gone))


def _take_segment(
    path: Path, connection: sqlite3.Connection, *, catalog: Catalog, now: float, sealed: bool
) -> tuple[int, int]:
    """Records taken, and lines that were none, of one segment."""
    decoder = msgspec.json.Decoder(ExchangeRecord)
    begins = upto(connection, path.name)
    fresh = broken = 0
    while True:
        block = read_block(path, begins)
        broken += block.broken
        batch = []
        for line in block.lines:
            try:
                exchange = decoder.decode(line.payload)
            except msgspec.DecodeError:
                broken += 1
                continue
            batch.append(Taken(path.name, line.offset, line.number, exchange))
        if block.end == begins:
            break
        for start in range(0, max(1, len(batch)), _BATCH):
            part = batch[start : start + _BATCH]
            last = start + _BATCH >= len(batch)
            end = block.end if last else batch[start + _BATCH].offset
            places = {path.name: (writer_of(path), end)}
            new, impossible = take_in(connection, part, upto=places, catalog=catalog, now=now)
            fresh += new
            broken += impossible
        begins = block.end
    # A torn last line of a writer that was killed: it was never whole, and never will be.
    return fresh, broken + int(sealed and path.stat().st_size > begins)


def keep_account(
    data: Path,
    *,
    catalog: Catalog,
    wait: Callable[[], bool],
    clock: Callable[[], float] = time.time,
    progress: Callable[[], float] = time.monotonic,
    keep_days: tuple[int, int] = (90, 7),
) -> None:
    """
    Take the spool in again and again until told to end.

    Args:
        data: The gateway's data folder.
        catalog: Where prices are.
        wait: Waits a moment; False when it is time to end, after one more look.
        clock: Seconds since 1970.
        progress: Seconds that only go forward.
        keep_days: For how many days exchanges and bodies are kept; roll-ups stay.

    Raises:
        StorageError: The account cannot be opened; whoever supervises us tries again.
        sqlite3.Error: It cannot be written.
        OSError: The spool cannot be read.
    """
    connection = open_account(data / ACCOUNT)
    figures = RollupFigures()
    tidied_at: float | None = None
    broken = 0
    going = True
    try:
        while going:
            going = wait()
            now = clock()
            done = take_spool(data / SPOOL, connection, catalog=catalog, now=now)
            broken += done.broken
            if done.broken:
                _note(connection, "broken_lines", broken)
            if done.taken:
                _note(connection, "prices_dated", catalog.dated.isoformat())
            if done.taken or tidied_at is None:
                write_snapshot(data / METRICS / f"account{SUFFIX}", figures.snapshot(connection))
            if tidied_at is None or progress() - tidied_at >= _TIDY_S:
                tidied_at = progress()
                _tidy(connection, now=now, keep_days=keep_days)
    finally:
        connection.close()


def _tidy(connection: sqlite3.Connection, *, now: float, keep_days: tuple[int, int]) -> None:
    """Drop what is too old, unless it may be the clock that is wrong."""
    today = datetime.fromtimestamp(now, UTC).date()
    [before] = connection.execute(
        "SELECT MAX(day) FROM rollups WHERE day < ?", (today.isoformat(),)
    ).fetchone()
    if before is None or today - date.fromisoformat(before) > _LONGEST_GAP:
        return
    rows, bodies = ((today - timedelta(days=days)).isoformat() for days in keep_days)
    prune(connection, rows_before=rows, bodies_before=bodies)


def _note(connection: sqlite3.Connection, name: str, value: object) -> None:
    connection.execute(
        "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, str(value)),
    )


def main(arguments: list[str] | None = None) -> int:
    """Keep the account of one data folder; the only one to do so, until standard input closes."""
    parser = argparse.ArgumentParser(prog="suffice-account")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--prices", type=Path)
    parser.add_argument("--every-s", type=float, default=0.5)
    options = parser.parse_args(arguments)
    try:
        _keep_alone(options.data, options.prices, every_s=options.every_s)
    except (StorageError, UnreadableFile, sqlite3.Error, OSError) as error:
        print(f"suffice account: {error}", file=sys.stderr)  # noqa: T201 - a process's last word
        return 1
    return 0


def _keep_alone(data: Path, prices: Path | None, *, every_s: float) -> None:
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = os.open(data / "account.lock", os.O_RDWR | os.O_CREAT, FILE_MODE)
    with os.fdopen(held, "ab") as lock:
        # A gateway restarted over the same data waits here until the old child has finished.
        fcntl.flock(lock, fcntl.LOCK_EX)
        keep_account(
            data,
            catalog=load_catalog(read_prices(prices) if prices else None),
            wait=lambda: _parent_is_there(every_s),
        )


def _parent_is_there(timeout_s: float) -> bool:
    """Wait, but not on after whoever holds the other end of our standard input is gone."""
    readable, _, _ = select.select([sys.stdin], [], [], timeout_s)
    return not readable or bool(os.read(sys.stdin.fileno(), 1))


if __name__ == "__main__":
    sys.exit(main())
