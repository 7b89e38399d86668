"""Request and response side by side, each alone, or as our own gateway captured them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from suffice.records import LoggedExchange, Usage
from suffice.traffic.formats.chat import (
    anthropic_request,
    any_answer,
    any_request,
    blocks_of,
    is_anthropic_request,
    openai_request,
)
from suffice.traffic.formats.fields import (
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
from suffice.traffic.formats.usage import anthropic_usage, openai_usage

_REQUESTS = ("request", "body", "input", "request_body")
_RESPONSES = ("response", "output", "response_body", "message")
_TAGS = ("suffice_type", "type", "task", "prompt_name", "request_type")
_OK, _REDIRECT = 200, 300
_CLAUDE_CODE_USER = re.compile(r"^user_\w+_account_[\w-]*_session_([\w-]+)$")


def is_message(body: Any) -> bool:
    """Whether this is a Messages response, or an error in place of one."""
    return isinstance(body, dict) and (
        (isinstance(body.get("content"), list) and body.get("role", "assistant") == "assistant")
        or (body.get("type") == "error" and isinstance(body.get("error"), dict))
    )


def is_completion(body: Any) -> bool:
    """Whether this is a chat completion of OpenAI's."""
    return isinstance(body, dict) and isinstance(body.get("choices"), list)


def exchange_of(
    record: Mapping[str, Any], *, request: Any, response: Any, source: str
) -> LoggedExchange:
    """
    One exchange of a request body and a response body in either dialect.

    Args:
        record: What stands beside them: times, status, labels, session, user.
        request: The request's body; anything but an object means there is none.
        response: The response's body, likewise.
        source: The format's name.
    """
    asked: dict[str, Any] = request if isinstance(request, dict) else {}
    answer: dict[str, Any] = response if isinstance(response, dict) else {}
    said, blocks, stopped = any_answer(answer) if "error" not in answer else ("", (), None)
    status = number(record, "status", "status_code", "response_status")
    session, user = _session_and_user(record, asked)
    headers = _headers(record)
    milliseconds = number(record, "duration_ms", "latency_ms", "response_ms")
    first_ms = number(record, "ttft_ms", "time_to_first_token_ms")
    return LoggedExchange(
        source=source,
        id=text(answer, "id") or text(record, "request_id", "id", "uuid"),
        provider_ids=told_ids(text(record, "request_id"), text(record, "message_id")),
        ts=first_time(record, "ts", "timestamp", "created_at", "time", "start_time")
        or first_time(answer, "created"),
        request=request_of(asked),
        response_text=said,
        response_blocks=blocks,
        model=text(answer, "model") or text(record, "served_model", "model"),
        requested_model=text(asked, "model") or text(record, "requested_model"),
        usage=_usage(record, answer, stopped),
        reported_usd=dollars(record, "cost_usd", "cost", "usd"),
        latency_s=milliseconds / 1000
        if milliseconds is not None
        else number(record, "latency_s", "duration_s"),
        ttft_s=first_ms / 1000 if first_ms is not None else number(record, "ttft_s"),
        status=int(status) if status is not None and 0 <= status < 1000 else None,  # noqa: PLR2004
        error=_error(record, answer, status),
        session=session or text(headers, "x-suffice-session", "x-claude-code-session-id"),
        user=user,
        agent_id=text(record, "agent_id") or text(headers, "x-claude-code-agent-id"),
        parent_agent_id=text(record, "parent_agent_id")
        or text(headers, "x-claude-code-parent-agent-id"),
        labels={**labels({"suffice.type": headers.get("x-suffice-type")}), **tags(record, asked)},
        app=text(record, "app", "key_name"),
        stop_reason=stopped,
    )


def _headers(record: Mapping[str, Any]) -> dict[str, Any]:
    """The request's headers where a log kept them; those that are read hold no credential."""
    found = member(record, "request_headers") or member(record, "headers")
    return {name.lower(): value for name, value in found.items()}


def tags(record: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, str]:
    """
    Explicit tags: the record's labels, and what it or a metadata member names as the type.

    >>> tags({"labels": {"team": "a"}, "metadata": {"type": "triage", "x": 1}}, {})
    {'team': 'a', 'metadata.type': 'triage'}
    """
    found = labels(member(record, "labels"))
    for metadata in (member(record, "metadata"), member(asked, "metadata")):
        named = {f"metadata.{name}": metadata[name] for name in _TAGS if name in metadata}
        found |= labels(named)
    if isinstance(record.get("type"), str) and record["type"] not in {"message", "error"}:
        found |= labels({"type": record["type"]})
    return found


def request_of(asked: dict[str, Any]) -> dict[str, Any]:
    """
    A request's body in either dialect as one of Anthropic's.

    >>> request_of({"model": "m", "messages": [{"role": "user", "content": "hi"}]})
    {'messages': [{'role': 'user', 'content': 'hi'}]}
    """
    if not isinstance(asked.get("messages"), list):
        return any_request(asked) if asked else {}
    return anthropic_request(asked) if is_anthropic_request(asked) else openai_request(asked)


def _usage(record: Mapping[str, Any], answer: Mapping[str, Any], stopped: str | None) -> Any:
    payload = member(answer, "usage") or member(record, "usage")
    if is_completion(answer) or "prompt_tokens" in payload:
        return openai_usage(payload)
    return anthropic_usage(payload, stop_reason=stopped)


def _error(
    record: Mapping[str, Any], answer: Mapping[str, Any], status: float | None
) -> str | None:
    failed = answer.get("error") or record.get("error")
    if isinstance(failed, dict):
        return text(failed, "type", "code", "message") or "error"
    if isinstance(failed, str) and failed:
        return failed[:300]
    if status is not None and not _OK <= status < _REDIRECT:
        return f"status {status:.0f}"
    return None


def _session_and_user(record: Mapping[str, Any], asked: Mapping[str, Any]) -> tuple[str, str]:
    """Who and which conversation; Claude Code writes both into ``metadata.user_id``."""
    user = text(member(asked, "metadata"), "user_id") or text(asked, "user")
    session = text(record, "session", "session_id", "conversation_id")
    named = opened(user)
    if isinstance(named, dict):
        session = session or text(named, "session_id")
        user = text(named, "account_uuid", "user_id", "device_id")
    elif found := _CLAUDE_CODE_USER.match(user):
        session = session or found[1]
        user = user[: found.start(1)].removesuffix("_session_")
    return session, text(record, "user", "user_id") or user


def _parts(record: Record) -> tuple[Any, Any]:
    """The request and the response in a record, whichever way they are named."""
    request = next((opened(record[name]) for name in _REQUESTS if name in record), None)
    response = next((opened(record[name]) for name in _RESPONSES if name in record), None)
    return request, response


def _fits_pair(record: Record) -> bool:
    request, response = _parts(record)
    return isinstance(request, dict) and (
        isinstance(request.get("messages"), list) or is_message(response) or is_completion(response)
    )


def _fits_openai(record: Record) -> bool:
    if is_completion(record):
        return True
    request, response = _parts(record)
    if is_completion(response):
        return True
    return response is None and request is None and _is_fine_tuning(record)


def _is_fine_tuning(record: Record) -> bool:
    messages = record.get("messages")
    if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
        return False
    return messages[-1].get("role") == "assistant" and "max_tokens" not in record


def _fits_anthropic(record: Record) -> bool:
    bare_message = text(record, "type") in {"message", "error"} and is_message(record)
    bare_request = isinstance(record.get("messages"), list)
    return bare_message or bare_request or _fits_pair(record)


def _fits_capture(record: Record) -> bool:
    return ("v" in record and "request" in record and "ts" in record) or (
        # What is empty is left out: without a policy there is no version of one.
        "requested_model" in record
        and "ts" in record
        and ("policy_version" in record or "served_model" in record)
    )


def _read_openai(record: Record) -> Iterable[LoggedExchange]:
    request, response = _parts(record)
    if is_completion(record):
        return (exchange_of({}, request=None, response=record, source="openai"),)
    if response is None and request is None:
        request, answer = record, None
        if _is_fine_tuning(record):
            *asked, answer = record["messages"]
            request = {**record, "messages": asked}
        return (exchange_of({}, request=request, response=answer, source="openai"),)
    return (exchange_of(record, request=request, response=response, source="openai"),)


def _read_anthropic(record: Record) -> Iterable[LoggedExchange]:
    if text(record, "type") in {"message", "error"} and is_message(record):
        return (exchange_of({}, request=None, response=record, source="anthropic"),)
    if isinstance(record.get("messages"), list):
        return (exchange_of({}, request=record, response=None, source="anthropic"),)
    request, response = _parts(record)
    if isinstance(response, str | list):
        response = {"content": list(blocks_of({"content": response}))}
    if not isinstance(request, dict) or not (response is None or isinstance(response, dict)):
        raise ValueError("request and response are JSON objects")
    return (exchange_of(record, request=request, response=response, source="anthropic"),)


def _read_capture(record: Record) -> Iterable[LoggedExchange]:
    """A line of our own capture: bodies in it, or beside it as bytes, or none at all."""
    request, response = record.get("request"), record.get("response")
    if "request_body" in record or "response_body" in record:
        request = _from_bytes(record.get("request_body"))
        response = _from_bytes(record.get("response_body"))
    found = exchange_of(record, request=request, response=response, source="suffice")
    kept = record.get("usage")
    if found.usage is None and isinstance(kept, dict):
        found = msgspec.structs.replace(found, usage=_own_usage(kept))
    stopped = found.stop_reason or text(record, "stop_reason") or None
    said = text(record, "error_type") or None
    return (msgspec.structs.replace(found, stop_reason=stopped, error=found.error or said),)


def _from_bytes(value: Any) -> Any:
    """A body our capture holds as base64, as MessagePack's JSON twin writes bytes."""
    try:
        raw = msgspec.convert(value, bytes, strict=False)
        return msgspec.json.decode(raw)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _own_usage(kept: dict[str, Any]) -> Any:

    try:
        return msgspec.convert(kept, Usage)
    except msgspec.ValidationError:
        return None


CAPTURE = Format(
    name="suffice",
    title="suffice capture",
    fits=_fits_capture,
    reader=lambda: Each(_read_capture),
)
OPENAI = Format(
    name="openai",
    title="OpenAI chat",
    fits=_fits_openai,
    reader=lambda: Each(_read_openai),
)
ANTHROPIC = Format(
    name="anthropic",
    title="Anthropic request/response",
    fits=_fits_anthropic,
    reader=lambda: Each(_read_anthropic),
)
