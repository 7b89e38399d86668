"""Who is asked for a job, in which order, and when to stop asking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar

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

    async def run(
        self,
        job: Job[T],
        *,
        paid: Iterable[Paid] = (),
        keep: Callable[[Paid], None] | None = None,
    ) -> Outcome[T]:
        """
        Do a job. A failure is a value; only what no other call could mend is raised.

        Args:
            job: What to do.
            paid: Answers that were given before, in their order: taken before anybody is asked.
            keep: Told of every answer received, before it is used.

        Raises:
            SpendLimit: The account's own limit.
            Refused: The credential is not accepted.
            BadOption: ``job.model`` has a setting that its model rejects.
        """
        course: _Course[T] = _Course(job=job, paid=list(paid), keep=keep)
        value: T | Unresolved
        try:
            async with asyncio.timeout(self._timeout_s):
                value = await self._climb(course)
        except TimeoutError:
            value = Unresolved(reason="timeout", detail=f"Not done within {self._timeout_s:g} s.")
        return Outcome(
            value=value,
            task=job.task,
            type=job.type,
            attempts=tuple(course.attempts),
            details=None if course.used is None else job.details(course.used),
        )

    async def _climb(self, course: _Course[T]) -> T | Unresolved:
        job = course.job
        tokens = len(msgspec.json.encode(job.request)) // _BYTES_PER_TOKEN
        arms = (job.model,) if job.model else self._ladder(job.type, job.kind, tokens)
        value: T | Unresolved = Unresolved(
            reason="too_long", detail=f"No model takes about {tokens:,} prompt tokens."
        )
        for arm in arms if self._escalate else arms[:1]:
            value = await self._ask(arm, course)
            if not isinstance(value, Unresolved):
                break
        return value

    async def _ask(self, arm: str, course: _Course[T]) -> T | Unresolved:
        """One model, with its repairs."""
        job, request = course.job, course.job.request
        for number in range(1 + job.repairs):
            reused = bool(course.paid) and course.paid[0][0] == arm
            answer = course.paid.pop(0)[1] if reused else await self._answer(arm, request, course)
            value = usable(job, answer)
            wrong = value if isinstance(value, Unresolved) else None
            attempt = Attempt(
                model=arm,
                repair=number > 0,
                unresolved=wrong,
                usage=answer.usage,
                usd=self._cost(arm, answer),
                latency_s=answer.latency_s,
                reused=reused,
            )
            course.attempts.append(attempt)
            if self._on_attempt is not None:
                self._on_attempt(job.type, attempt)
            if wrong is None:
                course.used = answer
                break
            if wrong.reason not in _REPAIRABLE:
                break
            request = repaired(request, answer, wrong)
        return value

    async def _answer(self, arm: str, request: dict[str, Any], course: _Course[T]) -> Answer:
        answer = await self.models.answer(parse_model_spec(arm), request, case_id=course.job.key)
        if course.keep is not None and _is_paid(answer):
            course.keep((arm, answer))
        return answer

    def _cost(self, arm: str, answer: Answer) -> Decimal | None:
        if answer.usage is not None:
            return self._price(arm, answer.usage)
        # Nothing came back: what was never sent costs nothing, of the rest nobody can tell.
        failure = answer.failure
        return Decimal(0) if failure is not None and _was_free(failure) else None


@dataclass(slots=True, kw_only=True)
class _Course(Generic[T]):
    """How a job goes."""

    job: Job[T]
    paid: list[Paid]
    keep: Callable[[Paid], None] | None
    attempts: list[Attempt] = field(default_factory=list)
    used: Answer | None = None


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
