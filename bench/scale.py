"""
A log from its lines to ranked types, and metadata ranked: seconds, processor time, memory of all.

By default 20,000 requests and 1,000,000 rows; at full size `python -m bench.scale 1000000 10000000`
needs 7 GB of disk, and with 0 requests only rows are made. Goals on two cores of one's own: 4
minutes and 1 GB; 20 seconds for rows never seen, 2 seconds again, 1 second more for new ones.
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

_MORE = 20_000
_SUFFICE = [sys.executable, "-m", "suffice"]


def main(requests: int = 20_000, rows: int = 1_000_000) -> None:
    """Print each figure; every engine in one run."""
    with tempfile.TemporaryDirectory(prefix="suffice-scale-") as temporary:
        folder = Path(temporary)
        load = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
        print(f"  load before: {load}")
        for engine in ("local", "processes") if requests else ():
            _scan(folder, engine, requests)
        make_rows(folder / "rows", rows=rows)
        print(f"  {rows:,} rows of metadata, 60 prompts")
        types = [*_SUFFICE, "types", "--data", str(folder / "rows")]
        asked: tuple[tuple[str, list[str]], ...] = (
            ("first time", []),
            ("again", []),
            (f"after {_MORE:,} more", []),
            ("its last days, all tables kept", ["--since", "2026-11-20"]),
            ("one user of them: rows are read", ["--user", "u7"]),
        )
        for turn, more in asked:
            if turn.startswith("after"):
                make_rows(folder / "rows", rows=_MORE)
            with Memory() as memory:
                done = measure([*types, *more])
            _say(turn, done, per=rows, memory=memory)


def _scan(folder: Path, engine: str, requests: int) -> None:
    logs, data = folder / "logs", folder / engine
    if not logs.exists():
        size = write_logs(logs, requests=requests)
        print(f"  {requests:,} requests, {size / 1e6:,.0f} MB, seed 7")
    with Memory() as memory:
        done = measure([*_SUFFICE, "scan", str(logs), "--data", str(data), "--engine", engine])
    _say(f"scan to ranked types, {engine}", done, per=requests, memory=memory)


def _say(what: str, done: Measured, *, per: int, memory: Memory) -> None:
    print(
        f"  {what:<36}{done.wall_s:8.1f} s{done.cpu_s:8.1f} s CPU"
        f"{done.cpu_s / per * 1e6:8.1f} us each{memory.peak_mb:7.0f} MB  exit {done.exit_code}",
        flush=True,
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
