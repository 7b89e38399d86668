"""Which measure applies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from suffice.decision import decide
from suffice.errors import BadMargin, BadOption
from suffice.records import Evidence, Limits, Measure

Build = Callable[..., Evidence]


def test_grades_make_it_a_question_of_quality_with_three_points(graded: Build) -> None:
    verdict = decide(graded(both=120), Limits())

    assert (verdict.measure, verdict.limit) == (Measure.QUALITY, -0.03)


def test_a_floor_asks_for_agreement_although_there_are_grades(graded: Build) -> None:
    verdict = decide(graded(both=60, agreement=[1.0] * 60), Limits(floor=0.95, target=0.98))

    assert (verdict.measure, verdict.limit) == (Measure.AGREEMENT, 0.95)


def test_two_runs_of_the_baseline_make_it_a_question_of_the_ceiling_with_five_points(
    two_runs: Build,
) -> None:
    verdict = decide(two_runs(*[(1, 1, 1)] * 50), Limits())

    assert (verdict.measure, verdict.limit) == (Measure.AGREEMENT_CEILING, -0.05)


def test_a_margin_moves_the_limit_of_quality_and_of_the_ceiling(
    graded: Build, two_runs: Build
) -> None:
    limits = Limits(margin=0.02)

    assert decide(graded(both=50), limits).limit == -0.02
    assert decide(two_runs(*[(1, 1, 1)] * 50), limits).limit == -0.02


def test_one_run_without_grades_is_agreement_with_ninety_percent(agreeing: Build) -> None:
    verdict = decide(agreeing(40, 0), Limits())

    assert (verdict.measure, verdict.limit) == (Measure.AGREEMENT, 0.90)
    assert verdict.noise_floor is None


def test_a_pilot_without_second_runs_of_the_cases_only_shows_the_noise_floor(
    agreeing: Build,
) -> None:
    verdict = decide(agreeing(40, 0, self_agreement=[1.0] * 59 + [0.0]), Limits())

    assert verdict.measure is Measure.AGREEMENT
    assert (verdict.noise_floor, verdict.noise_floor_pairs) == (59 / 60, 60)


def test_grades_for_a_part_of_the_cases_decide_on_that_part_and_say_so(graded: Build) -> None:
    verdict = decide(graded(both=80, cases=200, agreement=[1.0] * 200), Limits())

    assert (verdict.measure, verdict.pairs) == (Measure.QUALITY, 80)
    assert "Graded: 80 of 200 cases" in " ".join(verdict.notes)


def test_a_floor_that_two_runs_make_pointless_is_said_to_be_unused(two_runs: Build) -> None:
    verdict = decide(two_runs(*[(1, 1, 1)] * 50), Limits(floor=0.9))

    assert verdict.measure is Measure.AGREEMENT_CEILING
    assert "floor of 0.9 is not used" in " ".join(verdict.notes)


def test_a_margin_on_bare_agreement_is_a_usage_error(agreeing: Build) -> None:
    with pytest.raises(BadMargin, match="3 points") as caught:
        decide(agreeing(40, 0), Limits(margin=0.03))

    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "limits",
    [
        Limits(floor=1.2),
        Limits(floor=0.95),
        Limits(target=0.9),
        Limits(alpha=0),
        Limits(beta=0.7),
        Limits(margin=3),
    ],
)
def test_limits_that_no_rule_can_work_with_are_refused(limits: Limits, agreeing: Build) -> None:
    with pytest.raises(BadOption):
        decide(agreeing(40, 0), limits)
