"""Metadata on disk: immutable Parquet files, written and read by DuckDB without any network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import duckdb
import msgspec

from suffice.adapters.exchanges.columns import StoredExchange, sql_columns
from suffice.errors import StorageError

_ROWS_AT_ONCE = 2_000
_LARGEST_ROW = 64 * 2**20
_ENCODE = msgspec.json.Encoder().encode


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that fetches nothing from anywhere."""
    duck = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "threads": str(min(4, os.cpu_count() or 1)),
            "memory_limit": "512MB",
        }
    )
    # It would draw its bars into our results.
    return duck.execute("SET enable_progress_bar = false")


def write_segment(path: Path, rows: Iterable[StoredExchange]) -> None:
    """
    Put rows into a new Parquet file, at once or not at all.

    Raises:
        StorageError: The disk does not take it; no part of it is left.
    """
    lines = path.with_suffix(".jsonl.tmp")
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in sql_columns().items())
    try:
        with lines.open("wb") as file:
            file.writelines(_ENCODE(row) + b"\n" for row in rows)
        form = f"format='newline_delimited', maximum_object_size={_LARGEST_ROW}"
        _copy(f"(FROM read_json({_quoted(lines)}, {form}, columns={{{columns}}}))", path)
    except OSError as error:
        raise _no_room(path, error) from error
    finally:
        lines.unlink(missing_ok=True)


def merge(paths: Sequence[Path], target: Path, *, keep: str = "true") -> None:
    """
    Put the rows of some segments that fulfil a condition into a new one, in their order.

    Raises:
        StorageError: As `write_segment`.
    """
    _copy(f"(FROM {scan_of(paths)} WHERE {keep} ORDER BY n)", target)


def scan_of(paths: Sequence[Path]) -> str:
    """SQL's name for the rows of these segments; of none, an empty table of the same columns."""
    if not paths:
        columns = ", ".join(f"NULL::{kind} AS {name}" for name, kind in sql_columns().items())
        return f"(SELECT {columns} WHERE false)"
    return f"read_parquet([{', '.join(_quoted(path) for path in paths)}], union_by_name=true)"


def read_rows(paths: Sequence[Path], *, where: str = "true") -> Iterator[StoredExchange]:
    """Rows that fulfil a condition, by number, a few thousand in memory at a time."""
    names = list(sql_columns())
    with connect() as duck:
        found = duck.execute(
            f"SELECT {', '.join(names)} FROM {scan_of(paths)} WHERE {where} ORDER BY n"  # noqa: S608 - our own columns and conditions
        )
        while rows := found.fetchmany(_ROWS_AT_ONCE):
            yield from (StoredExchange(**dict(zip(names, row, strict=True))) for row in rows)


def literal(value: str | float) -> str:
    """
    A value as SQL writes it, so that no text can end the string it stands in.

    >>> literal("o'hara")
    "'o''hara'"
    """
    return (
        repr(float(value)) if not isinstance(value, str) else "'" + value.replace("'", "''") + "'"
    )


def _copy(source: str, path: Path) -> None:
    draft = path.with_suffix(".parquet.tmp")
    try:
        with connect() as duck:
            duck.execute(f"COPY {source} TO {_quoted(draft)} (FORMAT parquet, COMPRESSION zstd)")
        draft.chmod(0o600)
        draft.replace(path)
    except (OSError, duckdb.Error) as error:
        draft.unlink(missing_ok=True)
        raise _no_room(path, error) from error


def _quoted(path: Path) -> str:
    return literal(str(path))


def _no_room(path: Path, error: Exception) -> StorageError:
    return StorageError(
        f"{path} cannot be written: {str(error)[:200]}.",
        effect="Everything kept before this is safe.",
        next_step="Make room or choose another folder with --data, then scan again: it resumes.",
    )
