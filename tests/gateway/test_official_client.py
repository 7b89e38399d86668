"""The provider's own client through the gateway, with every field of every answer checked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic.types import MessageParam, ToolParam

from suffice.policy.rules import Policy, TypeRule
from suffice.testing import Said, StrictFake, ToolCall, overloaded, serve, strict_fake

HI: list[MessageParam] = [{"role": "user", "content": "hi"}]
LOOK: ToolParam = {"name": "look", "input_schema": {"type": "object"}}
SAID = Said(text="Looking up.", tool_calls=(ToolCall("look", {"at": ["sky", 3]}),))
RULE = TypeRule(baseline="claude-opus-5-5", candidate="claude-haiku-5-5", share=1.0)


@pytest.fixture
def fake() -> StrictFake:
    return strict_fake(answers={"look": SAID})


@pytest.fixture
def url(fake: StrictFake, start_gateway: Any) -> Iterator[str]:
    with serve(fake) as base_url:
        yield start_gateway(base_url, policy=Policy(version=2, types={"triage": RULE})).url


@pytest.fixture
def client(url: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        api_key="sk-test", base_url=url, max_retries=0, _strict_response_validation=True
    ) as found:
        yield found


def test_create_count_and_models(client: anthropic.Anthropic, fake: StrictFake) -> None:
    message = client.messages.create(model="claude-haiku-5-5", max_tokens=200, messages=HI)
    counted = client.messages.count_tokens(model="claude-haiku-5-5", messages=HI)
    models = [model.id for model in client.models.list(limit=100)]

    assert message._request_id == "req_strictfake_000001"
    assert counted.input_tokens > 0
    assert "claude-opus-5-5" in models
    assert fake.journal.last.credential == "authorization"


def test_a_stream_with_a_tool_call_gathers_to_the_same_message(client: anthropic.Anthropic) -> None:
    asked: dict[str, Any] = {
        "model": "claude-opus-5-5",
        "max_tokens": 900,
        "messages": [{"role": "user", "content": "look"}],
        "tools": [LOOK],
    }
    whole = client.messages.create(**asked)
    with client.messages.stream(**asked) as stream:
        gathered = stream.get_final_message()

    def said(message: anthropic.types.Message) -> list[tuple[str, object, object]]:
        return [
            (b.type, getattr(b, "text", None), getattr(b, "input", None)) for b in message.content
        ]

    assert said(gathered) == said(whole)
    assert gathered.stop_reason == "tool_use"


def test_the_beta_side_and_a_raw_answer(client: anthropic.Anthropic) -> None:
    raw = client.messages.with_raw_response.create(
        model="claude-haiku-5-5",
        max_tokens=90,
        messages=HI,
        extra_headers={"x-suffice-type": "none"},
    )
    beta = client.beta.messages.create(
        model="claude-haiku-5-5", max_tokens=90, messages=[{"role": "user", "content": "hi"}]
    )

    assert raw.headers["x-suffice-reason"] == "no rule for the type"
    assert beta.role == "assistant"


def test_a_type_with_a_switch_is_served_by_the_candidate_and_says_so(
    client: anthropic.Anthropic,
) -> None:
    raw = client.messages.with_raw_response.create(
        model="claude-opus-5-5",
        max_tokens=500,
        messages=HI,
        thinking={"type": "adaptive"},
        extra_headers={"x-suffice-type": "triage"},
    )

    assert raw.parse().model == "claude-haiku-5-5"
    assert raw.headers["x-suffice-model"] == "claude-haiku-5-5"


def test_async_streams_side_by_side(url: str) -> None:
    async def ask() -> list[str]:
        async with anthropic.AsyncAnthropic(
            api_key="sk-test", base_url=url, max_retries=0
        ) as client:

            async def one(number: int) -> str:
                async with client.messages.stream(
                    model="claude-haiku-5-5",
                    max_tokens=99,
                    messages=[{"role": "user", "content": f"n{number}"}],
                ) as stream:
                    return await stream.get_final_text()

            return await asyncio.gather(*(one(number) for number in range(20)))

    assert asyncio.run(ask()) == [f"strict fake: n{number}" for number in range(20)]


def test_the_clients_own_errors_and_retries_see_the_upstreams_truth(start_gateway: Any) -> None:
    with serve(strict_fake(script=[overloaded(), overloaded()])) as upstream:
        gateway = start_gateway(upstream)
        with (
            anthropic.Anthropic(api_key="k", base_url=gateway.url, max_retries=0) as once,
            pytest.raises(anthropic.InternalServerError) as failed,
        ):
            once.messages.create(model="claude-haiku-5-5", max_tokens=9, messages=HI)
        with anthropic.Anthropic(api_key="k", base_url=gateway.url, max_retries=2) as stubborn:
            stubborn.messages.create(model="claude-haiku-5-5", max_tokens=99, messages=HI)
        records = gateway.wait_for(3)

    assert failed.value.status_code == 529
    assert failed.value.request_id == "req_strictfake_000001"
    assert [each.retry_count for each in records] == [0, 0, 1]
