"""A year of weekly probes: how often a model that did not change is called changed, and if it did."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from suffice.decision import decide
from suffice.monitor.probe import ALPHA_A_YEAR, Asked, looked_at, probe
from suffice.records import Evidence, Limits, Word
from suffice.records.held_out import Arm
from suffice.statistics.spending import WEEKLY

Answers = NDArray[np.int64]
WEEKS = 52
DRIFTS_FOR = 20
"""Weeks of a drift by a point each: from 95 to 75 %."""

A_WEEK = WEEKLY.refill * 7 / 365
"""The share of a probe a week after the last."""


class Model:
    """
    Answers requests, each with its usual answer or, of some requests, with another one.

    Args:
        cases: Requests.
        noisy: Share of the requests whose usual answer comes in 79 % only: two answers to such a
            request agree in 67 %, so that over all requests it agrees with itself in 95 %.
    """

    def __init__(self, cases: int, dice: np.random.Generator, *, noisy: float = 0.15) -> None:
        self._dice = dice
        self._sure = np.where(np.arange(cases) < round(noisy * cases), 0.79, 1.0)
        self._usual = np.zeros(cases, dtype=np.int64)
        self._turns = dice.random(cases)

    def change(self, share: float) -> None:
        """Another usual answer to so many of the requests."""
        self._usual[self._dice.random(len(self._usual)) < share] = 2

    def drift(self, share: float) -> None:
        """Another usual answer to so many of all requests: to those before, and to some more."""
        self._usual[self._turns < share] = 2

    def answers(self) -> Answers:
        """One to each request."""
        usual = self._dice.random(len(self._sure)) < self._sure
        return np.where(usual, self._usual, self._usual + 1)


def weeks(model: Model, *, until: int, changes: tuple[int, float] = (0, 0.0)) -> Iterator[bool]:
    """Whether each week's probe says that the model has changed; two answers came before."""
    given = [model.answers(), model.answers()]
    for week in range(1, until + 1):
        if week == changes[0]:
            model.change(changes[1])
        given.append(model.answers())
        told = np.array(looked_at(given)).T
        likeness = [(one[:, None] == one[None, :]).astype(np.float64) for one in told]
        share = WEEKLY.holds if week == 1 else A_WEEK
        yield probe(likeness, Asked("t", Arm.BASELINE, "m", share)).moved


def years_with_an_alarm(years: int, *, cases: int, noisy: float, seed: int) -> int:
    dice = np.random.default_rng(seed)
    return sum(any(weeks(Model(cases, dice, noisy=noisy), until=WEEKS)) for _ in range(years))


def found_after(
    *, cases: int, share: float, week: int, runs: int, seed: int
) -> NDArray[np.float64]:
    """Probes from the change on until it is said; infinite where it is not within twelve."""
    dice = np.random.default_rng(seed)
    found = []
    for _ in range(runs):
        told = list(weeks(Model(cases, dice), until=week + 11, changes=(week, share)))
        after = [place for place, moved in enumerate(told[week - 1 :], start=1) if moved]
        found.append(float(after[0]) if after else np.inf)
    return np.array(found)


def probes_of_a_drift(*, cases: int, runs: int, seed: int, calm: int = 0) -> NDArray[np.float64]:
    """
    Weeks until a model is called changed that answers 1 % of its requests anew each week.

    Args:
        cases: Requests.
        runs: So many models.
        seed: Of their noise.
        calm: Weeks in which it was asked before it began to drift.
    """
    dice, found = np.random.default_rng(seed), []
    for _ in range(runs):
        model = Model(cases, dice)
        given, seen = [model.answers() for _ in range(2 + calm)], np.inf
        for week in range(1, DRIFTS_FOR + 1):
            model.drift(week / 100)
            given.append(model.answers())
            told = np.array(looked_at(given)).T
            likeness = [(one[:, None] == one[None, :]).astype(np.float64) for one in told]
            if probe(likeness, Asked("t", Arm.BASELINE, "m", A_WEEK)).moved:
                seen = week
                break
        found.append(seen)
    return np.array(found)


def re_checks_of_a_drift(
    *, cases: int, runs: int, seed: int, every_days: int = 7
) -> NDArray[np.float64]:
    """Weeks until held-out cases say Keep of a candidate that agrees in 95 %, then 1 % less each."""
    dice, found = np.random.default_rng(seed), []
    limits = Limits(beta=Limits().beta * WEEKLY.refill * every_days / 365)

    @cache  # the word on agreement depends on the counts alone
    def says_keep(agreed: int) -> bool:
        scores = [1.0] * agreed + [0.0] * (cases - agreed)
        evidence = Evidence(type="t", baseline="b", candidate="c", agreement=scores)
        return decide(evidence, limits).verdict is Word.KEEP

    for _ in range(runs):
        candidate, seen = Model(cases, dice, noisy=0.0), np.inf
        for look in range(1, DRIFTS_FOR * 7 // every_days + 1):
            weeks_gone = look * every_days / 7
            candidate.drift(0.05 + weeks_gone / 100)
            if says_keep(int((candidate.answers() == 0).sum())):
                seen = weeks_gone
                break
        found.append(seen)
    return np.array(found)


@pytest.mark.parametrize("calm", [0, 26])
def test_a_model_that_drifts_slowly_is_found_though_no_week_differs_much_from_the_last(
    calm: int,
) -> None:
    """
    Its first answers are what the latest are held against, however many came in between.
    """
    found = probes_of_a_drift(cases=100, runs=8, seed=31, calm=calm)

    assert np.all(found <= DRIFTS_FOR), found


def test_a_candidate_that_drifts_slowly_is_taken_back_before_it_has_lost_much() -> None:
    found = re_checks_of_a_drift(cases=200, runs=20, seed=32)

    assert np.all(found <= 12), found
    assert np.median(found) >= 3  # not before it has lost anything


@pytest.mark.large
def test_when_a_drift_of_a_point_a_week_is_found() -> None:
    """
    The table of docs/monitor.md.
    """
    quantiles = (0.05, 0.5, 0.95, 1.0)
    for cases in (50, 100, 200):
        for name, found in (
            ("probe", probes_of_a_drift(cases=cases, runs=200, seed=33)),
            ("probe, half a year calm", probes_of_a_drift(cases=cases, runs=200, seed=36, calm=26)),
            ("re-check, weekly", re_checks_of_a_drift(cases=cases, runs=1000, seed=34)),
            ("re-check, daily", re_checks_of_a_drift(cases=cases, runs=200, seed=35, every_days=1)),
        ):
            row = [f"{np.quantile(found, at, method='higher'):.1f}" for at in quantiles]
            in_all = f"{np.mean(found <= DRIFTS_FOR):.1%} in {DRIFTS_FOR} weeks"
            print(f"{cases} cases, {name}: by week", *row, in_all)  # noqa: T201
    assert np.median(found) <= 12


@pytest.mark.parametrize("noisy", [0.15, 0.6])
def test_a_model_that_does_not_change_is_called_changed_in_few_years(noisy: float) -> None:
    """
    However often it disagrees with itself.
    """
    years = 20

    alarms = years_with_an_alarm(years, cases=40, noisy=noisy, seed=52)

    assert stats.binom.sf(alarms - 1, years, ALPHA_A_YEAR) > 1e-3, alarms


def test_a_fall_of_its_agreement_with_itself_is_found_within_a_month() -> None:
    """
    From 95 to 85 % on a hundred cases: also where it comes before the first probe.
    """
    found = found_after(cases=100, share=0.105, week=1, runs=30, seed=7)

    assert np.mean(found <= 4) >= 0.9, found


def test_what_has_been_asked_for_longer_finds_a_change_sooner() -> None:
    at_once = found_after(cases=100, share=0.105, week=10, runs=20, seed=8)

    assert np.mean(at_once <= 1) >= 0.8, at_once


@pytest.mark.large
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize("noisy", [0.0, 0.15, 0.6])
@pytest.mark.parametrize("cases", [40, 200])
def test_over_many_years_alarms_stay_within_the_stated_bound(
    noisy: float, cases: int, seed: int
) -> None:
    """
    In slices, so that each takes less than a minute.
    """
    years = 150

    alarms = years_with_an_alarm(years, cases=cases, noisy=noisy, seed=seed)

    print(f"{cases} cases, {noisy:.0%} noisy: alarms in {alarms} of {years} years")  # noqa: T201
    assert stats.binom.sf(alarms - 1, years, ALPHA_A_YEAR) > 1e-3, alarms


@pytest.mark.large
def test_how_many_probes_a_change_takes() -> None:
    """
    The table of docs/monitor.md.
    """
    for cases in (50, 100, 200):
        for share, fall in ((0.105, "85"), (0.055, "90")):
            for week in (1, 10):
                found = found_after(cases=cases, share=share, week=week, runs=200, seed=9)
                row = [f"{np.mean(found <= probes):.2f}" for probes in (1, 2, 3, 4, 8, 12)]
                print(f"{cases} cases, .95 -> .{fall}, week {week}:", *row)  # noqa: T201
    assert np.mean(found <= 4) > 0.9
