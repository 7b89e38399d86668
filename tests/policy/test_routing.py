"""Where a request goes, and why."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.catalog import load_catalog
from suffice.policy.fingerprint import fingerprint
from suffice.policy.placements import Placements
from suffice.policy.routing import Known, Route, WarmPrefix, route
from suffice.policy.splice import splice
from suffice.policy.table import Guards, Policy, TypeRule
from suffice.policy.view import view_request
from suffice.pricing.conversation import Conversation, break_even_turns

BIG, SMALL, OLD_SMALL = "claude-opus-5-5", "claude-haiku-5-5", "claude-haiku-4-5"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
USER = {"role": "user", "content": "Sort this ticket."}
SAID = {"role": "assistant", "content": [{"type": "text", "text": "Billing."}]}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "s"}
CALL = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
RESULT = {
    "role": "user",
    "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x"}],
}
MORE = {"role": "user", "content": "And this?"}
ASK: dict[str, Any] = {"model": BIG, "max_tokens": 100, "messages": [USER]}
TALK = {**ASK, "messages": [USER, SAID, MORE]}
CACHED = {**TALK, "cache_control": {"type": "ephemeral"}}
SESSION = {"x-suffice-type": "triage", "x-suffice-session": "s1"}


def ruled(**fields: Any) -> Policy:
    return Policy(
        version=7, types={"triage": TypeRule(**{"baseline": BIG, "candidate": SMALL, **fields})}
    )


ALL = ruled(share=1.0)
NONE = ruled(share=0.0)


def routed(
    request: dict[str, Any],
    policy: Policy | None = ALL,
    *,
    headers: dict[str, str] | None = None,
    version: str = "2026-10-21",
    learnt: frozenset[str] = frozenset(),
    **known: Any,
) -> Route:
    view = view_request(SESSION if headers is None else headers, json.dumps(request).encode())
    assert view is not None
    return route(policy, view, key=b"k", version=version, learnt=learnt, known=Known(**known))


def remembering(request: dict[str, Any], served_as: str) -> Placements:
    """A memory in which this conversation was answered by a model."""
    memory = Placements(bytearray(320))
    number = routed(request).conversation
    assert number is not None
    memory.remember(number, served_as)
    return memory


def priced(prefix: WarmPrefix) -> int | None:
    """The break-even as `pricing` computes it."""
    return break_even_turns(
        Conversation(
            prefix_tokens=prefix.prefix_tokens,
            input_tokens=prefix.turn_tokens,
            output_tokens=prefix.turn_tokens,
        ),
        stay_on=prefix.stay_on,
        move_to=prefix.move_to,
        at=date(2026, 11, 22),
        catalog=load_catalog(),
    )


def test_a_request_within_the_share_goes_to_the_candidate_in_its_own_bytes() -> None:
    found = routed(ASK)

    assert (found.model, found.arm, found.policy_version) == (SMALL, "candidate", 7)
    body = json.dumps(ASK).encode()
    assert splice(body, found.body_edits) == body.replace(BIG.encode(), SMALL.encode())


@pytest.mark.parametrize(
    ("policy", "headers", "reason"),
    [
        (None, SESSION, "no policy"),
        (ALL, {}, "no type"),
        (ALL, {"x-suffice-type": "unheard-of"}, "no rule for the type"),
        (
            ruled(baseline="claude-sonnet-5-5", share=1.0),
            SESSION,
            "the rule is for claude-sonnet-5-5",
        ),
        (ruled(candidate=None), SESSION, "no candidate"),
        (NONE, SESSION, "not in the share"),
    ],
)
def test_in_doubt_a_request_goes_where_it_asked_to_untouched(
    policy: Policy | None, headers: dict[str, str], reason: str
) -> None:
    found = routed(ASK, policy, headers=headers)

    assert (found.model, found.reason, bool(found.body_edits)) == (BIG, reason, False)


@pytest.mark.parametrize(
    ("more", "version", "reason"),
    [
        ({}, "2026-10-21", "not in the share"),
        ({"tools": [{"name": "n", "input_schema": {}}]}, "2026-10-21", "offers tools"),
        ({}, "2027-01-01", "API version 2027-01-01 is not known"),
    ],
)
def test_what_the_candidate_would_not_get_in_its_share_either_is_no_measure_of_the_baseline(
    more: dict[str, Any], version: str, reason: str
) -> None:
    """
    Were it counted on one side alone, the guards would compare unlike with unlike.
    """
    few = ruled(share=1e-12, guards=Guards(tools=False))
    nobody = ruled(share=0.0, guards=Guards(tools=False))

    assert routed({**ASK, **more}, few, version=version).reason == reason
    assert routed({**ASK, **more}, nobody, version=version).reason == "not in the share"


def test_a_stale_policy_decides_nothing() -> None:
    stale = Policy(version=7, types=ALL.types, expires=NOON)

    assert routed(ASK, stale, at=NOON).reason == "policy 7 is stale"
    assert routed(ASK, stale, at=NOON - timedelta(seconds=1)).arm == "candidate"


def test_an_api_version_nobody_knows_is_not_translated_for() -> None:
    assert routed(ASK, version="2027-01-01").reason == "API version 2027-01-01 is not known"


def test_a_request_without_a_header_has_the_type_of_its_prompt_and_tools() -> None:
    asked = {**ASK, "system": "Sort tickets.", "tools": [{"name": "n", "input_schema": {}}]}
    policy = Policy(version=7, types=ALL.types, lookup={fingerprint(asked): "triage"})

    assert routed(asked, policy, headers={}).type == "triage"
    assert routed({**asked, "system": "Else."}, policy, headers={}).reason == "no type"


@pytest.mark.parametrize("policy", [ALL, NONE, None])
def test_a_type_in_metadata_is_taken_out_since_the_provider_knows_no_such_field(
    policy: Policy | None,
) -> None:
    body = json.dumps({**ASK, "metadata": {"user_id": "u", "suffice_type": "triage"}}).encode()
    view = view_request({}, body)
    assert view is not None

    found = route(policy, view, key=b"k", version="2026-10-21")

    assert json.loads(splice(body, found.body_edits))["metadata"] == {"user_id": "u"}


@given(session=st.text(min_size=1, max_size=9), low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_conversation_keeps_the_candidate_as_the_share_grows(
    session: str, low: float, high: float
) -> None:
    low, high = min(low, high), max(low, high)
    headers = {"x-suffice-type": "triage", "x-suffice-session": session}

    before = routed(ASK, ruled(share=low), headers=headers)
    after = routed(TALK, ruled(share=high), headers=headers)

    assert before.conversation == after.conversation
    if before.arm == "candidate":
        assert after.arm == "candidate"


def test_a_conversation_that_began_on_the_baseline_stays_there_as_the_share_grows() -> None:
    found = routed(TALK, memory=remembering(TALK, BIG))

    assert (found.arm, found.reason) == ("baseline", "keeps its model")


def test_another_conversation_with_the_same_first_words_is_assigned_anew() -> None:
    headers = {"x-suffice-type": "triage"}
    memory = Placements(bytearray(320))
    memory.remember(routed(ASK, headers=headers).conversation or 0, BIG)

    assert routed(ASK, headers=headers, memory=memory).arm == "candidate"
    assert routed(TALK, headers=headers, memory=memory).arm == "baseline"


def test_a_session_that_never_ends_moves_once_the_rollout_is_done() -> None:
    memory = remembering(ASK, BIG)

    assert routed(ASK, memory=memory).arm == "baseline"
    assert routed(ASK, ruled(share=1.0, done=True), memory=memory).arm == "candidate"


def test_who_nobody_remembers_stays_for_an_hour_after_a_ramp() -> None:
    ramped = ruled(share=1.0, ramped=NOON)
    memory = Placements(bytearray(320))

    soon = routed(TALK, ramped, memory=memory, at=NOON + timedelta(minutes=59))
    later = routed(TALK, ramped, memory=memory, at=NOON + timedelta(minutes=61))
    fresh = routed(ASK, ramped, memory=memory, at=NOON + timedelta(minutes=1))

    assert soon.reason == "may have begun before the share grew"
    assert (later.arm, fresh.arm) == ("candidate", "candidate")


def test_a_lost_share_takes_conversations_back_but_never_out_of_a_tool_loop() -> None:
    loop = {**ASK, "messages": [USER, {"role": "assistant", "content": [THOUGHT, CALL]}, RESULT]}
    memory = remembering(ASK, SMALL)

    assert routed(TALK, NONE, memory=memory).reason == "the candidate has no share any more"
    found = routed(loop, NONE, memory=memory)
    assert found.arm == "candidate"
    assert [edit.path for edit in found.body_edits.changes] == [("model",)]


def test_a_smaller_share_that_is_left_takes_nobody_back() -> None:
    tiny = ruled(share=1e-12)

    assert routed(TALK, tiny, memory=remembering(ASK, SMALL)).arm == "candidate"
    assert routed(TALK, tiny).arm == "baseline"


MOVE = ruled(share=1.0, guards=Guards(ongoing="move"))


def test_no_conversation_moves_inside_a_tool_loop() -> None:
    loop = {**ASK, "messages": [USER, {"role": "assistant", "content": [CALL]}, RESULT]}

    found = routed(loop, MOVE, memory=remembering(ASK, BIG))

    assert (found.arm, found.reason) == ("baseline", "in a tool loop")


def test_thinking_of_another_model_is_not_taken_from_before_thinking_that_is_bound() -> None:
    thought = {"role": "assistant", "content": [THOUGHT, {"type": "text", "text": "Billing."}]}
    talk = {**ASK, "messages": [USER, thought, MORE]}

    found = routed(talk, MOVE, memory=remembering(ASK, BIG))

    assert (found.arm, found.reason) == ("baseline", "holds thinking of another model")


def test_thinking_of_another_model_is_taken_out_where_the_candidate_binds_nothing() -> None:
    thought = {"role": "assistant", "content": [THOUGHT, {"type": "text", "text": "Billing."}]}
    body = json.dumps({**ASK, "messages": [USER, thought, MORE]}).encode()
    policy = ruled(candidate=OLD_SMALL, share=1.0, guards=Guards(ongoing="move"))

    found = routed(json.loads(body), policy, memory=remembering(ASK, BIG))

    assert found.arm == "candidate"
    sent = json.loads(splice(body, found.body_edits))
    assert sent["messages"] == [USER, SAID, MORE]


def test_the_candidates_own_thinking_stays_in_its_conversation() -> None:
    thought = {"role": "assistant", "content": [THOUGHT, CALL]}
    loop = {**ASK, "messages": [USER, thought, RESULT]}

    for memory in (None, remembering(ASK, SMALL)):
        found = routed(loop, memory=memory)
        assert [edit.path for edit in found.body_edits.changes] == [("model",)]


def test_a_warm_prefix_is_priced_before_it_moves() -> None:
    memory = remembering(ASK, BIG)
    cheap = routed(CACHED, MOVE, memory=memory, break_even=priced, prompt_tokens=50_000)
    dear = routed(
        CACHED,
        ruled(candidate=OLD_SMALL, share=1.0, guards=Guards(ongoing="move", pays_within_turns=2)),
        memory=memory,
        break_even=priced,
        prompt_tokens=50_000,
    )

    assert cheap.arm == "candidate"
    assert dear.arm == "baseline"
    assert "its prefix is cached, and a move would" in dear.reason


def test_a_warm_prefix_nobody_prices_never_moves() -> None:
    memory = remembering(ASK, BIG)

    assert routed(CACHED, MOVE, memory=memory).reason == (
        "its prefix is cached, and nobody prices the move"
    )
    assert routed(TALK, MOVE, memory=memory).arm == "candidate"


def test_what_the_candidate_refused_before_is_not_sent_again() -> None:
    shape = routed(ASK).shape

    found = routed({**ASK, "messages": [MORE]}, learnt=frozenset({shape}))

    assert found.reason == f"{SMALL} has refused such a request before"
    assert routed({**ASK, "stop_sequences": ["x"], "speed": "fast"}).shape != shape


def test_the_guards_keep_what_they_are_for_on_the_baseline() -> None:
    tooled = {**ASK, "tools": [{"name": "look", "input_schema": {"type": "object"}}]}
    long = {**ASK, "messages": [{"role": "user", "content": "x" * 10_000}]}

    assert routed(tooled, ruled(share=1.0, guards=Guards(tools=False))).reason == "offers tools"
    assert routed({**ASK, "tools": []}, ruled(share=1.0, guards=Guards(tools=False))).arm == (
        "candidate"
    )
    assert routed(long, ruled(share=1.0, guards=Guards(max_prompt_tokens=3_000))).reason == (
        "the prompt may be longer than 3,000 tokens"
    )


def test_a_prompt_that_may_be_too_long_for_the_candidate_stays() -> None:
    old = ruled(candidate=OLD_SMALL, share=1.0)
    long = {**ASK, "messages": [{"role": "user", "content": "x" * 600_000}]}
    picture = {"type": "image", "source": {"type": "base64", "data": "x" * 600_000}}

    assert routed(long, old).reason == "the prompt may be longer than 200,000 tokens"
    assert routed({**ASK, "messages": [{"role": "user", "content": [picture]}]}, old).arm == (
        "candidate"
    )


def test_the_same_model_with_other_settings_is_a_candidate_too() -> None:
    policy = ruled(candidate=f"{BIG}:effort=low", share=1.0)
    body = json.dumps(ASK).encode()

    found = routed(ASK, policy)

    assert json.loads(splice(body, found.body_edits)) == {**ASK, "output_config": {"effort": "low"}}
    assert routed(TALK, policy, memory=remembering(ASK, BIG)).arm == "baseline"


def test_a_candidate_with_settings_is_known_by_its_bare_name_as_well() -> None:
    policy = ruled(candidate=f"{SMALL}:effort=low", share=1e-12)

    for name in (SMALL, f"{SMALL}:effort=low"):
        assert routed(TALK, policy, memory=remembering(ASK, name)).arm == "candidate"
    assert routed(ASK, ruled(candidate=f"{SMALL}:effort=low", share=1.0)).served_as == (
        f"{SMALL}:effort=low"
    )


def test_a_dated_name_is_the_same_model() -> None:
    policy = ruled(baseline="claude-haiku-4-5", share=1.0)

    assert routed({**ASK, "model": "claude-haiku-4-5-20251001"}, policy).arm == "candidate"


@pytest.mark.parametrize(
    "broken",
    [
        {"messages": "hi"},
        {"messages": [5]},
        {"messages": [{"role": 7, "content": "x"}]},
        {"tools": "none"},
        {"tools": [7]},
        {"max_tokens": "many"},
        {"thinking": "yes"},
        {"thinking": {"type": "enabled", "budget_tokens": "all"}},
        {"temperature": "hot", "top_p": []},
        {"output_config": 5},
        {"context_management": {"edits": ["x"]}},
        {"tool_choice": "any"},
        {"tool_choice": {"type": []}},
    ],
)
def test_a_malformed_request_is_left_for_the_provider_to_refuse(broken: dict[str, Any]) -> None:
    found = routed({**ASK, **broken}, headers={"x-suffice-type": "triage"})

    assert (found.model, bool(found.body_edits)) == (BIG, False)


def test_a_candidate_whose_settings_its_model_rejects_leaves_everything_where_it_is() -> None:
    found = routed(ASK, ruled(candidate="claude-opus-5-5:thinking=off", share=1.0))

    assert found.arm == "baseline"
    assert "cannot run without thinking" in found.reason


def test_a_malformed_prompt_has_a_shape_nobody_knows() -> None:
    policy = Policy(version=7, types=ALL.types, lookup={"0" * 64: "triage"})

    for broken in ({"system": 1}, {"system": ["x"]}, {"tools": 1}, {"tools": {"a": 1}}):
        assert routed({**ASK, **broken}, policy, headers={}).reason == "no type"
