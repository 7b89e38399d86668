"""`suffice monitor`: the controller of all rollouts, for once or for good."""

from __future__ import annotations

import click

from suffice.cli.rollout_world import Places, placed


@click.command()
@click.option("--once", is_flag=True, help="One round, then end.")
@click.option(
    "--every",
    type=click.FloatRange(0.05, 3600),
    envvar="SUFFICE_MONITOR_EVERY",
    default=1.0,
    show_default=True,
    metavar="S",
    help="Seconds between rounds.",
)
@click.option(
    "--shadow-usd",
    envvar="SUFFICE_SHADOW_USD",
    metavar="USD",
    help="What all shadow calls of a day (UTC) may cost; none is made beyond it.",
)
@click.option(
    "--window",
    type=click.FloatRange(1, 86_400),
    envvar="SUFFICE_MONITOR_WINDOW",
    default=300.0,
    show_default=True,
    metavar="S",
    help="Errors, latency and cost are counted over stretches of so many seconds.",
)
@click.option(
    "--held-out-every",
    envvar="SUFFICE_HELD_OUT_EVERY",
    metavar="7d",
    help="Ask each rollout's held-out cases again once in so long: 7d, 12h; else as [held_out] of "
    "suffice.toml says. Paid with SUFFICE_OWN_KEY.",
)
@click.option(
    "--held-out-usd",
    envvar="SUFFICE_HELD_OUT_USD",
    metavar="USD",
    help="What all of that may cost within that time.",
)
@click.option("--no-alerts", is_flag=True, help="Tell nobody; everything is in the event log.")
@click.option("--kept-by-gateway", is_flag=True, hidden=True)
@click.option("--upstream", hidden=True)
@placed
@click.pass_context
def command(
    ctx: click.Context,
    *,
    once: bool,
    every: float,
    shadow_usd: str | None,
    window: float,
    held_out_every: str | None,
    held_out_usd: str | None,
    no_alerts: bool,
    kept_by_gateway: bool,
    upstream: str | None,
    places: Places,
    form: str,
) -> None:
    """
    Watch every rollout: count its pairs, move it on or take it back, publish, tell.

    Of several monitors exactly one acts at a time, and one that is killed is made good by the
    next. Exit 1 from --once where something could not be carried out.
    """
    from datetime import timedelta

    from suffice.cli.money_text import read_usd
    from suffice.cli.monitor_held_out import schedule_of
    from suffice.cli.monitor_running import Manner, run

    manner = Manner(
        every_s=None if once else every,
        alerts=not no_alerts,
        form=form,
        shadow_usd=None
        if shadow_usd is None
        else read_usd(shadow_usd, effect="Nothing is watched."),
        window=timedelta(seconds=window),
        kept_by_gateway=kept_by_gateway,
    )
    held_out = schedule_of(
        held_out_every,
        held_out_usd,
        upstream=upstream,
        gently=manner.voice if kept_by_gateway else None,
    )
    problems = run(places, manner._replace(held_out=held_out))
    ctx.exit(int(once and problems))
