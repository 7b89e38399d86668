"""`suffice prices`: the dated price table, looked up, listed and held against another."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from suffice.errors import BadOption, StorageError

_at = click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="As of this day.  [default: today]",
)
_prices = click.option(
    "--prices",
    type=click.Path(path_type=Path),
    envvar="SUFFICE_PRICES",
    help="Your own prices, TOML.",
)


@click.group()
def command() -> None:
    """The dated price table: list, look up, refresh, override."""


@command.command("list")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    show_default=True,
)
@_at
@_prices
@click.option("--all", "everything", is_flag=True, help="Retired models and past prices too.")
def list_(*, form: str, at: datetime | None, prices: Path | None, everything: bool) -> None:
    """Prices of every model on a day, in USD per million tokens."""
    from suffice.cli.price_views import show_list
    from suffice.wiring import catalog_with

    show_list(catalog_with(prices), day=_day(at), everything=everything, form=form)


@command.command()
@click.argument("model")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@_at
@_prices
def show(*, model: str, form: str, at: datetime | None, prices: Path | None) -> None:
    """Everything known of one model: its prices through time, limits and dates."""
    from suffice.cli.price_views import show_model
    from suffice.wiring import catalog_with

    catalog = catalog_with(prices)
    show_model(catalog.find(model), day=_day(at), form=form)


@command.command()
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the changes as a price file of your own.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@_at
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def update(*, output: Path | None, force: bool, at: datetime | None, form: str) -> None:
    """
    Hold the installed genai-prices against the table suffice ships with.

    Shows what would change. With --output the changes become a price file for --prices; the
    table suffice ships with is never touched.
    """
    from suffice.catalog import load_catalog
    from suffice.catalog.refresh import price_changes, price_file
    from suffice.cli.installed_prices import installed_name, installed_prices
    from suffice.cli.price_views import show_changes

    catalog, day = load_catalog(), _day(at)
    if output is not None:
        _refuse_harm(output, force=force)
    listed = installed_prices(catalog, day=day)
    changes = price_changes(catalog, listed, day=day)
    written = output is not None and bool(changes)
    if output is not None and changes:
        _write(output, price_file(listed, changes, day=day))
    show_changes(
        changes,
        against=installed_name(),
        day=day,
        written=output if written else None,
        form=form,
    )


def _refuse_harm(output: Path, *, force: bool) -> None:
    import suffice

    home = Path(suffice.__file__).resolve().parent
    if output.resolve().is_relative_to(home):
        raise BadOption(
            f"{output} lies inside suffice itself.",
            effect="Nothing was written.",
            next_step="Choose a place of your own, such as suffice-prices.toml.",
        )
    if output.exists() and not force:
        raise BadOption(
            f"{output} is there already, perhaps with prices you agreed on.",
            effect="Nothing was written.",
            next_step="Choose another name, or pass --force.",
        )


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"{output} cannot be written: {error.strerror or error}.",
            effect="No price changed.",
            next_step="Choose another place with --output.",
        ) from error


def _day(at: datetime | None) -> date:
    if at is not None:
        return at.date()
    from suffice.wiring import SystemClock

    return SystemClock().now().date()
