"""
A million recorded label pairs in a thousand types, from `.jsonl.gz` to verdicts.

Beside it the plain alternative: a script that decodes each line with the standard library, folds
case, counts matches and applies "at least 95 % of the pairs agree". It gives no bounds, no failure
counts, no gates and no promise; it is what one would write by hand.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
import tempfile
from pathlib import Path

from bench.measuring import Measured, measure

PAIRS, TYPES, LABELS = 1_000_000, 1_000, 12
PLAIN = """
import collections, gzip, json, sys
same, seen = collections.Counter(), collections.Counter()
for line in gzip.open(sys.argv[1], "rt"):
    row = json.loads(line)
    big, small = row["outputs"]["claude-opus-5-5"], row["outputs"]["claude-haiku-5-5"]
    seen[row["type"]] += 1
    same[row["type"]] += big.strip().casefold() == small.strip().casefold()
print(json.dumps({name: same[name] / seen[name] >= .95 for name in seen}))
"""


def write_pairs(path: Path, *, pairs: int = PAIRS, types: int = TYPES, seed: int = 7) -> None:
    """Types interleaved as in real traffic; each with its own true agreement in .86 to 1."""
    dice = random.Random(seed)
    truth = [dice.uniform(0.86, 1.0) for _ in range(types)]
    labels = [f"label_{number}" for number in range(LABELS)]
    with gzip.open(path, "wt", compresslevel=3) as file:
        for number in range(pairs):
            kind = dice.randrange(types)
            big = dice.choice(labels)
            small = big if dice.random() < truth[kind] else dice.choice(labels)
            row = {
                "id": f"case-{number}",
                "type": f"type-{kind}",
                "prompt": f"Which label fits message {number}?",
                "outputs": {"claude-opus-5-5": big, "claude-haiku-5-5": small},
            }
            file.write(json.dumps(row) + "\n")


def main() -> None:
    """Both, one after the other, on the same file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.jsonl.gz"
        write_pairs(path)
        plain = measure([sys.executable, "-c", PLAIN, str(path)])
        ours = measure(
            [
                *(sys.executable, "-m", "suffice", "compare", str(path), "--recorded", "--yes"),
                *("--baseline", "claude-opus-5-5", "--to", "claude-haiku-5-5"),
                *("--format", "json", "--no-save"),
            ]
        )
    verdicts = len(json.loads(ours.stdout)["types"])
    print(f"{PAIRS:,} pairs in {verdicts:,} types, {path.name}")
    for name, run in (("plain loop", plain), ("suffice", ours)):
        print(f"  {name:<11}{_row(run)}")
    print(
        f"  ratio       wall {ours.wall_s / plain.wall_s:.2f}  cpu {ours.cpu_s / plain.cpu_s:.2f}"
    )
    print("  goal        wall < 20 s, peak < 400 MB")


def _row(run: Measured) -> str:
    per_pair_us = run.cpu_s / PAIRS * 1e6
    return (
        f"wall {run.wall_s:6.2f} s  cpu {run.cpu_s:6.2f} s"
        f"  ({per_pair_us:.2f} us a pair)  peak {run.peak_mb:5.0f} MB"
    )


if __name__ == "__main__":
    main()
