"""What is written down of an attempt: its codings, its key's fingerprint, what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from suffice.gateway.attempt import Attempt
from suffice.gateway.books import Books
from suffice.gateway.heads import RequestHead, ResponseHead
from suffice.gateway.spool import Capture, Spool
from suffice.policy.routing import Route

KEY = b"sk-ant-secret-0123456789"
ASKED = [(b"Host", b"x"), (b"x-api-key", KEY), (b"Content-Encoding", b"zstd")]


@pytest.mark.parametrize(("coding", "unread"), [(b"br", ["encoding"]), (b"gzip", ["not_json"])])
def test_an_answer_whose_usage_cannot_be_read_is_counted_with_its_coding(
    tmp_path: Path, coding: bytes, unread: list[str]
) -> None:
    counted: list[str] = []

    def count(_name: str, _value: float, labels: Mapping[str, str]) -> None:
        counted.append(labels["reason"])

    books = Books(Spool(tmp_path, capture=Capture.OFF), secret=b"s" * 32, count=count)
    found = Route(model="m", requested="m", reason="no policy")
    attempt = Attempt(found, b"{}", number=1, at=1.0, began=1.0, keep=False)
    attempt.head(ResponseHead(200, b"OK", [(b"Content-Encoding", coding)]))
    attempt.complete = True

    record = books.write(attempt, RequestHead(b"POST", b"/v1/messages", old=False, headers=ASKED))

    assert (record.request_encoding, record.response_encoding) == ("zstd", coding.decode())
    assert (record.usage, counted) == (None, unread)


def test_no_credential_is_kept_in_memory_once_its_fingerprint_is_made(tmp_path: Path) -> None:
    books = Books(Spool(tmp_path, capture=Capture.OFF), secret=b"s" * 32)
    head = RequestHead(b"POST", b"/v1/messages", old=False, headers=ASKED)

    told = books.key_of(head)

    assert len(told) == 16
    assert KEY not in repr(vars(books)).encode()


def test_claude_codes_agents_are_told_apart_without_their_names(tmp_path: Path) -> None:
    books = Books(Spool(tmp_path, capture=Capture.OFF), secret=b"s" * 32)
    agents = [(b"X-Claude-Code-Agent-Id", b"a-1"), (b"X-Claude-Code-Parent-Agent-Id", b"a-0")]
    found = Route(model="m", requested="m", reason="no policy")

    def written(headers: list[tuple[bytes, bytes]]) -> tuple[str, str]:
        attempt = Attempt(found, b"{}", number=1, at=1.0, began=1.0, keep=False)
        head = RequestHead(b"POST", b"/v1/messages", old=False, headers=[*ASKED, *headers])
        record = books.write(attempt, head)
        return record.agent_id, record.parent_agent_id

    spawned, parent = written(agents)

    assert len({spawned, parent}) == 2
    assert "a-1" not in spawned
    assert written(agents) == (spawned, parent)
    assert written([]) == ("", "")
