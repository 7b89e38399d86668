"""The provider's own client talks to the strict fake, and reads what our adapter reads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic.types import Message, MessageParam, ToolParam

from suffice.adapters.providers.anthropic import AnthropicModels, Credential
from suffice.records import Answer, ModelSpec
from suffice.testing import Fails, Said, StrictFake, ToolCall, overloaded, serve, strict_fake

HI: list[MessageParam] = [{"role": "user", "content": "hi"}]
LOOK: ToolParam = {"name": "look", "input_schema": {"type": "object"}}
SAID = Said(text="Looking up.", tool_calls=(ToolCall("look", {"at": ["sky", 3]}),))


@pytest.fixture
def fake() -> StrictFake:
    return strict_fake(answers={"look": SAID})


@pytest.fixture
def url(fake: StrictFake) -> Iterator[str]:
    with serve(fake) as base_url:
        yield base_url


@pytest.fixture
def client(url: str) -> Iterator[anthropic.Anthropic]:
    # Every field of every answer is checked against the client's own types.
    with anthropic.Anthropic(
        api_key="sk-test", base_url=url, max_retries=0, _strict_response_validation=True
    ) as found:
        yield found


def test_create_parses_whole_and_the_request_id_comes_along(
    client: anthropic.Anthropic, fake: StrictFake
) -> None:
    message = client.messages.create(model="claude-haiku-5-5", max_tokens=200, messages=HI)

    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message._request_id == "req_strictfake_000001"
    assert message.usage.output_tokens_details is not None
    assert fake.journal.last.credential == "authorization"
    assert fake.journal.last.headers["anthropic-version"] == "2026-10-21"


def test_a_stream_gathers_to_the_same_message(client: anthropic.Anthropic) -> None:
    asked: dict[str, Any] = {
        "model": "claude-opus-5-5",
        "max_tokens": 900,
        "messages": [{"role": "user", "content": "look"}],
        "tools": [LOOK],
    }
    whole: Message = client.messages.create(**asked)
    with client.messages.stream(**asked) as stream:
        gathered = stream.get_final_message()

    without_ids = {"id", "parsed_output"}
    assert gathered.model_dump(exclude=without_ids)["usage"] == whole.model_dump()["usage"]
    assert [b.type for b in gathered.content] == ["thinking", "text", "tool_use"]
    assert gathered.stop_reason == whole.stop_reason == "tool_use"


def test_tokens_are_counted(client: anthropic.Anthropic) -> None:
    counted = client.messages.count_tokens(model="claude-haiku-4-5", messages=HI)

    assert counted.input_tokens == 4


def test_models_are_listed_over_pages_and_described(client: anthropic.Anthropic) -> None:
    ids = [model.id for model in client.models.list(limit=7)]
    haiku = client.models.retrieve("claude-haiku-5-5")

    assert {"claude-haiku-5-5", "claude-opus-5-5"} <= set(ids)
    assert len(ids) == len(set(ids)) > 14
    assert ids.index("claude-opus-5-5") < ids.index("claude-opus-4-8")
    assert (haiku.max_input_tokens, haiku.max_tokens, haiku.line) == (1_000_000, 128_000, "haiku")
    assert haiku.capabilities is not None
    assert haiku.capabilities.effort.supported
    assert client.models.retrieve("claude-3-5-haiku-20241022").lifecycle == "retired"


def test_retired_models_are_listed_only_where_they_are_asked_for(
    client: anthropic.Anthropic,
) -> None:
    usual = {model.id: model.lifecycle for model in client.models.list(limit=1_000)}
    retired = {model.id: model.lifecycle for model in client.models.list(lifecycle=["retired"])}

    assert set(usual.values()) == {"active", "deprecated"}
    assert set(retired.values()) == {"retired"}
    assert "claude-3-5-haiku-20241022" in retired


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (overloaded(), anthropic.OverloadedError),
        (Fails(status=413, type="request_too_large", message="too big"), anthropic.APIStatusError),
        (
            Fails(status=429, type="rate_limit_error", message="slow down"),
            anthropic.RateLimitError,
        ),
    ],
)
def test_scripted_errors_become_the_clients_own(
    fault: Fails, error: type[anthropic.APIStatusError]
) -> None:
    with (
        serve(strict_fake(script=[fault])) as url,
        anthropic.Anthropic(api_key="k", base_url=url, max_retries=0) as client,
        pytest.raises(error) as raised,
    ):
        client.messages.create(model="claude-haiku-5-5", max_tokens=9, messages=HI)

    assert raised.value.status_code == fault.status
    assert raised.value.request_id == "req_strictfake_000001"


def test_a_refused_field_is_the_clients_bad_request(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="does not support the effort"):
        client.messages.create(
            model="claude-haiku-4-5", max_tokens=9, messages=HI, output_config={"effort": "low"}
        )


@pytest.mark.parametrize("max_tokens", [900, 30_000])
@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-haiku-5-5", "claude-opus-5-5"])
def test_our_adapter_reads_what_the_official_client_reads(
    url: str, client: anthropic.Anthropic, model: str, max_tokens: int
) -> None:
    asked: dict[str, Any] = {
        "max_tokens": max_tokens,
        "messages": [{"role": "user", "content": "look"}],
        "tools": [LOOK],
    }

    async def ours() -> Answer:
        models = AnthropicModels(credential=Credential("sk-test"), base_url=url)
        try:
            return await models.answer(ModelSpec(model), asked, case_id="1")
        finally:
            await models.aclose()

    with client.messages.stream(model=model, **asked) as stream:
        theirs = stream.get_final_message()
    answer = asyncio.run(ours())

    assert answer.blocks is not None
    assert [block["type"] for block in answer.blocks] == [block.type for block in theirs.content]
    assert answer.text == "".join(b.text for b in theirs.content if b.type == "text")
    assert answer.blocks[-1]["input"] == next(
        b.input for b in theirs.content if b.type == "tool_use"
    )
    assert (answer.stop_reason, answer.served_model) == (theirs.stop_reason, theirs.model)
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (
        theirs.usage.input_tokens,
        theirs.usage.output_tokens,
    )
    assert (answer.usage.inference_geo, answer.usage.speed) == (
        theirs.usage.inference_geo,
        theirs.usage.speed,
    )
