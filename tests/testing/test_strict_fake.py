"""The strict fake refuses what the API refuses, in the API's form."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import httpx2
import pytest
from anthropic.types import AnthropicBetaParam

from suffice.testing import (
    RateLimits,
    Said,
    StrictFake,
    ToolCall,
    rate_limited,
    serve,
    strict_fake,
)

OLD, NEW = "2023-06-01", "2026-10-21"
HI: dict[str, Any] = {"max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
TOOL = {
    "name": "look",
    "input_schema": {"type": "object", "properties": {"n": {"type": "integer"}}},
}
WEB = {"type": "web_search_20260209", "name": "web_search"}


class Caller:
    """A bare HTTP client with the headers the API wants."""

    def __init__(self, url: str) -> None:
        self.client = httpx2.Client(base_url=url)

    def __call__(
        self,
        body: Any = None,
        *,
        model: str = "claude-haiku-4-5",
        version: str = OLD,
        path: str = "/v1/messages",
        **headers: str,
    ) -> httpx2.Response:
        sent = {"x_api_key": "k", "anthropic_version": version, **headers}
        return self.client.post(
            path,
            json={"model": model, **(body or HI)},
            headers={name.replace("_", "-"): value for name, value in sent.items() if value},
        )


@pytest.fixture
def fake() -> StrictFake:
    return strict_fake()


@pytest.fixture
def call(fake: StrictFake) -> Iterator[Caller]:
    with serve(fake) as url:
        caller = Caller(url)
        yield caller
        caller.client.close()


def message(response: httpx2.Response) -> str:
    return str(response.json()["error"]["message"])


def user(*content: dict[str, Any]) -> dict[str, Any]:
    return {"max_tokens": 100, "messages": [{"role": "user", "content": list(content)}]}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def test_an_answer_says_that_it_is_a_fake(call: Caller) -> None:
    response = call()

    body = response.json()
    assert body["id"] == "msg_strictfake_000001"
    assert body["content"] == [text("strict fake: hi")]
    assert response.headers["request-id"] == "req_strictfake_000001"


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        ({"x_api_key": ""}, 401, "x-api-key header is required"),
        ({"anthropic_version": ""}, 400, "anthropic-version: header is required"),
        (
            {"anthropic_version": "2020-01-01"},
            400,
            'anthropic-version: "2020-01-01" is not a valid version',
        ),
        (
            {"anthropic_beta": "nonsense"},
            400,
            "Unexpected value(s) `nonsense` for the `anthropic-beta` header.",
        ),
    ],
)
def test_the_door_refuses_without_the_right_headers(
    call: Caller, headers: dict[str, str], status: int, words: str
) -> None:
    response = call(**headers)

    assert (response.status_code, message(response)) == (status, words)
    assert response.json()["request_id"] == response.headers["request-id"]


def test_both_credential_headers_are_accepted_and_wrong_keys_are_not() -> None:
    fake = strict_fake(keys=["right"])
    with serve(fake) as url:
        caller = Caller(url)
        answers = [
            caller(x_api_key="right"),
            caller(x_api_key="", authorization="Bearer right"),
            caller(x_api_key="wrong"),
            caller(x_api_key="", authorization="Bearer wrong"),
        ]
        caller.client.close()

    assert [answer.status_code for answer in answers] == [200, 200, 401, 401]
    assert answers[2].json()["error"] == {
        "type": "authentication_error",
        "message": "invalid x-api-key",
    }
    assert "right" not in str(list(fake.journal))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"messages": HI["messages"]}, "max_tokens: Field required"),
        ({**HI, "max_tokens": "9"}, "max_tokens: Input should be a valid integer"),
        ({**HI, "messages": []}, "messages: at least one message is required"),
        ({**HI, "frequency_penalty": 1}, "frequency_penalty: Extra inputs are not permitted"),
        ({**HI, "context_management": {}}, "context_management: Extra inputs are not permitted"),
        (
            {**HI, "messages": [{"role": "robot", "content": "hi"}]},
            "messages.0.role: Input should be 'user', 'assistant' or 'system'",
        ),
        (
            {**HI, "messages": [{"role": "assistant", "content": "hi"}]},
            'messages: first message must use the "user" role',
        ),
        (
            user(text(" ")),
            "messages.0.content.0.text: text content blocks must contain non-whitespace text",
        ),
        ({**HI, "tools": [{"name": "x"}]}, "tools.0.custom.input_schema: Field required"),
        (
            {**HI, "tool_choice": {"type": "any"}},
            "tool_choice: may only be specified while providing `tools`",
        ),
        (
            {**HI, "tools": [TOOL], "tool_choice": {"type": "tool", "name": "see"}},
            "tool_choice: Tool 'see' not found in provided tools",
        ),
        (
            user(*(text(str(i), cache_control={"type": "ephemeral"}) for i in range(5))),
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        ),
    ],
)
def test_a_malformed_request_is_refused_in_the_apis_words(
    call: Caller, body: dict[str, Any], words: str
) -> None:
    response = call(body)

    assert (response.status_code, response.json()["error"]["type"]) == (
        400,
        "invalid_request_error",
    )
    assert message(response) == words


def test_a_tool_call_without_its_result_is_refused(call: Caller) -> None:
    use = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
    turns = [*HI["messages"], {"role": "assistant", "content": [use]}, *HI["messages"]]

    assert "`tool_use` ids were found without `tool_result`" in message(
        call({**HI, "messages": turns, "tools": [TOOL]})
    )


@pytest.mark.parametrize(
    ("model", "body", "words"),
    [
        (
            "claude-haiku-4-5",
            {**HI, "max_tokens": 128_000},
            (
                "max_tokens: 128000 > 64000, which is the maximum allowed number of output tokens for "
                "claude-haiku-4-5"
            ),
        ),
        (
            "claude-haiku-4-5",
            {**HI, "thinking": {"type": "adaptive"}},
            "adaptive thinking is not supported on this model",
        ),
        (
            "claude-haiku-5-5",
            {**HI, "thinking": {"type": "enabled", "budget_tokens": 1_024}},
            (
                '"thinking.type.enabled" is not supported for this model. Use '
                '"thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
            ),
        ),
        (
            "claude-opus-5-5",
            {**HI, "thinking": {"type": "disabled"}},
            (
                '"thinking.type.disabled" is not supported for this model. Use '
                '"thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
            ),
        ),
        (
            "claude-haiku-4-5",
            {**HI, "output_config": {"effort": "low"}},
            "This model does not support the effort parameter.",
        ),
        (
            "claude-haiku-5-5",
            {**HI, "messages": [*HI["messages"], {"role": "assistant", "content": "{"}]},
            (
                "This model does not support assistant message prefill. The conversation must end "
                "with a user message."
            ),
        ),
        (
            "claude-opus-5-5",
            {**HI, "tools": [TOOL], "tool_choice": {"type": "any"}},
            "tool_choice: forced tool use (`any` or `tool`) is not supported for this model",
        ),
        (
            "claude-haiku-4-5",
            {**HI, "inference_geo": "us"},
            "inference_geo is not supported for this model",
        ),
        (
            "claude-haiku-5-5",
            {**HI, "speed": "fast"},
            "speed: fast mode is not supported for this model",
        ),
        (
            "claude-haiku-4-5",
            {**HI, "messages": [*HI["messages"], {"role": "system", "content": "x"}]},
            "role 'system' is not supported on this model",
        ),
        (
            "claude-haiku-4-5",
            {**HI, "thinking": {"type": "enabled", "budget_tokens": 2_048}},
            "`max_tokens` must be greater than `thinking.budget_tokens`.",
        ),
        (
            "claude-haiku-4-5",
            {**HI, "temperature": 0.5, "top_p": 0.5},
            (
                "`temperature` and `top_p` cannot both be specified for this model. Please use only "
                "one."
            ),
        ),
        (
            "claude-haiku-4-5",
            {**HI, "messages": [{"role": "user", "content": "word" * 200_001}]},
            "prompt is too long: 200004 tokens > 200000 maximum",
        ),
    ],
)
def test_what_a_model_rejects_is_a_400_in_the_documented_words(
    call: Caller, model: str, body: dict[str, Any], words: str
) -> None:
    response = call(body, model=model)

    assert (response.status_code, message(response)) == (400, words)


def test_the_same_body_may_be_right_under_one_version_and_wrong_under_the_other(
    call: Caller,
) -> None:
    body = {**HI, "temperature": 1}

    old, new = call(body), call(body, version=NEW)

    assert old.status_code == 200
    assert (new.status_code, message(new)) == (400, "temperature: Extra inputs are not permitted")


def test_new_web_tools_pass_on_an_old_model_only_when_called_directly(call: Caller) -> None:
    direct = {**WEB, "allowed_callers": ["direct"]}

    assert call({**HI, "tools": [WEB]}).status_code == 400
    assert call({**HI, "tools": [direct]}).status_code == 200


def test_a_retired_or_unknown_model_is_not_found(call: Caller) -> None:
    for model in ("claude-3-5-haiku-20241022", "gpt-9"):
        response = call(model=model)
        assert (response.status_code, message(response)) == (404, f"model: {model}")


def test_the_day_decides_who_is_retired() -> None:
    statuses = []
    for today in (date(2026, 11, 29), date(2026, 11, 30)):
        with serve(strict_fake(today=today)) as url:
            caller = Caller(url)
            statuses.append(caller(model="claude-sonnet-4-5").status_code)
            caller.client.close()

    assert statuses == [200, 404]


def test_a_body_of_more_than_32_megabytes_is_too_large(call: Caller) -> None:
    response = call({**HI, "messages": [{"role": "user", "content": "x" * (32 * 2**20)}]})

    assert (response.status_code, response.json()["error"]["type"]) == (413, "request_too_large")


def test_the_new_tokenizer_counts_three_tenths_more(call: Caller) -> None:
    body = {"messages": [{"role": "user", "content": "word" * 100}]}

    counts = [
        call(body, model=model, path="/v1/messages/count_tokens").json()["input_tokens"]
        for model in ("claude-haiku-4-5", "claude-opus-4-6", "claude-opus-4-7", "claude-haiku-5-5")
    ]

    assert counts == [103, 103, 133, 133]


def test_a_screenshot_counts_by_patches_and_the_models_cap(call: Caller) -> None:
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 1_920, 1_080) + b"\0" * 9
    source = {
        "type": "base64",
        "media_type": "image/png",
        "data": base64.b64encode(header).decode(),
    }
    body = {"messages": [{"role": "user", "content": [{"type": "image", "source": source}]}]}

    counts = [
        call(body, model=model, path="/v1/messages/count_tokens").json()["input_tokens"] - 3
        for model in ("claude-haiku-4-5", "claude-haiku-5-5")
    ]

    # The provider's documented examples: 1560 and 2691 tokens for 1920 x 1080.
    assert counts == pytest.approx([1_560, 2_691], abs=32)


def test_a_model_that_thinks_by_default_does_and_bills_it(call: Caller) -> None:
    body = call(model="claude-haiku-5-5").json()

    assert [block["type"] for block in body["content"]] == ["thinking", "text"]
    thinking = body["usage"]["output_tokens_details"]["thinking_tokens"]
    assert 0 < thinking < body["usage"]["output_tokens"]


def test_a_small_max_tokens_is_used_up_by_thinking(call: Caller) -> None:
    body = call({**HI, "max_tokens": 5}, model="claude-haiku-5-5").json()

    assert (body["stop_reason"], body["usage"]["output_tokens"]) == ("max_tokens", 5)
    assert [block["type"] for block in body["content"]] == ["thinking"]


def test_geography_tier_and_speed_are_told(call: Caller) -> None:
    fast = call({**HI, "speed": "fast", "inference_geo": "us"}, model="claude-opus-5-5").json()
    slow = call({**HI, "speed": "fast"}, model="claude-opus-4-6").json()
    old = call().json()

    told = [
        (u["service_tier"], u["inference_geo"], u["speed"])
        for u in (fast["usage"], slow["usage"], old["usage"])
    ]
    assert told == [
        ("standard", "us", "fast"),
        ("standard", "global", "standard"),
        ("standard", "not_available", "standard"),
    ]


class Moment:
    """A clock a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)


def test_the_cache_is_written_read_refreshed_and_forgotten() -> None:
    moment = Moment()
    system = [text("long " * 500, cache_control={"type": "ephemeral"})]
    used = []
    with serve(strict_fake(now=moment)) as url:
        caller = Caller(url)
        for minutes in (0, 4, 4, 6):
            moment.passes(minutes=minutes)
            usage = caller({**HI, "system": system}, model="claude-haiku-5-5").json()["usage"]
            used.append((usage["cache_creation_input_tokens"], usage["cache_read_input_tokens"]))
        caller.client.close()

    size = 816
    assert used == [(size, 0), (0, size), (0, size), (size, 0)]


def test_a_prefix_below_the_models_minimum_is_not_cached(call: Caller) -> None:
    system = [text("long " * 2_000, cache_control={"type": "ephemeral"})]
    body = {**HI, "system": system}

    written = {
        model: call(body, model=model).json()["usage"]["cache_creation_input_tokens"] > 0
        for model in ("claude-haiku-4-5", "claude-haiku-5-5")
    }

    assert written == {"claude-haiku-4-5": False, "claude-haiku-5-5": True}


def test_two_times_to_live_are_billed_apart_and_the_total_is_the_prompt(call: Caller) -> None:
    body = {
        **user(text("b" * 4_000, cache_control={"type": "ephemeral"}), text("c" * 400)),
        "system": [text("a" * 8_000, cache_control={"type": "ephemeral", "ttl": "1h"})],
    }

    usage = call(body, model="claude-sonnet-4-6").json()["usage"]

    assert usage["cache_creation"] == {
        "ephemeral_5m_input_tokens": 1_003,
        "ephemeral_1h_input_tokens": 2_003,
    }
    assert usage["input_tokens"] == 103


def test_another_model_or_another_key_reads_no_foreign_cache(call: Caller) -> None:
    body = {**HI, "system": [text("a" * 8_000, cache_control={"type": "ephemeral"})]}
    call(body, model="claude-opus-5-5")

    reads = [
        call(body, model=model, x_api_key=key).json()["usage"]["cache_read_input_tokens"]
        for model, key in (
            ("claude-opus-5-5", "k"),
            ("claude-haiku-5-5", "k"),
            ("claude-opus-5-5", "another"),
        )
    ]

    assert [read > 0 for read in reads] == [True, False, False]


def test_rate_limits_are_told_and_kept() -> None:
    moment = Moment()
    with serve(strict_fake(limits=RateLimits(requests=2), now=moment)) as url:
        caller = Caller(url)
        first, second, third = caller(), caller(), caller()
        moment.passes(seconds=61)
        fourth = caller()
        caller.client.close()

    left = "anthropic-ratelimit-requests-remaining"
    assert (first.headers[left], second.headers[left]) == ("1", "0")
    assert (third.status_code, third.headers["retry-after"]) == (429, "60")
    assert fourth.status_code == 200


def test_a_stream_has_the_documented_order_and_names(call: Caller) -> None:
    response = call({**HI, "stream": True})

    names = [line[7:] for line in response.text.splitlines() if line.startswith("event: ")]
    assert response.headers["content-type"].startswith("text/event-stream")
    assert names == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_scripted_answers_may_be_a_function_of_the_request() -> None:
    def by_model(body: Any) -> str:
        return "large" if "opus" in body["model"] else "small"

    with serve(strict_fake(answers=by_model)) as url:
        caller = Caller(url)
        said = [
            caller(model=model).json()["content"][-1]["text"]
            for model in ("claude-opus-4-7", "claude-haiku-4-5")
        ]
        caller.client.close()

    assert said == ["large", "small"]


def test_a_scripted_tool_call_stops_for_it() -> None:
    said = Said(tool_calls=(ToolCall("look", {"n": 2}),))
    with serve(strict_fake(answers={"hi": said})) as url:
        caller = Caller(url)
        body = caller({**HI, "tools": [TOOL]}).json()
        caller.client.close()

    assert body["stop_reason"] == "tool_use"
    assert body["content"][0]["input"] == {"n": 2}


def test_the_echo_calls_a_forced_tool_and_fills_a_wanted_format(call: Caller) -> None:
    schema = {
        "type": "object",
        "properties": {"label": {"enum": ["refund", "other"]}, "n": {"type": "integer"}},
    }
    forced = call({**HI, "tools": [TOOL], "tool_choice": {"type": "any"}}).json()
    formatted = call(
        {**HI, "output_config": {"format": {"type": "json_schema", "schema": schema}}}
    ).json()

    assert forced["content"][0]["input"] == {"n": 0}
    assert formatted["content"][0]["text"] == '{"label":"refund","n":0}'


def test_a_stop_sequence_ends_the_answer(call: Caller) -> None:
    body = call({**HI, "stop_sequences": ["fake"]}).json()

    assert (body["content"][0]["text"], body["stop_reason"]) == ("strict ", "stop_sequence")
    assert body["stop_sequence"] == "fake"


def test_a_model_of_your_own_is_served_without_rules() -> None:
    with serve(strict_fake(models=["my-llama"])) as url:
        caller = Caller(url)
        response = caller({**HI, "temperature": 0.3}, model="my-llama", version=NEW)
        caller.client.close()

    assert response.status_code == 200


def test_the_journal_keeps_what_was_asked_without_the_key(call: Caller, fake: StrictFake) -> None:
    call({**HI, "max_tokens": 7}, x_api_key="sk-secret")
    call({**HI, "nonsense": 1})

    first, second = fake.journal
    assert (first.body["max_tokens"], first.status, first.credential) == (7, 200, "x-api-key")
    assert first.headers["x-api-key"] == "***"
    assert (second.status, second.error) == (400, "nonsense: Extra inputs are not permitted")


def test_an_unknown_path_is_not_found_in_the_apis_form(call: Caller) -> None:
    response = call(path="/v1/unheard-of")

    assert (response.status_code, response.json()["type"]) == (404, "error")


def test_a_taken_port_is_an_error_and_not_a_hang() -> None:
    with serve(strict_fake()) as url:
        second = serve(strict_fake(), port=int(url.rpartition(":")[2]))
        with pytest.raises(OSError, match="in use"):
            second.__enter__()


def test_further_models_and_betas_are_let_in_only_by_name() -> None:
    with serve(strict_fake(models=["claude-1.3", "own-model"], betas=["odd"])) as url:
        caller = Caller(url)
        retired, own = caller(model="claude-1.3"), caller(model="own-model", anthropic_beta="odd")
        other, wrong = caller(model="claude-1.2"), caller(anthropic_beta="odd,odder")
        caller.client.close()

    assert [each.status_code for each in (retired, own, other, wrong)] == [200, 200, 404, 400]
    assert "`odder`" in message(wrong)


def test_an_answer_can_be_a_failure_told_by_the_request() -> None:
    with serve(strict_fake(answers={"hi": rate_limited(retry_after_s=2)})) as url:
        caller = Caller(url)
        failed, passed = caller(), caller(user(text("else")))
        caller.client.close()

    assert (failed.status_code, failed.headers["retry-after"]) == (429, "2")
    assert passed.status_code == 200


def test_every_beta_the_official_client_knows_is_a_beta(call: Caller) -> None:
    known = [
        name
        for kind in get_args(AnthropicBetaParam)
        for name in get_args(kind)
        if isinstance(name, str)
    ]

    assert len(known) > 50
    assert call(anthropic_beta=",".join([*known, "claude-code-20250219"])).status_code == 200
