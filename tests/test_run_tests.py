"""The two halves of `make test`: what fails in either is told at the end, and both can be ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "run_tests.py"
GATE_SEED = "20261122"
PASSES = "def test_it(): pass\n"
FAILS = "def test_it(): assert False\n"
WAITS = (
    "import pathlib, time\n"
    "def test_it():\n"
    "    try:\n"
    "        pathlib.Path(__file__ + '.begun').touch()\n"
    "        time.sleep(120)\n"
    "    finally:\n"
    "        pathlib.Path(__file__ + '.ended').touch()\n"
)


class Halves:
    """A folder with a test of processes, and another one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []

    def hold(self, *, processes: str = PASSES, others: str = PASSES) -> None:
        for name, text in (("processes", processes), ("others", others)):
            (self.folder / name).mkdir()
            (self.folder / name / f"test_{name}.py").write_text(text)

        (self.folder / "conftest.py").write_text(
            "from hypothesis import settings\nsettings.register_profile('fresh')\n"
        )

    def start(self, *options: str, by: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Without what this run of pytest was told."""
        command = [*by, sys.executable, str(TOOL), *options, "processes"]
        environ = {name: each for name, each in os.environ.items() if name != "PYTEST_ADDOPTS"}
        started = subprocess.Popen(
            command, cwd=self.folder, env=environ, stdout=subprocess.PIPE, text=True
        )
        self.started.append(started)
        return started

    def run(self, *options: str) -> tuple[int, str]:
        done = self.start(*options)
        said, _ = done.communicate()
        return done.returncode, said


@pytest.fixture
def halves(tmp_path: Path) -> Iterator[Halves]:
    found = Halves(tmp_path)
    yield found
    for each in found.started:
        if each.poll() is None:
            each.kill()
            each.communicate()


def test_what_fails_in_the_half_that_is_not_shown_is_told_at_the_very_end(halves: Halves) -> None:
    halves.hold(processes=FAILS)

    code, said = halves.run()

    end = said.rpartition("=" * 79)[2]
    assert code == 1
    assert "others: ok; 1 passed" in end
    assert "processes: FAILED, pytest ended with 1; 1 failed" in end
    assert "FAILED processes/test_processes.py::test_it" in end


def test_a_hunt_says_the_seed_that_both_halves_follow(halves: Halves) -> None:
    halves.hold()

    code, said = halves.run("--shuffled")

    told = re.findall(r"seed[ =](\d+)", said)
    assert (code, len(told), len(set(told))) == (0, 3, 1), said
    assert GATE_SEED not in told


@pytest.mark.parametrize("by", [(), ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")])
def test_an_interrupt_ends_both_halves_and_they_tidy_up(halves: Halves, by: Sequence[str]) -> None:
    halves.hold(processes=WAITS, others=WAITS)
    running = halves.start(by=by)
    while len(list(halves.folder.rglob("*.begun"))) < 2:
        assert running.poll() is None
        time.sleep(0.05)

    running.send_signal(signal.SIGINT)
    said, _ = running.communicate()

    assert running.returncode == 130
    assert "ended before they were through" in said
    assert len(list(halves.folder.rglob("*.ended"))) == 2
