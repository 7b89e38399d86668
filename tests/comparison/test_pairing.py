"""One case, two arms: what counts as a score, a failure, or nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from suffice.comparison import Arms, Grading, Showcase, outcome_of, pair_up
from suffice.records import (
    Answer,
    Case,
    Failure,
    FailureKind,
    Pair,
    Reference,
    Score,
    Usage,
)

ARMS = Arms(baseline="big", candidate="small")


class Same:
    """Scores 1 where the texts are the same."""

    name = "same"

    def score(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:
        wanted = target.text if isinstance(target, Answer) else target.value
        return Score(value=float(answer.text == wanted), label=answer.text, target_label=wanted)


def grading(*, by_reference: bool = True) -> Grading:
    return Grading(
        scorer=Same(),
        by_reference=by_reference,
        price=lambda arm, usage: Decimal(usage.input_tokens) if arm == "big" else None,
    )


def case(**fields: Any) -> Case:
    return Case(id="a", type="t", **fields)


def paired(one: Case, arms: Arms = ARMS, how: Grading | None = None) -> Pair:
    pair = pair_up(one, arms, how or grading())
    assert pair is not None
    return pair


def test_answers_with_a_reference_give_quality_and_agreement() -> None:
    pair = paired(case(answers={"big": Answer(text="x"), "small": Answer(text="y")}, reference="x"))

    assert (pair.baseline_quality, pair.candidate_quality, pair.agreement) == (1.0, 0.0, 0.0)
    assert (pair.label, pair.label_hit) == ("x", False)
    assert outcome_of(pair) == ("lost", 1.0)


def test_grades_in_the_file_win_over_the_scorer() -> None:
    pair = paired(
        case(
            answers={"big": Answer(text="x"), "small": Answer(text="y")},
            reference="x",
            outcomes={"big": 0.0, "small": 1.0},
        )
    )

    assert outcome_of(pair) == ("won", 1.0)


def test_without_answers_two_arms_agree_as_far_as_their_grades_do() -> None:
    assert paired(case(outcomes={"big": 1.0, "small": 0.25})).agreement == 0.25


def test_a_refusal_of_either_arm_is_a_disagreement() -> None:
    refused = Answer(failure=Failure(FailureKind.REFUSAL, "no"))

    for answers in (
        {"big": Answer(text="x"), "small": refused},
        {"big": refused, "small": Answer(text="x")},
    ):
        assert paired(case(answers=answers)).agreement == 0.0


@pytest.mark.parametrize("kind", [FailureKind.REFUSAL, FailureKind.TRANSPORT])
def test_nobody_is_blamed_for_the_other_arm_s_failure(kind: FailureKind) -> None:
    failed = Answer(failure=Failure(kind, "no"))

    pair = paired(case(answers={"big": failed, "small": Answer(text="x")}))

    assert pair.baseline_failure == failed.failure
    assert pair.candidate_failure is None


def test_a_call_that_never_arrived_is_missing_and_not_a_disagreement() -> None:
    gone = Answer(failure=Failure(FailureKind.TRANSPORT, "529"))

    pair = paired(case(answers={"big": Answer(text="x"), "small": gone}))

    assert pair.agreement is None
    assert pair.candidate_failure == gone.failure


def test_a_case_that_only_one_arm_answered_is_no_pair() -> None:
    assert pair_up(case(answers={"big": Answer(text="x")}), ARMS, grading()) is None


def test_a_second_run_of_the_baseline_shows_how_often_it_agrees_with_itself() -> None:
    arms = Arms(baseline="big@A", candidate="small", second="big@B")
    answers = {"big@A": Answer(text="x"), "big@B": Answer(text="y"), "small": Answer(text="y")}

    pair = paired(case(answers=answers), arms)

    assert (pair.agreement, pair.second_agreement, pair.self_agreement) == (0.0, 1.0, 0.0)


def test_answers_that_nothing_can_score_are_a_pair_without_a_score() -> None:
    """The case was answered by both, so it is not one that the file lacks."""
    how = Grading(scorer=None, by_reference=False, price=lambda _arm, _usage: None)

    pair = paired(case(answers={"big": Answer(text="a"), "small": Answer(text="b")}), how=how)

    assert (pair.agreement, pair.baseline_quality, pair.candidate_failure) == (None, None, None)


def test_a_call_beside_a_text_is_shown_with_it() -> None:
    call = {"type": "tool_use", "name": "weather", "input": {"city": "Oslo"}}
    said = Answer(text="ok", blocks=({"type": "text", "text": "ok"}, call))
    showcase = Showcase()
    one = case(answers={"big": said, "small": Answer(text="ok")})
    showcase.offer(one, ARMS, Pair(case_id="a", agreement=0.0))

    [shown] = showcase.shown()
    assert "Oslo" in shown.baseline_text
    assert "Oslo" not in shown.candidate_text


def test_the_baseline_s_own_hold_on_a_class_is_seen_by_its_second_run() -> None:
    arms = Arms(baseline="big@A", candidate="small", second="big@B")
    answers = {"big@A": Answer(text="x"), "big@B": Answer(text="y"), "small": Answer(text="x")}

    pair = paired(case(answers=answers), arms)

    assert (pair.label, pair.label_hit, pair.baseline_label_hit) == ("x", True, False)


def test_dollars_stand_only_where_the_price_is_known() -> None:
    used = Answer(text="x", usage=Usage(input_tokens=3))

    pair = paired(case(answers={"big": used, "small": used}))

    assert (pair.baseline_usd, pair.candidate_usd) == (3.0, None)


def test_the_worst_lost_cases_are_shown_first_and_the_count_is_bounded() -> None:
    showcase = Showcase(per_outcome=2)
    for number, agreement in enumerate([0.9, 0.1, 0.5]):
        one = Case(
            id=str(number), type="t", answers={"big": Answer(text="x"), "small": Answer(text="y")}
        )
        showcase.offer(one, ARMS, Pair(case_id=str(number), agreement=agreement))

    assert [row.case_id for row in showcase.shown()] == ["1", "0"]
