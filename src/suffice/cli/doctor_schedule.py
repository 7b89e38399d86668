"""The doctor's check of the schedule by which held-out cases are asked again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from suffice.cli.doctor_findings import Finding, Setup, failed, fine, look
from suffice.cli.money_text import read_usd
from suffice.cli.monitor_held_out import read_schedule
from suffice.errors import SufficeError
from suffice.gateway.status import gateway_has_own_key
from suffice.settings import OWN_KEY
from suffice.wiring import own_credential

_EVERY, _USD = "SUFFICE_HELD_OUT_EVERY", "SUFFICE_HELD_OUT_USD"
_CHECK = "held-out schedule"
_UNASKED = "Held-out cases are not asked again."


def check_schedule(setup: Setup, environ: Mapping[str, str]) -> Iterator[Finding]:
    """
    Whether the schedule that is wished for is one, and whether something pays for it.

    Nothing is said where none is wished for. Each value is told with where it stands: a variable
    wins over the settings file, as it does for the monitor.

    Args:
        setup: The settings file, and the gateway's data, which says whether it has the key.
        environ: Where the variables stand.
    """
    file = setup.settings_file
    every = _said(environ, _EVERY, setup.held_out_every, file)
    usd = _said(environ, _USD, setup.held_out_usd, file)
    if every is None and usd is None:
        return
    if every is None or usd is None:
        there, missing = (usd, _EVERY) if every is None else (every, _USD)
        key = "held_out.every" if missing == _EVERY else "held_out.usd"
        yield failed(
            _CHECK,
            f"{there and there.source} is set and {missing} is not. {_UNASKED}",
            f"Set {missing} too, or {key} in the settings file (7d and 2, say), or neither.",
        )
        return
    try:
        read_schedule(every.value, read_usd(usd.value, effect=_UNASKED))
        paid = own_credential(environ) is not None or gateway_has_own_key(setup.data)
    except SufficeError as wrong:
        yield failed(_CHECK, f"{wrong.what} {_UNASKED}", wrong.next_step)
        return
    if paid:
        yield fine(
            _CHECK,
            f"every {every.value} ({every.source}), for at most ${usd.value.lstrip('$')} "
            f"({usd.source}) in that time",
        )
    else:
        yield look(
            _CHECK,
            f"{every.source} is set and {OWN_KEY} is not: nothing pays. {_UNASKED}",
            f"Set {OWN_KEY} for the gateway, or unset {every.source}.",
        )


class _Said(NamedTuple):
    """A value, and where it stands."""

    value: str
    source: str


def _said(
    environ: Mapping[str, str], variable: str, kept: object, file: Path | None
) -> _Said | None:
    # click takes an empty variable for none, and so does the monitor.
    if value := environ.get(variable):
        return _Said(value, variable)
    key = "held_out.every" if variable == _EVERY else "held_out.usd"
    return None if kept is None else _Said(str(kept), f"{key} in {file.name if file else 'a file'}")
