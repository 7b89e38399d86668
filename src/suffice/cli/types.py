"""`suffice types`: what is asked, how often, and at what cost; sampled, renamed, merged, split."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from suffice.cli.console import progress, results, speaks_unicode
from suffice.cli.data_option import data_option, data_words, same_data_option

if TYPE_CHECKING:
    from suffice.adapters.exchanges import Exchanges
    from suffice.adapters.exchanges_queries import Questions
    from suffice.catalog import Catalog
    from suffice.traffic.ranking import Ranking

CANDIDATES = ("claude-haiku-5-5", "claude-sonnet-5-5")
_LOOKED_AT = 60
_AFTER_A_SCAN = 10


@click.group(invoke_without_command=True)
@data_option
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="So many types.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="UTC.")
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
    help="Write one line per exchange, its id and its type.",
)
@click.option("--prices", type=click.Path(path_type=Path), envvar="SUFFICE_PRICES")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv", "md", "html"]),
    default="text",
    show_default=True,
)
@click.pass_context
def command(
    ctx: click.Context,
    *,
    data: Path,
    top: int,
    since: datetime | None,
    by: str,
    agents: bool,
    candidates: tuple[str, ...],
    assignments: Path | None,
    prices: Path | None,
    form: str,
) -> None:
    """Request types, dearest first: what is asked, at what cost, and what can be tested."""
    ctx.obj = data
    if ctx.invoked_subcommand is not None:
        return
    from suffice.wiring import catalog_with

    catalog = catalog_with(prices)
    for candidate in candidates:
        catalog.find(candidate)
    with _opened(data) as store:
        ranking = ranked(store, catalog, since=since, by=by, candidates=candidates, top=top)
        if assignments is not None:
            _assign(store, assignments)
    show(ranking, form=form, top=top, agents=agents, by=by)


def ranked(
    store: Exchanges,
    catalog: Catalog,
    *,
    since: datetime | None = None,
    by: str = "type",
    candidates: tuple[str, ...] = CANDIDATES,
    top: int = 20,
) -> Ranking:
    """
    The store's exchanges, typed and ranked; scorers are chosen for the dearest types.

    Args:
        store: Open for reading.
        catalog: Prices.
        since: UTC; None: all.
        by: What tells the rows apart.
        candidates: Whose upper limit of savings is computed.
        top: For so many types some answers are looked at.
    """
    from suffice.adapters.exchange_types import TypedExchanges
    from suffice.adapters.exchanges_queries import Questions, Wanted
    from suffice.traffic.ranking import rank
    from suffice.wiring import SystemClock

    questions = Questions(store, TypedExchanges(store), catalog)
    wanted = Wanted(since=since.replace(tzinfo=UTC).timestamp() if since else None, by=by)
    ranking = rank(
        questions.counted(wanted),
        seen=questions.seen(wanted),
        known=questions.known() if by == "type" else {},
        candidates=candidates,
        catalog=catalog,
        today=SystemClock().now().date(),
    )
    return (
        _with_scorers(ranking, questions, wanted_since=wanted.since, top=top)
        if (by == "type")
        else ranking
    )


def _with_scorers(
    ranking: Ranking, questions: Questions, *, wanted_since: float | None, top: int
) -> Ranking:
    import msgspec

    from suffice.adapters.exchanges_queries import Wanted
    from suffice.scoring import choose_scorer

    rows = list(ranking.types)
    for place, row in enumerate(rows[:top]):
        if not row.seen.answered:
            continue
        cases = list(questions.cases(row.type, wanted=Wanted(since=wanted_since), most=_LOOKED_AT))
        # One model's answers at a time: two models write alike, not the same.
        mine = [case for case in cases if row.model in case.answers]
        choice = choose_scorer(mine, baseline=row.model) if mine else None
        if choice is not None:
            rows[place] = msgspec.structs.replace(
                row,
                checkable_by=choice.scorer.name if choice.scorer else "",
                checkable_because=choice.reason,
            )
    return msgspec.structs.replace(ranking, types=tuple(rows))


def show(
    ranking: Ranking,
    *,
    form: str = "text",
    top: int = 20,
    agents: bool = False,
    by: str = "type",
) -> None:
    """Print a ranking in a format."""
    from suffice.reports.types_data import types_csv, types_json, types_markdown
    from suffice.reports.types_page import types_html
    from suffice.reports.types_text import agents_text, next_line, types_text

    console = results()
    width = min(console.width, 120) if console.is_terminal else 100
    unicode = speaks_unicode(console)
    match form:
        case "json":
            text = types_json(ranking)
        case "csv":
            text = types_csv(ranking)
        case "md":
            text = types_markdown(ranking, top=top)
        case "html":
            text = types_html(ranking, top=top)
        case _ if agents:
            text = agents_text(ranking, width=width, unicode=unicode)
        case _:
            text = types_text(ranking, top=top, width=width, unicode=unicode)
            text += ("Next  suffice types" if by != "type" else next_line(ranking)) + "\n"
    click.echo(text, nl=False)


def show_types(data: Path) -> None:
    """
    What a scan ends with: the dearest types of a folder, as text.

    Raises:
        EmptyInput: No log was read into it yet.
    """
    from suffice.catalog import load_catalog

    with _opened(data) as store:
        ranking = ranked(store, load_catalog(), top=_AFTER_A_SCAN)
    show(ranking, top=_AFTER_A_SCAN)


@contextmanager
def _opened(data: Path) -> Iterator[Exchanges]:
    from suffice.adapters.exchanges import Exchanges

    store = Exchanges.open(data, write=False)
    try:
        yield store
    finally:
        store.close()


def _assign(store: Exchanges, path: Path) -> None:
    import msgspec

    from suffice.adapters.exchange_types import TypedExchanges
    from suffice.errors import StorageError

    encode = msgspec.json.Encoder().encode
    written = 0
    try:
        with path.open("wb") as file:
            for identity, name in TypedExchanges(store).assignments():
                file.write(encode({"id": identity, "type": name}) + b"\n")
                written += 1
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.",
            effect="The ranking stands; that file is incomplete.",
            next_step="Choose another place with --assignments.",
        ) from error
    progress().print(f"{written:,} exchanges with their types in {path}", markup=False)


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
    from suffice.cli.types_sample import draw_sample, known_type, write_cases
    from suffice.reports import shell_word

    with _opened(data or folder) as store:
        known_type(store, request_type)
        after = since.replace(tzinfo=UTC).timestamp() if since else None
        drawn = draw_sample(store, request_type, most=most, seed=seed, since=after)
        write_cases(output, drawn)
    words = f"suffice compare {shell_word(str(output))}"
    if drawn.baseline:
        words += f" --baseline {shell_word(drawn.baseline)} --to {CANDIDATES[0]} --budget 2"
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
