"""
Whether a worker's memory stays flat: 1,000,000 requests, then 10,000 streams.

Takes several minutes, so it runs only when asked for by name:
`SUFFICE_GATEWAY_BENCH=FOLDER python -m bench gateway_endurance`; see `bench._gateways`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench._gateways import TYPED, Gateway, folder, gateway, resident_mb, stub, wrk

_REQUESTS, _STREAMS = 1_000_000, 10_000
_SECONDS = 10
_GOAL = 0.05


def main() -> None:
    """Print memory as it goes, and how much it grew once warm."""
    if "gateway_endurance" not in sys.argv:
        print("skipped: takes minutes; ask for it by name")
        return
    where = folder()
    if where is None:
        return
    with stub(where), gateway(4711) as ours:
        print(f"  idle: {resident_mb(ours.pid):.1f} MB")
        grown = [
            _many(ours, where, "requests", _REQUESTS, "files/req.json"),
            _many(ours, where, "streams", _STREAMS, "files/req_stream.json"),
        ]
        print(f"  most grown since warm: {100 * max(grown):+.1f} %; goal: < {100 * _GOAL:.0f} %")


def _many(ours: Gateway, where: Path, what: str, count: int, body: str) -> float:
    """Send so many; the growth since the first ten seconds."""
    done = errors = 0
    warm = 0.0
    while done < count:
        load = wrk(where, ours.url, header=TYPED, body=body, seconds=_SECONDS, connections=64)
        done, errors = done + load.finished, errors + load.errors
        held = resident_mb(ours.pid)
        if not warm:
            warm = held
        print(f"  {done:>9,} {what}: {held:.1f} MB, {errors} errors", flush=True)
    return held / warm - 1


if __name__ == "__main__":
    main()
