"""
CPU per request of the gateway's worker, beside nginx as a plain proxy.

All of them stand at once, and are loaded in turn, again and again: a neighbour on the machine
disturbs a round, not one of them. What is told is the least disturbed round of each, and the
median. The account's process, which no request waits for, is shown by itself.

`SUFFICE_GATEWAY_BENCH=FOLDER python -m bench gateway`; see `bench._gateways`.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench._gateways import (
    NGINX,
    NGINX_PACED,
    STUB_PACED,
    TYPED,
    beside,
    cpu_s,
    folder,
    gateway,
    nginx,
    stub,
    wrk,
)
from bench.routing import agent_request

_ROUNDS = 6
_PACED_STREAMS = 64
_AGENT = "run/agent.json"


class Row(NamedTuple):
    """One way through one proxy."""

    name: str
    url: str
    pids: Sequence[int]
    header: str = ""


def main() -> None:
    """Print a table for small requests, one for an agent's, and one for paced streams."""
    where = folder()
    if where is None:
        return
    (where / _AGENT).write_bytes(msgspec.json.encode({**agent_request(), "stream": False}))
    with stub(where), nginx(where) as plain, ExitStack() as stack:
        meta, off, bodies, paced = (
            stack.enter_context(gateway(port, *options, upstream=upstream))
            for port, options, upstream in (
                (4711, (), 9100),
                (4712, ("--capture", "off"), 9100),
                (4713, ("--capture", "bodies"), 9100),
                (4714, (), STUB_PACED),
            )
        )
        proxy = Row("nginx proxy_pass", f"http://127.0.0.1:{NGINX}/v1/messages", [plain])
        rows = [
            proxy,
            Row("as asked, metadata kept", meta.url, [meta.pid]),
            Row("routed, metadata kept", meta.url, [meta.pid], TYPED),
            # Nothing is remembered of what a session's client sends but its shape.
            Row("routed in a session", meta.url, [meta.pid], f"{TYPED}|x-suffice-session: s"),
            Row("routed, nothing kept", off.url, [off.pid], TYPED),
            Row("routed, bodies kept", bodies.url, [bodies.pid], TYPED),
        ]
        children = beside(meta.pid)
        before = [cpu_s(pid) for pid in children]
        told = table("1 KB, 16 connections", where, rows, body="files/req.json")
        spent = sum(cpu_s(pid) for pid in children) - sum(before)
        kept = sum(told[row.name] for row in rows[1:4])
        print(f"  the account's process: {1e3 * spent / kept:.3f} CPU-ms a record")
        agents = [
            proxy,
            Row("routed, metadata kept", meta.url, [meta.pid], "x-suffice-type: agent"),
        ]
        table("an agent's request, 16 connections", where, agents, body=_AGENT)
        streams = [
            proxy._replace(url=f"http://127.0.0.1:{NGINX_PACED}/v1/messages"),
            Row("routed, metadata kept", paced.url, [paced.pid], TYPED),
        ]
        table(
            "streams of 70 events, 10 ms apart, 64 at once",
            where,
            streams,
            body="files/req_stream.json",
            connections=_PACED_STREAMS,
        )


def table(
    title: str, where: Path, rows: Sequence[Row], *, body: str, connections: int = 16
) -> dict[str, int]:
    """Measure the rows in turn and print them; how many requests each was sent."""
    # A paced stream lasts .7 s.
    seconds = 4 if connections == _PACED_STREAMS else 2
    size = (where / body).stat().st_size
    print(f"\n{title} ({size:,} bytes), CPU-ms a request: least and median of {_ROUNDS} rounds")
    spent: dict[str, list[float]] = {row.name: [] for row in rows}
    sent = dict.fromkeys(spent, 0)
    for turn in range(_ROUNDS + 1):
        for row in rows:
            before = sum(map(cpu_s, row.pids))
            load = wrk(
                where, row.url, header=row.header, body=body, seconds=seconds,
                connections=connections,
            )  # fmt: skip
            used = sum(map(cpu_s, row.pids)) - before
            sent[row.name] += load.finished
            if load.errors:
                raise SystemExit(f"{row.name}: {load.errors} errors")
            if turn:  # the first warms up
                # Those under way at the end are half done on average.
                spent[row.name].append(1e3 * used / (load.finished + connections / 2))
    least, usual = (
        {name: kind(values) for name, values in spent.items()} for kind in (min, statistics.median)
    )
    first = rows[0].name
    for name in spent:
        ratio = f"{least[name] / least[first]:5.1f} x nginx"
        print(f"  {name:<26}{least[name]:7.3f}{usual[name]:7.3f}  {ratio}")
    return sent


if __name__ == "__main__":
    main()
