"""OpenTelemetry's GenAI spans of three eras, and OpenInference's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from suffice.records import LoggedExchange, Usage
from suffice.traffic.formats.chat import any_answer, any_request, blocks_of, stop_reason
from suffice.traffic.formats.fields import (
    between,
    count,
    dollars,
    labels,
    number,
    opened,
    text,
    told_ids,
)
from suffice.traffic.formats.format import Each, Format, Record
from suffice.traffic.formats.spans import Span, spans_of, unflattened
from suffice.traffic.formats.usage import inclusive_usage

_CALLS = frozenset({"", "chat", "text_completion", "generate_content", "completion", "message"})
_SETTINGS = ("max_tokens", "temperature", "top_p", "top_k", "stop_sequences")
_SAID_BEFORE = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}


def _fits(record: Record) -> bool:
    if "resourceSpans" in record or "resource_spans" in record:
        return True
    named = "spanId" in record or "span_id" in record or "context.span_id" in record
    spanned = named or (isinstance(record.get("context"), dict) and "name" in record)
    return spanned and (
        "attributes" in record or any(name.startswith("attributes.") for name in record)
    )


def _read(record: Record) -> Iterator[LoggedExchange]:
    for span in spans_of(record):
        if text(span.attributes, "openinference.span.kind").upper() == "LLM":
            yield _openinference(span)
        elif "openinference.span.kind" not in span.attributes and _is_call(span):
            yield genai_exchange(span)


def _is_call(span: Span) -> bool:
    """A call to a model: an agent's or a tool's span repeats or surrounds what calls used."""
    said = span.attributes
    if text(said, "gen_ai.operation.name") not in _CALLS:
        return False
    return "gen_ai.request.model" in said or "gen_ai.response.model" in said


def genai_exchange(span: Span) -> LoggedExchange:
    """A span, or an event with the same attributes, as a call."""
    said = span.attributes
    answer, blocks, stopped = _genai_answer(span)
    reasons = opened(said.get("gen_ai.response.finish_reasons"))
    if stopped is None and isinstance(reasons, list) and reasons:
        stopped = stop_reason(reasons[0])
    return LoggedExchange(
        source="otel",
        id=_identity(span),
        provider_ids=told_ids(text(said, "gen_ai.response.id")),
        ts=span.start,
        request=_genai_request(span),
        response_text=answer,
        response_blocks=blocks,
        model=text(said, "gen_ai.response.model", "gen_ai.request.model"),
        requested_model=text(said, "gen_ai.request.model"),
        usage=genai_usage(said),
        reported_usd=dollars(said, "gen_ai.usage.cost", "gen_ai.cost.total"),
        latency_s=between(span.start, span.end),
        ttft_s=number(said, "gen_ai.response.time_to_first_chunk"),
        error=_error(span),
        session=text(said, "gen_ai.conversation.id", "session.id"),
        user=text(said, "user.id", "enduser.id"),
        agent_id=text(said, "gen_ai.agent.id"),
        labels=labels(
            {
                "gen_ai.prompt.name": text(said, "gen_ai.prompt.name"),
                "gen_ai.agent.name": text(said, "gen_ai.agent.name"),
            }
        ),
        app=text(said, "service.name"),
        stop_reason=stopped,
    )


def genai_usage(said: Mapping[str, Any]) -> Usage | None:
    """
    Usage of any of the three eras; input holds what was read from and written to the cache.

    >>> genai_usage({"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 5,
    ...     "gen_ai.usage.cache_read.input_tokens": 90}).input_tokens
    10
    """
    use = "gen_ai.usage"
    return inclusive_usage(
        count(said, f"{use}.input_tokens", f"{use}.prompt_tokens"),
        count(said, f"{use}.output_tokens", f"{use}.completion_tokens"),
        read=count(said, f"{use}.cache_read.input_tokens", f"{use}.cache_read_input_tokens") or 0,
        written=count(
            said,
            f"{use}.cache_creation.input_tokens",
            f"{use}.cache_write.input_tokens",
            f"{use}.cache_creation_input_tokens",
        )
        or 0,
        thinking=count(said, f"{use}.reasoning.output_tokens") or 0,
    )


def _genai_request(span: Span) -> dict[str, Any]:
    said = span.attributes
    settings: dict[str, Any] = {
        name: opened(said[f"gen_ai.request.{name}"])
        for name in _SETTINGS
        if f"gen_ai.request.{name}" in said
    }
    if system := _joined(opened(said.get("gen_ai.system_instructions"))):
        settings["system"] = system
    tools = opened(said.get("gen_ai.tool.definitions"))
    if isinstance(tools, list) and tools:
        settings["tools"] = tools
    messages = opened(said.get("gen_ai.input.messages")) or unflattened(said, "gen_ai.prompt")
    if not isinstance(messages, list) or not messages:
        messages = list(_messages_of_events(span))
    return any_request([_message(one) for one in _objects(messages)], beside=settings)


def _genai_answer(span: Span) -> tuple[str, tuple[dict[str, Any], ...], str | None]:
    said = span.attributes
    outputs = opened(said.get("gen_ai.output.messages")) or unflattened(said, "gen_ai.completion")
    if isinstance(outputs, list) and outputs and isinstance(outputs[-1], dict):
        return any_answer(_message(outputs[-1]))
    for name, told in span.events:
        if name == "gen_ai.choice":
            choice = unflattened(told, "message") or opened(told.get("message")) or told
            answer = any_answer(choice)
            return answer[0], answer[1], stop_reason(told.get("finish_reason")) or answer[2]
        if name == "gen_ai.content.completion":
            return any_answer(told.get("gen_ai.completion"))
    return "", (), None


def _messages_of_events(span: Span) -> Iterator[dict[str, Any]]:
    """The first era told its messages as events."""
    for name, told in span.events:
        if name in _SAID_BEFORE:
            body = told if "content" in told else {**told, **_object(told.get("body"))}
            yield {"role": _SAID_BEFORE[name], **body}
        elif name == "gen_ai.content.prompt":
            prompt = opened(told.get("gen_ai.prompt"))
            if isinstance(prompt, list):
                yield from _objects(prompt)
            elif isinstance(prompt, str):
                yield {"role": "user", "content": prompt}


def _message(message: dict[str, Any]) -> dict[str, Any]:
    """A message whose content is told in ``parts``, as the later eras do, or as it stands."""
    parts = message.get("parts")
    if not isinstance(parts, list):
        return message
    blocks = [_part(part) for part in _objects(parts)]
    content: Any = blocks
    if len(blocks) == 1 and blocks[0].get("type") == "text":
        content = blocks[0]["text"]
    role = text(message, "role") or "user"
    kept = {"role": "user" if role == "tool" else role, "content": content}
    if "finish_reason" in message:
        kept["finish_reason"] = message["finish_reason"]
    return kept


def _part(part: dict[str, Any]) -> dict[str, Any]:
    match part.get("type"):
        case "text":
            return {"type": "text", "text": text(part, "content", "text")}
        case "tool_call":
            return {
                "type": "tool_use",
                "id": text(part, "id"),
                "name": text(part, "name"),
                "input": opened(part.get("arguments")) or {},
            }
        case "tool_call_response":
            result = part.get("response", part.get("result"))
            return {"type": "tool_result", "tool_use_id": text(part, "id"), "content": result}
        case "reasoning":
            return {"type": "thinking", "thinking": text(part, "content")}
        case _:
            return part


def _openinference(span: Span) -> LoggedExchange:
    said = span.attributes
    answer, blocks, stopped = _openinference_answer(said)
    served = text(said, "llm.response.model_name", "llm.model_name", "llm.request.model_name")
    return LoggedExchange(
        source="openinference",
        id=_identity(span),
        ts=span.start,
        request=_openinference_request(said),
        response_text=answer,
        response_blocks=blocks,
        model=served,
        requested_model=text(said, "llm.request.model_name"),
        usage=openinference_usage(said),
        reported_usd=dollars(said, "llm.cost.total"),
        latency_s=between(span.start, span.end),
        error=_error(span),
        session=text(said, "session.id"),
        user=text(said, "user.id"),
        labels=labels(
            {
                "prompt_template.version": text(said, "llm.prompt_template.version"),
                "tags": ",".join(map(str, tags))
                if isinstance(tags := opened(said.get("tag.tags")), list)
                else "",
                "metadata.type": text(_object(said.get("metadata")), "type")
                or text(said, "metadata.type"),
            }
        ),
        app=text(said, "service.name"),
        stop_reason=stopped or stop_reason(said.get("llm.finish_reason")),
    )


def openinference_usage(said: Mapping[str, Any]) -> Usage | None:
    """The prompt's count holds its details."""
    use = "llm.token_count"
    return inclusive_usage(
        count(said, f"{use}.prompt"),
        count(said, f"{use}.completion"),
        read=count(said, f"{use}.prompt_details.cache_read") or 0,
        written=count(said, f"{use}.prompt_details.cache_write") or 0,
        thinking=count(said, f"{use}.completion_details.reasoning") or 0,
    )


def _openinference_request(said: Mapping[str, Any]) -> dict[str, Any]:
    settings = dict(_object(said.get("llm.invocation_parameters")))
    settings.pop("model", None)
    listed = unflattened(said, "llm.tools")
    tools = [schema for tool in _objects(listed) if isinstance(schema := _schema(tool), dict)]
    if tools:
        settings["tools"] = tools
    messages = _objects(unflattened(said, "llm.input_messages"))
    if messages:
        return any_request([_nested(one) for one in messages], beside=settings)
    return any_request(said.get("input.value"), beside=settings)


def _schema(tool: dict[str, Any]) -> Any:
    """A tool's schema, written as a JSON text, an object, or one level deeper."""
    return opened(_object(tool.get("tool")).get("json_schema", tool.get("json_schema")))


def _openinference_answer(
    said: Mapping[str, Any],
) -> tuple[str, tuple[dict[str, Any], ...], str | None]:
    messages = _objects(unflattened(said, "llm.output_messages"))
    if messages:
        return any_answer(_nested(messages[-1]))
    return any_answer(said.get("output.value"))


def _nested(entry: dict[str, Any]) -> dict[str, Any]:
    """One of OpenInference's messages, which wraps every part in its own name."""
    message = _object(entry.get("message")) or entry
    contents = _objects(message.get("contents"))
    parts = [_object(one.get("message_content")) or one for one in contents]
    calls = [
        {
            "id": text(call, "id"),
            "function": call.get("function", {}),
        }
        for one in _objects(message.get("tool_calls"))
        if (call := _object(one.get("tool_call")) or one)
    ]
    kept: dict[str, Any] = {"role": text(message, "role") or "user"}
    kept["content"] = list(blocks_of({"content": parts})) if parts else message.get("content")
    if calls:
        kept["tool_calls"] = calls
    if "tool_call_id" in message:
        kept["tool_call_id"] = message["tool_call_id"]
    return kept


def _identity(span: Span) -> str:
    """The span within its trace: what names a call in a trace is not unique across traces."""
    return f"{span.trace}-{span.id}" if span.trace and span.id else span.id


def _error(span: Span) -> str | None:
    kind = text(span.attributes, "error.type")
    if kind or span.failed:
        return (kind or span.message or "error")[:300]
    return None


def _joined(parts: Any) -> Any:
    """System instructions: their text, or what else they are."""
    if isinstance(parts, list):
        return "\n".join(filter(None, (text(part, "content", "text") for part in _objects(parts))))
    return parts if isinstance(parts, str) else ""


def _object(value: Any) -> dict[str, Any]:
    found = opened(value)
    return found if isinstance(found, dict) else {}


def _objects(values: Any) -> list[dict[str, Any]]:
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _each(record: Record) -> Iterable[LoggedExchange]:
    return _read(record)


OTEL = Format(
    name="otel",
    title="OpenTelemetry GenAI spans",
    fits=_fits,
    reader=lambda: Each(_each),
)
