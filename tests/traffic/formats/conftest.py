"""What every format's tests need: reading records to the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from suffice.records import LoggedExchange
from suffice.traffic.formats import detect

Read = Callable[..., list[LoggedExchange]]


@pytest.fixture
def read() -> Read:
    """All exchanges of some records, each record in the format it is found to be in."""

    def read_all(*records: dict[str, Any]) -> list[LoggedExchange]:
        readers: dict[str, Any] = {}
        found: list[LoggedExchange] = []
        for record in records:
            form = detect(record)
            assert form is not None, record
            reader = readers.setdefault(form.name, form.reader())
            found += reader.read(record)
        return [*found, *(one for reader in readers.values() for one in reader.finish())]

    return read_all
