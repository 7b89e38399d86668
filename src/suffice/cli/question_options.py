"""Options that every command has which asks whether a cheaper model is as good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order of the help."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


limit_options: Callable[[Any], Any] = _together(
    click.option("--margin", type=float, metavar="POINTS", help="The largest drop you accept."),
    click.option(
        "--floor", type=float, metavar="SHARE", help="Agreement to be ruled out from below."
    ),
    click.option("--target", type=float, metavar="SHARE", help="Agreement that should pass."),
    click.option("--alpha", type=float, default=0.05, show_default=True, help="Wrong-Switch rate."),
)
"""What "as good" means."""

run_options: Callable[[Any], Any] = _together(
    click.option("--hand-picked", is_flag=True, help="The cases were chosen by hand: provisional."),
    click.option("--strict", is_flag=True, help="Stop at the first line that is no case."),
    click.option(
        "--prices",
        type=click.Path(path_type=Path),
        envvar="SUFFICE_PRICES",
        help="Your own prices, TOML.",
    ),
    click.option(
        "--allow-unpriced", is_flag=True, help="Run models without a price; cost unknown."
    ),
    click.option("--yes", is_flag=True, help="Do not ask. Needs --budget unless nobody is called."),
    click.option("--save", type=click.Path(path_type=Path), help="The run's folder."),
    click.option("--no-save", is_flag=True, help="Keep no run folder (recorded runs only)."),
)
"""How a run is read, paid and kept."""

concurrency_option: Callable[[Any], Any] = click.option(
    "--concurrency",
    type=click.IntRange(1),
    default=16,
    show_default=True,
    help="At most so many calls at once.",
)
