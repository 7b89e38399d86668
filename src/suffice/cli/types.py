"""`suffice types`: what is asked, how often, and at what cost; sampled, renamed, merged, split."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from suffice.cli.data_option import data_option, data_words, same_data_option
from suffice.cli.types_view import CANDIDATES, FORMS, opened, show_types

__all__ = ["command", "show_types"]

_day = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
_FILTERS = ("model", "app", "source", "user", "session")


def _filters(command: Any) -> Any:
    """Options that look at a part of the exchanges only."""
    for name in reversed(_FILTERS):
        command = click.option(
            f"--{name}", metavar="NAME", help=f"Only calls with this {name}, as the rows name it."
        )(command)
    return command


@click.group(invoke_without_command=True)
@data_option
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="So many types.")
@click.option("--since", type=_day, metavar="DATE", help="UTC.")
@click.option("--until", type=_day, metavar="DATE", help="UTC; the day itself is not counted.")
@_filters
@click.option(
    "--by",
    type=click.Choice(["type", "model", "app", "source", "user"]),
    default="type",
    show_default=True,
    help="What tells the rows apart.",
)
@click.option("--agents", is_flag=True, help="Main loops, sub-agents, housekeeping; per session.")
@click.option(
    "--to",
    "candidates",
    metavar="MODEL",
    multiple=True,
    default=CANDIDATES,
    show_default=True,
    help="Whose upper limit of savings is shown. Repeatable.",
)
@click.option(
    "--assignments",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write one line per exchange, its id and its type; Parquet if the name says so.",
)
@click.option("--prices", type=click.Path(path_type=Path), envvar="SUFFICE_PRICES")
@click.option("--format", "form", type=click.Choice(FORMS), default="text", show_default=True)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also into a file: .json, .csv, .md, .html, .txt or .parquet. Repeatable.",
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    data: Path,
    top: int,
    agents: bool,
    assignments: Path | None,
    form: str,
    outputs: tuple[Path, ...],
    **asked: Any,
) -> None:
    """Request types, dearest first: what is asked, at what cost, and what can be tested."""
    ctx.obj = data
    if ctx.invoked_subcommand is not None:
        return
    from suffice.cli.types_files import check_files, write_assignments, write_ranking
    from suffice.cli.types_view import Shown, ranked, show
    from suffice.wiring import catalog_with

    check_files(outputs)
    catalog = catalog_with(asked["prices"])
    for candidate in asked["candidates"]:
        catalog.find(candidate)
    with opened(data) as store:
        ranking = ranked(
            store,
            catalog,
            wanted=_wanted(asked),
            candidates=asked["candidates"],
            top=top,
            by_unit=agents or form == "json" or bool(outputs),
        )
        if assignments is not None:
            write_assignments(store, assignments)
    shown = Shown(top=top, agents=agents, by=asked["by"], data=data_words(data))
    for path in outputs:
        write_ranking(ranking, path, shown)
    show(ranking, shown, form=form)


def _wanted(asked: dict[str, Any]) -> Any:
    from suffice.adapters.typed_exchanges.queries import Wanted

    since, until = (
        moment.replace(tzinfo=UTC).timestamp() if (moment := asked[name]) else None
        for name in ("since", "until")
    )
    only = tuple((name, asked[name]) for name in _FILTERS if asked[name] is not None)
    return Wanted(since=since, until=until, by=asked["by"], only=only)


@command.command()
@click.argument("request_type", metavar="TYPE")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="A cases file, as `suffice compare` takes it.",
)
@click.option("--cases", "most", type=click.IntRange(1), default=600, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="UTC.")
@same_data_option
@click.pass_obj
def sample(
    folder: Path,
    *,
    request_type: str,
    output: Path,
    most: int,
    seed: int,
    since: datetime | None,
    data: Path | None,
) -> None:
    """Draw a type's cases for a comparison: at random, one per session and near-duplicate."""
    from suffice.cli.compare_types import usual_baseline
    from suffice.cli.types_sample import draw_sample, known_type, write_cases
    from suffice.reports import shell_word

    with opened(data or folder) as store:
        known_type(store, request_type)
        after = since.replace(tzinfo=UTC).timestamp() if since else None
        drawn = draw_sample(store, request_type, most=most, seed=seed, since=after)
        write_cases(output, drawn)
    words = f"suffice compare {shell_word(str(output))}"
    baseline = usual_baseline(drawn.answered, candidates=CANDIDATES[:1])
    if baseline:
        words += f" --baseline {shell_word(baseline)} --to {CANDIDATES[0]} --budget 2"
    click.echo("\n".join([*drawn.summary(), f"Next  {words}"]))


def _change(name: str, text: str, *, into: bool) -> click.Command:
    """A command that changes a type and keeps that somebody did."""

    def run(
        folder: Path, *, request_type: str, into_type: str = "", data: Path | None, **who: str
    ) -> None:
        from suffice.cli.types_change import change_type

        place = data or folder
        change_type(place, action=name, request_type=request_type, into=into_type, **who)
        after = f" {into_type}" if into_type else ""
        click.echo(f"{name}  {request_type}{after}, kept with its reason")
        click.echo(f"Next  suffice types{data_words(place)}")

    arguments: list[click.Parameter] = [click.Argument(["request_type"], metavar="TYPE")]
    if into:
        arguments.append(click.Argument(["into_type"], metavar="NAME"))
    arguments += [
        click.Option(["--by"], envvar="USER", default="", help="Who; kept with the change."),
        click.Option(["--reason"], default="", help="Why; kept with the change."),
    ]
    made = click.Command(name, callback=click.pass_obj(run), params=arguments, help=text)
    same_data_option(made)
    return made


command.add_command(_change("rename", "Give a type another name.", into=True))
command.add_command(_change("merge", "Make a type a part of another one.", into=True))
command.add_command(
    _change("split", "Take a type apart by how its first user turn is made.", into=False)
)
command.add_command(_change("pin", "Refuse to rename, merge or split a type.", into=False))
command.add_command(_change("unpin", "Let a type be changed again.", into=False))


@command.command("show")
@click.argument("request_type", metavar="TYPE")
@same_data_option
@click.pass_obj
def show_command(folder: Path, *, request_type: str, data: Path | None) -> None:
    """What a type is: its prompt with a mark where things differ, and what was decided about it."""
    from suffice.cli.types_change import describe
    from suffice.reports.untrusted import one_line

    for line in describe(data or folder, request_type):
        click.echo(("  " if line.startswith("  ") else "") + one_line(line))


@command.command()
@click.option("--by", envvar="USER", default="", help="Who; kept with the change.")
@click.option("--reason", default="", help="Why; kept with the change.")
@same_data_option
@click.pass_obj
def undo(folder: Path, *, by: str, reason: str, data: Path | None) -> None:
    """Take back the last renaming, merging, splitting or pinning; both stay on record."""
    from suffice.cli.types_change import take_back

    place = data or folder
    last = take_back(place, by=by, reason=reason)
    click.echo(f"undo  {' '.join(filter(None, (last.action, last.type, last.into)))}")
    click.echo(f"Next  suffice types{data_words(place)}")
