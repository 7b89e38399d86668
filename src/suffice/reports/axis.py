"""One scale for many intervals, so that rows can be compared by eye."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

from suffice.records import Measure, Verdict

_STEPS = (1.0, 2.0, 5.0, 10.0)
_LIMITS_SHOWN = 8  # a bound further from zero than this many limits is drawn as running off


@dataclasses.dataclass(frozen=True, slots=True)
class Axis:
    """
    A stretch of the measure's unit, with round numbers to label.

    Attributes:
        low: Left end.
        high: Right end, above ``low``.
        ticks: Round values within.
    """

    low: float
    high: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Where the value stands, from 0 (left) to 1 (right); outside values stick to the end."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def holds(self, value: float) -> bool:
        """Whether the value can be drawn at its true place."""
        return self.low <= value <= self.high


def shared_axis(verdicts: Iterable[Verdict], *, extra: Sequence[float] = ()) -> Axis:
    """
    The stretch on which all these verdicts, of one measure, are drawn.

    It holds the limit, zero (or 100 %) and every estimate. Bounds of a few wild rows do not
    stretch it: they run off the end, and are drawn so.

    Args:
        verdicts: All of one measure.
        extra: Further values it should hold where they are not wild, e.g. a whole band.
    """
    rows = list(verdicts)
    agreement = any(row.measure is Measure.AGREEMENT for row in rows)
    must = [row.limit for row in rows]
    must += [row.estimate for row in rows if row.estimate is not None]
    must += [1.0 if agreement else 0.0]
    wish = [b for row in rows for b in (row.lower, row.upper) if b is not None] + list(extra)
    home = 1.0 if agreement else 0.0
    reach = _LIMITS_SHOWN * max((abs(row.limit - home) for row in rows), default=0.05)
    reach = max([reach or 0.1, *(1.25 * abs(value - home) for value in must)])
    seen = [value for value in must + wish if abs(value - home) <= reach]
    if len(seen) < len(must) + len(wish):
        seen += [home - reach] if any(value < home - reach for value in wish) else []
        seen += [home + reach] if any(value > home + reach for value in wish) else []
    low, high = min(seen), max(seen)
    room = 0.06 * (high - low) or 0.01
    low, high = low - room, high + room
    if agreement:
        low, high = max(low, 0.0), 1.0 + min(room, 0.02)
    return Axis(low, high, _round_values(low, min(high, 1.0) if agreement else high))


def _round_values(low: float, high: float, *, about: int = 5) -> tuple[float, ...]:
    """
    Round numbers between the ends.

    >>> [round(value, 3) for value in _round_values(-0.13, 0.07)]
    [-0.1, -0.05, 0.0, 0.05]
    """
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((power * factor for factor in _STEPS), key=lambda size: abs(size - rough))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple(round(number * step, 10) for number in range(first, last + 1))


@dataclasses.dataclass(frozen=True, slots=True)
class Signs:
    """The characters an interval is drawn with."""

    left: str
    right: str
    line: str
    point: str
    limit: str
    zero: str
    off_left: str
    off_right: str
    crossing: str


UNICODE = Signs("├", "┤", "─", "●", "┊", "│", "◂", "▸", "┼")
ASCII = Signs("[", "]", "-", "o", ":", "|", "<", ">", "+")


def strip(verdict: Verdict, axis: Axis, cells: int, *, signs: Signs = UNICODE) -> str:
    """
    One verdict's interval as a row of characters, with the limit and the zero line.

    >>> from suffice.records import Word
    >>> row = Verdict(type="t", baseline="b", candidate="c", pairs=412, measure=Measure.QUALITY,
    ...     estimate=-0.01, agreement=None, noise_floor=None, lower=-0.023, upper=0.008,
    ...     limit=-0.03, verdict=Word.SWITCH, reason="as_good")
    >>> strip(row, Axis(-0.06, 0.04, ()), 21)
    '      ┊├──●─┼─┤      '
    """
    row = [" "] * cells
    zero = 1.0 if verdict.measure is Measure.AGREEMENT else 0.0
    row[_cell(zero, axis, cells)] = signs.zero
    row[_cell(verdict.limit, axis, cells)] = signs.limit
    if verdict.estimate is None:
        return "".join(row)
    low = verdict.estimate if verdict.lower is None else verdict.lower
    high = verdict.estimate if verdict.upper is None else verdict.upper
    start, end = _cell(low, axis, cells), _cell(high, axis, cells)
    for at in range(start, end + 1):
        row[at] = {signs.zero: signs.crossing, " ": signs.line}.get(row[at], row[at])
    row[start] = signs.left if axis.holds(low) else signs.off_left
    row[end] = signs.right if axis.holds(high) else signs.off_right
    row[_cell(verdict.estimate, axis, cells)] = signs.point
    return "".join(row)


def _cell(value: float, axis: Axis, cells: int) -> int:
    return min(int(axis.place(value) * cells), cells - 1)


def ruler(verdicts: Sequence[Verdict], axis: Axis, cells: int, *, signs: Signs = UNICODE) -> str:
    """
    The labels above the rows: round numbers, and the limit where all rows share it.

    A label that finds no room is left out; the limit comes first, zero second.
    """
    agreement = any(row.measure is Measure.AGREEMENT for row in verdicts)
    limits = {row.limit for row in verdicts}
    row = [" "] * cells
    if len(limits) == 1:
        limit = limits.pop()
        _write(row, _cell(limit, axis, cells), signs.limit + _label(limit, agreement=agreement))
    home = 1.0 if agreement else 0.0
    _write(row, _cell(home, axis, cells), ("" if agreement else signs.zero) + _home(agreement))
    for tick in axis.ticks:
        _write(row, _cell(tick, axis, cells), _label(tick, agreement=agreement))
    return "".join(row)


def _home(agreement: bool) -> str:  # noqa: FBT001  (private, one caller)
    return "100" if agreement else "0"


def _label(value: float, *, agreement: bool) -> str:
    number = round(value * 100, 2)
    return f"{number:g}" if agreement or not number else f"{number:+g}"


def _write(row: list[str], at: int, text: str) -> None:
    start = min(at, len(row) - len(text))
    if start < 0:
        return
    around = row[max(start - 1, 0) : start + len(text) + 1]
    if all(sign == " " for sign in around):
        row[start : start + len(text)] = text
