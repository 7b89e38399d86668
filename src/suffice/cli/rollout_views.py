"""How rollouts look on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import click
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from suffice.adapters.storage.rollouts import Happened
from suffice.cli.console import results, speaks_unicode
from suffice.cli.money_text import json_text, usd
from suffice.cli.rollout_words import (
    Hung,
    headline,
    joined,
    long_text,
    set_text,
)
from suffice.monitor.sentences import percent
from suffice.records.rollout import RolloutState
from suffice.reports.rollouts import (
    WORDS,
    Money,
    RolloutView,
    actual_text,
    rollout_json,
)
from suffice.reports.untrusted import one_line

_ROW_STATE = {
    "holding": ("✓", "+", "holding", "green"),
    "watching": ("!", "!", "watching", "yellow"),
    "raised": ("✗", "x", "raised", "red"),
    "too few to say": ("…", "~", "too few", "yellow"),
}
_WIDE = 100


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


def drawn(
    view: RolloutView, happened: Sequence[Happened], *, unicode: bool, width: int = 80
) -> Group:
    """One rollout as it is shown: headline, facts, stages, guards, money, events."""
    parts: list[RenderableType] = [
        Hung(headline(view, unicode=unicode)),
        _facts(view, unicode=unicode),
    ]
    parts.append(rail(view, unicode=unicode))
    if view.because:
        parts.append(Hung(one_line(view.because), style="yellow"))
    parts += ["", _guards(view, unicode=unicode, width=width), ""]
    if view.missing:
        parts.append(Hung(one_line(view.missing), style="yellow"))
    if view.prompt:
        style = "dim" if view.prompt_version else "yellow"
        parts.append(Hung(one_line(view.prompt), style=style))
    if view.held_out:
        parts.append(Hung(one_line(view.held_out), style="dim"))
    parts.append(Hung(_money(view.money), style="dim"))
    parts.append(Hung(view.next, style="dim"))
    if happened:
        parts += ["", *map(_event_line, happened)]
    return Group(*parts)


def show_events(happened: Sequence[Happened]) -> None:
    """What happened, oldest first, as a story."""
    results().print(Group(*map(_event_line, happened)))


def _event_line(one: Happened) -> Hung:
    event = one.event
    who = f" [{one_line(event.by)}]" if event.by else ""
    policy = f" (policy {event.policy_version})" if event.policy_version else ""
    line = Text(one_line(event.sentence) + who)
    line.append(policy, style="dim")
    if event.reason:
        line.append(f"  because: {one_line(event.reason)}", style="dim")
    return Hung(line, lead=Text(f"  {event.at:%Y-%m-%d %H:%M:%S}  ", style="dim"))


def show_changed(view: RolloutView, happened: Sequence[Happened], *, form: str, next_: str) -> None:
    """What a command made of a rollout."""
    if form == "json":
        click.echo(json_text(rollout_json(view, [one.event for one in happened])), nl=False)
        return
    if not happened:
        click.echo(f"{one_line(view.type)} is so already: {WORDS[view.state]} at {set_text(view)}.")
    for one in happened:
        click.echo(f"{one_line(view.type)}: {one_line(one.event.sentence)}")
    versions = [one.event.policy_version for one in happened if one.event.policy_version]
    if versions:
        click.echo(f"Policy {versions[-1]} is in force: {set_text(view)} set.")
    click.echo(f"\nNext  {next_}")


def _facts(view: RolloutView, *, unicode: bool) -> Hung:
    facts = [
        f"stage {view.stage} of {len(view.shares)}",
        f"set {set_text(view)}",
        f"actual {actual_text(view.served)}",
        f"{long_text(view.stage_for_s)} here",
    ]
    return Hung(joined(facts, unicode=unicode), style="dim")


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
        line.append(f"{glyph} {percent(share) if share else 'shadow'}", style=style)
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
