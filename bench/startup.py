"""How long `suffice --help` takes as a whole process, beside an interpreter that does nothing."""

from __future__ import annotations

import statistics
import sys

from bench.measuring import measure

RUNS = 9


def main() -> None:
    """Medians of several runs, one after the other."""
    plain, ours = [], []
    for _ in range(RUNS):
        plain.append(measure([sys.executable, "-c", "pass"]).wall_s)
        ours.append(measure([sys.executable, "-m", "suffice", "--help"]).wall_s)
    idle_ms, help_ms = (1000 * statistics.median(times) for times in (plain, ours))
    print(f"  python -c pass   {idle_ms:6.1f} ms")
    print(f"  suffice --help   {help_ms:6.1f} ms   ratio {help_ms / idle_ms:.1f}; goal: < 150 ms")


if __name__ == "__main__":
    main()
