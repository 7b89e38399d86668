"""`suffice alerts`: where people are told, whether it works, and what never arrived."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suffice.adapters.alerts.delivery import Delivery, Dispatcher
    from suffice.adapters.alerts.sending import Sender
    from suffice.records.alert import AlertTarget

DEAD_LETTERS = Path(".suffice") / "alerts.dead.jsonl"

_format = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@click.group()
def command() -> None:
    """Where people are told when something happens: try it, see what never arrived."""


@command.command("list")
@_format
def list_(*, form: str) -> None:
    """The places of the settings, and whether what they need is there. Nothing is sent."""
    from suffice.adapters.alerts.delivery import read_dead_letters
    from suffice.cli.alerts_views import show_targets

    show_targets(_targets(), dead=len(read_dead_letters(DEAD_LETTERS)), form=form)


@command.command()
@click.option("--to", "names", multiple=True, metavar="NAME", help="This place alone. Repeatable.")
@_format
@click.pass_context
def test(ctx: click.Context, *, names: tuple[str, ...], form: str) -> None:
    """
    Send a test alert to every place, and say what became of it. Exit 1 where it did not arrive.

    It says that it is a test. A pager is opened and closed again at once.
    """
    from suffice.cli.alerts_views import show_deliveries

    dispatcher = dispatcher_of(_chosen(names), dead_letters=None)
    if form == "text":
        click.echo("Sending; a place that does not answer is tried for some ten seconds.", err=True)
    found = _deliver_test(dispatcher)
    show_deliveries(found, form=form, schema="suffice.alerts_test")
    ctx.exit(int(not all(delivery.delivered for delivery in found)))


@command.command()
@_format
@click.pass_context
def replay(ctx: click.Context, *, form: str) -> None:
    """Send again what never arrived; what fails again is kept. Exit 1 where something is left."""
    from suffice.cli.alerts_views import show_deliveries

    found = dispatcher_of(_targets()).replay()
    show_deliveries(found, form=form, schema="suffice.alerts_replay")
    ctx.exit(int(not all(delivery.delivered for delivery in found)))


@command.command()
def rules() -> None:
    """Alert rules for Prometheus, over the gateway's own /metrics."""
    from suffice.reports import monitoring

    click.echo(monitoring.rules(), nl=False)


@command.command()
def dashboard() -> None:
    """A dashboard for Grafana, as JSON to import."""
    from suffice.reports import monitoring

    click.echo(monitoring.dashboard(), nl=False)


def dispatcher_of(
    targets: dict[str, AlertTarget], *, dead_letters: Path | None = DEAD_LETTERS
) -> Dispatcher:
    """
    Everybody who is to be told, ready.

    Raises:
        BadSettings: A variable a place needs is not set.
    """
    import os

    from suffice.adapters.alerts.delivery import Dispatcher, senders_of

    return Dispatcher(senders_of(targets, os.environ), dead_letters=dead_letters)


def alert_targets() -> dict[str, AlertTarget]:
    """
    The places the settings of this folder name; none where there are no settings.

    Raises:
        BadSettings: A setting that cannot be used.
        SecretInFile: A credential in the file.
    """
    import os

    from suffice.settings import read_settings

    return dict(read_settings(Path.cwd(), os.environ).alerts)


def _targets() -> dict[str, AlertTarget]:
    from suffice.errors import EmptyInput

    found = alert_targets()
    if not found:
        raise EmptyInput(
            "The settings name no place to tell anybody at.",
            effect="Nothing was sent.",
            next_step="Add a table [alerts.NAME] to suffice.toml; docs/alerts.md shows five kinds.",
        )
    return found


def _chosen(names: Sequence[str]) -> dict[str, AlertTarget]:
    from suffice.errors import BadOption

    found = _targets()
    unknown = [name for name in names if name not in found]
    if unknown:
        raise BadOption(
            f"There is no place {unknown[0]!r}.",
            effect="Nothing was sent.",
            next_step=f"The settings name {', '.join(found)}.",
        )
    return {name: target for name, target in found.items() if not names or name in names}


def _deliver_test(dispatcher: Dispatcher) -> list[Delivery]:
    """A page, so that every place wants it, and the word that it is over; to all at once."""
    from concurrent.futures import ThreadPoolExecutor

    import msgspec

    from suffice.records.alert import Alert
    from suffice.wiring import SystemClock

    now = SystemClock().now()
    opened = Alert(
        id=f"test-{now:%Y%m%dT%H%M%S%f}",
        at=now,
        kind="test",
        level="page",
        sentence="This is a test: suffice can tell you here when something happens.",
        next_step="Nothing has to be done.",
        dedup_key="suffice:test",
    )
    over = msgspec.structs.replace(opened, id=f"{opened.id}-over", resolves=True)

    def tell(sender: Sender) -> Delivery:
        delivery = dispatcher.send(sender, opened)
        if delivery.delivered and sender.kind == "pagerduty":
            return dispatcher.send(sender, over)
        return delivery

    with ThreadPoolExecutor(max_workers=len(dispatcher.senders)) as places:
        return list(places.map(tell, dispatcher.senders))
