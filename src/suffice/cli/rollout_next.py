"""`suffice rollout next`: which proven type comes first."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import click
from rich.table import Table
from rich.text import Text

from suffice.cli.console import results
from suffice.cli.money_text import json_text, short_name
from suffice.cli.rollout_proofs import Proof, kept_proofs, model_name, switches
from suffice.cli.rollout_world import Places, now
from suffice.records.rollout import RolloutState
from suffice.reports import shell_word
from suffice.reports.untrusted import one_line

_A_MONTH = timedelta(days=30)


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
    found = proposals(places)
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
        click.echo("\nNext  suffice compare --top 3 --to haiku-5-5")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("request type", "from -> to"):
        table.add_column(heading, overflow="fold")
    for heading in ("a day", "pairs", "saves"):
        table.add_column(heading, justify="right")
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
            _saving(one.proof),
            Text(one_line(one.proof.run)),
        )
    results().print(table)
    first = found[0].proof.verdict
    to = short_name(model_name(first.candidate))
    click.echo(f"\nNext  suffice rollout start {shell_word(first.type)} --to {shell_word(to)}")


def proposals(places: Places) -> list[Proposal]:
    """Types with a Switch and no rollout under way, the most conversations a day first."""
    from suffice.adapters.controlling.arm_windows import Account
    from suffice.adapters.storage.rollouts import Rollouts

    under_way: set[str] = set()
    if places.store.exists():
        with Rollouts.open(places.store, write=False) as store:
            under_way = {
                kept.rollout.type
                for kept in store.all()
                if kept.rollout.state is not RolloutState.ROLLED_BACK
            }
    account, at = Account.open(places.account), now()
    try:
        found = [
            Proposal(
                proof,
                None if account is None else account.per_day(proof.verdict.type, at - _A_MONTH, at),
            )
            for proof in switches(kept_proofs())
            if proof.verdict.type not in under_way
        ]
    finally:
        if account is not None:
            account.close()
    return sorted(found, key=lambda one: (-(one.per_day or 0.0), -one.proof.verdict.pairs))


def _saving(proof: Proof) -> str:
    cost = proof.verdict.cost
    if cost is None or cost.saving_share is None:
        return "?"
    return f"{100 * cost.saving_share:.0f} % of {cost.pairs:,} pairs"
