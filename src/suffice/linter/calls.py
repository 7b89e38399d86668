"""Calls of models in Python source: which, with what arguments, and what becomes of the answer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from suffice.linter.literals import UNKNOWN, Scope, known_value

Api = Literal["anthropic", "openai"]
Function = ast.FunctionDef | ast.AsyncFunctionDef

# The end of the dotted name that is called -> whose API it is.
_ENDINGS: dict[tuple[str, ...], Api] = {
    ("messages", "create"): "anthropic",
    ("messages", "stream"): "anthropic",
    ("messages", "parse"): "anthropic",
    ("messages", "tool_runner"): "anthropic",
    ("completions", "create"): "openai",
    ("completions", "parse"): "openai",
    ("completions", "stream"): "openai",
    ("responses", "create"): "openai",
    ("responses", "parse"): "openai",
    ("responses", "stream"): "openai",
}


class ModelCall(msgspec.Struct, frozen=True, kw_only=True):
    """
    One call of a model.

    Attributes:
        path: The file, as it was given.
        line: From 1.
        column: From 1.
        api: Whose client is called.
        method: As written, e.g. ``client.messages.create``.
        model: Its name; None where it is decided elsewhere.
        task: The kind of task its words speak of; None where they do not tell.
        known: The arguments whose values can be read from the source.
    """

    path: str
    line: int
    column: int
    api: Api
    method: str
    model: str | None = None
    task: str | None = None
    known: dict[str, Any] = {}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """
    A call with where it stands in the tree.

    Attributes:
        call: What is known of it.
        node: The call's node.
        within: The function around it; None at the top of the file.
        given: Names of all its arguments, readable or not.
        opaque: It takes arguments through ``**`` that cannot be read.
    """

    call: ModelCall
    node: ast.Call
    within: Function | None
    given: frozenset[str]
    opaque: bool


def find_calls(tree: ast.Module, *, path: str) -> Iterator[Found]:
    """Every call of a model, in the order of the source."""
    found = [*_Finder(path).calls(tree)]
    yield from sorted(found, key=lambda one: (one.call.line, one.call.column))


def dotted(node: ast.expr) -> tuple[str, ...]:
    """
    The parts of a dotted name; calls and subscripts within it are passed through.

    >>> dotted(ast.parse("Anthropic().beta.messages.create", mode="eval").body)
    ('Anthropic', 'beta', 'messages', 'create')
    """
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=value, attr=attr):
            return (*dotted(value), attr)
        case ast.Call(func=func):
            return dotted(func)
        case ast.Subscript(value=value) | ast.Await(value=value):
            return dotted(value)
        case _:
            return ()


class _Finder:
    """Walks a module, knowing which names stand for which values."""

    def __init__(self, path: str) -> None:
        self._path = path

    def calls(self, tree: ast.Module) -> Iterator[Found]:
        yield from self._within(tree, Scope.of(tree), None)

    def _within(self, node: ast.AST, scope: Scope, function: Function | None) -> Iterator[Found]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from self._within(child, scope.inner(child), child)
                continue
            if isinstance(child, ast.Call):
                one = self._read(child, scope, function)
                if one is not None:
                    yield one
            yield from self._within(child, scope, function)

    def _read(self, node: ast.Call, scope: Scope, function: Function | None) -> Found | None:
        name = dotted(node.func)
        api = _ENDINGS.get(name[-2:])
        if api is None or len(name) < 3:  # noqa: PLR2004 - a client stands before its resource
            return None
        values: dict[str, Any] = {}
        given: set[str] = set()
        opaque = False
        for keyword in node.keywords:
            value = known_value(keyword.value, scope)
            if keyword.arg is not None:
                given.add(keyword.arg)
                values[keyword.arg] = value
            elif isinstance(value, dict):
                given |= set(value)
                values |= value
            else:
                opaque = True
        if not (given & _TELLING or opaque):
            return None
        model = values.get("model", UNKNOWN)
        call = ModelCall(
            path=self._path,
            line=node.lineno,
            column=node.col_offset + 1,
            api=api,
            method=".".join(name),
            model=model if type(model) is str else None,
            known={key: value for key, value in values.items() if value is not UNKNOWN},
        )
        return Found(call=call, node=node, within=function, given=frozenset(given), opaque=opaque)


# At least one of these tells a model call from another library's method of the same name.
_TELLING = frozenset({"model", "messages", "input", "max_tokens"})
