"""Threads of the strict fake: a conversation it holds, continued by what is new."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import anthropic
import pytest

from suffice.testing import StrictFake, serve, strict_fake

BETA = "message-threads-2026-08-12"
OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"


class Clock:
    now = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(clock: Clock) -> StrictFake:
    return strict_fake(now=clock)


@pytest.fixture
def client(fake: StrictFake) -> Iterator[anthropic.Anthropic]:
    with (
        serve(fake) as url,
        anthropic.Anthropic(
            api_key="k", base_url=url, max_retries=0, _strict_response_validation=True
        ) as found,
    ):
        yield found


def send(client: anthropic.Anthropic, thread: Any, **more: Any) -> Any:
    asked = {
        "model": OPUS,
        "max_tokens": 900,
        "messages": [{"role": "user", "content": "hi"}],
        "betas": [BETA],
    }
    return client.beta.messages.create(**{**asked, "thread": thread, **more})


def going_on(message: Any) -> dict[str, str]:
    return {"type": "continue", "previous_message_id": message.id}


def test_the_official_helper_sends_only_what_is_new_and_is_billed_for_all(
    client: anthropic.Anthropic, fake: StrictFake
) -> None:
    thread = client.beta.messages.thread(model=OPUS, max_tokens=900, system="Be kind. " * 50)
    first = thread.send({"role": "user", "content": "one"})
    second = thread.send({"role": "user", "content": "two"})

    last = fake.journal.last.body
    assert [message["content"] for message in last["messages"]] == ["two"]
    assert "system" not in last
    assert second.usage.input_tokens > first.usage.input_tokens
    assert second.content[-1].type == "text"
    assert second.content[-1].text == "strict fake: two"


def test_a_thread_is_continued_only_once(client: anthropic.Anthropic) -> None:
    first = send(client, {"type": "create"})
    send(client, going_on(first))

    with pytest.raises(anthropic.BadRequestError) as refused:
        send(client, going_on(first))

    assert refused.value.error_code == "thread_already_continued"


@pytest.mark.parametrize("changed", [{"model": HAIKU}, {"system": "Else."}])
def test_a_thread_keeps_its_model_and_its_system(
    client: anthropic.Anthropic, changed: dict[str, Any]
) -> None:
    first = send(client, {"type": "create"})

    with pytest.raises(anthropic.BadRequestError) as refused:
        send(client, going_on(first), **changed)

    assert refused.value.error_code == "thread_fingerprint_mismatch"


def test_a_thread_is_forgotten_after_five_minutes_and_the_helper_says_all_again(
    client: anthropic.Anthropic, fake: StrictFake, clock: Clock
) -> None:
    thread = client.beta.messages.thread(model=OPUS, max_tokens=900)
    thread.send({"role": "user", "content": "one"})
    clock.now += timedelta(minutes=5)
    thread.send({"role": "user", "content": "two"})

    assert [entry.status for entry in fake.journal] == [200, 404, 200]
    assert [m["role"] for m in fake.journal.last.body["messages"]] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    ("thread", "betas"),
    [
        ({"type": "create"}, []),
        ({"type": "odd"}, [BETA]),
        ({"type": "continue"}, [BETA]),
    ],
)
def test_a_thread_without_its_beta_or_its_form_is_refused(
    client: anthropic.Anthropic, thread: Any, betas: list[str]
) -> None:
    with pytest.raises(anthropic.BadRequestError, match="thread: "):
        send(client, thread, betas=betas)


def test_a_thread_nobody_began_is_not_found(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as missing:
        send(client, {"type": "continue", "previous_message_id": "msg_none"})

    assert missing.value.error_code == "thread_not_found"
