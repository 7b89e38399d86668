"""Which prompt the cases of a type were about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from suffice.api import Recorded, compare_recorded
from suffice.policy.fingerprint import prompt_version
from suffice.records import Answer, Case

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
TOOL = {"name": "lookup", "input_schema": {"type": "object"}}


def cases(request_type: str, *requests: dict[str, Any]) -> list[Case]:
    answers = {model: Answer(text="refund") for model in (OPUS, HAIKU)}
    return [
        Case(id=f"{request_type}{number}", type=request_type, request=request, answers=answers)
        for number, request in enumerate(requests)
    ]


def version_of(*requests: dict[str, Any]) -> str:
    result = compare_recorded(
        cases("triage", *requests),
        Recorded(baseline=OPUS, candidates=(HAIKU,)),
        at=datetime(2026, 11, 22, tzinfo=UTC),
    )
    return result.types[0].prompt_version


def test_a_verdict_names_the_prompt_its_cases_share() -> None:
    first = {"system": "Sort.", "tools": [TOOL], "messages": [{"role": "user", "content": "a"}]}
    again = {**first, "messages": [{"role": "user", "content": "b"}]}
    assert version_of(first, again) == prompt_version(first) != ""


def test_nothing_is_claimed_of_cases_with_several_prompts_or_without_one() -> None:
    assert version_of({"system": "Sort."}, {"system": "Sort it."}) == ""
    assert version_of({"system": "Sort."}, {"messages": []}) == ""
    assert version_of({"messages": []}, {"system": "Sort."}) == ""
    assert version_of({}, {}) == ""
