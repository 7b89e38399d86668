"""Answers that were given before: nobody is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from suffice.records import Answer, Case, Failure, FailureKind, ModelSpec


class RecordedModels:
    """
    `ports.Models` over the answers that came with the cases.

    An arm finds the answer recorded under its whole name. An answer that is not there is missing,
    as a value; whether so many are missing that a run makes no sense is the run's to say.

    >>> import asyncio
    >>> case = Case(id="1", type="intent", answers={"claude-haiku-5-5": Answer(text="refund")})
    >>> models = RecordedModels([case])
    >>> asyncio.run(models.answer(ModelSpec("claude-haiku-5-5"), {}, case_id="1")).text
    'refund'
    """

    def __init__(self, cases: Iterable[Case]) -> None:
        self._answers: dict[str, Mapping[str, Answer]] = {case.id: case.answers for case in cases}

    async def answer(self, arm: ModelSpec, request: dict[str, Any], *, case_id: str) -> Answer:  # noqa: ARG002 - the port's
        """As `ports.Models.answer`; the request itself is not looked at."""
        found = self._answers.get(case_id, {}).get(arm.name)
        if found is not None:
            return found
        missing = f"no answer of {arm.name} was recorded for case {case_id}"
        return Answer(failure=Failure(FailureKind.TRANSPORT, missing))

    async def count_tokens(self, arm: ModelSpec, request: dict[str, Any]) -> int | None:  # noqa: ARG002 - the port's
        """As `ports.Models.count_tokens`: a recording counts nothing."""
        return None

    async def aclose(self) -> None:
        """Nothing to give back."""
