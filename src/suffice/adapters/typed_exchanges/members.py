"""How many conversations and spawns a store's calls are of, each counted once."""

from __future__ import annotations

from collections import defaultdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

from suffice.adapters.typed_exchanges.kept_answers import KeptAnswers
from suffice.adapters.typed_exchanges.merged import Merged
from suffice.adapters.typed_exchanges.parts import read_sql
from suffice.adapters.typed_exchanges.store import TypedExchanges, TypedPart

_KEPT = "members"


def members(merged: Merged, group: str) -> list[Any]:
    """
    By group, how many conversations and how many spawns.

    Args:
        merged: What is looked at.
        group: The column by which groups are told apart.
    """
    return merged.duck.execute(_counting(group, "members")).fetchall()


def added_members(merged: Merged, group: str, typed: TypedExchanges) -> list[Any]:
    """
    As `members`, of a whole store: each part's own numbers, less what several parts count.

    A part's numbers are kept beside its tables. Few conversations go on from one part into
    another, and only these are looked at anew when a part comes or goes.

    Args:
        merged: Of all parts.
        group: The column by which groups are told apart.
        typed: What the parts' types are called.
    """
    found: defaultdict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for part, folder in merged.kept:
        for name, *counts in _of_part(merged, group, part, folder, typed):
            for spawned, count in enumerate(counts):
                found[name][spawned] += count
    for name, spawned, count in _counted_twice(merged, group):
        found[name][spawned] -= count
    return [[name, *counts] for name, counts in found.items()]


def _of_part(
    merged: Merged, group: str, part: TypedPart, folder: Path, typed: TypedExchanges
) -> list[Any]:
    names = {one.number: typed.entries[one.number].name for one in part.told.entries}
    called = repr(sorted(names.items())) if group == "type" else ""
    question = f"{group} {blake2b(called.encode(), digest_size=12).hexdigest()}"

    def find() -> list[Any]:
        rows = f"{read_sql(folder / 'members.parquet')} JOIN told USING (g)"
        return merged.duck.execute(_counting(group, rows)).fetchall()

    return KeptAnswers(folder / _KEPT).rows(question, find)


def _counting(group: str, rows: str) -> str:
    return f"""WITH each AS (SELECT DISTINCT {group} AS grouped, spawned, who FROM {rows})
        SELECT grouped, count(*) FILTER (NOT spawned), count(*) FILTER (spawned)
        FROM each GROUP BY 1"""  # noqa: S608 - our own columns


def _counted_twice(merged: Merged, group: str) -> list[Any]:
    if not merged.kept:
        return []
    # Both groupings ask for these; they are looked for once.
    merged.duck.execute(
        f"""CREATE TEMP TABLE IF NOT EXISTS passing AS
        WITH shared AS (SELECT spawned, who FROM {merged.files("whos")}
            GROUP BY ALL HAVING count(*) > 1)
        SELECT DISTINCT g, spawned, who, filename
        FROM {merged.files("members", with_names=True)} JOIN shared USING (spawned, who)"""  # noqa: S608 - our own paths
    )
    return merged.duck.execute(
        f"""WITH each AS (SELECT DISTINCT {group} AS grouped, spawned, who, filename
            FROM passing JOIN told USING (g))
        SELECT grouped, spawned, count(*) - count(DISTINCT who) FROM each GROUP BY ALL"""  # noqa: S608 - our own columns
    ).fetchall()
