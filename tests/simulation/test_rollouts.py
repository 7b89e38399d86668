"""
Whole rollouts in simulated time, through the real controller.

The traffic is simulated (`suffice.testing.rollout_world`); the decisions are not.
"""

from __future__ import annotations

import statistics
from datetime import timedelta

import pytest

from suffice.monitor import Supposed, named_plan, plan_detection, plan_rollout
from suffice.records import RolloutPlan, RolloutState, Stage
from suffice.testing.rollout_world import Lived, World, live, simulated_start

HOURLY, SIX_HOURLY = timedelta(hours=1), timedelta(hours=6)


def straight(shadow: float = 0.05) -> RolloutPlan:
    """All at once."""
    stage = Stage(share=1.0, shadow=shadow, pairs=10**9)
    return RolloutPlan(name="straight", stages=(stage,), holdout=0)


def ramps(plan: RolloutPlan, agreement: float, *, runs: int, days: float = 60) -> list[Lived]:
    return [
        live(simulated_start(plan), World(agreement=((0, agreement),), seed=seed), days=days)
        for seed in range(runs)
    ]


def bad_answers(lived: list[Lived]) -> float:
    assert all(run.rollout.state is RolloutState.ROLLED_BACK for run in lived)
    return statistics.mean(run.bad_answers for run in lived)


@pytest.mark.parametrize(
    ("plan", "agreement", "usual"),
    [
        (straight(), 0.80, 307),
        (named_plan("default", holdout=0), 0.80, 16),
        (named_plan("cautious", holdout=0), 0.80, 15),
        (straight(), 0.88, 553),
    ],
    ids=["straight-.80", "default-.80", "cautious-.80", "straight-.88"],
)
def test_bad_answers_served_before_the_rollback(
    plan: RolloutPlan, agreement: float, usual: float
) -> None:
    lived = ramps(plan, agreement, runs=40)
    error = statistics.stdev(run.bad_answers for run in lived) / 40**0.5

    assert bad_answers(lived) == pytest.approx(usual, abs=4 * error + 0.02 * usual)


def test_holding_what_leans_the_wrong_way_more_than_halves_the_bad_answers_of_a_mild_fall() -> None:
    """Without it the default plan serves 101 at .88, the cautious one 40."""
    assert bad_answers(ramps(named_plan("default", holdout=0), 0.88, runs=40)) < 60
    assert bad_answers(ramps(named_plan("cautious", holdout=0), 0.88, runs=40)) < 36


def test_a_good_candidate_is_at_the_whole_share_after_three_days() -> None:
    """2,000 sessions a day at .95: two stages of 150 pairs at 100 a day."""
    lived = ramps(named_plan("default", holdout=0), 0.95, runs=30, days=12)
    at_full = [
        next(event.at for event in run.events if "Moved to 100 %" in event.sentence)
        - run.rollout.began
        for run in lived
    ]

    assert statistics.mean(days / timedelta(days=1) for days in at_full) == pytest.approx(
        3.05, abs=0.15
    )


def test_a_fall_in_the_second_stage_is_taken_back_after_about_63_pairs() -> None:
    """From .97 to .80 as the 25 % stage begins: under 90 bad answers, and seldom above 150."""
    began = 1.6
    lived = [
        live(
            simulated_start(),
            World(agreement=((0, 0.97), (began, 0.80)), seed=seed),
            days=30,
        )
        for seed in range(60)
    ]
    pairs = [run.pairs - 100 * began for run in lived]

    assert statistics.mean(pairs) == pytest.approx(66, abs=8)
    assert bad_answers(lived) < 90
    assert sum(run.bad_answers < 150 for run in lived) >= 57


@pytest.mark.parametrize(
    ("pairs_per_day", "fall_to", "days"), [(25, 0.80, 2.5), (100, 0.88, 2.1), (100, 0.80, 0.7)]
)
def test_days_to_see_a_fall_in_full_operation(
    pairs_per_day: float, fall_to: float, days: float
) -> None:
    """After ten calm days; the same as the planner says, within four standard errors."""
    plan = RolloutPlan(name="done", stages=(Stage(share=1.0, shadow=0.05, pairs=1),), holdout=0)
    begun = simulated_start(plan, pairs_per_year=365 * pairs_per_day)
    found = []
    for seed in range(40):
        world = World(
            sessions_per_day=20 * pairs_per_day,
            agreement=((0, 0.97), (10, fall_to)),
            every=timedelta(minutes=30),
            seed=seed,
        )
        found.append(live(begun, world, days=60).days - 10)
    planned = plan_detection(pairs_per_day=pairs_per_day, fall_to=fall_to).days_to_detect
    error = statistics.stdev(found) / 40**0.5

    assert planned == pytest.approx(days, rel=0.06)
    assert statistics.mean(found) == pytest.approx(planned, abs=4 * error + 0.04)


def quiet_years(years: int, *, agreement: float) -> int:
    """Alarms in so many years of 100 pairs a day, each year a rollout of its own."""
    return sum(
        live(
            simulated_start(),
            World(agreement=((0, agreement),), every=SIX_HOURLY, seed=year),
            days=365,
        ).rollout.state
        is RolloutState.ROLLED_BACK
        for year in range(years)
    )


def test_ten_quiet_years_hold_no_alarm() -> None:
    assert quiet_years(10, agreement=0.97) == 0


def test_ten_years_at_the_limit_itself_hold_no_more_alarms_than_promised() -> None:
    """At .95 all the time, at most one in five years on average: two, give or take three errors."""
    assert quiet_years(10, agreement=0.95) <= 2 + 3 * 2**0.5


def test_ten_quiet_years_with_guards_hold_no_alarm_either() -> None:
    """Both arms fail in 1 % of sessions; every guard of errors included, hourly."""
    alarms = 0
    for year in range(10):
        world = World(counts_errors=True, every=SIX_HOURLY, seed=100 + year)
        alarms += live(simulated_start(), world, days=365).rollout.state is RolloutState.ROLLED_BACK

    # One guard in a hundred may strike in the ramp, and then one in five years.
    assert alarms <= 3


@pytest.mark.parametrize(("share", "days"), [("5/100", 3.8), ("25/100", 1.1)])
def test_a_doubled_error_rate_is_taken_back(share: str, days: float) -> None:
    """1 % to 2 %, 10,000 sessions a day; the pairs all agree and say nothing."""
    plan = named_plan(share, pairs=10**9)
    world_of = [
        World(
            sessions_per_day=10_000,
            agreement=((0, 1.0),),
            candidate_errors=((0, 0.02),),
            counts_errors=True,
            every=HOURLY,
            seed=seed,
        )
        for seed in range(20)
    ]
    found = [live(simulated_start(plan), world, days=40).days for world in world_of]

    assert statistics.mean(found) == pytest.approx(days, rel=0.3)


def test_the_planner_says_what_the_controller_does() -> None:
    """Bad answers and days of the default plan, by the planner's own simulation and by ours."""
    planned = plan_rollout(Supposed(volume_per_day=2_000, agreement=0.97, falls=(0.09, 0.17)))
    mild, grave = (bad_answers(ramps(named_plan(), p, runs=60)) for p in (0.88, 0.80))

    assert [fall.bad_answers_ramp for fall in planned.falls] == pytest.approx(
        [mild, grave], rel=0.35
    )


@pytest.mark.large
def test_at_full_size_the_table_of_plans() -> None:
    found = {
        (name, truth): bad_answers(ramps(plan, truth, runs=600))
        for name, plan in {
            "straight": straight(),
            "default": named_plan("default", holdout=0),
            "cautious": named_plan("cautious", holdout=0),
        }.items()
        for truth in (0.88, 0.80)
    }

    assert found == pytest.approx(
        {
            ("straight", 0.88): 548,
            ("straight", 0.80): 311,
            ("default", 0.88): 47,
            ("default", 0.80): 16,
            ("cautious", 0.88): 30,
            ("cautious", 0.80): 15.7,
        },
        rel=0.12,
    )


@pytest.mark.large
def test_at_full_size_four_hundred_years_at_the_limit() -> None:
    """Promised: at most .2 a year; measured .12 to .15."""
    alarms = quiet_years(400, agreement=0.95)

    assert 0.08 * 400 < alarms < 0.2 * 400


@pytest.mark.large
def test_at_full_size_two_hundred_quiet_years() -> None:
    assert quiet_years(200, agreement=0.97) == 0
