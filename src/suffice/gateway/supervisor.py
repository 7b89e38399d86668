"""A child process that is started again when it dies, slower each time, and never outlives us."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Protocol

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_HEALTHY_S = 60.0


def account_command(data: Path, *, prices: Path | None = None) -> list[str]:
    """The command line of the account's child for a data folder."""
    command = [sys.executable, "-m", "suffice.gateway.child", "--data", str(data)]
    return [*command, "--prices", str(prices)] if prices else command


def telemetry_command(data: Path, *, endpoint: str) -> list[str]:
    """The command line of the process that exports spans."""
    module = "suffice.gateway.telemetry"
    return [sys.executable, "-m", module, "--data", str(data), "--endpoint", endpoint]


def monitor_command(
    data: Path, *, policy: Path, rollouts: Path, upstream: str, shadow_usd: Decimal | None = None
) -> list[str]:
    """
    The command line of the process that watches rollouts, and ends when its input does.

    Args:
        data: The gateway's data folder.
        policy: The file of the policy in force.
        rollouts: Where rollouts are kept.
        upstream: Whom it asks where it asks by itself: never the gateway, which would re-route.
        shadow_usd: What a day's shadow calls may cost; None: as much as the stages want.
    """
    places = ("--data", str(data), "--policy", str(policy), "--rollouts", str(rollouts))
    command = [sys.executable, "-m", "suffice", "monitor", "--kept-by-gateway", *places]
    limit = [] if shadow_usd is None else ["--shadow-usd", f"{shadow_usd:f}"]
    return [*command, "--upstream", upstream, *limit]


class Kept(Protocol):
    """What is kept running: one child, or several."""

    def tick(self) -> bool:
        """Start what is due; whether all of it runs. Never blocks and never raises."""
        ...

    def stop(self) -> None:
        """Let it end."""
        ...


class Supervisors:
    """
    Several children, each kept on its own; they end in the order given.

    Args:
        children: Each with its command.
    """

    def __init__(self, children: Sequence[Kept]) -> None:
        self._children = tuple(children)

    def tick(self) -> bool:
        """Start what is due; whether all of them run."""
        running = [child.tick() for child in self._children]
        return all(running)

    def stop(self) -> None:
        """Let them end, one after another."""
        for child in self._children:
            child.stop()


class Supervisor:
    """
    Keeps one child running. Call `tick` now and then; it never blocks and never raises.

    The child reads from a pipe that we hold open: when we end, however we end, it sees the pipe
    close, takes in what is left and ends as well.

    Args:
        command: What to run.
        needed: Whether there is anything for it to do; asked before each start, and cheap.
        without: Variables of our environment that are none of its business.
        clock: Seconds that only go forward.

    Attributes:
        restarts: How often the child had to be started again.
        last_exit: How it last ended; None as long as it never did.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        needed: Callable[[], bool] = lambda: True,
        without: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command = list(command)
        self._needed, self._clock = needed, clock
        self._without = frozenset(without)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._start_at = clock()
        self._wait_s = _FIRST_WAIT_S
        self.restarts = -1
        self.last_exit: int | None = None

    @property
    def pid(self) -> int | None:
        """Of the child, while it runs."""
        return self._process.pid if self._process is not None else None

    def tick(self) -> bool:
        """Start the child if it is due; whether it runs, or need not."""
        now = self._clock()
        process = self._process
        if process is not None:
            code = process.poll()
            if code is None:
                if now - self._started_at > _HEALTHY_S:
                    self._wait_s = _FIRST_WAIT_S
                return True
            self._ended(code, now)
        if not self._needed():
            return True
        if now >= self._start_at:
            self._start(now)
        return self._process is not None

    def stop(self, *, timeout_s: float = 10.0) -> None:
        """Let the child take in what is left and end; past the time-out it is killed."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None  # noqa: S101 - asked for in _start
        process.stdin.close()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start(self, now: float) -> None:
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                self._command,
                env={name: said for name, said in os.environ.items() if name not in self._without},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                # Ctrl-C at a terminal is for us: the child first takes in what is left.
                process_group=0,
            )
        except OSError:
            self._start_at = now + self._wait_s
            self._wait_s = min(self._wait_s * 2, _LONGEST_WAIT_S)
            return
        self._started_at = now
        self.restarts += 1

    def _ended(self, code: int, now: float) -> None:
        assert self._process is not None  # noqa: S101 - only called with one
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None
        self.last_exit = code
        self._start_at = now + self._wait_s
        self._wait_s = min(self._wait_s * 2, _LONGEST_WAIT_S)
