"""What a definition's docstring has to speak of: its parameters, what it gives, what it raises."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import msgspec

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documentable = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Parameter(msgspec.Struct, frozen=True):
    """
    One parameter.

    Attributes:
        name: Without stars.
        stars: ``*`` or ``**`` where it takes all that is left.
        type: Its annotation as written; empty without one.
    """

    name: str
    stars: str = ""
    type: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is to be documented of a definition, besides what it does.

    Attributes:
        parameters: In their order, without the instance or the class.
        gives: ``returns`` or ``yields``; empty where it gives nothing.
        given_type: The annotation of what it gives; empty without one.
        raises: Names of the exceptions it raises by name, sorted.
    """

    parameters: tuple[Parameter, ...] = ()
    gives: str = ""
    given_type: str = ""
    raises: tuple[str, ...] = ()


def facts_of(node: Documentable, *, method: bool = False) -> Facts:
    r"""
    What there is to document.

    Of a class it is what its ``__init__`` takes, where that has no docstring of its own.

    Args:
        node: A module, a class or a function.
        method: The function's first parameter is the instance, or the class.

    >>> facts_of(ast.parse("def f(a, *b):\n    raise OSError(a)").body[0]).raises
    ('OSError',)
    """
    if isinstance(node, ast.Module):
        return Facts()
    if isinstance(node, ast.ClassDef):
        makers = [one for one in node.body if isinstance(one, Function) and one.name == "__init__"]
        own = bool(makers) and ast.get_docstring(makers[-1]) is None
        return Facts(parameters=_parameters(makers[-1], method=True)) if own else Facts()
    gives = _gives(node)
    return Facts(
        parameters=_parameters(node, method=method),
        gives=gives,
        given_type=ast.unparse(node.returns) if gives and node.returns is not None else "",
        raises=tuple(sorted({_raised(one) for one in _own(node)} - {""})),
    )


def _parameters(node: Function, *, method: bool) -> tuple[Parameter, ...]:
    given = node.args
    plain = [*given.posonlyargs, *given.args]
    bound = method and not _is(node, "staticmethod")
    named = [*(plain[1:] if bound else plain)]
    found = [Parameter(one.arg, "", _type(one)) for one in named]
    if given.vararg is not None:
        found.append(Parameter(given.vararg.arg, "*", _type(given.vararg)))
    found += [Parameter(one.arg, "", _type(one)) for one in given.kwonlyargs]
    if given.kwarg is not None:
        found.append(Parameter(given.kwarg.arg, "**", _type(given.kwarg)))
    return tuple(found)


def _type(argument: ast.arg) -> str:
    return "" if argument.annotation is None else ast.unparse(argument.annotation)


def _is(node: Function, name: str) -> bool:
    """Whether a function is decorated with a name, from whatever module."""
    return any(
        (isinstance(one, ast.Name) and one.id == name)
        or (isinstance(one, ast.Attribute) and one.attr == name)
        for one in node.decorator_list
    )


def is_overload(node: Function) -> bool:
    """Whether it is one of several signatures, which the last definition documents."""
    return _is(node, "overload")


def is_setter(node: Function) -> bool:
    """Whether it belongs to a property, whose getter has the docstring."""
    return _is(node, "setter") or _is(node, "deleter")


def _gives(node: Function) -> str:
    inside = list(_own(node))
    if any(isinstance(one, ast.Yield | ast.YieldFrom) for one in inside):
        return "yields"
    if any(isinstance(one, ast.Return) and not _is_none(one.value) for one in inside):
        return "returns"
    stub = all(
        isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) for one in node.body
    )
    return "returns" if stub and not _is_none(node.returns) else ""


def _is_none(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _raised(node: ast.AST) -> str:
    if not isinstance(node, ast.Raise):
        return ""
    named = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    if isinstance(named, ast.Attribute):
        return named.attr if named.attr[:1].isupper() else ""
    # "raise error" passes on what was caught: its name says nothing.
    return named.id if isinstance(named, ast.Name) and named.id[:1].isupper() else ""


def _own(node: Function) -> Iterator[ast.AST]:
    """The nodes of a function's body, without functions and classes defined inside."""
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        yield one
        waiting.extend(ast.iter_child_nodes(one))
