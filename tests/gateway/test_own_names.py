"""What a gateway tells of others is told by its own names only; everything else takes any name."""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from suffice.gateway.addresses import own_names
from suffice.gateway.feedback import FeedbackFolder
from suffice.gateway.keys import new_key, write_keys

WORD = b'{"request_id": "req_1", "good": false}'
OURS = [
    "127.0.0.1:4701",
    "[::1]:4701",
    "192.0.2.7",
    "LOCALHOST:4701",
    "gw.localhost.",
    "llm.example",
]
OTHERS = ["rebound.example:4701", "localhost.example", "127.0.0.1.example", "llm.example.evil:80"]


@pytest.fixture
def ask(gateway: Any, talk_to: Any, tmp_path: Path) -> Callable[..., bytes]:
    """Asks a gateway that is known as llm.example."""

    def begin() -> None:
        gateway.house.names = own_names("127.0.0.1", "https://llm.example/x")
        gateway.house.feedback = FeedbackFolder(tmp_path / "feedback")

    gateway.call(begin)

    def say(line: str, *, host: str, body: bytes = b"") -> bytes:
        talk = talk_to(gateway)
        head = f"{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n"
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        talk.send(head.encode() + body)
        answer: bytes = talk.read_to_end()
        return answer

    return say


@pytest.mark.parametrize("host", OURS)
def test_by_its_own_names_it_tells_figures_and_takes_feedback(
    ask: Callable[..., bytes], host: str
) -> None:
    assert ask("GET /metrics", host=host).startswith(b"HTTP/1.1 200 ")
    assert ask("POST /v1/suffice/feedback", host=host, body=WORD).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("host", OTHERS)
def test_a_name_that_was_made_to_lead_here_learns_and_changes_nothing(
    ask: Callable[..., bytes], tmp_path: Path, host: str
) -> None:
    for answer in (
        ask("GET /metrics", host=host),
        ask("GET /metrics?x=1", host=host),
        ask("POST /v1/suffice/feedback", host=host, body=WORD),
    ):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 421 Misdirected Request\r\n")
        assert b"\r\nx-suffice-reason: host\r\n" in head
        assert json.loads(body)["error"]["message"].startswith("suffice gateway: ask for this by")
    assert not (tmp_path / "feedback").exists()


@pytest.mark.parametrize("line", ["GET /", "GET /healthz", "GET /readyz", "HEAD /api/hello"])
def test_whether_it_lives_is_told_by_any_name(ask: Callable[..., bytes], line: str) -> None:
    assert ask(line, host=OTHERS[0]).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("line", ["POST /v1/messages", "GET /v1/models", "GET /v1/files/x"])
def test_what_is_sent_on_takes_any_name(
    ask: Callable[..., bytes], upstream: Any, line: str
) -> None:
    assert ask(line, host=OTHERS[0], body=b"{}").startswith(b"HTTP/1.1 200 ")
    assert len(upstream.asked) == 1


def test_a_gateway_as_it_is_started_keeps_its_figures_from_other_names(start_process: Any) -> None:
    process = start_process()
    headers = {"host": "rebound.example", "content-type": "application/json"}

    with pytest.raises(urllib.error.HTTPError) as refused:
        process.ask(WORD, path="/v1/suffice/feedback", **headers)
    with refused.value:
        assert refused.value.code == HTTPStatus.MISDIRECTED_REQUEST
    with process.ask(**headers) as answer:
        assert answer.status == HTTPStatus.OK


def test_where_keys_are_used_a_key_is_enough_by_any_name(
    start_process: Any, tmp_path: Path
) -> None:
    secret, kept = new_key("a")
    write_keys(tmp_path / "keys.json", (kept,))
    process = start_process("--keys", str(tmp_path / "keys.json"))
    headers = {"host": "rebound.example", "x-suffice-key": secret}
    headers["content-type"] = "application/json"

    with process.ask(json.loads(WORD), path="/v1/suffice/feedback", **headers) as answer:
        assert answer.status == HTTPStatus.OK
