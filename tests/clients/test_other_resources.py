"""Batches, files, models, counting and probes, through the gateway's process."""

from __future__ import annotations

import gzip
import io
from typing import Any

import anthropic
import httpx2
import pytest
from starlette.middleware.gzip import GZipMiddleware

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
HEADERS = {"x-api-key": "k", "anthropic-version": "2026-10-21"}
BODY = {"model": HAIKU, "max_tokens": 300, "messages": [{"role": "user", "content": "hi"}]}


def item(custom_id: str, **more: Any) -> Any:
    return {"custom_id": custom_id, "params": {**BODY, **more}}


@pytest.mark.parametrize("side", ["messages", "beta"])
def test_a_batch_is_created_and_its_results_come_through_the_gateway(
    front: Any, client: anthropic.Anthropic, side: str
) -> None:
    batches: Any = client.messages.batches if side == "messages" else client.beta.messages.batches
    taken = batches.create(requests=[item("a"), item("b", model="claude-3-opus-20240229")])
    ended = batches.retrieve(taken.id)
    results = {line.custom_id: line.result.type for line in batches.results(taken.id)}

    assert ended.results_url == f"{front.url}/v1/messages/batches/{taken.id}/results"
    assert results == {"a": "succeeded", "b": "errored"}


def test_listed_batches_lead_through_the_gateway_too(
    front: Any, client: anthropic.Anthropic
) -> None:
    for _ in range(3):
        client.messages.batches.create(requests=[item("a")])
    urls = [str(batch.results_url) for batch in client.messages.batches.list(limit=2)]

    assert len(urls) >= 3
    assert all(url.startswith(front.url) for url in urls)


def test_a_batch_is_cancelled_and_deleted(start_front: Any) -> None:
    front = start_front(batch_polls=1)
    with anthropic.Anthropic(api_key="k", base_url=front.url, max_retries=0) as client:
        batches = client.messages.batches
        taken = batches.create(requests=[item("a")])
        canceling = batches.cancel(taken.id)
        while batches.retrieve(taken.id).processing_status != "ended":
            pass
        deleted = batches.delete(taken.id)

    assert canceling.processing_status == "canceling"
    assert deleted.type == "message_batch_deleted"


def test_files_go_up_whole_and_what_a_tool_made_comes_down(start_front: Any) -> None:
    front = start_front(ids=["made"])
    content = bytes(range(256)) * 4_096
    with anthropic.Anthropic(api_key="k", base_url=front.url, max_retries=0) as client:
        kept = client.beta.files.upload(
            file=("all.bin", io.BytesIO(content), "application/octet-stream"),
            betas=["files-api-2025-04-14"],
        )
        listed = [file.id for file in client.files.list()]
        made = client.files.download("made").read()
        client.files.delete(kept.id)

    assert (kept.size_bytes, listed) == (len(content), [kept.id])
    assert made == b"The strict fake made this file up.\n"


def test_models_are_listed_over_pages_and_described(client: anthropic.Anthropic) -> None:
    ids = [model.id for model in client.models.list(limit=5)]

    assert {OPUS, HAIKU} <= set(ids)
    assert client.models.retrieve(HAIKU).max_input_tokens == 1_000_000


@pytest.mark.parametrize("side", ["messages", "beta"])
def test_tokens_are_counted_at_the_model_asked_about_whatever_the_type(
    front: Any, client: anthropic.Anthropic, side: str
) -> None:
    where: Any = client.messages if side == "messages" else client.beta.messages
    counted = where.count_tokens(
        model=OPUS,
        messages=[{"role": "user", "content": "hi"}],
        extra_headers={"x-suffice-type": "triage"},
    )

    assert counted.input_tokens > 0
    assert front.fake.journal.last.body["model"] == OPUS
    assert front.fake.journal.last.path == "/v1/messages/count_tokens"


@pytest.mark.parametrize("headers", [{}, {"x-suffice-type": "triage"}], ids=["as asked", "routed"])
def test_the_old_beta_query_is_kept_with_and_without_a_route(
    front: Any, client: anthropic.Anthropic, headers: dict[str, str]
) -> None:
    client.beta.messages.create(
        model=OPUS,
        max_tokens=300,
        messages=[{"role": "user", "content": "hi"}],
        betas=["interleaved-thinking-2025-05-14"],
        extra_query={"beta": "true"},
        extra_headers=headers,
    )

    last = front.fake.journal.last
    assert (last.path, last.query) == ("/v1/messages", "beta=true")
    assert last.headers["anthropic-beta"] == "interleaved-thinking-2025-05-14"


def test_an_older_clients_key_and_version_are_taken_as_they_are(front: Any) -> None:
    answer = httpx2.post(
        f"{front.url}/v1/messages",
        json={**BODY, "model": "claude-haiku-4-5", "temperature": 0},
        headers={"x-api-key": "k", "anthropic-version": "2023-06-01"},
    )

    assert answer.status_code == 200
    assert front.fake.journal.last.credential == "x-api-key"
    assert front.fake.journal.last.headers["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize("path", ["/", "/api/hello", "/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_probes_are_answered_at_once_and_ask_nothing_of_the_upstream(
    front: Any, method: str, path: str
) -> None:
    answer = httpx2.request(method, front.url + path)

    assert answer.status_code == 200
    assert bool(answer.content) == (method == "GET")
    assert len(front.fake.journal) == 0


def test_what_the_upstream_does_not_know_is_the_upstreams_404(front: Any) -> None:
    answer = httpx2.get(f"{front.url}/v1/organizations/me?x=1", headers=HEADERS)

    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")
    assert front.fake.journal.last.query == "x=1"


@pytest.mark.parametrize("headers", [{}, {"x-suffice-type": "triage"}], ids=["as asked", "routed"])
def test_a_compressed_answer_stays_compressed_and_is_read_on_the_side(
    start_front: Any, headers: dict[str, str]
) -> None:
    front = start_front(wrapped=lambda fake: GZipMiddleware(fake, minimum_size=1))
    with httpx2.stream(
        "POST",
        f"{front.url}/v1/messages",
        json={**BODY, "model": OPUS},
        headers={**HEADERS, **headers, "accept-encoding": "gzip"},
    ) as answer:
        raw = b"".join(answer.iter_raw())
    with anthropic.Anthropic(api_key="k", base_url=front.url) as client:
        message = client.messages.create(
            model=OPUS, max_tokens=300, messages=[{"role": "user", "content": "hi"}]
        )

    assert answer.headers["content-encoding"] == "gzip"
    assert b'"type":"message"' in gzip.decompress(raw)
    assert message.content[-1].type == "text"
    assert metric(front.url, "suffice_tokens_total") > 0


def test_batches_come_readable_from_an_upstream_that_compresses(start_front: Any) -> None:
    front = start_front(wrapped=lambda fake: GZipMiddleware(fake, minimum_size=1))
    with anthropic.Anthropic(api_key="k", base_url=front.url, max_retries=0) as client:
        taken = client.messages.batches.create(requests=[item("a")])
        results = [line.result.type for line in client.messages.batches.results(taken.id)]
        url = client.messages.batches.retrieve(taken.id).results_url

    assert results == ["succeeded"]
    assert str(url).startswith(front.url)


def metric(url: str, name: str) -> float:
    lines = httpx2.get(f"{url}/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))
