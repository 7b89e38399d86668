"""What re-checks may still risk: kept with the rollout, whoever looks, and however they end."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from suffice.adapters.controlling.looks import Looks, PaidLook
from suffice.adapters.storage.rollouts import Rollouts
from suffice.statistics.spending import WEEKLY

DAY, WEEK, YEAR = timedelta(days=1), timedelta(days=7), timedelta(days=365)
HAIKU = ("triage", "haiku")


def test_the_first_look_has_a_week_s_share_and_one_a_day_later_a_day_s(world: Any) -> None:
    world.start()
    looks, at = Looks(world.store), world.began

    first, second = looks.pay("r1", *HAIKU, at=at), looks.pay("r2", *HAIKU, at=at + DAY)

    assert first == WEEKLY.holds
    assert second == pytest.approx(WEEKLY.refill / 365)


def test_a_run_that_has_paid_is_given_the_same_again_and_pays_nothing(world: Any) -> None:
    """
    So it is where it was killed between its look and its plan, or is entered twice.
    """
    world.start()
    at = world.began
    Looks(world.store).pay("r1", *HAIKU, at=at)
    second = Looks(world.store).pay("r2", *HAIKU, at=at + DAY)

    again = Looks(world.store).pay("r2", *HAIKU, at=at + 3 * DAY)
    third = Looks(world.store).pay("r3", *HAIKU, at=at + 2 * DAY)

    assert again == second
    assert third == pytest.approx(second)
    assert Looks(world.store).paid("r2", "triage") == second
    assert Looks(world.store).paid("r9", "triage") is None


def test_what_a_look_would_be_given_is_said_without_being_spent(world: Any) -> None:
    world.start()
    looks, at = Looks(world.store), world.began

    asked = [looks.share("r1", *HAIKU, at=at) for _ in range(2)]

    assert asked == [WEEKLY.holds, WEEKLY.holds]
    assert looks.paid("r1", "triage") is None
    looks.pay("r1", *HAIKU, at=at)
    assert looks.share("r1", *HAIKU, at=at + DAY) == WEEKLY.holds


def test_each_type_has_a_chance_of_its_own(world: Any) -> None:
    world.start("mail")
    world.start("triage")
    looks, at = Looks(world.store), world.began
    looks.pay("r1", *HAIKU, at=at)

    assert looks.pay("r1", "mail", "haiku", at=at) == WEEKLY.holds


def test_another_candidate_of_the_type_has_a_chance_of_its_own(world: Any) -> None:
    world.start()
    looks, at = Looks(world.store), world.began
    looks.pay("r1", *HAIKU, at=at)

    assert looks.pay("r2", "triage", "sonnet", at=at) == WEEKLY.holds


def test_looks_from_before_the_rollout_count_and_none_counts_twice(world: Any) -> None:
    world.start()
    looks, at = Looks(world.store), world.began
    before = PaidLook("r0", at - DAY, WEEKLY.holds, "haiku")

    first = looks.pay("r1", *HAIKU, at=at, others=(before,))
    noted = PaidLook("r1", at, first, "haiku")
    second = looks.pay("r2", *HAIKU, at=at + DAY, others=(before, noted))

    assert first == second == pytest.approx(WEEKLY.refill / 365)


def test_a_comparison_of_one_s_own_has_a_whole_year_s_chance_and_later_ones_share_another(
    world: Any,
) -> None:
    world.start()
    own, at = Looks(world.store, own=True), world.began

    shares = [own.pay(f"r{month}", *HAIKU, at=at + month * YEAR / 12) for month in range(13)]

    assert shares[0] == 1.0
    assert sum(shares[1:]) == pytest.approx(1.0)
    assert Looks(world.store).pay("r99", *HAIKU, at=at) == WEEKLY.holds


def test_a_clock_that_was_wrong_once_bars_nobody_for_long(world: Any) -> None:
    world.start()
    looks, at = Looks(world.store), world.began
    looks.pay("r1", *HAIKU, at=at + 5 * YEAR)

    at_once, later = looks.pay("r2", *HAIKU, at=at), looks.pay("r3", *HAIKU, at=at + WEEK)

    assert at_once < 1e-7
    assert later == pytest.approx(WEEKLY.refill * 7 / 365, rel=1e-4)


def test_a_reopened_store_remembers(world: Any) -> None:
    world.start()
    Looks(world.store).pay("r1", *HAIKU, at=world.began)

    with Rollouts.open(world.store.path) as store:
        second = Looks(store).pay("r2", *HAIKU, at=world.began + DAY)

    assert second < WEEKLY.holds / 6


def test_of_many_that_look_at_once_no_two_are_given_the_same_share(world: Any) -> None:
    world.start()
    path, given, gate = world.store.path, [], threading.Barrier(8)

    def look(number: int) -> None:
        with Rollouts.open(path) as store:
            gate.wait(60)
            given.append(Looks(store).pay(f"r{number}", *HAIKU, at=world.began))

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(given) == WEEKLY.holds
    assert sum(given) < WEEKLY.holds + 1e-6
