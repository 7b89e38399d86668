"""How each type is asked: when, how fast, how long, how often it fails, and who makes the calls."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from suffice.reports.text_table import Page
from suffice.reports.words import count, percent, usd_text
from suffice.traffic.ranking import AgentRow, Ranking, TypeRow, UpperLimit

LEVERS = {
    "cache": "cache the prompt's beginning",
    "batch": "send in batches",
    "effort": "lower the effort",
}
_SPARKS = " ▁▂▃▄▅▆▇█"
_HOURS_A_CELL = 3
_NAME = 24
_LEAST_COLUMNS = 3
_INDENT = 14


def how_lines(rows: Sequence[TypeRow], page: Page) -> Iterator[str]:
    """
    One line a type: sessions, errors, spreads, both halves of the time, hours of the day.

    Where the page is too narrow the last columns are left out.
    """
    arrow = "→" if page.unicode else ">"
    heads = ["how they are asked", "sessions", "errors", "latency s", "tokens in", "tokens out"]
    heads += [f"half{arrow}half", "hours UTC"]
    table = [heads, *(_how(row, page, arrow) for row in rows)]
    widths = [max(cell_len(line[place]) for line in table) for place in range(len(heads))]
    while len(widths) > _LEAST_COLUMNS and sum(widths) + 2 * (len(widths) - 1) > page.width:
        widths.pop()
    for line in table:
        cells = [text.rjust(width) for text, width in zip(line, widths, strict=False)]
        cells[0] = line[0] + " " * (widths[0] - cell_len(line[0]))
        yield "  ".join(cells).rstrip()
    yield "  latency and tokens: the median, and what 95 of a hundred stay under"


def _how(row: TypeRow, page: Page, arrow: str) -> list[str]:
    seen = row.seen
    return [
        "  " + page.name(row.type, _NAME),
        f"{seen.sessions:,}" if seen.sessions else "-",
        f"{seen.errors:,}",
        short_spread(seen.latency_s, page),
        short_spread(seen.prompt_tokens, page),
        short_spread(seen.output_tokens, page),
        f"{seen.earlier:,}{arrow}{seen.later:,}" if seen.earlier or seen.later else "-",
        hours(seen.by_hour, page),
    ]


def hours(by_hour: Sequence[int], page: Page) -> str:
    """
    Calls by hour of the day, three hours a sign, the first at midnight UTC.

    >>> hours([0] * 12 + [5, 5] + [10] * 10, Page(80, unicode=False))
    '....6999'
    """
    pairs = [sum(by_hour[at : at + _HOURS_A_CELL]) for at in range(0, len(by_hour), _HOURS_A_CELL)]
    most = max(pairs, default=0)
    if not most:
        return "-"
    if page.unicode:
        return "".join(_SPARKS[-(-calls * 8 // most)] for calls in pairs)
    return "".join(str(-(-calls * 9 // most)) if calls else "." for calls in pairs)


def agent_lines(row: AgentRow, ranking: Ranking, page: Page) -> Iterator[str]:
    """One role: its dollars by what they bought, by unit, by type, and where long prompts bite."""
    plural = {"spawn": "spawns", "session": "sessions"}.get(row.unit, "calls")
    units = "" if row.unit == "call" else f" in {count(row.units, row.unit, plural)}"
    per = f", {usd_text(row.per_unit_usd)} a {row.unit}" if row.per_unit_usd else ""
    yield f"{row.role:<14}{count(row.calls, 'call')}{units}, {usd_text(row.spend_usd)}{per}"
    if row.unit_usd and row.units > 1:
        usual, many = row.unit_usd
        yield from _under(
            f"half of the {plural} cost {usd_text(usual)} or less, 95 of a hundred "
            f"{usd_text(many)} or less",
            page,
        )
    whole = sum(float(usd) for part, usd in row.dollars.items() if part != "thinking") or 1.0
    told = [
        f"{part.replace('_', ' ')} {usd_text(usd)} ({percent(float(usd) / whole, decimals=0)})"
        for part, usd in row.dollars.items()
        if float(usd)
    ]
    if told:
        yield from _under(f"dollars: {', '.join(told)}", page)
    if len(row.types) > 1 or (row.types and row.unit == "call"):
        dearest = ", ".join(f"{page.clean(name)} {usd_text(usd)}" for name, usd in row.types)
        yield from _under(f"most for {dearest}", page)
    if row.latency_s:
        yield from _under(
            f"latency {short_spread(row.latency_s, page)} s (median, 95th of a hundred)", page
        )
    for text in _long(row, ranking):
        yield from _under(text, page)


def dear_text(one: UpperLimit, ranking: Ranking, *, calls: int) -> str:
    """Where a candidate bills a dearer band, how many calls that meets; else empty."""
    if not one.dear_calls:
        return ""
    return (
        f"{one.dear_calls:,} of {count(calls, 'call')} over {ranking.long_from // 1000}K tokens: "
        f"{usd_text(one.dear_usd)} there, in its dearer band"
    )


def _long(row: AgentRow, ranking: Ranking) -> Iterator[str]:
    if row.long_calls:
        yield (
            f"{row.long_calls:,} of {count(row.calls, 'call')} have prompts over "
            f"{ranking.long_from // 1000}K tokens"
        )
    if float(row.long_prompt_usd):
        yield f"{usd_text(row.long_prompt_usd)} were billed in the band of long prompts"
    for one in row.savings:
        if dear := dear_text(one, ranking, calls=row.calls):
            yield f"{one.by}: at most {usd_text(one.at_most_usd)} less; {dear}"


def _under(text: str, page: Page) -> list[str]:
    return wrapped(page.clean(text), page, indent=_INDENT)


def wrapped(text: str, page: Page, *, indent: int) -> list[str]:
    """A clean text on as many lines as it takes, each that far in."""
    room = max(page.width - indent, 20)
    return [" " * indent + line for line in textwrap.wrap(text, room, break_on_hyphens=False)]


def short_spread(pair: tuple[float, float] | None, page: Page) -> str:
    """A median and the 95th of a hundred, in as few signs as say something."""
    if pair is None:
        return "-"
    dash = "…" if page.unicode else "-"
    return dash.join(_short(value) for value in pair)


def _short(value: float) -> str:
    """
    A number in four signs or so.

    >>> [_short(one) for one in (0.42, 7.25, 640.4, 9_240.0, 121_000.0)]
    ['0.4', '7.2', '640', '9,240', '121K']
    """
    if value < 10:  # noqa: PLR2004 - a digit after the point still says something
        return f"{value:.1f}"
    return f"{value:,.0f}" if value < 100_000 else f"{value / 1000:,.0f}K"  # noqa: PLR2004
