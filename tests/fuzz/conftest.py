"""Bytes through the whole of a scan but its last page: read, masked, kept, found again."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from suffice.adapters.exchanges import Exchanges, Prepared, Preparing
from suffice.adapters.logs import LogFile, Readers
from suffice.errors import InputError
from suffice.records import LoggedExchange
from suffice.traffic.formats import Format
from suffice.traffic.redaction import Masking


class Kept(NamedTuple):
    """What came of some bytes."""

    rows: int
    broken: int
    error: InputError | None


Keep = Callable[..., Kept]


@pytest.fixture(scope="session")
def seeds() -> list[dict[str, Any]]:
    """A record or two of every format, written for the project."""
    lines = (Path(__file__).parent / "seeds.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line) for line in lines]


@pytest.fixture(scope="session")
def keep(tmp_path_factory: pytest.TempPathFactory) -> Keep:
    """
    Read bytes as a file and keep what they hold.

    Raises whatever a scan would raise; a file that is refused is a result.
    """
    folder, numbers = tmp_path_factory.mktemp("fuzz"), itertools.count()

    def kept(content: bytes, *, forced: Format | None = None, ending: str = "jsonl") -> Kept:
        number = next(numbers)
        path = folder / f"{number}.{ending}"
        path.write_bytes(content)
        readers = Readers()
        file = LogFile(str(path), readers, forced=forced)
        prepare = Preparing(masking=Masking(), secret=b"k" * 32)
        found: list[LoggedExchange] = []
        refused: InputError | None = None
        try:
            found += file.exchanges()
        except InputError as error:
            refused = error
        found += readers.finish()
        local = prepare.start()(found)
        sent = [prepare.take(prepare.send(one)) for one in found]
        assert [prepare.receive(prepare.give(one)) for one in prepare.start()(sent)] == local
        fit = [one for one in local if isinstance(one, Prepared)]
        with Exchanges.open(folder / str(number)) as store:
            added = sum(store.add_prepared(fit))
            store.flush()
            rows = list(store.rows())
            for row in rows:
                store.request(row)
                store.response(row)
        assert len(rows) == added
        path.unlink()
        return Kept(added, file.broken + len(local) - len(fit), refused)

    return kept
