"""Who is asked for a job, in which order, and when to stop asking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import msgspec

from suffice.ports import Models
from suffice.records import Answer, Failure, FailureKind, Usage, parse_model_spec
from suffice.tasks.job import Job, repaired
from suffice.tasks.outcome import Attempt, Outcome, Reason, Unresolved

T = TypeVar("T")

Paid = tuple[str, Answer]
Price = Callable[[str, Usage], Decimal | None]
Ladder = Callable[[str, str, int], tuple[str, ...]]

# About so many bytes make a token; only to pass over models that are surely too small.
_BYTES_PER_TOKEN = 4
_REPAIRABLE: frozenset[Reason] = frozenset(
    {"out_of_set", "invalid_json", "schema", "not_in_source", "length", "empty"}
)
_BAD_REQUEST, _SERVER_ERROR, _TOO_MANY = 400, 500, 429
_PARTS_AT_ONCE = 8


class Memory(Protocol):
    """Answers that are paid for."""

    def of(self, key: str) -> Sequence[Paid]:
        """Those of a job, in their order: taken before anybody is asked."""
        ...

    def keep(self, key: str, paid: Paid) -> None:
        """Told of every answer received, before it is used."""
        ...


class Runner:
    """
    Runs jobs: the cheapest model that may do it first, the next one where its answer is no use.

    Args:
        models: Who answers.
        ladder: A job's request type, its kind of task and its prompt's tokens (about) -> the
            models to ask, the first one first.
        price: Dollars of an answer; None where they are not known.
        escalate: Go on to the next model where an answer cannot be used.
        timeout_s: For a whole job, all its calls; None: as long as it takes.
        on_attempt: Told the request type and every call, for traces and logs.
    """

    def __init__(
        self,
        models: Models,
        *,
        ladder: Ladder,
        price: Price = lambda *_: None,
        escalate: bool = True,
        timeout_s: float | None = None,
        on_attempt: Callable[[str, Attempt], None] | None = None,
    ) -> None:
        self.models, self._ladder, self._price = models, ladder, price
        self._escalate, self._timeout_s, self._on_attempt = escalate, timeout_s, on_attempt

    async def run(self, job: Job[T], *, memory: Memory | None = None) -> Outcome[T]:
        """
        Do a job. A failure is a value; only what no other call could mend is raised.

        Args:
            job: What to do, with its parts.
            memory: Answers given before, and where new ones are kept; None: nowhere.

        Raises:
            SpendLimit: The account's own limit.
            Refused: The credential is not accepted.
            BadOption: ``job.model`` has a setting that its model rejects.
        """
        course = _Course(memory=memory)
        value: T | Unresolved
        details = None
        try:
            async with asyncio.timeout(self._timeout_s):
                finished = await self._finish(job, course)
                value, details = finished
        except TimeoutError:
            value = Unresolved(reason="timeout", detail=f"Not done within {self._timeout_s:g} s.")
        return Outcome(
            value=value,
            task=job.task,
            type=job.type,
            attempts=tuple(course.attempts),
            details=details,
        )

    async def _finish(self, job: Job[T], course: _Course) -> tuple[T | Unresolved, Any]:
        """A job's parts, then itself."""
        if job.known is not None:
            return job.known(), None
        while job.join is not None:
            values = await self._parts(job.parts, course)
            if isinstance(values, Unresolved):
                return values, None
            job = job.join(values)
        return await self._climb(job, course)

    async def _parts(self, parts: Sequence[Job[Any]], course: _Course) -> list[Any] | Unresolved:
        """The parts' values; the first failure ends them, but for what is under way."""
        gate = asyncio.Semaphore(_PARTS_AT_ONCE)
        failed: list[Unresolved] = []

        async def do(number: int, part: Job[Any]) -> Any:
            async with gate:
                if failed:
                    return None
                value, _ = await self._climb(part, course)
            if isinstance(value, Unresolved):
                where = f"Part {number} of {len(parts)}: {value.detail}"
                failed.append(Unresolved(reason=value.reason, detail=where, text=value.text))
            return value

        try:
            async with asyncio.TaskGroup() as group:
                doing = [group.create_task(do(n, part)) for n, part in enumerate(parts, 1)]
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        return failed[0] if failed else [task.result() for task in doing]

    async def _climb(self, job: Job[T], course: _Course) -> tuple[T | Unresolved, Any]:
        """The value and its details, from the first model that gives one."""
        tokens = len(msgspec.json.encode(job.request)) // _BYTES_PER_TOKEN
        arms = (job.model,) if job.model else self._ladder(job.type, job.kind, tokens)
        value: T | Unresolved = Unresolved(
            reason="too_long", detail=f"No model takes about {tokens:,} prompt tokens."
        )
        paid = list(course.memory.of(job.key)) if course.memory else []
        for arm in arms if self._escalate else arms[:1]:
            asked = await self._ask(arm, job, paid, course)
            value, used = asked
            if used is not None:
                return value, job.details(used)
        return value, None

    async def _ask(
        self, arm: str, job: Job[T], paid: list[Paid], course: _Course
    ) -> tuple[T | Unresolved, Answer | None]:
        """One model, with its repairs: the value, and the answer it was read from."""
        request = job.request
        best: tuple[T | Unresolved, Answer] | None = None
        for number in range(1 + job.repairs):
            reused = bool(paid) and paid[0][0] == arm
            answer = paid.pop(0)[1] if reused else await self._answer(arm, job, request, course)
            value = usable(job, answer)
            wrong = value if isinstance(value, Unresolved) else None
            doubt = None
            if wrong is None:
                best = value, answer
                doubt = job.doubt(answer) if number < job.repairs else None
            attempt = Attempt(
                model=arm,
                repair=number > 0,
                unresolved=wrong,
                doubted=doubt,
                usage=answer.usage,
                usd=self._cost(arm, answer),
                latency_s=answer.latency_s,
                reused=reused,
            )
            course.attempts.append(attempt)
            if self._on_attempt is not None:
                self._on_attempt(job.type, attempt)
            told = wrong if wrong is not None else doubt
            if told is None or told.reason not in _REPAIRABLE:
                break
            request = repaired(request, answer, told)
        return best if best is not None else (value, None)

    async def _answer(
        self, arm: str, job: Job[Any], request: dict[str, Any], course: _Course
    ) -> Answer:
        answer = await self.models.answer(parse_model_spec(arm), request, case_id=job.key)
        if course.memory is not None and _is_paid(answer):
            course.memory.keep(job.key, (arm, answer))
        return answer

    def _cost(self, arm: str, answer: Answer) -> Decimal | None:
        if answer.usage is not None:
            return self._price(arm, answer.usage)
        # Nothing came back: what was never sent costs nothing, of the rest nobody can tell.
        failure = answer.failure
        return Decimal(0) if failure is not None and _was_free(failure) else None


@dataclass(slots=True, kw_only=True)
class _Course:
    """How a job and its parts go."""

    memory: Memory | None
    attempts: list[Attempt] = field(default_factory=list)


def usable(job: Job[T], answer: Answer) -> T | Unresolved:
    """A job's value out of an answer; a failed answer has none, and says why."""
    failure = answer.failure
    if failure is None:
        if not answer.text.strip() and not answer.blocks:
            return Unresolved(reason="empty", detail="The model said nothing.")
        return job.read(answer)
    match failure.kind:
        case FailureKind.REFUSAL:
            return Unresolved(
                reason="refusal", detail=f"The model refused: {failure.message}.", text=answer.text
            )
        case FailureKind.CUT:
            return Unresolved(
                reason="cut", detail=f"The answer was cut: {failure.message}.", text=answer.text
            )
        case FailureKind.UNPARSEABLE:
            return Unresolved(reason="invalid_json", detail=failure.message, text=answer.text)
        case _:
            return _unanswered(failure)


def _unanswered(failure: Failure) -> Unresolved:
    status = _status(failure)
    rejected = status is not None and _BAD_REQUEST <= status < _SERVER_ERROR
    if failure.message.startswith("not sent: ") or (rejected and status != _TOO_MANY):
        return Unresolved(reason="rejected", detail=failure.message)
    return Unresolved(reason="overload", detail=failure.message)


def _status(failure: Failure) -> int | None:
    first = failure.message.partition(" ")[0]
    return int(first) if first.isdecimal() else None


def _was_free(failure: Failure) -> bool:
    """The provider charges no error that it answers itself."""
    return failure.message.startswith("not sent: ") or _status(failure) is not None


def _is_paid(answer: Answer) -> bool:
    return answer.usage is not None or bool(answer.text or answer.blocks)
