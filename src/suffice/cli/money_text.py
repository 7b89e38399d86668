"""How dollars, shares and money tables are written on a terminal and into files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import click
import msgspec
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from suffice.cli.console import results, speaks_unicode
from suffice.errors import BadOption

WIDTH = 100
_SMALL = Decimal("0.00001")
_LARGE = Decimal(100_000)


def usd(amount: Decimal, *, whole: bool | None = None) -> str:
    """
    Dollars and cents, half a cent up; whole dollars where cents would only be in the way.

    Args:
        amount: Any amount.
        whole: Leave the cents out; where None, from a hundred thousand dollars on.

    >>> usd(Decimal("1260")), usd(Decimal("-0.125")), usd(Decimal("123456.78"))
    ('$1,260.00', '-$0.13', '$123,457')
    """
    unit = Decimal(1) if (is_large(amount) if whole is None else whole) else Decimal("0.01")
    rounded = abs(amount).quantize(unit, rounding=ROUND_HALF_UP)
    return f"{'-' if amount < 0 and rounded else ''}${rounded:,}"


def read_usd(text: str, *, effect: str) -> Decimal:
    """
    Dollars as an option says them.

    Args:
        text: Such as ``2.50`` or ``$2.50``.
        effect: What is not done where it is none.

    Raises:
        BadOption: It is no sum of dollars, or less than nothing.

    >>> read_usd("$2.50", effect="Nothing is watched.")
    Decimal('2.50')
    """
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise BadOption(
            f"{text!r} is no sum of dollars.", effect=effect, next_step="Write it as 2.50."
        )
    return amount


def is_large(amount: Decimal) -> bool:
    """Whether cents would only be in the way."""
    return abs(amount) >= _LARGE


def usd_each(amount: Decimal) -> str:
    """
    The dollars of one request, fine enough to tell small ones apart.

    >>> usd_each(Decimal("0.00525")), usd_each(Decimal("0.0000025"))
    ('$0.005250', '$0.00000250')
    """
    places = "0.00000001" if 0 < amount < _SMALL else "0.000001"
    return f"${amount.quantize(Decimal(places), rounding=ROUND_HALF_UP):,}"


def percent(value: Decimal) -> str:
    """
    A percentage with one decimal. Never shown without the dollars it is of.

    >>> percent(Decimal("73.333"))
    '73.3 %'
    """
    return f"{value.quantize(Decimal('0.1'), rounding=ROUND_HALF_UP)} %"


def short_name(model: str) -> str:
    """
    A model's id without what every id begins with; the catalog reads it back.

    >>> short_name("claude-haiku-4-5")
    'haiku-4-5'
    """
    return model.removeprefix("claude-")


def price(usd_per_mtok: Decimal) -> str:
    """
    Dollars per million tokens, with two decimals or as many as it takes.

    >>> price(Decimal("5")), price(Decimal("0.125"))
    ('5.00', '0.125')
    """
    cents = usd_per_mtok.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return f"{cents}" if cents == usd_per_mtok else f"{usd_per_mtok.normalize():f}"


def json_text(document: Any) -> str:
    """Indented JSON; decimals are written as the numbers they are, digit by digit."""
    plain = msgspec.to_builtins(document, builtin_types=(Decimal, date), str_keys=True)
    encoded = msgspec.json.Encoder(decimal_format="number").encode(_without_zeros(plain))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def _without_zeros(value: Any) -> Any:
    """The same document with 450.000000 written as 450."""
    match value:
        case Decimal():
            return Decimal(f"{value.normalize():f}")
        case dict():
            return {key: _without_zeros(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_without_zeros(inner) for inner in value]
        case _:
            return value


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV with a header; empty cells where a value is unknown."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return out.getvalue()


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> str:
    """A Markdown table whose first ``left`` columns are text and the rest numbers."""
    ruler = [":--" if column < left else "--:" for column in range(len(header))]
    lines = [header, ruler, *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |\n" for row in lines)


class Page:
    """What a command shows on stdout as text: at most `WIDTH` columns, ASCII where it must be."""

    def __init__(self) -> None:
        self._console: Console = results()
        if not self._console.is_terminal or self._console.width > WIDTH:
            self._console.width = WIDTH
        self._unicode = speaks_unicode(self._console)

    def line(self, text: str = "", *, style: str = "", indent: int = 0) -> None:
        """One paragraph, wrapped within the width."""
        self.block(Padding(Text(self._spelt(text), style=style), (0, 0, 0, indent), expand=False))

    def block(self, block: RenderableType) -> None:
        """Anything rich can draw, without the blanks it pads lines with."""
        with self._console.capture() as captured:
            self._console.print(block, soft_wrap=False)
        lines = (line.rstrip() for line in captured.get().rstrip("\n").split("\n"))
        click.echo("\n".join(lines), color=True)

    def table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        spare: Sequence[str] = (),
        left: int = 1,
    ) -> None:
        """
        A table of text columns and then numbers, narrowed where the terminal is narrow.

        Args:
            header: One word per column.
            rows: Cells, aligned with the header.
            spare: Columns that may be left out, the first one first.
            left: How many columns hold text.
        """
        shown = list(range(len(header)))
        grid = _grid(header, rows, shown, left=left)
        # Measured as if there were room, for a measure is cut to the room there is.
        endless = self._console.options.update(width=10 * WIDTH, max_width=10 * WIDTH)
        for column in spare:
            if Measurement.get(self._console, endless, grid).maximum <= self._console.width:
                break
            shown.remove(header.index(column))
            grid = _grid(header, rows, shown, left=left)
        self.block(grid)

    def next(self, command: str) -> None:
        """The one line every command ends with; never broken, so that it can be copied."""
        click.echo(f"Next  {self._spelt(command)}")

    def _spelt(self, text: str) -> str:
        return text if self._unicode else text.replace("·", "-")


def _grid(
    header: Sequence[str], rows: Sequence[Sequence[str]], shown: Sequence[int], *, left: int
) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in shown:
        grid.add_column(header[column], justify="left" if column < left else "right", no_wrap=True)
    for row in rows:
        grid.add_row(*(row[column] for column in shown))
    return grid


def emit(text: str) -> None:
    """A whole document onto stdout, as it is."""
    click.echo(text, nl=False)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "" if value is None else value
