"""Whatever comes in, a route comes out."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.policy.placements import Placements
from suffice.policy.routing import Known, route
from suffice.policy.splice import splice
from suffice.policy.table import Guards, Policy, TypeRule
from suffice.policy.view import view_request

WORDS = st.sampled_from(
    ["user", "assistant", "text", "thinking", "tool_result", "type", "content", "enabled", "x", "é"]
)
KEYS = st.sampled_from(
    [
        "type",
        "role",
        "content",
        "text",
        "source",
        "citations",
        "budget_tokens",
        "edits",
        "effort",
        "user_id",
        "session_id",
        "suffice_type",
    ]
)
ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        WORDS,
    ),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(KEYS, below, max_size=4)),
    max_leaves=10,
)
FIELDS = st.sampled_from(
    [
        "messages",
        "system",
        "tools",
        "max_tokens",
        "thinking",
        "output_config",
        "tool_choice",
        "temperature",
        "top_p",
        "top_k",
        "speed",
        "metadata",
        "context_management",
        "stream",
        "compaction",
        "unknown",
    ]
)
RULE = TypeRule(
    baseline="claude-opus-5-5",
    candidate="claude-haiku-4-5",
    share=1.0,
    guards=Guards(ongoing="move", max_prompt_tokens=5_000),
)
POLICY = Policy(version=1, types={"t": RULE}, lookup={"0" * 64: "t"})


@settings(max_examples=400, deadline=None)
@given(
    fields=st.dictionaries(FIELDS, ANYTHING, max_size=6),
    headers=st.dictionaries(
        st.sampled_from(["x-suffice-type", "x-suffice-session", "anthropic-beta"]),
        st.sampled_from(["t", "", "é"]),
    ),
    version=st.sampled_from(["2023-06-01", "2026-10-21", "", "x" * 5_000]),
)
def test_no_request_can_make_routing_fail(
    fields: dict[str, Any], headers: dict[str, str], version: str
) -> None:
    request = {
        "model": "claude-opus-5-5",
        "messages": [{"role": "user", "content": "hi"}],
        **fields,
    }
    body = json.dumps(request).encode()
    view = view_request(headers, body)
    if view is None:
        return
    memory = Placements(bytearray(320))

    for _ in range(2):
        found = route(POLICY, view, key=b"k", version=version, known=Known(memory=memory))
        sent = splice(body, found.body_edits)
        expected = {"claude-haiku-4-5"} if found.arm == "candidate" else {"claude-opus-5-5"}
        assert {found.model, json.loads(sent)["model"]} == expected
        if found.conversation is not None:
            # The next time round it has been answered by the other side.
            memory.remember(found.conversation, "claude-opus-5-5")


@settings(max_examples=300)
@given(body=st.binary(max_size=60))
def test_no_bytes_can_make_the_view_fail(body: bytes) -> None:
    assert view_request({}, body) is None


def test_depth_is_no_way_to_make_routing_fail() -> None:
    deep = b"[" * 200_000 + b"]" * 200_000
    for field in (b"system", b"tools", b"messages", b"unknown", b"thinking"):
        rest = b"" if field == b"messages" else b',"messages":[{"role":"user","content":"hi"}]'
        body = b'{"model":"claude-opus-5-5","%b":%b%b}' % (field, deep, rest)
        view = view_request({}, body)
        if view is not None:
            found = route(POLICY, view, key=b"k", version="2026-10-21")
            assert found.model == "claude-opus-5-5"
