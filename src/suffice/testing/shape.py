"""What every Messages request must look like, whatever the model: the provider's own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

FIELDS = frozenset(
    {
        "model",
        "max_tokens",
        "messages",
        "system",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "stop_sequences",
        "stream",
        "metadata",
        "service_tier",
        "speed",
        "inference_geo",
        "container",
        "cache_control",
        "diagnostics",
        "temperature",
        "top_p",
        "top_k",
    }
)
BETA_FIELDS = frozenset(
    {
        "mcp_servers",
        "context_management",
        "compaction",
        "fallbacks",
        "fallback_credit_token",
        "billing_policy",
        "thread",
    }
)
NOT_COUNTED = frozenset(
    {"max_tokens", "stream", "metadata", "stop_sequences", "service_tier", "inference_geo"}
)
_ROLES = frozenset({"user", "assistant", "system"})
_MOST_MARKERS = 4
_MOST_MESSAGES = 100_000


def shape_problems(
    body: Mapping[str, Any], *, betas: frozenset[str], counting: bool = False
) -> Iterator[str]:
    """
    Each way in which the body is no request, as the message of a 400.

    Args:
        body: The decoded JSON object.
        betas: What ``anthropic-beta`` named; fields in beta need some.
        counting: The rules of ``count_tokens``, where nothing is generated.
    """
    allowed = FIELDS | (BETA_FIELDS if betas else frozenset())
    for field in body.keys() - (allowed - NOT_COUNTED if counting else allowed):
        yield f"{field}: Extra inputs are not permitted"
    required = ("model", "messages") if counting else ("model", "max_tokens", "messages")
    for field in required:
        if field not in body:
            yield f"{field}: Field required"
    if not isinstance(body.get("model"), str):
        yield "model: Input should be a valid string"
    tokens = body.get("max_tokens", 1)
    if not isinstance(tokens, int) or isinstance(tokens, bool):
        yield "max_tokens: Input should be a valid integer"
    elif tokens < 0:
        yield "max_tokens: Input should be greater than or equal to 0"
    elif tokens == 0 and body.get("stream"):
        yield "max_tokens: must be greater than 0 when streaming"
    yield from _messages(body.get("messages"))
    yield from _tools(body)
    yield from _markers(body)
    for i, sequence in enumerate(body.get("stop_sequences") or ()):
        if not isinstance(sequence, str) or not sequence.strip():
            yield f"stop_sequences: each stop sequence must contain non-whitespace (at {i})"


def blocks(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The blocks of a message whose shape is right; none where its content is text."""
    content = message["content"]
    return [] if isinstance(content, str) else content


def _messages(messages: Any) -> Iterator[str]:
    if not isinstance(messages, list):
        yield "messages: Input should be a valid list"
        return
    if not messages:
        yield "messages: at least one message is required"
        return
    if len(messages) > _MOST_MESSAGES:
        yield f"messages: at most {_MOST_MESSAGES} messages are allowed"
    for i, message in enumerate(messages):
        problem = _message(message)
        if problem:
            yield f"messages.{i}{problem}"
            return
    if messages[0]["role"] == "assistant":
        yield 'messages: first message must use the "user" role'
    last = messages[-1]
    if last["role"] == "assistant" and _ends_in_space(last["content"]):
        yield "messages: final assistant content cannot end with trailing whitespace"
    yield from _tool_loops(messages)


def _message(message: Any) -> str | None:
    if not isinstance(message, Mapping):
        return ": Input should be an object"
    missing = next((field for field in ("role", "content") if field not in message), None)
    if missing:
        return f".{missing}: Field required"
    if message["role"] not in _ROLES:
        return ".role: Input should be 'user', 'assistant' or 'system'"
    content = message["content"]
    if isinstance(content, str):
        return None if content.strip() else ": text content must be non-empty"
    return next(_contents(content), None)


def _contents(content: Any) -> Iterator[str]:
    if not isinstance(content, list) or not all(isinstance(block, Mapping) for block in content):
        yield ".content: Input should be a valid string or a list of content blocks"
        return
    if not content:
        yield ".content: must not be empty"
    for i, block in enumerate(content):
        problem = _block(block)
        if problem:
            yield f".content.{i}{problem}"


def _block(block: Mapping[str, Any]) -> str | None:
    kind = block.get("type")
    needed = {
        "text": ("text",),
        "image": ("source",),
        "document": ("source",),
        "tool_use": ("id", "name", "input"),
        "tool_result": ("tool_use_id",),
        "thinking": ("thinking", "signature"),
        "redacted_thinking": ("data",),
    }
    if not isinstance(kind, str):
        return ".type: Field required"
    for field in needed.get(kind, ()):
        if field not in block:
            return f".{kind}.{field}: Field required"
    if kind == "text" and not (isinstance(block["text"], str) and block["text"].strip()):
        return ".text: text content blocks must contain non-whitespace text"
    return None


def _tool_loops(messages: list[Mapping[str, Any]]) -> Iterator[str]:
    asked: list[str] = []
    for i, message in enumerate(messages):
        if message["role"] == "system":
            continue
        answered = [b["tool_use_id"] for b in blocks(message) if b.get("type") == "tool_result"]
        missing = [use for use in asked if use not in answered]
        if missing:
            yield (
                f"messages.{i - 1}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(missing)}. Each `tool_use` block must have a "
                "corresponding `tool_result` block in the next message."
            )
        stray = [use for use in answered if use not in asked]
        if stray:
            yield (
                f"messages.{i}.content: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{', '.join(stray)}. Each `tool_result` block must have a corresponding "
                "`tool_use` block in the previous message."
            )
        asked = [b["id"] for b in blocks(message) if b.get("type") == "tool_use"]


def _tools(body: Mapping[str, Any]) -> Iterator[str]:
    tools = body.get("tools") or []
    names = [tool.get("name") for tool in tools]
    for i, tool in enumerate(tools):
        if not tool.get("name"):
            yield f"tools.{i}.name: Field required"
        if tool.get("type", "custom") == "custom" and "input_schema" not in tool:
            yield f"tools.{i}.custom.input_schema: Field required"
    if len(set(names)) < len(names):
        yield "tools: Tool names must be unique."
    choice = body.get("tool_choice") or {}
    if choice and choice.get("type") != "none" and not tools:
        yield "tool_choice: may only be specified while providing `tools`"
    if choice.get("type") == "tool" and choice.get("name") not in names:
        yield f"tool_choice: Tool '{choice.get('name')}' not found in provided tools"


def _markers(body: Mapping[str, Any]) -> Iterator[str]:
    found = [body["cache_control"]] if body.get("cache_control") else []
    for part in _parts(body):
        marker = part.get("cache_control")
        if marker is not None:
            found.append(marker)
    if len(found) > _MOST_MARKERS:
        yield (
            f"A maximum of {_MOST_MARKERS} blocks with cache_control may be provided. "
            f"Found {len(found)}."
        )
    ttls = [marker.get("ttl") or "5m" for marker in found]
    for ttl in ttls:
        if ttl not in {"5m", "1h"}:
            yield "cache_control.ttl: Input should be '5m' or '1h'"
    ordered = ttls[1:] if body.get("cache_control") else ttls
    if "1h" in ordered and "5m" in ordered[: len(ordered) - ordered[::-1].index("1h")]:
        yield ("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block")


def _parts(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from body.get("tools") or ()
    if isinstance(body.get("system"), list):
        yield from body["system"]
    for message in body.get("messages") or ():
        if isinstance(message, Mapping) and isinstance(message.get("content"), list):
            yield from (block for block in message["content"] if isinstance(block, Mapping))


def _ends_in_space(content: Any) -> bool:
    if isinstance(content, str):
        return content != content.rstrip()
    text = content[-1].get("text")
    return isinstance(text, str) and text != text.rstrip()
