"""Segments written anew: without what is deleted, and small ones put together."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from suffice.adapters.exchanges.ledger import Ledger
from suffice.adapters.exchanges.made import remove_made
from suffice.adapters.exchanges.segments import connect, merge, scan_of

_SMALL_SEGMENT = 100_000
_MANY_SMALL = 16
_LARGEST_MERGED = 1_000_000
_BODY_COLUMNS = ("system_key", "tools_key", "settings_key", "response_key")

Segment = tuple[str, int, int]
"""Name, first row number and rows."""


class Deleted(msgspec.Struct, frozen=True):
    """How many exchanges went, and how many bodies that nothing else needed."""

    exchanges: int
    bodies: int


class Rewriting:
    """
    Replaces segments of a store by others; each time in one transaction of the ledger.

    Nothing may wait to be written meanwhile, and nobody else may write.

    Args:
        folder: The segments'.
        ledger: Which of them are in force.
    """

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self._folder = folder
        self._ledger = ledger

    def delete(self, condition: str, *, last_key: int, last_n: int) -> Deleted:
        """
        Delete rows, every body nothing else needs, and what was made of the rows.

        Args:
            condition: In DuckDB's SQL over the columns of `StoredExchange`.
            last_key: The highest key given so far, as none is given twice.
            last_n: The highest row number, likewise.

        Raises:
            StorageError: It cannot be written; nothing is deleted.
        """
        old = self._ledger.segments()
        hit = self._hit(old, condition)
        touched = [one for one in old if hit[one[0]]]
        replaced = [
            (self._rewritten([name], without=condition), first, rows - hit[name])
            for name, first, rows in touched
            if rows > hit[name]
        ]
        after = [name for name, _, _ in old if not hit[name]] + [name for name, _, _ in replaced]
        unneeded = self._unneeded([name for name, _, _ in touched], after)
        with self._ledger.transaction():
            self._ledger.set_counters(key=last_key, n=last_n)
            self._ledger.drop_segments(name for name, _, _ in touched)
            for name, first, rows in replaced:
                self._ledger.add_segment(name, first_n=first, rows=rows)
            self._ledger.drop_bodies(unneeded)
        for name, _, _ in touched:
            (self._folder / name).unlink(missing_ok=True)
            remove_made(self._folder / "types", Path(name).stem)
        if touched:
            self._ledger.forget_space()
        return Deleted(sum(hit.values()), len(unneeded))

    def merge_small(self) -> None:
        """
        Put small segments together where there are many.

        Raises:
            StorageError: It cannot be written; all is as it was.
        """
        small = [one for one in self._ledger.segments() if one[2] < _SMALL_SEGMENT]
        if len(small) < _MANY_SMALL:
            return
        for group in filter(lambda group: len(group) > 1, _groups(small)):
            name = self._rewritten([one for one, _, _ in group])
            with self._ledger.transaction():
                self._ledger.drop_segments(one for one, _, _ in group)
                self._ledger.add_segment(
                    name, first_n=group[0][1], rows=sum(rows for _, _, rows in group)
                )
            for one, _, _ in group:
                (self._folder / one).unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Remove drafts and segments of a writer killed before they came into force."""
        in_force = {name for name, _, _ in self._ledger.segments()}
        for path in self._folder.glob("exchanges-*"):
            if path.name not in in_force:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _hit(self, segments: Sequence[Segment], condition: str) -> dict[str, int]:
        """How many rows of each segment fulfil a condition."""
        with connect() as duck:
            return {
                name: duck.execute(
                    f"SELECT count(*) FROM {scan_of([self._folder / name])} WHERE {condition}"  # noqa: S608 - quoted by the store
                ).fetchall()[0][0]
                for name, _, _ in segments
            }

    def _rewritten(self, names: Sequence[str], *, without: str = "false") -> str:
        """A new segment of what others hold and does not fulfil a condition; its name."""
        fresh = new_name()
        paths = [self._folder / name for name in names]
        merge(paths, self._folder / fresh, keep=f"NOT coalesce({without}, false)")
        return fresh

    def _unneeded(self, touched: Sequence[str], after: Sequence[str]) -> list[int]:
        """Bodies that rows of touched segments name and no row left does."""
        with connect() as duck:
            found = duck.execute(
                f"{self._keys_named(touched)} EXCEPT {self._keys_named(after)}"
            ).fetchall()
        return [key for (key,) in found if key]

    def _keys_named(self, names: Sequence[str]) -> str:
        scan = scan_of([self._folder / name for name in names])
        columns = [f"SELECT {column} AS key FROM {scan}" for column in _BODY_COLUMNS]  # noqa: S608 - our own columns
        columns.append(f"SELECT unnest(message_keys) AS key FROM {scan}")  # noqa: S608
        return f"(SELECT DISTINCT key FROM ({' UNION ALL '.join(columns)}))"  # noqa: S608


def new_name() -> str:
    """A segment's name, which no other one ever has."""
    return f"exchanges-{uuid.uuid4().hex}.parquet"


def _groups(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Neighbours that are merged; none grows so large that a deletion would rewrite everything."""
    group: list[Segment] = []
    for one in segments:
        if sum(rows for _, _, rows in group) + one[2] > _LARGEST_MERGED:
            yield group
            group = []
        group.append(one)
    yield group
