"""Recorded cases for the scorers, and a case for tests that need none in particular."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from suffice.records import Answer, Case

Load = Callable[[str], list[Case]]


@pytest.fixture(scope="session")
def recorded_cases(recorded_data: Path) -> Load:
    """Reads one recorded file into cases."""

    def load(name: str) -> list[Case]:
        with gzip.open(recorded_data / f"{name}.jsonl.gz", "rt") as lines:
            rows = [json.loads(line) for line in lines]
        return [
            Case(
                id=row["id"],
                type=row["task"],
                request={"messages": row.get("prompt") or [], "tools": row.get("tools") or []},
                reference=row.get("reference"),
                meta=row.get("meta") or {},
                answers={m: Answer(text=text) for m, text in (row.get("outputs") or {}).items()},
                outcomes={m: float(right) for m, right in (row.get("outcomes") or {}).items()},
            )
            for row in rows
        ]

    return load


@pytest.fixture
def case() -> Case:
    """A case whose request does not matter."""
    return Case(id="1", type="t")
