"""
Every way an upstream can fail, without a route, on the candidate, and on both models.

Each fault is put through a gateway in a process of its own. What the client got is held against the
upstream's journal byte for byte, what the account says against the tokens the upstream told and
dollars added up by hand; then the outcome is put into words, which docs/faults.md must hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

SECTION = "upstream"
BASELINE = "claude-opus-5-5"
STREAMED, WHOLE = True, False


async def rate_limited_for_a_while(reply: Any) -> None:
    await reply.error("429 Too Many Requests", "rate_limit_error", retry_after="7")


async def rate_limited(reply: Any) -> None:
    await reply.error("429 Too Many Requests", "rate_limit_error")


async def overloaded(reply: Any) -> None:
    await reply.error("529 Overloaded", "overloaded_error")


async def server_error(reply: Any) -> None:
    await reply.error("500 Internal Server Error", "api_error")


async def a_balancers_page(reply: Any) -> None:
    page = b"<html>bad gateway</html>"
    reply.head("502 Bad Gateway", len(page))
    await reply.body(page)


async def refused(reply: Any) -> None:
    await reply.error("400 Bad Request", "invalid_request_error")


async def not_allowed(reply: Any) -> None:
    await reply.error("403 Forbidden", "permission_error")


async def cut_before_the_head(reply: Any) -> None:
    reply.cut()


async def reset_before_the_head(reply: Any) -> None:
    reply.cut(reset=True)


async def cut_within_the_head(reply: Any) -> None:
    reply.raw(b"HTTP/1.1 200 OK\r\ncontent-ty")
    reply.cut()


async def cut_before_the_first_event(reply: Any) -> None:
    reply.head()
    reply.cut()


async def cut_after_message_start(reply: Any) -> None:
    await reply.stream(1)
    reply.cut()


async def cut_between_deltas(reply: Any) -> None:
    await reply.stream(6)
    reply.cut()


async def reset_between_deltas(reply: Any) -> None:
    await reply.stream(6)
    reply.cut(reset=True)


async def cut_within_an_event(reply: Any) -> None:
    await reply.stream(5)
    await reply.body(reply.frames[5][:40])
    reply.cut()


async def cut_within_a_chunk(reply: Any) -> None:
    await reply.stream(5)
    reply.raw(b"fff\r\nevent: content_block_delta")
    reply.sent.body += b"event: content_block_delta"
    reply.cut()


async def cut_before_message_stop(reply: Any) -> None:
    await reply.stream(-1)
    reply.cut()


async def ends_without_message_stop(reply: Any) -> None:
    await reply.stream(6)
    reply.raw(b"0\r\n\r\n")


async def json_cut(reply: Any) -> None:
    reply.head(length=len(reply.whole))
    await reply.body(reply.whole[:200])
    reply.cut()


async def error_event(reply: Any) -> None:
    await reply.stream(6)
    told = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    await reply.body(b"event: error\ndata: " + told + b"\n\n")
    reply.raw(b"0\r\n\r\n")


async def stalls_before_the_head(reply: Any) -> None:
    await reply.reader.read()
    reply.cut()


async def stalls_within_the_stream(reply: Any) -> None:
    await reply.stream(6)
    await reply.reader.read()
    reply.cut()


async def no_http(reply: Any) -> None:
    reply.raw(b"SSH-2.0-OpenSSH_9.6\r\n")
    await reply.reader.read()
    reply.cut()


async def two_lengths(reply: Any) -> None:
    reply.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd")
    await reply.reader.read()
    reply.cut()


async def no_json(reply: Any) -> None:
    page = b"<html>all is well</html>"
    reply.head(length=len(page))
    await reply.body(page)


async def garbage_within_the_stream(reply: Any) -> None:
    await reply.stream(6)
    reply.raw(b"no chunk at all\r\n\xff\xfe")
    await reply.reader.read()
    reply.cut()


async def an_event_that_is_no_json(reply: Any) -> None:
    await reply.stream(6)
    await reply.body(b"event: content_block_delta\ndata: {{{\n\n")
    await reply.body(b"".join(reply.frames[6:]))
    reply.raw(b"0\r\n\r\n")


async def byte_by_byte(reply: Any) -> None:
    reply.head()
    for piece in (b"".join(reply.frames)[n : n + 40] for n in range(0, 4000, 40)):
        await reply.body(piece) if piece else None
    reply.raw(b"0\r\n\r\n")


FAULTS: dict[str, tuple[Any, bool]] = {
    "429 with `retry-after`": (rate_limited_for_a_while, WHOLE),
    "429 without `retry-after`": (rate_limited, STREAMED),
    "529": (overloaded, STREAMED),
    "500": (server_error, WHOLE),
    "a load balancer's 502 page": (a_balancers_page, STREAMED),
    "400": (refused, WHOLE),
    "403": (not_allowed, WHOLE),
    "cut before the answer": (cut_before_the_head, STREAMED),
    "reset before the answer": (reset_before_the_head, WHOLE),
    "cut within the answer's headers": (cut_within_the_head, STREAMED),
    "cut after the headers, before `message_start`": (cut_before_the_first_event, STREAMED),
    "cut after `message_start`": (cut_after_message_start, STREAMED),
    "cut between deltas": (cut_between_deltas, STREAMED),
    "reset between deltas": (reset_between_deltas, STREAMED),
    "cut within an event": (cut_within_an_event, STREAMED),
    "cut within a chunk": (cut_within_a_chunk, STREAMED),
    "cut before `message_stop`": (cut_before_message_stop, STREAMED),
    "ends as if whole, without `message_stop`": (ends_without_message_stop, STREAMED),
    "JSON cut in the middle": (json_cut, WHOLE),
    "`error` event in a stream": (error_event, STREAMED),
    "stalls before the answer": (stalls_before_the_head, STREAMED),
    "stalls within a stream": (stalls_within_the_stream, STREAMED),
    "an answer that is no HTTP": (no_http, WHOLE),
    "an answer with two lengths": (two_lengths, WHOLE),
    "200 with a page that is no JSON": (no_json, WHOLE),
    "chunks that are none": (garbage_within_the_stream, STREAMED),
    "an event that is no JSON": (an_event_that_is_no_json, STREAMED),
    "a stream in pieces of 40 bytes": (byte_by_byte, STREAMED),
}
# Only these are waited for until patience ends; with any other fault a slow second is none.
SILENT = {stalls_before_the_head, stalls_within_the_stream}
IDLE = "an idle connection closed just as it is used"
NUMBERS = {fault: number for number, fault in enumerate(FAULTS)}


@pytest.fixture(scope="module")
def upstream(shared_world: Any) -> Any:
    found = shared_world.upstream()
    for number, (fault, _) in enumerate(FAULTS.values()):
        found.faults[f"f{number}"] = fault
    return found


@pytest.fixture(scope="module")
def gateway(shared_world: Any, upstream: Any) -> Any:
    """With as much patience as it has by itself."""
    return shared_world.limited(upstream, kinds=2 * len(FAULTS))


@pytest.fixture(scope="module")
def impatient(shared_world: Any, upstream: Any) -> Any:
    """With patience a test can wait for, and a busy machine does not use up."""
    return shared_world.limited(
        upstream,
        kinds=2 * len(FAULTS),
        first_byte_s=2.0,
        candidate_first_byte_s=0.7,
        silent_s=1.0,
    )


@pytest.fixture(scope="module", autouse=True)
def written(table: Any) -> Iterator[None]:
    """What came out goes into the guide, where that is asked for."""
    yield
    table.write(SECTION, [*FAULTS, IDLE])


@pytest.mark.parametrize("fault", FAULTS)
def test_the_upstreams_truth_or_the_baselines_answer_and_every_attempt_in_the_account(
    request: pytest.FixtureRequest, upstream: Any, table: Any, outcome: Any, fault: str
) -> None:
    number = NUMBERS[fault]
    does, stream = FAULTS[fault]
    gateway = request.getfixturevalue("impatient" if does in SILENT else "gateway")
    kinds = {"none": "", "candidate": f"t{2 * number}", "both": f"t{2 * number + 1}"}
    seen = {
        route: gateway.ask(f"f{number}.{route}", stream=stream, kind=kind)
        for route, kind in kinds.items()
    }
    found: dict[tuple[str, str], list[str]] = {}
    for route in kinds:
        sent = upstream.of(f"f{number}.{route}")
        rows = gateway.rows(f"f{number}.{route}", least=len(sent))

        words = outcome.client(seen[route], sent), outcome.account(rows, sent)
        found.setdefault(words, []).append(route)

    for (client, account), routes in found.items():
        met = "any" if len(routes) == 3 else ", ".join(routes)
        table.row(SECTION, fault, met, client, account)


async def answers_then_hangs_up_on_the_next(reply: Any) -> None:
    # Nothing stays open behind this test: in any order, the next one meets a connection of its own.
    reply.keeps = reply.sent.case.endswith(".first")
    asked_before = getattr(reply.writer, "asked", False)
    reply.writer.asked = True
    if asked_before:
        reply.cut()
    else:
        await reply.answer(stream=False)


async def answers_then_begins_and_hangs_up(reply: Any) -> None:
    asked_before = getattr(reply.writer, "asked", False)
    reply.writer.asked = True
    if asked_before:
        reply.raw(b"HTTP/1.1 200 OK\r\n")
        reply.cut()
    else:
        await reply.answer(stream=False)


def test_an_idle_connection_closed_as_it_is_used_is_replaced_and_both_attempts_are_told(
    gateway: Any, upstream: Any, table: Any, outcome: Any
) -> None:
    upstream.faults["kept-1"] = answers_then_hangs_up_on_the_next
    gateway.ask("kept-1.first")
    seen = gateway.ask("kept-1.again")
    sent = upstream.of("kept-1.again")
    rows = gateway.rows("kept-1.again", least=2)

    assert len(sent) == 2
    words = outcome.client(seen, sent), outcome.account(rows, sent)
    table.row(SECTION, IDLE, "none", *words)


def test_an_answer_that_began_is_never_asked_for_again(gateway: Any, upstream: Any) -> None:
    upstream.faults["kept-2"] = answers_then_begins_and_hangs_up
    gateway.ask("kept-2.first")
    seen = gateway.ask("kept-2.again")

    assert seen.status == 502
    assert len(upstream.of("kept-2.again")) == 1


def test_the_guide_names_every_fault_once(table: Any) -> None:
    assert table.is_complete(SECTION, [*FAULTS, IDLE])
