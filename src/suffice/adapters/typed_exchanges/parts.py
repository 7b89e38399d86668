"""A store in parts of bounded size: which rows are whose, and what of them reaches into others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from suffice.adapters.exchanges import Exchanges
from suffice.adapters.exchanges.segments import literal, scan_of

_MOST_ROWS = 1_500_000
_USUAL_ROWS = 1_000_000
# What says of several calls that they are one agent's: their session, or for calls with tools
# that name none, what their conversation began with.
AGENT = """CASE WHEN session <> '' THEN hash(session) WHEN tools_key > 0
    THEN hash(app, system_key, coalesce(message_keys[1], 0)) END"""
# A session is an agent's if any call in it is.
EVIDENT = """((tools_key > 0 AND len(roles) > 2) OR (session <> '' AND
    (source = 'claude-code' OR is_sidechain OR agent_id <> '')))"""
# Which conversation a call is of: its session, or for an agent that names none, the calls that
# go on from the same first message.
CONVERSATION = """CASE WHEN session <> '' THEN session WHEN role > 0 THEN
    'from ' || app || ' ' || system_key || ' ' || coalesce(message_keys[1], 0) ELSE '' END"""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """
    Rows of one segment, not too many to be worked on in memory.

    Segments are never written into, and no name is used twice: a part's name is its content.

    Attributes:
        name: Of the segment, with the first row's number where it is a part of it.
        path: The segment.
        begin: The first row's number; None: from the first one.
        end: The number after the last row's; None: to the last one.
    """

    name: str
    path: Path
    begin: int | None = None
    end: int | None = None

    def scan(self) -> str:
        """SQL's name for its rows."""
        terms = [f"n >= {self.begin}"] if self.begin is not None else []
        terms += [f"n < {self.end}"] if self.end is not None else []
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        return f"(SELECT * FROM {scan_of([self.path])}{where})"  # noqa: S608 - our own paths

    def typed(self, types: Path) -> str:
        """
        SQL's name for its rows with what was found of each.

        Args:
            types: A file with ``type_number``, ``role`` and ``prefix_tokens`` by ``n``.
        """
        return (
            f"(SELECT *, {CONVERSATION} AS conversation FROM {self.scan()} AS logged "  # noqa: S608
            f"JOIN {read_sql(types)} AS typed USING (n))"
        )


def read_sql(*paths: Path, with_names: bool = False) -> str:
    """
    SQL's name for what stands in Parquet files.

    Args:
        paths: At least one.
        with_names: With the name of the file each row is from, as ``filename``.
    """
    listed = ", ".join(literal(str(path)) for path in paths)
    return f"read_parquet([{listed}]{', filename=true' if with_names else ''})"


def parts_of(store: Exchanges) -> list[Part]:
    """All rows of a store, in parts, in the order of import."""
    return [part for name, first, rows in store.held() for part in _parts(store, name, first, rows)]


def _parts(store: Exchanges, name: str, first: int, rows: int) -> Iterator[Part]:
    path = store.folder / name
    if rows <= _MOST_ROWS:
        yield Part(name=path.stem, path=path)
        return
    begins = [None, *range(first + _USUAL_ROWS, first + rows, _USUAL_ROWS)]
    for begin, end in zip(begins, [*begins[1:], None], strict=True):
        yield Part(name=f"{path.stem}-{begin or first}", path=path, begin=begin, end=end)
