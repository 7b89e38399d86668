"""Cases set aside, left over, and planned to be asked again."""

from __future__ import annotations

import random
from decimal import Decimal

import msgspec
import pytest
from scipy import stats

from suffice.comparison.held_out import left_over, plan_again, to_keep
from suffice.comparison.plan import Plan, PlanOptions, make_plan
from suffice.comparison.quoting import Quoter
from suffice.comparison.sampling import Wanted, draw
from suffice.decision import decide
from suffice.records import Answer, Case, Evidence, Limits, Word
from suffice.records.held_out import HeldOutCase

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


@pytest.mark.parametrize("pairs", [60, 100, 200, 400])
@pytest.mark.parametrize("truth", [0.95, 0.97])
def test_in_a_year_of_weekly_re_checks_few_good_candidates_are_taken_back(
    pairs: int, truth: float
) -> None:
    """
    Exactly: the chance of a Keep in one week, by the binomial law, times 52 is at most 5 %.
    """
    kept = [HeldOutCase(case=case(n)) for n in range(pairs)]
    before = planned([case(n) for n in range(60)])
    limits = plan_again(kept, before, candidates=["small"], quoter=QUOTER, first_time=False).limits

    def word(agreed: int) -> Word:
        scores = [1.0] * agreed + [0.0] * (pairs - agreed)
        evidence = Evidence(type="t", baseline="big", candidate="small", agreement=scores)
        return decide(evidence, limits).verdict

    most = max((agreed for agreed in range(pairs + 1) if word(agreed) is Word.KEEP), default=-1)
    chance = stats.binom.cdf(most, pairs, truth)

    assert 52 * chance <= 0.05
    assert most > 0.7 * pairs  # a bad one is taken back all the same
