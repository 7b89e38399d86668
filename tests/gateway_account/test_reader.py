"""An answer's account is read from its bytes, however they come."""

from __future__ import annotations

import gzip
import random
import sys
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suffice.gateway.accounting import ExchangeReader, Reading
from suffice.gateway.accounting.events import MAX_FRAME
from suffice.pricing import read_usage
from suffice.records import Usage

Message = Callable[..., dict[str, Any]]
Stream = Callable[[dict[str, Any]], list[bytes]]
FULL = Usage(
    input_tokens=12,
    cache_read_tokens=4000,
    cache_write_5m_tokens=100,
    cache_write_1h_tokens=200,
    output_tokens=57,
    thinking_tokens=5,
    web_searches=2,
    service_tier="standard",
    inference_geo="us",
    speed="standard",
)


def read(
    pieces: Iterable[bytes], *, streaming: bool, encoding: str | None = None, complete: bool = True
) -> Reading:
    reader = ExchangeReader(streaming, encoding)
    for piece in pieces:
        reader.feed(piece)
    return reader.finish(complete)


def cut_anywhere(body: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({place % (len(body) + 1) for place in places})
    return [body[a:b] for a, b in zip([0, *edges], [*edges, len(body)], strict=True)]


def test_a_json_answer_tells_all_token_classes(message: Message) -> None:
    reading = read([msgspec.json.encode(message())], streaming=False)

    assert reading == Reading(
        usage=FULL,
        model="claude-haiku-5-5",
        stop_reason="end_turn",
        message_id="msg_1",
        complete=True,
    )


def test_a_stream_keeps_the_cache_split_of_its_start_and_the_counts_of_its_end(
    message: Message, stream: Stream
) -> None:
    reading = read(stream(message()), streaming=True)

    assert reading.usage == FULL
    assert (reading.model, reading.stop_reason, reading.complete) == (
        "claude-haiku-5-5",
        "end_turn",
        True,
    )


@given(
    places=st.lists(st.integers(0, 1 << 20), max_size=40),
    returns=st.sampled_from([b"\n", b"\r\n", b"\r"]),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_way_to_cut_a_stream_gives_the_same_reading(
    message: Message, stream: Stream, places: list[int], returns: bytes
) -> None:
    body = b"".join(stream(message())).replace(b"\n", returns)

    assert read(cut_anywhere(body, places), streaming=True) == read([body], streaming=True)
    assert read([body], streaming=True).usage == FULL


def test_one_byte_at_a_time_gives_the_same_reading(message: Message, stream: Stream) -> None:
    body = b": hello\r\n\r\n\n" + b"\n".join(stream(message())).replace(b"\n", b"\r\n")

    bytewise = read((body[i : i + 1] for i in range(len(body))), streaming=True)

    assert bytewise == read([body], streaming=True)
    assert bytewise.usage == FULL


HOSTILE = [
    *(b"\n", b"\r", b"event: ", b"data: ", b":", b" ", b"\xff\x00", b"x" * 5000, b"[" * 2000),
    *(b"message_delta", b"message_start", b"error", b"ping", b"event: content_block_delta\n"),
    *(b"content_block_delta", b"event: content_block_start\ndata: {}", b'{"type":"message_stop"}'),
    *(b'{"usage":{"output_tokens":7}}', b'{"message":{"usage":{"input_tokens":3}}}', b"{}"),
    *(b'{"delta":{"stop_reason":"x"}}', b"y" * 70_000),
    # Whole events among the rubble, so that there is something to be read differently.
    b'event: message_start\ndata: {"message":{"usage":{"input_tokens":3}}}\n\n',
    b'data: {"type":"message_delta","usage":{"output_tokens":7}}\n\n',
    b'event: message_delta\r\ndata: {"delta":{"stop_reason":"x"},"usage":{}}\r\n\r\n',
    b"event: content_block_delta\ndata: {}\n\n",
    b'event: message_stop\rdata: {"type":"message_stop"}\r\r',
]


@given(
    body=st.lists(st.sampled_from(HOSTILE), max_size=60).map(b"".join),
    places=st.lists(st.integers(0, 1 << 20), max_size=12),
)
@settings(max_examples=150, deadline=None)
def test_hostile_streams_are_read_the_same_however_they_are_cut(
    body: bytes, places: list[int]
) -> None:
    assert read(cut_anywhere(body, places), streaming=True) == read([body], streaming=True)


@given(
    body=st.binary(max_size=300),
    streaming=st.booleans(),
    encoding=st.sampled_from([None, "gzip", "deflate", "zstd", "br"]),
)
@settings(max_examples=100, deadline=None)
def test_no_bytes_make_the_reader_fail(body: bytes, streaming: bool, encoding: str | None) -> None:
    reading = read([body], streaming=streaming, encoding=encoding)

    assert reading.usage is None or reading.usage.prompt_tokens >= 0


usages = st.fixed_dictionaries(
    {},
    optional={
        key: st.none() | st.integers(0, 10**7) | st.sampled_from([-1, 3.0, 2.5, "7", True])
        for key in (
            "input_tokens",
            "output_tokens",
            "cache_creation_input_tokens",
            "cache_read_input_tokens",
        )
    }
    | {
        "cache_creation": st.none()
        | st.fixed_dictionaries(
            {
                "ephemeral_5m_input_tokens": st.none() | st.integers(0, 99),
                "ephemeral_1h_input_tokens": st.none() | st.integers(0, 99),
            }
        ),
        "output_tokens_details": st.none() | st.just({"thinking_tokens": 4}) | st.just({}),
        "server_tool_use": st.none() | st.just({"web_search_requests": 1}),
        "service_tier": st.none() | st.sampled_from(["standard", "batch", ""]),
        "iterations": st.none()
        | st.just([{"type": "message", "input_tokens": 1, "output_tokens": 2, "model": "m"}]),
    },
)


@given(usage=usages)
@settings(max_examples=150, deadline=None)
def test_the_short_way_to_read_usage_agrees_with_pricing(usage: dict[str, Any]) -> None:
    body = msgspec.json.encode(
        {"type": "message", "id": "msg_1", "model": "m", "stop_reason": "end_turn", "usage": usage}
    )

    assert read([body], streaming=False).usage == read_usage(usage, stop_reason="end_turn")


def test_nulls_in_the_last_count_take_nothing_away(message: Message, stream: Stream) -> None:
    frames = stream(message())
    last = (
        b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},'
        b'"usage":{"input_tokens":null,"cache_read_input_tokens":null,"output_tokens":57}}\n\n'
    )

    reading = read([*frames[:-2], last, frames[-1]], streaming=True)

    assert reading.usage is not None
    assert (reading.usage.input_tokens, reading.usage.cache_read_tokens) == (12, 4000)


def test_iterations_are_kept_with_their_own_models(message: Message) -> None:
    answer = message()
    answer["usage"]["iterations"] = [
        {"type": "message", "input_tokens": 5, "output_tokens": 1, "model": "claude-opus-5-5"},
        {
            "type": "advisor_message",
            "input_tokens": 7,
            "output_tokens": 2,
            "model": "claude-fable-5-2",
        },
    ]

    usage = read([msgspec.json.encode(answer)], streaming=False).usage

    assert usage is not None
    assert [each.model for each in usage.iterations] == ["claude-opus-5-5", "claude-fable-5-2"]


def test_an_aborted_stream_is_incomplete_and_tells_what_came(
    message: Message, stream: Stream
) -> None:
    frames = stream(message())

    reading = read(frames[:5], streaming=True, complete=False)

    assert reading.usage is not None
    assert (reading.complete, reading.usage.complete, reading.usage.input_tokens) == (
        False,
        False,
        12,
    )
    assert reading.deltas == 2


def test_a_stream_that_ends_quietly_without_its_stop_is_a_cut(
    message: Message, stream: Stream
) -> None:
    reading = read(stream(message())[:-1], streaming=True, complete=True)

    assert reading.complete is False
    assert reading.usage == FULL


def test_an_error_event_after_200_is_an_error(message: Message, stream: Stream) -> None:
    error = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n'

    reading = read([*stream(message())[:4], error], streaming=True)

    assert (reading.error_type, reading.complete) == ("overloaded_error", False)


def test_an_error_body_names_its_type() -> None:
    body = b'{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}'

    assert read([body], streaming=False).error_type == "rate_limit_error"


@pytest.mark.parametrize(
    ("content", "billed"), [([], False), ([{"type": "text", "text": "No"}], True)]
)
def test_a_refusal_is_billed_only_once_something_was_written(
    message: Message, stream: Stream, content: list[Any], billed: bool
) -> None:
    answer = message(content=content, stop_reason="refusal")

    whole = read([msgspec.json.encode(answer)], streaming=False).usage
    streamed = read(stream(answer), streaming=True).usage

    assert whole is not None
    assert streamed is not None
    assert (whole.billed, streamed.billed) == (billed, billed)


def test_text_that_looks_like_events_is_text(message: Message, stream: Stream) -> None:
    text = 'event: message_delta\n\ndata: {"usage":{"output_tokens":999999}}\n\n"usage":'

    reading = read(stream(message(content=[{"type": "text", "text": text}])), streaming=True)

    assert reading.usage == FULL


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body, wbits=-15)),
        ("zstd", zstandard.compress),
        ("zstd", lambda body: zstandard.compress(body[:99]) + zstandard.compress(body[99:])),
        ("identity", bytes),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_compressed_answers_are_opened_on_the_side(
    message: Message, stream: Stream, encoding: str, pack: Callable[[bytes], bytes], streaming: bool
) -> None:
    plain = b"".join(stream(message())) if streaming else msgspec.json.encode(message())
    packed = pack(plain)

    for size in (1, 7, len(packed)):
        pieces = [packed[i : i + size] for i in range(0, len(packed), size)]
        assert read(pieces, streaming=streaming, encoding=encoding).usage == FULL


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)]
)
def test_a_decompression_bomb_is_let_go(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(bytes(40 << 20))

    reading = read([bomb], streaming=False, encoding=encoding)

    assert (reading.usage, reading.unread, reading.complete) == (None, "broken", False)


def test_a_coding_we_cannot_open_is_said_not_guessed(message: Message) -> None:
    reading = read([msgspec.json.encode(message())], streaming=False, encoding="br")

    assert (reading.usage, reading.unread, reading.complete) == (None, "encoding", True)


def test_a_body_beyond_the_bound_is_not_held() -> None:
    reader = ExchangeReader(streaming=False)
    for _ in range(17):
        reader.feed(bytes(1 << 20))

    assert reader.finish(True).unread == "too_large"


def test_a_huge_frame_of_content_is_skipped_without_being_held(
    message: Message, stream: Stream
) -> None:
    frames = stream(message())
    huge = b'event: content_block_start\ndata: {"content_block":{"x":"' + b"y" * (4 * MAX_FRAME)
    body = b"".join([frames[0], huge + b'"}}\n\n', *frames[1:]])

    pieces = [body[i : i + 1000] for i in range(0, len(body), 1000)]

    assert read(pieces, streaming=True) == read([body], streaming=True)
    assert read(pieces, streaming=True).usage == FULL


@pytest.mark.parametrize("filler", [b"\n", b"\r", b"\r\n", b":\n\n", b"id\n\n", b"data\n\n"])
def test_empty_events_cost_no_look_each(message: Message, stream: Stream, filler: bytes) -> None:
    """
    An upstream that sends little else would hold every other request up.
    """
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    reader = ExchangeReader(streaming=True)
    sys.setprofile(count)
    try:
        reader.feed(filler * 10_000)
    finally:
        sys.setprofile(None)
    for piece in stream(message()):
        reader.feed(piece)

    assert calls < 100
    assert reader.finish(complete=True).usage == FULL


def test_deeply_nested_json_is_unreadable_not_fatal() -> None:
    body = b'{"usage":' + b"[" * 100_000

    assert read([body], streaming=False).unread == "not_json"


def test_random_cuts_of_a_long_stream_agree(message: Message, stream: Stream) -> None:
    dice = random.Random(7)
    body = b"".join(stream(message(content=[{"type": "text", "text": "word " * 2000}])))
    whole = read([body], streaming=True)

    for _ in range(20):
        places = [dice.randrange(len(body)) for _ in range(dice.randrange(200))]
        assert read(cut_anywhere(body, places), streaming=True) == whole


@pytest.mark.parametrize("tokens", [10**9 + 1, 10**18, 10**40])
def test_a_count_that_cannot_be_one_is_unknown(tokens: int) -> None:
    body = b'{"type":"message","id":"m","model":"m","usage":{"input_tokens":1,"output_tokens":%d}}'

    assert read([body % tokens], streaming=False).usage is None
