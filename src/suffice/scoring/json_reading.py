"""JSON as models write it: fenced, embedded in prose, broken; read without hiding any of that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

import json_repair
import msgspec

from suffice.scoring.fences import fenced_blocks

_DEEPEST = 100
_LONGEST_REPAIR = 20_000
_MOST_BLOCKS = 5


class JsonReading(msgspec.Struct, frozen=True):
    """
    What was found in a text.

    Attributes:
        value: The value; None where ``problem`` is set.
        problem: Why there is none; empty where there is one.
        flags: ``fenced``, ``embedded`` (prose around it), ``repaired`` (not valid as written).
    """

    value: Any = None
    problem: str = ""
    flags: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return not self.problem


class _Refused(ValueError):
    """Valid for `json` but not for us: duplicate keys, NaN."""


def read_json(text: str, *, repair: bool = True) -> JsonReading:
    r"""
    The JSON value in a text: the whole text, else a fenced block, else from the first bracket.

    ``NaN``, ``Infinity`` and duplicate keys make a text not JSON; nesting deeper than 100 levels
    is refused. With ``repair``, what is broken as written is mended and flagged ``repaired``.

    >>> read_json('Here you are:\n```json\n{"a": 1}\n```')
    JsonReading(value={'a': 1}, problem='', flags=('fenced',))
    >>> read_json('{"a": 1,}').flags
    ('repaired',)
    >>> read_json('{"a": 1, "a": 2}', repair=False).problem
    'the key "a" occurs twice'
    """
    first_problem = ""
    candidates = list(_candidates(text))
    for body, flags in candidates:
        value, problem = _parse(body)
        if not problem:
            return JsonReading(value, flags=flags)
        first_problem = first_problem or problem
    if not candidates:
        first_problem = "no JSON in it"
    if repair and candidates and not first_problem.startswith("nested"):
        for body, flags in reversed(candidates):
            mended = _repair(body)
            if mended is not None:
                return JsonReading(mended, flags=(*flags, "repaired"))
    return JsonReading(problem=first_problem)


def _candidates(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    stripped = text.strip()
    if stripped[:1] in '{["-' or stripped[:1].isdigit() or stripped in {"true", "false", "null"}:
        yield stripped, ()
    blocks = [body.strip() for _, body in fenced_blocks(text)]
    for block in [block for block in blocks if block[:1] in ("{", "[")][: -_MOST_BLOCKS - 1 : -1]:
        yield block, ("fenced",)
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    if start >= 0 and not stripped.startswith(("{", "[")):
        end = max(text.rfind("}"), text.rfind("]"))
        yield text[start : end + 1] if end > start else text[start:], ("embedded",)
        brace = text.find("{")
        if brace > start and text.rfind("}") > brace:
            yield text[brace : text.rfind("}") + 1], ("embedded",)
    elif start >= 0:
        end = text.rfind("}" if stripped[0] == "{" else "]")
        if end > start and text[end + 1 :].strip():
            yield text[start : end + 1], ("embedded",)


def _parse(body: str, *, strict: bool = True) -> tuple[Any, str]:
    try:
        value = json.loads(
            body, strict=strict, object_pairs_hook=_without_duplicates, parse_constant=_refuse
        )
    except RecursionError:
        return None, f"nested deeper than {_DEEPEST} levels"
    except _Refused as refused:
        return None, str(refused)
    except ValueError as broken:
        return None, f"no valid JSON: {broken.args[0] if broken.args else broken}"[:160]
    if _deeper_than(value, _DEEPEST):
        return None, f"nested deeper than {_DEEPEST} levels"
    return value, ""


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Refused(f'the key "{key[:60]}" occurs twice')
            seen.add(key)
    return found


def _refuse(constant: str) -> NoReturn:
    raise _Refused(f"{constant} is no JSON value")


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _repair(body: str) -> Any | None:
    """The mended value; None where nothing but a scrap of text could be saved."""
    # Line breaks inside strings are by far the most common fault, and cheap to allow.
    value, problem = _parse(body, strict=False)
    if not problem and isinstance(value, dict | list):
        return value
    if len(body) > _LONGEST_REPAIR:
        return None
    try:
        mended = json_repair.loads(body, skip_json_loads=True)
        text = json.dumps(mended, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        return None
    value, problem = _parse(text)
    return value if not problem and isinstance(value, dict | list) and value else None
