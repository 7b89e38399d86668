"""Small pieces of a stream go out at once, on both sides."""

from __future__ import annotations

import asyncio
import socket
from typing import Any


def test_no_connection_waits_to_fill_a_packet(
    gateway: Any, upstream: Any, talk_to: Any, post: Any
) -> None:
    talk = talk_to(gateway)
    talk.send(post(b'{"model":"claude-opus-5-5","messages":[]}'))
    talk.read_until(b"end_turn")

    house = gateway.house
    connections = [*house.clients, *house.pool._all]
    told = gateway.call(lambda: [_no_delay(each.transport) for each in connections])
    talk.close()

    assert len(upstream.asked) == 1
    assert told == [1, 1]


def _no_delay(transport: asyncio.Transport) -> object:
    return transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
