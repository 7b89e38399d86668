"""What the strict fake says: scripted words, or an echo that admits what it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from suffice.catalog.capabilities import Capabilities
from suffice.policy.thinking import thinks
from suffice.testing.script import Fails
from suffice.testing.tokens import CHARACTERS_PER_TOKEN, text_tokens

ECHO = "strict fake: "
_THOUGHT = "The strict fake pretends to think. "
_THOUGHT_LENGTH = {"low": 1, "medium": 4, "high": 12, "xhigh": 30, "max": 60}


class ToolCall(msgspec.Struct, frozen=True):
    """A tool the fake shall call."""

    name: str
    input: dict[str, Any] = {}


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """
    One scripted answer.

    Attributes:
        text: Its text block; none where empty.
        tool_calls: Its tool calls.
        stop_reason: None for what follows from the answer.
        refusal: The category of a refusal; empty for none.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    stop_reason: str | None = None
    refusal: str = ""


Reply = Said | str | Fails
Answers = Callable[[Mapping[str, Any]], Reply] | Mapping[str, Reply]


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it goes out."""

    content: list[dict[str, Any]]
    stop_reason: str
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None
    output_tokens: int
    thinking_tokens: int


def say(answers: Answers | None, body: Mapping[str, Any]) -> Said | Fails:
    """The answer to a request, or its failure: by a function, its last user text, or the echo."""
    reply: Reply | None = None
    if callable(answers):
        reply = answers(body)
    elif answers is not None:
        reply = answers.get(last_user_text(body))
    if reply is None:
        return _echo(body)
    return Said(text=reply) if isinstance(reply, str) else reply


def last_user_text(body: Mapping[str, Any]) -> str:
    """The text of the last user turn."""
    for message in reversed(body["messages"]):
        if message["role"] == "user":
            content = message["content"]
            if isinstance(content, str):
                return content
            return "".join(block["text"] for block in content if block.get("type") == "text")
    return ""


def compose(said: Said, body: Mapping[str, Any], accepts: Capabilities) -> Composed:
    """The blocks of an answer, with its thinking first, cut where the request says so."""
    room = int(body["max_tokens"])
    content: list[dict[str, Any]] = []
    thinking_tokens = 0
    if thinks(body, accepts) and room:
        thought = _THOUGHT * _THOUGHT_LENGTH[_effort(body, accepts)]
        thinking_tokens = min(text_tokens(thought, accepts), room)
        shown = (body.get("thinking") or {}).get("display") != "omitted"
        content.append(
            {
                "type": "thinking",
                "thinking": thought if shown else "",
                "signature": "strictfake",
            }
        )
    text, stop_reason, stop_sequence = _cut(said, body, accepts, room=room - thinking_tokens)
    if text:
        content.append({"type": "text", "text": text})
    if stop_reason not in {"max_tokens", "stop_sequence"}:
        content += [
            {"type": "tool_use", "id": f"toolu_strictfake_{i}", "name": c.name, "input": c.input}
            for i, c in enumerate(said.tool_calls, 1)
        ]
    written = sum(_written(block, accepts) for block in content)
    return Composed(
        content=content,
        stop_reason=stop_reason,
        stop_sequence=stop_sequence,
        stop_details=_refusal(said),
        output_tokens=min(room, thinking_tokens + written) if room else 0,
        thinking_tokens=thinking_tokens,
    )


def _cut(
    said: Said, body: Mapping[str, Any], accepts: Capabilities, *, room: int
) -> tuple[str, str, str | None]:
    text = said.text
    for sequence in body.get("stop_sequences") or ():
        before, found, _ = text.partition(sequence)
        if found:
            return before, "stop_sequence", sequence
    if text_tokens(text, accepts) > room:
        per_token = CHARACTERS_PER_TOKEN / (1.3 if accepts.tokenizer == "new" else 1.0)
        return text[: math.floor(room * per_token)], "max_tokens", None
    if said.refusal:
        return text, "refusal", None
    return text, said.stop_reason or ("tool_use" if said.tool_calls else "end_turn"), None


def _refusal(said: Said) -> dict[str, Any] | None:
    if not said.refusal:
        return None
    return {"type": "refusal", "category": said.refusal, "explanation": "The strict fake refuses."}


def _echo(body: Mapping[str, Any]) -> Said:
    choice = body.get("tool_choice") or {}
    tools = [tool for tool in body.get("tools") or () if "input_schema" in tool]
    if choice.get("type") in {"any", "tool"} and tools:
        named = [tool for tool in tools if tool["name"] == choice.get("name")]
        tool = (named or tools)[0]
        return Said(tool_calls=(ToolCall(tool["name"], example(tool["input_schema"])),))
    wanted = (body.get("output_config") or {}).get("format")
    if wanted:
        return Said(text=msgspec.json.encode(example(wanted.get("schema") or {})).decode())
    return Said(text=ECHO + last_user_text(body))


def example(schema: Mapping[str, Any]) -> Any:
    """
    The plainest value a JSON schema allows, for the fake to answer with.

    >>> example({"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}})
    {'n': 3}
    """
    for keyword in ("const", "default"):
        if keyword in schema:
            return schema[keyword]
    choices = next((schema[key] for key in _CHOICES if schema.get(key)), None)
    if choices is not None:
        return choices[0] if schema.get("enum") else example(choices[0])
    kind = schema.get("type", "object")
    make = _PLAINEST.get(kind[0] if isinstance(kind, list) else kind)
    return make(schema) if make else None


_CHOICES = ("enum", "anyOf", "oneOf", "allOf")
_PLAINEST: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "object": lambda schema: {
        name: example(inner) for name, inner in (schema.get("properties") or {}).items()
    },
    "array": lambda schema: [
        example(schema.get("items") or {}) for _ in range(schema.get("minItems", 0))
    ],
    "string": lambda _: "strict fake",
    "integer": lambda schema: schema.get("minimum", 0),
    "number": lambda schema: schema.get("minimum", 0),
    "boolean": lambda _: True,
}


def _effort(body: Mapping[str, Any], accepts: Capabilities) -> str:
    return (body.get("output_config") or {}).get("effort") or accepts.default_effort


def _written(block: Mapping[str, Any], accepts: Capabilities) -> int:
    match block["type"]:
        case "text":
            return text_tokens(block["text"], accepts)
        case "tool_use":
            return text_tokens(msgspec.json.encode(block["input"]).decode(), accepts) + 1
        case _:
            return 0
