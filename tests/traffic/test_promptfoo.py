"""promptfoo's files as cases."""

from __future__ import annotations

from typing import Any

from suffice.records import BrokenCase, Case
from suffice.traffic import read_promptfoo


def cases_of(document: Any) -> list[Case]:
    cases = list(read_promptfoo(document))
    assert all(isinstance(case, Case) for case in cases), cases
    return [case for case in cases if isinstance(case, Case)]


def test_a_test_fills_the_prompt_and_keeps_its_assertions() -> None:
    [case] = cases_of(
        {
            "prompts": ["Translate {{ text }} to {{lang}}."],
            "tests": [
                {
                    "vars": {"text": "cat", "lang": "Dutch"},
                    "assert": [{"type": "equals", "value": "kat"}],
                    "metadata": {"type": "translate"},
                }
            ],
        }
    )

    assert case.request["messages"] == [{"role": "user", "content": "Translate cat to Dutch."}]
    assert case.assertions == ({"type": "equals", "value": "kat"},)
    assert case.type == "translate"


def test_a_prompt_of_turns_becomes_turns() -> None:
    [case] = cases_of(
        {"prompts": ['[{"role": "user", "content": "{{q}}"}]'], "tests": [{"vars": {"q": "hi"}}]}
    )

    assert case.request["messages"] == [{"role": "user", "content": "hi"}]


def test_template_logic_and_missing_values_are_broken_with_a_reason() -> None:
    logic = {"prompts": ["{% if a %}x{% endif %}"], "tests": [{"vars": {}}]}
    missing = {"prompts": ["{{a}}"], "tests": [{"vars": {}}, 3]}

    reasons = [
        case.reason
        for one in (logic, missing)
        for case in read_promptfoo(one)
        if isinstance(case, BrokenCase)
    ]

    assert "template logic" in reasons[0]
    assert "no value" in reasons[1]
    assert "object" in reasons[2]


def test_results_give_one_case_per_test_with_an_answer_and_a_grade_per_provider() -> None:
    def row(provider: str, output: str, *, passed: bool) -> dict[str, Any]:
        return {
            "promptIdx": 0,
            "testIdx": 4,
            "provider": {"id": f"anthropic:messages:{provider}"},
            "prompt": {"raw": "Say cat"},
            "testCase": {"vars": {}, "assert": [{"type": "equals", "value": "cat"}]},
            "response": {"output": output, "tokenUsage": {"prompt": 9, "completion": 2}},
            "gradingResult": {"pass": passed},
            "latencyMs": 250,
        }

    [case] = cases_of(
        {
            "results": {
                "results": [row("big", "cat", passed=True), row("small", "dog", passed=False)]
            }
        }
    )

    assert case.outcomes == {"big": 1.0, "small": 0.0}
    assert case.answers["small"].text == "dog"
    assert case.answers["small"].latency_s == 0.25


def test_a_provider_error_is_a_missing_answer_and_no_grade() -> None:
    [case] = cases_of(
        {"results": {"results": [{"provider": "x", "error": "429", "testCase": {"assert": [{}]}}]}}
    )

    assert case.answers["x"].failure is not None
    assert not case.outcomes


def test_anything_else_is_one_broken_case() -> None:
    assert [type(case) for case in read_promptfoo({"a": 1})] == [BrokenCase]
