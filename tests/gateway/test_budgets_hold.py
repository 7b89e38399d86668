"""Ways around a hard budget, tried on a gateway's process."""

from __future__ import annotations

import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suffice.gateway.heads import RequestHead
from suffice.gateway.keys import new_key, write_keys

Start = Callable[..., Any]
# The upstream may read each of them as a message, or as many.
OTHERS = (
    "/v1/messages/batches",
    "/v1/%6dessages",
    "/v1/messages/",
    "//v1/messages",
    "/v1/messages;a",
    "/v1/complete",
)


def refused(gateway: Any, path: str, **headers: str) -> int:
    """The status, which must be a refusal."""
    with pytest.raises(urllib.error.HTTPError) as told:
        gateway.ask(path=path, **headers)
    with told.value:
        return told.value.code


@pytest.fixture
def budget(tmp_path: Path) -> Callable[[str], tuple[str, str]]:
    """Options for a budget that the first answer reaches."""

    def made(what: str) -> tuple[str, str]:
        path = tmp_path / "budgets.json"
        path.write_text(f'[{{"name": "a", "usd": "0.0000001"{what}}}]')
        return "--budgets", str(path)

    return made


def test_a_key_with_a_budget_of_its_own_asks_for_nothing_that_is_not_counted(
    start_process: Start, upstream: Any, budget: Any, tmp_path: Path
) -> None:
    (bound, bound_key), (free, free_key) = new_key("team-a"), new_key("team-b")
    write_keys(tmp_path / "keys.json", (bound_key, free_key))
    gateway = start_process(
        *("--keys", str(tmp_path / "keys.json"), *budget(', "key": "team-a"')),
        upstream=upstream.url,
    )

    assert [refused(gateway, path, **{"x-suffice-key": bound}) for path in OTHERS] == [403] * 6
    assert upstream.asked == []
    with gateway.ask(path=OTHERS[0], **{"x-suffice-key": free}) as answer:
        assert answer.status == 200


def test_a_reached_budget_for_all_ends_whatever_may_cost(
    start_process: Start, upstream: Any, budget: Any
) -> None:
    gateway = start_process(*budget(""), upstream=upstream.url)
    with gateway.ask() as answer:
        answer.read()

    assert [refused(gateway, path) for path in OTHERS] == [402] * 6
    assert len(upstream.asked) == 1
    with gateway.ask(path="/v1/messages/count_tokens") as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("asked", "sent_on"),
    [
        ("br", b"identity"),
        ("br, gzip, deflate", b"gzip, deflate"),
        ("gzip;q=0.5, *;q=1, x-unknown", b"gzip;q=0.5"),
        ("gzip, identity", b"gzip, identity"),
    ],
)
def test_no_answer_is_asked_for_that_could_not_be_counted(
    start_process: Start, upstream: Any, budget: Any, asked: str, sent_on: bytes
) -> None:
    gateway = start_process(*budget(""), upstream=upstream.url)
    gateway.ask(**{"accept-encoding": asked}).close()

    assert upstream.asked[0].header(b"accept-encoding") == [sent_on]


def test_a_prompt_that_is_no_text_is_counted_as_any_other(
    start_process: Start, upstream: Any, budget: Any
) -> None:
    gateway = start_process(*budget(""), upstream=upstream.url)
    body = b'{"model":"claude-opus-5-5","max_tokens":9,"messages":[],"system":"\xff"}'
    with gateway.ask(body, **{"x-suffice-type": "triage"}) as answer:
        answer.read()

    assert refused(gateway, "/v1/messages") == 402


def test_without_a_budget_the_coding_is_the_clients_own(
    start_process: Start, upstream: Any
) -> None:
    gateway = start_process(upstream=upstream.url)
    gateway.ask(**{"accept-encoding": "br"}).close()

    assert upstream.asked[0].header(b"accept-encoding") == [b"br"]


def test_what_is_accepted_is_narrowed_once() -> None:
    headers = [(b"host", b"gw"), (b"Accept-Encoding", b"br"), (b"accept-encoding", b"gzip")]
    head = RequestHead(b"POST", b"/v1/messages", old=False, headers=headers)
    head.accept_only({"gzip"})
    lines = head.lines
    head.accept_only({"gzip"})

    assert lines is head.lines
    assert [line.lower() for line in lines] == [b"accept-encoding: gzip\r\n"]
