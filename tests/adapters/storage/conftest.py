"""A run folder to write into, and answers to put there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from suffice.adapters.storage import RunFolder, RunInfo, create_run
from suffice.comparison.stored import AnswerKey, StoredAnswer
from suffice.records import Answer, Usage


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFolder]:
    """A fresh run."""
    with create_run(tmp_path / "run", RunInfo(run_id="r1")) as folder:
        yield folder


@pytest.fixture
def answer_to() -> Callable[..., StoredAnswer]:
    """A stored answer to a case."""

    def make(case_id: str, *, text: str = "spam", usd: str | None = "0.001") -> StoredAnswer:
        answer = Answer(text=text, usage=Usage(input_tokens=10, output_tokens=1))
        return StoredAnswer(key=AnswerKey(case_id, "m", 0, "d"), answer=answer, usd=usd)

    return make
