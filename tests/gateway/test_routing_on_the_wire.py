"""With a policy: the route's model is asked, only the named fields differ, and failures fall back."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from suffice.policy.rules import Policy, TypeRule

RULE = TypeRule(baseline="claude-opus-5-5", candidate="claude-haiku-5-5", share=1.0)
POLICY = Policy(version=7, types={"triage": RULE})
BODY = b'{ "model" : "claude-opus-5-5",\n "max_tokens":512, "x_unknown": 12345678901234567890.10, "messages":[{"role":"user","content":"x\xc3\xa9 \\u00e9"}]}'
TYPED = b"x-suffice-type: triage\r\n"


def model_of(body: bytes) -> str:
    found: str = msgspec.json.decode(body)["model"]
    return found


def says(*answers: bytes) -> Any:
    """Says one answer after another, then the last one again."""
    left = list(answers)

    async def say(_asked: Any, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = left.pop(0) if len(left) > 1 else left[0]
        writer.write(said)
        if not said:
            writer.close()

    return say


def status(code: int, *, extra: bytes = b"") -> bytes:
    body = b'{"type":"error","error":{"type":"x","message":"no"}}'
    return (
        b"HTTP/1.1 %d No\r\ncontent-type: application/json\r\nrequest-id: req_%d\r\n%bcontent-length: %d\r\n\r\n%b"
        % (code, code, extra, len(body), body)
    )


OK_BODY = b'{"id":"msg_1","type":"message","model":"m","stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}}'
OK = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_ok\r\ncontent-length: %d\r\n\r\n%b"
    % (len(OK_BODY), OK_BODY)
)


@pytest.fixture
def routed(upstream: Any, start_gateway: Any) -> Any:
    return start_gateway(upstream.url, policy=POLICY)


def test_only_the_named_fields_differ(routed: Any, upstream: Any, talk_to: Any, post: Any) -> None:
    talk = talk_to(routed)
    talk.send(post(BODY, extra=TYPED))
    answer = talk.read_until(b"end_turn")
    sent = upstream.asked[0].body

    assert model_of(sent) == "claude-haiku-5-5"
    assert sent.startswith(
        b'{ "model" : "claude-haiku-5-5",\n "max_tokens":512, "x_unknown": 12345678901234567890.10, "messages":[{"role":"user","content":"x\xc3\xa9 \\u00e9"}]'
    )
    for line in (
        b"x-suffice-type: triage",
        b"x-suffice-model: claude-haiku-5-5",
        b"x-suffice-policy: 7",
        b"x-suffice-reason: in the share of 100 %",
    ):
        assert line in answer


@pytest.mark.parametrize("extra", [b"", b"x-suffice-type: another\r\n"])
def test_what_no_rule_is_for_goes_where_it_asked_byte_for_byte(
    routed: Any, upstream: Any, talk_to: Any, post: Any, extra: Any
) -> None:
    talk = talk_to(routed)
    talk.send(post(BODY, extra=extra))
    talk.read_until(b"end_turn")

    assert upstream.asked[0].body == BODY


@pytest.mark.parametrize("code", [429, 500, 503, 529])
def test_a_candidate_that_fails_gives_way_to_the_model_asked_for(
    routed: Any, upstream: Any, talk_to: Any, post: Any, code: Any
) -> None:
    upstream.say = says(status(code), OK)
    talk = talk_to(routed)
    talk.send(post(BODY, extra=TYPED))
    answer = talk.read_until(b"end_turn")
    records = routed.wait_for(2)

    assert answer.startswith(b"HTTP/1.1 200")
    assert b"x-suffice-model: claude-opus-5-5" in answer
    assert upstream.asked[1].body == BODY
    assert sorted((each.attempt, each.arm, each.status, each.answered) for each in records) == [
        (1, "candidate", code, False),
        (2, "baseline", 200, True),
    ]


def test_a_candidate_that_hangs_up_gives_way_too(
    routed: Any, upstream: Any, talk_to: Any, post: Any
) -> None:
    upstream.say = says(b"", OK)
    talk = talk_to(routed)
    talk.send(post(BODY, extra=TYPED))

    assert talk.read_until(b"end_turn").startswith(b"HTTP/1.1 200")
    assert [each.error_type for each in sorted(routed.wait_for(2), key=lambda r: r.attempt)] == [
        "cut",
        None,
    ]


@pytest.mark.parametrize("code", [429, 529, 500])
def test_the_model_asked_for_is_not_replaced_when_it_fails(
    routed: Any, upstream: Any, talk_to: Any, post: Any, code: Any
) -> None:
    upstream.say = says(status(code, extra=b"retry-after: 9\r\n"), OK)
    talk = talk_to(routed)
    talk.send(post(BODY))
    answer = talk.read_until(b'"no"}}')

    assert answer.startswith(b"HTTP/1.1 %d" % code)
    assert b"retry-after: 9" in answer
    assert len(upstream.asked) == 1


def test_a_refusal_after_a_reroute_is_retried_as_asked_and_learnt(
    routed: Any, upstream: Any, talk_to: Any, post: Any
) -> None:
    upstream.say = says(status(400), OK)
    talk = talk_to(routed)
    for _ in range(2):
        talk.send(post(BODY, extra=TYPED))
        answer = talk.read_until(b"end_turn")

    assert [model_of(each.body) for each in upstream.asked] == [
        "claude-haiku-5-5",
        "claude-opus-5-5",
        "claude-opus-5-5",
    ]
    assert b"has refused such a request before" in answer


def test_a_request_both_models_refuse_is_the_clients_own_and_teaches_nothing(
    routed: Any, upstream: Any, talk_to: Any, post: Any
) -> None:
    upstream.say = says(status(400))
    talk = talk_to(routed)
    talk.send(post(BODY, extra=TYPED))

    assert talk.read_until(b'"no"}}').startswith(b"HTTP/1.1 400")
    assert routed.call(lambda: len(routed.house.decider.learnt)) == 0


def test_a_candidate_that_keeps_failing_rests(
    routed: Any, upstream: Any, talk_to: Any, post: Any
) -> None:
    upstream.say = says(status(529), OK, status(529), OK, status(529), OK)
    talk = talk_to(routed)
    for _ in range(4):
        talk.send(post(BODY, extra=TYPED))
        answer = talk.read_until(b"end_turn")

    assert b"x-suffice-reason: claude-haiku-5-5 is not answering" in answer
    assert len(upstream.asked) == 7


def test_a_conversation_keeps_the_model_that_answered_it(
    upstream: Any, start_gateway: Any, talk_to: Any, post: Any
) -> None:
    half = Policy(version=1, types={"triage": msgspec.structs.replace(RULE, share=0.0)})
    gateway = start_gateway(upstream.url, policy=half)
    talk = talk_to(gateway)
    session = TYPED + b"x-suffice-session: one\r\n"
    talk.send(post(BODY, extra=session))
    talk.read_until(b"end_turn")
    gateway.call(lambda: setattr(gateway.house.decider, "policy", POLICY))
    turn = {
        "model": "claude-opus-5-5",
        "max_tokens": 9,
        "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
        ],
    }
    talk.send(post(turn, extra=session))

    assert b"x-suffice-reason: keeps its model" in talk.read_until(b"end_turn")


def test_a_finished_rollout_may_stand_in_for_its_baseline_where_it_says_so(
    upstream: Any, start_gateway: Any, talk_to: Any, post: Any
) -> None:
    rule = msgspec.structs.replace(RULE, done=True, stand_in=True, share=0.0)
    gateway = start_gateway(upstream.url, policy=Policy(version=1, types={"triage": rule}))
    upstream.say = says(status(529), OK)
    talk = talk_to(gateway)
    talk.send(post(BODY, extra=TYPED))

    assert b"x-suffice-reason: stands in for claude-opus-5-5" in talk.read_until(b"end_turn")


def test_a_type_named_in_metadata_is_taken_out_again_also_on_the_way_back(
    routed: Any, upstream: Any, talk_to: Any, post: Any
) -> None:
    upstream.say = says(status(529), OK)
    body = {
        "model": "claude-opus-5-5",
        "max_tokens": 9,
        "metadata": {"suffice_type": "triage"},
        "messages": [{"role": "user", "content": "a"}],
    }
    talk = talk_to(routed)
    talk.send(post(body))
    talk.read_until(b"end_turn")

    assert [b"suffice_type" in each.body for each in upstream.asked] == [False, False]
    assert [model_of(each.body) for each in upstream.asked] == [
        "claude-haiku-5-5",
        "claude-opus-5-5",
    ]


def test_no_name_of_a_clients_can_add_a_header(
    routed: Any, upstream: Any, talk_to: Any, post: Any
) -> None:
    body = {"model": "evil\r\nset-cookie: a=b", "max_tokens": 9, "messages": []}
    talk = talk_to(routed)
    talk.send(post(body))
    answer = talk.read_until(b"end_turn")

    assert b"\r\nset-cookie" not in answer
