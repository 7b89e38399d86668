"""What the monitor says: to a terminal, as JSON, or as lines of the gateway's log."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

import click
import msgspec

from suffice.reports.untrusted import one_line
from suffice.reports.words import count

if TYPE_CHECKING:
    from suffice.adapters.controlling.controller import Acted
    from suffice.errors import SufficeError
    from suffice.gateway.log import Log


class Voice(Protocol):
    """Whoever is told what the monitor did."""

    def began(self, rollouts: int, *, every_s: float) -> None:
        """It watches so many rollouts."""
        ...

    def acted(self, acted: Acted) -> None:
        """What became of one rollout in one round; nothing is said where nothing did."""
        ...

    def trouble(self, error: SufficeError) -> None:
        """A round could not be made."""
        ...

    def untold(self, target: str, why: str) -> None:
        """Somebody could not be told of an alert."""
        ...

    def said(self, request_type: str, what: str) -> None:
        """Something about a type that is no event of its rollout."""
        ...


class Terminal:
    """
    Events on standard output, the rest on standard error.

    Args:
        form: ``text``, or ``json``: an object a line.
    """

    def __init__(self, form: str) -> None:
        self._form = form
        self._trouble = ""

    def began(self, rollouts: int, *, every_s: float) -> None:
        """It watches so many rollouts."""
        click.echo(
            f"watching {count(rollouts, 'rollout')} every {every_s:g} s; "
            "stop with Ctrl-C, nothing is lost",
            err=True,
        )

    def acted(self, acted: Acted) -> None:
        """What became of one rollout in one round."""
        self._trouble = ""
        if self._form == "json":
            if acted.events or acted.problem:
                click.echo(msgspec.json.encode(_document(acted)).decode())
            return
        policy = f" (policy {acted.policy_version})" if acted.policy_version else ""
        for event in acted.events:
            click.echo(
                f"{event.at:%Y-%m-%d %H:%M:%S}  {one_line(event.type)}: "
                f"{one_line(event.sentence)}{policy}"
            )
        if acted.problem:
            click.echo(f"{one_line(acted.type)}: {one_line(acted.problem)}", err=True)

    def trouble(self, error: SufficeError) -> None:
        """A round could not be made; the same trouble is said once."""
        text = f"{error.code}  {error}"
        if text != self._trouble:
            self._trouble = text
            click.echo(text, err=True)

    def untold(self, target: str, why: str) -> None:
        """Somebody could not be told of an alert."""
        click.echo(f"{target} was not told: {why}; kept for `suffice alerts replay`", err=True)

    def said(self, request_type: str, what: str) -> None:
        """Something about a type that is no event of its rollout."""
        click.echo(f"{one_line(request_type)}: {one_line(what)}", err=True)


class GatewayLog:
    """
    Lines among those of the gateway that keeps the monitor.

    Args:
        log: Where they go.
    """

    def __init__(self, log: Log) -> None:
        self._log = log

    def began(self, rollouts: int, *, every_s: float) -> None:
        """It watches so many rollouts."""
        self._log.say("watching", rollouts=rollouts, every_s=every_s, pid=os.getpid())

    def acted(self, acted: Acted) -> None:
        """What became of one rollout in one round."""
        for event in acted.events:
            self._log.say(
                "rollout",
                type=one_line(event.type),
                kind=event.kind,
                state=event.state.value,
                sentence=one_line(event.sentence),
                policy=acted.policy_version,
            )
        if acted.problem:
            self._log.say_seldom(
                "rollout trouble",
                level="error",
                type=one_line(acted.type),
                problem=one_line(acted.problem),
            )

    def trouble(self, error: SufficeError) -> None:
        """A round could not be made."""
        self._log.say_seldom("monitor trouble", level="error", code=error.code, problem=error.what)

    def untold(self, target: str, why: str) -> None:
        """Somebody could not be told of an alert."""
        self._log.say_seldom("alert not delivered", level="error", target=target, problem=why)

    def said(self, request_type: str, what: str) -> None:
        """Something about a type that is no event of its rollout."""
        self._log.say("held-out cases", type=one_line(request_type), said=one_line(what))


def _document(acted: Acted) -> dict[str, object]:
    return {
        "schema": "suffice.monitor",
        "version": 1,
        "type": acted.type,
        "events": acted.events,
        "policy_version": acted.policy_version,
        "problem": acted.problem,
    }
