"""The live demo's end: what it showed, in words or as JSON."""

from __future__ import annotations

import click
import msgspec

from suffice.cli.demo_live import LiveDemo, run_live
from suffice.errors import BadOption

_PER_SECOND, _FALL_TO, _WITHIN_S = 150.0, 0.80, 110.0


def show_live(*, form: str) -> int:
    """
    Run it and tell what came of it; 1 where nothing was rolled back in time.

    Raises:
        BadOption: It has no such format.
    """
    if form not in {"text", "json"}:
        raise BadOption(
            f"--live has no {form}.", effect="Nothing was run.", next_step="Use text or json."
        )
    found = run_live(per_second=_PER_SECOND, fall_to=_FALL_TO, within_s=_WITHIN_S, form=form)
    if form == "json":
        encoded = msgspec.json.format(msgspec.json.encode(found), indent=2)
        click.echo(encoded.decode())
    else:
        click.echo(_in_words(found))
        click.echo("\nNext  suffice gateway")
    return 0 if found.rolled_back else 1


def _in_words(found: LiveDemo) -> str:
    before, after = found.agreement
    if not found.rolled_back:
        return "\nNothing was rolled back in the time the demo has."
    return (
        f"\nAgreement was made to fall from {100 * before:.0f} to {100 * after:.0f} %.\n"
        f"The alarm came after {found.pairs_to_alarm:,} shadow pairs; by then "
        f"{found.bad_answers_served:,} bad answers had been served.\n"
        f"{found.caller_errors:,} callers saw an error. The candidate's last answer came "
        f"{found.seconds_to_all_workers} s after the rollback."
    )
