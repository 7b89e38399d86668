"""Docstrings put into a file: what is not a docstring stays as it is, byte for byte."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping

import msgspec

from suffice.tasks.docstrings.facts import Documentable
from suffice.tasks.docstrings.literals import literal, tidied
from suffice.tasks.docstrings.places import Place, has_docstring, places
from suffice.tasks.docstrings.source import Source, Unreadable, parsed, read_source


class Misplaced(Exception):
    """A docstring would have changed something else. The file is left as it is."""


def spliced(source: Source, found: list[Place], texts: Mapping[int, str]) -> bytes:
    """
    A file's bytes with docstrings in it; see `spliced_text`.

    The bytes are read again too: the declaration of their encoding has to be where it counts.

    Raises:
        Misplaced: The result is not the same code.

    >>> from suffice.tasks.docstrings.source import read_source
    >>> source = read_source(b"def f(): return 1  # so")
    >>> spliced(source, places(source), {1: "One."})
    b'def f(): \"\"\"One.\"\"\"; return 1  # so'
    """
    text = spliced_text(source, found, texts)
    content = source.encoded(text)
    try:
        again = read_source(content)
    except Unreadable as wrong:
        raise Misplaced(f"the file could not be read again: {wrong}") from wrong
    if again != msgspec.structs.replace(source, text=text):
        raise Misplaced("the file would be read in another encoding")
    return content


def spliced_text(source: Source, found: list[Place], texts: Mapping[int, str]) -> str:
    """
    A file's text with docstrings in it.

    The result is parsed again: the tree without docstrings has to be the one it was, and each
    docstring has to say what it was to say.

    Args:
        source: The file.
        found: Its places.
        texts: Number of a place -> its docstring's text, tidied here.

    Raises:
        Misplaced: The result is not the same code.
    """
    said = {number: tidied(text) for number, text in texts.items()}
    if not all(text.strip() for text in said.values()):
        raise Misplaced("a docstring would be empty")
    pieces, behind = [], 0
    for number in sorted(said, key=lambda one: found[one].spot.start):
        spot = found[number].spot
        written = literal(
            said[number], indent=spot.indent, newline=source.newline, encoding=source.encoding
        )
        pieces += [source.text[behind : spot.start], spot.before, written, spot.after]
        behind = spot.end
    text = "".join([*pieces, source.text[behind:]])
    _check(source, text, _expected(found, said))
    return text


def _expected(found: list[Place], said: Mapping[int, str]) -> list[str | None]:
    return [
        inspect.cleandoc(said[number]) if number in said else place.docstring
        for number, place in enumerate(found)
    ]


def _check(source: Source, text: str, expected: list[str | None]) -> None:
    try:
        old, new = parsed(source.text), parsed(text)
        same = without_docstrings(old) == without_docstrings(new)
        have = [place.docstring for place in places(msgspec.structs.replace(source, text=text))]
    except (Unreadable, RecursionError) as wrong:
        raise Misplaced(f"the file cannot be checked: {wrong}") from wrong
    if not same:
        raise Misplaced("the code would not be the same")
    if have != expected:
        raise Misplaced("a docstring would not say what it was to say")


def without_docstrings(tree: ast.Module) -> str:
    """A tree's code in one line, whatever its docstrings say."""
    bodies = [(node, node.body) for node in _documentables(tree) if has_docstring(node)]
    for node, body in bodies:
        node.body = body[1:]
    try:
        return ast.dump(tree)
    finally:
        for node, body in bodies:
            node.body = body


def _documentables(tree: ast.Module) -> list[Documentable]:
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]
