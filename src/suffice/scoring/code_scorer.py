"""Python code: the same program whatever its layout; read, never run."""

from __future__ import annotations

import ast
import re
import warnings

import msgspec
from typing_extensions import override

from suffice.records import Score
from suffice.scoring.fences import fenced_blocks
from suffice.scoring.reading import TextualScorer, target_unparseable, unparseable

_LONGEST = 200_000
_PYTHON = {"", "python", "py", "python3"}
_STARTS_CODE = re.compile(r"^(?:@|(?:async\s+)?def\s|class\s|import\s|from\s)", re.MULTILINE)


class Program(msgspec.Struct, frozen=True):
    """Python source that parses, or why there is none."""

    source: str = ""
    tree: ast.Module | None = None
    problem: str = ""


def read_program(text: str) -> Program:
    r"""
    The Python in a text: its fenced Python blocks joined, else the whole text.

    >>> read_program("Here:\n```python\nx = 1\n```").source
    'x = 1'
    """
    source = code_in(text)
    if len(source) > _LONGEST:
        return Program(problem=f"longer than {_LONGEST:,} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in an answer is not our warning
            return Program(source, ast.parse(source))
    except SyntaxError as wrong:
        where = f" (line {wrong.lineno})" if wrong.lineno else ""
        return Program(problem=f"no Python that parses: {wrong.msg}{where}")
    except (ValueError, MemoryError, RecursionError) as wrong:
        return Program(problem=f"no Python that parses: {type(wrong).__name__}")


def code_in(text: str) -> str:
    """The fenced Python blocks of a text, else from its first line of code on, else all of it."""
    blocks = [body for language, body in fenced_blocks(text) if language in _PYTHON]
    if blocks:
        return "\n\n".join(blocks)
    return text.strip("\n")


def holds_code(text: str) -> bool:
    r"""
    Whether a text is, or fences, Python that defines or imports something.

    >>> holds_code("def f(x):\n    return x"), holds_code("a plain sentence")
    (True, False)
    """
    return _STARTS_CODE.search(code_in(text)) is not None and read_program(text).tree is not None


def shape_of(program: Program) -> str | None:
    """
    The program's syntax tree without docstrings and places; None where it has none.

    Two programs of one shape differ in layout, comments, quotes and docstrings alone.
    """
    if program.tree is None:
        return None
    try:
        return ast.dump(_Bare().visit(ast.parse(program.source)))
    except (RecursionError, MemoryError):
        return None


class _Bare(ast.NodeTransformer):
    """Takes docstrings out of a tree, at every level."""

    def _bare(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        body = getattr(node, "body", [])
        if body and _is_docstring(body[0]):
            node.body = body[1:] or [ast.Pass()]  # type: ignore[attr-defined] # the four visited have one
        return node

    visit_Module = visit_ClassDef = visit_FunctionDef = visit_AsyncFunctionDef = _bare  # noqa: N815 - names of `ast`


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


class CodeScorer(TextualScorer):
    """
    1 where both sides are the same Python program but for layout, comments and docstrings.

    Sameness of form is strict: two programs that do the same in different ways differ. Where
    tests exist, a scorer of your own that runs them says more.
    """

    @property
    @override
    def name(self) -> str:
        return "code"

    @override
    def against_answer(self, text: str, target: str) -> Score:
        mine, right = read_program(text), read_program(target)
        if mine.problem:
            return unparseable(mine.problem)
        if right.problem:
            return target_unparseable(right.problem)
        one, other = shape_of(mine), shape_of(right)
        if one is None or other is None:
            nested = "no Python that parses: nested too deeply"
            return unparseable(nested) if one is None else target_unparseable(nested)
        same = one == other
        return Score(value=float(same), reason="the same program" if same else "another program")
