"""Where exchanges are kept: one option, one default, one variable, for every command that asks."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

DATA = Path(".suffice") / "data"

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SUFFICE_DATA",
    default=DATA,
    show_default=True,
    help="The folder `suffice scan` fills.",
)


same_data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="The same, where it is not given before the subcommand.",
)


def data_words(data: Path) -> str:
    """
    What a command to type next needs to find the same folder; empty where it is the default.

    >>> data_words(Path("logs of may")), data_words(DATA)
    (" --data 'logs of may'", '')
    """
    return "" if data == DATA else f" --data {shlex.quote(str(data))}"
