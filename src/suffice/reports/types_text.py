"""The ranking of types on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.cells import cell_len

from suffice.reports.next_step import shell_word
from suffice.reports.text_table import Page
from suffice.reports.words import count, percent, usd_text
from suffice.traffic.ranking import AgentRow, Ranking, TypeRow

_DAY_S = 86_400
_BAR = 14
_NAME = 30
_SHORTEST_NAME = 12
_LEVERS = {
    "cache": "cache the prompt's beginning",
    "batch": "send in batches",
    "effort": "lower the effort",
}


def types_text(ranking: Ranking, *, top: int, width: int = 100, unicode: bool = True) -> str:
    """
    The dearest types as a table, and what could be saved at most.

    Args:
        ranking: What `suffice.traffic.ranking.rank` gave.
        top: So many types are shown; the others are counted.
        width: Cells of a line.
        unicode: False draws with ASCII alone.
    """
    page = Page(width, unicode)
    shown = ranking.types[:top]
    lines = [_headline(ranking)]
    lines += [f"  {page.clean(note)}" for note in ranking.notes]
    if shown:
        lines += ["", *_table(shown, page), *_others(ranking.types[top:])]
        lines += ["", *_limits(shown, page), *_catch_alls(shown, page)]
    return "\n".join(lines) + "\n"


def agents_text(ranking: Ranking, *, width: int = 100, unicode: bool = True) -> str:
    """Agent traffic by role: main loops, sub-agents, housekeeping, and what each dollar bought."""
    page = Page(width, unicode)
    lines = [_headline(ranking), ""]
    for row in ranking.agents:
        lines += _agent(row, page)
    return "\n".join(lines) + "\n"


def next_line(ranking: Ranking) -> str:
    """The one command that comes next."""
    ready = [row for row in ranking.types if row.seen.replayable]
    if not ready:
        return "Next  suffice scan --help" if not ranking.types else "Next  suffice types --agents"
    return f"Next  suffice types sample {shell_word(ready[0].type)} -o cases.jsonl"


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
        return "not from these logs (SF104)"
    if row.checkable_by is None:
        return "-"
    return row.checkable_by or "a judge"


def _headline(ranking: Ranking) -> str:
    parts = [
        count(len(ranking.types), "request type"),
        count(ranking.calls, "call"),
        when(ranking),
        f"{usd_text(ranking.spend_usd)} at list price",
    ]
    return "found  " + ", ".join(part for part in parts if part)


def _table(rows: Sequence[TypeRow], page: Page) -> Iterator[str]:
    calls = max(5, *(len(f"{row.calls:,}") for row in rows))
    spend = max(5, *(len(usd_text(row.spend_usd)) for row in rows))
    models = [page.name(row.model.removeprefix("claude-"), 16) for row in rows]
    model = max(9, *(cell_len(text) for text in models))
    bar = _BAR if page.width >= 96 else 0  # noqa: PLR2004 - where all columns fit
    checked = 17
    fixed = 4 + calls + spend + model + checked + 6 + (bar + 1 if bar else 0) + 10
    room = max(_SHORTEST_NAME, min(_NAME, page.width - fixed))
    most = max((row.share or 0.0 for row in rows), default=0.0) or 1.0
    heads = (" #", "request type".ljust(room), "calls".rjust(calls), "spend".rjust(spend))
    last = ("share".rjust(5 + (bar + 1 if bar else 0)), "model now".ljust(model), "checkable by")
    yield "  ".join((*heads, *last))
    for number, (row, served) in enumerate(zip(rows, models, strict=True), start=1):
        name = page.name(row.type, room)
        drawn = _bar((row.share or 0.0) / most, bar, page) + " " if bar else ""
        cells = (
            f"{number:>2}",
            name + " " * (room - cell_len(name)),
            f"{row.calls:,}".rjust(calls),
            usd_text(row.spend_usd).rjust(spend),
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


def _limits(rows: Sequence[TypeRow], page: Page) -> Iterator[str]:
    """What could be saved at most, and where something else comes first."""
    yield "could be saved at most: an upper limit at list price, not tested"
    room = min(_NAME, max(cell_len(page.clean(row.type)) for row in rows))
    for row in rows:
        said = "; ".join(filter(None, (_models(row), _levers(row))))
        if said:
            name = page.name(row.type, room)
            yield f"  {name}{' ' * (room - cell_len(name))}  {page.clean(said)}"


def _catch_alls(rows: Sequence[TypeRow], page: Page) -> Iterator[str]:
    for row in rows:
        if row.known.catch_all:
            yield page.clean(
                f"{row.type} is all calls without a system prompt; by their first turns: "
                f"suffice types split {shell_word(row.type)}"
            )


def _models(row: TypeRow) -> str:
    found = [one for one in row.savings if one.by not in _LEVERS]
    return ", ".join(
        f"{usd_text(one.at_most_usd)} {one.by.removeprefix('claude-')}" for one in found
    )


def _levers(row: TypeRow) -> str:
    if row.first_lever:
        return f"first {_LEVERS[row.first_lever]}"
    found = [one for one in row.savings if one.by in _LEVERS]
    return ", ".join(f"{usd_text(one.at_most_usd)} {one.by}" for one in found)


def _agent(row: AgentRow, page: Page) -> Iterator[str]:
    per = f", {usd_text(row.per_unit_usd)} a {row.unit}" if row.per_unit_usd else ""
    plural = {"spawn": "spawns", "session": "sessions"}.get(row.unit, "calls")
    units = "" if row.unit == "call" else f" in {count(row.units, row.unit, plural)}"
    yield f"{row.role:<14}{count(row.calls, 'call')}{units}, {usd_text(row.spend_usd)}{per}"
    whole = sum(float(usd) for part, usd in row.dollars.items() if part != "thinking") or 1.0
    told = [
        f"{part.replace('_', ' ')} {percent(float(usd) / whole, decimals=0)}"
        for part, usd in row.dollars.items()
        if float(usd)
    ]
    if told:
        yield page.clean(f"{'':<14}of the dollars: {', '.join(told)}")
    if float(row.long_prompt_usd):
        yield f"{'':<14}{usd_text(row.long_prompt_usd)} were billed in the band of long prompts"
