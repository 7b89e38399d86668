"""Batches of the strict fake, through the provider's own client with every field checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import anthropic
import httpx2
import pytest

from suffice.testing import Said, serve, strict_fake

HAIKU = "claude-haiku-5-5"


def item(custom_id: str, words: str = "hi", **more: Any) -> Any:
    params = {"model": HAIKU, "max_tokens": 200, "messages": [{"role": "user", "content": words}]}
    return {"custom_id": custom_id, "params": {**params, **more}}


@pytest.fixture
def connect() -> Iterator[Callable[..., anthropic.Anthropic]]:
    with ExitStack() as stack:

        def made(**options: Any) -> anthropic.Anthropic:
            url = stack.enter_context(serve(strict_fake(**options)))
            return stack.enter_context(
                anthropic.Anthropic(
                    api_key="k", base_url=url, max_retries=0, _strict_response_validation=True
                )
            )

        yield made


@pytest.fixture
def client(connect: Callable[..., anthropic.Anthropic]) -> anthropic.Anthropic:
    return connect(answers={"capital of France?": "Paris"})


def test_every_item_is_answered_at_half_price_and_found_by_its_id(
    client: anthropic.Anthropic,
) -> None:
    taken = client.messages.batches.create(requests=[item("a"), item("b", "capital of France?")])
    results = {line.custom_id: line.result for line in client.messages.batches.results(taken.id)}

    assert (taken.processing_status, taken.request_counts.processing) == ("in_progress", 2)
    assert list(results) == ["b", "a"]
    france = results["b"]
    assert france.type == "succeeded"
    assert france.message.content[-1].type == "text"
    assert france.message.content[-1].text == "Paris"
    assert france.message.usage.service_tier == "batch"


def test_a_batch_takes_as_many_looks_as_it_is_told(
    connect: Callable[..., anthropic.Anthropic],
) -> None:
    batches = connect(batch_polls=2).messages.batches
    taken = batches.create(requests=[item("a")])
    seen = [batches.retrieve(taken.id) for _ in range(3)]

    assert [batch.processing_status for batch in seen] == ["in_progress", "in_progress", "ended"]
    assert [batch.results_url is None for batch in seen] == [True, True, False]
    assert seen[-1].request_counts.succeeded == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"output_config": {"effort": "odd"}}, "output_config.effort"),
        ({"stream": True}, "stream: not supported in a batch"),
        ({"speed": "standard"}, "speed: not supported in a batch"),
        ({"max_tokens": 0}, "max_tokens: must be greater than 0"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"model": "claude-3-5-haiku-20241022"}, "model: claude-3-5-haiku-20241022"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_with_an_item_shows_only_in_its_result(
    client: anthropic.Anthropic, wrong: dict[str, Any], words: str
) -> None:
    batch = client.messages.batches.create(requests=[item("good"), item("bad", **wrong)])
    bad, good = client.messages.batches.results(batch.id)
    counts = client.messages.batches.retrieve(batch.id).request_counts

    assert (counts.succeeded, counts.errored) == (1, 1)
    assert good.result.type == "succeeded"
    assert bad.result.type == "errored"
    assert words in bad.result.error.error.message


@pytest.mark.parametrize(
    ("requests", "words"),
    [
        ([], "requests: List should have 1 to 100000 items"),
        ([item("a b")], "requests.0.custom_id: String should match"),
        ([item("a"), item("a")], "requests.1.custom_id: custom_id must be unique"),
        ([{"custom_id": "a"}], "requests.0.params: Field required"),
    ],
)
def test_what_is_no_batch_is_refused_at_once(
    client: anthropic.Anthropic, requests: Any, words: str
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=words):
        client.messages.batches.create(requests=requests)


def test_a_cancelled_batch_ends_without_answers(
    connect: Callable[..., anthropic.Anthropic],
) -> None:
    batches = connect(batch_polls=1).messages.batches
    taken = batches.create(requests=[item("a")])
    canceling = batches.cancel(taken.id)
    with pytest.raises(anthropic.BadRequestError, match="cancel it before it is deleted"):
        batches.delete(taken.id)
    batches.retrieve(taken.id)
    ended = batches.retrieve(taken.id)

    assert canceling.processing_status == "canceling"
    assert canceling.cancel_initiated_at is not None
    assert ended.request_counts.canceled == 1
    assert [line.result.type for line in batches.results(taken.id)] == ["canceled"]


def test_results_come_only_at_the_end(connect: Callable[..., anthropic.Anthropic]) -> None:
    client = connect(batch_polls=5)
    taken = client.messages.batches.create(requests=[item("a")])

    with pytest.raises(anthropic.NotFoundError):
        client.get(f"/v1/messages/batches/{taken.id}/results", cast_to=httpx2.Response)


def test_a_batch_that_is_not_done_in_a_day_expires(
    connect: Callable[..., anthropic.Anthropic],
) -> None:
    now = [datetime(2026, 11, 22, tzinfo=UTC)]
    batches = connect(batch_polls=99, now=lambda: now[0]).messages.batches
    taken = batches.create(requests=[item("a")])
    now[0] += timedelta(hours=24)

    assert batches.retrieve(taken.id).request_counts.expired == 1
    assert taken.expires_at == datetime(2026, 11, 23, tzinfo=UTC)


def test_results_are_kept_for_29_days(connect: Callable[..., anthropic.Anthropic]) -> None:
    now = [datetime(2026, 11, 1, tzinfo=UTC)]
    batches = connect(now=lambda: now[0]).messages.batches
    taken = batches.create(requests=[item("a")])
    assert len(list(batches.results(taken.id))) == 1
    now[0] += timedelta(days=29)

    assert batches.retrieve(taken.id).archived_at == datetime(2026, 11, 30, tzinfo=UTC)
    assert batches.retrieve(taken.id).results_url is None


def test_deleted_batches_are_gone_and_the_others_are_listed_newest_first(
    client: anthropic.Anthropic,
) -> None:
    batches = client.messages.batches
    taken = [batches.create(requests=[item("a")]).id for _ in range(5)]
    deleted = batches.delete(taken[2])

    assert deleted.type == "message_batch_deleted"
    assert [batch.id for batch in batches.list(limit=2)] == [taken[i] for i in (4, 3, 1, 0)]
    with pytest.raises(anthropic.NotFoundError):
        batches.retrieve(taken[2])


def test_only_a_batch_with_the_beta_may_write_300k_tokens(client: anthropic.Anthropic) -> None:
    asked = [item("a", max_tokens=300_000)]
    plain = client.beta.messages.batches.create(requests=asked)
    beta = client.beta.messages.batches.create(requests=asked, betas=["output-300k-2026-03-24"])

    def kinds(id_: str) -> list[str]:
        return [line.result.type for line in client.beta.messages.batches.results(id_)]

    assert (kinds(plain.id), kinds(beta.id)) == (["errored"], ["succeeded"])


def test_items_share_the_prompt_cache(client: anthropic.Anthropic) -> None:
    system = [{"type": "text", "text": "word " * 900, "cache_control": {"type": "ephemeral"}}]
    batch = client.messages.batches.create(
        requests=[item("a", system=system), item("b", system=system)]
    )
    usages = {
        line.custom_id: line.result.message.usage
        for line in client.messages.batches.results(batch.id)
        if line.result.type == "succeeded"
    }

    assert usages["a"].cache_creation_input_tokens == usages["b"].cache_read_input_tokens != 0


def test_a_standing_id_is_always_found(connect: Callable[..., anthropic.Anthropic]) -> None:
    batches = connect(ids=["example"]).messages.batches
    batches.delete("example")

    assert batches.retrieve("example").processing_status == "ended"


def test_scripted_words_reach_batches_too(connect: Callable[..., anthropic.Anthropic]) -> None:
    batches = connect(answers=lambda body: Said(text=body["model"])).messages.batches
    taken = batches.create(requests=[item("a", model="claude-haiku-4-5")])
    (line,) = batches.results(taken.id)

    assert line.result.type == "succeeded"
    assert [block.type for block in line.result.message.content] == ["text"]
