"""What one probe says of a model, and what it leaves unsaid."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from suffice.monitor.probe import ALPHA_A_YEAR, FIRST, LATEST, Asked, looked_at, probe
from suffice.records.held_out import Arm
from suffice.statistics.spending import WEEKLY

Floats = NDArray[np.float64]
OPUS = Asked("triage", Arm.BASELINE, "claude-opus-5-5")


def answers(*told: int) -> Floats:
    """Likeness of a case's answers: 1 where they are the same."""
    said = np.array(told)
    return np.asarray(said[:, None] == said[None, :], dtype=np.float64)


def test_a_change_is_said_with_both_agreements_their_counts_and_the_limit() -> None:
    found = probe([answers(1, 1, 1)] * 80 + [answers(1, 1, 2)] * 20, OPUS)

    assert found.moved
    assert (found.agreement, found.before, found.cases) == (0.8, 1.0, 100)
    assert found.sentence.startswith(
        "claude-opus-5-5 has changed: its new answers agree 80.0 % with its own earlier ones on "
        "100 cases, those 100.0 % among themselves on 100; by chance "
    )
    assert found.sentence.endswith("<= 0.00096.")


def test_as_much_noise_before_as_now_is_no_change() -> None:
    """
    Ten cases in which an earlier answer is the odd one, and ten in which the newest is.
    """
    noisy = [answers(1, 2, 1)] * 5 + [answers(2, 1, 1)] * 5 + [answers(1, 1, 2)] * 5

    found = probe([*noisy, *[answers(1, 1, 1)] * 85], OPUS)

    assert not found.moved
    assert (found.p_value or 0) > 0.5


def test_agreeing_more_than_before_is_no_alarm() -> None:
    found = probe([answers(1, 2, 3, 1)] * 100, OPUS)

    assert not found.moved


def test_two_answers_to_a_case_tell_nothing_of_a_change() -> None:
    found = probe([answers(1, 2)] * 100, OPUS)

    assert (found.p_value, found.moved, found.before) == (None, False, None)
    assert "shows from the next time on" in found.sentence


def test_cases_that_cannot_tell_are_not_in_its_figures() -> None:
    found = probe([answers(1, 1, 1)] * 60 + [answers(1, 2)] * 200, OPUS)

    assert (found.cases, found.agreement) == (60, 1.0)


def test_a_case_without_an_earlier_answer_is_no_case() -> None:
    found = probe([answers(1)] * 9, OPUS)

    assert (found.cases, found.p_value) == (0, None)


def test_a_probe_soon_after_another_is_tested_at_less_and_still_sees_a_large_change() -> None:
    small = [answers(1, 1, 1)] * 88 + [answers(1, 1, 2)] * 12
    large = [answers(1, 1, 1)] * 60 + [answers(1, 1, 2)] * 40
    soon = OPUS._replace(share=WEEKLY.holds / 1000)

    assert probe(small, OPUS).level == ALPHA_A_YEAR / 52
    assert probe(small, soon).level == pytest.approx(ALPHA_A_YEAR / 52_000)
    assert (probe(small, OPUS).moved, probe(small, soon).moved) == (True, False)
    assert probe(large, soon).moved


def test_the_first_answers_are_never_let_go_of() -> None:
    """
    Else a model that drifts slowly would always be held against what it has just become.
    """
    assert looked_at(range(500))[:FIRST] == list(range(FIRST))
    assert looked_at(range(500))[FIRST:] == list(range(488, 500))
    assert looked_at(range(9)) == list(range(9))


def test_a_change_that_is_half_of_the_story_already_is_seen_by_the_latest_four() -> None:
    """
    Against all before, the newest of six answers, four of them changed, stands out in nothing.
    """
    moved = [answers(1, 1, 2, 2, 2, 2)] * 6

    found = probe([*moved, *[answers(1, 1, 1, 1, 1, 1)] * 94], OPUS)

    assert found.moved
    assert moved[0].shape[0] == 2 + LATEST
