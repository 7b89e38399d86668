"""
Edits to raw JSON: the named fields change, every other byte stays where it was.

Decoding and encoding again would lose what a provider may see and we must not touch: the order
and the repetition of keys, escapes, white space, the digits of a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec
from msgspec import Raw

from suffice.errors import UnfitEdit

_SPACE = re.compile(rb"[ \t\n\r]*")
_KEY = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"[ \t\n\r]*:[ \t\n\r]*', re.DOTALL)
_SCALAR = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[^\s,\]}"]+', re.DOTALL)
_SEPARATOR = re.compile(rb"[ \t\n\r]*,?[ \t\n\r]*")
_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)
_OPENS, _CLOSES, _SELF_ENDING = b"{[", b"}]", b'"{['
_WORTH_MEASURING = 2_048


class Edit(msgspec.Struct, frozen=True):
    """
    One change to a JSON document.

    Attributes:
        path: Keys and indexes from the top; indexes count in the document as it is.
        action: ``set`` puts the value there, also where nothing was; ``drop`` takes it out.
        value: The new value as JSON.
    """

    path: tuple[str | int, ...]
    action: Literal["set", "drop"]
    value: bytes = b""


class Edits(msgspec.Struct, frozen=True):
    """
    Changes, with what is already known of the document they are for.

    Attributes:
        changes: In any order; no path may lead through another.
        large: Top-level values as they stand in the document, so that they need not be walked.
    """

    changes: tuple[Edit, ...] = ()
    large: Mapping[str, Raw] = {}

    def __bool__(self) -> bool:
        """Whether there is anything to change."""
        return bool(self.changes)


class _Member(NamedTuple):
    """One member of an object or array: where it begins (its key), its value, and its end."""

    name: str | int
    begins: int
    value: int
    ends: int


def splice(body: bytes, changes: Edits | Iterable[Edit]) -> bytes:
    """
    The document with its named fields changed and every other byte as it was.

    Where a key is repeated, readers take the last; a value is set in every one of them, and
    dropped from every one, so that no reader can see another than ours.

    Args:
        body: A JSON object, valid as a whole.
        changes: What to change.

    Raises:
        UnfitEdit: A path leads where the document has no object or array, or no such index.

    >>> splice(b'{ "model":"a",  "x": 1.0 }', [Edit(("model",), "set", b'"b"')])
    b'{ "model":"b",  "x": 1.0 }'
    >>> splice(b'{"speed": "fast", "x": 12345678901234567890}', [Edit(("speed",), "drop")])
    b'{"x": 12345678901234567890}'
    """
    edits = changes if isinstance(changes, Edits) else Edits(tuple(changes))
    if not edits.changes:
        return body
    large = edits.large
    if not large and len(body) > _WORTH_MEASURING:
        large = _measured(body)
    begins = _after_space(body, 0)
    wanted = [(edit.path, edit) for edit in edits.changes]
    pieces = sorted(_replacements(body, begins, wanted, large=large))
    out: list[bytes] = []
    position = 0
    for start, end, text in pieces:
        out += (body[position:start], text)
        position = end
    out.append(body[position:])
    return b"".join(out)


_Wanted = list[tuple[tuple[str | int, ...], Edit]]


def _replacements(
    body: bytes, begins: int, wanted: _Wanted, *, large: Mapping[str, Raw]
) -> Iterator[tuple[int, int, bytes]]:
    """Which bytes give way to which, for the edits within one object or array."""
    if body[begins] not in _OPENS:
        raise _unfit(wanted[0][1])
    members = _members(body, begins, large=large)
    by_name: dict[str | int, list[_Member]] = {}
    for member in members:
        by_name.setdefault(member.name, []).append(member)
    dropped: set[int] = set()
    added: list[bytes] = []
    deeper: dict[str | int, _Wanted] = {}
    for path, edit in wanted:
        found = by_name.get(path[0], [])
        if not found and (len(path) > 1 or isinstance(path[0], int) or body[begins] == _ARRAY):
            raise _unfit(edit)
        if len(path) > 1:
            deeper.setdefault(path[0], []).append((path[1:], edit))
        elif edit.action == "drop":
            dropped |= {member.begins for member in found}
        elif found:
            yield from ((member.value, member.ends, edit.value) for member in found)
        else:
            added.append(msgspec.json.encode(path[0]) + b":" + edit.value)
    for name, below in deeper.items():
        # Of repeated objects the last is the one that counts.
        yield from _replacements(body, by_name[name][-1].value, below, large={})
    yield from _removals(members, dropped)
    if added:
        yield _addition(members, dropped, added, opens=begins)


def _removals(members: Sequence[_Member], dropped: set[int]) -> Iterator[tuple[int, int, bytes]]:
    """Each dropped member with exactly one comma, the one that then has nothing to part."""
    has_kept = False
    for index, member in enumerate(members):
        if member.begins not in dropped:
            has_kept = True
        elif has_kept:
            yield members[index - 1].ends, member.ends, b""
        else:
            is_last = index + 1 == len(members)
            yield member.begins, member.ends if is_last else members[index + 1].begins, b""


def _addition(
    members: Sequence[_Member], dropped: set[int], added: list[bytes], *, opens: int
) -> tuple[int, int, bytes]:
    """New members go behind the last one that stays."""
    text = b",".join(added)
    if any(member.begins not in dropped for member in members):
        return members[-1].ends, members[-1].ends, b"," + text
    if members:
        return members[-1].ends, members[-1].ends, text
    return opens + 1, opens + 1, text


def _members(body: bytes, begins: int, *, large: Mapping[str, Raw]) -> list[_Member]:
    """The members of the object or array that begins there."""
    is_object = body[begins] != _ARRAY
    members: list[_Member] = []
    position = _after_space(body, begins + 1)
    while body[position] not in _CLOSES:
        name: str | int = len(members)
        value, hint = position, None
        if is_object:
            key = _KEY.match(body, position)
            if key is None:
                raise _no_json()
            name = _key_name(key[1])
            value, hint = key.end(), large.get(name)
        ends = _value_end(body, value, hint=hint)
        members.append(_Member(name, position, value, ends))
        separator = _SEPARATOR.match(body, ends)
        position = separator.end() if separator else ends
    return members


def _key_name(written: bytes) -> str:
    if b"\\" in written:
        return msgspec.json.decode(b'"%b"' % written, type=str)
    return written.decode()


def _value_end(body: bytes, position: int, *, hint: Raw | None) -> int:
    first = body[position]
    if hint is not None and first in _SELF_ENDING:
        # A string, object or array is never the beginning of a longer one, so where these bytes
        # stand, they are the value, also among repeated keys.
        text = bytes(hint)
        if body.startswith(text, position):
            return position + len(text)
    if first not in _OPENS:
        found = _SCALAR.match(body, position)
        if found is None:
            raise _no_json()
        return found.end()
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(body, position):
        mark = body[found.start()]
        if mark != _QUOTE:
            depth += 1 if mark in _OPENS else -1
            if depth == 0:
                return found.end()
    raise _no_json()


def _after_space(body: bytes, position: int) -> int:
    found = _SPACE.match(body, position)
    return found.end() if found else position


def _measured(body: bytes) -> dict[str, Raw]:
    try:
        return _OBJECT.decode(body)
    except msgspec.DecodeError:
        return {}


def _unfit(edit: Edit) -> UnfitEdit:
    path = ".".join(map(str, edit.path))
    return UnfitEdit(
        f"The document has no place {path!r}.",
        effect="It was not changed.",
        next_step="Send it as it came.",
    )


def _no_json() -> UnfitEdit:
    return UnfitEdit(
        "The document is no JSON.", effect="It was not changed.", next_step="Send it as it came."
    )


_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_QUOTE, _ARRAY = b'"['
