"""What a task is called with, looked at before anything is made of it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from suffice.errors import BadOption

_CALLED = {
    str: "a text",
    int: "a whole number",
    bool: "True or False",
    NoneType: "None",
}


def check_given(
    build: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> None:
    """
    Refuse a plain argument of another kind than its annotation, such as bytes for a text.

    Arguments that may be of many kinds (labels, schemas, pictures) are the task's own to judge, and
    names it does not know are Python's.

    Raises:
        BadOption: One is of the wrong kind.

    >>> def classify(text: str, *, multi: bool = False): ...
    >>> check_given(classify, (b"hello",), {})
    Traceback (most recent call last):
        ...
    suffice.errors.BadOption: classify: text must be a text; this is bytes. Nothing was asked. \
Decode it first, for example with .decode("utf-8").
    """
    signature, plain = _read(build)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:
        return
    for name, value in bound.arguments.items():
        kinds = plain.get(name)
        if kinds is not None and not _is_one(value, kinds):
            wanted = " or ".join(_CALLED[kind] for kind in kinds)
            raise BadOption(
                f"{build.__name__}: {name} must be {wanted}; this is {type(value).__name__}.",
                effect="Nothing was asked.",
                next_step=_remedy(build.__name__, value, kinds),
            )


def _is_one(value: Any, kinds: tuple[type, ...]) -> bool:
    # To Python True is a 1; to whoever counts sentences it is a slip.
    return type(value) in kinds or (isinstance(value, kinds) and not isinstance(value, bool))


def _remedy(task: str, value: Any, kinds: tuple[type, ...]) -> str:
    if str not in kinds:
        return f"Give {_CALLED[kinds[0]]}."
    if isinstance(value, bytes | bytearray):
        return 'Decode it first, for example with .decode("utf-8").'
    if isinstance(value, Path):
        return "Read it first, for example with .read_text()."
    if isinstance(value, list | tuple):
        return f"For many inputs there is {task}.map(...)."
    return "Give a text."


@functools.cache
def _read(
    build: Callable[..., Any],
) -> tuple[inspect.Signature, dict[str, tuple[type, ...]]]:
    hints = {name: _kinds(hint) for name, hint in get_type_hints(build).items()}
    plain = {name: kinds for name, kinds in hints.items() if kinds and set(kinds) <= set(_CALLED)}
    return inspect.signature(build), plain


def _kinds(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
