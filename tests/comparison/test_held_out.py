"""Cases set aside, left over, and planned to be asked again."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from scipy import stats

from suffice.comparison.held_out import left_over, plan_again, to_keep
from suffice.comparison.plan import Plan, PlanOptions, make_plan
from suffice.comparison.quoting import Quoter
from suffice.comparison.sampling import Wanted, draw
from suffice.decision import decide
from suffice.records import Answer, Case, Evidence, Limits, Word
from suffice.records.held_out import HeldOutCase
from suffice.statistics.spending import WEEKLY, Look

PER_CALL = Decimal("0.001")
QUOTER = Quoter(lambda *_: PER_CALL)


def case(number: int, *, group: str | None = None, type_: str = "t") -> Case:
    request = {"max_tokens": 9, "messages": [{"role": "user", "content": f"request {number}"}]}
    answers = {"big": Answer(text="yes")}
    return Case(id=f"c{number}", type=type_, request=request, group=group, answers=answers)


def planned(cases: list[Case], *, pilot: int = 6, held_out: int = 0, n_max: int = 40) -> Plan:
    options = PlanOptions(limits=Limits(n_max=n_max), pilot=pilot, held_out=held_out)
    return make_plan({"t": cases}, "big", ["small"], options=options, quoter=QUOTER)


def test_what_is_set_aside_is_in_no_other_list_and_its_session_is_not_compared() -> None:
    cases = [case(number, group=f"g{number // 3}") for number in range(300)]

    found = draw(cases, dice=random.Random(1), wanted=Wanted(main=60, pilot=9, held_out=30))

    group = {one.id: one.group for one in cases}
    aside = {group[one] for one in found.held_out}
    assert len(found.held_out) == len(aside) == 30
    assert not aside & {group[one] for one in (*found.main, *found.pilot)}


def test_nearly_the_same_cases_are_set_aside_as_a_file_grows() -> None:
    """
    By a hash of their names; whatever shuffles the others.
    """
    wanted = Wanted(main=60, held_out=50)
    less = draw([case(n) for n in range(900)], dice=random.Random(1), wanted=wanted)
    more = draw([case(n) for n in range(1000)], dice=random.Random(2), wanted=wanted)

    assert len(set(less.held_out) & set(more.held_out)) >= 40


def test_a_small_type_sets_at_most_a_third_aside() -> None:
    found = draw([case(n) for n in range(30)], dice=random.Random(1), wanted=Wanted(held_out=200))

    assert len(found.held_out) == 10
    assert len(found.pilot) + len(found.main) == 20


def test_left_over_is_what_was_neither_counted_nor_asked_in_the_order_of_the_plan() -> None:
    plan = planned([case(n) for n in range(60)])
    main = plan.types[0].draw.main

    found = left_over(plan, counted={"t": 10}, asked=set(main[10:14]), most=20)

    assert found == {"t": main[14:34]}


def test_kept_are_the_pilot_and_what_is_held_out_without_any_answer() -> None:
    cases = {one.id: one for one in [case(n) for n in range(60)]}
    plan = planned(list(cases.values()))
    main, pilot = plan.types[0].draw.main, plan.types[0].draw.pilot

    kept = to_keep(plan, cases, {"t": main[-5:]})

    assert [one.case.id for one in kept if one.pilot] == list(pilot)
    assert [one.case.id for one in kept if not one.pilot] == list(main[-5:])
    assert all(one.case.answers == {} for one in kept)
    assert to_keep(plan, cases, {"t": ()}) == []


def test_held_out_cases_are_all_asked_once_and_the_first_time_of_the_baseline_twice() -> None:
    before = planned([case(n) for n in range(60)])
    kept = [
        HeldOutCase(case=msgspec.structs.replace(case(n), answers={}), pilot=n < 4)
        for n in range(24)
    ]

    first, later = (
        plan_again(kept, before, candidates=["small"], quoter=QUOTER, first_time=first_time)
        for first_time in (True, False)
    )

    assert (first.likely_calls, later.likely_calls) == (4 * 2 + 20 * 3, 4 * 2 + 20 * 2)
    assert first.types[0].most_pairs == 20
    assert not first.limits.sequential
    assert first.most_usd == PER_CALL * Decimal("1.1") * first.most_calls


def test_after_a_change_each_further_look_has_half_the_risk() -> None:
    before = planned([case(n) for n in range(60)])
    kept = [HeldOutCase(case=case(n)) for n in range(9)]

    risks = [
        plan_again(
            kept, before, candidates=["small"], quoter=QUOTER, first_time=False, halvings=looks
        ).limits.alpha
        for looks in range(4)
    ]

    assert risks == [0.05, 0.025, 0.0125, 0.00625]


DAY, WEEK = timedelta(days=1), timedelta(days=7)
SCHEDULES = {
    "weekly": [WEEK] * 52,
    "daily": [DAY] * 364,
    "every twelve hours": [DAY / 2] * 729,
    "monthly": [DAY * 30] * 12,
    "five at once, each month": ([timedelta(minutes=20)] * 4 + [DAY * 30]) * 12,
    "daily for a month, then weekly": [DAY] * 30 + [WEEK] * 47,
    "weekly, then daily for a month": [WEEK] * 47 + [DAY] * 30,
}


def given_out(gaps: list[timedelta]) -> Counter[float]:
    """The share of each look of a year, rounded up, and how many looks have it."""
    at, looks = datetime(2026, 11, 22, tzinfo=UTC), list[Look]()
    shares: Counter[float] = Counter()
    for gap in [timedelta(0), *gaps]:
        at += gap
        looks.append(Look(at, WEEKLY.share(looks, at)))
        shares[math.ceil(looks[-1].share * 1e9) / 1e9] += 1
    return shares


def most_that_keep(pairs: int, share: float) -> int:
    """With so many pairs that agree, or fewer, a look says Keep; -1: with none."""
    kept = [HeldOutCase(case=case(n)) for n in range(pairs)]
    before = planned([case(n) for n in range(60)])
    limits = plan_again(
        kept, before, candidates=["small"], quoter=QUOTER, first_time=False, share=share
    ).limits
    low, high = -1, pairs  # one more that agrees never makes a Keep of what was none
    while high - low > 1:
        middle = (low + high) // 2
        scores = [1.0] * middle + [0.0] * (pairs - middle)
        evidence = Evidence(type="t", baseline="big", candidate="small", agreement=scores)
        low, high = (
            (middle, high) if decide(evidence, limits).verdict is Word.KEEP else (low, middle)
        )
    return low


def most_that_keep_by_an_oracle(pairs: int, share: float) -> int:
    """The same out of the definition of the evidence, integrated numerically, and by counting."""
    stakes, weights = np.polynomial.legendre.leggauss(400)
    q = 0.95 * (stakes + 1) / 2
    found = -1
    for agreed in range(pairs + 1):
        lost = pairs - agreed
        against = agreed * np.log(q / 0.95) + lost * np.log((1 - q) / 0.05)
        mixed = float(np.exp(against) @ weights) / 2
        point = (0.90 / 0.95) ** agreed * (0.10 / 0.05) ** lost
        if (mixed + point) / 2 >= 1 / (0.05 * share):
            found = agreed
    return found


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("pairs", [60, 200])
def test_in_a_year_of_re_checks_few_good_candidates_are_taken_back_however_often_one_looks(
    pairs: int, schedule: str
) -> None:
    """
    Exactly: the chances of a Keep at each look, by the binomial law, add up to at most 5 %.
    """
    shares = given_out(SCHEDULES[schedule])

    for truth in (0.95, 0.97):
        chances = [
            times * stats.binom.cdf(most_that_keep(pairs, share), pairs, truth)
            for share, times in shares.items()
        ]
        assert sum(chances) <= 0.05
    assert sum(chances) < 1e-3  # and hardly ever one at 97 %
    assert most_that_keep(pairs, min(shares)) > 0.6 * pairs  # a bad one is taken back all the same


@pytest.mark.parametrize("pairs", [100, 400])
@pytest.mark.parametrize("truth", [0.95, 0.97])
def test_a_year_of_weekly_re_checks_is_bounded_for_other_numbers_of_cases(
    pairs: int, truth: float
) -> None:
    most = most_that_keep(pairs, WEEKLY.holds)

    assert 52 * stats.binom.cdf(most, pairs, truth) <= 0.05
    assert most > 0.7 * pairs


@pytest.mark.parametrize("pairs", [60, 200])
@pytest.mark.parametrize("share", [1.0, WEEKLY.holds, WEEKLY.refill / 365, 1e-6])
def test_an_oracle_says_keep_of_the_same_counts(pairs: int, share: float) -> None:
    assert most_that_keep(pairs, share) == most_that_keep_by_an_oracle(pairs, share)
