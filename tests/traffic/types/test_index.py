"""What makes a type, and what does not."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.errors import BadOption
from suffice.traffic.types import Change, Shape, TypeIndex, shape_of, tag_of

_TICKETS = [
    Shape(system=f"Sort the ticket.\nToday is {day}.\nLabels: a, b") for day in range(100, 130)
]


def test_a_value_nobody_has_seen_is_the_same_type() -> None:
    index = TypeIndex.learn(_TICKETS)

    found = index.find(Shape(system="Sort the ticket.\nToday is Friday.\nLabels: a, b"))

    assert found.known
    assert found.name == index.type_of(_TICKETS[0])


def test_an_edited_line_is_a_new_type_that_knows_its_relative() -> None:
    index = TypeIndex.learn(_TICKETS)

    found = index.find(Shape(system="Sort the ticket.\nToday is 7.\nLabels: a, b, c"))

    assert not found.known
    assert found.name.startswith("new-")
    assert found.related == index.type_of(_TICKETS[0])


def test_an_added_line_is_a_new_type() -> None:
    index = TypeIndex.learn(_TICKETS)

    assert not index.find(
        Shape(system="Sort the ticket.\nToday is 7.\nBe brief.\nLabels: a, b")
    ).known


def test_a_line_added_beside_a_value_is_a_new_type_too() -> None:
    names = ["Ann", "Bob and Cyd", "Dan of Wales", "Eve", "the Smiths from next door", "Gus"]
    index = TypeIndex.learn(
        [
            Shape(system=f"Sort the ticket.\n{n} {name}\nLabels: a, b")
            for n, name in enumerate(names)
        ]
    )

    assert index.find(Shape(system="Sort the ticket.\n9 Zoe\nLabels: a, b")).known
    assert not index.find(Shape(system="Sort the ticket.\n9 Zoe\nBe rude.\nLabels: a, b")).known


def test_the_callers_own_tag_always_wins() -> None:
    index = TypeIndex.learn(_TICKETS)

    assert index.type_of(Shape(system=_TICKETS[0].system, tag="triage")) == "triage"


def test_other_tools_are_another_type_and_their_order_is_not() -> None:
    one = {"name": "a", "input_schema": {"type": "object"}}
    two = {"name": "b", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}}
    both = shape_of({"system": "Use tools.", "tools": [one, two]})
    turned = shape_of({"system": "Use tools.", "tools": [{**two, "cache_control": None}, one]})
    index = TypeIndex.learn([both] * 3)

    assert index.find(turned).known
    assert not index.find(shape_of({"system": "Use tools.", "tools": [one]})).known


def test_a_masked_log_and_an_unmasked_request_are_the_same_type() -> None:
    logged = Shape(system="Sort the mail.\nAsk <email:abcdefghij> if in doubt.")
    index = TypeIndex.learn([logged] * 3)

    on_its_way = Shape(system="Sort the mail.\nAsk help@example.org if in doubt.")

    assert index.find(on_its_way) == index.find(logged)


def test_a_conversation_keeps_its_type_to_its_end() -> None:
    opening = [{"role": "user", "content": "hi"}]
    later = [*opening, {"role": "assistant", "content": "yes?"}, {"role": "user", "content": "bye"}]

    assert shape_of({"system": "Chat.", "messages": opening}) == shape_of(
        {"system": "Chat.", "messages": later}
    )


def test_learning_more_keeps_the_names_and_keys_that_were_given() -> None:
    first = TypeIndex.learn(_TICKETS)
    more = [Shape(system="Write a poem.")] * 4

    second = TypeIndex.learn([*_TICKETS, *more], base=first)

    assert second.find(_TICKETS[0]) == first.find(_TICKETS[0])
    assert second.find(more[0]).known


def test_what_is_learnt_later_never_forgets_the_lines_known_before() -> None:
    """
    Two templates that came too seldom at first are not one template with a gap later on.
    """
    index = TypeIndex.learn([Shape(system=f"<doc>\nSort it. {n % 2}\n</doc>") for n in range(20)])
    later = [
        Shape(system=f"<doc>\nSort it. {n % 2}\nremark {n} of {n * 7}\n</doc>") for n in range(12)
    ]

    more = TypeIndex.learn(later, base=index)

    assert more.type_of(later[0]) != more.type_of(later[1])


def test_renamed_and_merged_types_keep_who_did_it_and_why() -> None:
    index = TypeIndex.learn([*_TICKETS, *[Shape(system="Write a poem.")] * 4])
    name, poem = index.type_of(_TICKETS[0]), index.type_of(Shape(system="Write a poem."))
    renamed = index.changed(Change(action="rename", type=name, into="triage", by="ann"))

    merged = renamed.changed(Change(action="merge", type=poem, into="triage", reason="tiny"))

    assert merged.type_of(Shape(system="Write a poem.")) == "triage"
    assert [(c.by, c.reason) for c in merged.learnt.changes] == [("ann", ""), ("", "tiny")]


def test_a_name_that_is_taken_is_refused() -> None:
    index = TypeIndex.learn([*_TICKETS, *[Shape(system="Write a poem.")] * 4])
    name, poem = index.type_of(_TICKETS[0]), index.type_of(Shape(system="Write a poem."))

    with pytest.raises(BadOption, match="taken"):
        index.changed(Change(action="rename", type=name, into=poem))


def test_a_pinned_type_is_not_changed_until_it_is_unpinned() -> None:
    index = TypeIndex.learn(_TICKETS)
    name = index.type_of(_TICKETS[0])
    pinned = index.changed(Change(action="pin", type=name))

    with pytest.raises(BadOption, match="pinned"):
        pinned.changed(Change(action="rename", type=name, into="x"))
    free = pinned.changed(Change(action="unpin", type=name))
    assert free.changed(Change(action="rename", type=name, into="x")).type_of(_TICKETS[0]) == "x"


def test_a_split_type_is_taken_apart_by_its_first_user_turn() -> None:
    asked = [Shape(opening=f"Translate into German:\n{n} dogs") for n in range(20)]
    asked += [Shape(opening=f"Give a title for:\n{n} cats") for n in range(20)]
    index = TypeIndex.learn(asked)
    name = index.type_of(asked[0])
    assert index.type_of(asked[-1]) == name

    split = TypeIndex.learn(asked, base=index.changed(Change(action="split", type=name)))

    assert split.type_of(asked[0]) == split.type_of(asked[5]) != split.type_of(asked[-1])


def test_labels_that_name_no_type_are_no_tag() -> None:
    assert not tag_of({"env": "prod", "name": "ChatAnthropic"})


_LINES = st.sampled_from(
    ["Sort it.", "Be brief.", "Use JSON.", "Today is 3.", "Today is 9.", "x y z", ""]
)
_SHAPES = st.builds(
    Shape,
    system=st.lists(_LINES, max_size=5).map("\n".join) | st.text(max_size=40),
    tools=st.sampled_from([b"", b'[{"name": "a"}]', b"no json", b"\xff"]),
    tag=st.sampled_from(["", "", "t"]),
    app=st.sampled_from(["", "web"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_SHAPES, max_size=25), st.lists(_SHAPES, max_size=8))
def test_a_gateway_and_a_log_say_the_same_in_whatever_order_they_ask(
    sample: list[Shape], asked: list[Shape]
) -> None:
    """
    What an index answers depends on what was learnt and on the shape, on nothing else.
    """
    offline = TypeIndex.learn(sample)
    online = TypeIndex.from_bytes(offline.to_bytes())

    told = [offline.find(shape) for shape in [*asked, *sample]]

    assert [online.find(shape) for shape in reversed([*asked, *sample])] == told[::-1]
    assert [TypeIndex.from_bytes(online.to_bytes()).find(s) for s in [*asked, *sample]] == told


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=10,
    ),
    st.sampled_from(["system", "tools", "messages", "tool_choice", "output_config"]),
)
def test_whatever_stands_in_a_request_it_has_a_shape(value: object, field: str) -> None:
    TypeIndex().find(shape_of({field: value}))


def test_finding_a_type_needs_no_heavy_library() -> None:
    code = (
        "import sys, suffice.traffic.types; "
        "print(*{'scipy', 'numpy', 'httpx2', 'duckdb', 'starlette', 'genai_prices'} & set(sys.modules))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.split() == []
