"""Docstring tasks: the code is unchanged, and everything about it is documented."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from suffice.records import Answer, Case, Reference, Score
from suffice.scoring.code_scorer import Program, holds_code, read_program, shape_of
from suffice.scoring.reading import scorer_failed, unparseable, unusable
from suffice.scoring.requests import last_user_text

Function = ast.FunctionDef | ast.AsyncFunctionDef
_RETURNS = re.compile(r"\b(?:return|yield)(?:s|ed|ing)?\b|:rtype", re.IGNORECASE)
_PROSE_BEFORE_CODE = re.compile(r"^(?=(?:@\w|(?:async\s+)?def\s|class\s))", re.MULTILINE)


class DocstringScorer:
    """
    How much of a function an answer documents, if it left its code alone.

    The function is the first one in the request's last user turn. An answer is the function
    with a docstring, or the docstring alone. Code that was changed, or no longer parses, scores
    0; otherwise the score is the share of what there is to document (a summary, every parameter,
    that it returns or yields, each exception it raises by name) that the docstring names. What
    the docstring says of them is not judged. The target is not looked at.
    """

    @property
    def name(self) -> str:
        """See `ports.Scorer.name`."""
        return "code"

    def score(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:
        """See `ports.Scorer.score`."""
        failed = unusable(answer, target)
        if failed is not None:
            return failed
        asked = function_in_request(case)
        if asked is None:
            return scorer_failed("there is no Python function in the request")
        docstring = answer.text
        if holds_code(answer.text):
            written = _same_function(read_program(answer.text), asked)
            if isinstance(written, str):
                return Score(reason=written, paths=(asked.name,))
            docstring = ast.get_docstring(written) or ""
        elif "```" in answer.text:
            return unparseable(read_program(answer.text).problem or "no function in it")
        return documented(asked, docstring)


def function_in_request(case: Case) -> Function | None:
    """The first Python function in the request's last user turn; None where there is none."""
    text = last_user_text(case.request)
    program = read_program(text)
    if program.tree is None:
        start = _PROSE_BEFORE_CODE.search(text)
        program = read_program(text[start.start() :]) if start else program
    return next(_functions(program), None)


def documented(function: Function, docstring: str) -> Score:
    r"""
    The share of what there is to document that a docstring names.

    >>> tree = ast.parse("def f(a, b):\n    return a")
    >>> documented(tree.body[0], "Give a back.\n\nReturns: a").paths
    ('b',)
    """
    missing = [name for name, pattern in _to_document(function) if not pattern.search(docstring)]
    total = sum(1 for _ in _to_document(function))
    reason = (
        "documents everything" if not missing else f"does not document {', '.join(missing[:5])}"
    )
    return Score(value=1 - len(missing) / total, reason=reason, paths=tuple(missing[:40]))


def _to_document(function: Function) -> Iterator[tuple[str, re.Pattern[str]]]:
    yield "a summary", re.compile(r"\w")
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    starred = [extra for extra in (given.vararg, given.kwarg) if extra is not None]
    for argument in [*named, *starred]:
        if argument.arg not in {"self", "cls"}:
            yield argument.arg, re.compile(rf"(?<!\w){re.escape(argument.arg)}(?!\w)")
    inside = list(_own_nodes(function))
    if any(isinstance(node, ast.Return) and _gives(node.value) for node in inside) or any(
        isinstance(node, ast.Yield | ast.YieldFrom) for node in inside
    ):
        yield "what it returns", _RETURNS
    for name in sorted({_raised(node) for node in inside if isinstance(node, ast.Raise)} - {""}):
        yield name, re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function's body, without functions and classes defined inside."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


def _gives(value: ast.expr | None) -> bool:
    return value is not None and not (isinstance(value, ast.Constant) and value.value is None)


def _raised(node: ast.Raise) -> str:
    named = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    if isinstance(named, ast.Attribute):
        return named.attr
    # "raise error" passes on what was caught: its name says nothing.
    return named.id if isinstance(named, ast.Name) and named.id[:1].isupper() else ""


def _functions(program: Program) -> Iterator[Function]:
    if program.tree is not None:
        for node in ast.walk(program.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def _same_function(program: Program, asked: Function) -> Function | str:
    written = next((f for f in _functions(program) if f.name == asked.name), None)
    if written is None:
        return f"the function {asked.name} is missing"
    shapes = [shape_of(Program(ast.unparse(f), ast.Module([f], []))) for f in (written, asked)]
    return written if shapes[0] == shapes[1] else f"the code of {asked.name} was changed"
