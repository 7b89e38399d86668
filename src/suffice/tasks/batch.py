"""Many jobs: so many at once, within a budget, and never the same answer paid for twice."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import msgspec

from suffice.errors import BadOption, StorageError
from suffice.records import Answer
from suffice.tasks.job import Job
from suffice.tasks.outcome import Outcome, Unresolved
from suffice.tasks.running import Paid, Runner

T = TypeVar("T")


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """
    How many jobs are done together.

    Attributes:
        concurrency: So many at once.
        budget_usd: No further job is begun once so much was spent; those under way end. A call
            of unknown price ends the batch as well: it might have cost anything. None: no bound.
        resume: The path of a file of answers that are paid for; it is begun where it does not
            exist, and read where it does. The same jobs then go on where they were.
        on_done: Told of every outcome with its place among the inputs, as it comes.
    """

    concurrency: int = 8
    budget_usd: Decimal | None = None
    resume: Path | str | None = None
    on_done: Callable[[int, Outcome[object]], None] | None = None

    def __post_init__(self) -> None:
        """
        Refuse what makes no sense.

        Raises:
            BadOption: Nothing would ever be done.
        """
        if self.concurrency < 1:
            raise BadOption(
                "concurrency must be at least 1.",
                effect="Nothing was asked.",
                next_step="Leave it out for 8 at once.",
            )
        budget: object = self.budget_usd
        if budget is not None and (not isinstance(budget, Decimal) or budget <= 0):
            raise BadOption(
                f"budget_usd must be a Decimal above 0; this is {budget!r}.",
                effect="Nothing was asked.",
                next_step='Write it as a text: Decimal("0.50").',
            )


async def run_all(runner: Runner, jobs: Sequence[Job[T]], batch: Batch) -> list[Outcome[T]]:
    """
    Every job's outcome, in the jobs' order.

    Equal jobs are asked once. What is under way when this is cancelled has been kept.

    Raises:
        StorageError: The resume file cannot be read or written.
        SpendLimit: As `Runner.run`.
        Refused: As `Runner.run`.
    """
    course = _Batched(
        runner, batch, _PaidAnswers(None if batch.resume is None else Path(batch.resume))
    )
    places: dict[str, list[int]] = defaultdict(list)
    for number, job in enumerate(jobs):
        places[job.key].append(number)
    gate = asyncio.Semaphore(batch.concurrency)
    done: dict[str, Outcome[T]] = {}

    async def do(job: Job[T]) -> None:
        async with gate:
            done[job.key] = await course.outcome(job)
        if batch.on_done is not None:
            for number in places[job.key]:
                batch.on_done(number, done[job.key])

    try:
        async with asyncio.TaskGroup() as group:
            for numbers in places.values():
                group.create_task(do(jobs[numbers[0]]))
    except BaseExceptionGroup as group:
        # What ended one job ended the others: one reason is enough for whoever asked.
        raise group.exceptions[0] from None
    return [done[job.key] for job in jobs]


class _Batched:
    """The purse of one batch."""

    def __init__(self, runner: Runner, batch: Batch, paid: _PaidAnswers) -> None:
        self._runner, self._batch, self._paid = runner, batch, paid
        self._spent: Decimal | None = Decimal(0)

    async def outcome(self, job: Job[T]) -> Outcome[T]:
        paid = all(self._paid.of(one.key) for one in (job.parts or (job,)))
        budget = self._batch.budget_usd
        if budget is not None and not paid and (self._spent is None or self._spent >= budget):
            return Outcome(value=self._over(budget), task=job.task, type=job.type)
        found = await self._runner.run(job, memory=self._paid)
        if self._spent is not None:
            self._spent = None if found.usd is None else self._spent + found.usd
        return found

    def _over(self, budget: Decimal) -> Unresolved:
        if self._spent is None:
            detail = f"A call has no known price, so the budget of ${budget} cannot be held."
        else:
            detail = f"${self._spent} of the budget of ${budget} were spent."
        return Unresolved(reason="budget", detail=detail)


class _Line(msgspec.Struct, frozen=True):
    """One line of the resume file."""

    key: str
    model: str
    answer: Answer


class _PaidAnswers:
    """Answers by the job they belong to, in a file that only grows; none without a file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known = {} if path is None else _read(path)

    def of(self, key: str) -> list[Paid]:
        """A job's answers, in their order."""
        return self._known.get(key, [])

    def keep(self, key: str, paid: Paid) -> None:
        """Add one."""
        if self._path is None:
            return
        line = msgspec.json.encode(_Line(key, *paid)) + b"\n"
        try:
            with self._path.open("ab") as out:
                out.write(line)
        except OSError as error:
            raise _cannot(self._path, error) from error


def _read(path: Path) -> dict[str, list[Paid]]:
    known: dict[str, list[Paid]] = defaultdict(list)
    try:
        content = path.read_bytes() if path.exists() else b""
        if content and not content.endswith(b"\n"):
            # A writer was killed within its last line, which was never whole.
            content = content[: content.rfind(b"\n") + 1]
            path.write_bytes(content)
    except OSError as error:
        raise _cannot(path, error) from error
    for line in content.splitlines():
        try:
            read = _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StorageError(
                f"{path} holds a line that is no paid answer.",
                effect="Nothing was asked.",
                next_step="Name another file, or take the line out.",
            ) from error
        known[read.key].append((read.model, read.answer))
    return dict(known)


def _cannot(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be used: {error.strerror or error}.",
        effect="Nothing further was asked.",
        next_step="Check the folder's room and permissions, then run it again.",
    )


_DECODER = msgspec.json.Decoder(_Line)
