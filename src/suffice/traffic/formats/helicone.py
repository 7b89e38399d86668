"""Helicone exports, with or without bodies."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from suffice.records import LoggedExchange, Usage
from suffice.traffic.formats.fields import (
    between,
    count,
    dollars,
    first_time,
    labels,
    member,
    number,
    opened,
    text,
    told_ids,
)
from suffice.traffic.formats.format import Each, Format, Record
from suffice.traffic.formats.pairs import exchange_of
from suffice.traffic.formats.usage import inclusive_usage

_USER = "Helicone-User-Id"
_SESSION = ("Helicone-Session-Id", "session_id", "Session")


def _fits(record: Record) -> bool:
    return "request_created_at" in record and (
        "response_id" in record or "request_id" in record or "request_body" in record
    )


def _read(record: Record) -> Iterable[LoggedExchange]:
    properties = member(record, "request_properties") or member(record, "properties")
    start = first_time(record, "request_created_at")
    milliseconds = number(record, "latency", "delay_ms")
    beside = {"status": number(record, "response_status")}
    found = exchange_of(
        beside,
        request=opened(record.get("request_body")),
        response=opened(record.get("response_body")),
        source="helicone",
    )
    return (
        msgspec.structs.replace(
            found,
            id=text(record, "request_id", "response_id") or found.id,
            provider_ids=told_ids(found.id, text(record, "response_id")),
            ts=start,
            model=found.model or text(record, "model", "response_model", "request_model"),
            usage=found.usage or _counted(record),
            reported_usd=dollars(record, "cost", "costUSD", "cost_usd"),
            latency_s=milliseconds / 1000
            if milliseconds is not None
            else between(start, first_time(record, "response_created_at")),
            ttft_s=_seconds(number(record, "time_to_first_token")),
            session=text(properties, *_SESSION),
            user=text(record, "request_user_id") or text(properties, _USER) or found.user,
            labels={**found.labels, **labels(properties)},
        ),
    )


def _counted(record: Record) -> Usage | None:
    return inclusive_usage(
        count(record, "prompt_tokens"),
        count(record, "completion_tokens"),
        read=count(record, "prompt_cache_read_tokens") or 0,
        written=count(record, "prompt_cache_write_tokens") or 0,
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


HELICONE = Format(name="helicone", title="Helicone export", fits=_fits, reader=lambda: Each(_read))
