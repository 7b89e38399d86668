"""Models that say what a test tells them to: no socket, no key, no time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from suffice.records import Answer, Failure, ModelSpec, Usage

Said = str | Answer | Failure
Reply = Callable[[ModelSpec, dict[str, Any]], Said]


class Asked(msgspec.Struct, frozen=True):
    """
    One request as it came.

    Attributes:
        model: Who was asked, by name.
        request: The body without ``model``.
    """

    model: str
    request: dict[str, Any]


class ScriptedModels:
    """
    `ports.Models` that answer by a script, and remember what they were asked.

    Args:
        reply: What is said to a request: text, a whole `Answer`, or a `Failure`.
        usage: Counted for every text; a test of dollars needs some.

    Attributes:
        asked: Every request, in order.
    """

    def __init__(self, reply: Reply, *, usage: Usage | None = None) -> None:
        self._reply = reply
        self._usage = usage or Usage(input_tokens=100, output_tokens=10)
        self.asked: list[Asked] = []

    async def answer(self, arm: ModelSpec, request: dict[str, Any], *, case_id: str) -> Answer:  # noqa: ARG002 - the port's
        """As `ports.Models.answer`."""
        self.asked.append(Asked(arm.name, request))
        said = self._reply(arm, request)
        if isinstance(said, Answer):
            return said
        if isinstance(said, Failure):
            return Answer(failure=said)
        block = {"type": "text", "text": said}
        return Answer(text=said, blocks=(block,), usage=self._usage, served_model=arm.model)

    async def count_tokens(self, arm: ModelSpec, request: dict[str, Any]) -> int | None:  # noqa: ARG002 - the port's
        """As `ports.Models.count_tokens`: nobody counts here."""
        return None

    async def aclose(self) -> None:
        """Nothing to give back."""


def answering(*said: Said, by_model: Mapping[str, Said] | None = None) -> ScriptedModels:
    """
    Models that say these answers one after another, the last one for ever.

    Args:
        said: The answers.
        by_model: What a model of this name says whenever it is asked, before all else.

    >>> import asyncio
    >>> models = answering("first", "then")
    >>> [asyncio.run(models.answer(ModelSpec("m"), {}, case_id="")).text for _ in range(3)]
    ['first', 'then', 'then']
    """
    waiting = list(said)

    def reply(arm: ModelSpec, _request: dict[str, Any]) -> Said:
        if by_model and arm.name in by_model:
            return by_model[arm.name]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return ScriptedModels(reply)
