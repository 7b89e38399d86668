"""An upstream that repeats what it was sent puts no credential into the account."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import msgspec
import pytest

from suffice.gateway.echoes import without_echoes
from suffice.records import ExchangeRecord

ASK = {"model": "claude-opus-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
KEYS = [
    {"x-api-key": "sk-ant-api03-0123456789abcdef"},
    {"x-api-key": "of-another-form-0123456789"},
    {"authorization": "Bearer of-another-form-0123456789"},
]


@pytest.mark.parametrize("key", KEYS, ids=["a key", "another key", "a token"])
@pytest.mark.parametrize("status", [200, 400, 529])
def test_what_an_upstream_repeats_is_masked_before_it_is_written_down(
    gateway: Any, upstream: Any, key: dict[str, str], status: int
) -> None:
    secret = next(iter(key.values())).removeprefix("Bearer ")

    async def repeat(_asked: Any, _reader: Any, writer: asyncio.StreamWriter) -> None:
        said: dict[str, Any] = {"type": "error", "error": {"type": f"e_{secret}", "message": "x"}}
        if status == 200:
            said = {
                "id": secret,
                "type": "message",
                "role": "assistant",
                "model": f"m-{secret}",
                "content": [],
                "stop_reason": secret,
                "usage": {"input_tokens": 1, "service_tier": secret, "speed": secret},
            }
        body = json.dumps(said).encode()
        head = f"HTTP/1.1 {status} X\r\nrequest-id: req_{secret}\r\n"
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)

    upstream.say = repeat
    answer = httpx2.post(gateway.url + "/v1/messages", json=ASK, headers=key, timeout=60)
    assert secret in answer.text
    gateway.call(gateway.house.books.write_waiting)

    assert gateway.records[0].request_id == "req_[key]"
    written = msgspec.json.encode(gateway.records).decode()
    assert secret not in written


def test_usual_words_are_the_same_record() -> None:
    record = ExchangeRecord(
        ts=0.0,
        status=200,
        request_id="req_011CSHoEeqs5C35K2UUqR7Fy",
        message_id="msg_013Zva2CMHLNnXjNJJKqJ2EF",
        served_model="claude-haiku-5-5",
        stop_reason="end_turn",
    )

    assert without_echoes(record, b"sk-ant-api03-0123", b"Bearer short") is record


def test_a_word_without_end_is_cut() -> None:
    record = ExchangeRecord(ts=0.0, status=200, request_id="r" * 60_000)

    assert len(without_echoes(record).request_id) == 128
