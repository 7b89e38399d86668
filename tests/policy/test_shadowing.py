"""Which requests a second model answers unseen, and what it is asked."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from suffice.policy.routing import Route, route
from suffice.policy.rules import Guards, Policy, TypeRule
from suffice.policy.shadowing import Shadow, shadow_of
from suffice.policy.splice import splice
from suffice.policy.view import view_request

KEY = b"secret"
VERSION = "2026-10-21"
OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"


def body(**more: Any) -> bytes:
    plain = {"model": OPUS, "max_tokens": 99, "messages": [{"role": "user", "content": "hello"}]}
    return json.dumps({**plain, **more}).encode()


def policy(*, share: float = 0.0, shadow: float = 1.0) -> Policy:
    rule = TypeRule(baseline=OPUS, candidate=HAIKU, share=share, shadow=shadow)
    return Policy(version=3, types={"triage": rule})


def drawn(
    rules: Policy, request: bytes, *, session: str = "", served: Route | None = None
) -> tuple[Shadow | None, dict[str, Any]]:
    headers = {"x-suffice-type": "triage"} | ({"x-suffice-session": session} if session else {})
    view = view_request(headers, request)
    assert view is not None
    found = served or route(rules, view, key=KEY, version=VERSION)
    shadow = shadow_of(rules, view, found, key=KEY, version=VERSION)
    return shadow, json.loads(splice(request, shadow.edits)) if shadow else {}


def test_before_the_candidate_has_a_share_it_answers_a_copy_without_streaming() -> None:
    shadow, copy = drawn(policy(), body(stream=True, temperature=0.5))
    assert shadow is not None
    assert (shadow.model, shadow.served_by, shadow.probability) == (HAIKU, "baseline", 1.0)
    assert copy["model"] == HAIKU
    assert "stream" not in copy


def test_after_it_has_a_share_the_baseline_answers_the_clients_own_request() -> None:
    shadow, copy = drawn(policy(share=1.0), body(stream=True))
    assert shadow is not None
    assert (shadow.model, shadow.served_by) == (OPUS, "candidate")
    assert copy == json.loads(body())


def test_what_the_baseline_serves_beside_a_share_is_not_shadowed() -> None:
    shares = {
        shadow.served_by
        for n in range(60)
        if (shadow := drawn(policy(share=0.5), body(), session=f"s{n}")[0]) is not None
    }
    assert shares == {"candidate"}


def test_a_share_of_the_sessions_is_drawn_and_always_the_same_ones() -> None:
    def sessions() -> set[int]:
        return {n for n in range(2_000) if drawn(policy(shadow=0.2), body(), session=f"s{n}")[0]}

    assert sessions() == sessions()
    assert 320 <= len(sessions()) <= 480


def test_agents_are_compared_at_any_of_their_steps_once_a_session() -> None:
    turns = [{"role": "user", "content": "go"}]
    tools = [{"name": "look", "input_schema": {"type": "object"}}]
    depths: dict[int, int] = {}
    for n in range(400):
        found = []
        for depth in range(6):
            said = turns + [{"role": "assistant", "content": "on"}, turns[0]] * depth
            shadow, _ = drawn(policy(), body(messages=said, tools=tools), session=f"s{n}")
            if shadow is not None:
                assert shadow.probability == 0.5 ** (depth + 1)
                found.append(depth)
        assert len(found) <= 1
        for depth in found:
            depths[depth] = depths.get(depth, 0) + 1
    assert 160 <= depths[0] <= 240
    assert 70 <= depths[1] <= 130
    assert set(range(5)) <= set(depths)


def test_thinking_of_the_model_that_served_it_keeps_a_request_out() -> None:
    said = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "x"}]},
        {"role": "user", "content": "on"},
    ]
    shadow, _ = drawn(policy(), body(messages=said))
    assert shadow is not None
    assert "thinking" in shadow.why_not


def test_what_the_candidate_may_not_take_is_not_sent_to_it() -> None:
    rule = TypeRule(baseline=OPUS, candidate=HAIKU, shadow=1.0, guards=Guards(max_prompt_tokens=1))
    shadow, _ = drawn(Policy(version=1, types={"triage": rule}), body())
    assert shadow is not None
    assert shadow.why_not == "the prompt may be longer than 1 tokens"


def _served(arm: str) -> Route:
    found = Route(model=OPUS, requested=OPUS, type="triage", reason="", conversation=1)
    return msgspec.structs.replace(found, arm=arm)


@pytest.mark.parametrize("arm", ["requested"])
def test_what_no_rule_applied_to_is_never_shadowed(arm: str) -> None:
    shadow, _ = drawn(policy(), body(), served=_served(arm))
    assert shadow is None


def test_a_fallback_to_the_baseline_is_not_taken_for_the_candidates_answer() -> None:
    shadow, _ = drawn(policy(share=1.0), body(), served=_served("baseline"))
    assert shadow is None


def test_our_own_field_never_reaches_the_provider() -> None:
    marked = body(metadata={"suffice_type": "triage", "user_id": "u"})
    _, copy = drawn(policy(share=1.0), marked)
    assert copy["metadata"] == {"user_id": "u"}
