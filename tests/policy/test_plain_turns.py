"""What is remembered of plain turns is what would have been found anew."""

from __future__ import annotations

import json
from collections.abc import Container
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.policy.placements import Memory, Placements
from suffice.policy.plain_turns import PlainTurns
from suffice.policy.routing import BreakEven, Known, Route, route
from suffice.policy.splice import splice
from suffice.policy.table import Guards, Policy, TypeRule
from suffice.policy.view import view_request

BIG, SMALL = "claude-opus-5-5", "claude-haiku-5-5"
VERSION, KEY = "2026-10-21", b"k"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
TYPED = {"x-suffice-type": "triage"}
SESSION = {**TYPED, "x-suffice-session": "s"}
RULE = TypeRule(baseline=BIG, candidate=SMALL, share=0.5)
HALF = Policy(version=7, types={"triage": RULE})
ALL = Policy(version=8, types={"triage": TypeRule(baseline=BIG, candidate=SMALL, share=1.0)})
MODELS = st.sampled_from([BIG, SMALL])
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "max_tokens": st.sampled_from([9, 100]),
    "temperature": st.sampled_from([0.5, 1.0]),
    "system": st.sampled_from(
        ["Sort.", 'a "messages": [] b', "[]", "\u0000 the messages stand here"]
    ),
    "metadata": st.sampled_from([{"suffice_type": "triage"}, {"user_id": "u"}]),
    "thinking": st.just({"type": "enabled", "budget_tokens": 1024}),
    "tools": st.just([{"name": "look", "input_schema": {"type": "object"}}]),
    "stream": st.booleans(),
    "x": st.sampled_from([12345678901234567890, [{"role": "user", "content": "a"}], []]),
}
SAID = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
CACHED = {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}}
THINKING = {"type": "thinking", "thinking": "c", "signature": "d"}
THOUGHT = {"role": "assistant", "content": [THINKING, {"type": "text", "text": "b"}]}
MESSAGES = st.sampled_from(
    [
        [{"role": "user", "content": "a"}],
        [{"role": "user", "content": "Sort this ticket, which is a longer one."}],
        [{"role": "user", "content": [{"type": "text", "text": "b"}]}],
        [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "u"}}]}],
        [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
        [{"role": "assistant", "content": "b"}],
        [*SAID, {"role": "user", "content": "b"}],
        [*SAID, {"role": "system", "content": "b"}, {"role": "user", "content": "b"}],
        [*SAID, {"role": "user", "content": [{"type": "text", "text": "b"}]}],
        [*SAID, {"role": "user", "content": [CACHED]}],
        [*SAID, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}],
        [THOUGHT, {"role": "user", "content": "b"}],
        [],
        ["no message"],
    ]
)
HEADERS = st.sampled_from([TYPED, SESSION, {**TYPED, "anthropic-beta": "b"}, {}])


@st.composite
def requests(draw: st.DrawFn) -> tuple[dict[str, str], bytes]:
    """A request as one of a few clients writes it; some repeat a key."""
    fields = draw(st.fixed_dictionaries({"model": MODELS}, optional=FIELDS))
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " : ")]))
    pieces = [json.dumps(name) + colon + json.dumps(value) for name, value in fields.items()]
    for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
        place = draw(st.integers(min_value=0, max_value=len(pieces)))
        pieces.insert(place, f'"messages"{colon}{json.dumps(draw(MESSAGES))}')
    if draw(st.sampled_from([False, False, True])):
        # Any field once more, and a name that is written with an escape.
        pieces.append(draw(st.sampled_from(pieces)))
        pieces[-1] = f'"\\u{ord(pieces[-1][1]):04x}' + pieces[-1][2:]
    return draw(HEADERS), ("{" + comma.join(pieces) + "}").encode()


def through(
    turns: PlainTurns,
    policy: Policy,
    headers: dict[str, str],
    body: bytes,
    *,
    learnt: Container[str] = (),
    memory: Memory | None = None,
    break_even: BreakEven = lambda _: 2,
) -> tuple[Route, bytes, bool]:
    """A request's route and changed body, and whether they were remembered."""
    view = view_request(headers, body)
    assert view is not None
    turn = turns.read(policy, view, version=VERSION, memory=memory)
    found = None if turn is None else turns.route(turn, learnt=learnt)
    if found is not None:
        return found, splice(body, found.body_edits), True
    known = Known(at=NOW, memory=memory, break_even=break_even)
    found = route(policy, view, key=KEY, version=VERSION, learnt=learnt, known=known)
    if turn is not None:
        turns.note(turn, found)
    return found, splice(body, found.body_edits), False


def sent(text: str = "a", **fields: Any) -> bytes:
    messages = [{"role": "user", "content": text}]
    return json.dumps({"model": BIG, "max_tokens": 9, **fields, "messages": messages}).encode()


def taught(policy: Policy = ALL, body: bytes = sent()) -> PlainTurns:
    """Turns that remember a request: it was seen twice."""
    turns = PlainTurns(KEY)
    for _ in range(2):
        assert not through(turns, policy, TYPED, body)[2]
    return turns


@st.composite
def rules(draw: st.DrawFn) -> TypeRule:
    """A rule as a rollout may leave it at some moment."""
    share = draw(st.sampled_from([0.0, 0.5, 1.0]))
    return TypeRule(
        baseline=BIG,
        candidate=draw(st.sampled_from([SMALL, f"{SMALL}:temperature=0"])),
        share=share,
        before=share / 2,
        ramped=draw(st.sampled_from([None, NOW - timedelta(minutes=1), NOW - timedelta(days=1)])),
        done=draw(st.booleans()),
        guards=Guards(ongoing=draw(st.sampled_from(["stay", "move"]))),
    )


@given(st.lists(requests(), min_size=1, max_size=4), rules(), st.data())
def test_routes_and_bodies_are_those_found_anew(
    asked: list[tuple[dict[str, str], bytes]], rule: TypeRule, data: st.DataObject
) -> None:
    policy = Policy(version=7, types={"triage": rule})
    turns, memory = PlainTurns(KEY), Placements(bytearray(4_096))
    for headers, body in asked * 3:
        found, changed, _ = through(turns, policy, headers, body, memory=memory)
        anew, expected, _ = through(PlainTurns(KEY), policy, headers, body, memory=memory)
        assert changed == expected
        assert found.body_edits.changes == anew.body_edits.changes
        for name in set(Route.__struct_fields__) - {"body_edits"}:
            assert getattr(found, name) == getattr(anew, name), name
        served = data.draw(st.sampled_from([None, found.served_as, BIG, rule.candidate]))
        if served and found.conversation is not None:
            memory.remember(found.conversation, served)


def test_the_turns_of_a_session_are_remembered_by_the_side_that_has_it() -> None:
    turns, memory = PlainTurns(KEY), Placements(bytearray(4_096))
    body = talk("a", "b", "c")

    for served in (SMALL, BIG, SMALL):
        number = through(turns, ALL, SESSION, body, memory=memory)[0].conversation
        assert number is not None
        memory.remember(number, served)
        for _ in range(2):
            found, _, _ = through(turns, ALL, SESSION, body, memory=memory)
        found, _, remembered = through(turns, ALL, SESSION, body, memory=memory)
        assert (found.model, remembered) == (served, True)


def talk(*said: str, **fields: Any) -> bytes:
    roles = ("user", "assistant")
    messages = [{"role": roles[place % 2], "content": words} for place, words in enumerate(said)]
    return json.dumps({"model": BIG, "max_tokens": 9, **fields, "messages": messages}).encode()


def test_a_conversation_older_than_the_ramp_is_not_taken_for_a_new_one() -> None:
    ramped = TypeRule(baseline=BIG, candidate=SMALL, share=1.0, ramped=NOW - timedelta(minutes=1))
    policy = Policy(version=7, types={"triage": ramped})
    turns, memory = taught(policy, talk("a" * 200)), Placements(bytearray(4_096))

    new = through(turns, policy, TYPED, talk("b"), memory=memory)
    old = through(turns, policy, TYPED, talk("b", "c", "d"), memory=memory)

    assert (new[0].arm, new[2]) == ("candidate", True)
    assert (old[0].arm, old[2]) == ("baseline", False)


def test_whether_a_move_pays_is_asked_for_each_conversation() -> None:
    rule = TypeRule(baseline=BIG, candidate=SMALL, share=1.0, guards=Guards(ongoing="move"))
    policy = Policy(version=7, types={"triage": rule})
    turns, memory = PlainTurns(KEY), Placements(bytearray(4_096))
    system = [{"type": "text", "text": "Sort.", "cache_control": {"type": "ephemeral"}}]

    def arm(words: str) -> str:
        body = talk("a", words, "c", system=system)
        number = through(PlainTurns(KEY), policy, SESSION, body)[0].conversation
        assert number is not None
        memory.remember(number, BIG)
        pays = 2 if len(words) < 9 else None
        found = through(turns, policy, SESSION, body, memory=memory, break_even=lambda _: pays)
        return found[0].arm

    assert [arm("long " * 9) for _ in range(3)] == ["baseline"] * 3
    assert arm("short") == "candidate"


def test_other_words_take_the_remembered_route_with_their_own_conversation() -> None:
    turns = taught()

    found, changed, remembered = through(turns, ALL, TYPED, sent("b"))

    anew, _, _ = through(PlainTurns(KEY), ALL, TYPED, sent("b"))
    assert remembered
    assert found.conversation == anew.conversation
    assert json.loads(changed) == {**json.loads(sent("b")), "model": SMALL}


def test_a_conversation_beyond_the_share_is_remembered_apart() -> None:
    turns = PlainTurns(KEY)
    texts = [str(number) for number in range(40)]
    for text in texts:
        through(turns, HALF, TYPED, sent(text))

    arms = {through(turns, HALF, TYPED, sent(text))[::2][0].arm for text in texts}

    assert arms == {"baseline", "candidate"}
    assert all(through(turns, HALF, TYPED, sent(text))[2] for text in texts)


@pytest.mark.parametrize(
    "other",
    [
        sent(max_tokens=10),
        sent(system="Other."),
        sent(metadata={"user_id": "v"}),
        sent(stream=True),
        sent().replace(b'"max_tokens": ', b'"max_tokens":'),
    ],
)
def test_whatever_else_differs_is_routed_anew(other: bytes) -> None:
    assert not through(taught(), ALL, TYPED, other)[2]


def test_other_headers_are_routed_anew() -> None:
    turns = taught()

    assert not through(turns, ALL, {**TYPED, "anthropic-beta": "b"}, sent())[2]


def test_another_policy_forgets() -> None:
    turns = taught()
    without = Policy(version=9, types={"triage": TypeRule(baseline=BIG, candidate=SMALL)})

    found, changed, remembered = through(turns, without, TYPED, sent())

    assert not remembered
    assert (found.arm, changed) == ("baseline", sent())


def test_a_policy_that_expires_is_asked_each_time() -> None:
    soon = Policy(version=7, types=ALL.types, expires=datetime(2026, 12, 1, tzinfo=UTC))
    turns = PlainTurns(KEY)

    assert not any(through(turns, soon, TYPED, sent())[2] for _ in range(3))


def test_what_was_learnt_since_holds() -> None:
    turns = taught()
    shape = through(turns, ALL, TYPED, sent())[0].shape

    found, changed, remembered = through(turns, ALL, TYPED, sent(), learnt={shape})

    assert not remembered
    assert (found.arm, changed) == ("baseline", sent())
    assert through(turns, ALL, TYPED, sent())[0].arm == "candidate"


def test_a_longer_prompt_is_held_against_its_limit() -> None:
    guards = Guards(max_prompt_tokens=100)
    rule = TypeRule(baseline=BIG, candidate=SMALL, share=1.0, guards=guards)
    policy = Policy(version=7, types={"triage": rule})
    turns = taught(policy)

    assert through(turns, policy, TYPED, sent("a" * 400))[0].arm == "baseline"
    assert through(turns, policy, TYPED, sent("b"))[0].arm == "candidate"


def test_a_type_by_look_up_is_remembered_too() -> None:
    view = view_request({}, sent())
    assert view is not None
    policy = Policy(version=7, types=ALL.types, lookup={view.fingerprint: "triage"})
    turns = PlainTurns(KEY)

    kept = [through(turns, policy, {}, sent(text))[2] for text in "abc"]

    assert kept == [False, False, True]


def test_what_is_remembered_is_bounded() -> None:
    turns = PlainTurns(KEY)
    for number in range(600):
        for _ in range(2):
            through(turns, ALL, TYPED, sent(system=f"Sort for customer {number}."))

    assert len(turns) < 300
