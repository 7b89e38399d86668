"""The gateway's day on a terminal: once, or live."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal

import click
import msgspec
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from suffice.cli.console import results, speaks_unicode
from suffice.gateway.status import (
    BudgetLine,
    Status,
    TypeLine,
    ago,
    counted,
    draw_status,
    money,
    worries,
)
from suffice.reports.untrusted import one_line, visible

_EVERY_S = 1.0
_BAR = 24
_WIDE, _SHARE_BAR = 92, 14


def show_status(status: Status) -> None:
    """Print it: drawn on a terminal, as plain text where it is piped."""
    console = results()
    if console.is_terminal and speaks_unicode(console):
        console.print(drawn(status, width=console.width))
    else:
        types = (msgspec.structs.replace(each, type=one_line(each.type)) for each in status.types)
        plain = draw_status(msgspec.structs.replace(status, types=tuple(types)))
        click.echo(visible(plain, unicode=speaks_unicode(console)))


def watch_status(
    look: Callable[[], Status],
    *,
    console: Console | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """
    Look again and again until Ctrl-C.

    Args:
        look: Reads the status.
        console: Where to; the terminal.
        wait: Waits so many seconds; interrupted by Ctrl-C.
    """
    screen = console if console is not None else results()
    before, at = look(), time.monotonic()
    first = drawn(before, width=screen.width)
    with Live(first, console=screen, auto_refresh=False, screen=screen.is_terminal) as live:
        try:
            while True:
                wait(_EVERY_S)
                status, now = look(), time.monotonic()
                passed = max(now - at, 0.001)
                rate = max(0, status.requests - before.requests) / passed
                live.update(drawn(status, width=screen.width, rate=rate), refresh=True)
                before, at = status, now
        except KeyboardInterrupt:
            return


def drawn(status: Status, *, width: int, rate: float | None = None) -> RenderableType:
    """
    One screen of it.

    Args:
        status: What is shown.
        width: Columns.
        rate: Requests a second just now; None where nobody looked twice.
    """
    title = Text.assemble(("suffice gateway", "bold"), ("  ", ""), (f"{status.day} UTC", "dim"))
    if rate is not None:
        title.append(f"   {rate:,.1f} requests/s", style="cyan")
    troubles = [
        Text(visible(line), style="yellow" if line[0] == "!" else "dim") for line in worries(status)
    ]
    if not status.account_read:
        said = Text("No account yet: no exchange was taken in, or the account cannot be read.")
        return Group(title, Text(""), said, *troubles)
    parts: list[RenderableType] = [title, Text(""), _figures(status)]
    if status.types:
        parts += [Text(""), _types(status, wide=width >= _WIDE)]
    if status.budgets:
        parts += [Text(""), _budgets(status.budgets)]
    return Group(*parts, *([Text("")] if troubles else []), *troubles)


def _figures(status: Status) -> RenderableType:
    table = Table.grid(padding=(0, 3))
    errors = Text(counted(status.errors, "error"), "red" if status.errors else "dim")
    cut = Text(f"{status.cut:,} cut", "yellow" if status.cut else "dim")
    age = "" if status.last_exchange_s is None else f"the last {ago(status.last_exchange_s)}"
    table.add_row(
        _strong(*counted(status.requests, "request").split()), errors, cut, Text(age, "dim")
    )
    money_line = Text.assemble((money(status.usd), "bold"), " spent", "   ")
    money_line.append(money(status.saved_usd), "bold green")
    money_line.append(" less than the requested models at list price")
    tokens = Text(
        f"{_short(status.input_tokens)} tokens in, {_short(status.cache_read_tokens)} read from "
        f"and {_short(status.cache_write_tokens)} written to cache, "
        f"{_short(status.output_tokens)} out",
        "dim",
    )
    return Group(table, money_line, tokens)


def _strong(figure: str, word: str) -> Text:
    return Text.assemble((figure, "bold"), f" {word}")


def _short(count: int) -> str:
    """A count in few digits; the exact ones are in the account."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.1f}{unit}"
    return str(count)


def _types(status: Status, *, wide: bool) -> RenderableType:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("type", overflow="ellipsis", no_wrap=True, max_width=28)
    for name in ("requests", "errors", "spent"):
        table.add_column(name, justify="right")
    if wide:
        table.add_column("", width=_SHARE_BAR)
    table.add_column("to candidate", justify="right", no_wrap=True)
    dearest = max((Decimal(line.usd) for line in status.types), default=Decimal(0))
    for line in status.types:
        table.add_row(*_type_cells(line, dearest, wide=wide))
    if status.more_types:
        table.add_row(Text(f"and {status.more_types} more", "dim"))
    return table


def _type_cells(line: TypeLine, dearest: Decimal, *, wide: bool) -> list[RenderableType]:
    share = float(Decimal(line.usd) / dearest) if dearest else 0.0
    moved = f"{round(line.candidate_share * line.requests):,} ({line.candidate_share:.0%})"
    return [
        # Whoever may ask names it.
        Text(one_line(line.type) or "(no type)"),
        f"{line.requests:,}",
        Text(f"{line.errors:,}", "red" if line.errors else "dim"),
        money(line.usd),
        *([Text("█" * round(share * _SHARE_BAR), "cyan")] if wide else []),
        Text(moved, "green" if line.candidate_share else "dim"),
    ]


def _budgets(budgets: tuple[BudgetLine, ...]) -> RenderableType:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("budget", "", "spent", "of", ""):
        table.add_column(name, justify="right" if name in {"spent", "of"} else "left")
    for line in budgets:
        style = "red" if line.reached else ("yellow" if line.soft else "green")
        filled = min(_BAR, int(line.share * _BAR))
        bar = Text("█" * filled, style).append("░" * (_BAR - filled), "dim")
        word = "REACHED" if line.reached else ("near its end" if line.soft else f"{line.share:.0%}")
        of = f"{money(line.usd)} a {line.per}"
        table.add_row(Text(one_line(line.name)), bar, money(line.spent_usd), of, Text(word, style))
    return table
