"""The table of verdicts on a terminal: one row each, intervals drawn in characters."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from suffice.records import Measure, Verdict, Word
from suffice.reports import axis, words
from suffice.reports.untrusted import one_line, shorten

STYLES = {Word.SWITCH: "green", Word.KEEP: "red", Word.NOT_YET: "yellow"}
_GAP = "  "
_SHORTEST_NAME = 18
_NARROWEST_AXIS = 11
_WIDE_AXIS = 22
_WIDEST_AXIS = 34


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """Where the text is going: its width in cells, and whether glyphs beyond ASCII arrive."""

    width: int
    unicode: bool

    def clean(self, text: str) -> str:
        """Untrusted text on one line, with nothing hidden in it."""
        return one_line(text, unicode=self.unicode)

    def name(self, text: str, width: int) -> str:
        """An untrusted name, at most so many cells wide."""
        text = self.clean(text)
        while cell_len(shorten(text, width, unicode=self.unicode)) > width:
            text = shorten(text, max(len(text) * width // cell_len(text), 1), unicode=self.unicode)
        return shorten(text, width, unicode=self.unicode)


@dataclasses.dataclass(frozen=True, slots=True)
class _Widths:
    name: int
    count: int
    axis: int
    bounds: int
    cost: int


def table_lines(rows: Sequence[Verdict], page: Page, *, arms: bool) -> Iterator[Text]:
    """
    The rows, one table per measure since measures share no axis.

    Args:
        rows: What to show.
        page: Where it goes.
        arms: Whether the candidate stands in each row, under its type.
    """
    if not rows:
        return
    widths = _widths(rows, page, arms=arms)
    for measure in dict.fromkeys(row.measure for row in rows):
        yield Text()
        yield from _table([row for row in rows if row.measure is measure], widths, page, arms=arms)


def _table(
    rows: Sequence[Verdict],
    widths: _Widths,
    page: Page,
    *,
    arms: bool,
) -> Iterator[Text]:
    measure = rows[0].measure
    scale = axis.shared_axis(rows)
    signs = axis.UNICODE if page.unicode else axis.ASCII
    title = _measure_title(rows)
    if widths.axis:
        before = widths.name + widths.count + 2 * len(_GAP)
        room = page.width - before
        yield Text(" " * before + shorten(title, room, unicode=page.unicode), "dim")
    else:
        yield Text(shorten(title, page.width, unicode=page.unicode), "dim")
    heads = [
        "request type".ljust(widths.name),
        ("agreed" if measure is Measure.AGREEMENT else "pairs").rjust(widths.count),
        axis.ruler(rows, scale, widths.axis, signs=signs) if widths.axis else None,
        f"{words.level(rows[0])} bounds".rjust(widths.bounds),
        "cost".rjust(widths.cost) if widths.cost else None,
        "verdict",
    ]
    yield Text(_GAP.join(head for head in heads if head is not None), "dim")
    last = None
    for row in rows:
        if arms and row.type != last:
            yield Text(page.name(row.type, page.width), "bold")
            last = row.type
        yield from _row(row, widths, scale, page, arms=arms)


def _measure_title(rows: Sequence[Verdict]) -> str:
    limits = {row.limit for row in rows}
    title = words.MEASURES[rows[0].measure]
    return f"{title} (limit {words.limit_text(rows[0], unit=False)})" if len(limits) == 1 else title


def _widths(rows: Sequence[Verdict], page: Page, *, arms: bool) -> _Widths:
    indent = 2 if arms else 0
    names = [page.clean(row.candidate if arms else row.type) for row in rows]
    longest = max([12, *(indent + cell_len(name) for name in names)])
    number = max(6, *(len(words.counted(row)) for row in rows))
    bounds = max(10, *(len(words.bounds(row)) for row in rows))
    cost = max(4, *(len(_cost(row)) for row in rows))
    word = max(7, *(len(_said(row)) for row in rows))
    others = sum((number, bounds, word)) + 4 * len(_GAP)
    for axis_least, with_cost in (
        (_WIDE_AXIS, True),
        (_NARROWEST_AXIS, True),
        (_NARROWEST_AXIS, False),
    ):
        room = page.width - others - (cost + len(_GAP) if with_cost else 0) - axis_least
        if room >= min(longest, _SHORTEST_NAME):
            name = min(longest, room)
            axis_cells = min(axis_least + room - name, _WIDEST_AXIS)
            return _Widths(name, number, axis_cells, bounds, cost if with_cost else 0)
    name = max(8, min(longest, page.width - others + len(_GAP)))
    return _Widths(name, number, 0, bounds, 0)


def _cost(row: Verdict) -> str:
    return "-" if row.cost is None else words.cost_change(row.cost, pairs=row.pairs)


def _said(row: Verdict) -> str:
    # The glyph is one cell wide in both alphabets.
    return f"x {words.SAID[row.verdict].upper()}{'*' if row.provisional else ''}"


def _row(
    row: Verdict, widths: _Widths, scale: axis.Axis, page: Page, *, arms: bool
) -> Iterator[Text]:
    """One line; a name that finds no room stands above it, whole as far as the page allows."""
    name = ("  " if arms else "") + page.clean(row.candidate if arms else row.type)
    style = "" if arms else "bold"
    line = Text()
    if cell_len(name) > widths.name:
        yield Text(page.name(name, page.width), style)
        name = ""
    line.append(name + " " * (widths.name - cell_len(name)) + _GAP, style)
    line.append(words.counted(row).rjust(widths.count) + _GAP)
    if widths.axis:
        line.append_text(_strip(row, scale, widths.axis, page))
        line.append(_GAP)
    line.append(words.bounds(row).rjust(widths.bounds) + _GAP)
    if widths.cost:
        line.append(_cost(row).rjust(widths.cost) + _GAP)
    sign = words.glyph(row.verdict, unicode=page.unicode)
    line.append(sign + _said(row)[1:], f"bold {STYLES[row.verdict]}")
    yield line


def _strip(row: Verdict, scale: axis.Axis, cells: int, page: Page) -> Text:
    signs = axis.UNICODE if page.unicode else axis.ASCII
    drawn = Text()
    for sign in axis.strip(row, scale, cells, signs=signs):
        style = {signs.limit: "yellow", signs.zero: "dim"}.get(sign, "")
        drawn.append(sign, style)
    return drawn
