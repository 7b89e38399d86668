"""What watching a type will find, how soon, at what price."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from suffice.errors import BadOption
from suffice.monitor import Supposed, named_plan, plan_detection, plan_rollout


@pytest.mark.parametrize(
    ("pairs_per_day", "fall_to", "days"),
    [(25, 0.88, 7.1), (25, 0.80, 2.5), (100, 0.88, 2.1), (100, 0.80, 0.7), (500, 0.80, 0.2)],
)
def test_days_to_see_a_fall(pairs_per_day: float, fall_to: float, days: float) -> None:
    found = plan_detection(pairs_per_day=pairs_per_day, agreement=0.97, fall_to=fall_to)

    assert found.days_to_detect == pytest.approx(days, abs=0.06 + 0.02 * days)


def test_a_fall_to_what_is_fine_is_not_seen_and_no_figure_is_made_up() -> None:
    found = plan_detection(pairs_per_day=100, agreement=0.97, fall_to=0.96)

    assert found.pairs_to_detect is None
    assert found.days_to_detect is None
    assert found.seen_within_horizon < 0.01


def test_the_same_seed_gives_the_same_figures() -> None:
    assert plan_detection(pairs_per_day=50) == plan_detection(pairs_per_day=50)


def test_false_alarms_stay_below_the_bound() -> None:
    found = plan_detection(pairs_per_day=100, agreement=0.95, fall_to=0.80)

    assert found.false_alarms_per_year <= found.false_alarms_per_year_bound
    assert found.false_alarms_per_year == pytest.approx(0.14, abs=3 * 0.02)


def test_a_plan_for_a_types_own_volume_is_made_quickly() -> None:
    began = time.process_time()

    found = plan_rollout(Supposed(volume_per_day=2000, usd_per_pair=Decimal("0.01")))

    assert time.process_time() - began < 3
    assert found.pairs_per_day == pytest.approx(98)
    assert [round(fall.fall_to, 2) for fall in found.falls] == [0.92, 0.90, 0.80]
    assert found.watching_usd_per_month == "29.83"
    assert found.watching_usd_ramp == "4.50"


def test_a_bad_candidate_serves_few_bad_answers_in_the_ramp() -> None:
    supposed = Supposed(volume_per_day=2000, agreement=0.95, falls=(0.07, 0.15))

    mild, grave = plan_rollout(supposed, plan=named_plan(holdout=0)).falls

    assert grave.bad_answers_ramp == pytest.approx(16, abs=1.5)
    assert mild.bad_answers_ramp == pytest.approx(47, abs=10)


@pytest.mark.parametrize("agreement", [0.7, 1.2])
def test_what_cannot_be_is_refused(agreement: float) -> None:
    with pytest.raises(BadOption):
        plan_detection(pairs_per_day=100, agreement=agreement, fall_to=0.8)
