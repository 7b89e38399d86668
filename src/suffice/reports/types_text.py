"""The ranking of types on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.cells import cell_len

from suffice.reports.next_step import shell_word
from suffice.reports.sums import column
from suffice.reports.text_table import Page
from suffice.reports.types_detail import LEVERS, agent_lines, dear_text, how_lines, wrapped
from suffice.reports.words import count, percent, usd_text
from suffice.traffic.ranking import AgentRow, Ranking, TypeRow

_DAY_S = 86_400
_BAR = 14
_NAME = 30
_SHORTEST_NAME = 12
_NOUNS = {"type": "request type"}


def types_text(
    ranking: Ranking,
    *,
    top: int,
    width: int = 100,
    unicode: bool = True,
    brief: bool = False,
    by: str = "type",
) -> str:
    """
    The dearest types as a table, how they are asked, and what could be saved at most.

    Args:
        ranking: What `suffice.traffic.ranking.rank` gave.
        top: So many types are shown; the others are counted.
        width: Cells of a line.
        unicode: False draws with ASCII alone.
        brief: The table, and what could be saved.
        by: What tells the rows apart.
    """
    page = Page(width, unicode)
    shown = ranking.types[:top]
    lines = [_headline(ranking, by=by)]
    lines += [f"  {page.clean(note)}" for note in ranking.notes]
    if shown:
        spends = column([row.spend_usd for row in ranking.types])[:top]
        lines += ["", *_table(shown, spends, page, by=by), *_others(ranking.types[top:])]
        if not brief:
            lines += ["", *how_lines(shown, page), *_reasons(shown, page)]
        lines += ["", *_limits(shown, ranking, page), *_versions(shown, page)]
        lines += _catch_alls(shown, page)
    return "\n".join(lines) + "\n"


def agents_text(ranking: Ranking, *, width: int = 100, unicode: bool = True) -> str:
    """Agent traffic by role: main loops, sub-agents, housekeeping, and what each dollar bought."""
    page = Page(width, unicode)
    lines = [_headline(ranking), ""]
    for row in ranking.agents:
        lines += agent_lines(row, ranking, page)
    return "\n".join(lines) + "\n"


def next_line(ranking: Ranking, *, data: str = "") -> str:
    """
    The one command that comes next.

    Args:
        ranking: What was shown.
        data: The option that names the folder, with a blank before it, where it needs one.
    """
    ready = [row for row in ranking.types if row.seen.replayable]
    if not ranking.types:
        return "Next  suffice scan --help"
    if not ready:
        return f"Next  suffice types{data} --agents"
    best = next(
        (row for row in ready if any(one.by not in LEVERS for one in row.savings)), ready[0]
    )
    model = next((one.by for one in best.savings if one.by not in LEVERS), "claude-haiku-5-5")
    return f"Next  suffice compare {shell_word(best.type)} --to {model} --budget 2{data}"


def when(ranking: Ranking) -> str:
    """How long the time looked at was; empty where no exchange tells its time."""
    if ranking.first is None or ranking.last is None:
        return ""
    days = max(1, round((ranking.last - ranking.first) / _DAY_S + 0.5))
    start = datetime.fromtimestamp(ranking.first, UTC).date()
    return f"{count(days, 'day')} from {start}"


def share_text(row: TypeRow | AgentRow) -> str:
    """Its part of all dollars."""
    return "-" if row.share is None else percent(row.share, decimals=0)


def checkable(row: TypeRow) -> str:
    """Which scorer fits, or why the type cannot be tested."""
    if not row.seen.replayable:
        return "nothing (SF104)"
    if row.checkable_by is None:
        return "-"
    return row.checkable_by or "a judge"


def _headline(ranking: Ranking, *, by: str = "type") -> str:
    parts = [
        count(len(ranking.types), _NOUNS.get(by, by)),
        count(ranking.calls, "call"),
        when(ranking),
        f"{usd_text(ranking.spend_usd)} at list price",
    ]
    return "found  " + ", ".join(part for part in parts if part)


def _table(rows: Sequence[TypeRow], spends: Sequence[str], page: Page, *, by: str) -> Iterator[str]:
    calls = max(5, *(len(f"{row.calls:,}") for row in rows))
    spend = max(5, *map(len, spends))
    models = [page.name(row.model.removeprefix("claude-"), 16) for row in rows]
    model = max(9, *(cell_len(text) for text in models))
    bar = _BAR if page.width >= 96 else 0  # noqa: PLR2004 - where all columns fit
    checked = 17
    fixed = 4 + calls + spend + model + checked + 6 + (bar + 1 if bar else 0) + 10
    room = max(_SHORTEST_NAME, min(_NAME, page.width - fixed))
    most = max((row.share or 0.0 for row in rows), default=0.0) or 1.0
    heads = (" #", _NOUNS.get(by, by).ljust(room), "calls".rjust(calls), "spend".rjust(spend))
    last = ("share".rjust(5 + (bar + 1 if bar else 0)), "model now".ljust(model), "checkable by")
    yield "  ".join((*heads, *last))
    rows_of = zip(rows, models, spends, strict=True)
    for number, (row, served, spent) in enumerate(rows_of, start=1):
        name = page.name(row.type, room)
        drawn = _bar((row.share or 0.0) / most, bar, page) + " " if bar else ""
        cells = (
            f"{number:>2}",
            name + " " * (room - cell_len(name)),
            f"{row.calls:,}".rjust(calls),
            spent.rjust(spend),
            drawn + share_text(row).rjust(5),
            served + " " * (model - cell_len(served)),
            page.name(checkable(row), max(checked, page.width - fixed - room + checked)),
        )
        yield "  ".join(cells).rstrip()


def _bar(part: float, cells: int, page: Page) -> str:
    full = round(part * cells)
    return ("█" if page.unicode else "#") * full + " " * (cells - full)


def _others(rest: Sequence[TypeRow]) -> Iterator[str]:
    if rest:
        yield f"    and {count(len(rest), 'more type')}: --top {len(rest) + 100}"


def _limits(rows: Sequence[TypeRow], ranking: Ranking, page: Page) -> Iterator[str]:
    """What could be saved at most, and where something else comes first."""
    yield "could be saved at most: an upper limit at list price, not tested"
    room = min(_NAME, max(cell_len(page.clean(row.type)) for row in rows))
    for row in rows:
        said = "; ".join(filter(None, (_models(row), _levers(row))))
        if said:
            name = page.name(row.type, room)
            yield f"  {name}{' ' * (room - cell_len(name))}  {page.clean(said)}"
        for one in row.savings:
            if dear := dear_text(one, ranking, calls=row.calls):
                said = page.clean(f"{_short_model(one.by)}: {dear}")
                yield from wrapped(said, page, indent=room + 4)


def _reasons(rows: Sequence[TypeRow], page: Page) -> Iterator[str]:
    """Why each scorer fits."""
    room = min(_NAME, max(cell_len(page.clean(row.type)) for row in rows))
    told = [(row, why) for row in rows if (why := _why(row))]
    if told:
        yield from ("", "checkable by")
    for row, why in told:
        name = page.name(row.type, room)
        first, *more = wrapped(page.clean(why), page, indent=room + 4)
        yield f"  {name}{' ' * (room - cell_len(name))}  {first.lstrip()}"
        yield from more


def _why(row: TypeRow) -> str:
    if not row.seen.replayable:
        return "SF104: the logs hold no whole request; ranked, not compared"
    if row.checkable_by is None:
        return ""
    return ": ".join(filter(None, (checkable(row), row.checkable_because)))


def _versions(rows: Sequence[TypeRow], page: Page) -> Iterator[str]:
    """An edited prompt is another type; what was proven of one says nothing of the other."""
    for row in rows:
        if row.known.related:
            yield page.clean(
                f"{row.type} is related to {row.known.related}: another version of its prompt, "
                "with evidence of its own"
            )
        elif not row.known.known:
            yield page.clean(f"{row.type} is new: too few requests to say what stays in them")


def _catch_alls(rows: Sequence[TypeRow], page: Page) -> Iterator[str]:
    for row in rows:
        if row.known.catch_all:
            yield page.clean(
                f"{row.type} is all calls without a system prompt; by their first turns: "
                f"suffice types split {shell_word(row.type)}"
            )


def _models(row: TypeRow) -> str:
    found = [one for one in row.savings if one.by not in LEVERS]
    return ", ".join(f"{usd_text(one.at_most_usd)} {_short_model(one.by)}" for one in found)


def _levers(row: TypeRow) -> str:
    if row.first_lever:
        return f"first {LEVERS[row.first_lever]}, at most {usd_text(_lever_usd(row))}"
    found = [one for one in row.savings if one.by in LEVERS]
    return ", ".join(f"{usd_text(one.at_most_usd)} {one.by}" for one in found)


def _lever_usd(row: TypeRow) -> str:
    return next(one.at_most_usd for one in row.savings if one.by == row.first_lever)


def _short_model(name: str) -> str:
    return name.removeprefix("claude-")
