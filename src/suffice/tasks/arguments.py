"""A task's arguments as they are written on a command line."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from suffice.errors import BadOption, UnreadableFile

_OBJECT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_OBJECTS = frozenset({"labels", "intents", "schema", "agents", "tools", "rules", "examples"})
_LABELS = frozenset({"labels", "intents"})
_TEXTS = frozenset({"instructions", "focus", "style", "model", "region"})


def read_arguments(written: Iterable[str]) -> dict[str, Any]:
    """
    Arguments out of ``NAME=VALUE``.

    A value is JSON where it can be read as JSON, ``@FILE`` for JSON in a file, and else a text;
    instructions and other texts are always texts. Labels and intents may be parted by commas.
    These, a schema, agents, tools and rules may be a Python object, ``package.module:NAME``; a
    schema may also be the name of a ready one.

    Raises:
        BadOption: It has no ``=``, or names nothing that can be loaded.
        UnreadableFile: A file cannot be read, or is no JSON.

    >>> read_arguments(["labels=billing, delivery", "multi=true", "instructions=5"])
    {'labels': ['billing', 'delivery'], 'multi': True, 'instructions': '5'}
    """
    found = {}
    for one in written:
        name, mark, value = one.partition("=")
        if not mark or not name.isidentifier():
            raise _bad(f"{one!r} is no NAME=VALUE.")
        found[name] = _value(name, value)
    return found


def _value(name: str, written: str) -> Any:
    if name in _TEXTS:
        return written
    if written.startswith("@"):
        return _read(Path(written[1:]))
    if name in _OBJECTS and _OBJECT.fullmatch(written):
        return _load(written)
    try:
        return msgspec.json.decode(written)
    except msgspec.DecodeError:
        return _words(name, written)


def _words(name: str, written: str) -> Any:
    if name in _LABELS:
        return [label.strip() for label in written.split(",") if label.strip()]
    return _ready(written) if name == "schema" else written


def _read(path: Path) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise UnreadableFile(
            f"{path} cannot be read as JSON: {error}.",
            effect="Nothing was asked.",
            next_step="Check the path, and that the file is one JSON document.",
        ) from error


def _load(written: str) -> Any:
    module, _, attribute = written.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as wrong:
        raise _bad(f"{written} cannot be loaded: {wrong}.") from wrong
    return found


def _ready(written: str) -> Any:
    ready = importlib.import_module("suffice.tasks.ready")
    found = getattr(ready, written, None) if written in ready.__all__ else None
    if found is None:
        raise _bad(f"There is no ready schema {written!r}; there are {', '.join(ready.__all__)}.")
    return found


def _bad(what: str) -> BadOption:
    return BadOption(
        what,
        effect="Nothing was asked.",
        next_step="Write it as NAME=VALUE, NAME=@FILE.json or NAME=package.module:OBJECT.",
    )
