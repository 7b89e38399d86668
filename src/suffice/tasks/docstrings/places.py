"""The definitions of a file, and where the docstring of each stands or would stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import msgspec

from suffice.tasks.docstrings.facts import (
    Documentable,
    Facts,
    Function,
    facts_of,
    is_overload,
    is_setter,
)
from suffice.tasks.docstrings.source import Lines, Source, parsed

_COMMENTED = re.compile(r"(?:^|:)\s*#")
_TYPE_COMMENT = re.compile(r"\s*#\s*type:")
_BLANK_OR_COMMENT = re.compile(r"\s*(?:#.*)?\s*")
_COOKIE = re.compile(r"[ \t\f]*#.*?coding[:=]")
_STEP = "    "


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where a docstring's literal goes.

    Attributes:
        start: Of what it takes the place of, in characters.
        end: Behind that; the same where it takes the place of nothing.
        indent: Of the literal's further lines.
        before: What is put in front of it.
        after: What is put behind it.
    """

    start: int
    end: int
    indent: str
    before: str = ""
    after: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """
    A definition.

    Attributes:
        name: With those it stands in, dots between; empty for the module.
        kind: ``module``, ``class`` or ``function``.
        line: Where it begins, from 1.
        code: Its text, with the docstring it has.
        docstring: The text of that; None without one.
        facts: What there is to document.
        spot: Where the docstring goes.
        private: It, or something it stands in, has a name that begins with an underscore.
        nested: It stands in a function.
        special: Something else documents it: a method that Python calls by itself, such as
            ``__init__``, an overload, a property's setter.
    """

    name: str
    kind: str
    line: int
    code: str
    docstring: str | None
    facts: Facts
    spot: Spot
    private: bool = False
    nested: bool = False
    special: bool = False


def places(source: Source) -> list[Place]:
    r"""
    A file's module, and every definition in it, in the file's order.

    Raises:
        Unreadable: It is no Python this interpreter reads.

    >>> from suffice.tasks.docstrings.source import read_source
    >>> [place.name for place in places(read_source(b"class A:\n    def b(self): ...\n"))]
    ['', 'A', 'A.b']
    """
    tree = parsed(source.text)
    lines = Lines(source.text)
    module = Place(
        name="",
        kind="module",
        line=1,
        code=source.text,
        docstring=ast.get_docstring(tree),
        facts=Facts(),
        spot=_module_spot(tree, lines, source.newline),
    )
    return [module, *_within(tree, _Around(lines=lines, newline=source.newline))]


class _Around(msgspec.Struct, frozen=True, kw_only=True):
    """What a definition stands in."""

    lines: Lines
    newline: str
    names: tuple[str, ...] = ()
    in_class: bool = False
    in_function: bool = False


def _within(node: ast.AST, around: _Around) -> Iterator[Place]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
                yield from _within(child, around)
            continue
        names = (*around.names, child.name)
        yield _place(child, names, around)
        yield from _within(
            child,
            msgspec.structs.replace(
                around,
                names=names,
                in_class=isinstance(child, ast.ClassDef),
                in_function=around.in_function or isinstance(child, Function),
            ),
        )


def _is_special(node: ast.ClassDef | Function) -> bool:
    if isinstance(node, ast.ClassDef):
        return False
    return _is_dunder(node.name) or is_overload(node) or is_setter(node)


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _place(node: ast.ClassDef | Function, names: tuple[str, ...], around: _Around) -> Place:
    lines = around.lines
    first = _first_line(node)
    end = lines.at(node.end_lineno or node.lineno, node.end_col_offset or 0)
    return Place(
        name=".".join(names),
        kind="class" if isinstance(node, ast.ClassDef) else "function",
        line=node.lineno,
        code=lines.text[lines.start(first) : end],
        docstring=ast.get_docstring(node),
        facts=facts_of(node, method=around.in_class),
        spot=_spot(node, lines, around.newline),
        private=any(name.startswith("_") and not _is_dunder(name) for name in names),
        nested=around.in_function,
        special=_is_special(node),
    )


def _first_line(node: ast.stmt) -> int:
    """The line a statement begins on, decorators included."""
    if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return node.lineno
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _spot(node: ast.ClassDef | Function, lines: Lines, newline: str) -> Spot:
    own = lines.line(node.lineno)
    own_indent = own[: len(own) - len(own.lstrip())]
    first = node.body[0]
    line = _first_line(first)
    before = lines.line(line)[: _column(first, line, lines)]
    block = not before.strip() and not _continues(lines.line(line - 1))
    indent = before if block else own_indent + _STEP
    if has_docstring(node):
        return _instead_of(first, lines, indent)
    if not block:
        at = lines.at(first.lineno, first.col_offset)
        return Spot(start=at, end=at, indent=indent, after="; ")
    while _BLANK_OR_COMMENT.fullmatch(lines.line(line - 1)):
        line -= 1
    if _TYPE_COMMENT.match(lines.line(line)):
        line += 1
    at = lines.start(line)
    wide = isinstance(node, ast.ClassDef) and bool(lines.line(line).strip())
    return Spot(start=at, end=at, indent=indent, before=indent, after=newline * (2 if wide else 1))


def _continues(line: str) -> bool:
    """Whether a line goes on in the next one; a backslash that ends a comment means nothing."""
    return line.rstrip("\r\n").endswith("\\") and not _COMMENTED.search(line)


def _column(first: ast.stmt, line: int, lines: Lines) -> int:
    """The column a statement begins at; that of its ``@`` where it is decorated."""
    if line != first.lineno:
        whole = lines.line(line)
        return len(whole) - len(whole.lstrip())
    return lines.at(first.lineno, first.col_offset) - lines.start(line)


def has_docstring(node: Documentable) -> bool:
    """Whether the first statement is a docstring, empty ones included."""
    first = node.body[0] if node.body else None
    return (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )


def _instead_of(first: ast.stmt, lines: Lines, indent: str) -> Spot:
    return Spot(
        start=lines.at(first.lineno, first.col_offset),
        end=lines.at(first.end_lineno or first.lineno, first.end_col_offset or 0),
        indent=indent,
    )


def _module_spot(tree: ast.Module, lines: Lines, newline: str) -> Spot:
    if has_docstring(tree):
        return _instead_of(tree.body[0], lines, "")
    # The encoding may be declared in the second line, under nothing but a comment.
    first = (1, 2) if _BLANK_OR_COMMENT.fullmatch(lines.line(1)) else ()
    declared = max((number for number in first if _COOKIE.match(lines.line(number))), default=0)
    line = declared + 1
    while lines.line(line).startswith("#"):
        line += 1
    at, above = lines.start(line), lines.line(line - 1) if line > 1 else ""
    return Spot(
        start=at,
        end=at,
        indent="",
        before=newline if above and not above.endswith(("\n", "\r")) else "",
        after=newline * (2 if lines.line(line).strip() else 1),
    )
