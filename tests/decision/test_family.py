"""Several decisions under one promise."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.decision import decide, decide_all
from suffice.errors import BadMargin
from suffice.records import Evidence, Limits, Word

Build = Callable[..., Evidence]


def test_five_types_share_alpha_as_five_single_decisions_of_a_plan_do(agreeing: Build) -> None:
    types = [agreeing(60, 0), agreeing(67, 0), agreeing(88, 1), agreeing(89, 1), agreeing(10, 9)]

    verdicts = decide_all(types, Limits())

    assert [verdict.verdict.value for verdict in verdicts] == [
        "not_yet",
        "switch",
        "not_yet",
        "switch",
        "keep",
    ]
    assert verdicts == tuple(decide(each, Limits(decisions=5)) for each in types)


def test_a_plan_of_twelve_counts_twelve_though_one_is_shown(agreeing: Build) -> None:
    (verdict,) = decide_all([agreeing(60, 0)], Limits(decisions=12))

    assert (verdict.decisions, verdict.verdict) == (12, Word.NOT_YET)


def test_up_to_twenty_the_promise_is_family_wise_and_beyond_it_is_the_discovery_rate(
    agreeing: Build,
) -> None:
    twenty, more = (decide_all([agreeing(200, 0)] * n, Limits()) for n in (20, 21))

    assert {verdict.promise for verdict in twenty} == {"fwer"}
    assert {verdict.promise for verdict in more} == {"fdr"}
    assert "at most 5% are expected to be wrong" in more[0].sentence


def test_beyond_twenty_many_good_types_carry_one_another(agreeing: Build) -> None:
    """60 clean pairs prove little for one of 21, and enough where all 21 have them."""
    alone = decide_all([agreeing(60, 0), *[agreeing(5, 5)] * 20], Limits())
    together = decide_all([agreeing(60, 0)] * 21, Limits())

    assert alone[0].verdict is Word.NOT_YET
    assert {verdict.verdict for verdict in together} == {Word.SWITCH}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(20, 300), st.integers(0, 12)), min_size=21, max_size=30))
def test_the_words_of_many_decisions_agree_with_their_bounds(
    counts: list[tuple[int, int]],
) -> None:
    types = [
        Evidence(type="t", baseline="b", candidate="c", agreement=[1.0] * a + [0.0] * d)
        for a, d in counts
    ]

    for verdict in decide_all(types, Limits()):
        assert verdict.lower is not None
        assert (verdict.verdict is Word.SWITCH) == (verdict.lower >= verdict.limit)


def test_live_evidence_together_adds_a_switch_and_takes_none_away(agreeing: Build) -> None:
    """Four strong types and one that reaches 1/alpha, but not 5/alpha, on its own."""
    types = [agreeing(300, 0)] * 4 + [agreeing(50, 0)]

    verdicts = decide_all(types, Limits(sequential=True))

    assert [verdict.verdict for verdict in verdicts] == [Word.SWITCH] * 5
    assert [verdict.promise for verdict in verdicts] == ["fwer"] * 4 + ["fdr"]
    assert (verdicts[4].lower or 0) >= 0.90


def test_evidence_together_does_not_overturn_a_live_keep_or_a_gate(agreeing: Build) -> None:
    gated = agreeing(50, 0, classes={"a": (40, 40), "b": (10, 10)})

    verdicts = decide_all(
        [agreeing(300, 0), agreeing(300, 0), gated, agreeing(10, 9)], Limits(sequential=True)
    )

    assert [verdict.verdict for verdict in verdicts[2:]] == [Word.NOT_YET, Word.KEEP]


def test_no_evidence_is_no_verdict() -> None:
    assert decide_all([], Limits()) == ()


def test_a_margin_that_one_type_cannot_have_is_a_usage_error(
    graded: Build, agreeing: Build
) -> None:
    with pytest.raises(BadMargin):
        decide_all([graded(both=100), agreeing(100, 0)], Limits(margin=0.05))
