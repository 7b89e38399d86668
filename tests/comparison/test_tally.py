"""Pairs into evidence: nothing counted twice, nothing lost, order of no account."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.comparison import Arms, Tally, merged
from suffice.records import Evidence, Failure, FailureKind, Pair

ARMS = Arms(baseline="big", candidate="small", second="big@B")
GRADES = st.none() | st.sampled_from([0.0, 0.5, 1.0])
FAILURES = st.none() | st.builds(Failure, st.sampled_from(FailureKind))
PAIRS = st.builds(
    Pair,
    case_id=st.just("a"),
    agreement=GRADES,
    second_agreement=GRADES,
    self_agreement=GRADES,
    baseline_quality=GRADES,
    candidate_quality=GRADES,
    label=st.none() | st.sampled_from(["x", "y"]),
    label_hit=st.booleans(),
    candidate_failure=FAILURES,
    baseline_usd=st.none() | st.just(0.25),
    candidate_usd=st.none() | st.just(0.125),
)


def tallied(pairs: Sequence[Pair | None]) -> Evidence:
    tally = Tally("t", ARMS)
    for pair in pairs:
        tally.add(pair)
    return tally.evidence()


def as_counts(evidence: Evidence) -> tuple[object, ...]:
    quality = sorted(zip(evidence.baseline_quality, evidence.candidate_quality, strict=True))
    triples = sorted(
        zip(
            evidence.first_agreement,
            evidence.second_agreement,
            evidence.self_agreement,
            strict=True,
        )
    )
    return (
        evidence.cases,
        evidence.unrecorded,
        quality,
        triples,
        sorted(evidence.agreement),
        evidence.classes,
        evidence.failed,
        evidence.missing,
        list(evidence.baseline_usd),
    )


@given(st.lists(st.none() | PAIRS, max_size=12), st.randoms())
def test_the_order_of_the_pairs_changes_no_count(pairs: list[Pair | None], dice: object) -> None:
    shuffled = list(pairs)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]

    assert as_counts(tallied(shuffled)) == as_counts(tallied(pairs))


@given(st.lists(st.none() | PAIRS, max_size=12), st.lists(st.none() | PAIRS, max_size=12))
def test_evidence_of_two_shards_adds_to_the_evidence_of_all(
    one: list[Pair | None], other: list[Pair | None]
) -> None:
    assert as_counts(merged([tallied(one), tallied(other)])) == as_counts(tallied(one + other))


def test_evidence_of_different_types_does_not_add() -> None:
    with pytest.raises(ValueError, match="one type"):
        merged(
            [
                Evidence(type="a", baseline="x", candidate="y"),
                Evidence(type="b", baseline="x", candidate="y"),
            ]
        )


def test_a_missing_answer_is_counted_by_kind_and_arm_and_scores_nothing() -> None:
    lost = Pair(case_id="a", candidate_failure=Failure(FailureKind.TRANSPORT, "529"))

    evidence = tallied([lost])

    assert evidence.missing == {("small", "transport"): 1}
    assert not evidence.failed
    assert not evidence.agreement


def test_a_case_that_both_arms_lack_is_missing_once() -> None:
    gone = Failure(FailureKind.TRANSPORT, "529")

    evidence = tallied([Pair(case_id="a", baseline_failure=gone, candidate_failure=gone)])

    assert evidence.missing_pairs == 1
    assert sum(evidence.missing.values()) == 2


def test_a_refusal_is_a_failed_answer_and_stands_in_the_scores() -> None:
    refused = Pair(
        case_id="a",
        agreement=0.0,
        candidate_failure=Failure(FailureKind.REFUSAL, "stop_reason refusal"),
    )

    evidence = tallied([refused])

    assert evidence.failed == {("small", "refusal"): 1}
    assert list(evidence.agreement) == [0.0]
