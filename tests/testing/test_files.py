"""Files of the strict fake, through the provider's own client with every field checked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import anthropic
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.testing import serve, strict_fake
from suffice.testing.files import read_form

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(clock: Clock) -> Iterator[anthropic.Anthropic]:
    with (
        serve(strict_fake(now=clock, ids=["made-by-a-tool"])) as url,
        anthropic.Anthropic(
            api_key="k", base_url=url, max_retries=0, _strict_response_validation=True
        ) as found,
    ):
        yield found


def test_an_upload_is_described_listed_and_deleted(client: anthropic.Anthropic) -> None:
    kept = client.files.upload(file=("folder/notes.txt", b"\x00\r\n--b\r\n\xff", "text/plain"))
    found = client.files.retrieve_metadata(kept.id)
    listed = [file.id for file in client.files.list()]
    deleted = client.files.delete(kept.id)

    assert (found.filename, found.mime_type, found.size_bytes) == ("notes.txt", "text/plain", 9)
    assert (found.created_at, found.expires_at) == (NOW, None)
    assert listed == [kept.id]
    assert deleted.type == "file_deleted"
    with pytest.raises(anthropic.NotFoundError, match="File not found"):
        client.files.retrieve_metadata(kept.id)


def test_an_upload_cannot_be_downloaded_but_what_a_tool_made_can(
    client: anthropic.Anthropic,
) -> None:
    kept = client.files.upload(file=b"data")
    made = client.files.download("made-by-a-tool")

    assert kept.downloadable is False
    assert made.read() == b"The strict fake made this file up.\n"
    with pytest.raises(anthropic.BadRequestError, match="is not downloadable"):
        client.files.download(kept.id)


def test_a_file_without_a_name_gets_one(client: anthropic.Anthropic) -> None:
    kept = client.files.upload(file=("", b"x", "application/pdf"))

    assert kept.filename == "unnamed.pdf"


def test_files_are_listed_over_pages_newest_first_or_by_id(client: anthropic.Anthropic) -> None:
    kept = [client.files.upload(file=b"x").id for _ in range(5)]

    assert [file.id for file in client.files.list(limit=2)] == kept[::-1]
    assert {file.id for file in client.files.list(ids=[kept[1], "gone"])} == {kept[1]}


def test_a_file_expires_when_it_said_it_would(client: anthropic.Anthropic, clock: Clock) -> None:
    kept = client.files.upload(file=b"x", expires_in_seconds=3_600)
    clock.now += timedelta(hours=1)

    assert kept.expires_at == NOW + timedelta(hours=1)
    assert [file.id for file in client.files.list()] == []
    with pytest.raises(anthropic.BadRequestError, match="expires_in_seconds"):
        client.files.upload(file=b"x", expires_in_seconds=3_599)


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("application/json", b"{}", "expected multipart/form-data"),
        ("multipart/form-data; boundary=b", b"--b\r\nno end", "malformed"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--\r\n", "malformed"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--b--\r\n',
            "file: Field required",
        ),
    ],
)
def test_what_is_no_form_with_a_file_is_refused(
    client: anthropic.Anthropic, kind: str, body: bytes, words: str
) -> None:
    answer = httpx2.post(
        f"{client.base_url}/v1/files",
        content=body,
        headers={"content-type": kind, "x-api-key": "k", "anthropic-version": "2026-10-21"},
    )

    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


@given(st.lists(st.binary(max_size=80), min_size=1, max_size=4))
def test_any_bytes_survive_a_form(contents: list[bytes]) -> None:
    fields: list[tuple[str, Any]] = [
        (f"f{i}", (f"n{i}", content, "a/b")) for i, content in enumerate(contents)
    ]
    sent = httpx2.Request("POST", "http://x", files=fields)

    parts = read_form(sent.read(), content_type=sent.headers["content-type"])

    assert [part.content for part in parts] == contents
    assert [part.name for part in parts] == [f"f{i}" for i in range(len(contents))]
