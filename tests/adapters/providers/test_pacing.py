"""How many at once."""

from __future__ import annotations

import asyncio

from suffice.adapters.providers.pacing import Pacer

PLENTY: dict[str, str] = {}
NEARLY_SPENT = {
    "anthropic-ratelimit-input-tokens-limit": "1000",
    "anthropic-ratelimit-input-tokens-remaining": "10",
}
LOW = {
    "anthropic-ratelimit-requests-limit": "1000",
    "anthropic-ratelimit-requests-remaining": "50",
}


class Clock:
    """Moves when slept on."""

    time_s = 100.0

    def __call__(self) -> float:
        return self.time_s

    async def sleep(self, seconds: float) -> None:
        self.time_s += seconds


def pacer(most: int = 64, clock: Clock | None = None) -> Pacer:
    clock = clock or Clock()
    return Pacer(most, monotonic=clock, sleep=clock.sleep)


def test_it_starts_low_and_grows_with_every_answer_until_the_first_complaint() -> None:
    paced = pacer()
    for _ in range(20):
        paced.answered(PLENTY, sent_at=100.0)

    assert paced.limit == 28


def test_it_never_grows_beyond_the_most() -> None:
    paced = pacer(most=10)
    for _ in range(99):
        paced.answered(PLENTY, sent_at=100.0)

    assert paced.limit == 10


def test_a_complaint_halves_once_for_all_that_were_under_way() -> None:
    paced = pacer()
    for _ in range(5):
        paced.throttled(0.0, sent_at=100.0)

    assert paced.limit == 4


def test_after_a_complaint_it_grows_by_one_per_round() -> None:
    paced = pacer()
    paced.throttled(0.0, sent_at=100.0)
    for _ in range(5):
        paced.answered(PLENTY, sent_at=101.0)

    assert paced.limit == 5


def test_it_never_falls_below_one() -> None:
    clock = Clock()
    paced = pacer(clock=clock)
    for _ in range(20):
        paced.throttled(0.0, sent_at=clock.time_s)
        clock.time_s += 1

    assert paced.limit == 1


def test_little_left_stops_growth_and_almost_nothing_left_shrinks() -> None:
    paced = pacer()
    paced.answered(LOW, sent_at=101.0)
    still = paced.limit
    paced.answered(NEARLY_SPENT, sent_at=101.0)

    assert (still, paced.limit) == (8, 7)


def test_a_complaint_holds_everybody_back() -> None:
    clock = Clock()
    paced = pacer(clock=clock)

    async def run() -> float:
        paced.throttled(3.0, sent_at=100.0)
        async with paced.slot() as sent_at:
            return sent_at

    assert asyncio.run(run()) == 103.0


def test_those_who_wait_come_in_order_and_one_who_gives_up_takes_no_place() -> None:
    paced = pacer(most=1)
    came: list[int] = []

    async def visit(number: int) -> None:
        async with paced.slot():
            came.append(number)
            await asyncio.sleep(0)

    async def run() -> None:
        visits = [asyncio.create_task(visit(number)) for number in range(5)]
        await asyncio.sleep(0)
        visits[2].cancel()
        await asyncio.gather(*visits, return_exceptions=True)

    asyncio.run(run())

    assert came == [0, 1, 3, 4]
