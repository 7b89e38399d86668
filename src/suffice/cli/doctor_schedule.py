"""The doctor's check of the schedule by which held-out cases are asked again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from suffice.cli.doctor_findings import Finding, Setup, failed, fine, look
from suffice.cli.money_text import read_usd
from suffice.cli.monitor_held_out import read_schedule
from suffice.errors import SufficeError
from suffice.gateway.status import gateway_has_own_key
from suffice.settings import OWN_KEY
from suffice.wiring import own_credential

_EVERY, _USD = "SUFFICE_HELD_OUT_EVERY", "SUFFICE_HELD_OUT_USD"
_UNASKED = "Held-out cases are not asked again."


def check_schedule(setup: Setup, environ: Mapping[str, str]) -> Iterator[Finding]:
    """
    Whether the schedule that the variables wish for is one, and whether something pays for it.

    Nothing is said where none is wished for.

    Args:
        setup: Where the gateway's data lies, which says whether the gateway has the key.
        environ: Where the variables stand.
    """
    # click takes an empty variable for none, and so does the monitor.
    every, usd = environ.get(_EVERY) or None, environ.get(_USD) or None
    if every is None and usd is None:
        return
    if every is None or usd is None:
        there, missing = (_USD, _EVERY) if every is None else (_EVERY, _USD)
        yield failed(
            "held-out schedule",
            f"{there} is set and {missing} is not. {_UNASKED}",
            f"Set {missing} too, for example {_EVERY}=7d {_USD}=2, or neither.",
        )
        return
    try:
        read_schedule(every, read_usd(usd, effect=_UNASKED))
        paid = own_credential(environ) is not None or gateway_has_own_key(setup.data)
    except SufficeError as wrong:
        yield failed("held-out schedule", f"{wrong.what} {_UNASKED}", wrong.next_step)
        return
    if paid:
        yield fine(
            "held-out schedule", f"every {every}, for at most ${usd.lstrip('$')} in that time"
        )
    else:
        yield look(
            "held-out schedule",
            f"{_EVERY} is set and {OWN_KEY} is not: nothing pays. {_UNASKED}",
            f"Set {OWN_KEY} for the gateway, or unset {_EVERY}.",
        )
