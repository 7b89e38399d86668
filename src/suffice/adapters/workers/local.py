"""Work in this process: nothing travels, one batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from suffice.adapters.workers.work import Work

Tag = TypeVar("Tag")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Local:
    """See `Engine`."""

    def map(
        self, work: Work[Item, Result], batches: Iterable[tuple[Tag, list[Item]]]
    ) -> Iterator[tuple[Tag, list[Result]]]:
        """See `Engine.map`."""
        run = work.start()
        for tag, items in batches:
            yield tag, run(items)
