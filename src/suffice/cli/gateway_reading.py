"""What a gateway's options hold: budgets, shares, bounds and addresses, read and checked."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from suffice.adapters.policies import PolicyFiles
from suffice.errors import BadOption, StorageError, UnreadableFile
from suffice.gateway.addresses import is_loopback
from suffice.gateway.budgets import Budget, Budgets
from suffice.gateway.limits import Limits
from suffice.gateway.log import Log
from suffice.gateway.spool import Capture


def read_assignment_key(policy: Path) -> bytes | None:
    """
    The secret for assignment beside a policy, made where there is none yet.

    None where it cannot be had, which the log says: the gateway then serves, and routes nothing.
    """
    try:
        return PolicyFiles(policy).assignment_key()
    except StorageError as wrong:
        Log().say("assignment key", level="error", problem=wrong.what, effect="nothing is routed")
        return None


def read_budgets(path: Path | None) -> tuple[Budget, ...]:
    """
    The budgets of a file.

    Raises:
        UnreadableFile: It holds none, or cannot be read.
        BadOption: One of them cannot be held, or two share a name.
    """
    if path is None:
        return ()
    try:
        found = msgspec.json.decode(path.read_bytes(), type=tuple[Budget, ...], strict=False)
    except (OSError, msgspec.DecodeError) as wrong:
        said = wrong.strerror if isinstance(wrong, OSError) else wrong
        raise UnreadableFile(
            f"The budgets in {path} cannot be read: {said}.",
            effect="Nothing was started.",
            next_step="See docs/gateway.md for an example.",
        ) from wrong
    Budgets(found, catalog=None)
    return found


def refuse_forgetful_budgets(
    budgets: tuple[Budget, ...], *, capture: Capture
) -> tuple[Budget, ...]:
    """
    The same budgets, unless the account they need would not be kept.

    Raises:
        BadOption: A hard budget that every restart would begin anew, and every worker count alone.
    """
    hard = [budget.name for budget in budgets if budget.hard]
    if hard and capture is Capture.OFF:
        raise BadOption(
            f"The hard budget {hard[0]!r} needs the account, and --capture off keeps none.",
            effect="The gateway was not started: each restart would have begun the budget anew, "
            "and each worker would have counted alone.",
            next_step="Use --capture meta, which keeps no text of any request or answer.",
        )
    return budgets


def read_body_shares(said: Sequence[str], *, capture: Capture) -> dict[str, float]:
    """
    Which share of a type's conversations keep their bodies.

    Raises:
        BadOption: It is no TYPE=SHARE, a share lies outside [0, 1], or no bodies are kept at all.

    >>> read_body_shares(["triage=0.1", "*=0"], capture=Capture.BODIES)
    {'triage': 0.1, '*': 0.0}
    """
    if said and capture is not Capture.BODIES:
        raise _bad("--bodies chooses among bodies, and none are kept.", "Add --capture bodies.")
    shares: dict[str, float] = {}
    for word in said:
        kind, _, told = word.rpartition("=")
        try:
            share = float(told)
        except ValueError:
            share = -1.0
        if not kind or not 0 <= share <= 1:
            raise _bad(f"{word!r} is no share of a type.", "Say TYPE=SHARE, a share in 0..1.")
        shares[kind] = share
    return shares


def read_limits(said: Sequence[str]) -> Limits:
    """
    Bounds other than the usual ones.

    Raises:
        BadOption: A bound nobody knows, or one that is no positive number.

    >>> read_limits(["connections=9", "head_s=2.5"]).connections
    9
    """
    kinds = {field.name: field.type for field in msgspec.structs.fields(Limits)}
    changed: dict[str, float] = {}
    for word in said:
        name, _, told = word.partition("=")
        if name not in kinds:
            near = difflib.get_close_matches(name, kinds, n=1)
            known = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(kinds)}."
            raise _bad(f"There is no bound {name!r}.", known)
        try:
            value = msgspec.convert(told, kinds[name], strict=False)
        except msgspec.ValidationError:
            value = 0
        if not 0 < value < float("inf"):
            raise _bad(f"{word!r} is no bound.", "It is a positive number; bytes and counts whole.")
        changed[name] = value
    return msgspec.structs.replace(Limits(), **changed)


def read_endpoint(url: str | None, *, capture: Capture) -> str | None:
    """
    Where spans go.

    Raises:
        BadOption: It is no address, holds a credential, is in the clear to another machine, or
            there are no records to make spans of.
    """
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _bad(f"{url.rpartition('@')[2]!r} is no http or https address.", "See --otlp.")
    if parts.username is not None or parts.password is not None:
        raise _bad(
            "The collector's address holds a credential.",
            "Set OTEL_EXPORTER_OTLP_HEADERS in the environment instead.",
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise _bad(
            f"{url!r} would tell in the clear what you ask of whom.",
            "Use https, or a collector on this machine.",
        )
    if capture is Capture.OFF:
        raise _bad("Spans are made of captured records, and none are kept.", "--capture meta")
    return url


def _bad(what: str, next_step: str) -> BadOption:
    return BadOption(what, effect="The gateway was not started.", next_step=next_step)
