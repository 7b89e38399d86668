"""A world without waiting, and one way to ask."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from suffice.adapters.providers.anthropic import AnthropicModels, Credential, Pace, World
from suffice.records import Answer, parse_model_spec

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Waits(msgspec.Struct):
    """A clock that a sleep moves on at once."""

    slept: list[float] = []
    time_s: float = 0.0

    def world(self) -> World:
        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.time_s += seconds
            await asyncio.sleep(0)

        return World(
            now=lambda: NOON,
            monotonic=lambda: self.time_s,
            sleep=sleep,
            dice=random.Random(7),
        )


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def ask(waits: Waits) -> Callable[..., Answer]:
    """Ask one arm one request at a base URL, in a world where waiting takes no time."""

    def one(
        base_url: str,
        arm: str = "claude-haiku-5-5:thinking=off",
        *,
        pace: Pace | None = None,
        request: dict[str, Any] | None = None,
        **options: Any,
    ) -> Answer:
        async def run() -> Answer:
            models = AnthropicModels(
                credential=options.pop("credential", Credential("sk-test")),
                base_url=base_url,
                pace=pace or Pace(),
                world=waits.world(),
                **options,
            )
            try:
                body = {"max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
                return await models.answer(parse_model_spec(arm), request or body, case_id="case-1")
            finally:
                await models.aclose()

        return asyncio.run(run())

    return one
