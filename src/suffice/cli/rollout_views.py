"""How rollouts look on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import click
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from suffice.adapters.storage.rollouts import Happened
from suffice.cli.console import results, speaks_unicode
from suffice.cli.money_text import json_text, short_name, usd
from suffice.records.rollout import RolloutState
from suffice.reports.rollouts import (
    GLYPHS,
    WORDS,
    Money,
    RolloutView,
    actual_text,
    rollout_json,
    rollouts_json,
)
from suffice.reports.untrusted import one_line

_STYLE = {
    RolloutState.ADVANCING: "green",
    RolloutState.SHADOW: "cyan",
    RolloutState.DONE: "green",
    RolloutState.ROLLED_BACK: "red",
    RolloutState.DEGRADED: "yellow",
    RolloutState.HOLDING_UNDECIDED: "yellow",
    RolloutState.HOLDING_YOU: "yellow",
    RolloutState.PAUSED: "yellow",
}
_ROW_STATE = {
    "holding": ("✓", "+", "holding", "green"),
    "watching": ("!", "!", "watching", "yellow"),
    "raised": ("✗", "x", "raised", "red"),
    "too few to say": ("…", "~", "too few", "yellow"),
}
_HOUR_S, _DAY_S = 3600, 86_400
_WIDE, _ANY = 100, 10_000


def show_status(view: RolloutView, happened: Sequence[Happened], *, form: str, next_: str) -> None:
    """One rollout: where it stands, what watches it, what happened, what comes."""
    if form == "json":
        events = [one.event for one in happened]
        click.echo(json_text(rollout_json(view, events)), nl=False)
        return
    console = results()
    unicode = speaks_unicode(console)
    console.print(drawn(view, happened, unicode=unicode, width=console.width))
    click.echo(f"\nNext  {next_}")


class _Hung:
    """A text after its lead; where lines end at a width, none of it stands below the lead."""

    def __init__(self, text: Text | str, *, lead: Text | str = "  ", style: str = "") -> None:
        self._lead, self._text = Text.assemble(lead), Text.assemble(text, style=style)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if options.no_wrap:
            yield Text.assemble(self._lead, self._text)
            return
        grid = Table.grid()
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(self._lead, self._text)
        yield grid


def drawn(
    view: RolloutView, happened: Sequence[Happened], *, unicode: bool, width: int = 80
) -> Group:
    """One rollout as it is shown: headline, facts, stages, guards, money, events."""
    parts: list[RenderableType] = [
        _Hung(_headline(view, unicode=unicode)),
        _facts(view, unicode=unicode),
    ]
    parts.append(rail(view, unicode=unicode))
    if view.because:
        parts.append(_Hung(one_line(view.because), style="yellow"))
    parts += ["", _guards(view, unicode=unicode, width=width), ""]
    if view.missing:
        parts.append(_Hung(one_line(view.missing), style="yellow"))
    if view.prompt:
        style = "dim" if view.prompt_version else "yellow"
        parts.append(_Hung(one_line(view.prompt), style=style))
    if view.held_out:
        parts.append(_Hung(one_line(view.held_out), style="dim"))
    parts.append(_Hung(_money(view.money), style="dim"))
    parts.append(_Hung(view.next, style="dim"))
    if happened:
        parts += ["", *map(_event_line, happened)]
    return Group(*parts)


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
            f"set {_set(view)}",
            f"actual {actual_text(view.served)}",
            f"pairs {view.stage_pairs:,}/{view.stage_needs:,}",
            f"left {_left(view)}",
        ]
        lines += [
            _headline(view, unicode=unicode),
            _Hung(_joined(figures, unicode=unicode), style="dim"),
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
            Text(f"{_short(view.baseline)} -> {_short(view.candidate)}"),
            Text(state_text(view, unicode=unicode), style=_STYLE[view.state]),
            f"{view.stage} of {len(view.shares)}",
            _set(view),
            actual_text(view.served),
            f"{view.stage_pairs:,} of {view.stage_needs:,}",
            _left(view),
        )
    return table


def show_events(happened: Sequence[Happened]) -> None:
    """What happened, oldest first, as a story."""
    results().print(Group(*map(_event_line, happened)))


def _event_line(one: Happened) -> _Hung:
    event = one.event
    who = f" [{one_line(event.by)}]" if event.by else ""
    policy = f" (policy {event.policy_version})" if event.policy_version else ""
    line = Text(one_line(event.sentence) + who)
    line.append(policy, style="dim")
    if event.reason:
        line.append(f"  because: {one_line(event.reason)}", style="dim")
    return _Hung(line, lead=Text(f"  {event.at:%Y-%m-%d %H:%M:%S}  ", style="dim"))


def show_changed(view: RolloutView, happened: Sequence[Happened], *, form: str, next_: str) -> None:
    """What a command made of a rollout."""
    if form == "json":
        click.echo(json_text(rollout_json(view, [one.event for one in happened])), nl=False)
        return
    if not happened:
        click.echo(f"{one_line(view.type)} is so already: {WORDS[view.state]} at {_set(view)}.")
    for one in happened:
        click.echo(f"{one_line(view.type)}: {one_line(one.event.sentence)}")
    versions = [one.event.policy_version for one in happened if one.event.policy_version]
    if versions:
        click.echo(f"Policy {versions[-1]} is in force: {_set(view)} set.")
    click.echo(f"\nNext  {next_}")


def _headline(view: RolloutView, *, unicode: bool) -> Text:
    arrow = "→" if unicode else "->"
    line = Text()
    line.append(one_line(view.type), style="bold")
    line.append(f"  {_short(view.baseline)} {arrow} {_short(view.candidate)}   ")
    line.append(state_text(view, unicode=unicode), style=f"bold {_STYLE[view.state]}")
    return line


def _facts(view: RolloutView, *, unicode: bool) -> _Hung:
    facts = [
        f"stage {view.stage} of {len(view.shares)}",
        f"set {_set(view)}",
        f"actual {actual_text(view.served)}",
        f"{_long(view.stage_for_s)} here",
    ]
    return _Hung(_joined(facts, unicode=unicode), style="dim")


def _joined(facts: Sequence[str], *, unicode: bool) -> str:
    return (" · " if unicode else " | ").join(facts)


def rail(view: RolloutView, *, unicode: bool) -> Text:
    """The stages, those behind it ticked."""
    line = Text("  ")
    done, here, ahead = ("✓", "●", "○") if unicode else ("+", "*", "o")
    rule = " ──── " if unicode else " ---- "
    over = view.state is RolloutState.DONE
    back = view.state is RolloutState.ROLLED_BACK
    for place, share in enumerate(view.shares, start=1):
        passed = place < view.stage or over
        is_here = place == view.stage and not over and not back
        glyph = done if passed and not back else here if is_here else ahead
        style = "green" if passed and not back else "bold" if is_here else "dim"
        line.append(f"{glyph} {_percent(share) if share else 'shadow'}", style=style)
        if place < len(view.shares):
            line.append(rule, style="dim")
    return line


def _guards(view: RolloutView, *, unicode: bool, width: int) -> Padding:
    """A row a guard, each on one line at 80 columns while its figures are of usual length."""
    gap = 1 if width < _WIDE else 3
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="dim")
    for heading in ("guardrail", "now", "baseline", "evidence", "state"):
        table.add_column(heading, overflow="fold")
    for row in view.guards:
        glyph, plain, word, style = _ROW_STATE[row.state]
        state = Text(f"{glyph if unicode else plain} {word}", style=style)
        against, evidence = row.against.removeprefix("baseline "), row.evidence.replace(" of ", "/")
        table.add_row(row.name, row.now, against, evidence, state)
    return Padding(table, (0, 0, 0, 2))


def _money(money: Money) -> str:
    spent = usd(Decimal(money.watching_usd))
    if money.unpriced_pairs:
        spent += f" and {money.unpriced_pairs:,} calls without a known price"
    if money.saved_usd is None:
        return f"taken: not known, no gateway keeps an account here; watching cost {spent}"
    return f"taken so far {usd(Decimal(money.saved_usd))} at list price; watching cost {spent}"


def state_text(view: RolloutView, *, unicode: bool) -> str:
    """Its state in a word, after its sign."""
    glyph, plain = GLYPHS[view.state]
    return f"{glyph if unicode else plain} {WORDS[view.state]}"


def _set(view: RolloutView) -> str:
    if view.set_share is None:
        return "nothing"
    wants = f" (wants {_percent(view.wanted_share)})" if view.wanted_share != view.set_share else ""
    return _percent(view.set_share) + wants


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _left(view: RolloutView) -> str:
    """Until the stage can end; actual shares and pace are those of this stage."""
    if view.state not in {RolloutState.SHADOW, RolloutState.ADVANCING}:
        return "-"
    return "?" if view.stage_left_s is None else f"~{_about(view.stage_left_s)}"


def _about(seconds: float) -> str:
    """
    A length of time in its largest unit.

    >>> _about(50.0), _about(9_000.0), _about(400_000.0)
    ('1 m', '2 h', '5 d')
    """
    for unit_s, name in ((_DAY_S, "d"), (_HOUR_S, "h")):
        if seconds >= 1.5 * unit_s:
            return f"{seconds / unit_s:.0f} {name}"
    return f"{max(seconds / 60, 1):.0f} m"


def _short(model: str) -> str:
    return one_line(short_name(model))


def _long(seconds: float) -> str:
    """
    A length of time in its two largest units.

    >>> _long(22_320.0), _long(190_000.0), _long(90.0)
    ('6 h 12 m', '2 d 4 h', '1 m')
    """
    if seconds >= _DAY_S:
        return f"{int(seconds // _DAY_S)} d {int(seconds % _DAY_S // _HOUR_S)} h"
    if seconds >= _HOUR_S:
        return f"{int(seconds // _HOUR_S)} h {int(seconds % _HOUR_S // 60)} m"
    return f"{int(seconds // 60)} m"
