"""Small worlds of the account's tests: an exchange, a data folder, a stream of events."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from suffice.gateway.account_store import open_account
from suffice.records import ExchangeRecord, Usage
from suffice.testing.events import events, frame

# 2026-11-22 00:00 UTC
DAY = 1795305600.0


@pytest.fixture
def exchange() -> Callable[..., ExchangeRecord]:
    """Makes an answered exchange: 1,000,000 tokens in and 100,000 out on Opus 5.5 cost $6."""

    def make(**changes: Any) -> ExchangeRecord:
        usual: dict[str, Any] = {
            "ts": DAY + 60,
            "type": "triage",
            "requested_model": "claude-opus-5-5",
            "served_model": "claude-opus-5-5",
            "status": 200,
            "complete": True,
            "usage": Usage(input_tokens=1_000_000, output_tokens=100_000),
            "key": "k1",
        }
        return ExchangeRecord(**{**usual, **changes})

    return make


@pytest.fixture
def account(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """An empty account."""
    with closing(open_account(tmp_path / "account.sqlite")) as connection:
        yield connection


@pytest.fixture
def message() -> Callable[..., dict[str, Any]]:
    """Makes a message as the provider sends it."""

    def make(**changes: Any) -> dict[str, Any]:
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-haiku-5-5",
            "content": [{"type": "text", "text": "It is a refund. " * 4}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {
                "input_tokens": 12,
                "cache_creation_input_tokens": 300,
                "cache_read_input_tokens": 4000,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 100,
                    "ephemeral_1h_input_tokens": 200,
                },
                "output_tokens": 57,
                "output_tokens_details": {"thinking_tokens": 5},
                "server_tool_use": {"web_search_requests": 2},
                "service_tier": "standard",
                "inference_geo": "us",
                "speed": "standard",
            },
            **changes,
        }

    return make


@pytest.fixture
def stream() -> Callable[[dict[str, Any]], list[bytes]]:
    """The frames of a message as a stream."""

    def frames(message: dict[str, Any]) -> list[bytes]:
        return [frame(name, payload) for name, payload in events(message)]

    return frames
