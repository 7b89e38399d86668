"""What is done to a batch: a pure function, and how its items look on their way to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Work(Protocol[Item, Result]):
    """
    A function over batches that can be sent to where it runs.

    It is pure but for what it remembers to be fast: the same batch gives the same results, so
    that a batch whose worker died is simply done again. It pickles.
    """

    def start(self) -> Callable[[Sequence[Item]], list[Result]]:
        """The function, made once in each process that runs it; a result for each item."""
        ...

    def send(self, item: Item) -> bytes:
        """An item as it travels."""
        ...

    def take(self, sent: bytes) -> Item:
        """What `send` sent."""
        ...

    def give(self, result: Result) -> bytes:
        """A result as it travels."""
        ...

    def receive(self, given: bytes) -> Result:
        """What `give` gave."""
        ...


def column(work: Work[Item, Result]) -> Callable[[list[bytes]], list[bytes]]:
    """The work as a function from a column of bytes to one of the same length."""
    run = work.start()

    def over(items: list[bytes]) -> list[bytes]:
        return [work.give(result) for result in run([work.take(item) for item in items])]

    return over
