"""
The monitor's figures: false alarms and delays, beside rules others watch with.

All traffic here is simulated and seeded. The first table runs the detector alone beside published
rules on the same streams; the others let simulated days through the real controller.
"""

from __future__ import annotations

import math
import statistics
import time
from datetime import timedelta

from bench._monitor_rules import days_to_see, rolled_back_in_a_year, rules
from suffice.monitor import named_plan, plan_detection
from suffice.records import RolloutPlan, RolloutState, Stage
from suffice.testing.rollout_world import Lived, World, live, simulated_start

PER_DAY, RUNS = 25, 300


def main() -> None:
    """Rules side by side, detection, plans, error guard, quiet years."""
    for part in (_rules, _detection, _plans, _errors, _quiet_years):
        started = time.process_time()
        part()
        print(f"  ({time.process_time() - started:.1f} s CPU)\n")


def _rules() -> None:
    print(f"  {PER_DAY} pairs a day, {RUNS} streams; a fall comes after 60 days at .97")
    print(
        f"  {'rule':<30}{'healthy year rolled back':>26}{'days to see .97 ->':>26}"
        f"{'.85 from the':>16}\n"
        f"  {'':<30}{'at .95':>13}{'at .97':>13}{'.88':>13}{'.80':>13}{'first pair on':>16}"
    )
    for name, rule in rules().items():
        healthy = [
            rolled_back_in_a_year(rule, agreement=truth, per_day=PER_DAY, runs=RUNS)
            for truth in (0.95, 0.97)
        ]
        seen = [days_to_see(rule, fall_to=to, per_day=PER_DAY, runs=RUNS) for to in (0.88, 0.80)]
        always = days_to_see(rule, fall_to=0.85, per_day=PER_DAY, runs=RUNS, calm=0)
        cells = [f"{100 * share:.0f} %" for share in healthy] + [_days(*one) for one in seen]
        print(f"  {name:<30}" + "".join(f"{cell:>13}" for cell in cells) + f"{_days(*always):>16}")


def _days(days: float, share: float) -> str:
    if math.isnan(days):
        return "-"
    if math.isinf(days):
        return "never"
    return f"{days:.1f}" + (f" ({100 * share:.0f} %)" if share < 1 else "")


def _detection() -> None:
    print("  The planner: pairs and days to the alarm, false alarms a year (bound 1/K)")
    print(f"  {'pairs/day':>9}{'K':>4}{'.97->.88':>18}{'.97->.80':>18}{'at .95':>16}{'at .97':>8}")
    for per_day in (25, 100, 500):
        for years in (5.0, 20.0):
            mild, grave = (
                plan_detection(pairs_per_day=per_day, fall_to=to, years_between=years)
                for to in (0.88, 0.80)
            )
            at = plan_detection(
                pairs_per_day=per_day, agreement=0.95, fall_to=0.80, years_between=years
            )
            cells = [
                f"{found.pairs_to_detect or 0:.0f}, {found.days_to_detect or 0:.1f} d"
                for found in (mild, grave)
            ]
            alarms = f"{at.false_alarms_per_year:.2f} +- {at.false_alarms_per_year_error:.2f}"
            print(
                f"  {per_day:>9}{years:>4.0f}{cells[0]:>18}{cells[1]:>18}{alarms:>16}"
                f"{grave.false_alarms_per_year:>8.2f}"
            )


def _plans() -> None:
    straight = RolloutPlan(
        name="straight", stages=(Stage(share=1.0, shadow=0.05, pairs=10**9),), holdout=0
    )
    print("  Through the controller: 2,000 sessions a day, bad answers served before the rollback")
    print(f"  {'plan':<12}{'truth .88':>16}{'truth .80':>16}{'days to 100 % at .95':>24}")
    for plan in (straight, named_plan("default", holdout=0), named_plan("cautious", holdout=0)):
        cells = []
        for truth in (0.88, 0.80):
            bad = [lived.bad_answers for lived in _lives(plan, truth, runs=200)]
            cells.append(f"{statistics.mean(bad):.0f} +- {statistics.stdev(bad) / 200**0.5:.0f}")
        full = "0" if plan is straight else f"{_days_to_full(plan):.2f}"
        print(f"  {plan.name:<12}{cells[0]:>16}{cells[1]:>16}{full:>24}")


def _lives(plan: RolloutPlan, truth: float, *, runs: int, days: float = 60) -> list[Lived]:
    return [
        live(simulated_start(plan), World(agreement=((0, truth),), seed=seed), days=days)
        for seed in range(runs)
    ]


def _days_to_full(plan: RolloutPlan) -> float:
    found = []
    for lived in _lives(plan, 0.95, runs=40, days=20):
        at = [event.at for event in lived.events if "Moved to 100 %" in event.sentence]
        found += [(moment - lived.rollout.began) / timedelta(days=1) for moment in at]
    return statistics.mean(found)


def _errors() -> None:
    print(
        "  Error guard through the controller: 1 % -> 2 %, alpha .01, days until it is taken back"
    )
    print(f"    {'during the ramp':<34}{'10,000 sessions a day':>23}")
    for share in ("1/100", "5/100", "25/100"):
        plan = named_plan(share, pairs=10**9, holdout=0.0)
        days = _days_of_errors(plan, per_day=10_000, risen_on=0)
        print(f"    {f'at {100 * plan.stages[0].share:g} %':<34}{days:>23}")
    print(f"    {'once done':<34}{'10,000 sessions a day':>23}{'2,000 a day':>20}")
    for holdout in (0.02, 0.05, 0.0):
        plan = named_plan("default", holdout=holdout)
        cells = [_days_of_errors(plan, per_day=volume, risen_on=20) for volume in (10_000, 2_000)]
        print(f"    {f'with {100 * holdout:g} % held out':<34}{cells[0]:>23}{cells[1]:>20}")


def _days_of_errors(plan: RolloutPlan, *, per_day: int, risen_on: int, runs: int = 100) -> str:
    """Mean days from the rise to the rollback; each 20 days before it are quiet."""
    found = [
        live(
            simulated_start(plan, pairs_per_year=365 * per_day / 20),
            World(
                sessions_per_day=per_day,
                agreement=((0, 1.0),),
                candidate_errors=((0, 0.01), (risen_on, 0.02)),
                counts_errors=True,
                every=timedelta(hours=1),
                seed=seed,
            ),
            days=risen_on + 300,
        ).days
        - risen_on
        for seed in range(runs)
    ]
    return f"{statistics.mean(found):.1f} +- {statistics.stdev(found) / runs**0.5:.1f}"


def _quiet_years() -> None:
    years = 40
    for truth, note in ((0.97, "quiet"), (0.95, "at the limit itself")):
        alarms = sum(
            live(
                simulated_start(),
                World(agreement=((0, truth),), every=timedelta(hours=6), seed=seed),
                days=365,
            ).rollout.state
            is RolloutState.ROLLED_BACK
            for seed in range(years)
        )
        print(
            f"  {years} years through the controller at {truth} ({note}): {alarms} alarms; "
            f"promised on average at most {years / 5:.0f}"
        )


if __name__ == "__main__":
    main()
