"""A head sent again with another length is not read anew, and that is never to be noticed."""

from __future__ import annotations

from typing import Any

import pytest

from suffice.gateway.heads import KnownHead, RequestHead

P = b"POST /v1/messages HTTP/1.1\r\nhost: gw\r\nx-api-key: k\r\nContent-Length: %b\r\nx-last: 1\r\n"


def asking(body: bytes) -> bytes:
    """A request with the same head but for its length."""
    return P % b"%d" % len(body) + b"\r\n" + body


def known(length: bytes = b"3") -> KnownHead:
    """What is remembered of a head."""
    headers = [(b"host", b"gw"), (b"Content-Length", length)]
    head = RequestHead(b"POST", b"/v1/messages", old=False, headers=headers)
    return KnownHead(P % length + b"\r\n", head)


def test_bodies_of_every_length_arrive_as_they_were_sent(
    gateway: Any, upstream: Any, talk: Any
) -> None:
    bodies = [b"abc", b"defghijklmnop", b"q", b"", b"rst", b"u" * 200_000, b"end"]
    for body in bodies:
        talk.send(asking(body))
        talk.read_until(b"end_turn")

    assert [asked.body for asked in upstream.asked] == bodies
    assert [asked.header(b"content-length") for asked in upstream.asked] == [
        [b"%d" % len(body)] for body in bodies
    ]
    assert len({asked.header(b"x-last")[0] for asked in upstream.asked}) == 1
    assert gateway.wait_for(records=len(bodies))[-1].request_bytes == 3


def test_a_body_may_come_in_pieces_and_the_next_request_right_behind_it(
    gateway: Any, upstream: Any, talk: Any
) -> None:
    talk.send(asking(b"first"))
    talk.read_until(b"end_turn")
    second = asking(b"second body")
    for at in range(0, len(second), 40):
        talk.send(second[at : at + 40])
    talk.read_until(b"end_turn")
    head, _, body = asking(b"third").partition(b"\r\n\r\n")
    talk.send(head + b"\r\n\r\n")
    talk.send(body + asking(b"fourth"))
    talk.read_until(b"end_turn")
    gateway.wait_for(records=4)

    assert [asked.body for asked in upstream.asked] == [
        b"first",
        b"second body",
        b"third",
        b"fourth",
    ]


@pytest.mark.parametrize(
    "length", [b"+3", b"0x3", b"3 3", b"-3", b"3, 3", b"", b"3\r\ncontent-length: 4"]
)
def test_a_length_that_is_none_is_refused_behind_a_good_one_as_well(
    gateway: Any, upstream: Any, talk: Any, length: bytes
) -> None:
    talk.send(asking(b"abc"))
    talk.read_until(b"end_turn")
    talk.send(P % length + b"\r\nabc")

    assert talk.read_to_end().startswith(b"HTTP/1.1 400")
    assert len(upstream.asked) == 1


def test_a_body_beyond_the_bound_is_refused_behind_a_good_one_as_well(
    gateway: Any, upstream: Any, talk: Any
) -> None:
    talk.send(asking(b"abc"))
    talk.read_until(b"end_turn")
    talk.send(P % b"99999999" + b"\r\nabc")

    assert talk.read_to_end().startswith(b"HTTP/1.1 413")
    assert len(upstream.asked) == 1


def test_another_head_is_read_anew(gateway: Any, upstream: Any, talk: Any) -> None:
    talk.send(asking(b"abc"))
    talk.read_until(b"end_turn")
    talk.send(asking(b"abc").replace(b"x-last: 1", b"x-last: 2"))
    talk.read_until(b"end_turn")

    assert [asked.header(b"x-last") for asked in upstream.asked] == [[b"1"], [b"2"]]


@pytest.mark.parametrize("length", [b"3", b"12", b"123456789"])
def test_only_the_length_may_differ(length: bytes) -> None:
    data = P % length + b"\r\nabc"

    begins = known().again(data)

    assert data[begins:] == b"abc"
    for other in (
        data.replace(b"x-last: 1", b"x-last: 2"),
        data.replace(b"gw", b"GW"),
        data.replace(b"\r\nx-last", b"0123456789\r\nx-last"),
        data.replace(b"\r\nx-last", b" \r\nx-last"),
        data[: len(data) - 5],
        b"\r\n" + data,
        b"",
    ):
        assert known().again(other) == 0
