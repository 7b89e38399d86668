"""Every task against the strict fake: whole and streamed, and everything that goes wrong."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import pytest

from suffice.adapters.providers.anthropic import (
    STREAMED_ABOVE_TOKENS,
    AnthropicModels,
    Pace,
)
from suffice.adapters.providers.credential import Credential
from suffice.records import Answer, ModelSpec
from suffice.tasks import Agent, Outcome, Runner, Unresolved
from suffice.tasks.ready import Receipt
from suffice.tasks.shelf import TASKS, task_named
from suffice.testing import (
    Cuts,
    ErrorEvent,
    Garbles,
    Said,
    StrictFake,
    ToolCall,
    overloaded,
    rate_limited,
    serve,
    server_error,
    strict_fake,
)
from suffice.testing.answers import Reply
from suffice.testing.script import Fails

SMALL, MIDDLE = "claude-haiku-5-5", "claude-sonnet-5-5"
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 40, 30) + b"rest"
CODE = "def after(n):\n    return n + 1\n"
WEATHER = {
    "name": "weather",
    "description": "the weather of a town",
    "input_schema": {"type": "object", "properties": {"town": {"type": "string"}}},
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A task with an input, an answer it takes, and answers it does not with the reason."""

    given: Any
    options: dict[str, Any] = {}
    said: Reply
    value: Callable[[Any], bool]
    unusable: Mapping[str, tuple[Reply, str]]


_LABELS = {
    "bad JSON": ('{"label": ', "out_of_set"),
    "wrong label": ("weather", "out_of_set"),
    "a sentence": ("It is about billing or delivery.", "out_of_set"),
}
MATRIX: dict[str, Asked] = {
    "classify": Asked(
        given="My card was charged twice.",
        options={"labels": ["billing", "delivery"]},
        said="Billing.",
        value=lambda value: value == "billing",
        unusable=_LABELS,
    ),
    "classify_image": Asked(
        given=PNG,
        options={"labels": ["billing", "delivery"]},
        said="billing",
        value=lambda value: value == "billing",
        unusable=_LABELS,
    ),
    "extract": Asked(
        given="Corner Shop TOTAL 12.50",
        options={"schema": Receipt},
        said='{"seller": "Corner Shop", "total": 12.5}',
        value=lambda value: value == Receipt(seller="Corner Shop", total=value.total),
        unusable={
            "bad JSON": ('{"seller": ', "invalid_json"),
            "no JSON": ("The total is 12.50.", "invalid_json"),
            "wrong kind": ('{"total": "much"}', "schema"),
        },
    ),
    "summarize": Asked(
        given="In May Acme sold 1203 units. It rained.",
        options={"sentences": 1, "grounded": True},
        said="Acme sold 1203 units in May.",
        value=lambda value: value == "Acme sold 1203 units in May.",
        unusable={
            "too long": ("Acme sold units. It rained.", "length"),
            "made up": ("Acme sold 1302 units.", "not_in_source"),
        },
    ),
    "route_request": Asked(
        given="Write a binary search.",
        options={
            "agents": [
                Agent(name="talk", description="small talk", model=SMALL),
                Agent(name="code", description="writes code", model=MIDDLE),
            ]
        },
        said='{"reason": "It asks for code.", "agent": "code"}',
        value=lambda value: (value.agent, value.model) == ("code", MIDDLE),
        unusable={
            "bad JSON": ('{"agent": ', "invalid_json"),
            "wrong label": ('{"reason": "So.", "agent": "cook"}', "out_of_set"),
        },
    ),
    "needs_escalation": Asked(
        given="You hear from my lawyer.",
        options={"rules": {"legal": "lawyers or courts"}},
        said='{"reason": "It threatens.", "rule": "legal", "needed": true}',
        value=lambda value: value.needed is True,
        unusable={
            "bad JSON": ('{"needed": ', "invalid_json"),
            "wrong label": ('{"reason": "So.", "rule": "tone", "needed": true}', "out_of_set"),
        },
    ),
    "choose_tool": Asked(
        given="Will it rain in Bonn?",
        options={"tools": [WEATHER]},
        said=Said(tool_calls=(ToolCall("weather", {"town": "Bonn"}),)),
        value=lambda value: (value.tool, value.input) == ("weather", {"town": "Bonn"}),
        unusable={
            "wrong label": (Said(tool_calls=(ToolCall("trains", {}),)), "out_of_set"),
            "wrong kind": (Said(tool_calls=(ToolCall("weather", {"town": 7}),)), "schema"),
        },
    ),
    "clean_text": Asked(
        given="where is my parcel",
        options={"intents": ["delivery", "billing"]},
        said='{"intent": "delivery"}',
        value=lambda value: value.intent == "delivery",
        unusable={
            "bad JSON": ('{"intent": ', "invalid_json"),
            "wrong label": ('{"intent": "weather"}', "out_of_set"),
        },
    ),
    "write_docstring": Asked(
        given=CODE,
        said=json.dumps(
            {
                "summary": "Add one",
                "description": "",
                "parameters": {"n": "Any number."},
                "returns": "The next number.",
            }
        ),
        value=lambda value: '"""' in value and value.endswith("    return n + 1\n"),
        unusable={"bad JSON": ('{"summary": ', "invalid_json")},
    ),
}


class Streaming:
    """Models asked with so much room that their answers are streamed."""

    def __init__(self, models: AnthropicModels) -> None:
        self._models = models

    async def answer(self, arm: ModelSpec, request: dict[str, Any], *, case_id: str) -> Answer:
        roomy = {**request, "max_tokens": STREAMED_ABOVE_TOKENS + 1}
        return await self._models.answer(arm, roomy, case_id=case_id)

    async def count_tokens(self, arm: ModelSpec, request: dict[str, Any]) -> int | None:
        return await self._models.count_tokens(arm, request)

    async def aclose(self) -> None:
        await self._models.aclose()


def run(name: str, fake: StrictFake, *, streamed: bool) -> Outcome[Any]:
    asked = MATRIX[name]
    job = task_named(name).job(asked.given, asked.options)

    async def outcome(base_url: str) -> Outcome[Any]:
        pace = Pace(attempts=2, first_wait_s=0.001, longest_wait_s=0.002)
        models = AnthropicModels(credential=Credential("k"), base_url=base_url, pace=pace)
        runner = Runner(
            Streaming(models) if streamed else models, ladder=lambda *_: (SMALL, MIDDLE)
        )
        try:
            return await runner.run(job)
        finally:
            await models.aclose()

    with serve(fake) as base_url:
        return asyncio.run(outcome(base_url))


def bodies(fake: StrictFake) -> Iterator[Mapping[str, Any]]:
    return (entry.body for entry in fake.journal)


def test_the_matrix_holds_every_task() -> None:
    assert set(MATRIX) == set(TASKS)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("name", MATRIX)
def test_a_good_answer_is_a_value_from_the_first_model_whole_or_streamed(
    name: str, streamed: bool
) -> None:
    fake = strict_fake(answers=lambda _: MATRIX[name].said)
    outcome = run(name, fake, streamed=streamed)
    assert MATRIX[name].value(outcome.value), outcome.value
    assert [bool(body.get("stream")) for body in bodies(fake)] == [streamed]
    assert outcome.model == SMALL
    assert outcome.attempts[0].usage is not None


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name, asked in MATRIX.items() for kind in asked.unusable]
)
def test_what_a_task_cannot_use_is_told_once_and_then_a_typed_outcome(
    name: str, kind: str, streamed: bool
) -> None:
    said, reason = MATRIX[name].unusable[kind]
    fake = strict_fake(answers=lambda _: said)
    outcome = run(name, fake, streamed=streamed)
    assert isinstance(outcome.value, Unresolved)
    assert outcome.value.reason == reason
    assert [(one.model, one.repair) for one in outcome.attempts] == [
        (SMALL, False),
        (SMALL, True),
        (MIDDLE, False),
        (MIDDLE, True),
    ]
    assert {entry.status for entry in fake.journal} == {200}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("name", MATRIX)
@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Said(refusal="cyber"), "refusal"),
        (Said(text="It is", stop_reason="max_tokens"), "cut"),
        (overloaded(), "overload"),
        (rate_limited(), "overload"),
        (server_error(), "overload"),
        (Fails(status=400, type="invalid_request_error", message="No."), "rejected"),
    ],
    ids=["refusal", "cut", "overload", "rate limit", "server error", "rejected"],
)
def test_what_goes_wrong_at_the_provider_is_a_typed_outcome(
    name: str, said: Reply, reason: str, streamed: bool
) -> None:
    outcome = run(name, strict_fake(answers=lambda _: said), streamed=streamed)
    assert isinstance(outcome.value, Unresolved)
    assert outcome.value.reason == reason
    assert [one.model for one in outcome.attempts] == [SMALL, MIDDLE]


@pytest.mark.parametrize("name", MATRIX)
@pytest.mark.parametrize(
    "step", [Cuts(), Cuts(quietly=True), Garbles(), ErrorEvent(after_events=2)]
)
def test_a_stream_that_breaks_never_passes_for_an_answer(name: str, step: Any) -> None:
    fake = strict_fake(answers=lambda _: MATRIX[name].said, script=[step] * 8)
    outcome = run(name, fake, streamed=True)
    assert isinstance(outcome.value, Unresolved)
    assert outcome.value.reason in {"cut", "overload"}


@pytest.mark.parametrize("name", MATRIX)
def test_the_next_model_answers_where_the_first_refuses(name: str) -> None:
    def reply(body: Mapping[str, Any]) -> Reply:
        return Said(refusal="cyber") if body["model"] == SMALL else MATRIX[name].said

    outcome = run(name, strict_fake(answers=reply), streamed=False)
    assert MATRIX[name].value(outcome.value), outcome.value
    assert outcome.model == MIDDLE


@pytest.mark.parametrize("name", MATRIX)
def test_the_kind_listed_is_the_kind_asked_for(name: str) -> None:
    asked = MATRIX[name]
    assert task_named(name).job(asked.given, asked.options).kind == TASKS[name].kind
