"""A live run as it goes: bars on a terminal, one line per change otherwise; always on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Literal, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from suffice.cli.console import progress as progress_console
from suffice.cli.console import speaks_unicode
from suffice.comparison.live import Change, State
from suffice.records import Word

_TENTHS = 10
_REDRAWS_PER_S = 8
_NAME_WIDTH = 24
_SHOWN_TYPES = 20
_COLUMNS, _FIGURES_FROM = 6, 2
_LEAST_BAR, _MOST_BAR = 6, 36
_STATE = {State.PILOT: "noise floor", State.CLASSES: "rare classes"}
_WHY = {
    "interrupted": "stopped; paid answers are kept",
    "budget": "budget reached; answers are kept",
    "provider": "the provider takes no more calls",
    "storage": "no room for answers",
}


class Progress(Protocol):
    """What a live run's changes are shown on; hand ``on_change`` to `LiveRules`."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(self, *_: object) -> None:
        """Leave the last state on the screen."""
        ...

    def on_change(self, change: Change) -> None:
        """Show one change."""
        ...


def make_progress(console: Console | None = None, *, resume_hint: str = "") -> Progress:
    """
    Bars where stderr is a terminal, lines where it is not.

    Args:
        console: Where to; stderr by default.
        resume_hint: The command that continues this run, shown under the bars.
    """
    where = console or progress_console()
    if where.is_terminal:
        return Bars(where, resume_hint=resume_hint)
    return Lines(where)


class Lines:
    """One line whenever a type enters another state or passes a tenth of its plan."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: dict[str, tuple[State, int]] = {}

    def __enter__(self) -> Self:
        """Nothing is held."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""

    def on_change(self, change: Change) -> None:
        """Print it, if it is news."""
        tenth = _TENTHS * change.done // max(1, change.planned)
        if self._told.get(change.type) == (change.state, tenth):
            return
        self._told[change.type] = change.state, tenth
        parts = [
            change.type,
            f"{_state_word(change)} {change.done:,}/{change.planned:,}",
            f"${change.type_usd:.4f}",
            _said(change, unicode=speaks_unicode(self._console)),
        ]
        self._console.print("  ".join(part for part in parts if part), markup=False)


class Bars:
    """
    One bar per type, redrawn a few times a second, with what was spent beneath.

    Args:
        console: A terminal.
        resume_hint: The command that continues this run.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        console: Console,
        *,
        resume_hint: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console, self._resume_hint, self._clock = console, resume_hint, clock
        self._latest: dict[str, Change] = {}
        self._began: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._live = Live(
            console=console,
            get_renderable=self.drawn,
            refresh_per_second=_REDRAWS_PER_S,
            transient=False,
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Draw the last state and leave it there."""
        self._live.stop()

    def on_change(self, change: Change) -> None:
        """Remember it; the next redraw shows it."""
        now = self._clock()
        self._began.setdefault(change.type, now)
        self._latest[change.type] = change
        if change.state in {State.DECIDED, State.UNDECIDED, State.STOPPED}:
            self._ended.setdefault(change.type, now)

    def drawn(self) -> RenderableType:
        """All bars and the line beneath, as they stand."""
        rows = [self._row(change) for change in self._shown()]
        table = Table.grid(padding=(0, 2, 0, 0))
        widths = self._widths(rows)
        for place, width in enumerate(widths[:-1]):
            side: Literal["left", "right"] = "left" if place < _FIGURES_FROM else "right"
            table.add_column(width=width, justify=side, no_wrap=True, overflow="ellipsis")
        table.add_column(width=widths[-1], no_wrap=True, overflow="ellipsis")
        for row in rows:
            table.add_row(*row)
        return Group(table, self._foot())

    def _widths(self, rows: Sequence[Sequence[RenderableType]]) -> list[int]:
        """What figures need they get; the bar and then the words give way on a narrow screen."""
        longest = [0] * _COLUMNS
        for row in rows:
            for place, part in enumerate(row):
                if isinstance(part, Text):
                    longest[place] = max(longest[place], len(part))
        name, counts, dollars, seconds = min(longest[0], _NAME_WIDTH), *longest[2:5]
        left = self._console.width - name - counts - dollars - seconds - 2 * _COLUMNS
        bar = max(_LEAST_BAR, min(_MOST_BAR, left - longest[-1]))
        return [name, bar, counts, dollars, seconds, max(8, left - bar)]

    def _shown(self) -> list[Change]:
        """Types under way first where there are more than fit, in the order they began."""
        changes = list(self._latest.values())
        if len(changes) <= _SHOWN_TYPES:
            return changes
        under_way = [change for change in changes if change.type not in self._ended]
        ended = [change for change in changes if change.type in self._ended]
        room = max(0, _SHOWN_TYPES - len(under_way))
        return [*ended[len(ended) - room :], *under_way[:_SHOWN_TYPES]]

    def _row(self, change: Change) -> Sequence[RenderableType]:
        over = change.type in self._ended
        planned = change.done if over and change.not_needed else change.planned
        colour = "green" if over and not change.why else "yellow" if change.why else "cyan"
        seconds = self._ended.get(change.type, self._clock()) - self._began[change.type]
        said = _said(change, unicode=speaks_unicode(self._console)) or _state_word(change)
        return [
            Text(change.type, "bold"),
            ProgressBar(
                total=max(1, planned),
                completed=change.done,
                style="bright_black",
                complete_style=colour,
                finished_style=colour,
            ),
            Text(f"{change.done:,}/{planned:,}"),
            Text(f"${change.type_usd:,.2f}"),
            Text(f"{int(seconds) // 60}:{int(seconds) % 60:02}", "dim"),
            Text(said, style=colour),
        ]

    def _foot(self) -> Text:
        latest = max(self._latest.values(), key=lambda change: change.spent_usd, default=None)
        spent = Decimal(0) if latest is None else latest.spent_usd
        cap = None if latest is None else latest.cap_usd
        of_cap = "" if cap is None else f" of ${cap:,.2f}"
        hidden = len(self._latest) - len(self._shown())
        more = f"{hidden:,} more types   " if hidden else ""
        foot = Text(f"{more}spent ${spent:,.2f}{of_cap}   Ctrl-C stops and keeps results", "dim")
        if self._resume_hint:
            foot.append(" · resume later with " if speaks_unicode(self._console) else "; resume: ")
            foot.append(self._resume_hint, style="cyan")
        return foot


def _state_word(change: Change) -> str:
    if change.state is State.TESTING and change.ceiling:
        return "testing, baseline asked twice"
    return _STATE.get(change.state, str(change.state))


def _said(change: Change, *, unicode: bool) -> str:
    """The end of a type in words; empty while it is under way."""
    tick, dots = ("✓ ", "… ") if unicode else ("", "")
    match change.state:
        case State.DECIDED:
            words = _decided_words(change)
            spare = f", {change.not_needed:,} cases not needed" if change.not_needed else ""
            return f"{tick}decided{words}{spare}"
        case State.UNDECIDED:
            return f"{dots}undecided after {change.done:,} pairs"
        case State.STOPPED:
            return _WHY.get(change.why, "stopped")
        case _:
            return ""


def _decided_words(change: Change) -> str:
    """With several candidates, how many of them may take over."""
    if len(change.words) <= 1 or not any(change.words.values()):
        return ""
    switches = sum(word is Word.SWITCH for word in change.words.values())
    return f" ({switches} of {len(change.words)} suffice)"
