"""Which kind of task a call's own words speak of; and whether people are at the other end."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from suffice.linter.calls import Found, Function

_PEOPLE = re.compile(
    r"\b(?:chat(?:bot|ting)? with|talk(?:ing)? (?:to|with)|customer (?:support|service)|companion"
    r"|empath\w+|friendly|warm(?:ly)?|our (?:users?|customers?))\b",
    re.IGNORECASE,
)
_WORDED = ("system", "messages", "input", "instructions")
_ROUTES = frozenset({"get", "post", "route", "websocket", "command", "event", "message"})
_CHATTY = re.compile(r"chat|conversation|reply|bot\b", re.IGNORECASE)


def task_of(known: Mapping[str, Any]) -> str | None:
    """
    The kind of task a call's readable words speak of; None where they tell nothing.

    >>> task_of({"system": "Classify the ticket as one of: billing, other."})
    'classification'
    >>> task_of({"messages": [{"role": "user", "content": "Hello"}]}) is None
    True
    """
    messages = known.get("messages")
    if isinstance(messages, list) and any(map(_has_image, messages)):
        return "images"
    text = " ".join(_texts([known.get(name) for name in _WORDED]))
    return next((task for task, words in _words().items() if words.search(text)), None)


def people_at_the_other_end(found: Found) -> str | None:
    """What in the code says that people converse with this call, as a clause; None if nothing."""
    known = found.call.known
    text = " ".join(_texts([known.get("system"), known.get("instructions")]))
    said = _PEOPLE.search(text)
    if said is not None:
        return f'its system prompt says "{said[0]}"'
    if found.within is None:
        return None
    if _asks_in_a_loop(found.within):
        return f"{found.within.name} asks for input() in a loop"
    if _CHATTY.search(found.within.name) and _is_route(found.within):
        return f"{found.within.name} serves a route"
    return None


def _asks_in_a_loop(function: Function) -> bool:
    return any(
        isinstance(inner, ast.Call)
        and isinstance(inner.func, ast.Name)
        and inner.func.id == "input"
        for loop in ast.walk(function)
        if isinstance(loop, ast.While | ast.For | ast.AsyncFor)
        for inner in ast.walk(loop)
    )


def _is_route(function: Function) -> bool:
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(target, ast.Attribute) and target.attr in _ROUTES:
            return True
    return False


@cache
def _words() -> dict[str, re.Pattern[str]]:
    path = resources.files("suffice.linter") / "data" / "words.toml"
    given: dict[str, list[str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return {task: re.compile("|".join(words), re.IGNORECASE) for task, words in given.items()}


def _has_image(message: Any) -> bool:
    content = message.get("content") if isinstance(message, dict) else None
    return isinstance(content, list) and any(
        isinstance(block, dict) and block.get("type") in {"image", "image_url", "input_image"}
        for block in content
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
