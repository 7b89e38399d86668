"""Captured bodies, each message of them stored once: an agent sends its whole past every turn."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b

import msgspec
import zstandard

from suffice.errors import StorageError

SCHEMA = """
CREATE TABLE IF NOT EXISTS bodies (id INTEGER PRIMARY KEY, day TEXT NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS bodies_by_day ON bodies (day);
CREATE TABLE IF NOT EXISTS pieces (
    id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, day TEXT NOT NULL, piece BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS pieces_by_day ON pieces (day);
"""
# Shorter ones cost more to point at than to repeat.
_SHORTEST_PIECE = 256
# What a conversation repeats turn by turn.
_REPEATED = {"messages", "tools", "system", "content"}
_HASH_BYTES = 16


def keep_body(connection: sqlite3.Connection, body: bytes, *, day: str) -> int:
    """
    Store a body and return where; its long parts are shared with every other body that has them.

    Args:
        connection: The account's, within a transaction.
        body: As it is to be read back.
        day: ISO date; parts are kept as long as the youngest body that has them.
    """
    parts: list[bytes | int] = []
    for part in split_body(body):
        if len(part) >= _SHORTEST_PIECE:
            parts.append(_keep_piece(connection, part, day=day))
        elif parts and isinstance(parts[-1], bytes):
            parts[-1] += part
        else:
            parts.append(part)
    packed = zstandard.compress(msgspec.msgpack.encode(parts))
    cursor = connection.execute("INSERT INTO bodies (day, body) VALUES (?, ?)", (day, packed))
    return int(cursor.lastrowid or 0)


def read_body(connection: sqlite3.Connection, place: int) -> bytes:
    """
    A stored body, byte for byte.

    Raises:
        StorageError: There is none at this place, or no more.
    """
    found = connection.execute("SELECT body FROM bodies WHERE id = ?", (place,)).fetchone()
    if found is None:
        raise _gone(place)
    parts = msgspec.msgpack.decode(zstandard.decompress(found[0]), type=list[bytes | int])
    return b"".join(
        part if isinstance(part, bytes) else _read_piece(connection, part, place=place)
        for part in parts
    )


def drop_bodies(connection: sqlite3.Connection, *, before: str) -> None:
    """Drop bodies of days before this one, and the parts that no younger body has."""
    connection.execute("DELETE FROM bodies WHERE day < ?", (before,))
    connection.execute("DELETE FROM pieces WHERE day < ?", (before,))


def split_body(body: bytes) -> list[bytes]:
    """
    A JSON object cut at the items of its long lists; joined again it is the same bytes.

    >>> split_body(b'{"model":"m","messages":[{"role":"user"},2]}')
    [b'{"model":"m"', b',"messages":[', b'{"role":"user"}', b',', b'2', b']', b'}']
    >>> split_body(b"no JSON")
    [b'no JSON']
    """
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        parts: list[bytes] = []
        for name, raw in fields.items():
            opening = (b"," if parts else b"{") + msgspec.json.encode(name) + b":"
            parts += _split_value(opening, bytes(raw), repeated=name in _REPEATED)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return [body]
    parts.append(b"}")
    # Other white space, or a name twice: then it is kept in one piece.
    return parts if b"".join(parts) == body else [body]


def _split_value(opening: bytes, value: bytes, *, repeated: bool) -> list[bytes]:
    if not repeated:
        return [opening + value]
    if not value.startswith(b"["):
        return [opening, value]
    parts = [opening + b"["]
    for item in msgspec.json.decode(value, type=list[msgspec.Raw]):
        if len(parts) > 1:
            parts.append(b",")
        parts.append(bytes(item))
    return [*parts, b"]"]


def _keep_piece(connection: sqlite3.Connection, piece: bytes, *, day: str) -> int:
    digest = blake2b(piece, digest_size=_HASH_BYTES).digest()
    found = connection.execute("SELECT id, day FROM pieces WHERE hash = ?", (digest,)).fetchone()
    if found is None:
        cursor = connection.execute(
            "INSERT INTO pieces (hash, day, piece) VALUES (?, ?, ?)",
            (digest, day, zstandard.compress(piece)),
        )
        return int(cursor.lastrowid or 0)
    if found[1] < day:
        connection.execute("UPDATE pieces SET day = ? WHERE id = ?", (day, found[0]))
    return int(found[0])


def _read_piece(connection: sqlite3.Connection, part: int, *, place: int) -> bytes:
    found = connection.execute("SELECT piece FROM pieces WHERE id = ?", (part,)).fetchone()
    if found is None:
        raise _gone(place)
    return zstandard.decompress(found[0])


def _gone(place: int) -> StorageError:
    return StorageError(
        f"There is no body {place} any more.",
        effect="Its exchange is still in the account.",
        next_step="Keep bodies for more days, or export them sooner.",
    )
