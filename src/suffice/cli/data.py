"""`suffice data`: what is kept of the logs, for how long, and how it is deleted for good."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from typing_extensions import override

from suffice.cli.data_option import data_option
from suffice.errors import BadOption
from suffice.reports.words import count

if TYPE_CHECKING:
    from suffice.adapters.exchanges import Deleted, Exchanges

_UNITS = {"kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40}
_SIZE = re.compile(r"(?i)\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]b)\s*")


class _Size(click.ParamType[int]):
    """A size such as 500MB or 2GB, in bytes."""

    name = "size"

    @override
    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(value)
        if found is None:
            self.fail(f"{value!r} is no size such as 500MB or 2GB.", param, ctx)
        return int(float(found[1]) * _UNITS[found[2].lower()])


_format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@click.group()
def command() -> None:
    """What is kept of the logs: show it, keep it within bounds, delete from it."""


@command.command("show")
@data_option
@_format_option
def show_command(*, data: Path, form: str) -> None:
    """How many exchanges are kept, from when to when, and how much room they take."""
    from suffice.adapters.exchanges import Exchanges
    from suffice.cli.money_text import json_text

    with Exchanges.open(data, write=False) as store:
        held = store.holdings()
    if form == "json":
        document = {"schema": "suffice.data", "version": 1, **msgspec.to_builtins(held)}
        click.echo(json_text(document))
        return
    click.echo(f"{held.exchanges:,} exchanges in {data}")
    if held.first_ts is not None and held.last_ts is not None:
        click.echo(f"sent from {_day(held.first_ts)} to {_day(held.last_ts)}")
    click.echo(
        f"{held.bytes_on_disk / 2**20:,.1f} MB on disk for {held.bytes_logged / 2**20:,.1f} MB of"
        f" requests and answers, {held.bodies:,} distinct"
    )


@command.command("delete")
@click.option("--session", metavar="ID", help="Of this conversation.")
@click.option("--user", metavar="ID", help="Made for this user.")
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Sent before.")
@data_option
def delete_command(
    *, session: str | None, user: str | None, before: datetime | None, data: Path
) -> None:
    """
    Delete exchanges that fulfil all conditions, and every text nothing else needs.

    The bytes are overwritten, and scanning the same logs again does not bring them back.
    """
    if session is None and user is None and before is None:
        raise BadOption(
            "Nothing says what is to be deleted.",
            effect="Nothing was deleted.",
            next_step="Give --session, --user, --before, or several of them.",
        )
    cut = None if before is None else before.replace(tzinfo=UTC).timestamp()
    with _sweeping(data) as store:
        gone = [
            store.delete(session=one_session, user=one_user, before=cut)
            for one_session in _spellings(session, data)
            for one_user in _spellings(user, data)
        ]
    _tell(gone)


@command.command("keep")
@click.option("--days", type=click.IntRange(1), metavar="N", help="Delete what is older.")
@click.option("--size", type=_Size(), metavar="SIZE", help="Delete the oldest beyond, e.g. 2GB.")
@data_option
def keep_command(*, days: int | None, size: int | None, data: Path) -> None:
    """Keep the folder within an age or a size; for a daily job."""
    from suffice.wiring import SystemClock

    if days is None and size is None:
        raise BadOption(
            "Nothing says what is to be kept.",
            effect="Nothing was deleted.",
            next_step="Give --days, --size, or both.",
        )
    gone = []
    with _sweeping(data) as store:
        if days is not None:
            oldest = SystemClock().now() - timedelta(days=days)
            gone.append(store.delete(before=oldest.timestamp()))
        if size is not None:
            gone.append(store.shrink(size))
    _tell(gone)


@contextmanager
def _sweeping(data: Path) -> Iterator[Exchanges]:
    """
    The store for a deletion, after which what was derived from the deleted goes as well.

    A deletion that is killed half-way leaves a note, and the next one ends its work.

    Raises:
        EmptyInput: There is no store; none is made for a deletion.
    """
    from suffice.adapters.exchanges import Exchanges
    from suffice.adapters.typed_exchanges.store import forget_deleted
    from suffice.cli.types_sample import CASES_FOLDER

    Exchanges.open(data, write=False).close()
    unswept = data / "unswept"
    with Exchanges.open(data) as store:
        before = len(store)
        unfinished = unswept.exists()
        unswept.touch(mode=0o600)
        yield store
        if unfinished or len(store) < before:
            forget_deleted(store)
            shutil.rmtree(data / CASES_FOLDER, ignore_errors=True)
        unswept.unlink()


def _spellings(value: str | None, data: Path) -> list[str | None]:
    """A name as it was given, and as it stands where it was masked."""
    if value is None:
        return [None]
    from suffice.cli.scan_masking import KEY_FILE, redactor_for
    from suffice.traffic.redaction import Masking

    if not (data / KEY_FILE).is_file():
        return [value]
    masked = redactor_for(Masking(), data).text(value)
    return list(dict.fromkeys([value, masked]))


def _tell(gone: list[Deleted]) -> None:
    exchanges = sum(one.exchanges for one in gone)
    bodies = sum(one.bodies for one in gone)
    click.echo(
        f"{count(exchanges, 'exchange')} deleted, and {count(bodies, 'text')} nothing else needed."
    )


def _day(ts: float) -> str:
    return datetime.fromtimestamp(ts, UTC).date().isoformat()
