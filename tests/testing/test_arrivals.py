"""Callers arrive at their pace, never too many at once, and what goes wrong is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from suffice.testing.arrivals import Arrivals, Converse
from suffice.testing.live_world import when


def test_no_more_are_under_way_than_may_be() -> None:
    under_way: list[int] = []
    most = 0

    @asynccontextmanager
    async def callers() -> AsyncIterator[Converse]:
        async def converse(number: int) -> None:
            nonlocal most
            under_way.append(number)
            most = max(most, len(under_way))
            await asyncio.sleep(0.02)
            under_way.remove(number)

        yield converse

    with Arrivals(callers, per_second=1_000, at_once=3) as arriving:
        assert when(lambda: arriving.begun > 9, within_s=60)

    assert most == 3
    assert under_way == []


def test_what_a_conversation_raises_is_raised_where_the_block_ends() -> None:
    @asynccontextmanager
    async def callers() -> AsyncIterator[Converse]:
        async def converse(number: int) -> None:
            raise ValueError(number)

        yield converse

    with (
        pytest.RaisesGroup(pytest.RaisesExc(ValueError, match="0"), flatten_subgroups=True),
        Arrivals(callers, per_second=100, at_once=1) as arriving,
    ):
        assert when(lambda: arriving.begun > 0, within_s=60)
