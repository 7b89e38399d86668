"""Logs, webhooks, Slack and PagerDuty: an alert in the form each of them takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from suffice.adapters.alerts.sending import NotDelivered, from_environment, post
from suffice.adapters.alerts.signing import signature, signing_key
from suffice.adapters.appending import AppendOnlyFile
from suffice.errors import BadSettings, StorageError
from suffice.records.alert import (
    Alert,
    Level,
    LogTarget,
    PagerDutyTarget,
    SlackTarget,
    WebhookTarget,
)

_ENCODE = msgspec.json.Encoder(order="deterministic").encode
_DEDUP_SIGNS = 255
_SUMMARY_SIGNS = 1024
_SLACK_SIGNS = 2900


class LogSender:
    """Alerts as JSON lines in a file."""

    kind = "log"

    def __init__(self, name: str, target: LogTarget) -> None:
        self.name = name
        self.level: Level = target.level
        self._path = Path(target.path)

    def send(self, alert: Alert) -> None:
        """Append it."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = AppendOnlyFile(self._path)
            try:
                file.append(_ENCODE(webhook_body(alert)))
            finally:
                file.close()
        except (StorageError, OSError) as error:
            why = error.what if isinstance(error, StorageError) else (error.strerror or str(error))
            raise NotDelivered(why, again=True) from error


class WebhookSender:
    """Alerts as signed JSON, once by its id however often it is sent."""

    kind = "webhook"

    def __init__(
        self,
        name: str,
        target: WebhookTarget,
        environ: Mapping[str, str],
        *,
        now: Callable[[], float],
    ) -> None:
        self.name = name
        self.level: Level = target.level
        if bool(target.url) == bool(target.url_env):
            raise BadSettings(
                f"alerts.{name} needs one of url and url_env.",
                effect="Nothing was sent.",
                next_step="Use url_env where the address is a secret itself.",
            )
        self._url = target.url or from_environment(environ, target.url_env, target=name)
        secret = from_environment(environ, target.secret_env, target=name)
        self._key = signing_key(secret, named=target.secret_env)
        self._now = now

    def send(self, alert: Alert) -> None:
        """Sign it at the time of sending, so that a late one is not refused for its age."""
        body, timestamp = _ENCODE(webhook_body(alert)), int(self._now())
        signed = signature(self._key, message_id=alert.id, timestamp=timestamp, body=body)
        headers = {
            "webhook-id": alert.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signed,
        }
        post(self._url, body, headers)


class SlackSender:
    """Alerts as Slack messages."""

    kind = "slack"

    def __init__(self, name: str, target: SlackTarget, environ: Mapping[str, str]) -> None:
        self.name = name
        self.level: Level = target.level
        self._url = from_environment(environ, target.url_env, target=name)

    def send(self, alert: Alert) -> None:
        """One sentence, its facts, and what to do."""
        post(self._url, _ENCODE(slack_body(alert)), {})


class PagerDutySender:
    """Alerts as incidents that open and close by their key."""

    kind = "pagerduty"

    def __init__(self, name: str, target: PagerDutyTarget, environ: Mapping[str, str]) -> None:
        self.name = name
        self.level: Level = target.level
        self._url = target.url
        self._routing_key = from_environment(environ, target.key_env, target=name)

    def send(self, alert: Alert) -> None:
        """Trigger or resolve."""
        body = {"routing_key": self._routing_key, **pagerduty_body(alert)}
        post(self._url, _ENCODE(body), {})


def webhook_body(alert: Alert) -> dict[str, Any]:
    """What a webhook and the log carry: type, time and data."""
    data = {
        "about": alert.about,
        "level": alert.level,
        "sentence": alert.sentence,
        "next_step": alert.next_step,
        "dedup_key": alert.dedup_key,
        "resolves": alert.resolves,
        "facts": alert.facts,
    }
    return {"type": alert.kind, "timestamp": alert.at.isoformat(), "id": alert.id, "data": data}


def slack_body(alert: Alert) -> dict[str, Any]:
    """
    A Slack message: the text for notifications, and the same in blocks.

    Slack reads ``<``, ``>`` and ``&`` as its own marks, so names that hold them are escaped.
    """
    told = _slack_text(alert.sentence)
    facts = " · ".join(f"{name} {value}" for name, value in alert.facts.items())
    lines = [line for line in (_slack_text(facts), _slack_text(alert.next_step)) if line]
    # Plain text alone: a request type named *x* or @here must stay what it is.
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "plain_text", "text": told, "emoji": False}}
    ]
    if lines:
        elements = [{"type": "plain_text", "text": line, "emoji": False} for line in lines]
        blocks.append({"type": "context", "elements": elements})
    return {"text": told, "blocks": blocks}


def pagerduty_body(alert: Alert) -> dict[str, Any]:
    """An event of PagerDuty's Events API v2, without its routing key."""
    key = alert.dedup_key[:_DEDUP_SIGNS] or alert.id
    if alert.resolves:
        return {"event_action": "resolve", "dedup_key": key}
    payload = {
        "summary": alert.sentence[:_SUMMARY_SIGNS],
        "source": "suffice",
        "severity": "critical" if alert.level == "page" else "warning",
        "timestamp": alert.at.isoformat(),
        "component": alert.about or "suffice",
        "class": alert.kind,
        "custom_details": {**alert.facts, "next_step": alert.next_step},
    }
    return {"event_action": "trigger", "dedup_key": key, "payload": payload}


def _slack_text(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped[:_SLACK_SIGNS]
