"""A year's chance spent look by look: whatever the times, its shares add up to at most all of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.statistics.spending import A_YEAR, WEEKLY, Look, Purse

BEGAN = datetime(2026, 11, 22, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
ROUNDING = 1e-9


def taken(times: Sequence[datetime], purse: Purse = WEEKLY) -> list[Look]:
    looks: list[Look] = []
    for at in times:
        looks.append(Look(at, purse.share(looks, at)))
    return looks


def most_within_a_year(looks: Sequence[Look]) -> float:
    """The largest sum of shares over any 365 days; it begins with a look or it is not largest."""
    return max(
        sum(look.share for look in looks if first.at <= look.at <= first.at + A_YEAR)
        for first in looks
    )


@pytest.mark.parametrize("every", [WEEK, DAY, 3 * DAY, 30 * DAY, 12 * HOUR])
def test_looks_by_any_schedule_share_the_year_s_chance(every: timedelta) -> None:
    looks = taken([BEGAN + number * every for number in range(int(2 * A_YEAR / every))])

    assert most_within_a_year(looks) <= 1 + ROUNDING


def test_weekly_looks_have_about_a_fifty_second_each_and_use_nearly_all_of_it() -> None:
    looks = taken([BEGAN + number * WEEK for number in range(53)])

    assert {round(52 * look.share, 2) for look in looks} == {1.0, 0.98}
    assert most_within_a_year(looks) > 0.99


def test_daily_looks_have_a_seventh_of_a_weekly_one_and_go_on_all_year() -> None:
    looks = taken([BEGAN + number * DAY for number in range(365)])

    shares = {round(7 * 52 * look.share, 1) for look in looks[1:]}
    assert shares == {1.0}


def test_who_waits_longer_than_a_week_is_given_no_more_than_a_week_s() -> None:
    looks = taken([BEGAN, BEGAN + 40 * WEEK])

    assert looks[0].share == looks[1].share == WEEKLY.holds


def test_what_a_look_does_not_use_stays_for_the_next() -> None:
    whole = WEEKLY.share([Look(BEGAN, WEEKLY.holds)], BEGAN + DAY)
    thrifty = WEEKLY.share([Look(BEGAN, WEEKLY.holds / 2)], BEGAN + DAY)

    assert thrifty == pytest.approx(whole + WEEKLY.holds / 2)


def test_a_clock_that_was_set_back_gives_next_to_nothing_and_never_a_new_year() -> None:
    looks = taken([BEGAN, BEGAN - A_YEAR, BEGAN - A_YEAR + WEEK])

    assert looks[0].share == WEEKLY.holds
    assert 0 < looks[2].share <= looks[1].share < 1e-7


def test_a_thousand_looks_at_one_moment_cost_a_thousand_seconds() -> None:
    looks = taken([BEGAN] * 1000)

    assert sum(look.share for look in looks[1:]) < 1000 * SECOND / A_YEAR


@given(st.lists(st.integers(1, 40 * 86_400), min_size=1, max_size=60))
def test_however_irregular_the_times_are_any_year_s_shares_add_up_to_at_most_all(
    gaps: list[int],
) -> None:
    times, at = [], BEGAN
    for gap in gaps:
        at += timedelta(seconds=gap)
        times.append(at)

    assert most_within_a_year(taken(times)) <= 1 + ROUNDING


def test_another_book_keeper_comes_to_the_same_shares() -> None:
    """
    An oracle: whole seconds and exact fractions, what comes in paid in second by second.
    """
    dice = random.Random(11)
    gaps = [dice.choice([1, 60, 3600, 86_400, 604_800, 900_000]) for _ in range(40)]
    looks = taken([BEGAN + timedelta(seconds=sum(gaps[:place])) for place in range(len(gaps))])

    full, a_second = Fraction(1, 52), Fraction(51, 52) / (365 * 86_400)
    there, expected = full, []
    for gap in gaps:
        expected.append(float(there))
        there = Fraction(0)
        missing = full / a_second
        there = full if gap >= missing else a_second * gap

    assert [look.share for look in looks] == pytest.approx(expected)
