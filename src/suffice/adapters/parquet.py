"""Columns of plain values into one Parquet file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np

from suffice.adapters.exchanges import connect
from suffice.adapters.exchanges.segments import literal

_SQL = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: "VARCHAR"}


def write_parquet(path: Path, columns: Mapping[str, tuple[type, Sequence[object]]]) -> None:
    """
    Write columns of one length; None is a null.

    Args:
        path: The file; it is replaced when it is whole.
        columns: Each column's name, its kind (bool, int, float or str) and its values.

    Raises:
        OSError: It cannot be written.
    """
    told = {  # noqa: F841 - DuckDB finds it by its name
        name: np.array([_plain(one) for one in column], dtype=object)
        for name, (_, column) in columns.items()
    }
    chosen = ", ".join(f'"{name}"::{_SQL[kind]} AS "{name}"' for name, (kind, _) in columns.items())
    draft = path.with_name(path.name + ".tmp")
    try:
        with connect() as duck:
            duck.execute(
                f"COPY (SELECT {chosen} FROM told) TO {literal(str(draft))} (FORMAT parquet)"  # noqa: S608 - our own columns
            )
    except duckdb.IOException as error:
        raise OSError(str(error)) from error
    draft.replace(path)


def _plain(value: object) -> object:
    """As text, which DuckDB reads into every kind alike; a column of objects has one kind."""
    return None if value is None else str(value)
