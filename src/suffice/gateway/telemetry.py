"""
The process that tells a collector of requests: spans by OTLP, made of the account's records.

It runs beside the account's own process and reads what that one has taken in, so nothing of it is
on a request's path or in a worker. No text of any request or answer is exported. It may be killed
at any moment: what was not acknowledged is sent again, and a collector knows a span by its id.

`python -m suffice.gateway.telemetry --data DIR --endpoint URL`
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import sqlite3
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

import httpx2
import msgspec

from suffice.errors import StorageError
from suffice.gateway.account_store import open_account
from suffice.gateway.child import ACCOUNT
from suffice.gateway.log import Log
from suffice.gateway.spans import COLUMNS, LATEST_OPT_IN, spans_of
from suffice.gateway.whole_files import put_whole

CURSOR = "telemetry.cursor"
HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
_BATCH = 500
_KEPT = 100_000
_TIMEOUT_S = 10.0
_LONGEST_WAIT_S = 30.0
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
# The account's writer notes what it took in; the oldest is forgotten, so that a collector that
# never comes back fills no disk.
_OUTBOX = f"""
CREATE TABLE IF NOT EXISTS outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS into_outbox AFTER INSERT ON exchanges BEGIN
    INSERT INTO outbox (id) VALUES (NEW.id);
    DELETE FROM outbox WHERE number <= (SELECT MAX(number) FROM outbox) - {_KEPT};
END;
"""  # noqa: S608 - a number of ours


class Collector(Protocol):
    """Whoever takes spans."""

    def send(self, body: bytes) -> int:
        """Post one request; the HTTP status, 0 where there was none."""
        ...


class Exporter:
    """
    Sends what the account has taken in since the last time.

    Args:
        data: The gateway's data folder.
        collector: Where spans go.
        log: Where it tells of what could not be sent; never what was to be sent.
        latest: Whether names follow the unreleased conventions instead of 1.41.

    Raises:
        StorageError: The account cannot be opened.
    """

    def __init__(self, data: Path, *, collector: Collector, log: Log, latest: bool = False) -> None:
        self._collector, self._log, self._latest = collector, log, latest
        self._cursor_path = data / CURSOR
        self._account_path = data / ACCOUNT
        connection = open_account(self._account_path)
        try:
            connection.executescript(_OUTBOX)
        except sqlite3.Error as wrong:
            raise StorageError(f"The account cannot be followed: {wrong}.") from wrong
        finally:
            connection.close()
        self._connection = open_account(self._account_path, readonly=True)
        self.sent = self._read_cursor()

    def close(self) -> None:
        """Let the account go."""
        self._connection.close()
        # The account's process may have ended while we still read: then nobody has folded the
        # write-ahead log into the file yet, and whoever copies the file alone would miss it.
        with contextlib.suppress(StorageError):
            open_account(self._account_path).close()

    def export(self) -> bool:
        """
        Send one batch.

        Returns:
            Whether all is well: nothing was left, or what was left is sent. A batch that the
            collector will never take is left out and told of.
        """
        rows = self._connection.execute(
            f"SELECT outbox.number, {', '.join(f'exchanges.{name}' for name in COLUMNS)} "  # noqa: S608 - our own column names
            "FROM outbox JOIN exchanges ON exchanges.id = outbox.id "
            "WHERE outbox.number > ? ORDER BY outbox.number LIMIT ?",
            (self.sent, _BATCH),
        ).fetchall()
        if not rows:
            return True
        found = [dict(zip(COLUMNS, row[1:], strict=True)) for row in rows]
        status = self._collector.send(msgspec.json.encode(spans_of(found, latest=self._latest)))
        if not status or status in _AGAIN:
            self._log.say_seldom("spans wait", status=status)
            return False
        if status >= 300:  # noqa: PLR2004 - not a success
            self._log.say_seldom("spans refused", level="error", status=status, spans=len(rows))
        forgotten = rows[0][0] - self.sent - 1
        if self.sent and forgotten:
            self._log.say("spans forgotten", level="warning", spans=forgotten)
        self._write_cursor(rows[-1][0])
        return True

    @property
    def waiting(self) -> bool:
        """Whether there is more."""
        (last,) = self._connection.execute("SELECT MAX(number) FROM outbox").fetchone()
        return last is not None and last > self.sent

    def _read_cursor(self) -> int:
        try:
            return int(self._cursor_path.read_text())
        except (OSError, ValueError):
            return 0

    def _write_cursor(self, number: int) -> None:
        self.sent = number
        put_whole(self._cursor_path, str(number).encode())


class HttpCollector:
    """
    A collector behind OTLP/HTTP with JSON.

    Args:
        endpoint: Its base address; spans go to ``/v1/traces`` there.
        headers: Sent along, such as a key of the collector's; never logged.
    """

    def __init__(self, endpoint: str, *, headers: Mapping[str, str]) -> None:
        base = endpoint.rstrip("/")
        self._url = base if base.endswith("/v1/traces") else f"{base}/v1/traces"
        self._client = httpx2.Client(
            timeout=_TIMEOUT_S, headers={**headers, "content-type": "application/json"}
        )

    def send(self, body: bytes) -> int:
        """Post one request; the HTTP status, 0 where there was none."""
        try:
            return int(self._client.post(self._url, content=body).status_code)
        except httpx2.HTTPError:
            return 0

    def close(self) -> None:
        """End its connections."""
        self._client.close()


def read_headers(said: str) -> dict[str, str]:
    """
    Headers in the form of the environment's variable.

    >>> read_headers("api-key=a%20b, x=1")
    {'api-key': 'a b', 'x': '1'}
    """
    pairs = (pair.partition("=") for pair in said.split(",") if "=" in pair)
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs}


def follow(exporter: Exporter, *, wait: Callable[[float], bool]) -> None:
    """
    Export again and again; slower while the collector does not answer.

    Args:
        exporter: What to export with.
        wait: Waits so many seconds; False when it is time to end, after one more look.
    """
    pause_s, going = 1.0, True
    while going:
        going = wait(pause_s)
        well = exporter.export()
        while well and exporter.waiting:
            well = exporter.export()
        pause_s = 1.0 if well else min(pause_s * 2, _LONGEST_WAIT_S)


def main(arguments: list[str] | None = None) -> int:
    """Export the spans of one data folder, until standard input closes."""
    parser = argparse.ArgumentParser(prog="suffice-telemetry")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--endpoint", required=True)
    options = parser.parse_args(arguments)
    log = Log(worker="telemetry")
    collector = HttpCollector(options.endpoint, headers=read_headers(os.environ.get(HEADERS, "")))
    latest = LATEST_OPT_IN in os.environ.get("OTEL_SEMCONV_STABILITY_OPT_IN", "")
    try:
        exporter = Exporter(options.data, collector=collector, log=log, latest=latest)
        with contextlib.closing(exporter), contextlib.closing(collector):
            follow(exporter, wait=_gateway_is_there)
    except (StorageError, sqlite3.Error, OSError) as wrong:
        log.say("telemetry", level="error", problem=type(wrong).__name__)
        return 1
    return 0


def _gateway_is_there(timeout_s: float) -> bool:
    """Wait, but not on after whoever holds the other end of our standard input is gone."""
    readable, _, _ = select.select([sys.stdin], [], [], timeout_s)
    return not readable or bool(os.read(sys.stdin.fileno(), 1))


if __name__ == "__main__":
    sys.exit(main())
