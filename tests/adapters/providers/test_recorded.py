"""Recorded answers."""

from __future__ import annotations

import asyncio

from suffice.adapters.providers.recorded import RecordedModels
from suffice.records import Answer, Case, FailureKind, parse_model_spec

CASE = Case(
    id="c1",
    type="intent",
    answers={"claude-haiku-4-5": Answer(text="one"), "claude-haiku-4-5@A": Answer(text="two")},
)


def answer(arm: str, case_id: str = "c1") -> Answer:
    models = RecordedModels([CASE])
    return asyncio.run(models.answer(parse_model_spec(arm), {}, case_id=case_id))


def test_an_arm_finds_its_answer_by_its_whole_name() -> None:
    assert (answer("claude-haiku-4-5").text, answer("claude-haiku-4-5@A").text) == ("one", "two")


def test_an_answer_that_was_not_recorded_is_missing() -> None:
    missing = answer("claude-opus-5-5")

    assert missing.failure is not None
    assert missing.failure.kind is FailureKind.TRANSPORT
    assert missing.failure.kind.is_missing
    assert "claude-opus-5-5" in missing.failure.message


def test_a_case_nobody_knows_is_missing_too() -> None:
    assert answer("claude-haiku-4-5", case_id="c2").failure is not None


def test_a_recording_counts_no_tokens() -> None:
    models = RecordedModels([CASE])

    assert asyncio.run(models.count_tokens(parse_model_spec("claude-haiku-4-5"), {})) is None
    asyncio.run(models.aclose())
