"""The anthropic adapter against the strict fake, over real sockets."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import pickle
import socket
from collections.abc import Callable
from typing import Any

import pytest

from suffice.adapters.providers.anthropic import (
    AnthropicModels,
    Attempt,
    Credential,
    Pace,
)
from suffice.errors import BadOption, MissingKey, Refused, SpendLimit
from suffice.records import Answer, Failure, FailureKind, ModelSpec, parse_model_spec
from suffice.testing import (
    Cuts,
    ErrorEvent,
    Fails,
    Garbles,
    Passes,
    RateLimits,
    Said,
    Stalls,
    ToolCall,
    Waits,
    overloaded,
    rate_limited,
    serve,
    server_error,
    spend_limit,
    strict_fake,
)

Ask = Callable[..., Answer]
LONG: dict[str, Any] = {"max_tokens": 30_000, "messages": [{"role": "user", "content": "hi"}]}


def transport(message: str) -> Failure:
    return Failure(FailureKind.TRANSPORT, message)


def test_an_answer_carries_all_that_is_told_of_it(ask: Ask) -> None:
    fake = strict_fake(answers={"hi": "Hello."})
    with serve(fake) as url:
        answer = ask(url)

    assert (answer.text, answer.stop_reason, answer.failure) == ("Hello.", "end_turn", None)
    assert answer.served_model == "claude-haiku-5-5"
    assert answer.request_id == "req_strictfake_000001"
    assert answer.latency_s is not None
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (4, 2)
    assert answer.usage.service_tier == "standard"


@pytest.mark.parametrize(
    ("header", "seen"), [("x-api-key", "x-api-key"), ("authorization", "authorization")]
)
def test_the_credential_goes_in_the_header_it_was_given_for(
    ask: Ask, header: Any, seen: str
) -> None:
    fake = strict_fake(keys=["sk-test"])
    with serve(fake) as url:
        answer = ask(url, credential=Credential("sk-test", header=header))

    assert answer.failure is None
    assert fake.journal.last.credential == seen


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
def test_both_api_versions_are_spoken(ask: Ask, version: str) -> None:
    request = {"max_tokens": 9, "temperature": 0, "messages": [{"role": "user", "content": "hi"}]}
    fake = strict_fake()
    with serve(fake) as url:
        answer = ask(url, "claude-opus-4-6", request=request, version=version)

    assert answer.failure is None
    assert fake.journal.last.headers["anthropic-version"] == version
    assert ("temperature" in fake.journal.last.body) == (version == "2023-06-01")


def test_a_base_url_may_end_in_v1(ask: Ask) -> None:
    with serve(strict_fake()) as url:
        assert ask(f"{url}/v1/").failure is None


def test_a_short_name_is_sent_as_the_provider_knows_it(ask: Ask) -> None:
    with serve(strict_fake()) as url:
        answer = ask(url, "haiku-5-5:thinking=off")

    assert (answer.failure, answer.served_model) == (None, "claude-haiku-5-5")


def test_betas_are_joined_as_the_api_reads_them(ask: Ask) -> None:
    fake = strict_fake()
    with serve(fake) as url:
        ask(url, betas=("a-2026-01-01", "b-2026-01-02"))

    assert fake.journal.last.headers["anthropic-beta"] == "a-2026-01-01,b-2026-01-02"


def test_a_request_the_model_cannot_take_is_not_sent_and_says_why(ask: Ask) -> None:
    prefill = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "{"}]
    fake = strict_fake()
    with serve(fake) as url:
        answer = ask(url, request={"max_tokens": 9, "messages": prefill})

    assert answer.failure == transport("not sent: claude-haiku-5-5 takes no assistant prefill")
    assert len(fake.journal) == 0


def test_a_refusal_is_an_answer_that_failed_and_is_not_billed_before_output(ask: Ask) -> None:
    with serve(strict_fake(answers={"hi": Said(refusal="bio")})) as url:
        answer = ask(url)

    assert answer.failure == Failure(FailureKind.REFUSAL, "bio: The strict fake refuses.")
    assert answer.usage is not None
    assert not answer.usage.billed


@pytest.mark.parametrize(
    ("stop_reason", "words"),
    [
        ("max_tokens", "max_tokens reached"),
        ("model_context_window_exceeded", "the context window is full"),
        ("pause_turn", "the provider paused a long turn"),
    ],
)
def test_a_cut_answer_failed(ask: Ask, stop_reason: str, words: str) -> None:
    with serve(strict_fake(answers={"hi": Said(text="Hi th", stop_reason=stop_reason)})) as url:
        answer = ask(url)

    assert (answer.text, answer.failure) == ("Hi th", Failure(FailureKind.CUT, words))


def test_tool_calls_and_text_come_as_blocks(ask: Ask) -> None:
    said = Said(text="Looking.", tool_calls=(ToolCall("look", {"at": "sky"}),))
    request = {**LONG, "tools": [{"name": "look", "input_schema": {"type": "object"}}]}
    with serve(strict_fake(answers={"hi": said})) as url:
        whole = ask(url, request={**request, "max_tokens": 200})
        streamed = ask(url, request=request)

    assert whole.text == "Looking."
    assert whole.blocks is not None
    assert [block["type"] for block in whole.blocks] == ["text", "tool_use"]
    assert whole.blocks[1]["input"] == {"at": "sky"}
    assert streamed.blocks == whole.blocks
    assert streamed.stop_reason == "tool_use"


def test_a_copy_of_a_request_begins_no_thread_at_the_provider(ask: Ask) -> None:
    fake = strict_fake()
    with serve(fake) as url:
        answer = ask(url, request={**LONG, "max_tokens": 200, "thread": {"type": "create"}})

    assert answer.failure is None
    assert "thread" not in fake.journal.last.body


def test_a_long_answer_is_streamed_and_reads_the_same(ask: Ask) -> None:
    fake = strict_fake()
    with serve(fake) as url:
        streamed = ask(url, "claude-haiku-5-5:effort=max", request=LONG)
        whole = ask(url, "claude-haiku-5-5:effort=max", request={**LONG, "max_tokens": 20_000})

    assert [entry.body.get("stream") for entry in fake.journal.messages()] == [True, None]
    assert (streamed.text, streamed.blocks, streamed.usage) == (
        whole.text,
        whole.blocks,
        whole.usage,
    )


@pytest.mark.parametrize("fault", [rate_limited(), overloaded(), server_error()])
def test_a_passing_fault_is_tried_again_with_a_growing_jittered_wait(
    ask: Ask, waits: Any, fault: Fails
) -> None:
    fake = strict_fake(script=[fault, fault])
    with serve(fake) as url:
        answer = ask(url, pace=Pace(first_wait_s=1.0))

    assert answer.failure is None
    assert fake.journal.seen == 3
    own = waits.slept if fault.status == 500 else waits.slept[:1]
    assert 0.5 <= own[0] <= 1.5
    if fault.status == 500:
        assert 1.0 <= own[1] <= 3.0


@pytest.mark.parametrize(
    ("headers", "least"),
    [
        ({"retry-after-ms": "1500", "retry-after": "60"}, 1.5),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "soon"}, 0.25),
        ({"retry-after": "-3"}, 0.25),
        ({"retry-after": "nan"}, 0.25),
    ],
)
def test_the_provider_says_how_long_to_wait(
    ask: Ask, waits: Any, headers: dict[str, str], least: float
) -> None:
    fault = Fails(status=429, type="rate_limit_error", message="slow", headers=headers)
    with serve(strict_fake(script=[fault])) as url:
        assert ask(url).failure is None

    assert least <= waits.time_s <= least * 1.6 + 0.8


def test_a_wait_beyond_all_patience_is_a_failure(ask: Ask, waits: Any) -> None:
    with serve(strict_fake(script=[rate_limited(retry_after_s=86_400)])) as url:
        answer = ask(url)

    assert answer.failure is not None
    assert answer.failure.message.startswith("429 rate_limit_error")


def test_should_retry_overrules_the_status(ask: Ask) -> None:
    never = Fails(status=500, type="api_error", message="gone", headers={"x-should-retry": "false"})
    again = Fails(
        status=400, type="invalid_request_error", message="odd", headers={"x-should-retry": "true"}
    )
    with serve(strict_fake(script=[never, again])) as url:
        first, second = ask(url), ask(url)

    assert first.failure == transport("500 api_error gone")
    assert second.failure is None


def test_tries_end(ask: Ask) -> None:
    fake = strict_fake(script=[server_error()] * 9)
    with serve(fake) as url:
        answer = ask(url, pace=Pace(attempts=3))

    assert answer.failure == transport("500 api_error Internal server error")
    assert fake.journal.seen == 3


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_bad_request_fails_alone_with_the_providers_words(ask: Ask, status: int) -> None:
    fault = Fails(status=status, type="invalid_request_error", message="too odd")
    fake = strict_fake(script=[fault])
    with serve(fake) as url:
        answer = ask(url)

    assert answer.failure == transport(f"{status} invalid_request_error too odd")
    assert fake.journal.seen == 1


@pytest.mark.parametrize(
    "fault",
    [
        spend_limit(),
        Fails(
            status=400,
            type="invalid_request_error",
            message="You have reached your specified workspace API usage limits.",
        ),
        Fails(status=402, type="billing_error", message="Your credit balance is too low."),
    ],
)
def test_a_spent_account_stops_everything_at_once(fault: Fails) -> None:
    fake = strict_fake(script=[fault])

    async def run(url: str) -> None:
        models = AnthropicModels(credential=Credential("sk-test"), base_url=url)
        for arm in ("claude-haiku-5-5", "claude-opus-5-5"):
            with pytest.raises(SpendLimit):
                await models.answer(ModelSpec(arm), dict(LONG), case_id="1")
        await models.aclose()

    with serve(fake) as url:
        asyncio.run(run(url))

    assert fake.journal.seen == 1


def test_a_wrong_key_stops_everything_and_is_not_repeated_to_anybody(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echoing = Fails(
        status=401, type="authentication_error", message="invalid x-api-key: sk-secret-1"
    )
    with (
        serve(strict_fake(script=[echoing])) as url,
        pytest.raises(Refused, match=r"\*\*\*") as refused,
    ):
        ask(url, credential=Credential("sk-secret-1"))

    assert "sk-secret-1" not in str(refused.value) + repr(refused.value) + caplog.text


def test_a_model_nobody_serves_is_refused_and_leaves_the_others() -> None:
    async def run(url: str) -> Answer:
        models = AnthropicModels(credential=Credential("sk-test"), base_url=url)
        for _ in range(2):
            with pytest.raises(Refused, match="model: claude-3-5-haiku-20241022"):
                await models.answer(ModelSpec("claude-3-5-haiku-20241022"), dict(LONG), case_id="1")
        answer = await models.answer(ModelSpec("claude-haiku-5-5"), dict(LONG), case_id="1")
        await models.aclose()
        return answer

    fake = strict_fake()
    with serve(fake) as url:
        assert asyncio.run(run(url)).failure is None

    assert fake.journal.seen == 2


def test_a_missing_file_is_the_fault_of_one_request(ask: Ask) -> None:
    fault = Fails(status=404, type="not_found_error", message="File not found: file_123")
    with serve(strict_fake(script=[fault])) as url:
        assert ask(url).failure == transport("404 not_found_error File not found: file_123")


def test_a_redirect_is_refused_since_the_key_would_travel(ask: Ask) -> None:
    elsewhere = Fails(
        status=307, type="", message="", headers={"location": "https://example.invalid/"}
    )
    with serve(strict_fake(script=[elsewhere])) as url, pytest.raises(Refused, match="307"):
        ask(url)


def test_a_dropped_connection_is_tried_again_and_told_as_perhaps_billed(ask: Ask) -> None:
    attempts: list[Attempt] = []
    with serve(strict_fake(script=[Cuts()])) as url:
        answer = ask(url, on_attempt=attempts.append)

    assert answer.failure is None
    assert [(a.number, a.outcome, a.may_be_billed) for a in attempts] == [
        (1, "retried", True),
        (2, "answered", True),
    ]


def test_a_rejected_try_is_told_as_not_billed(ask: Ask) -> None:
    attempts: list[Attempt] = []
    with serve(strict_fake(script=[overloaded()])) as url:
        ask(url, on_attempt=attempts.append)

    assert [(a.status, a.may_be_billed) for a in attempts] == [(529, False), (200, True)]


def test_whoever_keeps_the_accounts_can_forbid_the_next_try(ask: Ask) -> None:
    class NoMoneyError(Exception):
        pass

    def no_more(attempt: Attempt) -> None:
        if attempt.outcome == "retried":
            raise NoMoneyError

    fake = strict_fake(script=[Cuts(), Passes()])
    with serve(fake) as url, pytest.raises(NoMoneyError):
        ask(url, on_attempt=no_more)

    assert fake.journal.seen == 1


@pytest.mark.parametrize("quietly", [True, False])
def test_a_cut_stream_is_a_failure_that_keeps_what_came_and_is_not_asked_again(
    ask: Ask, quietly: bool
) -> None:
    fake = strict_fake(answers={"hi": "Hello."}, script=[Cuts(after_events=4, quietly=quietly)])
    with serve(fake) as url:
        answer = ask(url, request=LONG)

    assert answer.failure is not None
    assert answer.failure.kind is FailureKind.TRANSPORT
    assert answer.failure.message.startswith("stream cut")
    assert answer.text == "Hello."
    assert answer.usage is not None
    assert not answer.usage.complete
    assert fake.journal.seen == 1


def test_a_stream_cut_before_its_first_word_is_asked_again(ask: Ask) -> None:
    fake = strict_fake(script=[Cuts(after_events=0)])
    with serve(fake) as url:
        assert ask(url, request=LONG).failure is None

    assert fake.journal.seen == 2


def test_a_stalled_stream_is_cut(ask: Ask) -> None:
    fake = strict_fake(answers={"hi": "Hello."}, script=[Stalls(seconds=20, after_events=4)])
    with serve(fake) as url:
        answer = ask(url, request=LONG, pace=Pace(stall_s=0.2))

    assert answer.failure == transport("stream cut: no answer in time (ReadTimeout)")
    assert answer.text == "Hello."


def test_an_answer_that_never_begins_is_asked_again(ask: Ask) -> None:
    fake = strict_fake(script=[Waits(20)])
    with serve(fake) as url:
        assert ask(url, pace=Pace(read_s=0.2)).failure is None

    assert fake.journal.seen == 2


def test_a_try_that_drags_on_is_ended(ask: Ask) -> None:
    with serve(strict_fake(script=[Waits(20)])) as url:
        answer = ask(url, pace=Pace(attempt_s=0.2, attempts=1))

    assert answer.failure == transport("no whole answer in time (TimeoutError)")


def test_an_error_event_before_any_word_is_tried_again_and_after_one_is_not(ask: Ask) -> None:
    early, late = ErrorEvent(after_events=1), ErrorEvent(after_events=5)
    fake = strict_fake(script=[early, late])
    with serve(fake) as url:
        answer = ask(url, request=LONG)

    assert answer.failure == transport("stream cut by an error event")
    assert fake.journal.seen == 2


@pytest.mark.parametrize("request_", [LONG, {**LONG, "max_tokens": 50}])
def test_a_garbled_answer_is_a_failure(ask: Ask, request_: dict[str, Any]) -> None:
    fake = strict_fake(script=[Garbles()])
    with serve(fake) as url:
        answer = ask(url, request=request_)

    assert answer.failure is not None
    assert "cannot be read" in answer.failure.message
    assert fake.journal.seen == 1


@pytest.mark.parametrize("request_", [LONG, {**LONG, "max_tokens": 20_000}])
def test_an_answer_without_end_is_not_read_to_its_end(ask: Ask, request_: dict[str, Any]) -> None:
    with serve(strict_fake(answers={"hi": "word " * 10_000})) as url:
        answer = ask(url, request=request_, pace=Pace(max_answer_bytes=5_000))

    assert answer.failure is not None
    assert "longer than 5,000 bytes" in answer.failure.message


def test_nobody_at_the_door_is_a_failure_after_all_tries(ask: Ask) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        answer = ask(f"http://127.0.0.1:{taken.getsockname()[1]}", pace=Pace(attempts=2))

    assert answer.failure == transport("no connection (ConnectError)")


@pytest.mark.parametrize(
    "url", ["ftp://host", "http://[", "api.anthropic.com", "http://host:99999999", "https://", ""]
)
def test_a_base_url_that_is_none_is_a_mistake(url: str) -> None:
    with pytest.raises(BadOption, match="is no base URL"):
        AnthropicModels(credential=None, base_url=url)


def test_tokens_are_counted_by_the_model_asked() -> None:
    async def run(url: str) -> list[int | None]:
        models = AnthropicModels(credential=Credential("sk-test"), base_url=url)
        request = {"max_tokens": 9, "messages": [{"role": "user", "content": "word" * 100}]}
        counts = [
            await models.count_tokens(ModelSpec(model), request)
            for model in ("claude-haiku-4-5", "claude-haiku-5-5")
        ]
        await models.aclose()
        return counts

    with serve(strict_fake()) as url:
        assert asyncio.run(run(url)) == [103, 133]


def test_a_provider_that_cannot_count_says_nothing() -> None:
    async def run(url: str) -> int | None:
        models = AnthropicModels(credential=Credential("sk-test"), base_url=url + "/elsewhere")
        try:
            return await models.count_tokens(ModelSpec("claude-haiku-5-5"), dict(LONG))
        finally:
            await models.aclose()

    with serve(strict_fake()) as url:
        assert asyncio.run(run(url)) is None


def test_no_more_are_under_way_than_the_pace_allows_and_all_are_answered() -> None:
    fake = strict_fake(latency_s=0.01)

    async def run(url: str) -> list[Answer]:
        pace = Pace(concurrency=5)
        models = AnthropicModels(credential=Credential("sk-test"), base_url=url, pace=pace)
        request = {"max_tokens": 900, "messages": [{"role": "user", "content": "hi"}]}
        answers = await asyncio.gather(
            *(
                models.answer(ModelSpec("claude-opus-4-7"), request, case_id=str(i))
                for i in range(40)
            )
        )
        await models.aclose()
        return answers

    with serve(fake) as url:
        answers = asyncio.run(run(url))

    assert [a for a in answers if a.failure] == []
    assert 2 <= fake.journal.most_under_way <= 5


def test_rate_limits_are_met_by_waiting_and_nothing_is_lost() -> None:
    fake = strict_fake(
        script=[rate_limited(retry_after_s=0.05) if i % 4 == 1 else Passes() for i in range(60)],
        limits=RateLimits(requests=10_000),
    )

    async def run(url: str) -> tuple[list[Answer], int]:
        models = AnthropicModels(credential=Credential("sk-test"), base_url=url)
        request = {"max_tokens": 900, "messages": [{"role": "user", "content": "hi"}]}
        answers = await asyncio.gather(
            *(
                models.answer(ModelSpec("claude-opus-4-7"), request, case_id=str(i))
                for i in range(40)
            )
        )
        limit = models.concurrency("claude-opus-4-7")
        await models.aclose()
        return answers, limit

    with serve(fake) as url:
        answers, limit = asyncio.run(run(url))

    assert [a for a in answers if a.failure] == []
    assert limit < 8


def test_a_cancelled_call_leaves_no_socket_open() -> None:
    async def run(url: str) -> None:
        models = AnthropicModels(credential=Credential("sk-test"), base_url=url)
        calls = [
            asyncio.create_task(
                models.answer(ModelSpec("claude-opus-4-7"), dict(LONG), case_id="1")
            )
            for _ in range(12)
        ]
        await asyncio.sleep(0.2)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await models.aclose()

    with serve(strict_fake(latency_s=5)) as url:
        asyncio.run(run(url))
    gc.collect()


def test_a_credential_cannot_be_seen_written_or_empty() -> None:
    secret = Credential("sk-ant-secret")

    assert "secret" not in repr(secret) + str(secret) + f"{secret}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(MissingKey, match="empty"):
        Credential("  ")
    with pytest.raises(MissingKey, match="illegal"):
        Credential("sk-\nant")


def test_a_password_in_the_base_url_is_not_shown() -> None:
    models = AnthropicModels(credential=None, base_url="http://me:hush@127.0.0.1:9/v1")

    assert "hush" not in repr(models)
    asyncio.run(models.aclose())


def test_the_arm_is_named_whole_in_the_accounts(ask: Ask) -> None:
    attempts: list[Attempt] = []
    arm = parse_model_spec("claude-haiku-5-5:effort=low@A").name
    with serve(strict_fake()) as url:
        ask(url, arm, on_attempt=attempts.append)

    assert [(a.arm, a.case_id) for a in attempts] == [(arm, "case-1")]


def test_a_body_is_sent_as_json_without_the_models_settings_or_labels(ask: Ask) -> None:
    fake = strict_fake()
    with serve(fake) as url:
        ask(url, "claude-haiku-4-5@A")

    assert json.loads(json.dumps(fake.journal.last.body)) == {
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "hi"}],
        "model": "claude-haiku-4-5",
    }
