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
    connections = [*house.clients, *house.pool._all]  # noqa: SLF001 - has no other way in
    delays = gateway.call(lambda: [_delays(each.transport) for each in connections])
    talk.close()

    assert len(upstream.asked) == 1
    assert delays == [False, False]


def _delays(transport: asyncio.Transport) -> bool:
    told = transport.get_extra_info("socket")
    return told.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
