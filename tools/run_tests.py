"""
All tests, in two halves side by side: those of real processes wait most of their time.

    python -m tools.run_tests FOLDER ...             a gate: always the same order and examples
    python -m tools.run_tests --shuffled FOLDER ...  a hunt: all of it new, told by its seed

The folders are those of real processes. A gate's result depends on the change alone: what chance
decides (the order of tests, the examples of property tests, the hashes of strings) it decides as
ever. What that hides, a hunt finds; with `--seed N` it draws again as one that failed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

KEPT = Path("build")
# Any number would do as long as it stays: another one is another order of tests.
GATE_SEED = 20261122
_FAILED = ("FAILED ", "ERROR ")
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_PATIENCE_S = 60.0


class Half:
    """
    One of the two runs of pytest, and what it said.

    Attributes:
        name: What it tests; so its file is named.
    """

    def __init__(self, name: str, *words: str, seed: int, aloud: bool) -> None:
        """Start it; one that is not aloud is shown when both have ended."""
        self.name = name
        self._aloud = aloud
        self._said: list[bytes] = []
        # In a group of its own, so that an interrupt at the keyboard reaches it once: from here.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            process_group=0,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with (KEPT / f"tests-{self.name}.txt").open("wb") as kept:
            stdout = self._process.stdout
            while stdout and (piece := os.read(stdout.fileno(), 65_536)):
                self._said.append(piece)
                kept.write(piece)
                kept.flush()
                if self._aloud:
                    _show(piece)

    def wait(self) -> int:
        """How it ended."""
        code = self._process.wait()
        # A process that a test left behind may hold the other end: it is not waited for.
        self._reader.join(5)
        if not self._aloud:
            _show(b"".join(self._said))
        return code

    def interrupt(self) -> None:
        """Tell it to end as a person does at a keyboard: tests then end what they started."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def end(self) -> None:
        """Wait for its end, but not for ever; what a test had begun to start ends too."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def lines(self) -> list[str]:
        """What it said, without colors."""
        said = _COLOR.sub("", b"".join(self._said).decode(errors="replace"))
        return [line for line in said.splitlines() if line.strip()]


def main() -> int:
    """Run both halves; 0 if nothing failed in either, 130 if they were ended before."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("folders", nargs="+", help="tests of real processes")
    parser.add_argument("--shuffled", action="store_true", help="new order, new examples")
    parser.add_argument("--seed", type=int, help="what chance follows, instead of a new one")
    asked = parser.parse_args()
    seed = asked.seed
    if seed is None:
        seed = secrets.randbits(32) if asked.shuffled else GATE_SEED
    # A test that hangs says where, and ends its half.
    words = ["-o", "faulthandler_timeout=600", "-o", "faulthandler_exit_on_timeout=true"]
    words.append(f"--randomly-seed={seed}")
    if asked.shuffled:
        words += ["--hypothesis-profile=fresh", f"--hypothesis-seed={seed}"]
    if sys.stdout.isatty():
        words.append("--color=yes")
    return _run(words, asked.folders, seed=seed)


def _run(words: Sequence[str], folders: Sequence[str], *, seed: int) -> int:
    KEPT.mkdir(exist_ok=True)
    # Whoever runs us in the background may have us ignore interrupts, and all we start with us.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    halves: list[Half] = []
    try:
        halves.append(Half("processes", *words, *folders, seed=seed, aloud=False))
        less = [f"--ignore={each}" for each in folders]
        halves.append(Half("others", *words, *less, seed=seed, aloud=True))
        codes = {half.name: half.wait() for half in reversed(halves)}
    except KeyboardInterrupt:
        for half in halves:
            half.interrupt()
        for half in halves:
            half.end()
        print(f"\nBoth halves were ended before they were through; the seed was {seed}.")
        return 130
    print("\n" + "=" * 79)
    for half in reversed(halves):
        _tell(half, codes[half.name])
    print(f"seed {seed}; whole in {KEPT}/tests-others.txt and {KEPT}/tests-processes.txt")
    return int(any(codes.values()))


def _tell(half: Half, code: int) -> None:
    """Say at the very end what failed, whichever half it was in."""
    lines = half.lines() or ["it said nothing"]
    ended = f"FAILED, pytest ended with {code}" if code else "ok"
    print(f"{half.name}: {ended}; {lines[-1].strip('= ')}")
    for line in lines:
        if line.startswith(_FAILED):
            print(f"    {line}")


def _show(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
