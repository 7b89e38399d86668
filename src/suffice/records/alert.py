"""What somebody is told when something happened, and where they want to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Level = Literal["message", "page"]
Tls = Literal["starttls", "tls", "none"]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """
    One thing that happened, as people are told of it.

    Attributes:
        id: The same at every attempt to deliver it, so that a receiver can drop a repetition.
        at: When it happened.
        kind: ``rollout.rolled_back``, ``budget.reached``, ...; what a receiver filters by.
        level: ``page`` wakes somebody: only where no automatic act put things right.
        sentence: What happened, its value and its limit, in one sentence.
        next_step: What can be done now; empty where nothing has to be.
        about: What it is about, usually a request type; never the text of a request.
        dedup_key: The trouble it belongs to; alerts of one trouble share it.
        resolves: The trouble named by ``dedup_key`` is over.
        facts: Further short facts by name.
    """

    id: str
    at: datetime
    kind: str
    level: Level = "message"
    sentence: str
    next_step: str = ""
    about: str = ""
    dedup_key: str = ""
    resolves: bool = False
    facts: dict[str, str] = {}


class _Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="log"):
    """What every place has in common."""

    level: Level = "message"


class LogTarget(_Target, frozen=True, kw_only=True, tag_field="kind", tag="log"):
    """
    A file of JSON lines.

    Attributes:
        level: ``page``: only alerts that wake somebody.
        path: The file; appended to.
    """

    path: str = ".suffice/alerts.jsonl"


class WebhookTarget(_Target, frozen=True, kw_only=True, tag_field="kind", tag="webhook"):
    """
    An HTTP address that is sent each alert as JSON, signed as Standard Webhooks asks.

    Attributes:
        url: The address; for one that is a secret itself use ``url_env``.
        url_env: The variable that holds the address.
        secret_env: The variable that holds the signing secret, ``whsec_`` and base64.
    """

    url: str = ""
    url_env: str = ""
    secret_env: str


class SlackTarget(_Target, frozen=True, kw_only=True, tag_field="kind", tag="slack"):
    """
    A Slack channel, by its incoming webhook.

    Attributes:
        url_env: The variable that holds the address, which is a secret.
    """

    url_env: str


class PagerDutyTarget(_Target, frozen=True, kw_only=True, tag_field="kind", tag="pagerduty"):
    """
    A PagerDuty service, by the Events API v2.

    Attributes:
        key_env: The variable that holds the routing key.
        url: Where events are sent; another in the European region.
        level: A pager is paged, unless told otherwise.
    """

    key_env: str
    url: str = "https://events.pagerduty.com/v2/enqueue"
    level: Level = "page"


class EmailTarget(_Target, frozen=True, kw_only=True, tag_field="kind", tag="email"):
    """
    Mail by SMTP.

    Attributes:
        host: The server.
        port: 587 for STARTTLS, 465 for TLS.
        tls: How the connection is protected; ``none`` is for a relay on this machine.
        sender: The address it comes from.
        to: Who gets it.
        user: Who we are to the server; empty: nobody asks.
        password_env: The variable that holds the password.
    """

    host: str
    port: int = 587
    tls: Tls = "starttls"
    sender: str
    to: tuple[str, ...]
    user: str = ""
    password_env: str = ""


AlertTarget = LogTarget | WebhookTarget | SlackTarget | PagerDutyTarget | EmailTarget
