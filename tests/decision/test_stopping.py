"""When a live run may stop."""

from __future__ import annotations

import timeit
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suffice.decision import decide, settled
from suffice.records import Evidence, Limits, Word

Build = Callable[..., Evidence]
LIVE = Limits(sequential=True)


def test_a_run_stops_at_the_first_pair_that_decides(agreeing: Build) -> None:
    assert settled(agreeing(46, 0), LIVE) is None
    assert settled(agreeing(47, 0), LIVE) is Word.SWITCH
    assert settled(agreeing(15, 5), LIVE) is None
    assert settled(agreeing(14, 5), LIVE) is Word.KEEP


def test_without_a_pair_nothing_is_settled() -> None:
    assert settled(Evidence(type="t", baseline="b", candidate="c"), LIVE) is None


def test_the_plans_number_of_decisions_delays_a_switch(agreeing: Build) -> None:
    limits = Limits(sequential=True, decisions=5)

    assert settled(agreeing(66, 0), limits) is None
    assert settled(agreeing(67, 0), limits) is Word.SWITCH


def test_the_cap_settles_what_nothing_else_does(agreeing: Build) -> None:
    assert settled(agreeing(555, 44), LIVE) is None
    assert settled(agreeing(556, 44), LIVE) is Word.KEEP


def test_a_switch_waits_for_its_classes(agreeing: Build) -> None:
    classes = {"common": (60, 60), "rare": (10, 10)}

    waiting = agreeing(70, 0, classes=classes)
    open_now = agreeing(70, 0, classes=classes, extra_classes={"rare": (10, 10)})

    assert settled(waiting, LIVE) is None
    assert settled(open_now, LIVE) is Word.SWITCH


def test_classes_that_extra_draws_cannot_settle_end_as_keep(agreeing: Build) -> None:
    limits = Limits(sequential=True, n_max=100)
    evidence = agreeing(
        90, 0, classes={"a": (80, 80), "b": (8, 10)}, extra_classes={"b": (80, 100)}
    )

    assert settled(evidence, limits) is Word.KEEP
    verdict = decide(evidence, limits)
    assert (verdict.verdict, verdict.reason) == (Word.KEEP, "not_proven")
    assert verdict.sentence.startswith("Keep: 1 of 2 classes are undecided (b: 88 of 110)")


def test_a_class_proven_bad_stops_the_run_at_once(agreeing: Build) -> None:
    evidence = agreeing(28, 2, classes={"a": (24, 24), "b": (0, 6)})

    assert settled(evidence, LIVE) is Word.KEEP
    assert decide(evidence, LIVE).reason == "class_gate"


def test_a_broken_reference_stops_the_run_without_a_decision(graded: Build) -> None:
    evidence = graded(neither=60)

    assert settled(evidence, LIVE) is Word.NOT_YET
    assert decide(evidence, LIVE).reason == "broken_reference"


def test_missing_answers_hold_a_switch_back_until_the_cap(agreeing: Build) -> None:
    missing = {("small", "transport"): 4}

    assert settled(agreeing(60, 0, missing=missing), LIVE) is None
    assert settled(agreeing(60, 0, missing=missing), Limits(sequential=True, n_max=60)) is (
        Word.NOT_YET
    )


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    agreed=st.integers(0, 120),
    disagreed=st.integers(0, 20),
    rare=st.integers(0, 25),
    missed=st.integers(0, 5),
    missing=st.integers(0, 6),
)
def test_the_run_stops_with_the_word_of_the_verdict(
    agreeing: Build, agreed: int, disagreed: int, rare: int, missed: int, missing: int
) -> None:
    evidence = agreeing(
        agreed + 1,
        disagreed,
        classes={"common": (60, 60), "rare": (rare, rare + missed)},
        missing={("small", "transport"): missing},
    )
    limits = Limits(sequential=True, n_max=100)

    word = settled(evidence, limits)

    assert word is None or word is decide(evidence, limits).verdict


def test_a_look_after_every_pair_costs_next_to_nothing(agreeing: Build) -> None:
    """The promise is 50 microseconds for the word from counts; a loaded machine gets ten times that."""
    evidence = agreeing(280, 10)

    seconds = min(timeit.repeat(lambda: settled(evidence, LIVE), number=100, repeat=5)) / 100

    assert seconds < 500e-6
