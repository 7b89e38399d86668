"""Where batches are worked on: in this process, in several, or on a Ray cluster."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from suffice.adapters.workers.local import Local
from suffice.adapters.workers.processes import Processes
from suffice.adapters.workers.ray_data import RayData
from suffice.adapters.workers.work import Work

Tag = TypeVar("Tag")
Item = TypeVar("Item")
Result = TypeVar("Result")

ENGINES = ("local", "processes", "ray")
# Below this the processes would still be starting when the work is done.
_WORTH_PROCESSES = 64 * 2**20


class Engine(Protocol):
    """Maps work over batches; the results come in the batches' order, whoever made them."""

    def map(
        self, work: Work[Item, Result], batches: Iterable[tuple[Tag, list[Item]]]
    ) -> Iterator[tuple[Tag, list[Result]]]:
        """
        Each batch's results under its tag, which stays here; every batch exactly once.

        Batches are drawn a few ahead of the results, so memory holds a few of them.

        Raises:
            WorkerLost: Workers died again and again over one batch.
        """
        ...


def engine_named(name: str, *, workers: int | None = None) -> Engine:
    """
    The engine of a name.

    Args:
        name: One of `ENGINES`.
        workers: How many; None: one for each processor, or what the Ray cluster offers.

    Raises:
        BadOption: ``ray``, and Ray is not installed.
    """
    match name:
        case "processes":
            return Processes(workers or processors())
        case "ray":
            return RayData(workers)
        case _:
            return Local()


def likely_engine(size_bytes: int) -> str:
    """
    The engine that is done first with so much to read on this machine.

    >>> likely_engine(1_000)
    'local'
    """
    return "processes" if size_bytes > _WORTH_PROCESSES and processors() > 1 else "local"


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
