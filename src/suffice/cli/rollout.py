"""`suffice rollout`: from a Switch to production in stages, watched, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suffice.cli.rollout_world import by_hand, placed, signed

if TYPE_CHECKING:
    from suffice.cli.rollout_world import Places
    from suffice.monitor import Command


@click.group()
def command() -> None:
    """From a Switch to production in stages: watched by shadow pairs, taken back by itself."""


@command.command()
@click.argument("request_type", metavar="TYPE")
@click.option("--to", "candidate", metavar="MODEL", help="The model that is to take the type.")
@click.option("--from-run", "run", metavar="RUN", help="The run that proves it; else the newest.")
@click.option(
    "--plan",
    default="default",
    show_default=True,
    metavar="PLAN",
    help='default (5/25/100), cautious (1/5/25/100), or shares such as "10/50/100".',
)
@click.option("--days", type=click.FloatRange(0), default=0.0, help="Days a stage takes at least.")
@click.option("--pairs", type=click.IntRange(1), help="Scored pairs a stage needs; else 150.")
@click.option(
    "--holdout",
    type=click.FloatRange(0, 0.5),
    help="Share kept on the baseline for good; else .02.",
)
@click.option(
    "--years-between",
    type=click.Choice(["5", "20"]),
    default="5",
    show_default=True,
    help="False alarms are at least so many years apart.",
)
@click.option(
    "--shadow-batched",
    is_flag=True,
    help="Shadow calls wait for a batch at half the price; takes SUFFICE_OWN_KEY.",
)
@click.option("--override", is_flag=True, help="Against the evidence; takes --by and --reason.")
@signed
@placed
def start(
    *,
    request_type: str,
    candidate: str | None,
    run: str | None,
    plan: str,
    days: float,
    pairs: int | None,
    holdout: float | None,
    years_between: str,
    shadow_batched: bool,
    override: bool,
    by: str,
    reason: str,
    places: Places,
    form: str,
) -> None:
    """
    Begin TYPE's rollout: its first stage is published, and the monitor takes it from there.

    It takes a Switch of a stored comparison that is not provisional and whose prompt is the live
    one. Against that it takes --override with --by and --reason; all three are kept for good.
    """
    from suffice.cli.rollout_acting import Wanted, begin

    wanted = Wanted(
        type=request_type,
        candidate=candidate,
        run=run,
        plan=plan,
        least_days=days,
        pairs=pairs,
        holdout=holdout,
        years_between=float(years_between),
        override=override,
        by=by,
        reason=reason,
        shadow_batched=shadow_batched,
    )
    begin(places, wanted, form=form)


@command.command()
@click.argument("request_type", metavar="TYPE", required=False)
@click.option("--events", "most", type=click.IntRange(0), default=8, show_default=True)
@placed
def status(*, request_type: str | None, most: int, places: Places, form: str) -> None:
    """Where TYPE's rollout stands, what watches it, what happened. Without TYPE: all of them."""
    from suffice.cli.rollout_acting import show_all, show_one

    if request_type is None:
        show_all(places, form=form)
    else:
        show_one(places, request_type, most=most, form=form)


@command.command("list")
@placed
def list_(*, places: Places, form: str) -> None:
    """Every rollout: state, set and actual share, pairs of the stage."""
    from suffice.cli.rollout_acting import show_all

    show_all(places, form=form)


@command.command()
@by_hand
def hold(*, request_type: str, by: str, reason: str, places: Places, form: str) -> None:
    """Keep TYPE's share as it is. It is watched, and taken back, as before."""
    _do("hold", request_type, by, reason, places, form)


@command.command()
@by_hand
def promote(*, request_type: str, by: str, reason: str, places: Places, form: str) -> None:
    """Begin TYPE's next stage before its evidence is there. Needs --by and --reason."""
    _do("promote", request_type, by, reason, places, form)


@command.command()
@by_hand
def abort(*, request_type: str, by: str, reason: str, places: Places, form: str) -> None:
    """Send all of TYPE to its baseline, at once and without asking. `undo` takes it back."""
    _do("abort", request_type, by, reason, places, form)


@command.command()
@by_hand
def undo(*, request_type: str, by: str, reason: str, places: Places, form: str) -> None:
    """Take the last hold, promote or abort back, within a day and before it moves by itself."""
    _do("undo", request_type, by, reason, places, form)


@command.command()
@click.option("--batched/--live", required=True, help="Wait for a batch, or call at once.")
@by_hand
def shadow(
    *,
    request_type: str,
    batched: bool,
    by: str,
    reason: str,
    places: Places,
    form: str,
) -> None:
    """
    How TYPE's shadow calls are made: by Message Batches at half the price, or at once.

    What waits for a batch is paid with the gateway's SUFFICE_OWN_KEY, comes back within a day, and
    may be held by the provider for 29 days.
    """
    what: Command = "batch" if batched else "live"
    _do(what, request_type, by, reason, places, form)


@command.command()
@click.argument("request_type", metavar="TYPE")
@click.option("--from-run", "run", metavar="RUN", help="The later run; else the newest on TYPE.")
@placed
def recheck(*, request_type: str, run: str | None, places: Places, form: str) -> None:
    """
    Enter a later comparison on held-out cases: a Keep takes the rollout back.

    Compare cases the verdict has never seen, then this. A Keep must be the surer the sooner it
    comes after another comparison that was entered within a year.
    """
    from suffice.cli.rollout_recheck import recheck as enter

    enter(places, request_type, run, form=form)


@command.command("next")
@placed
def next_(*, places: Places, form: str) -> None:
    """Which type to roll out next: those with a Switch, the one with the most requests first."""
    from suffice.cli.rollout_next import show_next

    show_next(places, form=form)


@command.command()
@click.argument("request_type", metavar="TYPE", required=False)
@click.option("--per-day", type=click.FloatRange(0, min_open=True), help="Conversations a day.")
@click.option("--pairs-per-day", type=click.FloatRange(0, min_open=True), help="Pairs instead.")
@click.option(
    "--agreement", type=click.FloatRange(0, 1), default=0.97, show_default=True, help="Supposed."
)
@click.option(
    "--fall-to", type=click.FloatRange(0, 1), help="With --pairs-per-day: a fall to this."
)
@click.option("--fine-at", type=click.FloatRange(0, 1), default=0.95, show_default=True)
@click.option("--plan", default="default", show_default=True, metavar="PLAN", help="As in start.")
@click.option("--days", type=click.FloatRange(0), default=0.0, help="As in start.")
@click.option(
    "--usd-per-pair",
    metavar="USD",
    help="What a shadow call costs; else the mean of TYPE's own, or of its answers.",
)
@click.option("--years-between", type=click.Choice(["5", "20"]), default="5", show_default=True)
@placed
def plan(
    *,
    request_type: str | None,
    per_day: float | None,
    pairs_per_day: float | None,
    agreement: float,
    fall_to: float | None,
    fine_at: float,
    plan: str,
    days: float,
    usd_per_pair: str | None,
    years_between: str,
    places: Places,
    form: str,
) -> None:
    """
    What to expect before anything is started: by simulation, for TYPE's own volume.

    Pairs a day, days to see a fall, false alarms a year, bad answers until it is taken back, the
    price of watching. For a volume nobody has seen yet: --per-day, or --pairs-per-day.
    """
    from suffice.cli.rollout_planning import Asked, show_plan

    asked = Asked(
        type=request_type,
        per_day=per_day,
        pairs_per_day=pairs_per_day,
        agreement=agreement,
        fall_to=fall_to,
        p_ok=fine_at,
        plan=plan,
        least_days=days,
        usd_per_pair=usd_per_pair,
        years_between=float(years_between),
    )
    show_plan(places, asked, form=form)


def _do(what: Command, request_type: str, by: str, reason: str, places: Places, form: str) -> None:
    from suffice.cli.rollout_acting import act

    act(places, what, request_type, by=by, reason=reason, form=form)
