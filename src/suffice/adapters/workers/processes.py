"""Work in several processes of this machine; one that dies is replaced and its batch redone."""

from __future__ import annotations

import pickle
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import IO, TypeVar

import msgspec

from suffice.adapters.workers.work import Work
from suffice.errors import WorkerLost

Tag = TypeVar("Tag")
Item = TypeVar("Item")
Result = TypeVar("Result")

_LENGTH = struct.Struct("<Q")
_BATCHES_AHEAD = 2
_MOST_DEATHS = 3
_STOP_S = 5
_DECODE = msgspec.msgpack.Decoder(list[bytes]).decode
_ENCODE = msgspec.msgpack.Encoder().encode


class Processes:
    """
    See `Engine`.

    Each worker is a process of its own at the other end of two pipes. Where this process is
    killed, the pipes end and the workers with them. An interrupt from the keyboard does not reach
    them: what they are given, they finish.

    Args:
        workers: How many processes.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def map(
        self, work: Work[Item, Result], batches: Iterable[tuple[Tag, list[Item]]]
    ) -> Iterator[tuple[Tag, list[Result]]]:
        """See `Engine.map`."""
        started = pickle.dumps(work)
        idle: SimpleQueue[_Worker] = SimpleQueue()
        for _ in range(self._workers):
            idle.put(_Worker(started))
        waiting: deque[tuple[Tag, Future[list[bytes]]]] = deque()
        try:
            with ThreadPoolExecutor(self._workers) as threads:
                for tag, items in batches:
                    sent = [work.send(item) for item in items]
                    waiting.append((tag, threads.submit(_done, idle, sent)))
                    while len(waiting) > _BATCHES_AHEAD * self._workers or waiting[0][1].done():
                        yield _received(work, *waiting.popleft())
                        if not waiting:
                            break
                while waiting:
                    yield _received(work, *waiting.popleft())
        finally:
            while not idle.empty():
                idle.get().stop()


def _received(
    work: Work[Item, Result], tag: Tag, given: Future[list[bytes]]
) -> tuple[Tag, list[Result]]:
    return tag, [work.receive(one) for one in given.result()]


def _done(idle: SimpleQueue[_Worker], batch: list[bytes]) -> list[bytes]:
    """The batch's results, from whichever worker is free and lives to give them."""
    worker = idle.get()
    try:
        for _ in range(_MOST_DEATHS):
            try:
                return worker.ask(batch)
            except (OSError, EOFError):
                worker = worker.replaced()
        raise WorkerLost(
            f"A batch of {len(batch)} exchanges ended {_MOST_DEATHS} workers, one after another.",
            effect="What came before it is kept; nothing after was read.",
            next_step="Free memory and scan again, which goes on from there; or --engine local.",
        )
    finally:
        idle.put(worker)


class _Worker:
    """One process, from this end."""

    def __init__(self, work: bytes) -> None:
        self._work = work
        # The safe path keeps files of the working directory from being taken for our modules;
        # a group of its own keeps the keyboard's interrupt away.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "suffice.adapters.workers.serving"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
        )
        write_frame(self._in, work)

    @property
    def _in(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        return self._process.stdin

    @property
    def _out(self) -> IO[bytes]:
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        return self._process.stdout

    def ask(self, batch: list[bytes]) -> list[bytes]:
        """
        Its results for a batch.

        Raises:
            EOFError: It is dead.
            OSError: It died meanwhile.
            RuntimeError: The work itself failed, which no other worker would do better.
        """
        write_frame(self._in, _ENCODE(batch))
        answer = read_frame(self._out)
        if answer[:1] == FAILED:
            raise RuntimeError(answer[1:].decode())
        return _DECODE(answer[1:])

    def replaced(self) -> _Worker:
        """A fresh process in its place."""
        self.stop()
        return _Worker(self._work)

    def stop(self) -> None:
        """End it and wait for its end."""
        for pipe in (self._in, self._out):
            try:
                pipe.close()
            except OSError:
                continue
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


DONE, FAILED = b"+", b"!"


def write_frame(pipe: IO[bytes], content: bytes, *, kind: bytes = b"") -> None:
    """Its length, then the content."""
    pipe.write(_LENGTH.pack(len(kind) + len(content)) + kind)
    pipe.write(content)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> bytes:
    """
    What `write_frame` wrote.

    Raises:
        EOFError: The other end is gone.
    """
    length = pipe.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        raise EOFError
    (size,) = _LENGTH.unpack(length)
    content = pipe.read(size)
    if len(content) < size:
        raise EOFError
    return content
