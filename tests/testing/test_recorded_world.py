"""Recorded models behind the strict fake: their own words, and nobody else's."""

from __future__ import annotations

from typing import Any

from suffice.records import Answer, Case
from suffice.testing import Fails, Said, ToolCall
from suffice.testing.recorded_world import RecordedWorld, said

BIG, SMALL = "claude-opus-5-5", "claude-haiku-5-5"
CALL = '[{"type": "tool_use", "name": "look", "input": {"at": "sky"}}]'


def case(name: str, **answers: str) -> Case:
    return Case(
        id=name,
        type="t",
        request={"messages": [{"role": "user", "content": name}]},
        answers={model: Answer(text=text) for model, text in answers.items()},
    )


def ask(world: RecordedWorld, of: Case, model: str) -> Any:
    return world.answer({**world.request(of), "model": model, "metadata": {"user_id": "u"}})


def test_each_model_says_what_it_said_to_this_very_question() -> None:
    one, other = case("one", **{BIG: "1", SMALL: "i"}), case("other", **{BIG: "2"})
    world = RecordedWorld([one, other])

    assert [ask(world, one, BIG), ask(world, one, SMALL)] == [Said(text="1"), Said(text="i")]
    assert ask(world, other, BIG) == Said(text="2")
    assert world.models == {BIG, SMALL}


def test_what_nobody_recorded_is_not_found() -> None:
    one = case("one", **{BIG: "1"})

    found = [ask(RecordedWorld([one]), one, SMALL), ask(RecordedWorld([]), one, BIG)]

    assert [isinstance(each, Fails) and each.status for each in found] == [404, 404]


def test_a_tool_call_kept_as_text_is_a_tool_call_again() -> None:
    one = case("one", **{BIG: CALL, SMALL: "[{ no tool call"})
    world = RecordedWorld([one])

    assert ask(world, one, BIG) == Said(tool_calls=(ToolCall("look", {"at": "sky"}),))
    assert ask(world, one, SMALL) == Said(text="[{ no tool call")
    assert said(one.answers[SMALL]) == ({"type": "text", "text": "[{ no tool call"},)
