"""Many simulated rollouts at once: what the controller's rule makes of each."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import numpy as np

from suffice.monitor.watching import LEANING_LIMIT
from suffice.records import RolloutPlan
from suffice.statistics.detection import Flags, Floats, Stream, is_alarm
from suffice.statistics.detector import WEIGHTS, after_pairs, stakes, watchable

FALLS = (0.05, 0.07, 0.17)
"""The falls a plan tells of, in agreement."""

DAYS_A_YEAR = 365
HORIZON = 4_000
"""Pairs after which a simulated run ends undecided."""

_RUNS = 600


class Supposed(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is supposed of a type before its rollout.

    Attributes:
        volume_per_day: Its sessions a day.
        agreement: How often the models agree.
        p_ok: Agreement held to be fine.
        falls: Points of agreement, as shares.
        years_between: As in `Detection`.
        usd_per_pair: Price of one shadow call and its scoring; None where it is not known.
    """

    volume_per_day: float
    agreement: float = 0.97
    p_ok: float = 0.95
    falls: tuple[float, ...] = FALLS
    years_between: float = 5.0
    usd_per_pair: Decimal | None = None


class Ended(msgspec.Struct, frozen=True):
    """
    What became of many simulated rollouts at one agreement.

    Attributes:
        bad_answers: Mean answers served that disagree, until the rollback or the end of the ramp.
        rolled_back: Share rolled back before they were done.
        days_to_done: Mean days of those that were done; infinite where none was.
    """

    bad_answers: float
    rolled_back: float
    days_to_done: float


class Course:
    """The ramp's rule on many streams at once: what `suffice.monitor.step` does to each."""

    def __init__(self, plan: RolloutPlan, supposed: Supposed, rates: Sequence[float]) -> None:
        """Take the plan, what is supposed, and the pairs a day of each stage."""
        self.plan, self.supposed, self.rates = plan, supposed, tuple(rates)
        self.p_ok = watchable(supposed.p_ok)
        self.stream = Stream(self.p_ok, supposed.years_between * self.rates[-1] * DAYS_A_YEAR)
        self._stakes = np.array(stakes(self.p_ok))[:, None]

    def run(self, agreement: float, *, seed: int) -> Ended:
        """All streams from the first stage on, until each is rolled back or done."""
        dice = np.random.default_rng(seed)
        stages = self.plan.stages
        kept = 1 - self.plan.holdout
        needed = np.array([stage.pairs for stage in stages])
        least = np.array([stage.least_days for stage in stages])
        each_day = 1 / np.array(self.rates)
        served = self.supposed.volume_per_day * np.array(
            [min(stage.share, kept) for stage in stages]
        )
        bad, days, back = (np.zeros(_RUNS) for _ in range(3))
        at, levels = np.zeros(_RUNS, dtype=np.intp), np.zeros((3, _RUNS))
        leaning, in_stage, in_days = np.zeros((3, _RUNS)), np.zeros(_RUNS), days.copy()
        running: Flags = np.ones(_RUNS, dtype=np.bool_)
        for _ in range(HORIZON):
            scores = (dice.random(_RUNS) < agreement).astype(np.float64)
            levels = after_pairs(levels, scores, p_ok=self.p_ok)
            leaning += np.log1p(-self._stakes * (scores - self.p_ok))
            took = each_day[at] * running
            bad += (1 - agreement) * took * served[at]
            days += took
            in_days += took
            in_stage += 1
            fallen = running & is_alarm(levels, limit=self.stream.limit)
            back += fallen
            running &= ~fallen
            on = running & (in_stage >= needed[at]) & (in_days >= least[at])
            on &= self._leaning(leaning) < LEANING_LIMIT
            at = at + on
            running &= at < len(stages)
            at = np.minimum(at, len(stages) - 1)
            in_stage[on], in_days[on] = 0, 0
            leaning[:, on] = 0
            if not running.any():
                break
        done = ~running & (back == 0)
        return Ended(
            bad_answers=float(bad.mean()),
            rolled_back=float(back.mean()),
            days_to_done=float(days[done].mean()) if done.any() else float("inf"),
        )

    @staticmethod
    def _leaning(leaning: Floats) -> Floats:
        weights = np.array(WEIGHTS)[:, None]
        return np.asarray((weights * np.exp(np.minimum(leaning, 700))).sum(axis=0))
