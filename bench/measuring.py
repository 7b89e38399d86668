"""Time and memory of a whole process, as the operating system counted them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from typing import NamedTuple


class Measured(NamedTuple):
    """One finished process."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    stdout: bytes
    exit_code: int


def measure(command: Sequence[str]) -> Measured:
    """Run a command to its end; its own children count as well."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        stdout = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(
        wall_s=time.perf_counter() - started,
        cpu_s=used.ru_utime + used.ru_stime,
        peak_mb=used.ru_maxrss / 1024,
        stdout=stdout,
        exit_code=process.returncode,
    )
