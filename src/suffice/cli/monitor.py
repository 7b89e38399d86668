"""`suffice monitor`: the controller of all rollouts, for once or for good."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from suffice.cli.rollout_world import Places, placed

if TYPE_CHECKING:
    from suffice.adapters.controlling.controller import Acted


@click.command()
@click.option("--once", is_flag=True, help="One round, then end.")
@click.option(
    "--every",
    type=click.FloatRange(0.05, 3600),
    default=1.0,
    show_default=True,
    metavar="S",
    help="Seconds between rounds.",
)
@click.option(
    "--shadow-usd",
    envvar="SUFFICE_SHADOW_USD",
    metavar="USD",
    help="For all shadow calls of a day (UTC); else as much as the stages want.",
)
@click.option("--no-alerts", is_flag=True, help="Tell nobody; everything is in the event log.")
@placed
@click.pass_context
def command(
    ctx: click.Context,
    *,
    once: bool,
    every: float,
    shadow_usd: str | None,
    no_alerts: bool,
    store: Path,
    policy: Path,
    data: Path,
    form: str,
) -> None:
    """
    Watch every rollout: count its pairs, move it on or take it back, publish, tell.

    Of several monitors exactly one acts at a time, and one that is killed is made good by the
    next. Exit 1 from --once where something could not be carried out.
    """
    from suffice.cli.monitor_running import dollars, run

    places = Places(store, policy, data)
    problems = run(
        places,
        every_s=None if once else every,
        alerts=not no_alerts,
        form=form,
        shadow_usd=dollars(shadow_usd),
    )
    ctx.exit(int(once and problems))


def told(acted: Acted, *, form: str) -> None:
    """Show what became of one rollout in one round; nothing where nothing did."""
    import msgspec

    from suffice.reports.untrusted import one_line

    if form == "json":
        if acted.events or acted.problem:
            document = {
                "schema": "suffice.monitor",
                "version": 1,
                "type": acted.type,
                "events": acted.events,
                "policy_version": acted.policy_version,
                "problem": acted.problem,
            }
            click.echo(msgspec.json.encode(document).decode())
        return
    policy = f" (policy {acted.policy_version})" if acted.policy_version else ""
    for event in acted.events:
        click.echo(
            f"{event.at:%Y-%m-%d %H:%M:%S}  {one_line(event.type)}: "
            f"{one_line(event.sentence)}{policy}"
        )
    if acted.problem:
        click.echo(f"{one_line(acted.type)}: {one_line(acted.problem)}", err=True)
