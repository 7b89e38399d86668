"""All rollouts at a glance."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from suffice.cli.console import results, speaks_unicode
from suffice.cli.money_text import json_text
from suffice.cli.rollout_words import (
    STYLE,
    Hung,
    headline,
    joined,
    left_text,
    set_text,
    short_text,
    state_text,
)
from suffice.reports.rollouts import RolloutView, actual_text, rollouts_json
from suffice.reports.untrusted import one_line

_ANY = 10_000


def show_list(views: Sequence[RolloutView], *, form: str) -> None:
    """All rollouts, one line each."""
    if form == "json":
        click.echo(json_text(rollouts_json(views)), nl=False)
        return
    if not views:
        click.echo("No rollout was ever started.\n\nNext  suffice rollout next")
        return
    console = results()
    console.print(listed(views, console))
    click.echo("\nNext  suffice rollout status TYPE")


def listed(views: Sequence[RolloutView], console: Console) -> RenderableType:
    """All rollouts: a table where none of its cells would be folded, else two lines each."""
    unicode = speaks_unicode(console)
    table = _table(views, unicode=unicode)
    if console.measure(table, options=console.options.update(width=_ANY)).maximum <= console.width:
        return table
    lines: list[RenderableType] = []
    for view in views:
        figures = [
            f"stage {view.stage}/{len(view.shares)}",
            f"set {set_text(view)}",
            f"actual {actual_text(view.served)}",
            f"pairs {view.stage_pairs:,}/{view.stage_needs:,}",
            f"left {left_text(view)}",
        ]
        lines += [
            headline(view, unicode=unicode),
            Hung(joined(figures, unicode=unicode), style="dim"),
        ]
    return Group(*lines)


def _table(views: Sequence[RolloutView], *, unicode: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("request type", "from -> to", "state"):
        table.add_column(heading)
    for heading in ("stage", "set", "actual", "pairs", "left"):
        table.add_column(heading, justify="right")
    for view in views:
        table.add_row(
            Text(one_line(view.type)),
            Text(f"{short_text(view.baseline)} -> {short_text(view.candidate)}"),
            Text(state_text(view, unicode=unicode), style=STYLE[view.state]),
            f"{view.stage} of {len(view.shares)}",
            set_text(view),
            actual_text(view.served),
            f"{view.stage_pairs:,} of {view.stage_needs:,}",
            left_text(view),
        )
    return table
