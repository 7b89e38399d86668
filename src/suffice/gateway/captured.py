"""What was captured, given back one exchange at a time, for whoever learns from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from suffice.errors import EmptyInput, StorageError
from suffice.gateway.account_store import open_account
from suffice.gateway.body_store import read_body
from suffice.records import ExchangeRecord, Usage

# What clients were served, once each: neither attempts they never saw, nor shadow calls.
_SERVED = """
    SELECT ts, id, request_id, session, type, requested_model, served_model, arm, reason,
        policy_version, path, status, attempt, retry_count, deltas, ttft_s, duration_s, stop_reason,
        message_id, streamed, complete, error_type, key, request_bytes, response_bytes,
        usage, request_body, response_body{agents}
    FROM exchanges {joined} WHERE answered = 1 AND arm <> 'shadow' ORDER BY ts, id
"""
# An account of an earlier release, which no gateway has opened since, tells of no agents.
_HAS_AGENTS = "SELECT 1 FROM sqlite_master WHERE name = 'agents'"
_BODIES = ("request_body", "response_body")


def captured(account: Path) -> Iterator[ExchangeRecord]:
    """
    Every exchange an account still holds, oldest first, with the bodies that are kept of it.

    Args:
        account: The account's database; a gateway may be writing to it.

    Raises:
        EmptyInput: There is none.
        StorageError: It cannot be read.
    """
    if not account.exists():
        raise EmptyInput(
            f"There is no account in {account.parent}.",
            effect="Nothing is given.",
            next_step="Name the gateway's folder with --data.",
        )
    try:
        with closing(open_account(account, readonly=True)) as connection:
            connection.row_factory = sqlite3.Row
            told = connection.execute(_HAS_AGENTS).fetchone() is not None
            served = _SERVED.format(
                agents=", agent_id, parent_agent_id" if told else "",
                joined="LEFT JOIN agents USING (id)" if told else "",
            )
            for row in connection.execute(served):
                yield _exchange(connection, row)
    except sqlite3.Error as error:
        raise StorageError(
            f"The account {account} cannot be read: {error}.",
            effect="What came before is given; nothing is changed.",
            next_step="Name the gateway's folder with --data.",
        ) from error


def _exchange(connection: sqlite3.Connection, row: sqlite3.Row) -> ExchangeRecord:
    told = {name: row[name] for name in row.keys() if row[name] is not None}  # noqa: SIM118 - a row iterates over values
    if "usage" in told:
        told["usage"] = msgspec.json.decode(told["usage"], type=Usage)
    for name in _BODIES:
        if name in told:
            told[name] = _body(connection, told[name])
    return msgspec.convert(told, ExchangeRecord, strict=False)


def _body(connection: sqlite3.Connection, place: int) -> bytes | None:
    try:
        return read_body(connection, place)
    except StorageError:
        # Its days were over between our look at the exchange and this one.
        return None
