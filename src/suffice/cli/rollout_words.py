"""What is said of a rollout in a few words, wherever it is drawn."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from suffice.cli.money_text import short_name
from suffice.monitor.sentences import percent
from suffice.records.rollout import RolloutState
from suffice.reports.rollouts import GLYPHS, WORDS, RolloutView
from suffice.reports.untrusted import one_line

STYLE = {
    RolloutState.ADVANCING: "green",
    RolloutState.SHADOW: "cyan",
    RolloutState.DONE: "green",
    RolloutState.ROLLED_BACK: "red",
    RolloutState.DEGRADED: "yellow",
    RolloutState.HOLDING_UNDECIDED: "yellow",
    RolloutState.HOLDING_YOU: "yellow",
    RolloutState.PAUSED: "yellow",
}
_HOUR_S, _DAY_S = 3600, 86_400


class Hung:
    """A text after its lead; where lines end at a width, none of it stands below the lead."""

    def __init__(self, text: Text | str, *, lead: Text | str = "  ", style: str = "") -> None:
        self._lead, self._text = Text.assemble(lead), Text.assemble(text, style=style)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lead and text beside each other, or in one where nothing is folded."""
        if options.no_wrap:
            yield Text.assemble(self._lead, self._text)
            return
        grid = Table.grid()
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(self._lead, self._text)
        yield grid


def headline(view: RolloutView, *, unicode: bool) -> Text:
    """Type, models and state."""
    arrow = "→" if unicode else "->"
    line = Text()
    line.append(one_line(view.type), style="bold")
    line.append(f"  {short_text(view.baseline)} {arrow} {short_text(view.candidate)}   ")
    line.append(state_text(view, unicode=unicode), style=f"bold {STYLE[view.state]}")
    return line


def joined(facts: Sequence[str], *, unicode: bool) -> str:
    """Short facts on one line."""
    return (" · " if unicode else " | ").join(facts)


def state_text(view: RolloutView, *, unicode: bool) -> str:
    """Its state in a word, after its sign."""
    glyph, plain = GLYPHS[view.state]
    return f"{glyph if unicode else plain} {WORDS[view.state]}"


def set_text(view: RolloutView) -> str:
    """The share that is set, and the one that is wanted where that is another."""
    if view.set_share is None:
        return "nothing"
    wants = f" (wants {percent(view.wanted_share)})" if view.wanted_share != view.set_share else ""
    return percent(view.set_share) + wants


def left_text(view: RolloutView) -> str:
    """Until the stage can end; actual shares and pace are those of this stage."""
    if view.state not in {RolloutState.SHADOW, RolloutState.ADVANCING}:
        return "-"
    return "?" if view.stage_left_s is None else f"~{about_text(view.stage_left_s)}"


def about_text(seconds: float) -> str:
    """
    A length of time in its largest unit.

    >>> about_text(50.0), about_text(9_000.0), about_text(400_000.0)
    ('1 m', '2 h', '5 d')
    """
    for unit_s, name in ((_DAY_S, "d"), (_HOUR_S, "h")):
        if seconds >= 1.5 * unit_s:
            return f"{seconds / unit_s:.0f} {name}"
    return f"{max(seconds / 60, 1):.0f} m"


def short_text(model: str) -> str:
    """A model's short name."""
    return one_line(short_name(model))


def long_text(seconds: float) -> str:
    """
    A length of time in its two largest units.

    >>> long_text(22_320.0), long_text(190_000.0), long_text(90.0)
    ('6 h 12 m', '2 d 4 h', '1 m')
    """
    if seconds >= _DAY_S:
        return f"{int(seconds // _DAY_S)} d {int(seconds % _DAY_S // _HOUR_S)} h"
    if seconds >= _HOUR_S:
        return f"{int(seconds // _HOUR_S)} h {int(seconds % _HOUR_S // 60)} m"
    return f"{int(seconds // 60)} m"
