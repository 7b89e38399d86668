"""`suffice scan`: read logs, mask them, keep them, and show what is asked how often."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from suffice.cli.console import progress

if TYPE_CHECKING:
    from suffice.traffic.formats import Format

DATA = Path(".suffice") / "data"


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option("--as", "forced", metavar="FORMAT", help="Read every record as this format.")
@click.option(
    "--mask",
    "masks",
    multiple=True,
    metavar="KINDS",
    help="What to mask: email,phone,card,iban,key (default: all), none, or +REGEX. Repeatable.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=DATA,
    show_default=True,
    help="The folder exchanges are kept in.",
)
@click.option(
    "--prices",
    type=click.Path(path_type=Path),
    envvar="SUFFICE_PRICES",
    help="Your own prices, TOML; the source's dollars are checked against them.",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "local", "processes", "ray"]),
    default="auto",
    show_default=True,
    help="Where texts are worked on: auto takes several processes for large files.",
)
@click.option("--workers", type=click.IntRange(1), help="How many; default: one per processor.")
@click.option("--strict", is_flag=True, help="Stop at the first thing that is not as it should be.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
)
def command(
    *,
    files: tuple[str, ...],
    forced: str | None,
    masks: tuple[str, ...],
    data: Path,
    prices: Path | None,
    engine: str,
    workers: int | None,
    strict: bool,
    form: str,
) -> None:
    """
    Read logs of any format into a private folder, each exchange once, and rank what they ask.

    FILES are files, folders, patterns or - for standard input, plain or packed with gzip or
    Zstandard. The format is found by looking. Everything is masked before it is kept, and nothing
    leaves this machine. Scanning again adds only what is new.
    """
    from suffice.adapters.exchanges import Exchanges
    from suffice.adapters.workers import engine_named, likely_engine, swept_rarely
    from suffice.cli.interrupt import noted_interrupts
    from suffice.cli.scan_masking import preparing_for
    from suffice.cli.scan_progress import Progress, size_of
    from suffice.cli.scan_run import Options, Scan
    from suffice.cli.scan_views import show, told_line
    from suffice.traffic.redaction import read_masking
    from suffice.wiring import SystemClock, catalog_with

    masking = read_masking(masks)
    chosen = _format(forced)
    catalog = catalog_with(prices)
    console = progress()
    size = size_of(files)
    where = engine_named(likely_engine(size.bytes) if engine == "auto" else engine, workers=workers)
    told = []
    with swept_rarely(), noted_interrupts() as stop:
        with Exchanges.open(data) as store, console.status("", spinner="line") as status:
            told_so_far = Progress(size, clock=monotonic, show=status.update)
            scan = Scan(
                store,
                preparing_for(masking, data),
                engine=where,
                catalog=catalog,
                today=SystemClock().now().date(),
                options=Options(
                    forced=chosen,
                    strict=strict,
                    stopped=stop.is_set,
                    on_change=told_so_far.change,
                ),
            )
            for one in scan.run(files):
                told.append(one)
                if form == "text":
                    for line in told_line(one):
                        click.echo(line)
            masked = store.masked
        if stop.is_set():
            kept = sum(one.added for one in told)
            click.echo(f"{kept:,} calls are kept; the same command goes on from there.", err=True)
    show(told, data=data, masked=masked, form=form)


def _format(name: str | None) -> Format | None:
    """
    The format of --as.

    Raises:
        BadOption: There is none of that name.
    """
    from suffice.errors import BadOption
    from suffice.traffic.formats import FORMATS, format_named

    if name is None:
        return None
    found = format_named(name)
    if found is None:
        raise BadOption(
            f"--as knows no format {name!r}.",
            effect="Nothing was read.",
            next_step=f"Use one of {', '.join(form.name for form in FORMATS)}.",
        )
    return found
