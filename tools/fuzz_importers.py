"""
Fuzz the importers for as long as you like: `python tools/fuzz_importers.py [SECONDS] [CORPUS]`.

With atheris installed the mutations are led by coverage of our own code; without it they are
drawn at random from the fixtures of every format. Ends with the bytes of the first crash.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
import sys
import tempfile
import time
from pathlib import Path

SEEDS = Path(__file__).parent.parent / "tests" / "fuzz" / "seeds.jsonl"
_MOST_CHANGES = 6


def read_whole(content: bytes) -> int:
    """Read bytes as a scan does and prepare what they hold; refusals are results."""
    errors = importlib.import_module("suffice.errors")
    logs = importlib.import_module("suffice.adapters.logs")
    exchanges = importlib.import_module("suffice.adapters.exchanges")
    masking = importlib.import_module("suffice.traffic.redaction").Masking()
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(content)
        file.flush()
        readers = logs.Readers()
        try:
            found = list(logs.LogFile(file.name, readers).exchanges())
        except errors.InputError:
            found = []
        found += readers.finish()
    return len(exchanges.Preparing(masking=masking, secret=b"k" * 32).start()(found))


def changed(lines: list[bytes], dice: random.Random) -> bytes:
    """Lines of the fixtures with a few places overwritten, cut, doubled or put together."""
    content = bytearray(b"\n".join(dice.choices(lines, k=dice.randint(1, 3))) + b"\n")
    for _ in range(dice.randint(0, _MOST_CHANGES)):
        place = dice.randrange(len(content) + 1)
        length = dice.randint(0, 20)
        other = dice.choice(lines)
        start = dice.randrange(len(other))
        piece = dice.choice(
            [b"", dice.randbytes(length), other[start : start + length], b"9" * 400, b"\x00", b"[{"]
        )
        content[place : place + dice.randint(0, length)] = piece
    return bytes(content)


def main(seconds: float = 60.0, corpus: str = "") -> None:
    """Fuzz until the time is over."""
    lines = SEEDS.read_bytes().splitlines()
    if importlib.util.find_spec("atheris"):
        atheris = importlib.import_module("atheris")
        with atheris.instrument_imports(include=["suffice"]):
            read_whole(lines[0])
        with tempfile.TemporaryDirectory() as made:
            for number, line in enumerate(lines):
                Path(made, str(number)).write_bytes(line + b"\n")
            words = [sys.argv[0], f"-max_total_time={seconds:.0f}", "-max_len=8192"]
            atheris.Setup([*words, *filter(None, [corpus]), made], read_whole)
            atheris.Fuzz()
        return
    dice = random.Random(7)  # noqa: S311 - repeatable on purpose
    runs, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        content = changed(lines, dice)
        try:
            read_whole(content)
        except BaseException:
            print(f"crash after {runs:,} runs: {content!r}")
            raise
        runs += 1
    print(f"{runs:,} runs, no crash")


if __name__ == "__main__":
    main(*(kind(word) for kind, word in zip((float, str), sys.argv[1:], strict=False)))
