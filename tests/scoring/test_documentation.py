"""The scorers' page names every scorer, option and kind of failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from suffice.records import FailureKind
from suffice.scoring import SCORER_NAMES, Human
from suffice.scoring.assertions import SUPPORTED
from suffice.scoring.named import options_of

PAGE = (Path(__file__).parents[2] / "docs" / "scorers.md").read_text()


@pytest.mark.parametrize("scorer", [*SCORER_NAMES, "auto", "judge"])
def test_every_scorer_is_on_the_page_with_all_its_options(scorer: str) -> None:
    assert f"| `{scorer}` |" in PAGE
    missing = [option for option in options_of(scorer) if f"`{option}`" not in PAGE]
    assert missing in ([], ["docstrings"])
    assert "docstrings = true" in PAGE


@pytest.mark.parametrize(
    "word",
    [kind.value for kind in FailureKind] + [human.value for human in Human] + list(SUPPORTED),
)
def test_every_kind_of_failure_label_and_assertion_is_on_the_page(word: str) -> None:
    assert f"`{word}`" in PAGE
