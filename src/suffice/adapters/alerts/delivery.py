"""From settings to senders, and an alert to each of them: again where it failed, then kept."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, assert_never

import msgspec

from suffice.adapters.alerts.mail import EmailSender
from suffice.adapters.alerts.senders import (
    LogSender,
    PagerDutySender,
    SlackSender,
    WebhookSender,
)
from suffice.adapters.alerts.sending import NotDelivered, Sender, wants
from suffice.adapters.appending import AppendOnlyFile, write_atomically
from suffice.errors import UnreadableFile
from suffice.records.alert import (
    Alert,
    AlertTarget,
    EmailTarget,
    LogTarget,
    PagerDutyTarget,
    SlackTarget,
    WebhookTarget,
)

# Waits before the second, third and fourth attempt, in seconds.
BACKOFF_S = (0.5, 2.0, 8.0)


class Delivery(NamedTuple):
    """
    What became of one alert at one place.

    Attributes:
        target: The place's name.
        delivered: Whether it was taken.
        attempts: How often it was tried.
        why: Why it was not taken; empty if it was.
    """

    target: str
    delivered: bool
    attempts: int
    why: str = ""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that did not arrive at one place, with why."""

    target: str
    why: str
    alert: Alert


def senders_of(
    targets: Mapping[str, AlertTarget],
    environ: Mapping[str, str],
    *,
    now: Callable[[], float] = time.time,
) -> list[Sender]:
    """
    Every place of the settings, ready to be sent to.

    Raises:
        BadSettings: A variable a place needs is not set, or holds nothing usable.
    """
    return [_sender(name, target, environ, now) for name, target in targets.items()]


def _sender(
    name: str, target: AlertTarget, environ: Mapping[str, str], now: Callable[[], float]
) -> Sender:
    match target:
        case LogTarget():
            return LogSender(name, target)
        case WebhookTarget():
            return WebhookSender(name, target, environ, now=now)
        case SlackTarget():
            return SlackSender(name, target, environ)
        case PagerDutyTarget():
            return PagerDutySender(name, target, environ)
        case EmailTarget():
            return EmailSender(name, target, environ)
        case _:
            assert_never(target)


class Dispatcher:
    """
    Alerts to all places that want them.

    Args:
        senders: The places.
        dead_letters: What never arrived is appended here, and can be sent again; None: nowhere.
        sleep: Waits so many seconds between attempts.
        backoff_s: The waits; one attempt more than there are waits.
    """

    def __init__(
        self,
        senders: Sequence[Sender],
        *,
        dead_letters: Path | None = None,
        sleep: Callable[[float], None] = time.sleep,
        backoff_s: Sequence[float] = BACKOFF_S,
    ) -> None:
        self.senders = tuple(senders)
        self._dead_letters = dead_letters
        self._sleep = sleep
        self._backoff_s = tuple(backoff_s)

    def deliver(self, alert: Alert) -> list[Delivery]:
        """
        Send it everywhere it is wanted. A place that fails keeps no other from being told.

        Raises:
            StorageError: It did not arrive somewhere, and cannot be kept for later either.
        """
        return [self.deliver_to(sender, alert) for sender in self.senders if wants(sender, alert)]

    def deliver_to(self, sender: Sender, alert: Alert) -> Delivery:
        """
        Send it to one place, and keep it where it did not arrive.

        Raises:
            StorageError: It did not arrive, and cannot be kept for later either.
        """
        delivery = self.send(sender, alert)
        if not delivery.delivered:
            self._keep(DeadLetter(target=sender.name, why=delivery.why, alert=alert))
        return delivery

    def send(self, sender: Sender, alert: Alert) -> Delivery:
        """To one place, again after each wait while that may help."""
        for attempt, wait_s in enumerate((*self._backoff_s, None), start=1):
            try:
                sender.send(alert)
            except NotDelivered as error:
                if wait_s is None or not error.again:
                    return Delivery(sender.name, delivered=False, attempts=attempt, why=error.why)
                self._sleep(wait_s)
            else:
                return Delivery(sender.name, delivered=True, attempts=attempt)
        raise AssertionError("the last attempt always returns")

    def replay(self) -> list[Delivery]:
        """
        Send what never arrived once more; what fails again, or is for a place unknown now, stays.

        The file is replaced once at the end: a kill sends some again, under the same id.

        Raises:
            UnreadableFile: The file holds something else.
            StorageError: It cannot be written.
        """
        if self._dead_letters is None or not self._dead_letters.exists():
            return []
        by_name = {sender.name: sender for sender in self.senders}
        found, left = [], []
        content = self._dead_letters.read_bytes()
        for letter in read_dead_letters(self._dead_letters):
            sender = by_name.get(letter.target)
            if sender is None:
                delivery = Delivery(letter.target, delivered=False, attempts=0, why="is not set up")
            else:
                delivery = self.send(sender, letter.alert)
            found.append(delivery)
            if not delivery.delivered:
                left.append(letter)
        kept = b"".join(msgspec.json.encode(letter) + b"\n" for letter in left)
        # What another process appended meanwhile stays.
        kept += self._dead_letters.read_bytes()[len(content) :]
        write_atomically(self._dead_letters, kept)
        return found

    def _keep(self, letter: DeadLetter) -> None:
        if self._dead_letters is None:
            return
        self._dead_letters.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = AppendOnlyFile(self._dead_letters, fsync_interval_s=0.0)
        try:
            file.append(msgspec.json.encode(letter))
        finally:
            file.close()


def read_dead_letters(path: Path) -> list[DeadLetter]:
    """
    What never arrived, oldest first; none where there is no file.

    Raises:
        UnreadableFile: The file cannot be read, or holds something else.
    """
    try:
        content = path.read_bytes() if path.exists() else b""
        return [
            msgspec.json.decode(line, type=DeadLetter)
            for line in content.splitlines()
            if line.strip()
        ]
    except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise UnreadableFile(
            f"{os.fspath(path)} cannot be read as dead letters.",
            effect="Nothing was sent again.",
            next_step="Move it away; each line is one alert as JSON.",
        ) from error
