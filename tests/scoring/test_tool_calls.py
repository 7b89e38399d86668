"""Tool calls: the same tools with the same arguments, however they are recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from suffice.records import Answer, Case, FailureKind, Reference
from suffice.scoring import scorer_named


def calling(*calls: tuple[str, dict[str, Any]]) -> Answer:
    blocks = tuple({"type": "tool_use", "id": "t", "name": n, "input": i} for n, i in calls)
    return Answer(blocks=blocks, stop_reason="tool_use")


def value(answer: Answer, target: Answer | Reference, case: Case, **options: Any) -> float:
    return scorer_named("tool_call", options=options).score(answer, target, case=case).value


def test_blocks_and_their_json_text_are_the_same_answer(case: Case) -> None:
    blocks = calling(("f", {"a": 1, "b": [1, 2]}))
    text = Answer(text='[{"type": "tool_use", "name": "f", "input": {"b": [1, 2.0], "a": 1}}]')

    assert value(text, blocks, case) == 1


def test_other_arguments_differ_and_are_named(case: Case) -> None:
    one, other = calling(("f", {"a": 1, "b": 2})), calling(("f", {"a": 1, "b": 3}))

    score = scorer_named("tool_call").score(one, other, case=case)

    assert (score.value, score.paths) == (0, ("f.b",))
    assert score.reason == "different arguments: f.b"
    assert value(one, other, case, names_only=True) == 1


def test_another_tool_differs(case: Case) -> None:
    score = scorer_named("tool_call").score(calling(("f", {})), calling(("g", {})), case=case)

    assert score.value == 0
    assert score.reason == "calls f, not g"


def test_several_calls_agree_in_any_order(case: Case) -> None:
    one = calling(("f", {"a": 1}), ("f", {"a": 2}), ("g", {}))
    other = calling(("g", {}), ("f", {"a": 2}), ("f", {"a": 1}))

    assert value(one, other, case) == 1


def test_each_call_made_by_one_side_only_counts_against_it(case: Case) -> None:
    one = calling(("f", {"a": 1}))
    other = calling(("f", {"a": 1}), ("f", {"a": 2}), ("g", {}))

    assert value(one, other, case) == value(other, one, case) == pytest.approx(1 / 3)


def test_talking_is_not_calling_and_two_that_talk_agree(case: Case) -> None:
    talks = Answer(text="I cannot do that.")

    assert value(talks, calling(("f", {})), case) == 0
    assert value(talks, Answer(text="No tool fits."), case) == 1


@pytest.mark.parametrize(
    "text",
    [
        '[{"type": "tool_use", "name": "f", "input": {"a": 1',
        '[{"type": "tool_use", "input": {}}]',
        '[{"type": "tool_use", "name": "f", "input": "{broken"}]',
    ],
)
def test_a_broken_call_cannot_be_read(text: str, case: Case) -> None:
    score = scorer_named("tool_call").score(Answer(text=text), calling(("f", {})), case=case)

    assert score.failure is not None
    assert score.failure.kind is FailureKind.UNPARSEABLE


@pytest.mark.parametrize(
    "reference",
    [
        {"name": "m.f", "input": {"a": 1, "b": "x"}},
        {"name": "m.f", "arguments": '{"a": 1, "b": "x"}'},
        [{"type": "tool_use", "name": "m_f", "input": {"a": 1, "b": "x"}}],
        ["m.f(a=1, b='x')"],
        "m.f(a=1, b='x')",
        {"m.f": {"a": [1, 2], "b": ["y", "X"], "c": ["", 3]}},
        json.dumps([{"m.f": {"a": [1], "b": ["x"]}}]),
    ],
    ids=["named", "arguments as text", "blocks", "code list", "code", "allowed", "json text"],
)
def test_a_reference_is_read_in_every_known_form(reference: Any, case: Case) -> None:
    answer = calling(("m_f", {"a": 1, "b": "x"}))

    assert value(answer, Reference(reference), case) == 1
    assert value(calling(("m_f", {"a": 9, "b": "x"})), Reference(reference), case) == 0


def test_numbered_functions_in_a_reference_are_several_calls_of_one(case: Case) -> None:
    reference = Reference({"f_1": {"a": [1]}, "f_2": {"a": [2]}})

    assert value(calling(("f", {"a": 2}), ("f", {"a": 1})), reference, case) == 1


def test_an_argument_that_may_be_left_out_may_and_an_unknown_one_may_not(case: Case) -> None:
    reference = Reference({"f": {"a": [1], "b": ["", 2]}})

    assert value(calling(("f", {"a": 1})), reference, case) == 1
    assert value(calling(("f", {"a": 1, "z": 0})), reference, case) == 0
    assert value(calling(("f", {"b": 2})), reference, case) == 0


@pytest.mark.parametrize("reference", ["NO_TOOL_CALL", [], None])
def test_not_calling_is_right_where_no_call_is_asked_for(reference: Any, case: Case) -> None:
    assert value(Answer(text="No tool fits."), Reference(reference), case) == 1
    assert value(calling(("f", {})), Reference(reference), case) == 0


def test_a_reference_that_is_no_call_is_the_scorers_failure(case: Case) -> None:
    score = scorer_named("tool_call").score(calling(("f", {})), Reference("some prose"), case=case)

    assert score.failure is not None
    assert score.failure.kind is FailureKind.SCORER


def test_a_reference_in_code_is_read_and_never_run(case: Case, tmp_path: Any) -> None:
    witness = tmp_path / "ran"
    reference = Reference([f"f(a=open({str(witness)!r}, 'w'))"])

    scorer_named("tool_call").score(calling(("f", {})), reference, case=case)

    assert not witness.exists()
