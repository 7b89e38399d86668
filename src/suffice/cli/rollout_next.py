"""`suffice rollout next`: which proven type comes first."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import click
from rich.table import Table
from rich.text import Text

from suffice.cli.console import results
from suffice.cli.money_text import json_text, short_name
from suffice.cli.rollout_proofs import Proof, kept_proofs, model_name, switches, why_not_again
from suffice.cli.rollout_world import Places, now
from suffice.records.rollout import Rollout, RolloutState
from suffice.reports import shell_word
from suffice.reports.untrusted import one_line

_A_MONTH = timedelta(days=30)
_ALL_COLUMNS = 70


class Proposal(NamedTuple):
    """
    A proven type that is not rolled out.

    Attributes:
        proof: Its Switch.
        per_day: Conversations a day; None where no account is kept.
    """

    proof: Proof
    per_day: float | None


def show_next(places: Places, *, form: str) -> None:
    """What could be rolled out, the most requests first; then the most pairs."""
    found, not_now = proposals(places)
    for why in not_now:
        click.echo(f"left out: {why}", err=True)
    if form == "json":
        rows = [
            {
                "type": one.proof.verdict.type,
                "baseline": model_name(one.proof.verdict.baseline),
                "candidate": model_name(one.proof.verdict.candidate),
                "run": one.proof.run,
                "pairs": one.proof.verdict.pairs,
                "per_day": one.per_day,
            }
            for one in found
        ]
        document = {"schema": "suffice.rollout_next", "version": 1, "proposals": rows}
        click.echo(json_text(document), nl=False)
        return
    if not found:
        click.echo("No type is proven and not rolled out yet.")
        click.echo("\nNext  suffice types")
        return
    console = results()
    narrow = console.width < _ALL_COLUMNS
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("request type", "from -> to"):
        table.add_column(heading, overflow="fold")
    for heading in ("a day", "pairs", *(() if narrow else ("saves",))):
        table.add_column(heading, justify="right")
    if not narrow:
        # A name that is to be copied stays on one line.
        table.add_column("proved by", no_wrap=True, overflow="ignore")
    for one in found:
        verdict = one.proof.verdict
        models = (short_name(model_name(name)) for name in (verdict.baseline, verdict.candidate))
        table.add_row(
            Text(one_line(verdict.type)),
            Text(" -> ".join(one_line(name) for name in models)),
            "?" if one.per_day is None else f"{one.per_day:,.0f}",
            f"{verdict.pairs:,}",
            *(() if narrow else (_saving(one.proof), Text(one_line(one.proof.run)))),
        )
    console.print(table)
    first = found[0].proof.verdict
    to = short_name(model_name(first.candidate))
    click.echo(f"\nNext  suffice rollout start {shell_word(first.type)} --to {shell_word(to)}")


def proposals(places: Places) -> tuple[list[Proposal], list[str]]:
    """
    Types whose Switch may begin a rollout now, the most conversations a day first.

    Returns:
        Them, and a sentence for each that was taken back and may not begin again yet.
    """
    from suffice.adapters.controlling.arm_windows import Account
    from suffice.adapters.storage.rollouts import Rollouts

    before: dict[str, Rollout] = {}
    if places.store.exists():
        with Rollouts.open(places.store, write=False) as store:
            before = {kept.rollout.type: kept.rollout for kept in store.all()}
    account, at = Account.open(places.account), now()
    ready, not_now = [], []
    for proof in switches(kept_proofs()):
        earlier = before.get(proof.verdict.type)
        if earlier is None:
            ready.append(proof)
        elif earlier.state is RolloutState.ROLLED_BACK:
            why = why_not_again(proof, earlier, at)
            if why:
                not_now.append(why)
            else:
                ready.append(proof)
    try:
        found = [
            Proposal(
                proof,
                None if account is None else account.per_day(proof.verdict.type, at - _A_MONTH, at),
            )
            for proof in ready
        ]
    finally:
        if account is not None:
            account.close()
    found.sort(key=lambda one: (-(one.per_day or 0.0), -one.proof.verdict.pairs))
    return found, not_now


def _saving(proof: Proof) -> str:
    cost = proof.verdict.cost
    if cost is None or cost.saving_share is None:
        return "?"
    return f"{100 * cost.saving_share:.0f} % of {cost.pairs:,} pairs"
