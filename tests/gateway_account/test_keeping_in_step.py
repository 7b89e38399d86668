"""One look at the account that fails is not the last one."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from suffice.gateway.account import keep_in_step


class Failing:
    """An account whose looks fail, then work."""

    def __init__(self) -> None:
        self.looks = 0
        self.applied = asyncio.Event()
        self.metrics = self

    def look(self) -> None:
        self.looks += 1
        if self.looks < 3:
            raise KeyError("a mistake of ours")

    def apply(self, figures: object) -> None:
        self.applied.set()

    def snapshot(self) -> None:
        return None

    def save(self, snapshot: object) -> None:
        return None


def test_a_fault_is_told_and_the_next_look_follows() -> None:
    told: list[Exception] = []

    async def run() -> int:
        account: Any = Failing()
        task = asyncio.create_task(keep_in_step(account, every_s=0.001, on_fault=told.append))
        await asyncio.wait_for(account.applied.wait(), 5)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return int(account.looks)

    assert asyncio.run(run()) >= 3
    assert [type(fault) for fault in told] == [KeyError, KeyError]
