"""The live demo's one screen; lines where there is no terminal, nothing where JSON is wanted."""

from __future__ import annotations

from types import TracebackType
from typing import NamedTuple, Protocol, Self

from rich.console import Group
from rich.live import Live
from rich.text import Text

from suffice.adapters.storage.rollouts import Happened
from suffice.cli.console import progress, speaks_unicode
from suffice.cli.money_text import short_name
from suffice.cli.rollout_views import drawn
from suffice.reports.rollouts import RolloutView
from suffice.testing.live_world import Seen

_REDRAWS_PER_S = 8
_SAID = (
    "Simulated: both models, the traffic, and the fall that is injected in the second stage. "
    "Real: the gateway, its policy, the shadow calls, the scores and the monitor."
)


class Frame(NamedTuple):
    """
    One look at the demo.

    Attributes:
        view: The rollout.
        events: What happened so far.
        seen: What callers saw.
        fallen_to: The candidate's agreement since the fall; None before.
    """

    view: RolloutView
    events: tuple[Happened, ...]
    seen: Seen
    fallen_to: float | None


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

    def show(self, frame: Frame) -> None:
        parts = [Text(_SAID, style="dim"), Text(), _traffic(frame), Text()]
        self._live.update(Group(*parts, drawn(frame.view, frame.events, unicode=self._unicode)))


class _Lines:
    def __init__(self) -> None:
        self._console = progress()
        self._told = 0
        self._fallen = False

    def __enter__(self) -> Self:
        self._console.print(_SAID)
        return self

    def __exit__(self, *_: object) -> None:
        return

    def show(self, frame: Frame) -> None:
        for one in frame.events[self._told :]:
            self._console.print(f"{one.event.at:%H:%M:%S}  {one.event.sentence}", markup=False)
        self._told = len(frame.events)
        if frame.fallen_to is not None and not self._fallen:
            self._fallen = True
            self._console.print(_fallen(frame.fallen_to))


class _Nothing:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def show(self, frame: Frame) -> None:
        """Not shown."""


def _traffic(frame: Frame) -> Text:
    seen = frame.seen
    by = ", ".join(
        f"{count:,} by {short_name(name)}" for name, count in sorted(seen.by_model.items())
    )
    line = Text(f"  {seen.requests:,} requests answered: {by or 'none yet'}; ")
    line.append(f"{seen.errors:,} errors", style="red" if seen.errors else "green")
    if frame.fallen_to is not None:
        line.append(f"\n  {_fallen(frame.fallen_to)}: ", style="bold yellow")
        line.append(f"{seen.bad_since_fall:,} bad answers served since")
    return line


def _fallen(agreement: float) -> str:
    return f"A fall of the candidate's agreement to {100 * agreement:.0f} % was injected"
