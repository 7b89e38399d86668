"""Pairs a day for each type, under a budget in dollars."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.errors import BadOption
from suffice.monitor import Watched, allot

dollars = st.decimals(min_value="0.0001", max_value="5", places=4)
watched = st.builds(
    Watched,
    type=st.just("t"),
    sessions_per_day=st.floats(1, 1e6),
    usd_per_pair=dollars,
    pairs_to_detect=st.floats(20, 2000),
    harm=st.floats(0.1, 10),
    pairs_seen=st.integers(0, 10**6),
)


@given(st.lists(watched, max_size=8), st.decimals(min_value="0", max_value="500", places=2))
def test_no_allotment_is_dearer_than_the_budget_or_larger_than_the_traffic(
    types: list[Watched], budget: Decimal
) -> None:
    got = allot(types, usd_per_day=budget)

    assert sum((each.usd_per_day for each in got), Decimal(0)) <= budget
    assert all(0 <= each.share <= 1 for each in got)


@given(st.lists(watched, min_size=1, max_size=5))
def test_with_money_enough_every_type_keeps_the_weeks_promise_or_uses_all_its_sessions(
    types: list[Watched],
) -> None:
    got = allot(types, usd_per_day=Decimal("1e12"))

    assert all(each.keeps_promise or each.share == pytest.approx(1.0) for each in got)


def mixture(dice: np.random.Generator) -> list[Watched]:
    """Twenty types, few large and many small, with prices a factor of thirty apart."""
    return [
        Watched(
            type=f"t{number}",
            sessions_per_day=float(volume),
            usd_per_pair=Decimal(str(round(float(price), 4))),
            pairs_to_detect=175,
        )
        for number, (volume, price) in enumerate(
            zip(dice.lognormal(7, 1.5, 20), dice.lognormal(-4.6, 1.0, 20), strict=True)
        )
    ]


def bad_answers(types: list[Watched], pairs: list[float]) -> float:
    return sum(
        each.sessions_per_day * each.pairs_to_detect / count
        for each, count in zip(types, pairs, strict=True)
    )


def test_the_same_money_leaves_a_quarter_fewer_bad_answers_than_one_rate_for_all() -> None:
    """Mean over 50 mixtures; what it is for one depends on how unlike its types are."""
    dice = np.random.default_rng(5)
    ratios = []
    for _ in range(50):
        types = mixture(dice)
        even = [max(0.05 * each.sessions_per_day, each.floor) for each in types]
        budget = sum(
            (each.usd_per_pair * Decimal(repr(n)) for each, n in zip(types, even, strict=True)),
            Decimal(0),
        )
        ours = [got.pairs_per_day for got in allot(types, usd_per_day=budget)]
        ratios.append(bad_answers(types, ours) / bad_answers(types, even))

    assert max(ratios) <= 1
    assert 0.6 < float(np.mean(ratios)) < 0.9


def test_more_evidence_means_fewer_pairs_down_to_the_floor() -> None:
    def pairs(seen: int) -> float:
        one = Watched(
            type="t",
            sessions_per_day=1000,
            usd_per_pair=Decimal("0.01"),
            pairs_to_detect=175,
            pairs_seen=seen,
        )
        return allot([one], usd_per_day=Decimal(100))[0].pairs_per_day

    assert [round(pairs(seen), 1) for seen in (0, 175, 1575, 10**6)] == [1000.0, 500.0, 100.0, 25.0]


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(BadOption):
        allot([], usd_per_day=Decimal(-1))
