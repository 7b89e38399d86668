"""The command line itself: what it says to a word it does not know."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from suffice.cli import main


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("rolout", "No such command 'rolout'. Did you mean 'rollout'?"),
        ("nothing-like-it", "No such command 'nothing-like-it'.\n"),
    ],
)
def test_a_command_nobody_has_is_answered_with_the_nearest_one(word: str, said: str) -> None:
    result = CliRunner().invoke(main, [word, "--help"])

    assert result.exit_code == 2
    assert said in result.stderr
