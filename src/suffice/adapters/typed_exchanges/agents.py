"""Which conversations are an agent's: any call in one may say so, whatever part it stands in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from suffice.adapters.exchanges import connect
from suffice.adapters.exchanges.made import make, said_of
from suffice.adapters.exchanges.segments import literal
from suffice.adapters.typed_exchanges.parts import AGENT, EVIDENT, Part, read_sql

_FILE = "agents.parquet"


class Agents:
    """
    The conversations of each part, and whether the calls in that part say they are an agent's.

    They depend on nothing but the part, and are kept beside its types.

    Args:
        folder: Where they are kept.
        parts: Of a store, all of them.

    Attributes:
        folders: The names of what is kept.

    Raises:
        OSError: The disk does not take them.
    """

    def __init__(self, folder: Path, parts: Iterable[Part]) -> None:
        self._files = {part.name: _made(folder / f"{part.name}-agents.1", part) for part in parts}
        self.folders = {path.parent.name for path in self._files.values()}

    def foreign(self) -> dict[str, str]:
        """By part, a mark of the conversations that only other parts' calls say are an agent's."""
        if not self._files:
            return {}
        rows = read_sql(*self._files.values(), with_names=True)
        names = {str(path): name for name, path in self._files.items()}
        with connect() as duck:
            found = duck.execute(
                f"SELECT filename, count(*), bit_xor(who) FROM {rows} WHERE NOT evident "  # noqa: S608 - our own columns
                f"AND who IN (SELECT who FROM {rows} WHERE evident) GROUP BY filename"
            ).fetchall()
        return {names[path]: f"{count}-{mark:x}" for path, count, mark in found}

    def write_foreign(self, duck: duckdb.DuckDBPyConnection, part: Part, target: Path) -> None:
        """
        Write which conversations of a part only calls of other parts say are an agent's.

        Args:
            duck: Writes it.
            part: The part.
            target: A Parquet file, with a column ``who``.
        """
        mine = read_sql(self._files[part.name])
        others = [path for name, path in self._files.items() if name != part.name]
        told = f"(SELECT who FROM {read_sql(*others)} WHERE evident)" if others else "(NULL)"  # noqa: S608 - our own columns
        duck.execute(
            f"COPY (SELECT who FROM {mine} WHERE NOT evident AND who IN {told}) "  # noqa: S608 - our own columns
            f"TO {literal(str(target))} (FORMAT parquet)"
        )

    def agentic(self, part: Part, foreign: Path) -> str:
        """
        Whether a row's conversation is an agent's, as SQL.

        Args:
            part: Whose row it is.
            foreign: As `write_foreign` wrote it.
        """
        mine = f"SELECT who FROM {read_sql(self._files[part.name])} WHERE evident"  # noqa: S608 - our own columns
        theirs = f"SELECT who FROM {read_sql(foreign)}"  # noqa: S608 - our own columns
        return f"coalesce({AGENT} IN ({mine} UNION ALL {theirs}), false)"


def _made(place: Path, part: Part) -> Path:
    def fill(folder: Path) -> dict[str, str]:
        with connect() as duck:
            duck.execute(
                f"COPY (SELECT {AGENT} AS who, bool_or({EVIDENT}) AS evident "  # noqa: S608 - our own columns
                f"FROM {part.scan()} GROUP BY who HAVING who IS NOT NULL) "
                f"TO {literal(str(folder / _FILE))} (FORMAT parquet)"
            )
        return {}

    if said_of(place, dict[str, str]) is None:
        make(place, fill)
    return place / _FILE
