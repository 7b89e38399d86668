"""A connection that has ended leaves nothing behind that only the collector could find."""

from __future__ import annotations

import gc
import time
from typing import Any

from suffice.gateway.client import ClientConnection
from suffice.gateway.upstream import UpstreamConnection


def test_ended_connections_are_freed_without_the_collector(
    gateway: Any, upstream: Any, talk_to: Any, post: Any
) -> None:
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            talk = talk_to(gateway)
            talk.send(post(b'{"model":"claude-opus-5-5","messages":[]}'))
            talk.read_until(b"end_turn")
            talk.close()
        gateway.call(gateway.house.pool.close)
        for _ in range(3_000):
            left = [each for each in gc.get_objects() if _is_connection(each)]
            if not left:
                break
            time.sleep(0.01)
    finally:
        gc.enable()

    assert left == []
    assert len(upstream.asked) == 3


def _is_connection(each: object) -> bool:
    return type(each) in {ClientConnection, UpstreamConnection}
