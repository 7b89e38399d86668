"""What a doctor's check says: a word, a sentence, and what to do."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import msgspec


class State(enum.StrEnum):
    """``failed`` is an exit code of 1; ``look`` may be meant so, and ``fine`` is fine."""

    FINE = "fine"
    LOOK = "look"
    FAILED = "failed"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """
    One thing that was looked at.

    Attributes:
        check: What was looked at.
        state: See `State`.
        says: What was found, as a sentence; never a credential.
        next_step: What to do; empty where nothing is to be done.
    """

    check: str
    state: State
    says: str
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """
    The gateway that is looked at, running or not.

    Attributes:
        host: Where it listens, or would.
        port: The same.
        upstream: Where requests go.
        data: Its data folder.
        policy: Its policy.
        capture: What it keeps.
        connections: Clients of one worker.
        prices: One's own prices.
        budgets: File of budgets.
        keys: File of gateway keys.
        tls_cert: The certificate it shows.
        tls_key: Its private key.
        client_ca: Whose certificates clients must show.
        upstream_ca: Authority trusted upstream.
        proxy: By whom requests leave, as it was said.
        allow_plain: Whether http to an upstream elsewhere is meant.
        settings_file: Where settings were read; None: nowhere.
        held_out_every: What it says of how often held-out cases are asked again.
        held_out_usd: What it says of the dollars for that.
    """

    host: str = "127.0.0.1"
    port: int = 4701
    upstream: str = "https://api.anthropic.com"
    data: Path = Path(".suffice/gateway")
    policy: Path = Path(".suffice/policy.json")
    capture: str = "meta"
    connections: int = 4096
    prices: Path | None = None
    budgets: Path | None = None
    keys: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    upstream_ca: Path | None = None
    proxy: str | None = None
    allow_plain: bool = False
    settings_file: Path | None = None
    held_out_every: str | None = None
    held_out_usd: Decimal | None = None


def fine(check: str, says: str) -> Finding:
    """All is well."""
    return Finding(check=check, state=State.FINE, says=says)


def look(check: str, says: str, next_step: str = "") -> Finding:
    """Perhaps it is meant so."""
    return Finding(check=check, state=State.LOOK, says=says, next_step=next_step)


def failed(check: str, says: str, next_step: str) -> Finding:
    """It will not work, or not safely."""
    return Finding(check=check, state=State.FAILED, says=says, next_step=next_step)
