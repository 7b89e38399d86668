"""What routing reads of a request."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.policy.fingerprint import fingerprint
from suffice.policy.history import read_history
from suffice.policy.view import RequestView, view_request

ASK: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "hi"}],
}
TEXTS = st.sampled_from(["hi", 'a "quote" and "cache_control"', "{", "é\n"])
BLOCKS = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, TEXTS),
    st.builds(
        lambda text: {"type": "text", "text": text, "citations": [{"type": "page_location"}]}, TEXTS
    ),
    st.just({"type": "thinking", "thinking": "hm", "signature": "s"}),
    st.just({"type": "image", "source": {"type": "base64", "data": "aaaa"}}),
    st.just({"type": "document", "source": {"type": "text", "data": "aaaa"}}),
    st.just({"type": "tool_use", "id": "1", "name": "n", "input": {"type": "image"}}),
    st.just({"type": "server_tool_use", "id": "1", "name": "n", "input": {}}),
    st.builds(
        lambda content: {"type": "tool_result", "tool_use_id": "1", "content": content},
        st.one_of(
            TEXTS,
            st.lists(
                st.sampled_from(
                    [{"type": "text", "text": "x"}, {"type": "image", "source": {"type": "url"}}]
                ),
                max_size=2,
            ),
        ),
    ),
    st.just(
        {
            "type": "search_result",
            "content": [{"type": "text", "text": "x", "citations": [{"a": 1}]}],
        }
    ),
    st.just({"type": "web_search_tool_result", "content": {"type": "error"}}),
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["user", "assistant", "system"]),
            "content": st.one_of(TEXTS, st.lists(BLOCKS, max_size=3)),
        }
    ),
    max_size=5,
)


def viewed(request: dict[str, Any], **headers: str) -> RequestView:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    view = view_request(named, json.dumps(request).encode())
    assert view is not None
    return view


@settings(max_examples=300, deadline=None)
@given(messages=MESSAGES)
def test_the_cheap_reading_of_the_messages_is_the_full_one(messages: list[dict[str, Any]]) -> None:
    view = viewed({**ASK, "messages": messages})

    assert view.history == read_history(messages)
    assert view.is_ongoing == any(message["role"] == "assistant" for message in messages)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'"text"',
        b"\xff\xfe",
        b'{"model": 7, "messages": []}',
        b'{"messages": []}',
        b'{"model": "m"}',
        b'{"model": "m", "messages": [], "stream": "yes"}',
        b'{"model": "m", "messages": [], "metadata": 5}',
        b'{"model": "m", "messages": []} x',
        b'{"model":"m","messages":' + b"[" * 100_000,
    ],
)
def test_what_is_no_request_has_no_view(body: bytes) -> None:
    assert view_request({}, body) is None


def test_the_header_names_the_type_before_metadata_does() -> None:
    request = {**ASK, "metadata": {"suffice_type": "sort"}}

    assert viewed(request).explicit_type == "sort"
    assert viewed(request, x_suffice_type="triage").explicit_type == "triage"
    assert viewed(ASK).explicit_type is None


@pytest.mark.parametrize(
    ("headers", "metadata", "expected"),
    [
        ({"x_suffice_session": "s1", "x_claude_code_session_id": "c1"}, {}, (b"session", b"s1")),
        (
            {"x_claude_code_session_id": "c1", "x_claude_code_agent_id": "a"},
            {},
            (b"claude-code", b"c1", b"a"),
        ),
        (
            {},
            {"user_id": "user_9f_account__session_0f9c2b7d-4e1a"},
            (b"user-id", b"0f9c2b7d-4e1a"),
        ),
        (
            {},
            {"user_id": '{"device_id":"d","session_id":"0f9c2b7d-4e1a"}'},
            (b"user-id", b"0f9c2b7d-4e1a"),
        ),
        ({}, {"user_id": "customer-7"}, (b"first", b"hi")),
        ({}, {}, (b"first", b"hi")),
    ],
)
def test_a_conversation_is_known_by_its_session_else_by_its_first_words(
    headers: dict[str, str], metadata: dict[str, str], expected: tuple[bytes, ...]
) -> None:
    assert viewed({**ASK, "metadata": metadata}, **headers).conversation == expected


def test_a_conversation_stays_the_same_as_it_grows_and_its_markers_wander() -> None:
    first = {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {}}]}
    later = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": "and now?"},
    ]

    assert viewed({**ASK, "messages": [first]}).conversation == (
        viewed({**ASK, "messages": later}).conversation
    )


@given(
    system=st.one_of(st.none(), TEXTS, st.lists(TEXTS.map(lambda t: {"type": "text", "text": t}))),
    tools=st.one_of(st.none(), st.lists(st.fixed_dictionaries({"name": TEXTS}), max_size=2)),
)
def test_the_view_and_the_whole_request_have_one_fingerprint(system: Any, tools: Any) -> None:
    request = {**ASK, "system": system, "tools": tools}

    assert viewed(request).fingerprint == fingerprint(request)


def test_a_clients_own_note_is_no_part_of_the_prompt() -> None:
    note = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330; cch=1a2b;"}
    prompt = {"type": "text", "text": "Sort."}

    assert fingerprint({"system": [note, prompt]}) == fingerprint({"system": [prompt]})


def test_a_marker_quoted_in_a_text_is_no_marker() -> None:
    quoted = {**ASK, "system": 'Write {"cache_control": {}} in JSON.'}
    marked = {**ASK, "cache_control": {"type": "ephemeral"}}

    assert not viewed(quoted).is_cached
    assert viewed(marked).is_cached


def test_pictures_are_no_text() -> None:
    picture = {"type": "image", "source": {"type": "base64", "data": "a" * 100_000}}

    view = viewed({**ASK, "messages": [{"role": "user", "content": [picture]}]})

    assert view.text_bytes < 300


@pytest.mark.parametrize("after", [[], [{"role": "system", "content": "Be brief."}]])
def test_a_tool_loop_is_open_also_where_a_system_message_follows(after: list[Any]) -> None:
    result = {"type": "tool_result", "tool_use_id": "1", "content": "x"}
    asked = {**ASK, "messages": [{"role": "user", "content": [result]}, *after]}
    view = view_request({}, json.dumps(asked).encode())
    assert view is not None

    assert view.in_tool_loop


def test_no_tool_loop_is_open_before_anything_was_said() -> None:
    view = view_request({}, json.dumps({**ASK, "messages": []}).encode())
    assert view is not None

    assert not view.in_tool_loop


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"model": "%b", "messages": []}' % (b"m" * 257), {}),
        (b'{"model": "m", "messages": [], "metadata": {"suffice_type": "%b"}}' % (b"t" * 257), {}),
        (b'{"model": "m", "messages": []}', {"x-suffice-type": "t" * 257}),
        (b'{"model": "m", "messages": [%b{}]}' % (b"{}," * 200_000), {}),
    ],
    ids=["a model", "a type in metadata", "a type in a header", "parts without end"],
)
def test_what_is_beyond_any_request_is_not_read(body: bytes, headers: dict[str, str]) -> None:
    assert view_request(headers, body) is None


@pytest.mark.parametrize("part", ["[]", "[1]", f'"{"x" * 100}"'])
def test_a_prompt_that_is_nobodys_has_no_fingerprint(part: str) -> None:
    body = f'{{"model": "m", "messages": [], "system": [{part}{f", {part}" * 200_000}]}}'
    view = view_request({}, body.encode())
    assert view is not None

    with pytest.raises(msgspec.ValidationError, match="nobody's"):
        _ = view.fingerprint
