"""A task as a function: called, awaited, or mapped over many inputs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

from suffice.errors import BadOption
from suffice.tasks.batch import Batch, run_all
from suffice.tasks.current import current_runner, in_background
from suffice.tasks.given import check_given
from suffice.tasks.job import Job
from suffice.tasks.outcome import Outcome, Unresolved

P = ParamSpec("P")
T = TypeVar("T")


class TaskCall(Generic[P, T]):
    """
    A task: call it for its value, or use its twins.

    ``task(...)`` is its value or `Unresolved`. ``await task.aio(...)`` is the same without
    blocking. ``task.outcome(...)`` and ``await task.aoutcome(...)`` tell every call and its cost
    too. ``task.map(inputs, ...)`` and ``await task.amap(...)`` do it for many. ``task.job(...)``
    is what would be asked.

    Args:
        build: Makes the job; its signature and docstring are the task's.
    """

    def __init__(self, build: Callable[P, Job[T]]) -> None:
        functools.update_wrapper(self, build)
        self._build = build

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T | Unresolved:
        """The value, or why there is none."""
        return self.outcome(*args, **kwargs).value

    def job(self, *args: P.args, **kwargs: P.kwargs) -> Job[T]:
        """
        What would be asked; nobody is.

        Raises:
            BadOption: An argument is of the wrong kind, or as the task says.
        """
        check_given(self._build, args, kwargs)
        return self._build(*args, **kwargs)

    async def aio(self, *args: P.args, **kwargs: P.kwargs) -> T | Unresolved:
        """As calling it, without blocking."""
        return (await self.aoutcome(*args, **kwargs)).value

    def outcome(self, *args: P.args, **kwargs: P.kwargs) -> Outcome[T]:
        """The value with every call it took, and what they cost."""
        return in_background(self.aoutcome(*args, **kwargs))

    async def aoutcome(self, *args: P.args, **kwargs: P.kwargs) -> Outcome[T]:
        """As `outcome`, without blocking."""
        # What was called wrongly is told before a key is missed.
        job = self.job(*args, **kwargs)
        return await current_runner().run(job)

    def map(
        self, inputs: Iterable[Any], *args: Any, batch: Batch | None = None, **kwargs: Any
    ) -> list[Outcome[T]]:
        """
        The task for many inputs; their outcomes in the same order.

        Args:
            inputs: Each is the task's first argument.
            args: The others, the same for all.
            batch: How many at once, within what budget, and where to resume from.
            kwargs: As ``args``.

        Raises:
            BadOption: ``inputs`` is one input, or one of them is refused by the task.
        """
        return in_background(self.amap(inputs, *args, batch=batch, **kwargs))

    async def amap(
        self, inputs: Iterable[Any], *args: Any, batch: Batch | None = None, **kwargs: Any
    ) -> list[Outcome[T]]:
        """As `map`, without blocking."""
        if isinstance(inputs, str | bytes | Path) or not isinstance(inputs, Iterable):
            raise BadOption(
                f"map takes several inputs; this is {type(inputs).__name__}.",
                effect="Nothing was asked.",
                next_step="Give a list of inputs, or call the task itself for one.",
            )
        build: Callable[..., Job[T]] = self.job
        jobs = [build(one, *args, **kwargs) for one in inputs]
        return await run_all(current_runner(), jobs, batch or Batch())
