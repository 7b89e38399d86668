"""What journeys share: the command line as a user calls it, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from suffice.cli import main

Command = Callable[..., Result]


@pytest.fixture
def suffice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Call `suffice ...` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: object) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words])

    return call
