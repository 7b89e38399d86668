"""What a function does with the answer of a model call that stands in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

import msgspec

from suffice.linter.calls import Found, dotted

_PARSERS = frozenset({("json", "loads"), ("orjson", "loads"), ("ujson", "loads"), ("loads",)})
_STOPPED = frozenset({"stop_reason", "finish_reason", "incomplete_details", "status"})


class Uses(msgspec.Struct, frozen=True, kw_only=True):
    """
    Places in the source, from 1: (line, column).

    Attributes:
        first_block: Where ``content[0].text`` is read.
        parsed: Where its text goes into a JSON parser.
        text: Whether its text is used at all.
        stop_reason: Whether anybody asks why it stopped.
    """

    first_block: tuple[tuple[int, int], ...] = ()
    parsed: tuple[tuple[int, int], ...] = ()
    text: bool = False
    stop_reason: bool = False


def uses_of(found: Found, tree: ast.Module) -> Uses:
    """How the answer is used within the function the call stands in, as far as names carry it."""
    around: ast.AST = found.within if found.within is not None else tree
    names = _names_of(found.node, around)

    def is_answer(node: ast.expr) -> bool:
        inner = node
        while isinstance(inner, ast.Attribute | ast.Subscript | ast.Await):
            inner = inner.value
        if inner is found.node:
            return True
        # What is called on it still speaks of it: `.strip()`, `.model_dump()`.
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            return is_answer(inner.func.value)
        return isinstance(inner, ast.Name) and inner.id in names

    first, parsed = [], []
    text = stopped = False
    for node in _own_nodes(around):
        if isinstance(node, ast.Attribute) and is_answer(node):
            stopped = stopped or node.attr in _STOPPED
            text = text or node.attr in {"text", "output_text"}
            text = text or (node.attr == "content" and "message" in dotted(node))
            if _is_first_block(node):
                first.append((node.lineno, node.col_offset + 1))
        if _parses(node) and is_answer(node.args[0]):
            parsed.append((node.lineno, node.col_offset + 1))
    return Uses(first_block=tuple(first), parsed=tuple(parsed), text=text, stop_reason=stopped)


def _parses(node: ast.AST) -> TypeGuard[ast.Call]:
    """Whether it is a call of a JSON parser on something."""
    return isinstance(node, ast.Call) and bool(node.args) and dotted(node.func) in _PARSERS


def _is_first_block(node: ast.Attribute) -> bool:
    """Whether it is ``….content[0].text``."""
    match node:
        case ast.Attribute(
            attr="text",
            value=ast.Subscript(value=ast.Attribute(attr="content"), slice=ast.Constant(value=0)),
        ):
            return True
        case _:
            return False


def _names_of(call: ast.Call, around: ast.AST) -> frozenset[str]:
    """The names that stand for the answer or for something taken out of it."""
    names: set[str] = set()
    grown = True
    while grown:
        grown = False
        for node in _own_nodes(around):
            for target, value in _bindings(node):
                if target.id not in names and _speaks_of(value, call, names):
                    names.add(target.id)
                    grown = True
    return frozenset(names)


def _bindings(node: ast.AST) -> Iterator[tuple[ast.Name, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((target, value) for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name() as target, value=ast.expr() as value):
            yield target, value
        case ast.NamedExpr(target=target, value=value):
            yield target, value
        case ast.For(target=ast.Name() as target, iter=value):
            yield target, value
        case ast.comprehension(target=ast.Name() as target, iter=value):
            yield target, value
        case ast.withitem(context_expr=value, optional_vars=ast.Name() as target):
            yield target, value
        case _:
            return


def _speaks_of(value: ast.expr, call: ast.Call, names: set[str]) -> bool:
    """Whether an expression holds the call or a name of its answer, but for what parses it."""
    if isinstance(value, ast.Call) and dotted(value.func) in _PARSERS:
        return False
    return any(
        node is call or (isinstance(node, ast.Name) and node.id in names)
        for node in ast.walk(value)
    )


def _own_nodes(around: ast.AST) -> Iterator[ast.AST]:
    """Every node of a function or module, without what stands in functions within it."""
    for child in ast.iter_child_nodes(around):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        yield child
        yield from _own_nodes(child)
