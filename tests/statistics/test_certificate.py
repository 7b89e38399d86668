"""The rule beside the usual one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from suffice.statistics.betting import DIFFERENCE_BETS
from suffice.statistics.certificate import (
    agreement_row,
    agreement_row_once,
    quality_row_once,
    simulated_row,
    usual_rule,
)
from suffice.statistics.walk import Rule


@pytest.mark.parametrize(
    ("truth", "accepts", "one_of_five"),
    [(0.85, 0.014, 0.069), (0.90, 0.112, 0.447), (0.92, 0.226, 0.722), (0.95, 0.541, 0.980)],
)
def test_the_usual_rule_is_as_wrong_as_published(
    truth: float, accepts: float, one_of_five: float
) -> None:
    row = agreement_row(Rule(alpha=0.01), truth, decisions=5, cap=600)

    assert round(row.usual, 3) == accepts == round(usual_rule(truth), 3)
    assert row.usual_any == pytest.approx(one_of_five, abs=0.0006)


def test_five_types_on_the_floor_rarely_see_a_wrong_switch() -> None:
    row = agreement_row(Rule(alpha=0.01), 0.90, decisions=5, cap=600)

    assert row.switch_any <= 0.05
    assert row.usual_any > 0.44


def test_one_look_at_300_pairs_is_a_binomial_tail() -> None:
    row = agreement_row_once(Rule(), 0.95, decisions=1, pairs=300)

    most = max(f for f in range(40) if Rule().switches(300 - f, f))
    fewest = min(f for f in range(10, 60) if Rule().keeps(300 - f, f))
    assert row.course.switch == pytest.approx(binom.cdf(most, 300, 0.05))
    assert row.course.keep == pytest.approx(binom.sf(fewest - 1, 300, 0.05))


def test_a_clone_switches_more_often_than_a_model_on_the_limit() -> None:
    worse, same = (
        quality_row_once(
            truth, margin=0.03, alpha=0.05, decisions=1, pairs=600, discordant=0.06
        ).course
        for truth in (-0.03, 0.0)
    )

    assert worse.switch <= 0.0541
    assert worse.keep <= 0.06
    assert same.switch > 0.8
    assert same.keep < 1e-4


def test_a_simulated_rule_that_looks_once_stops_no_sooner() -> None:
    draws = np.random.default_rng(1).choice(3, size=(200, 300), p=[0.02, 0.96, 0.02])
    scores = np.array([0.0, 0.5, 1.0])
    sides = (
        (scores, 0.485, DIFFERENCE_BETS, 0.05),
        (1 - scores, 0.515, DIFFERENCE_BETS, 0.05),
    )

    often, once = (
        simulated_row(draws, 0.0, sides=sides, once=only_once, decisions=1, usual=0.5).course
        for only_once in (False, True)
    )

    assert once.expected_pairs == 300 > often.expected_pairs
    assert once.switch <= often.switch
