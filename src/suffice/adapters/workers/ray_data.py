"""Work on a Ray cluster: Arrow batches through Ray Data, which redoes what a dead worker had."""

from __future__ import annotations

import importlib
import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from suffice.adapters.workers.work import Work, column
from suffice.errors import BadOption

Tag = TypeVar("Tag")
Item = TypeVar("Item")
Result = TypeVar("Result")

# So much goes to the cluster at once: enough to outweigh a plan's start, little enough to hold.
_BATCHES_A_PLAN = 256
_ITEM = "item"
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where Linux has it; nothing is written there by us
_STORE_BYTES = 2**30


class RayData:
    """
    See `Engine`.

    The cluster is the one `RAY_ADDRESS` names, else one on this machine for as long as this
    process lives. Batches are read and kept here; only their texts travel.

    Args:
        workers: At most so many batches at once; None: as many as the cluster has processors.
    """

    def __init__(self, workers: int | None = None) -> None:
        try:
            self._ray = importlib.import_module("ray")
            self._data = importlib.import_module("ray.data")
            self._arrow = importlib.import_module("pyarrow")
        except ImportError as error:
            raise BadOption(
                f"--engine ray needs Ray, which is not installed ({error}).",
                effect="Nothing was read.",
                next_step="pip install 'suffice[ray]', or use --engine processes.",
            ) from error
        self._workers = workers
        if not self._ray.is_initialized():
            self._ray.init(**cluster_settings(workers))
        context = self._data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False

    def map(
        self, work: Work[Item, Result], batches: Iterable[tuple[Tag, list[Item]]]
    ) -> Iterator[tuple[Tag, list[Result]]]:
        """See `Engine.map`."""
        on_arrow = self._on_arrow(work)
        rest = iter(batches)
        while plan := list(itertools.islice(rest, _BATCHES_A_PLAN)):
            tables = [
                self._arrow.table({_ITEM: self._binary([work.send(one) for one in items])})
                for _, items in plan
            ]
            results = self._rows(tables, on_arrow)
            for tag, items in plan:
                yield tag, [work.receive(next(results)) for _ in items]

    def _on_arrow(self, work: Work[Item, Result]) -> Callable[[Any], Any]:
        """The work as a function from one Arrow table to another."""
        binary = self._arrow.large_binary()
        table = self._arrow.table
        array = self._arrow.array
        sent: Any = work

        def over(batch: Any) -> Any:
            done = _started(sent)(batch.column(_ITEM).to_pylist())
            return table({_ITEM: array(done, binary)})

        return over

    def _rows(self, tables: Sequence[Any], over: Callable[[Any], Any]) -> Iterator[bytes]:
        """The results of one plan, in its order."""
        plan = self._data.from_arrow(tables).map_batches(
            over, batch_format="pyarrow", batch_size=None, concurrency=self._workers
        )
        for batch in plan.iter_batches(batch_format="pyarrow", batch_size=None):
            yield from batch.column(_ITEM).to_pylist()

    def _binary(self, items: list[bytes]) -> Any:
        return self._arrow.array(items, self._arrow.large_binary())


def cluster_settings(workers: int | None) -> dict[str, Any]:
    """How Ray is begun: with the cluster that is named, else with one of this machine's own."""
    quiet: dict[str, Any] = {"log_to_driver": False}
    if os.environ.get("RAY_ADDRESS"):
        return quiet
    own: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False}
    if not os.access(_SHARED_MEMORY, os.W_OK):
        # Containers often have no shared memory to write; a file does the same, more slowly.
        own |= {"_plasma_directory": tempfile.gettempdir(), "object_store_memory": _STORE_BYTES}
    return quiet | own


@lru_cache(maxsize=4)
def _started(work: Any) -> Callable[[list[bytes]], list[bytes]]:
    """Work is found again by its value, so that a process starts it once."""
    return column(work)
