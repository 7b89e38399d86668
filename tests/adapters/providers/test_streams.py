"""Streams, cut anywhere, spell the same message."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.adapters.providers.streams import Accumulator, Event, EventReader
from suffice.testing.events import events, frame

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [
        {"type": "thinking", "thinking": "grübeln, lange", "signature": "sig"},
        {"type": "text", "text": "Käse kostet 3 €, sagt 猫 the cat"},
        {"type": "tool_use", "id": "t", "name": "look", "input": {"at": ["sky", "ünder"]}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "stop_details": None,
    "usage": {
        "input_tokens": 5,
        "output_tokens": 9,
        "output_tokens_details": {"thinking_tokens": 4},
        "service_tier": "standard",
    },
}
WIRE = b"".join(frame(name, payload) for name, payload in events(MESSAGE))


def read(chunks: list[bytes]) -> Accumulator:
    reader, so_far = EventReader(), Accumulator()
    for chunk in chunks:
        for event in reader.feed(chunk):
            so_far.add(event)
    return so_far


@given(
    cuts=st.lists(st.integers(0, len(WIRE)), max_size=12),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_where_the_bytes_are_cut_changes_nothing(cuts: list[int], ending: str) -> None:
    wire = WIRE.replace(b"\n", ending.encode()) + b"\n"
    at = [0, *sorted(cuts), len(wire)]

    so_far = read([wire[a:b] for a, b in itertools.pairwise(at)])

    assert so_far.complete
    assert so_far.result() == MESSAGE


def test_a_stream_that_ends_early_is_not_complete() -> None:
    so_far = read([WIRE[: len(WIRE) // 2]])

    assert not so_far.complete
    assert so_far.started


def test_comments_unknown_events_and_unknown_deltas_are_passed_over() -> None:
    odd = (
        b": keep-alive\n\n"
        + frame("galaxy_event", {"x": 1})
        + frame("content_block_delta", {"index": 0, "delta": {"type": "hologram_delta"}})
        + frame("content_block_delta", {"index": 77, "delta": {"type": "text_delta", "text": "?"}})
    )
    start = WIRE.index(b"event: ping")

    assert read([WIRE[:start], odd, WIRE[start:]]).result() == MESSAGE


def test_usage_is_taken_from_the_start_and_its_counts_from_the_end() -> None:
    at_the_start = {"input_tokens": 5, "output_tokens": 1, "output_tokens_details": None}

    before = read([WIRE[: WIRE.index(b"event: message_delta")]]).result()["usage"]

    assert before == {**at_the_start, "service_tier": "standard"}
    assert read([WIRE]).result()["usage"] == MESSAGE["usage"]


def test_citations_are_gathered() -> None:
    so_far = Accumulator()
    told: list[tuple[str, dict[str, Any]]] = [
        ("message_start", {"message": {"content": []}}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        (
            "content_block_delta",
            {"index": 0, "delta": {"type": "citations_delta", "citation": {"cited_text": "x"}}},
        ),
    ]
    for name, payload in told:
        so_far.add(Event(name, msgspec.json.encode({"type": name, **payload}).decode()))

    assert so_far.result()["content"] == [
        {"type": "text", "text": "", "citations": [{"cited_text": "x"}]}
    ]


def test_data_that_is_no_json_is_an_error() -> None:
    with pytest.raises(msgspec.DecodeError):
        Accumulator().add(Event("message_start", "{{"))
