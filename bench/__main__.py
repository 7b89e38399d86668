"""`python -m bench [NAME ...]`: run the benchmarks, all by default."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(names: list[str]) -> None:
    """Run each named benchmark in turn."""
    for name in names or sorted(
        path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_")
    ):
        if name == "measuring":
            continue
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
