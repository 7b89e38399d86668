"""Types are found the same in this process and in others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from suffice.adapters.exchanges import Exchanges, connect
from suffice.adapters.exchanges.segments import scan_of
from suffice.adapters.typed_exchanges.batches import TypedRow, Typing, typed_rows
from suffice.adapters.typed_exchanges.shapes import COLUMNS, Row, ShapeReader
from suffice.adapters.workers import engine_named
from suffice.records import LoggedExchange
from suffice.traffic.types import TypeIndex


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Exchanges]:
    with Exchanges.open(tmp_path / "data") as opened:
        opened.add(
            LoggedExchange(
                source="anthropic",
                id=f"call-{number}",
                request={
                    "system": f"Sort the {('mail', 'ticket')[number % 2]}.\nDay {number}.\nOne word.",
                    "messages": [{"role": "user", "content": f"Which one is {number}?"}],
                },
                response_text="billing",
                labels={"type": "tagged"} if number % 5 == 0 else {},
            )
            for number in range(60)
        )
        opened.flush()
        yield opened


@pytest.fixture
def rows(store: Exchanges) -> list[Row]:
    with connect() as duck:
        found = duck.execute(
            f"WITH exchanges AS (SELECT *, false AS agentic FROM {scan_of(store.segments())}) "  # noqa: S608
            f"SELECT {COLUMNS} FROM exchanges ORDER BY n"
        ).fetchall()
    return [Row(*row) for row in found]


@pytest.fixture
def here(store: Exchanges, rows: list[Row]) -> Callable[[TypeIndex], list[TypedRow]]:
    return lambda index: typed_rows(ShapeReader(store), index, rows)


def test_other_processes_find_the_types_that_this_one_finds(
    store: Exchanges, rows: list[Row], here: Callable[[TypeIndex], list[TypedRow]]
) -> None:
    index = TypeIndex.learn(list(ShapeReader(store).shapes(rows)))
    work = Typing(folder=str(store.folder), index=index.to_bytes())
    batches = [(begin, rows[begin : begin + 25]) for begin in range(0, len(rows), 25)]

    mapped = engine_named("processes", workers=1).map(work, batches)
    found = [one for _, batch in mapped for one in batch]

    assert found == here(index)
    assert len({one.found.name for one in found}) == 3
    assert all(one.found.known for one in found)
