"""How places of alerts and what became of deliveries are shown."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click
import msgspec

from suffice.cli.money_text import json_text
from suffice.reports.untrusted import one_line

if TYPE_CHECKING:
    from suffice.adapters.alerts.delivery import Delivery
    from suffice.records.alert import AlertTarget


def show_targets(targets: Mapping[str, AlertTarget], *, dead: int, form: str) -> None:
    """Each place, what it is told, and which variables are missing."""
    rows = [
        {
            "name": name,
            "kind": str(target.__struct_config__.tag),
            "level": target.level,
            "missing": [name for name in variables(target) if not os.environ.get(name)],
        }
        for name, target in targets.items()
    ]
    if form == "json":
        document = {"schema": "suffice.alerts", "version": 1, "places": rows, "dead_letters": dead}
        click.echo(json_text(document), nl=False)
        return
    width = max(len(str(row["name"])) for row in rows)
    for row in rows:
        told = "every alert" if row["level"] == "message" else "pages only"
        missing = row["missing"]
        state = f"{', '.join(missing)} not set" if missing else "ready"
        click.echo(f"{one_line(str(row['name'])):<{width}}  {row['kind']:<9}  {told:<11}  {state}")
    if dead:
        click.echo(f"{dead:,} never arrived.")
    click.echo(f"\nNext  suffice alerts {'replay' if dead else 'test'}")


def show_deliveries(found: Sequence[Delivery], *, form: str, schema: str) -> None:
    """What became of each delivery; why it failed, without the address."""
    if form == "json":
        rows = [delivery._asdict() for delivery in found]
        click.echo(json_text({"schema": schema, "version": 1, "deliveries": rows}), nl=False)
        return
    if not found:
        click.echo("Everything arrived; nothing is to be sent again.")
    for delivery in found:
        state = "delivered" if delivery.delivered else f"NOT delivered: {delivery.why}"
        tried = f" (attempt {delivery.attempts})" if delivery.attempts > 1 else ""
        click.echo(f"{one_line(delivery.target)}: {state}{tried}")


def variables(target: AlertTarget) -> list[str]:
    """The variables a place reads."""
    plain = msgspec.structs.asdict(target)
    return [str(value) for name, value in plain.items() if name.endswith("_env") and value]
