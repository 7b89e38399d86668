"""Edits to raw JSON leave every other byte where it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.errors import UnfitEdit
from suffice.policy.splice import Edit, splice

KEYS = st.sampled_from(["model", "max_tokens", "thinking", "x", "é", 'q"uote', "a\\b", "{", "]"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**30), max_value=10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
)
VALUES = st.recursive(
    SCALARS,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(KEYS, below, max_size=3)),
    max_leaves=8,
)
SPACES = st.sampled_from(["", " ", "\n", "\t ", "\r\n  "])


def written(value: Any) -> st.SearchStrategy[str]:
    """A value as some client might write it."""
    return _written(value)


@st.composite
def _written(draw: st.DrawFn, value: Any) -> str:
    """Odd spaces, and escapes where none are needed."""

    def space() -> str:
        return draw(SPACES)

    match value:
        case dict():
            inner = (
                f"{space()}{draw(written(key))}{space()}:{space()}{draw(written(below))}{space()}"
                for key, below in value.items()
            )
            return "{" + (",".join(inner) or space()) + "}"
        case list():
            inner = (f"{space()}{draw(written(below))}{space()}" for below in value)
            return "[" + (",".join(inner) or space()) + "]"
        case str():
            text = json.dumps(value, ensure_ascii=draw(st.booleans()))
            if value[:1].isascii() and value[:1].isalpha() and draw(st.booleans()):
                text = f'"\\u{ord(value[0]):04x}' + json.dumps(value[1:])[1:]
            return text
        case _:
            return json.dumps(value)


class Written(NamedTuple):
    """One member as it was written: the space before it, key and colon, value, space behind."""

    key: str
    before: str
    name: str
    value: str
    behind: str


@st.composite
def objects(draw: st.DrawFn) -> tuple[list[Written], str]:
    """A JSON object whose keys may repeat, member by member, and its text."""
    members = [
        Written(
            key,
            draw(SPACES),
            f"{draw(written(key))}{draw(SPACES)}:{draw(SPACES)}",
            draw(written(value)),
            draw(SPACES),
        )
        for key, value in draw(st.lists(st.tuples(KEYS, VALUES), max_size=6))
    ]
    return members, text_of(members) if members else draw(SPACES).join("{}")


def text_of(members: Sequence[Written]) -> str:
    return "{" + ",".join("".join(member[1:]) for member in members) + "}"


def pairs(text: bytes) -> list[tuple[str, Any]]:
    """The top-level members in order, repeated ones too, numbers as they are written."""

    def told(found: list[tuple[str, Any]]) -> Any:
        return tuple(found)

    read = json.loads(text, object_pairs_hook=told, parse_int=str, parse_float=str)
    return list(read)


@settings(max_examples=150, deadline=None)
@given(document=objects(), key=KEYS, value=VALUES)
def test_setting_a_field_changes_the_bytes_of_its_value_and_no_other(
    document: tuple[list[Written], str], key: str, value: Any
) -> None:
    members, text = document
    new = json.dumps(value)

    changed = splice(text.encode(), [Edit((key,), "set", new.encode())]).decode()

    assert json.loads(changed) == {**json.loads(text), key: value}
    if any(member.key == key for member in members):
        expected = [m._replace(value=new) if m.key == key else m for m in members]
        assert changed == text_of(expected)
    else:
        added = ("," if members else "") + msgspec.json.encode(key).decode() + ":" + new
        place = len(text_of(members)) - len(members[-1].behind) - 1 if members else 1
        assert changed == text[:place] + added + text[place:]


@settings(max_examples=150, deadline=None)
@given(document=objects(), gone=st.lists(KEYS, unique=True, max_size=4))
def test_dropping_fields_leaves_the_others_as_they_were_written(
    document: tuple[list[Written], str], gone: list[str]
) -> None:
    members, text = document

    changed = splice(text.encode(), [Edit((key,), "drop") for key in gone])

    assert pairs(changed) == [pair for pair in pairs(text.encode()) if pair[0] not in gone]
    rest = changed.decode()
    for member in members:
        if member.key not in gone:
            before, found, rest = rest.partition(member.name + member.value)
            assert found
            assert not before.strip(" \t\r\n,{")
    assert not rest.strip(" \t\r\n,{}")


@settings(max_examples=150, deadline=None)
@given(
    document=st.dictionaries(KEYS, VALUES, max_size=5),
    spaced=st.booleans(),
    changes=st.dictionaries(KEYS, st.one_of(st.none(), SCALARS), min_size=1, max_size=3),
)
def test_a_plainly_written_document_changes_as_an_oddly_written_one_does(
    document: dict[str, Any], spaced: bool, changes: dict[str, Any]
) -> None:
    separators = (", ", ": ") if spaced else (",", ":")
    plain = json.dumps(document, separators=separators, ensure_ascii=False).encode()
    edits = [
        Edit((key,), "drop") if value is None else Edit((key,), "set", json.dumps(value).encode())
        for key, value in changes.items()
    ]

    # A space in front is enough to have it walked.
    assert b" " + splice(plain, edits) == splice(b" " + plain, edits)


@settings(max_examples=100, deadline=None)
@given(document=objects())
def test_no_edit_is_no_change(document: tuple[list[Written], str]) -> None:
    assert splice(document[1].encode(), []) == document[1].encode()


@settings(max_examples=100, deadline=None)
@given(data=st.data(), elements=st.lists(VALUES, max_size=6))
def test_dropping_elements_leaves_the_others_in_order(
    data: st.DataObject, elements: list[Any]
) -> None:
    body = ('{"a": ' + data.draw(written(elements)) + "}").encode()
    gone = data.draw(st.sets(st.integers(0, max(0, len(elements) - 1)))) if elements else set()

    changed = splice(body, [Edit(("a", place), "drop") for place in gone])

    assert json.loads(changed)["a"] == [e for place, e in enumerate(elements) if place not in gone]


def test_only_the_value_moves() -> None:
    body = (
        b'\n{ "max_tokens" :\t128000 ,"n":1e2,"big":123456789012345678901234567890,"s":"\\u00e9"}\n'
    )

    changed = splice(body, [Edit(("max_tokens",), "set", b"64000")])

    assert changed == body.replace(b"128000", b"64000")


def test_a_key_written_in_escapes_is_still_that_key() -> None:
    assert splice(b'{"\\u006dodel":"a"}', [Edit(("model",), "set", b'"b"')]) == (
        b'{"\\u006dodel":"b"}'
    )


def test_a_repeated_key_is_set_in_each_place_so_that_no_reader_sees_another_value() -> None:
    body = b'{"model":"a", "x":[{"model":"z"}], "model":"b"}'

    assert splice(body, [Edit(("model",), "set", b'"c"')]) == (
        b'{"model":"c", "x":[{"model":"z"}], "model":"c"}'
    )


def test_a_field_of_that_name_deeper_down_is_another_field() -> None:
    body = b'{"messages":[{"model":"a","t":"\\"model\\":\\"a\\""}],"model":"a"}'

    assert splice(body, [Edit(("model",), "set", b'"b"')]).count(b'"b"') == 1


def test_a_large_repeated_field_does_not_lead_astray() -> None:
    first = json.dumps([{"role": "user", "content": 'x", "model": "trap", "y": "' * 200}])
    second = json.dumps([{"role": "user", "content": "y" * 5_000}])
    body = f'{{"messages": {first}, "model": "a", "messages": {second}}}'.encode()

    changed = splice(body, [Edit(("model",), "set", b'"b"')])

    assert changed == body.replace(b'"model": "a", "messages"', b'"model": "b", "messages"')


def test_nested_fields_are_set_added_and_dropped() -> None:
    body = (
        b'{"output_config": {"effort": "max", "format": {"type": "json_schema"}}, "thinking":{ }}'
    )

    changed = splice(
        body,
        [
            Edit(("output_config", "effort"), "drop"),
            Edit(("thinking", "type"), "set", b'"adaptive"'),
        ],
    )

    assert changed == (
        b'{"output_config": {"format": {"type": "json_schema"}}, "thinking":{"type":"adaptive" }}'
    )


def test_everything_can_be_dropped_and_something_added() -> None:
    assert (
        splice(
            b'{ "a": 1, "b": 2 }',
            [Edit(("a",), "drop"), Edit(("b",), "drop"), Edit(("c",), "set", b"3")],
        )
        == b'{ "c":3 }'
    )


@pytest.mark.parametrize("path", [("a", "b"), ("list", 7), ("list", "x"), ("text", "x"), ("no", 1)])
def test_a_path_that_leads_nowhere_is_refused(path: tuple[str | int, ...]) -> None:
    with pytest.raises(UnfitEdit):
        splice(b'{"a": 1, "list": [1], "text": "x"}', [Edit(path, "set", b"2")])


@pytest.mark.parametrize("filling", [0, 2_000])
@pytest.mark.parametrize("odd", [b'"x": "\xff"', b'"\xff": 1', b'"\xff": {"\xfe": ["\xfd"]}'])
def test_a_document_that_is_no_text_is_changed_as_any_other_or_unfit(
    odd: bytes, filling: int
) -> None:
    body = b'{"model": "a", %b, "messages": [%b"x"]}' % (odd, b'"x",' * filling)
    change = [Edit(("model",), "set", b'"b"')]

    if odd.startswith(b'"x"'):
        assert splice(body, change) == body.replace(b'"a"', b'"b"', 1)
    else:
        with pytest.raises(UnfitEdit):
            splice(body, change)
