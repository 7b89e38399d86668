"""The live demo's one screen; lines where there is no terminal, nothing where JSON is wanted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from suffice.adapters.storage.rollouts import Happened
from suffice.cli.console import progress, speaks_unicode
from suffice.cli.money_text import short_name
from suffice.cli.rollout_views import rail
from suffice.cli.rollout_words import state_text
from suffice.records.rollout import RolloutState
from suffice.reports.rollouts import RolloutView, actual_text
from suffice.testing.live_world import BASELINE, CANDIDATE, Seen

_REDRAWS_PER_S = 8
_BAR = 20
_SAID = (
    "Simulated: both models, the traffic, and a fall to be injected in stage 2.\n"
    "Real: the gateway, its policy, the shadow calls, their scores, the monitor."
)


class Injected(NamedTuple):
    """
    The fall that the demo makes happen.

    Attributes:
        at: When it did.
        before: The candidate's agreement until then.
        after: And since.
    """

    at: datetime
    before: float
    after: float

    @property
    def sentence(self) -> str:
        """What was done, and that it was done on purpose."""
        return (
            f"INJECTED by this demo: from now on {short_name(CANDIDATE)} names the right label in "
            f"{100 * self.after:.0f} of 100 tickets, no longer in {100 * self.before:.0f}."
        )


class Frame(NamedTuple):
    """
    One look at the demo.

    Attributes:
        view: The rollout.
        events: What happened so far.
        seen: What callers saw.
        injected: The fall; None before it.
    """

    view: RolloutView
    events: tuple[Happened, ...]
    seen: Seen
    injected: Injected | None

    def story(self) -> Iterator[tuple[datetime, str, str]]:
        """All that happened and was done, oldest first: when, what, and in which style."""
        told = [(one.event.at, _shortened(one), "") for one in self.events]
        if self.injected is not None:
            told.append((self.injected.at, self.injected.sentence, "bold yellow"))
        return iter(sorted(told))


class Screen(Protocol):
    """What the demo is shown on."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """The last frame stays."""
        ...

    def prepare(self, what: str) -> None:
        """Say what is being done before there is anything to show."""
        ...

    def show(self, frame: Frame) -> None:
        """Show it."""
        ...


def screen_for(form: str) -> Screen:
    """A terminal's screen, lines elsewhere, or nothing for JSON."""
    if form == "json":
        return _Nothing()
    return _Drawn() if progress().is_terminal else _Lines()


class _Drawn:
    def __init__(self) -> None:
        self._console = progress()
        self._unicode = speaks_unicode(self._console)
        self._live = Live(console=self._console, refresh_per_second=_REDRAWS_PER_S)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._live.stop()

    def prepare(self, what: str) -> None:
        self._live.update(Group(Text(_SAID, style="dim"), Text(), Text(f"  {what}")))

    def show(self, frame: Frame) -> None:
        self._live.update(drawn(frame, unicode=self._unicode))


class _Lines:
    def __init__(self) -> None:
        self._console = progress()
        self._told = 0

    def __enter__(self) -> Self:
        self._console.print(_SAID)
        return self

    def __exit__(self, *_: object) -> None:
        return

    def prepare(self, what: str) -> None:
        self._console.print(what)

    def show(self, frame: Frame) -> None:
        story = list(frame.story())
        for at, sentence, _ in story[self._told :]:
            self._console.print(f"{at:%H:%M:%S}  {sentence}", markup=False)
        self._told = len(story)


class _Nothing:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def prepare(self, what: str) -> None:
        """Not said."""

    def show(self, frame: Frame) -> None:
        """Not shown."""


def drawn(frame: Frame, *, unicode: bool) -> Group:
    """A frame that fits 80 columns by 24 lines."""
    parts: list[RenderableType] = [
        Text(_SAID, style="dim"),
        Text(),
        _headline(frame, unicode=unicode),
    ]
    parts += [rail(frame.view, unicode=unicode), Text(), _facts(frame, unicode=unicode), Text()]
    parts.append(_story(frame))
    return Group(*parts)


def _headline(frame: Frame, *, unicode: bool) -> Text:
    view = frame.view
    line = Text("  ")
    line.append(view.type, style="bold")
    arrow = "→" if unicode else "->"
    line.append(f"  {short_name(view.baseline)} {arrow} {short_name(view.candidate)}   ")
    style = "bold red" if view.state is RolloutState.ROLLED_BACK else "bold green"
    line.append(state_text(view, unicode=unicode), style=style)
    return line


def _facts(frame: Frame, *, unicode: bool) -> Table:
    view, seen = frame.view, frame.seen
    watched = view.guards[0]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    share = "-" if view.set_share is None else f"{100 * view.set_share:.4g} %"
    by = ", ".join(f"{seen.by_model[name]:,} by {short_name(name)}" for name in _MODELS)
    errors = Text(f"{seen.errors:,} errors", style="red" if seen.errors else "green")
    table.add_row("  callers", Text(f"{seen.requests:,} answered: {by}; ") + errors)
    table.add_row("  share", f"{share} set, actually {actual_text(view.served)} since that was set")
    table.add_row(
        "  pairs",
        f"{view.stage_pairs:,} of {view.stage_needs:,} in this stage; agreement "
        f"{watched.now}, {watched.against}",
    )
    table.add_row(
        "  alarm", _bar(watched.value, watched.limit, unicode=unicode) + f" {watched.evidence}"
    )
    harm = Text("no fall was injected yet", style="dim")
    if frame.injected is not None:
        harm = Text(f"{seen.bad_since_fall:,} served since the fall", style="bold yellow")
    table.add_row("  bad answers", harm)
    return table


def _bar(value: float, limit: float, *, unicode: bool) -> Text:
    """How far the evidence has come; it grows by factors, so its logarithm is drawn."""
    part = math.log1p(max(value, 0.0)) / math.log1p(limit)
    full = min(_BAR, int(part * _BAR))
    on, off = ("█", "░") if unicode else ("#", ".")
    return Text(on * full, style="red" if full == _BAR else "yellow") + Text(
        off * (_BAR - full), style="dim"
    )


def _story(frame: Frame) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for at, sentence, style in frame.story():
        table.add_row(f"  {at:%H:%M:%S}", Text(sentence, style=style))
    return table


def _shortened(one: Happened) -> str:
    """Only of the end the whole is told: its figures are what the demo is about."""
    event = one.event
    return (
        event.sentence
        if event.kind == "rolled_back"
        else f"{event.sentence.split('. ')[0].rstrip('.')}."
    )


_MODELS = (BASELINE, CANDIDATE)
