"""Values that can be read from source without running it: literals and names bound to them once."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any, Final, Self

from typing_extensions import override


class _Unknown:
    """What only running the program would tell."""

    @override
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
_DEEPEST = 40


class Scope:
    """
    Names that are bound exactly once to a readable value, seen from inside out.

    A name that is bound twice, or by anything but a plain assignment, stands for nothing.
    """

    def __init__(self, names: dict[str, ast.expr | None], outer: Self | None = None) -> None:
        self._names, self._outer = names, outer

    @classmethod
    def of(cls, tree: ast.Module) -> Self:
        """The names of a module."""
        return cls(_bound(tree.body))

    def inner(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Self:
        """The names of a function within this scope; its parameters hide outer names."""
        names = _bound(function.body)
        arguments = function.args
        defaults: list[tuple[ast.arg, ast.expr | None]] = [
            *zip(reversed(arguments.args), reversed(arguments.defaults), strict=False),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        hidden: dict[str, ast.expr | None] = {argument.arg: None for argument in every}
        # A default is what most callers get; what a caller passes cannot be seen from here.
        hidden |= {argument.arg: default for argument, default in defaults}
        for star in (arguments.vararg, arguments.kwarg):
            if star is not None:
                hidden[star.arg] = None
        return type(self)({**hidden, **names}, self)

    def bound_to(self, name: str) -> ast.expr | None:
        """The one expression a name is bound to; None where there is no such thing."""
        if name in self._names:
            return self._names[name]
        return self._outer.bound_to(name) if self._outer is not None else None


def known_value(node: ast.expr, scope: Scope, *, depth: int = 0) -> Any:  # noqa: PLR0911 - one line a kind
    r"""
    The value of an expression; `UNKNOWN` where it cannot be read.

    A dictionary or list keeps what can be read of it, with `UNKNOWN` in the place of the rest.

    >>> tree = ast.parse("SIZE = 2\ncall(max_tokens=SIZE, stop=['a', other])")
    >>> call = tree.body[1].value
    >>> [known_value(keyword.value, Scope.of(tree)) for keyword in call.keywords]
    [2, ['a', UNKNOWN]]
    """
    if depth > _DEEPEST:
        return UNKNOWN
    match node:
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = known_value(operand, scope, depth=depth + 1)
            return -value if isinstance(value, int | float) else UNKNOWN
        case ast.Name(id=name):
            bound = scope.bound_to(name)
            return UNKNOWN if bound is None else known_value(bound, scope, depth=depth + 1)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [known_value(item, scope, depth=depth + 1) for item in items]
        case ast.Dict(keys=keys, values=values):
            return _mapping(keys, values, scope, depth)
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            names: list[ast.expr | None] = [
                None if keyword.arg is None else ast.Constant(keyword.arg) for keyword in keywords
            ]
            return _mapping(names, [keyword.value for keyword in keywords], scope, depth)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([left, right], scope, depth)
        case ast.JoinedStr(values=parts):
            return _joined(parts, scope, depth)
        case _:
            return UNKNOWN


class Partly(str):
    """A text of which some part cannot be read; what can be read of it, joined."""

    __slots__ = ()


def _joined(parts: list[ast.expr], scope: Scope, depth: int) -> Any:
    read = [known_value(part, scope, depth=depth + 1) for part in parts]
    texts = [value for value in read if isinstance(value, str)]
    if not texts:
        return UNKNOWN
    whole = len(texts) == len(read) and not any(isinstance(text, Partly) for text in texts)
    return "".join(texts) if whole else Partly("".join(texts))


def _mapping(keys: list[ast.expr | None], values: list[ast.expr], scope: Scope, depth: int) -> Any:
    found: dict[str, Any] = {}
    for key, value in zip(keys, values, strict=True):
        read = known_value(value, scope, depth=depth + 1)
        if key is None:
            if not isinstance(read, dict):
                return UNKNOWN
            found |= read
        elif isinstance(key, ast.Constant) and isinstance(key.value, str):
            found[key.value] = read
        else:
            return UNKNOWN
    return found


def _bound(body: list[ast.stmt]) -> dict[str, ast.expr | None]:
    """Each name that is bound in a body, without the functions and classes within it."""
    names: dict[str, ast.expr | None] = {}
    for statement in _statements(body):
        for target, value in _bindings(statement):
            for node in ast.walk(target):
                if isinstance(node, ast.Name):
                    once = node is target and node.id not in names
                    names[node.id] = value if once else None
    return names


def _bindings(statement: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """What a statement binds, and to what where that is one expression."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            # Something put into what a name stands for (`params["model"] = …`) unbinds it too.
            yield from ((target, value) for target in targets)
        case ast.AnnAssign(target=target, value=value):
            yield target, value
        case ast.AugAssign(target=target) | ast.For(target=target) | ast.AsyncFor(target=target):
            yield target, None
        case ast.With(items=items) | ast.AsyncWith(items=items):
            yield from ((item.optional_vars, None) for item in items if item.optional_vars)
        case _:
            return


def _statements(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Every statement of a body, without what stands in functions and classes of its own."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from _statements(getattr(statement, name, ()))
