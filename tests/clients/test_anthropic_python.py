"""The provider's Python client through the gateway's process: each way of asking for an answer."""

from __future__ import annotations

import asyncio
from typing import Any

import anthropic
import pytest
from anthropic import beta_async_tool, beta_tool
from anthropic.types import MessageParam
from pydantic import BaseModel

from suffice.testing import overloaded, rate_limited

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
ASK: list[MessageParam] = [{"role": "user", "content": "capital of France?"}]
TRIAGE = {"x-suffice-type": "triage"}

# Asked without a type, the model asked for serves; with it, the policy's candidate does.
ROUTES = pytest.mark.parametrize(
    ("headers", "serves"), [({}, OPUS), (TRIAGE, HAIKU)], ids=["as asked", "routed"]
)


def text_of(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@beta_tool
def weather(city: str) -> str:
    """
    Tell the weather.

    Args:
        city: Where.
    """
    return f"sunny in {city}"


@beta_async_tool
async def weather_later(city: str) -> str:
    """
    Tell the weather.

    Args:
        city: Where.
    """
    await asyncio.sleep(0)
    return f"sunny in {city}"


weather_later.name = "weather"


class Capital(BaseModel):
    city: str
    sure: bool


@ROUTES
def test_a_plain_answer_says_who_served_it(
    front: Any, client: anthropic.Anthropic, headers: dict[str, str], serves: str
) -> None:
    raw = client.messages.with_raw_response.create(
        model=OPUS, max_tokens=300, messages=ASK, extra_headers=headers
    )
    message = raw.parse()

    assert text_of(message) == "Paris"
    assert message.model == raw.headers["x-suffice-model"] == serves
    assert message._request_id == front.fake.journal.last.request_id


@ROUTES
def test_the_streaming_helper_gathers_the_same_answer(
    client: anthropic.Anthropic, headers: dict[str, str], serves: str
) -> None:
    with client.messages.stream(
        model=OPUS, max_tokens=300, messages=ASK, extra_headers=headers
    ) as stream:
        said = list(stream.text_stream)
        message = stream.get_final_message()
        served = stream.response.headers["x-suffice-model"]

    assert "".join(said) == text_of(message) == "Paris"
    assert message.model == served == serves
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens > 1


def test_raw_events_arrive_in_the_providers_order(client: anthropic.Anthropic) -> None:
    with client.messages.create(
        model="claude-haiku-4-5", max_tokens=50, messages=ASK, stream=True
    ) as stream:
        kinds = [event.type for event in stream]

    assert kinds == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


@ROUTES
def test_async_answers_and_streams_run_side_by_side(
    front: Any, headers: dict[str, str], serves: str
) -> None:
    async def ask() -> list[str]:
        async with anthropic.AsyncAnthropic(
            api_key="k", base_url=front.url, max_retries=0, default_headers=headers
        ) as client:

            async def whole() -> str:
                return text_of(
                    await client.messages.create(model=OPUS, max_tokens=300, messages=ASK)
                )

            async def streamed() -> str:
                async with client.messages.stream(
                    model=OPUS, max_tokens=300, messages=ASK
                ) as stream:
                    return await stream.get_final_text()

            return await asyncio.gather(*(ask() for ask in (whole, streamed) * 8))

    assert set(asyncio.run(ask())) == {"Paris"}
    assert set(front.models_asked()) == {serves}


@ROUTES
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_the_tool_runner_finishes_its_loop_in_a_thread_that_stays_on_its_model(
    front: Any, client: anthropic.Anthropic, headers: dict[str, str], serves: str, stream: Any
) -> None:
    runner = client.beta.messages.tool_runner(
        model=OPUS,
        max_tokens=900,
        tools=[weather],
        messages=[{"role": "user", "content": "weather?"}],
        stream=stream,
        extra_headers=headers,
    )
    last = runner.until_done()

    assert text_of(last) == "It is sunny in Łódź."
    assert front.models_asked() == [OPUS, OPUS]
    assert [e.body["thread"]["type"] for e in front.fake.journal] == ["create", "continue"]


@ROUTES
def test_the_tool_runner_without_a_thread_finishes_on_the_model_it_began_on(
    front: Any, client: anthropic.Anthropic, headers: dict[str, str], serves: str
) -> None:
    runner = client.beta.messages.tool_runner(
        model=OPUS,
        max_tokens=900,
        tools=[weather],
        messages=[{"role": "user", "content": "weather?"}],
        thread=False,
        extra_headers=headers,
    )

    assert text_of(runner.until_done()) == "It is sunny in Łódź."
    assert front.models_asked() == [serves, serves]


def test_the_async_tool_runner_too(front: Any) -> None:
    async def run() -> str:
        async with anthropic.AsyncAnthropic(api_key="k", base_url=front.url) as client:
            runner = client.beta.messages.tool_runner(
                model=OPUS,
                max_tokens=900,
                tools=[weather_later],
                messages=[{"role": "user", "content": "weather?"}],
                thread=False,
                extra_headers=TRIAGE,
            )
            return text_of(await runner.until_done())

    assert asyncio.run(run()) == "It is sunny in Łódź."
    assert front.models_asked() == [HAIKU, HAIKU]


@ROUTES
def test_a_tool_loop_that_brings_its_history_finishes_on_the_model_it_began_on(
    front: Any, client: anthropic.Anthropic, headers: dict[str, str], serves: str
) -> None:
    messages: list[Any] = [{"role": "user", "content": "weather?"}]
    asked: dict[str, Any] = {"model": OPUS, "max_tokens": 900, "tools": [weather.to_dict()]}
    first = client.messages.create(**asked, messages=messages, extra_headers=headers)
    (call,) = (block for block in first.content if block.type == "tool_use")
    messages += [
        {"role": "assistant", "content": first.content},
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": call.id,
                    "content": weather.call(call.input),
                }
            ],
        },
    ]
    last = client.messages.create(**asked, messages=messages, extra_headers=headers)

    assert text_of(last) == "It is sunny in Łódź."
    assert front.models_asked() == [serves, serves]


@ROUTES
def test_parse_gives_a_typed_answer(start_front: Any, headers: dict[str, str], serves: str) -> None:
    front = start_front(answers=None)
    with anthropic.Anthropic(api_key="k", base_url=front.url) as client:
        parsed = client.messages.parse(
            model=OPUS,
            max_tokens=900,
            messages=ASK,
            output_format=Capital,
            extra_headers=headers,
        )

    assert parsed.parsed_output == Capital(city="strict fake", sure=True)
    assert parsed.model == serves


def test_a_conversation_with_its_thinking_goes_on_where_it_began(
    front: Any, client: anthropic.Anthropic
) -> None:
    messages: list[Any] = [*ASK]
    for _ in range(3):
        answer = client.messages.create(
            model=OPUS, max_tokens=900, messages=messages, extra_headers=TRIAGE
        )
        messages += [
            {"role": "assistant", "content": answer.content},
            {"role": "user", "content": "and then?"},
        ]

    assert front.models_asked() == [HAIKU] * 3
    assert "thinking" in {
        block["type"] for block in front.fake.journal.last.body["messages"][1]["content"]
    }


def test_a_setting_the_candidate_lacks_costs_no_refusal(
    front: Any, client: anthropic.Anthropic
) -> None:
    raw = client.messages.with_raw_response.create(
        model=OPUS, max_tokens=300, messages=ASK, speed="fast", extra_headers=TRIAGE
    )

    assert raw.parse().model == front.models_asked()[0] == raw.headers["x-suffice-model"]
    assert front.statuses() == [200]


def test_the_clients_own_retry_meets_a_429_and_then_the_answer(start_front: Any) -> None:
    front = start_front(script=(rate_limited(retry_after_s=0.01),))
    with anthropic.Anthropic(api_key="k", base_url=front.url, max_retries=1) as client:
        message = client.messages.create(model=OPUS, max_tokens=300, messages=ASK)

    assert text_of(message) == "Paris"
    assert front.statuses() == [429, 200]
    assert front.fake.journal.last.headers["x-stainless-retry-count"] == "1"


@pytest.mark.parametrize("fault", [rate_limited(), overloaded()], ids=["429", "529"])
def test_a_candidate_that_fails_costs_the_client_nothing(start_front: Any, fault: Any) -> None:
    front = start_front(script=(fault,))
    with anthropic.Anthropic(api_key="k", base_url=front.url, max_retries=0) as client:
        message = client.messages.create(
            model=OPUS, max_tokens=300, messages=ASK, extra_headers=TRIAGE
        )

    assert message.model == OPUS
    assert front.models_asked()[-1] == OPUS
    assert front.statuses() == [fault.status, 200]


def test_a_refusal_is_the_clients_own_error_word_for_word(
    front: Any, client: anthropic.Anthropic
) -> None:
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.messages.create(
            model="claude-haiku-4-5",
            max_tokens=9,
            messages=ASK,
            thinking={"type": "adaptive"},
        )

    assert refused.value.body == {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "message": "adaptive thinking is not supported on this model",
        },
        "request_id": refused.value.request_id,
    }
    assert refused.value.request_id == front.fake.journal.last.request_id
