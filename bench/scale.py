"""
A log from its lines to ranked types, and metadata ranked: seconds, processor time, memory.

By default 20,000 requests and 1,000,000 rows; at full size `python -m bench.scale 1000000 10000000`
needs 7 GB of disk. Goals on two cores of one's own: 4 minutes and 1 GB; 2 seconds.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench._made_logs import write_logs
from bench._made_rows import make_rows
from bench.measuring import Measured, measure

_SUFFICE = [sys.executable, "-m", "suffice"]


def main(requests: int = 20_000, rows: int = 1_000_000) -> None:
    """Print each figure; every engine in one run."""
    with tempfile.TemporaryDirectory(prefix="suffice-scale-") as temporary:
        folder = Path(temporary)
        size = write_logs(folder / "logs", requests=requests)
        print(f"  {requests:,} requests, {size / 1e6:,.0f} MB, seed 7")
        for engine in ("local", "processes"):
            data = folder / engine
            scan = ["scan", str(folder / "logs"), "--data", str(data), "--engine", engine]
            done = measure([*_SUFFICE, *scan])
            _say(f"scan to ranked types, {engine}", done, per=requests)
        make_rows(folder / "rows", rows=rows)
        print(f"  {rows:,} rows of metadata, 60 prompts")
        for turn in ("first time, types are learnt", "second time"):
            _say(turn, measure([*_SUFFICE, "types", "--data", str(folder / "rows")]), per=rows)


def _say(what: str, done: Measured, *, per: int) -> None:
    print(
        f"  {what:<36}{done.wall_s:8.1f} s{done.cpu_s:8.1f} s CPU"
        f"{done.cpu_s / per * 1e6:8.1f} us each{done.peak_mb:7.0f} MB  exit {done.exit_code}",
        flush=True,
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
