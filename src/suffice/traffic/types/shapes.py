"""What of a request says which type it is, in a form that compares and hashes fast."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from suffice.traffic.types.units import canonical, canonical_json

# A client's own note on who pays; it stands first in the system prompt and differs by call.
_CLIENTS_OWN_NOTE = "x-anthropic-billing-header:"
_MARKS = frozenset({"cache_control", "defer_loading", "eager_input_streaming"})
PREFILLED = "prefilled"
_DIGEST = 8


class Shape(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    A request without what differs from call to call.

    Attributes:
        system: The system prompt's texts, joined by line feeds.
        tools: The tools as JSON; empty where none are offered.
        output_format: The demanded output's JSON; empty where none is.
        tool_choice: The forced tool's name, or ``any``; empty where the model may choose.
        roles: ``prefilled`` where the answer was begun for the model; else empty.
        tag: The caller's own name for the type; it always wins.
        app: Which application asks; lines are counted for each one by itself.
        opening: The first user turn's text; looked at only for types that were split by it.
    """

    system: str = ""
    tools: bytes = b""
    output_format: bytes = b""
    tool_choice: str = ""
    roles: str = ""
    tag: str = ""
    app: str = ""
    opening: str = ""


def shape_of(request: Mapping[str, Any], *, tag: str = "", app: str = "") -> Shape:
    """
    The shape of an Anthropic request body; what is not of its form is passed over, never raised.

    A conversation has the same shape in its first turn and in its last, so that a decision about
    its type never has to be taken back in the middle of it.

    >>> request = {"system": "Sort it.", "messages": [{"role": "user", "content": "Ticket 7"}]}
    >>> shape_of(request).system, shape_of(request).opening
    ('Sort it.', 'Ticket 7')
    """
    messages = _sequence(request.get("messages"))
    tools = [tool for tool in _sequence(request.get("tools")) if isinstance(tool, Mapping)]
    config = request.get("output_config")
    wanted = config.get("format") if isinstance(config, Mapping) else None
    return Shape(
        system=_text(request.get("system")),
        tools=_json(tools) if tools else b"",
        output_format=_json(wanted or request.get("output_format") or b""),
        tool_choice=_forced(request.get("tool_choice")),
        roles=_roles(messages),
        tag=tag,
        app=app,
        opening=_opening(messages),
    )


def rest_key(shape: Shape) -> str:
    """
    The hash of everything but the system prompt: tools by name and schema, output, turns.

    Tools in another order, or with cache markers, are the same tools. Empty for a plain request.
    """
    parts = [
        _tools_key(shape.tools),
        _format_key(shape.output_format),
        canonical(shape.tool_choice),
    ]
    if not any((*parts, shape.roles)):
        return ""
    return _short_hash(msgspec.json.encode([*parts, shape.roles]))


def tool_names(tools: bytes) -> tuple[str, ...]:
    """
    The sorted names of tools given as JSON.

    >>> tool_names(b'[{"name": "refund"}, {"name": "lookup"}]')
    ('lookup', 'refund')
    """
    return tuple(sorted(_name(tool) for tool in _decoded(tools)))


def _tools_key(tools: bytes) -> str:
    if not tools:
        return ""
    # Masked as a log is, so that tools read from one are those that come by.
    named = sorted(
        (
            canonical(_name(tool)),
            _short_hash(canonical_json({k: v for k, v in tool.items() if k not in _MARKS})),
        )
        for tool in _decoded(tools)
    )
    return _short_hash(msgspec.json.encode(named))


def _format_key(output_format: bytes) -> str:
    if not output_format:
        return ""
    try:
        return _short_hash(canonical_json(msgspec.json.decode(output_format)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _short_hash(output_format)


def _decoded(tools: bytes) -> list[dict[str, Any]]:
    try:
        found = msgspec.json.decode(tools) if tools else []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return [tool for tool in _sequence(found) if isinstance(tool, dict)]


def _name(tool: Mapping[str, Any]) -> str:
    return str(tool.get("name") or tool.get("type") or "")


def _short_hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=_DIGEST).hexdigest() if data else ""


def _json(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return msgspec.json.encode(value, order="deterministic")
    except (TypeError, ValueError, RecursionError):
        # Half a surrogate pair, or a value JSON has no form for: its writing still tells it apart.
        return repr(value).encode("utf-8", "backslashreplace")


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    blocks = (block.get("text") for block in _sequence(content) if isinstance(block, Mapping))
    return "\n".join(
        text for text in blocks if isinstance(text, str) and not text.startswith(_CLIENTS_OWN_NOTE)
    )


def _forced(choice: Any) -> str:
    if not isinstance(choice, Mapping):
        return ""
    match choice.get("type"):
        case "tool":
            return str(choice.get("name") or "any")
        case "any":
            return "any"
        case _:
            return ""


def _roles(messages: Sequence[Any]) -> str:
    last = messages[-1] if messages else None
    return PREFILLED if isinstance(last, Mapping) and last.get("role") == "assistant" else ""


def _opening(messages: Sequence[Any]) -> str:
    for turn in messages:
        if isinstance(turn, Mapping) and turn.get("role") == "user":
            return _text(turn.get("content"))
    return ""
