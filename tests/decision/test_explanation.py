"""The sentence for people."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.decision import decide, decide_all
from suffice.decision.explanation import round_up
from suffice.records import Evidence, Limits

Build = Callable[..., Evidence]


def test_a_switch_on_quality_says_the_worst_plausible_drop_the_limit_and_the_counts(
    graded: Build,
) -> None:
    verdict = decide(graded(lost=34, won=24, both=886, neither=30), Limits())

    assert verdict.sentence == (
        "Switch: the worst plausible drop, 2.4 points, is inside your 3-point limit"
        " (974 pairs: 34 lost, 24 won). The chance that this is wrong is at most 5%."
    )


def test_a_keep_on_quality_says_how_little_could_be_lost_at_best(graded: Build) -> None:
    verdict = decide(graded(lost=162, won=6, both=757, neither=49), Limits())

    assert verdict.sentence == (
        "Keep: even the least plausible drop, 14.1 points, is beyond your 3-point limit"
        " (974 pairs: 162 lost, 6 won)."
    )


def test_not_yet_says_what_cannot_be_ruled_out_and_how_many_more_would_do(
    agreeing: Build,
) -> None:
    verdict = decide(agreeing(48, 2), Limits())

    assert verdict.sentence == (
        "Not yet: 48 of 50 pairs agree, and an agreement of 83.7%, below your 90% limit, cannot"
        " be ruled out. About 80 more cases would probably settle it."
    )


def test_a_gain_is_not_called_a_drop(graded: Build) -> None:
    verdict = decide(graded(lost=8, won=34, both=350, neither=8), Limits())

    assert "even the worst plausible change is a gain of 4 points" in verdict.sentence


def test_against_the_ceiling_both_agreements_are_said(two_runs: Build) -> None:
    triples = [(1, 1, 1)] * 380 + [(1, 0, 0)] * 10 + [(0, 1, 0)] * 10

    sentence = decide(two_runs(*triples), Limits()).sentence

    assert "Agreement 97.5% over 400 pairs, baseline with itself 95% over 400." in sentence


def test_a_keep_on_agreement_names_what_it_should_reach(agreeing: Build) -> None:
    verdict = decide(agreeing(14, 5), Limits())

    assert verdict.sentence == (
        "Keep: even the best plausible agreement, 94.9%, is below the 95% it should reach"
        " (14 of 19 pairs agree)."
    )


def test_agreement_in_part_is_said_as_a_mean() -> None:
    evidence = Evidence(type="t", baseline="b", candidate="c", agreement=[0.9, 1.0] * 200)

    assert "(mean 95% over 400 pairs)" in decide(evidence, Limits()).sentence


def test_a_live_run_out_of_cases_says_that_nothing_is_proven(agreeing: Build) -> None:
    verdict = decide(agreeing(556, 44), Limits(sequential=True))

    assert verdict.sentence.startswith("Keep: after 600 pairs it is still not proven")


def test_a_saving_is_said_to_be_proven_and_not_yet_taken_with_its_count(agreeing: Build) -> None:
    evidence = agreeing(
        291, 9, baseline_usd=[0.004, 0.006] * 100, candidate_usd=[0.001, 0.002] * 100
    )

    sentence = decide(evidence, Limits()).sentence

    assert (
        "Proven saving, not yet taken: $3.50 per 1,000 requests (70%), measured on 200 pairs."
        in sentence
    )


def test_a_candidate_that_costs_more_is_said_to_save_nothing(agreeing: Build) -> None:
    evidence = agreeing(
        291, 9, baseline_usd=[0.001, 0.002] * 100, candidate_usd=[0.003, 0.002] * 100
    )

    assert "It costs more: $1.00 per 1,000 requests" in decide(evidence, Limits()).sentence


def test_twelve_decisions_are_sure_all_together(agreeing: Build) -> None:
    verdict = decide(agreeing(291, 9), Limits(decisions=12))

    assert verdict.sentence.endswith("at most 5% over all 12 decisions.")


def test_provisional_says_why_and_what_follows(agreeing: Build) -> None:
    verdict = decide(agreeing(291, 9, provisional=("hand-picked cases",)), Limits())

    assert verdict.sentence.endswith("Provisional (hand-picked cases): it cannot ramp by itself.")


@settings(max_examples=60, deadline=None)
@given(
    counts=st.tuples(*[st.integers(0, 120)] * 4).filter(any),
    limits=st.builds(Limits, sequential=st.booleans(), decisions=st.sampled_from([1, 30])),
)
def test_every_sentence_begins_with_the_word_and_is_whole(
    counts: tuple[int, int, int, int], limits: Limits
) -> None:
    lost, won, both, neither = counts
    evidence = Evidence(
        type="t",
        baseline="b",
        candidate="c",
        baseline_quality=[1.0] * lost + [0.0] * won + [1.0] * both + [0.0] * neither,
        candidate_quality=[0.0] * lost + [1.0] * won + [1.0] * both + [0.0] * neither,
    )

    (verdict,) = decide_all([evidence], limits)

    word = {"switch": "Switch: ", "keep": "Keep: ", "not_yet": "Not yet: "}[verdict.verdict]
    assert verdict.sentence.startswith(word)
    assert verdict.sentence.endswith(".")
    assert not re.search(r"nan|inf|None|  |--|-0 ", verdict.sentence)


@pytest.mark.parametrize(("more", "said"), [(1, 1), (99, 99), (101, 110), (999, 1000)])
def test_a_forecast_claims_no_more_than_two_figures(more: int, said: int) -> None:
    assert round_up(more) == said
