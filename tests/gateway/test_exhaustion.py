"""What a stranger may take of a worker's time, memory and connections."""

from __future__ import annotations

import time
from typing import Any

import pytest

from suffice.gateway.limits import Limits
from suffice.gateway.spool import Capture
from suffice.policy.rules import Policy, TypeRule

HEAD = b"POST /v1/messages HTTP/1.1\r\nhost: gw\r\ncontent-length: %d\r\n\r\n"
POLICY = Policy(
    version=1,
    types={"t": TypeRule(baseline="m", candidate="claude-haiku-5-5", share=1.0)},
    lookup={"0" * 64: "t"},
)
# Of the worker's own time, whatever else the machine does. Without its bound, the cheapest of them
# holds a worker for ten times as long.
AT_ONCE_S = 0.6
MANY = 3_000_000
HEAVY = {
    "messages that are nothing": b'{"model":"m","messages":[' + b"{}," * MANY + b"{}]}",
    "messages that are next to nothing": b'{"model":"m","messages":['
    + b'{"role":"user","content":""},' * (MANY // 4)
    + b"{}]}",
    "a prompt of empty lists": b'{"model":"m","messages":[],"system":[' + b"[]," * MANY + b"[]]}",
    "a prompt of digits": b'{"model":"m","messages":[],"system":[' + b"1," * 2 * MANY + b"1]}",
    "tools that are nothing": b'{"model":"m","messages":[],"tools":[' + b"{}," * MANY + b"{}]}",
}


@pytest.mark.parametrize("body", HEAVY.values(), ids=HEAVY)
def test_a_body_of_countless_parts_holds_nobody_up(
    upstream: Any, start_gateway: Any, talk_to: Any, post: Any, body: bytes
) -> None:
    gateway = start_gateway(upstream.url, policy=POLICY)
    talk, other = talk_to(gateway), talk_to(gateway)
    # Without a type, the prompt has to be looked at to find one.
    named = b"" if b'"messages":[]' in body else b"x-suffice-type: t\r\n"
    talk.send(post(body, extra=named))
    began_s = gateway.call(time.thread_time)
    other.send(b"GET /healthz HTTP/1.1\r\nhost: gw\r\n\r\n")
    other.read_until(b"ok")

    assert gateway.call(time.thread_time) - began_s < AT_ONCE_S
    assert talk.read_until(b"end_turn")[9:12] == b"200"
    assert len(upstream.asked[0].body) >= len(body) - len(b"claude-haiku-5-5")


@pytest.mark.parametrize(
    ("body", "extra"),
    [
        (b'{"model":"%b","messages":[]}' % (b"m" * 300_000), b""),
        (
            b'{"model":"m","messages":[],"metadata":{"suffice_type":"%b"}}' % (b"t" * 300_000),
            b"",
        ),
        (b'{"model":"m","messages":[]}', b"x-suffice-type: %b\r\n" % (b"t" * 60_000)),
    ],
    ids=["model", "type in metadata", "type in a header"],
)
def test_a_name_without_end_is_neither_told_nor_kept(
    upstream: Any, start_gateway: Any, talk_to: Any, post: Any, body: bytes, extra: bytes
) -> None:
    gateway = start_gateway(upstream.url)
    talk = talk_to(gateway)
    talk.send(post(body, extra=extra))
    answer = talk.read_until(b"end_turn")

    assert b"x-suffice-reason: the request cannot be read" in answer
    assert len(answer) < 1000
    assert upstream.asked[0].body == body
    (record,) = gateway.wait_for(records=1)
    assert record.requested_model == record.type == ""


@pytest.mark.parametrize("status", [401, 403])
def test_nothing_is_kept_of_what_a_stranger_sends(
    upstream: Any, start_gateway: Any, talk_to: Any, post: Any, status: int
) -> None:
    """
    Whom the provider refuses fills no disk with bodies.
    """
    refusal = b'{"type":"error","error":{"type":"authentication_error","message":"no"}}'

    async def say(_asked: Any, _reader: Any, writer: Any) -> None:
        writer.write(
            b"HTTP/1.1 %d No\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (status, len(refusal), refusal)
        )

    upstream.say = say
    gateway = start_gateway(upstream.url, capture=Capture.BODIES)
    talk = talk_to(gateway)
    talk.send(post(b'{"model":"m","messages":[]}'))
    talk.read_until(refusal)
    (record,) = gateway.wait_for(records=1)

    assert (record.status, record.request_body, record.response_body) == (status, None, None)


def test_bodies_that_all_began_while_there_was_room_are_not_held_beyond_it(
    upstream: Any, start_gateway: Any, talk_to: Any
) -> None:
    gateway = start_gateway(upstream.url, limits=Limits(held_bytes=5_000))
    talks = [talk_to(gateway) for _ in range(4)]
    for talk in talks:
        talk.send(HEAD % 4_000)
        talk.send(b"x")
    while gateway.call(lambda: gateway.house.held_bytes) < len(talks):
        time.sleep(0.01)
    for talk in talks:
        talk.send(b"x" * 3_990)
    refused = [talk.read_to_end() for talk in talks[1:]]

    assert [answer[9:12] for answer in refused] == [b"503"] * 3
    assert all(b"retry-after: 1\r\n" in answer for answer in refused)
    assert gateway.call(lambda: gateway.house.held_bytes) == 3_991
    talks[0].send(b"x" * 9)
    assert talks[0].read_until(b"end_turn")[9:12] == b"200"
    assert gateway.call(lambda: gateway.house.held_bytes) == 0


def test_who_read_the_end_of_an_answer_late_is_not_kept_for_ever(
    upstream: Any, start_gateway: Any, talk_to: Any
) -> None:
    gateway = start_gateway(upstream.url, limits=Limits(kept_s=0.2))
    talk = talk_to(gateway)
    talk.send(b"GET /healthz HTTP/1.1\r\nhost: gw\r\n\r\n")
    talk.read_until(b"ok")
    (client,) = gateway.call(lambda: list(gateway.house.clients))

    # As the transport does once the last of an answer has left it.
    gateway.call(client.resume_writing)

    assert talk.read_to_end() == b""  # the socket's own patience fails the test


def test_who_asked_once_and_stays_keeps_nobody_out(
    upstream: Any, start_gateway: Any, talk_to: Any
) -> None:
    """
    A stranger may ask for a page where a key is needed for everything else.
    """
    gateway = start_gateway(upstream.url, limits=Limits(connections=3))
    resting = [talk_to(gateway) for _ in range(2)]
    for talk in resting:
        talk.send(b"GET /healthz HTTP/1.1\r\nhost: gw\r\n\r\n")
        talk.read_until(b"ok")
    busy = talk_to(gateway)
    busy.send(HEAD % 9)
    # Whoever has asked for nothing yet is about to.
    while not gateway.call(lambda: [each for each in gateway.house.clients if each.turn]):
        time.sleep(0.01)

    last = talk_to(gateway)
    last.send(b"GET /v1/models HTTP/1.1\r\nhost: gw\r\n\r\n")

    assert last.read_until(b"end_turn")[9:12] == b"200"
    assert [talk.read_to_end() for talk in resting] == [b"", b""]
    busy.send(b"x" * 9)
    assert busy.read_until(b"end_turn")[9:12] == b"200"
