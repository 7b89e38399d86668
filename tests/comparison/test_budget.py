"""A cap holds by reservation, whatever the order in which calls come and go."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.comparison.budget import Budget
from suffice.errors import PriceUnknown

_cents = st.integers(min_value=0, max_value=300).map(lambda cents: Decimal(cents) / 100)


@given(
    cap=_cents,
    worst_cases=st.lists(_cents, max_size=30),
    shares=st.lists(st.integers(min_value=0, max_value=100), min_size=30, max_size=30),
    dice=st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=200)
def test_spent_plus_reserved_never_exceeds_the_cap(
    cap: Decimal, worst_cases: list[Decimal], shares: list[int], dice: st.DataObject
) -> None:
    """Calls wait, start and end in a random interleaving; each costs up to its worst case."""
    asyncio.run(_spend(Budget(cap), cap, worst_cases, shares, dice))


async def _spend(
    budget: Budget, cap: Decimal, worst_cases: list[Decimal], shares: list[int], dice: object
) -> None:
    def check() -> None:
        assert budget.reserved_usd >= 0
        assert budget.spent_usd + budget.reserved_usd <= cap

    async def call(worst: Decimal, share: int) -> None:
        for _ in range(dice.randrange(4)):  # type: ignore[attr-defined]
            await asyncio.sleep(0)
        if not await budget.reserve(worst):
            check()
            return
        check()
        for _ in range(dice.randrange(4)):  # type: ignore[attr-defined]
            await asyncio.sleep(0)
        budget.settle(worst, usd=worst * share / 100)
        check()

    async with asyncio.timeout(5):
        await asyncio.gather(*map(call, worst_cases, shares))
    assert budget.reserved_usd == 0


def test_a_call_waits_for_what_calls_in_flight_leave_over() -> None:
    async def scene() -> list[str]:
        budget, order = Budget(Decimal(1)), []
        assert await budget.reserve(Decimal("0.9"))

        async def second() -> None:
            order.append(f"second {await budget.reserve(Decimal('0.5'))}")

        waiting = asyncio.create_task(second())
        await asyncio.sleep(0)
        order.append("settled")
        budget.settle(Decimal("0.9"), usd=Decimal("0.1"))
        await waiting
        return order

    assert asyncio.run(scene()) == ["settled", "second True"]


def test_a_small_call_does_not_overtake_a_large_one() -> None:
    async def scene() -> list[str]:
        budget, order = Budget(Decimal(1)), []
        await budget.reserve(Decimal("0.6"))

        async def ask(name: str, worst: str) -> None:
            if await budget.reserve(Decimal(worst)):
                order.append(name)
                budget.settle(Decimal(worst), usd=Decimal(0))

        calls = [asyncio.create_task(ask("large", "0.9")), asyncio.create_task(ask("small", "0.1"))]
        await asyncio.sleep(0)
        budget.settle(Decimal("0.6"), usd=Decimal(0))
        await asyncio.gather(*calls)
        return order

    assert asyncio.run(scene()) == ["large", "small"]


def test_the_cap_is_reached_when_nothing_in_flight_could_leave_room() -> None:
    budget = Budget(Decimal("0.10"), spent_usd=Decimal("0.05"))

    assert asyncio.run(budget.reserve(Decimal("0.06"))) is False
    assert budget.reached


def test_an_unknown_price_is_never_free() -> None:
    with pytest.raises(PriceUnknown):
        Budget(Decimal(1)).try_reserve(None)


def test_unpriced_calls_pass_where_allowed_and_are_counted() -> None:
    budget = Budget(None, allow_unpriced=True)

    assert budget.try_reserve(None)
    budget.settle(None, usd=None)

    assert (budget.spent_usd, budget.unpriced_calls) == (Decimal(0), 1)


def test_a_call_that_cost_more_than_its_worst_case_is_booked_and_counted() -> None:
    budget = Budget(Decimal(1))
    budget.try_reserve(Decimal("0.1"))
    budget.settle(Decimal("0.1"), usd=Decimal("0.3"))

    assert (budget.spent_usd, budget.overruns) == (Decimal("0.3"), 1)
