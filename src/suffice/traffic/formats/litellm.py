"""LiteLLM: rows of its spend log, and the payload its callbacks get."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from suffice.records import LoggedExchange
from suffice.traffic.formats.chat import any_answer, any_request
from suffice.traffic.formats.fields import (
    between,
    count,
    dollars,
    first_time,
    member,
    number,
    opened,
    text,
    told_ids,
)
from suffice.traffic.formats.format import Each, Format, Record
from suffice.traffic.formats.usage import openai_usage

_NOT_CALLS = ("embedding", "image_generation", "moderation", "rerank", "transcription", "speech")


def _read(record: Record) -> Iterable[LoggedExchange]:
    kind = text(record, "call_type")
    if any(other in kind for other in _NOT_CALLS) or _from_own_cache(record):
        return ()
    metadata = member(record, "metadata")
    response = opened(record.get("response"))
    answer = response if isinstance(response, dict) else {}
    said, blocks, stopped = any_answer(response)
    start = first_time(record, "startTime", "start_time")
    milliseconds = number(record, "request_duration_ms")
    latency_s = milliseconds / 1000 if milliseconds is not None else number(record, "response_time")
    return (
        LoggedExchange(
            source="litellm",
            id=text(record, "request_id", "id", "litellm_call_id"),
            provider_ids=told_ids(text(answer, "id"), text(record, "id")),
            ts=start,
            request=_request(record),
            response_text=said,
            response_blocks=blocks,
            model=_bare(text(answer, "model") or text(record, "model")),
            requested_model=_bare(text(record, "model_group") or text(record, "model")),
            usage=openai_usage(_usage_payload(record, metadata, answer)),
            reported_usd=dollars(record, "spend", "response_cost"),
            latency_s=latency_s
            if latency_s is not None
            else between(start, first_time(record, "endTime", "end_time")),
            ttft_s=between(start, first_time(record, "completionStartTime")),
            error=_error(record),
            session=text(record, "session_id", "trace_id") or text(metadata, "session_id"),
            user=text(record, "end_user", "user") or text(metadata, "user_api_key_end_user_id"),
            agent_id=text(record, "agent_id"),
            labels=_labels(record, metadata),
            app=text(metadata, "user_api_key_alias", "user_api_key_team_alias"),
            stop_reason=stopped,
        ),
    )


def _from_own_cache(record: Record) -> bool:
    """LiteLLM answered from its own cache: no model was called and nothing billed."""
    return record.get("cache_hit") is True or text(record, "cache_hit").lower() == "true"


def _request(record: Record) -> dict[str, Any]:
    sent = member(record, "proxy_server_request")
    body = member(sent, "body") or sent
    if body.get("messages"):
        return any_request(body)
    settings = member(record, "model_parameters")
    messages = opened(record.get("messages"))
    return any_request(messages, beside=settings) if messages else {}


def _usage_payload(
    record: Record, metadata: dict[str, Any], answer: dict[str, Any]
) -> dict[str, Any]:
    """The fullest usage there is; the row's own counts where only they are."""
    told = (
        member(metadata, "usage_object")
        or member(answer, "usage")
        or member(metadata, "additional_usage_values")
    )
    own = {
        name: told_here
        for name in ("prompt_tokens", "completion_tokens")
        if (told_here := count(record, name)) is not None
    }
    return {**told, **own}


def _error(record: Record) -> str | None:
    if text(record, "status") in {"failure", "failed"}:
        details = member(record, "error_information") or member(
            member(record, "metadata"), "error_information"
        )
        return text(details, "error_class") or text(record, "error_str")[:300] or "failure"
    return None


def _labels(record: Record, metadata: dict[str, Any]) -> dict[str, str]:
    tags = opened(record.get("request_tags"))
    named = [str(tag) for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    found = {"request_tags": ",".join(named)[:200]} if named else {}
    inner = member(metadata, "requester_metadata") or metadata
    for name in ("type", "task", "prompt_name"):
        if value := text(inner, name):
            found[f"metadata.{name}"] = value[:200]
    return found


def _bare(model: str) -> str:
    """The model without the provider LiteLLM writes before it."""
    return model.rpartition("/")[2]


LITELLM = Format(
    name="litellm",
    title="LiteLLM spend logs",
    fits=lambda record: "call_type" in record and ("spend" in record or "response_cost" in record),
    reader=lambda: Each(_read),
)
