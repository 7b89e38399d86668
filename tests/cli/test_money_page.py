"""The page on money shows what the program says."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from suffice.catalog import load_catalog
from suffice.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "money.md").read_text("utf-8")
CONSOLES = re.findall(r"```console\n\$ suffice (.+?)\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("command", "shown"), CONSOLES, ids=[each[0][:40] for each in CONSOLES])
def test_a_console_on_the_page_is_what_the_command_prints(command: str, shown: str) -> None:
    result = CliRunner(env={"SUFFICE_PRICES": None}).invoke(main, shlex.split(command))

    assert result.exit_code == 0
    assert result.stdout == shown


def test_the_page_has_its_consoles() -> None:
    assert len(CONSOLES) == 3


def test_the_price_file_on_the_page_is_one() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    catalog = load_catalog(tomllib.loads(example))

    assert catalog.knows("my-own-model")
    assert str(catalog.rules.tiers["priority"]) == "0.80"


def test_the_library_example_on_the_page_prints_what_it_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

    exec(compile(example, "docs/money.md", "exec"), {})  # noqa: S102 - our own page
    assert capsys.readouterr().out.strip() == "0.0525005"
