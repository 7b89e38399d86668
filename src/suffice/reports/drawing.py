"""Where things stand in a picture: places only, the templates draw them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from suffice.records import BandPoint, Measure, Verdict
from suffice.reports import words
from suffice.reports.axis import Axis, shared_axis

BAND_HEIGHT = 240
_TOP, _BOTTOM = 14, 26  # room for the uppermost label and for the pair counts below
PLOT_TOP, PLOT_HEIGHT = _TOP, BAND_HEIGHT - _TOP - _BOTTOM
_BEYOND = 3.0  # a wild early bound is cut off here: heights beyond the plot, enough for its slope
_LEFT = 11.0  # per cent of the width, for the labels of the scale
_MOST_POINTS = 60
_TABLE_ROWS = 12
_LABEL_ROOM = 15  # the least distance of two labels, in pixels


@dataclasses.dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on a scale, in per cent of the width or pixels of the height."""

    at: float
    label: str


@dataclasses.dataclass(frozen=True, slots=True)
class Strip:
    """
    One interval on a shared axis, in per cent of the width.

    ``low`` and ``high`` are None where there is nothing to draw; ``off_left`` and ``off_right``
    say that a bound lies beyond the end.
    """

    limit: float
    zero: float | None
    low: float | None
    high: float | None
    point: float | None
    off_left: bool
    off_right: bool
    label: str


@dataclasses.dataclass(frozen=True, slots=True)
class Band:
    """
    The bounds as they narrowed, in per cent of the width and pixels of the height.

    ``rows`` is the same as a table: pairs, estimate, lower, upper.
    """

    outline: str
    middle: str
    ticks: tuple[Tick, ...]
    limit: Tick
    limit_label_y: float
    zero: float | None
    first: int
    last: int
    label: str
    rows: tuple[tuple[str, str, str, str], ...]


def strip(verdict: Verdict, axis: Axis) -> Strip:
    """Place one verdict's interval on the axis it shares with others."""
    low, high = verdict.lower, verdict.upper
    if verdict.estimate is not None:
        low = verdict.estimate if low is None else low
        high = verdict.estimate if high is None else high
    drawn = verdict.estimate is not None
    return Strip(
        limit=_across(axis, verdict.limit),
        zero=None if verdict.measure is Measure.AGREEMENT else _across(axis, 0.0),
        low=_across(axis, low) if low is not None and drawn else None,
        high=_across(axis, high) if high is not None and drawn else None,
        point=None if verdict.estimate is None else _across(axis, verdict.estimate),
        off_left=drawn and low is not None and not axis.holds(low),
        off_right=drawn and high is not None and not axis.holds(high),
        label=interval_sentence(verdict),
    )


def interval_sentence(verdict: Verdict) -> str:
    """What a strip shows, for those who do not see it."""
    if verdict.estimate is None:
        return "No pair could be scored."
    estimate = words.figure(verdict.estimate, verdict)
    return (
        f"{estimate} over {words.count(verdict.pairs, 'pair')}, plausible range "
        f"{words.bounds(verdict, unit=True)}; the limit is {words.limit_text(verdict)}."
    )


def _across(axis: Axis, value: float) -> float:
    return round(2 + 96 * axis.place(value), 2)


def ruler(axis: Axis, verdicts: Sequence[Verdict]) -> tuple[Tick, ...]:
    """Three to six labels above the strips; the limit has its own sign."""
    limits = {row.limit for row in verdicts}
    ticks = []
    for value in axis.ticks:
        near = any(abs(_across(axis, value) - _across(axis, limit)) < 9 for limit in limits)  # noqa: PLR2004
        if not (near and len(limits) == 1) and 3 < _across(axis, value) < 97:  # noqa: PLR2004
            ticks.append(Tick(_across(axis, value), tick_label(value, verdicts[0].measure)))
    return tuple(ticks)


def tick_label(value: float, measure: Measure) -> str:
    """A round number in the measure's unit."""
    number = round(value * 100, 2)
    return f"{number:g}" if measure is Measure.AGREEMENT or not number else f"{number:+g}"


def band(verdict: Verdict) -> Band | None:
    """Place the band of one verdict; None where it was not computed, or has a single point."""
    points = _thinned(verdict.band, _MOST_POINTS)
    if len(points) < 2 or points[0].pairs >= points[-1].pairs:  # noqa: PLR2004
        return None
    late = [bound for point in points[len(points) // 6 :] for bound in (point.lower, point.upper)]
    axis = shared_axis([verdict], extra=late)
    first, last = points[0].pairs, points[-1].pairs

    def x(pairs: int) -> float:
        return round(_LEFT + (100 - _LEFT) * (pairs - first) / (last - first), 2)

    def y(value: float) -> float:
        return round(_TOP + PLOT_HEIGHT * (1 - axis.place(value)), 2)

    def corner(pairs: int, value: float) -> str:
        # Within the plot, which cuts off what runs beyond it.
        share = min(max((axis.high - value) / (axis.high - axis.low), -_BEYOND), 1 + _BEYOND)
        return f"{x(pairs)},{round(PLOT_HEIGHT * share, 2)}"

    upper = [corner(point.pairs, point.upper) for point in points]
    lower = [corner(point.pairs, point.lower) for point in reversed(points)]
    limit = Tick(y(verdict.limit), f"limit {words.limit_text(verdict)}")
    crowded = y(verdict.limit) > BAND_HEIGHT - _BOTTOM - _LABEL_ROOM
    return Band(
        outline=" ".join(upper + lower),
        middle=" ".join(corner(point.pairs, point.estimate) for point in points),
        ticks=_apart(
            [Tick(y(value), tick_label(value, verdict.measure)) for value in axis.ticks],
        ),
        limit=limit,
        limit_label_y=limit.at - 6 if crowded else limit.at + 15,
        zero=None if verdict.measure is Measure.AGREEMENT else y(0.0),
        first=first,
        last=last,
        label=_band_sentence(verdict, points),
        rows=tuple(_row(verdict, point) for point in _thinned(verdict.band, _TABLE_ROWS)),
    )


def _apart(ticks: list[Tick]) -> tuple[Tick, ...]:
    kept: list[Tick] = []
    for tick in ticks:
        if not kept or abs(tick.at - kept[-1].at) >= _LABEL_ROOM:
            kept.append(tick)
    return tuple(kept)


def _row(verdict: Verdict, point: BandPoint) -> tuple[str, str, str, str]:
    figures = [words.figure(v, verdict) for v in (point.estimate, point.lower, point.upper)]
    return f"{point.pairs:,}", figures[0], figures[1], figures[2]


def _thinned(points: Sequence[BandPoint], most: int) -> list[BandPoint]:
    """At most so many points, evenly; the first and the last always."""
    if len(points) <= most:
        return list(points)
    step = (len(points) - 1) / (most - 1)
    return [points[round(number * step)] for number in range(most)]


def _band_sentence(verdict: Verdict, points: Sequence[BandPoint]) -> str:
    first, last = points[0], points[-1]
    what = "agreement" if verdict.measure is Measure.AGREEMENT else "change"

    def span(point: BandPoint) -> str:
        low = words.figure(point.lower, verdict, unit=False)
        return f"{low} to {words.figure(point.upper, verdict)}"

    return (
        f"The range of plausible {what} narrows from {span(first)} "
        f"after {words.count(first.pairs, 'pair')} to {span(last)} "
        f"after {words.count(last.pairs, 'pair')}; the limit is {words.limit_text(verdict)}."
    )
