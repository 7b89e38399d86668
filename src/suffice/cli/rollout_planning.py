"""`suffice rollout plan`: what watching will find, how soon and at what price."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import click
import msgspec
from rich.table import Table

from suffice.cli.console import results
from suffice.cli.money_text import json_text, usd, usd_each
from suffice.cli.pair_price import PairPrice, pair_price
from suffice.cli.rollout_acting import plan_of
from suffice.cli.rollout_world import Places, now
from suffice.errors import BadOption
from suffice.monitor import Detection, Outlook, Supposed, plan_detection, plan_rollout
from suffice.reports import shell_word
from suffice.reports.untrusted import one_line

_A_MONTH = timedelta(days=30)
_USUAL_FALL = 0.17


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question, as options put it."""

    type: str | None
    per_day: float | None
    pairs_per_day: float | None
    agreement: float
    fall_to: float | None
    p_ok: float
    plan: str
    least_days: float
    usd_per_pair: str | None
    years_between: float


def show_plan(places: Places, asked: Asked, *, form: str) -> None:
    """
    Answer it.

    Raises:
        BadOption: A value outside its range, or nothing says how much traffic there is.
    """
    if asked.pairs_per_day is not None:
        found = plan_detection(
            pairs_per_day=asked.pairs_per_day,
            agreement=asked.agreement,
            fall_to=max(asked.agreement - _USUAL_FALL, 0)
            if asked.fall_to is None
            else asked.fall_to,
            p_ok=asked.p_ok,
            years_between=asked.years_between,
        )
        if form == "json":
            document = {"schema": "suffice.rollout_detection", "version": 1}
            click.echo(json_text({**document, **msgspec.structs.asdict(found)}), nl=False)
        else:
            _show_detection(found)
        return
    price = pair_price(places, asked.type, given=asked.usd_per_pair)
    outlook = plan_rollout(
        Supposed(
            volume_per_day=_volume(places, asked),
            agreement=asked.agreement,
            p_ok=asked.p_ok,
            years_between=asked.years_between,
            usd_per_pair=price.usd if price is not None else None,
        ),
        plan=plan_of(asked.plan, asked.least_days),
    )
    if form == "json":
        document = {"schema": "suffice.rollout_plan", "version": 1, "type": asked.type or ""}
        source = price.source if price is not None else ""
        told = {**document, **msgspec.to_builtins(outlook), "usd_per_pair_source": source}
        click.echo(json_text(told), nl=False)
    else:
        _show_outlook(outlook, asked.type, price, next_=_next_command(places, asked.type))


def _next_command(places: Places, request_type: str | None) -> str:
    if request_type is None:
        return "suffice rollout next"
    name = shell_word(request_type)
    if not places.store.exists():
        return f"suffice rollout start {name}"
    from suffice.adapters.storage.rollouts import Rollouts

    with Rollouts.open(places.store, write=False) as store:
        kept = store.get(request_type)
    # What is under way, or rests, is begun by nobody.
    return f"suffice rollout {'status' if kept is not None else 'start'} {name}"


def _volume(places: Places, asked: Asked) -> float:
    from suffice.adapters.controlling.arm_windows import Account

    if asked.per_day is not None:
        return asked.per_day
    if asked.type is None:
        raise BadOption(
            "Nothing says how much traffic there is.",
            effect="Nothing was planned.",
            next_step="Name a TYPE of the gateway's account, or give --per-day or --pairs-per-day.",
        )
    account, at = Account.open(places.account), now()
    per_day = 0.0
    if account is not None:
        try:
            per_day = account.per_day(asked.type, at - _A_MONTH, at)
        finally:
            account.close()
    if not per_day:
        raise BadOption(
            f"The account {places.account} has no conversation of {asked.type!r} in 30 days.",
            effect="Nothing was planned.",
            next_step="Give --per-day; `suffice types` shows what logs say of it.",
        )
    return per_day


def _show_outlook(
    found: Outlook, request_type: str | None, price: PairPrice | None, *, next_: str
) -> None:
    name = one_line(request_type) if request_type else "a type"
    rates = ", ".join(f"{rate:,.0f}" for rate in found.stage_pairs_per_day)
    click.echo(
        f"{name}: {found.volume_per_day:,.0f} conversations a day, plan {found.plan}, "
        f"agreement supposed {100 * found.agreement:.4g} %"
    )
    click.echo(f"  pairs a day in each stage {rates}; done after {found.days_to_done:,.1f} days\n")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (
        "  a fall to",
        "seen after",
        "days",
        "bad answers until then",
        "bad from the first stage",
        "stopped in the ramp",
    ):
        table.add_column(heading, justify="right")
    for fall in found.falls:
        unseen = fall.pairs_to_detect is None
        table.add_row(
            f"{100 * fall.fall_to:.4g} %",
            "too slow to say" if unseen else f"{fall.pairs_to_detect:,.0f} pairs",
            "-" if fall.days_to_detect is None else f"{fall.days_to_detect:,.1f}",
            "-" if fall.bad_answers_done is None else f"{fall.bad_answers_done:,.0f}",
            f"{fall.bad_answers_ramp:,.0f}",
            f"{100 * fall.rolled_back_in_ramp:.0f} % of runs",
        )
    results().print(table)
    _show_alarms(
        found.false_alarms_per_year,
        found.false_alarms_per_year_error,
        found.false_alarms_per_year_bound,
    )
    for line in _watching(found, price):
        click.echo(f"  {line}")
    click.echo(f"\nNext  {next_}")


def _watching(found: Outlook, price: PairPrice | None) -> tuple[str, ...]:
    ramp, month = found.watching_usd_ramp, found.watching_usd_per_month
    if price is None or ramp is None or month is None:
        return ("watching costs one shadow call a pair; give --usd-per-pair for dollars",)
    by_batch = "; half of it with --shadow-batched" if price.halves else ""
    return (
        f"watching costs {usd(Decimal(ramp))} for the ramp, then {usd(Decimal(month))} a month,",
        f"at {usd_each(price.usd)} a pair: {price.source}{by_batch}",
    )


def _show_detection(found: Detection) -> None:
    click.echo(
        f"{found.pairs_per_day:,.4g} pairs a day, agreement {100 * found.agreement:.4g} %, "
        f"then {100 * found.fall_to:.4g} %; fine is {100 * found.p_ok:.4g} %"
    )
    if found.pairs_to_detect is None or found.days_to_detect is None:
        click.echo(
            f"  seen by fewer than half of the runs within {found.horizon_pairs:,} pairs "
            f"({100 * found.seen_within_horizon:.0f} %)"
        )
    else:
        slow = (
            "" if found.pairs_to_detect_90 is None
            else f"; nine in ten by {found.pairs_to_detect_90:,.0f}"
        )  # fmt: skip
        click.echo(
            f"  seen after {found.pairs_to_detect:,.1f} pairs on average, "
            f"{found.days_to_detect:,.1f} days{slow}"
        )
    _show_alarms(
        found.false_alarms_per_year,
        found.false_alarms_per_year_error,
        found.false_alarms_per_year_bound,
    )
    click.echo("\nNext  suffice rollout plan --per-day N")


def _show_alarms(seen: float, error: float, bound: float) -> None:
    told = f"{seen:.2g} in simulation" if seen else f"none in simulation (at most {error:.2g})"
    click.echo(f"  false alarms a year: {told}, at most {bound:.2g} by proof")
