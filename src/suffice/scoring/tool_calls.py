"""Tool calls as answers and references write them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from suffice.records import Answer
from suffice.scoring.reading import clipped

_FORBIDDEN_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_NUMBERED = re.compile(r"(.+)[ _]\d+")


class ToolCall(msgspec.Struct, frozen=True):
    """
    One call.

    Attributes:
        name: The tool.
        input: Its arguments.
        allowed: Argument -> the values of which any one is right ("" among them: may be left
            out); None where ``input`` itself is what is compared.
    """

    name: str
    input: Any
    allowed: dict[str, list[Any]] | None = None


class Malformed(ValueError):
    """An answer or a reference that looks like tool calls and cannot be read as such."""


def calls_of(answer: Answer) -> tuple[ToolCall, ...]:
    """
    The calls in an answer: its content blocks, or a text that is a JSON list of content blocks.

    Raises:
        Malformed: A call without a name, or arguments that are no object.

    >>> calls_of(Answer(text='[{"type": "tool_use", "name": "f", "input": {"a": 1}}]'))
    (ToolCall(name='f', input={'a': 1}, allowed=None),)
    """
    blocks: Sequence[Any] | None = answer.blocks
    if blocks is None:
        blocks = _blocks_in(answer.text)
    return tuple(_call(block) for block in blocks or () if _is_call(block))


def _blocks_in(text: str) -> list[Any] | None:
    stripped = text.strip()
    if not (stripped.startswith("[") and '"type"' in stripped):
        return None
    try:
        blocks = json.loads(stripped)
    except (ValueError, RecursionError):
        if '"tool_use"' in stripped[:2000]:
            raise Malformed("a tool call cut off or not valid JSON") from None
        return None
    return blocks if isinstance(blocks, list) else None


def _is_call(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") in {"tool_use", "server_tool_use"}


def _call(block: dict[str, Any]) -> ToolCall:
    name, arguments = block.get("name"), block.get("input", {})
    if not isinstance(name, str) or not name:
        raise Malformed("a tool call without a name")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments) if arguments.strip() else {}
        except (ValueError, RecursionError):
            arguments = None
    if not isinstance(arguments, dict):
        raise Malformed(f"the arguments of {clipped(name)} are no object")
    return ToolCall(name, arguments)


def tool_name(name: str) -> str:
    """
    A tool's name as the API can carry it: what it forbids in names reads as an underscore.

    >>> tool_name("math.factorial")
    'math_factorial'
    """
    return _FORBIDDEN_IN_NAMES.sub("_", name)


def reference_calls(value: Any) -> tuple[ToolCall, ...] | None:  # noqa: PLR0911 - one per shape
    """
    The calls a reference asks for; None where it cannot be read as calls.

    Read: content blocks; one ``{"name": ..., "input" or "arguments": {...}}`` or a list of them;
    calls as code, ``["f(a=1)"]``; allowed values per argument, ``{"f": {"a": [1, 2]}}``, with
    ``f_1``, ``f_2`` for several calls of ``f``; and ``NO_TOOL_CALL``, null or ``[]``.

    >>> reference_calls(["f(a=1, b='x')"])
    (ToolCall(name='f', input={'a': 1, 'b': 'x'}, allowed=None),)
    >>> reference_calls({"f": {"a": [1, 2]}})[0].allowed
    {'a': [1, 2]}
    """
    try:
        match value:
            case None | "NO_TOOL_CALL" | []:
                return ()
            case str():
                return _from_text(value)
            case {"name": _}:
                return (_named(value),)
            case dict():
                return _allowed(value)
            case list():
                return _from_list(value)
            case _:
                return None
    except Malformed:
        return None


def _from_text(text: str) -> tuple[ToolCall, ...] | None:
    if text.strip()[:1] in {"[", "{"}:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return None if isinstance(value, str) else reference_calls(value)
    call = _from_code(text)
    return None if call is None else (call,)


def _from_list(items: list[Any]) -> tuple[ToolCall, ...] | None:
    if all(isinstance(item, dict) for item in items):
        return _from_objects(items)
    if all(isinstance(item, str) for item in items):
        found = [_from_code(item) for item in items]
        return tuple(call for call in found if call) if all(found) else None
    return None


def _from_objects(items: list[dict[str, Any]]) -> tuple[ToolCall, ...] | None:
    if any("type" in item for item in items):
        return tuple(_call(item) for item in items if _is_call(item))
    if all("name" in item for item in items):
        return tuple(_named(item) for item in items)
    found = [_allowed(item) for item in items]
    if any(calls is None for calls in found):
        return None
    return tuple(call for calls in found for call in calls or ())


def _named(item: dict[str, Any]) -> ToolCall:
    arguments = item.get("input", item.get("arguments", item.get("parameters", {})))
    return _call({"name": item["name"], "input": arguments})


def _allowed(value: dict[str, Any]) -> tuple[ToolCall, ...] | None:
    """``{"f": {"a": [1, 2]}}``: each argument with the values of which any one is right."""
    calls = []
    for key, arguments in value.items():
        if not isinstance(arguments, dict):
            return None
        if not all(isinstance(values, list) for values in arguments.values()):
            return None
        numbered = _NUMBERED.fullmatch(key)
        several = numbered is not None and {f"{numbered[1]}_1", f"{numbered[1]} 1"} & value.keys()
        name = numbered[1] if numbered is not None and several and len(value) > 1 else key
        calls.append(ToolCall(name, {}, arguments))
    return tuple(calls)


def _from_code(text: str) -> ToolCall | None:
    """``f(a=1)`` as a call, read and never run."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        if not isinstance(tree, ast.Call) or tree.args:
            return None
        arguments = {word.arg or "": ast.literal_eval(word.value) for word in tree.keywords}
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return ToolCall(ast.unparse(tree.func), json.loads(json.dumps(arguments, default=list)))
