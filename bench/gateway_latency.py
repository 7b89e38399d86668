"""
What a client waits longer, at 1,000 requests a second and at the first event of a stream.

The load is open: requests start when they are due, whether or not earlier ones were answered,
and each is timed from when it was due, so that one slow answer is seen in all it holds up.
Direct, through nginx and through the gateway are taken in turn. Also: how soon the gateway is
ready, and what it holds when idle.

`SUFFICE_GATEWAY_BENCH=FOLDER python -m bench gateway_latency`; see `bench._gateways`.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Callable
from typing import cast

import uvloop
from typing_extensions import override

from bench._gateways import (
    NGINX,
    NGINX_PACED,
    STUB,
    STUB_PACED,
    folder,
    gateway,
    nginx,
    resident_mb,
    stub,
)

_PER_S = 1_000
_SECONDS = 1
_CONNECTIONS = 64
_ROUNDS = 15
_STREAMS = 25
_END = b"0\r\n\r\n"


class Client(asyncio.Protocol):
    """One connection: a request at a time, its answer read to the end."""

    def __init__(self, told: Callable[[Client], None]) -> None:
        self._told = told
        self._left = b""
        self.due = 0.0
        self.transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self.transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        """Tell when the answer is whole; its length stands in its head."""
        self._left += data
        head, found, body = self._left.partition(b"\r\n\r\n")
        if found:
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            whole = body.endswith(_END) if not length else len(body) >= int(length)
            if whole:
                self._left = b""
                self._told(self)


def main() -> None:
    """Print both tables."""
    where = folder()
    if where is None:
        return
    os.sched_setaffinity(0, {0})
    with (
        stub(where),
        nginx(where),
        gateway(4711) as plain,
        gateway(4714, upstream=STUB_PACED) as paced,
    ):
        print(f"ready after {plain.ready_s:.2f} s; idle {resident_mb(plain.pid):.0f} MB a worker")
        ways = {"direct": STUB, "nginx": NGINX, "gateway, routed": plain.port}
        body = (where / "files/req.json").read_bytes()
        found: dict[str, list[list[float]]] = {name: [] for name in ways}
        for turn in range(_ROUNDS + 1):
            for name, port in ways.items():
                waits = uvloop.run(open_load(port, request(body)))
                if turn:
                    found[name].append(sorted(waits))
        print(f"\n{_PER_S} requests/s over {_CONNECTIONS} connections, ms from when each was due;")
        print(f"least and median of {_ROUNDS} rounds of {_SECONDS} s")
        for name, rounds in found.items():
            p50, p99 = ([1e3 * at(waits, part) for waits in rounds] for part in (0.5, 0.99))
            print(
                f"  {name:<18} p50 {min(p50):6.2f} {statistics.median(p50):6.2f}"
                f"   p99 {min(p99):6.2f} {statistics.median(p99):6.2f}"
            )
        streams = {"direct": STUB_PACED, "nginx": NGINX_PACED, "gateway, routed": paced.port}
        body = (where / "files/req_stream.json").read_bytes()
        first: dict[str, list[float]] = {name: [] for name in streams}
        for turn in range(_STREAMS + 2):
            for name, port in streams.items():
                wait = uvloop.run(first_delta(port, request(body)))
                if turn > 1:
                    first[name].append(1e3 * wait)
        print(f"\nfirst text of a stream, ms, median of {_STREAMS}, one at a time, in turn")
        for name, waits in first.items():
            print(f"  {name:<18} {statistics.median(waits):6.2f}   least {min(waits):6.2f}")


def request(body: bytes) -> bytes:
    """A whole request, for the gateway's route as well."""
    return (
        b"POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        b"anthropic-version: 2023-06-01\r\nx-api-key: sk-ant-test\r\nx-suffice-type: triage\r\n"
        b"content-length: %d\r\n\r\n%b" % (len(body), body)
    )


async def open_load(port: int, said: bytes) -> list[float]:
    """Seconds each request took from when it was due."""
    loop = asyncio.get_running_loop()
    idle: list[Client] = []
    waiting: list[float] = []
    waits: list[float] = []
    done = loop.create_future()
    total = _PER_S * _SECONDS

    def send(client: Client, due: float) -> None:
        client.due = due
        assert client.transport is not None  # noqa: S101 - connected before
        client.transport.write(said)

    def told(client: Client) -> None:
        waits.append(time.perf_counter() - client.due)
        if waiting:
            send(client, waiting.pop(0))
        else:
            idle.append(client)
        if len(waits) == total:
            done.set_result(None)

    for _ in range(_CONNECTIONS):
        _, client = await loop.create_connection(lambda: Client(told), "127.0.0.1", port)
        idle.append(client)
    held = list(idle)
    began = time.perf_counter() + 0.05
    for number in range(total):
        due = began + number / _PER_S
        # The loop's timers are a millisecond coarse, which is what is to be measured.
        while time.perf_counter() < due:  # noqa: ASYNC110
            await asyncio.sleep(0)
        if idle:
            send(idle.pop(), due)
        else:
            waiting.append(due)
    await asyncio.wait_for(done, 30)
    for client in held:
        assert client.transport is not None  # noqa: S101 - connected before
        client.transport.close()
    return waits


async def first_delta(port: int, said: bytes) -> float:
    """Seconds from the request to the first event with text."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.perf_counter()
    writer.write(said)
    await reader.readuntil(b"text_delta")
    waited = time.perf_counter() - began
    await reader.readuntil(_END)
    writer.close()
    return waited


def at(values: list[float], part: float) -> float:
    """The value so far up among sorted ones."""
    return values[min(len(values) - 1, int(part * len(values)))]


if __name__ == "__main__":
    main()
