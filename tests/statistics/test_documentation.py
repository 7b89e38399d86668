"""The figures in the guide are run as they stand there."""

from __future__ import annotations

import doctest
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "statistics.md"


def test_every_figure_computed_in_the_guide_is_what_it_says() -> None:
    failed, tried = doctest.testfile(str(GUIDE), module_relative=False)

    assert failed == 0
    assert tried > 10
