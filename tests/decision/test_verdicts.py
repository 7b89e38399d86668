"""The word, the bounds and the counts of a verdict."""

from __future__ import annotations

from array import array
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suffice.comparison.tally import merged
from suffice.decision import decide
from suffice.records import Evidence, Limits, Measure, Verdict, Word

Build = Callable[..., Evidence]
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SCORES = st.lists(st.sampled_from([0.0, 1.0, 1.0, 1.0]), min_size=1, max_size=200)
GRADES = st.lists(st.floats(0, 1), min_size=1, max_size=60)
LIMITS = st.builds(
    Limits, sequential=st.booleans(), decisions=st.sampled_from([1, 5]), n_max=st.just(100)
)


def agrees_with_its_bounds(verdict: Verdict, *, keep_below: float) -> bool:
    """Whether a reader of the picture would say the same word."""
    assert verdict.lower is not None
    assert verdict.upper is not None
    if verdict.verdict is Word.SWITCH:
        return verdict.lower >= verdict.limit
    if verdict.reason == "worse":
        return verdict.upper < keep_below and verdict.lower < verdict.limit
    return verdict.lower < verdict.limit and verdict.upper >= keep_below


@QUICK
@given(SCORES | GRADES, LIMITS)
def test_the_word_on_agreement_never_contradicts_its_bounds(
    scores: list[float], limits: Limits
) -> None:
    evidence = Evidence(type="t", baseline="b", candidate="c", agreement=scores)

    assert agrees_with_its_bounds(decide(evidence, limits), keep_below=0.95)


@QUICK
@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.floats(0, 1)), min_size=1), LIMITS)
def test_the_word_on_quality_never_contradicts_its_bounds(
    grades: list[tuple[float, float]], limits: Limits
) -> None:
    baseline, candidate = ([*column] for column in zip(*grades, strict=True))
    evidence = Evidence(
        type="t",
        baseline="b",
        candidate="c",
        baseline_quality=baseline,
        candidate_quality=candidate,
    )

    verdict = decide(evidence, limits)

    if verdict.reason != "broken_reference":
        assert agrees_with_its_bounds(verdict, keep_below=-0.03)


@QUICK
@given(st.integers(0, 200), st.integers(0, 30), st.integers(0, 30), st.sampled_from([1, 12]))
def test_the_word_on_counted_quality_never_contradicts_its_bounds(
    graded: Build, both: int, lost: int, won: int, decisions: int
) -> None:
    verdict = decide(graded(both=both + 1, lost=lost, won=won), Limits(decisions=decisions))

    if verdict.reason != "broken_reference":
        assert agrees_with_its_bounds(verdict, keep_below=-0.03)


@QUICK
@given(SCORES | GRADES)
def test_the_order_of_recorded_pairs_changes_nothing_but_the_band(
    scores: list[float],
) -> None:
    one = Evidence(type="t", baseline="b", candidate="c", agreement=scores)
    other = msgspec.structs.replace(one, agreement=sorted(scores))

    said, again = (
        msgspec.structs.replace(decide(evidence, Limits()), band=()) for evidence in (one, other)
    )

    assert said.verdict == again.verdict
    assert (said.lower, said.upper) == pytest.approx((again.lower, again.upper), abs=1e-9)


@QUICK
@given(SCORES, st.integers(1, 5))
def test_the_evidence_of_shards_decides_as_the_whole_does(scores: list[float], shards: int) -> None:
    whole = Evidence(type="t", baseline="b", candidate="c", cases=len(scores), agreement=scores)
    parts = [
        msgspec.structs.replace(whole, cases=len(part), agreement=part)
        for part in (scores[i::shards] for i in range(shards))
    ]

    said, again = (
        msgspec.structs.replace(decide(each, Limits()), band=()) for each in (whole, merged(parts))
    )

    assert said == again


@pytest.mark.parametrize(("agreed", "disagreed"), [(46, 0), (65, 1), (82, 2), (96, 3)])
def test_one_more_agreement_than_this_is_a_switch(
    agreed: int, disagreed: int, agreeing: Build
) -> None:
    assert decide(agreeing(agreed, disagreed), Limits()).verdict is Word.NOT_YET
    assert decide(agreeing(agreed + 1, disagreed), Limits()).verdict is Word.SWITCH


def test_48_of_50_is_not_yet_with_the_published_bound_and_number(agreeing: Build) -> None:
    verdict = decide(agreeing(48, 2), Limits())

    assert (verdict.verdict, verdict.reason) == (Word.NOT_YET, "too_few")
    assert verdict.lower == pytest.approx(0.837, abs=0.0005)
    assert verdict.need_more == 80
    assert (verdict.lost, verdict.both, verdict.pairs) == (2, 48, 50)


def test_five_disagreements_in_nineteen_are_kept(agreeing: Build) -> None:
    verdict = decide(agreeing(14, 5), Limits())

    assert (verdict.verdict, verdict.reason, verdict.need_more) == (Word.KEEP, "worse", None)


def test_a_live_run_that_is_undecided_at_its_end_keeps(agreeing: Build) -> None:
    undecided = agreeing(556, 44)

    assert decide(undecided, Limits()).verdict is Word.NOT_YET
    live = decide(undecided, Limits(sequential=True))
    assert (live.verdict, live.reason) == (Word.KEEP, "not_proven")


def test_without_one_pair_it_is_not_yet_and_says_no_number() -> None:
    verdict = decide(Evidence(type="t", baseline="b", candidate="c", cases=3), Limits())

    assert (verdict.verdict, verdict.pairs) == (Word.NOT_YET, 0)
    assert (verdict.estimate, verdict.lower, verdict.need_more) == (None, None, None)


def test_quality_counts_lost_won_both_and_neither(graded: Build) -> None:
    verdict = decide(graded(lost=34, won=24, both=886, neither=30), Limits())

    assert (verdict.lost, verdict.won, verdict.both, verdict.neither) == (34, 24, 886, 30)
    assert verdict.verdict is Word.SWITCH
    assert verdict.p_value == pytest.approx(0.0086, abs=0.0001)


def test_live_quality_rests_on_bets_and_is_wider(graded: Build) -> None:
    evidence = graded(lost=3, won=3, both=394)

    recorded, live = (decide(evidence, Limits(sequential=each)) for each in (False, True))

    assert recorded.p_value is not None
    assert live.p_value is None
    assert live.e_value is not None
    assert (recorded.lower or 0) > (live.lower or 0)


def test_graded_quality_says_that_its_bounds_are_bets() -> None:
    evidence = Evidence(
        type="t",
        baseline="b",
        candidate="c",
        baseline_quality=[0.9, 0.8] * 150,
        candidate_quality=[0.9, 0.79] * 150,
    )

    verdict = decide(evidence, Limits())

    assert verdict.verdict is Word.SWITCH
    assert "betting" in " ".join(verdict.notes)


def test_the_ceiling_measures_agreement_beyond_the_baselines_own(two_runs: Build) -> None:
    triples = [(1, 1, 1)] * 80 + [(1, 0, 0)] * 10 + [(0, 0, 1)] * 10

    verdict = decide(two_runs(*triples), Limits())

    assert verdict.measure is Measure.AGREEMENT_CEILING
    assert verdict.noise_floor == pytest.approx(0.9)
    assert verdict.agreement == pytest.approx(0.85)
    assert verdict.estimate == pytest.approx(-0.05)
    assert (verdict.lost, verdict.won, verdict.both) == (10, 10, 80)


def test_the_band_ends_where_the_verdict_stands(agreeing: Build) -> None:
    verdict = decide(agreeing(291, 9), Limits())

    assert 30 <= len(verdict.band) <= 40
    last = verdict.band[-1]
    assert (last.pairs, last.lower, last.upper) == (300, verdict.lower, verdict.upper)


@pytest.mark.parametrize("sequential", [True, False])
def test_the_band_narrows_towards_the_limit(graded: Build, sequential: bool) -> None:
    verdict = decide(graded(both=300), Limits(sequential=sequential))

    widths = [point.upper - point.lower for point in verdict.band]

    assert all(point.lower <= point.estimate <= point.upper for point in verdict.band)
    assert widths == sorted(widths, reverse=True)


def test_columns_may_be_arrays_as_a_tally_keeps_them() -> None:
    evidence = Evidence(type="t", baseline="b", candidate="c", agreement=array("d", [1.0] * 47))

    assert decide(evidence, Limits()).verdict is Word.SWITCH


def test_a_verdict_goes_through_json_and_back(agreeing: Build) -> None:
    verdict = decide(agreeing(291, 9, failed={("small", "refusal"): 2}), Limits())

    assert msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict) == verdict
    assert verdict.failed == {"small:refusal": 2}


def test_hand_picked_cases_make_a_switch_provisional_and_leave_its_word(agreeing: Build) -> None:
    verdict = decide(agreeing(291, 9, provisional=("the cases were picked by hand",)), Limits())

    assert (verdict.verdict, verdict.provisional) == (Word.SWITCH, True)
    assert verdict.provisional_because == ("the cases were picked by hand",)
