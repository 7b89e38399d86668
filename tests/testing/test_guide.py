"""The guide to providers tells the truth."""

from __future__ import annotations

import doctest
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "providers.md"


def test_every_example_of_the_guide_runs_as_it_stands() -> None:
    found = doctest.testfile(str(GUIDE), module_relative=False)

    assert found.attempted > 10
    assert found.failed == 0
