"""Labelled paragraphs: a narrow column of words, a wide one of sentences."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text


def labelled(rows: Iterable[tuple[str, str]]) -> Table:
    """A grid of (label, sentence); a label that repeats is shown once."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    before = ""
    for label, text in rows:
        grid.add_row("" if label == before else f"  {label}", Text(text))
        before = label
    return grid
