"""
Edits to raw JSON: the named fields change, every other byte stays where it was.

Decoding and encoding again would lose what a provider may see and we must not touch: the order
and the repetition of keys, escapes, white space, the digits of a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Raw

from suffice.errors import UnfitEdit

WORTH_MEASURING = 8_192
"""Bytes up to which a document is decoded once more rather than walked with known parts."""

_SPACE = re.compile(rb"[ \t\n\r]*")
_SEPARATOR = re.compile(rb"[ \t\n\r]*,?[ \t\n\r]*")
# Possessive throughout: nothing here is ever matched in a second way.
_SCALAR = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\s,\]}"{[]++'
# A scalar with what parts it from the next value, or the bracket that opens an object or array.
_VALUE = rb"(?:(" + _SCALAR + rb")[ \t\n\r]*+,?+[ \t\n\r]*+|[{[])"
_ELEMENT = re.compile(rb"()" + _VALUE, re.DOTALL)
_MEMBER = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"[ \t\n\r]*+:[ \t\n\r]*+' + _VALUE, re.DOTALL)
_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)
_OPENS, _CLOSES = b"{[", b"}]"


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
        result: The document with the changes made, where it is known already.
    """

    changes: tuple[Edit, ...] = ()
    large: Mapping[str, Raw] = {}
    result: bytes | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to change."""
        return bool(self.changes)


# One member of an object or array: its name, where it begins (its key), its value, and its end.
_Member = tuple[str | int, int, int, int]


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
    try:
        return _spliced(body, edits)
    except UnicodeDecodeError:  # in a name, which no reader of JSON takes
        raise _no_json() from None


def _spliced(body: bytes, edits: Edits) -> bytes:
    if not edits.changes:
        return body
    if edits.result is not None:
        return edits.result
    large = edits.large
    if len(body) <= WORTH_MEASURING:
        text = _put_together(body, edits.changes)
        if text is not None:
            return text
    elif not large:
        large = _measured(body)
    begins = _after_space(body, 0)
    wanted = [(edit.path, edit) for edit in edits.changes]
    pieces: list[_Piece] = []
    _replace(body, begins, wanted, large=large, pieces=pieces)
    pieces.sort()
    out: list[bytes] = []
    position = 0
    for start, end, text in pieces:
        out += (body[position:start], text)
        position = end
    out.append(body[position:])
    return b"".join(out)


def _put_together(body: bytes, changes: Sequence[Edit]) -> bytes | None:
    """
    The document with fields of its own changed, made from its members; None: it has to be walked.

    Nearly every client writes the same way, with a space behind each comma and colon or with
    none. Only where the members, written so, are the document byte for byte is it made from them.
    """
    members = _measured(body)
    first = next(iter(members), "").encode()
    colon, comma = (b": ", b", ") if body.startswith(b'{"%b": ' % first) else (b":", b",")
    written = {name: b'"%b"%b%b' % (name.encode(), colon, value) for name, value in members.items()}
    if b"{%b}" % comma.join(written.values()) != body:
        return None
    added: list[bytes] = []
    for edit in changes:
        name = edit.path[0]
        if len(edit.path) > 1 or isinstance(name, int):
            return None
        if edit.action == "drop":
            written.pop(name, None)
        elif name in written:
            written[name] = b'"%b"%b%b' % (name.encode(), colon, edit.value)
        else:
            added.append(msgspec.json.encode(name) + b":" + edit.value)
    kept = [comma.join(written.values())] if written else []
    return b"{%b}" % b",".join(kept + added)


_Wanted = list[tuple[tuple[str | int, ...], Edit]]
# From where to where bytes give way, and to which.
_Piece = tuple[int, int, bytes]


def _replace(
    body: bytes, begins: int, wanted: _Wanted, *, large: Mapping[str, Raw], pieces: list[_Piece]
) -> None:
    """Note which bytes give way to which, for the edits within one object or array."""
    if body[begins] not in _OPENS:
        raise _unfit(wanted[0][1])
    members = _members(body, begins, large=large)
    by_name: dict[str | int, list[_Member]] = {}
    for member in members:
        by_name.setdefault(member[0], []).append(member)
    dropped: set[int] = set()
    added: list[bytes] = []
    deeper: dict[str | int, _Wanted] = {}
    for path, edit in wanted:
        name = path[0]
        found = by_name.get(name, ())
        if not found and (len(path) > 1 or isinstance(name, int) or body[begins] == _ARRAY):
            raise _unfit(edit)
        if len(path) > 1:
            deeper.setdefault(name, []).append((path[1:], edit))
        elif edit.action == "drop":
            dropped |= {start for _, start, _, _ in found}
        elif found:
            pieces += [(value, ends, edit.value) for _, _, value, ends in found]
        else:
            added.append(msgspec.json.encode(name) + b":" + edit.value)
    for name, below in deeper.items():
        # Of repeated objects the last is the one that counts.
        _replace(body, by_name[name][-1][2], below, large={}, pieces=pieces)
    _remove(members, dropped, pieces)
    if added:
        pieces.append(_addition(members, dropped, added, opens=begins))


def _remove(members: Sequence[_Member], dropped: set[int], pieces: list[_Piece]) -> None:
    """Each dropped member goes with exactly one comma, the one that then has nothing to part."""
    has_kept = False
    for index, (_, begins, _, ends) in enumerate(members):
        if begins not in dropped:
            has_kept = True
        elif has_kept:
            pieces.append((members[index - 1][3], ends, b""))
        else:
            is_last = index + 1 == len(members)
            pieces.append((begins, ends if is_last else members[index + 1][1], b""))


def _addition(
    members: Sequence[_Member], dropped: set[int], added: list[bytes], *, opens: int
) -> _Piece:
    """New members go behind the last one that stays."""
    text = b",".join(added)
    if not members:
        return opens + 1, opens + 1, text
    ends = members[-1][3]
    if any(begins not in dropped for _, begins, _, _ in members):
        text = b"," + text
    return ends, ends, text


def _members(body: bytes, begins: int, *, large: Mapping[str, Raw]) -> list[_Member]:
    """The members of the object or array that begins there."""
    is_object = body[begins] != _ARRAY
    next_one = (_MEMBER if is_object else _ELEMENT).match
    members: list[_Member] = []
    position = _after_space(body, begins + 1)
    while body[position] not in _CLOSES:
        found = next_one(body, position)
        if found is None:
            raise _no_json()
        name: str | int = _key_name(found[1]) if is_object else len(members)
        value, ends = found.span(2)
        following = found.end()
        if ends < 0:
            value = following - 1
            hint = large.get(name) if isinstance(name, str) else None
            ends = _closed(body, value, hint=hint)
            separator = _SEPARATOR.match(body, ends)
            following = separator.end() if separator else ends
        members.append((name, position, value, ends))
        position = following
    return members


def _key_name(written: bytes) -> str:
    if b"\\" in written:
        return msgspec.json.decode(b'"%b"' % written, type=str)
    return written.decode()


def _closed(body: bytes, position: int, *, hint: Raw | None) -> int:
    """Where the object or array ends that begins there."""
    if hint is not None:
        # An object or array is never the beginning of a longer one, so where these bytes stand,
        # they are the value, also among repeated keys.
        text = bytes(hint)
        if body.startswith(text, position):
            return position + len(text)
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
    except (msgspec.DecodeError, UnicodeDecodeError):
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
