"""
A log from its lines to ranked types, and metadata ranked: seconds, processor time, memory of all.

By default 20,000 requests and 1,000,000 rows; at full size `python -m bench.scale 1000000 10000000`
needs 7 GB of disk. Goals on two cores of one's own: 4 minutes and 1 GB; 2 seconds.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from bench._made_logs import write_logs
from bench._made_rows import make_rows
from bench._memory import Memory
from bench.measuring import Measured, measure

_SUFFICE = [sys.executable, "-m", "suffice"]


def main(requests: int = 20_000, rows: int = 1_000_000) -> None:
    """Print each figure; every engine in one run."""
    with tempfile.TemporaryDirectory(prefix="suffice-scale-") as temporary:
        folder = Path(temporary)
        size = write_logs(folder / "logs", requests=requests)
        load = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
        print(f"  {requests:,} requests, {size / 1e6:,.0f} MB, seed 7; load before: {load}")
        for engine in ("local", "processes"):
            data = folder / engine
            scan = ["scan", str(folder / "logs"), "--data", str(data), "--engine", engine]
            with Memory() as memory:
                done = measure([*_SUFFICE, *scan])
            _say(f"scan to ranked types, {engine}", done, per=requests, memory=memory)
        make_rows(folder / "rows", rows=rows)
        print(f"  {rows:,} rows of metadata, 60 prompts")
        types = [*_SUFFICE, "types", "--data", str(folder / "rows")]
        asked: tuple[tuple[str, list[str]], ...] = (
            ("first time", []),
            ("again", []),
            ("a part of them", ["--since", "2026-11-01"]),
        )
        for turn, more in asked:
            with Memory() as memory:
                done = measure([*types, *more])
            _say(turn, done, per=rows, memory=memory)


def _say(what: str, done: Measured, *, per: int, memory: Memory) -> None:
    print(
        f"  {what:<36}{done.wall_s:8.1f} s{done.cpu_s:8.1f} s CPU"
        f"{done.cpu_s / per * 1e6:8.1f} us each{memory.peak_mb:7.0f} MB  exit {done.exit_code}",
        flush=True,
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
