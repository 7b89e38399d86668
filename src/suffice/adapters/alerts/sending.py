"""What every place alerts are sent to can do, and how one attempt may end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import httpx2

from suffice.errors import BadSettings
from suffice.records.alert import Alert, Level

_PATIENCE = httpx2.Timeout(10.0, connect=5.0)
_TOO_MANY = 429
_TIMED_OUT = 408
_SERVERS_FAULT = 500


class NotDelivered(Exception):
    """
    One attempt that failed; never leaves this room.

    Attributes:
        why: Without the address, which may be a secret.
        again: Whether another attempt may succeed.
    """

    def __init__(self, why: str, *, again: bool) -> None:
        """Keep why, and whether to try again."""
        self.why = why
        self.again = again
        super().__init__(why)


class Sender(Protocol):
    """One place alerts are sent to."""

    @property
    def name(self) -> str:
        """As the settings call it."""
        ...

    @property
    def kind(self) -> str:
        """``log``, ``webhook``, ``slack``, ``pagerduty`` or ``email``."""
        ...

    @property
    def level(self) -> Level:
        """Alerts below it are not for this place."""
        ...

    def send(self, alert: Alert) -> None:
        """
        Deliver it once.

        Raises:
            NotDelivered: It was not.
        """
        ...


def wants(sender: Sender, alert: Alert) -> bool:
    """Whether an alert is for this place at all."""
    return sender.level == "message" or alert.level == "page"


def from_environment(environ: Mapping[str, str], variable: str, *, target: str) -> str:
    """
    A secret by the name of its variable.

    Raises:
        BadSettings: The settings name no variable, or it is not set.
    """
    found = environ.get(variable, "").strip() if variable else ""
    if not found:
        what = f"{variable} is not set" if variable else "No variable is named for its secret"
        raise BadSettings(
            f"alerts.{target}: {what}.",
            effect="Nothing was sent.",
            next_step="Set the variable; secrets of alerts are read from the environment alone.",
        )
    return found


def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """
    Post once. Redirects are not followed: they would carry what is secret elsewhere.

    Raises:
        NotDelivered: No answer, or none that says it was taken; the address is not named.
    """
    try:
        # A client of its own: alerts are rare, and a connection kept warm would be closed by then.
        with httpx2.Client(timeout=_PATIENCE, follow_redirects=False) as client:
            status = client.post(
                url, content=body, headers={"content-type": "application/json", **headers}
            ).status_code
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
        # The kind alone: messages of the client name the address.
        raise NotDelivered(f"not reached: {type(error).__name__}", again=True) from None
    if not httpx2.codes.is_success(status):
        again = status in {_TIMED_OUT, _TOO_MANY} or status >= _SERVERS_FAULT
        raise NotDelivered(f"answered {status}", again=again)
