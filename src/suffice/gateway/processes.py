"""Several workers on one port: forked before anything runs, started again when they die."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

from suffice.errors import SufficeError
from suffice.gateway.log import Log
from suffice.gateway.supervisor import Kept

_LOOK_S = 0.2
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_HEALTHY_S = 60.0
_LATEST_S = 15.0


class Workers:
    """
    Keeps so many workers running until it is told to stop.

    Args:
        count: How many.
        run: What a worker does, given its name; it runs in a process of its own.
        log: Where deaths are told.
        child: The processes beside requests, kept by this one.
        drain_s: How long workers may take to end.
    """

    def __init__(
        self,
        count: int,
        run: Callable[[str], int],
        *,
        log: Log,
        child: Kept | None,
        drain_s: float,
    ) -> None:
        self._run, self._log, self._child, self._drain_s = run, log, child, drain_s
        self._names = [str(number) for number in range(count)]
        self._pids: dict[int, str] = {}
        self._started: dict[str, float] = {}
        self._waits: dict[str, float] = dict.fromkeys(self._names, _FIRST_WAIT_S)
        self._due: dict[str, float] = dict.fromkeys(self._names, 0.0)
        self._stopping = False
        # Nobody writes to it. Its end tells workers that the process that keeps them is gone.
        self._ended, self._held = os.pipe()

    def keep(self) -> int:
        """Start them, keep them, and end them on SIGTERM or SIGINT; SIGHUP goes to each."""
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, self._stop)
        signal.signal(signal.SIGHUP, lambda *_: self._tell(signal.SIGHUP))
        while not self._stopping:
            self._start_due()
            if self._child is not None:
                self._child.tick()
            time.sleep(_LOOK_S)
            self._reap()
        self._tell(signal.SIGTERM)
        ends = time.monotonic() + self._drain_s + _LATEST_S
        while self._pids and time.monotonic() < ends:
            time.sleep(_LOOK_S)
            self._reap()
        self._tell(signal.SIGKILL)
        if self._child is not None:
            self._child.stop()
        return 0

    def _start_due(self) -> None:
        now = time.monotonic()
        for name in self._names:
            if name not in self._pids.values() and self._due[name] <= now:
                self._start(name, now)

    def _start(self, name: str, now: float) -> None:
        pid = os.fork()
        if pid == 0:
            for kind in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(kind, signal.SIG_DFL)
            os.close(self._held)
            threading.Thread(target=_end_with, args=(self._ended,), daemon=True).start()
            # Nothing of the parent's may run in the worker: not its clean-up, not its buffers.
            code = 1
            try:
                code = self._run(name)
            except SufficeError as wrong:
                self._log.say("worker failed", level="error", name=name, problem=wrong.what)
            except Exception as wrong:  # noqa: BLE001 - the process's edge; its words may quote
                fault = type(wrong).__name__
                self._log.say("worker failed", level="error", name=name, kind=fault)
            finally:
                os._exit(code)
        self._pids[pid] = name
        self._started[name] = now

    def _reap(self) -> None:
        for pid, name in list(self._pids.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            del self._pids[pid]
            if self._stopping:
                continue
            now = time.monotonic()
            if now - self._started[name] > _HEALTHY_S:
                self._waits[name] = _FIRST_WAIT_S
            self._due[name] = now + self._waits[name]
            self._waits[name] = min(self._waits[name] * 2, _LONGEST_WAIT_S)
            code = os.waitstatus_to_exitcode(status)
            self._log.say("worker ended", level="error", pid=pid, name=name, code=code)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _tell(self, kind: signal.Signals) -> None:
        for pid in list(self._pids):
            os.kill(pid, kind)


def _end_with(keeper: int) -> None:
    """Drain once whoever holds the pipe's other end is gone, however it ended."""
    os.read(keeper, 1)
    os.kill(os.getpid(), signal.SIGTERM)
