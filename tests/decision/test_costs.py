"""Measured dollars and seconds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from suffice.decision import decide
from suffice.records import Evidence, Limits

Build = Callable[..., Evidence]


def test_the_saving_is_the_mean_of_paired_differences(agreeing: Build) -> None:
    evidence = agreeing(
        50, 0, baseline_usd=[0.010, 0.020, 0.030], candidate_usd=[0.001, 0.002, 0.006]
    )

    cost = decide(evidence, Limits()).cost

    assert cost is not None
    assert cost.pairs == 3
    assert (cost.baseline_usd, cost.candidate_usd) == pytest.approx((0.020, 0.003))
    assert cost.saving_usd.estimate == pytest.approx(0.017)
    assert cost.saving_share == pytest.approx(0.85)
    assert cost.saving_usd.lower < 0.017 < cost.saving_usd.upper


def test_dollars_nobody_knows_are_none_with_a_note_and_never_zero(agreeing: Build) -> None:
    verdict = decide(agreeing(50, 0, cost_note="no usage was recorded"), Limits())

    assert verdict.cost is None
    assert verdict.cost_note == "no usage was recorded"
    assert "$" not in verdict.sentence


def test_latency_is_measured_beside_the_dollars(agreeing: Build) -> None:
    evidence = agreeing(
        50,
        0,
        baseline_usd=[0.01] * 50,
        candidate_usd=[0.002] * 50,
        baseline_latency_s=[2.0, 3.0] * 25,
        candidate_latency_s=[1.0, 1.0] * 25,
    )

    cost = decide(evidence, Limits()).cost

    assert cost is not None
    assert cost.latency_s is not None
    assert cost.latency_s.estimate == pytest.approx(-1.5)


def test_a_free_baseline_has_no_saving_in_percent(agreeing: Build) -> None:
    evidence = agreeing(50, 0, baseline_usd=[0.0] * 5, candidate_usd=[0.0] * 5)

    cost = decide(evidence, Limits()).cost

    assert cost is not None
    assert cost.saving_share is None


def test_the_same_answers_give_the_same_interval(agreeing: Build) -> None:
    evidence = agreeing(
        50, 0, baseline_usd=[0.01, 0.05, 0.02] * 20, candidate_usd=[0.002, 0.001, 0.002] * 20
    )

    assert decide(evidence, Limits()).cost == decide(evidence, Limits()).cost
