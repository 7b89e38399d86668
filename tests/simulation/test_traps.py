"""The usual ways to be wrong, computed, beside what the product does in their place."""

from __future__ import annotations

import math

import pytest
from scipy.stats import binom, binomtest

from suffice.decision import decide
from suffice.records import Evidence, Limits, Word
from suffice.statistics.certificate import usual_rule
from suffice.statistics.proportions import clopper_pearson_lower, wilson_interval
from suffice.statistics.walk import Rule, course


def chance_of_ever(limit: float, looks: int) -> float:
    """How often a Clopper-Pearson bound ever passes a limit that is the truth, exactly."""
    open_now, ever = {0: 1.0}, 0.0
    for n in range(1, looks + 1):
        moved: dict[int, float] = {}
        for failed, mass in open_now.items():
            moved[failed] = moved.get(failed, 0.0) + mass * limit
            moved[failed + 1] = moved.get(failed + 1, 0.0) + mass * (1 - limit)
        passed = {
            failed
            for failed in moved
            if failed < 0.1 * n and clopper_pearson_lower(n - failed, n) >= limit
        }
        ever += sum(moved[failed] for failed in passed)
        open_now = {failed: mass for failed, mass in moved.items() if failed not in passed}
    return ever


def test_peeking_at_a_fixed_bound_triples_its_error_and_peeking_at_ours_does_not() -> None:
    assert chance_of_ever(0.90, 200) == pytest.approx(0.165, abs=0.0005)
    assert course(Rule(), 0.90, cap=200).switch <= 0.05


def test_fifty_cases_accept_a_90_percent_model_in_one_of_nine_types() -> None:
    assert usual_rule(0.90) == pytest.approx(0.112, abs=0.0005)
    assert clopper_pearson_lower(50, 50) < 0.95


def test_a_wald_interval_near_one_covers_22_percent_and_wilsons_covers() -> None:
    """At a true rate of .995 and n = 50, all 50 pass in 78 %, and Wald then says exactly 1."""
    truth, cases = 0.995, 50
    wald = wilson = 0.0
    for passed in range(cases + 1):
        chance = float(binom.pmf(passed, cases, truth))
        share = passed / cases
        reach = 1.96 * math.sqrt(share * (1 - share) / cases)
        wald += chance * (share - reach <= truth <= share + reach)
        low, high = wilson_interval(passed, cases)
        wilson += chance * (low <= truth <= high)

    assert wald == pytest.approx(0.22, abs=0.005)
    assert wilson > 0.95


def test_no_significant_difference_is_no_proof_of_equality() -> None:
    """A model 5 points worse (5 lost, none won of 100) passes "McNemar p > .05" in 96 % at n = 50."""
    accepted = 0.0
    for lost in range(51):
        p_value = binomtest(0, lost).pvalue if lost else 1.0
        accepted += float(binom.pmf(lost, 50, 0.05)) * (p_value > 0.05)

    assert accepted == pytest.approx(0.962, abs=0.0005)


def test_five_points_worse_is_not_switched_for_want_of_proof() -> None:
    fifty = Evidence(
        type="t",
        baseline="b",
        candidate="c",
        baseline_quality=[1.0] * 4 + [0.0] + [1.0] * 45,
        candidate_quality=[0.0] * 4 + [1.0] + [1.0] * 45,
    )

    assert decide(fifty, Limits()).verdict is Word.NOT_YET


def test_a_constant_answer_reads_well_on_every_chance_free_coefficient_and_is_kept() -> None:
    """96 of 100 requests are of one label, and the candidate always says that label."""
    observed, expected = 0.96, 0.96 * 1 + 0.04 * 0
    kappa = (observed - expected) / (1 - expected)
    pabak = 2 * observed - 1
    evidence = Evidence(
        type="t",
        baseline="b",
        candidate="c",
        agreement=[1.0] * 576 + [0.0] * 24,
        classes={"usual": (576, 576), "rare": (0, 24)},
    )

    verdict = decide(evidence, Limits())

    assert (kappa, pabak) == pytest.approx((0.0, 0.92))
    assert usual_rule(observed) == pytest.approx(0.68, abs=0.005)
    assert (verdict.verdict, verdict.reason) == (Word.KEEP, "class_gate")
