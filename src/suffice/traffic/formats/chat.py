"""Requests and answers in OpenAI's dialect, or one only half known, as Anthropic's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suffice.traffic.formats.fields import opened, text

_STOPS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
    "max_tokens": "max_tokens",
    "end_turn": "end_turn",
}
_ANTHROPIC_ONLY = ("system", "stop_sequences", "thinking", "output_config")
_OPENAI_ONLY = ("response_format", "max_completion_tokens", "stop", "functions")
_OPENAI_PARTS = frozenset({"image_url", "input_text", "output_text"})
_SYSTEM_ROLES = frozenset({"system", "developer"})
_SAME = ("temperature", "top_p", "top_k", "metadata", "thinking", "output_config")
_CHOICES = {"auto": "auto", "required": "any", "any": "any", "none": "none"}


def stop_reason(word: Any) -> str | None:
    """
    Why an answer ended, in Anthropic's word where there is one.

    >>> stop_reason("length"), stop_reason("tool_use"), stop_reason(None)
    ('max_tokens', 'tool_use', None)
    """
    if not isinstance(word, str) or not word:
        return None
    return _STOPS.get(word, word)


def is_anthropic_request(body: Mapping[str, Any]) -> bool:
    """
    Whether a body with messages needs no translation.

    >>> is_anthropic_request({"messages": [{"role": "system", "content": "Be brief."}]})
    False
    """
    messages = body.get("messages")
    if not isinstance(messages, list):
        return False
    if any(name in body for name in _ANTHROPIC_ONLY):
        return True
    tools = body.get("tools")
    listed = tools if isinstance(tools, list) else []
    return not (
        any(name in body for name in _OPENAI_ONLY)
        or any(isinstance(one, dict) and _is_openais_message(one) for one in messages)
        or any(isinstance(tool, dict) and "function" in tool for tool in listed)
    )


def _is_openais_message(message: Mapping[str, Any]) -> bool:
    if text(message, "role") not in {"user", "assistant"} or "tool_calls" in message:
        return True
    content = message.get("content")
    return isinstance(content, list) and any(
        isinstance(part, dict) and text(part, "type") in _OPENAI_PARTS for part in content
    )


def anthropic_request(body: Mapping[str, Any]) -> dict[str, Any]:
    """A request in Anthropic's own form, without what names no behaviour: model and stream."""
    return {name: value for name, value in body.items() if name not in {"model", "stream"}}


def any_request(value: Any, *, beside: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """
    A request out of whatever a log kept as its input; empty where it kept nothing.

    Args:
        value: A body, a list of messages, a prompt, or the JSON text of one.
        beside: Settings and tools kept elsewhere; the body's own win.

    >>> any_request("hi")
    {'messages': [{'role': 'user', 'content': 'hi'}]}
    """
    value = opened(value)
    body: dict[str, Any] = dict(beside or {})
    if isinstance(value, dict):
        if not isinstance(value.get("messages"), list) and "role" in value:
            value = {"messages": [value]}
        body |= value
    elif isinstance(value, list):
        body["messages"] = value
    elif isinstance(value, str) and value:
        body["messages"] = [{"role": "user", "content": value}]
    if not isinstance(body.get("messages"), list):
        prompt = body.pop("prompt", None)
        if isinstance(prompt, str) and prompt:
            body["messages"] = [{"role": "user", "content": prompt}]
    if not body.get("messages"):
        return {}
    return anthropic_request(body) if is_anthropic_request(body) else openai_request(body)


def openai_request(body: Mapping[str, Any]) -> dict[str, Any]:
    """
    A chat request of OpenAI's as one of Anthropic's.

    System and developer messages become the system prompt, tool calls and their results blocks.

    >>> openai_request({"messages": [{"role": "system", "content": "Be brief."},
    ...     {"role": "user", "content": "hi"}], "max_completion_tokens": 9})
    {'system': 'Be brief.', 'max_tokens': 9, 'messages': [{'role': 'user', 'content': 'hi'}]}
    """
    listed = body.get("messages")
    messages = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    request: dict[str, Any] = {name: body[name] for name in _SAME if body.get(name) is not None}
    system = [one.get("content") for one in messages if text(one, "role") in _SYSTEM_ROLES]
    if isinstance(body.get("system"), str | list) and body["system"]:
        request["system"] = body["system"]
    elif joined := "\n".join(filter(None, map(_plain, system))):
        request["system"] = joined
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if isinstance(limit, int):
        request["max_tokens"] = limit
    if stops := body.get("stop") or body.get("stop_sequences"):
        request["stop_sequences"] = [stops] if isinstance(stops, str) else stops
    if tools := _tools(body.get("tools") or body.get("functions")):
        request["tools"] = tools
        if choice := _choice(body.get("tool_choice")):
            request["tool_choice"] = choice
    if output := _output(body.get("response_format")):
        request["output_config"] = {**request.get("output_config", {}), "format": output}
    request["messages"] = [
        _message(one) for one in messages if text(one, "role") not in _SYSTEM_ROLES
    ]
    return request


def any_answer(value: Any) -> tuple[str, tuple[dict[str, Any], ...], str | None]:
    """
    Text, blocks and stop reason out of whatever a log kept as its output.

    >>> any_answer({"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]})
    ('yes', ({'type': 'text', 'text': 'yes'},), 'end_turn')
    """
    value = opened(value)
    if isinstance(value, list):
        return _from_list(value)
    if isinstance(value, str):
        return value, ({"type": "text", "text": value},) if value else (), None
    if not isinstance(value, dict):
        return "", (), None
    choices = value.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        said = choices[0].get("message")
        whole = blocks_of(said) if isinstance(said, dict) else blocks_of(choices[0])
        return joined_text(whole), whole, stop_reason(choices[0].get("finish_reason"))
    whole = blocks_of(value)
    stopped = value.get("stop_reason") or value.get("finish_reason")
    return joined_text(whole), whole, stop_reason(stopped)


def blocks_of(message: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """
    A message's content as Anthropic blocks, tool calls last.

    >>> blocks_of({"content": None, "tool_calls": [
    ...     {"id": "c", "function": {"name": "f", "arguments": '{"x": 1}'}}]})
    ({'type': 'tool_use', 'id': 'c', 'name': 'f', 'input': {'x': 1}},)
    """
    content = message.get("content", message.get("text"))
    blocks: list[dict[str, Any]] = []
    if isinstance(content, str):
        blocks += [{"type": "text", "text": content}] if content else []
    elif isinstance(content, list):
        blocks += [_part(part) for part in content if isinstance(part, dict)]
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        if isinstance(call, dict):
            blocks.append(_call(call))
    return tuple(blocks)


def joined_text(blocks: Sequence[Mapping[str, Any]]) -> str:
    """All text blocks, joined."""
    return "".join(
        block["text"]
        for block in blocks
        if block.get("type") == "text" and isinstance(block.get("text"), str)
    )


def _from_list(value: list[Any]) -> tuple[str, tuple[dict[str, Any], ...], str | None]:
    """A list of content blocks, or of messages of which the last is the answer."""
    dicts = [one for one in value if isinstance(one, dict)]
    if dicts and "role" in dicts[-1]:
        return any_answer(dicts[-1])
    blocks = tuple(_part(one) for one in dicts)
    return joined_text(blocks), blocks, None


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    role = text(message, "role")
    if role in {"tool", "function"}:
        result = {
            "type": "tool_result",
            "tool_use_id": text(message, "tool_call_id", "name"),
            "content": message.get("content"),
        }
        return {"role": "user", "content": [result]}
    content: Any = message.get("content")
    if message.get("tool_calls") or isinstance(content, list):
        content = list(blocks_of(message))
    return {
        "role": "assistant" if role in {"assistant", "model", "ai"} else "user",
        "content": content or "",
    }


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    """One part of a message as a block; what has no counterpart stays as it is."""
    match part.get("type"):
        case "input_text" | "output_text":
            return {"type": "text", "text": part.get("text", "")}
        case "image_url":
            image = part.get("image_url")
            url = image.get("url") if isinstance(image, dict) else image
            return {"type": "image", "source": _source(url)}
        case None if isinstance(part.get("text"), str):
            return {"type": "text", "text": part["text"]}
        case _:
            return dict(part)


def _source(url: Any) -> dict[str, Any]:
    address = url if isinstance(url, str) else ""
    if address.startswith("data:") and ";base64," in address:
        kind, _, data = address.removeprefix("data:").partition(";base64,")
        return {"type": "base64", "media_type": kind, "data": data}
    return {"type": "url", "url": address}


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    named = function if isinstance(function, dict) else call
    arguments = opened(named.get("arguments", named.get("input")))
    return {
        "type": "tool_use",
        "id": text(call, "id"),
        "name": text(named, "name"),
        "input": arguments if arguments is not None else {},
    }


def _tools(tools: Any) -> list[dict[str, Any]]:
    found = []
    for tool in tools if isinstance(tools, list) else []:
        if not isinstance(tool, dict):
            continue
        function = tool.get("function")
        named = function if isinstance(function, dict) else tool
        if "input_schema" in named:
            found.append(dict(named))
            continue
        entry = {"name": text(named, "name"), "description": text(named, "description")}
        schema = named.get("parameters")
        shown = {name: value for name, value in entry.items() if value}
        found.append({**shown, "input_schema": schema if isinstance(schema, dict) else {}})
    return found


def _choice(choice: Any) -> dict[str, Any] | None:
    if isinstance(choice, str):
        return {"type": _CHOICES[choice]} if choice in _CHOICES else None
    if isinstance(choice, dict):
        function = choice.get("function")
        if isinstance(function, dict):
            return {"type": "tool", "name": text(function, "name")}
        return dict(choice)
    return None


def _output(form: Any) -> dict[str, Any] | None:
    if not isinstance(form, dict):
        return None
    if form.get("type") == "json_schema":
        schema = form.get("json_schema")
        inner = schema.get("schema") if isinstance(schema, dict) else form.get("schema")
        return {"type": "json_schema", "schema": inner if isinstance(inner, dict) else {}}
    return {"type": "json_object"} if form.get("type") == "json_object" else None


def _plain(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return joined_text([_part(part) for part in content if isinstance(part, dict)])
    return ""
