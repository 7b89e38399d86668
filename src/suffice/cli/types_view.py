"""The ranking of a data folder's types, put together and printed in any format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from suffice import __version__
from suffice.cli.console import results, speaks_unicode
from suffice.cli.data_option import data_words

if TYPE_CHECKING:
    from suffice.adapters.exchanges import Exchanges
    from suffice.adapters.typed_exchanges.queries import Questions, Wanted
    from suffice.catalog import Catalog
    from suffice.traffic.ranking import Ranking, TypeRow

CANDIDATES = ("claude-haiku-5-5", "claude-sonnet-5-5")
FORMS = ("text", "json", "csv", "md", "html")
_LOOKED_AT = 60
_AFTER_A_SCAN = 10
_WIDEST = 120
_PIPED = 100


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """
    How much of a ranking is shown, and of what kind.

    Attributes:
        top: So many types.
        agents: By who makes the calls, in place of types.
        by: What tells the rows apart.
        data: The option that names the folder in the next command, with a blank before it.
        brief: Without how the types are asked.
    """

    top: int = 20
    agents: bool = False
    by: str = "type"
    data: str = ""
    brief: bool = False


@contextmanager
def opened(data: Path) -> Iterator[Exchanges]:
    """A folder's exchanges, for reading."""
    from suffice.adapters.exchanges import Exchanges

    store = Exchanges.open(data, write=False)
    try:
        yield store
    finally:
        store.close()


def ranked(
    store: Exchanges,
    catalog: Catalog,
    *,
    wanted: Wanted | None = None,
    candidates: Sequence[str] = CANDIDATES,
    top: int = 20,
    by_unit: bool = False,
) -> Ranking:
    """
    The store's exchanges, typed and ranked; scorers are chosen for the dearest types.

    Args:
        store: Open for reading.
        catalog: Prices.
        wanted: Which exchanges, and what tells the rows apart; None: all, by type.
        candidates: Whose upper limit of savings is computed.
        top: For so many types some answers are looked at.
        by_unit: Whether the dollars of each session and spawn are spread.
    """
    from suffice.adapters.typed_exchanges.queries import Questions, Wanted
    from suffice.adapters.typed_exchanges.store import TypedExchanges
    from suffice.adapters.typed_exchanges.units import unit_costs
    from suffice.traffic.ranking import rank
    from suffice.wiring import SystemClock

    wanted = wanted or Wanted()
    typed = TypedExchanges(store)
    questions = Questions(store, typed, catalog)
    ranking = rank(
        questions.counted(wanted),
        seen=questions.seen(wanted),
        known=questions.known() if wanted.by == "type" else {},
        candidates=candidates,
        catalog=catalog,
        today=SystemClock().now().date(),
        units=unit_costs(typed, catalog, wanted) if by_unit else (),
    )
    if wanted.by != "type":
        return ranking
    return _with_scorers(ranking, questions, wanted, top=top)


def _with_scorers(ranking: Ranking, questions: Questions, wanted: Wanted, *, top: int) -> Ranking:
    asked = [row for row in ranking.types[:top] if row.seen.answered]

    def find() -> list[tuple[str, str, str]]:
        return _scorers(asked, questions, wanted)

    # What was chosen holds as long as the exchanges, their types and the choosing are the same.
    models = [(row.type, row.model) for row in asked]
    question = f"scorers {__version__} {_LOOKED_AT} {models!r}"
    found = find() if wanted.is_part else questions.kept.rows(question, find)
    chosen = {name: (scorer, why) for name, scorer, why in found}
    rows = [
        msgspec.structs.replace(
            row, checkable_by=chosen[row.type][0], checkable_because=chosen[row.type][1]
        )
        if row.type in chosen
        else row
        for row in ranking.types
    ]
    return msgspec.structs.replace(ranking, types=tuple(rows))


def _scorers(
    rows: Sequence[TypeRow], questions: Questions, wanted: Wanted
) -> list[tuple[str, str, str]]:
    """Type, scorer and why, of each whose answers say anything."""
    from suffice.scoring import choose_scorer

    samples = questions.samples([row.type for row in rows], wanted=wanted, most=_LOOKED_AT)
    found = []
    for row in rows:
        # One model's answers at a time: two models write alike, not the same.
        mine = [case for case in samples.get(row.type, ()) if row.model in case.answers]
        choice = choose_scorer(mine, baseline=row.model) if mine else None
        if choice is not None:
            found.append((row.type, choice.scorer.name if choice.scorer else "", choice.reason))
    return found


def text_of(
    ranking: Ranking, shown: Shown, *, form: str, width: int = _PIPED, unicode: bool = True
) -> str:
    """A ranking in a format."""
    from suffice.reports.types_data import types_csv, types_json, types_markdown
    from suffice.reports.types_page import types_html
    from suffice.reports.types_text import agents_text, next_line, types_text

    match form:
        case "json":
            return types_json(ranking)
        case "csv":
            return types_csv(ranking)
        case "md":
            return types_markdown(ranking, top=shown.top)
        case "html":
            return types_html(ranking, top=shown.top)
        case _ if shown.agents:
            next_step = f"Next  suffice types{shown.data}"
            return agents_text(ranking, width=width, unicode=unicode) + next_step + "\n"
        case _:
            next_step = next_line(ranking, data=shown.data)
            if shown.by != "type":
                next_step = f"Next  suffice types{shown.data}"
            text = types_text(
                ranking,
                top=shown.top,
                width=width,
                unicode=unicode,
                brief=shown.brief,
                by=shown.by,
            )
            return text + next_step + "\n"


def show(ranking: Ranking, shown: Shown, *, form: str = "text") -> None:
    """Print a ranking in a format."""
    console = results()
    width = min(console.width, _WIDEST) if console.is_terminal else _PIPED
    unicode = speaks_unicode(console)
    click.echo(text_of(ranking, shown, form=form, width=width, unicode=unicode), nl=False)


def show_types(data: Path) -> None:
    """
    What a scan ends with: the dearest types of a folder, as text.

    Raises:
        EmptyInput: No log was read into it yet.
    """
    from suffice.catalog import load_catalog

    with opened(data) as store:
        ranking = ranked(store, load_catalog(), top=_AFTER_A_SCAN)
    show(ranking, Shown(top=_AFTER_A_SCAN, data=data_words(data), brief=True))
