"""What `auto` chooses, and what it says of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from suffice.errors import BadOption
from suffice.records import Answer, Case, Failure, FailureKind, Reference
from suffice.scoring import Choice, choose_scorer, named_choice, scorer_named

PROSE = "The committee met on Tuesday and after a long debate agreed to postpone the vote again. "


def cases(texts: Sequence[str], references: Sequence[Any] = (), **request: Any) -> list[Case]:
    given = references or [None] * len(texts)
    return [
        Case(
            id=str(n),
            type="t",
            request=request,
            reference=reference,
            answers={"m": Answer(text=text)},
        )
        for n, (text, reference) in enumerate(zip(texts, given, strict=True))
    ]


def chosen(texts: Sequence[str], references: Sequence[Any] = (), **request: Any) -> Choice:
    return choose_scorer(cases(texts, references, **request), baseline="m")


def name(choice: Choice) -> str | None:
    return choice.scorer.name if choice.scorer else None


def test_few_repeated_short_answers_are_labels() -> None:
    choice = chosen(["Billing", "sales", "billing", "SALES"] * 9)

    assert name(choice) == "label"
    assert choice.reason == "36 answers are one of 2 labels"
    assert (choice.measure_reference, choice.chance) == (False, 0.5)


def test_references_name_the_labels_even_where_the_baseline_is_often_wrong() -> None:
    choice = chosen(["a"] * 30 + ["?"] * 10, ["a", "b", "c", "d"] * 10)

    assert choice.reason == "30 of 40 answers are one of 4 labels"
    assert (choice.measure_reference, choice.chance) == (True, 0.25)


def test_forty_of_many_labels_are_labels_though_few_repeat() -> None:
    names = [f"intent_{n % 33}" for n in range(40)]

    choice = chosen(names, names)
    assert choice.scorer is not None

    assert name(choice) == "label"
    unseen = choice.scorer.score(
        Answer(text="intent_76"), Answer(text="intent_75"), case=Case(id="1", type="t")
    )
    assert (unseen.value, unseen.failure) == (0, None)


def test_twenty_answers_over_ten_labels_are_labels() -> None:
    assert name(chosen([f"topic {n * n % 10}" for n in range(20)])) == "label"


def test_lettered_options_of_the_question_are_all_labels() -> None:
    question = "Which?\nA. red\nB. green\nC. blue\nD. black\nAnswer:"
    messages = [{"role": "user", "content": question}]

    choice = chosen(["A", "B", "B. green", "A"] * 5, ["A", "B"] * 10, messages=messages)

    assert (name(choice), choice.chance) == ("label", 0.25)


def test_grades_from_one_to_five_are_labels_not_numbers() -> None:
    choice = chosen(["1", "2", "3", "4", "5"] * 8, ["1", "2", "3", "4", "5"] * 8)

    assert (name(choice), choice.chance) == ("label", 0.2)


def test_a_numeric_reference_calls_for_numbers() -> None:
    choice = chosen([f"So it is {n}." for n in range(40)], [f"# {n},000" for n in range(40)])

    assert (name(choice), choice.reason) == ("number", "the reference is a number")


def test_bare_numbers_without_a_reference_are_numbers() -> None:
    assert name(chosen([f"${n}.50" for n in range(40)])) == "number"


def test_json_objects_are_described_by_their_keys() -> None:
    choice = chosen([json.dumps({"a": n, "b": "x"}) for n in range(40)])

    assert name(choice) == "json"
    assert choice.reason == "every answer is a JSON object with the same 2 keys"


def test_free_text_in_json_is_left_out_and_said_so() -> None:
    choice = chosen([json.dumps({"priority": n % 3, "summary": PROSE + str(n)}) for n in range(40)])
    assert choice.scorer is not None

    assert "summary is free text and not compared" in choice.reason
    assert choice.provisional == "the free text of summary is not compared"
    one, other = (Answer(text=json.dumps({"priority": 1, "summary": s})) for s in ("x", "y"))
    assert choice.scorer.score(one, other, case=Case(id="1", type="t")).value == 1


def test_reasoning_beside_an_answer_is_left_out_without_reservation() -> None:
    texts = [json.dumps({"reasoning": PROSE + str(n), "total": n}) for n in range(40)]

    assert chosen(texts).provisional == ""


def test_only_the_references_fields_are_compared() -> None:
    choice = chosen(
        [json.dumps({"total": n, "note": f"n{n}"}) for n in range(40)],
        [{"total": n} for n in range(40)],
    )
    assert choice.scorer is not None

    assert choice.measure_reference
    answer = Answer(text='{"total": 1, "note": "other"}')
    score = choice.scorer.score(answer, Reference({"total": 1}), case=Case(id="1", type="t"))
    assert score.value == 1


def test_tools_are_compared_where_tools_are_called() -> None:
    call = '[{"type": "tool_use", "name": "f", "input": {}}]'

    choice = chosen([call, "I cannot."] * 10, tools=[{"name": "f"}])

    assert (name(choice), choice.reason) == ("tool_call", "10 of 20 answers call tools")
    assert choice.provisional == "10 of 20 answers are text, whose content is not compared"


def test_python_is_compared_as_code() -> None:
    assert (
        name(chosen([f"```python\ndef f{n}(x):\n    return x + {n}\n```" for n in range(9)]))
        == "code"
    )


def test_a_docstring_task_is_seen_as_one() -> None:
    request = {"messages": [{"role": "user", "content": "Document:\ndef f(a):\n    return a\n"}]}

    choice = chosen(['def f(a):\n    """Return a."""\n    return a'] * 9, **request)

    assert (name(choice), choice.measure_reference) == ("code", True)
    assert "document" in choice.reason


def test_cases_with_assertions_are_checked_by_them() -> None:
    case = Case(id="1", type="t", assertions=({"type": "is-json"},))

    choice = choose_scorer([case], baseline="m")

    assert (name(choice), choice.measure_reference) == ("assertions", True)


@pytest.mark.parametrize(
    ("references", "word"), [((), "free text without a reference"), ([PROSE] * 40, "free text:")]
)
def test_free_text_gets_no_scorer_and_is_told_what_it_needs(
    references: Sequence[str], word: str
) -> None:
    choice = chosen([PROSE + str(n) for n in range(40)], references)

    assert choice.scorer is None
    assert choice.reason.startswith(word)
    assert "judge" in choice.reason


def test_short_answers_that_never_repeat_are_compared_exactly() -> None:
    assert name(chosen([f"Name {n}" for n in range(40)])) == "exact"


def test_failed_answers_are_not_looked_at() -> None:
    refused = Answer(text=PROSE, failure=Failure(FailureKind.REFUSAL))
    good = cases(["yes", "no"] * 10)
    bad = [Case(id=f"r{n}", type="t", answers={"m": refused}) for n in range(50)]

    assert choose_scorer([*bad, *good], baseline="m").reason == "20 answers are one of 2 labels"


def test_nothing_to_look_at_is_said() -> None:
    assert choose_scorer([], baseline="m").scorer is None
    assert "no usable answer" in choose_scorer([], baseline="m").reason


def test_a_named_scorer_brings_what_auto_would_know_of_it() -> None:
    choice = named_choice("label", cases(["a", "b"] * 10, ["a", "b"] * 10), baseline="m")

    assert (name(choice), choice.measure_reference, choice.chance) == ("label", True, 0.5)


def test_text_similarity_by_name_is_provisional_without_a_threshold() -> None:
    assert named_choice("text", cases(["x"]), baseline="m").provisional


@pytest.mark.parametrize(
    ("scorer", "options"), [("exact", {"a": 1}), ("number", {"abs_tol": "x"}), ("judge", {})]
)
def test_a_scorer_with_options_it_does_not_have_is_refused(
    scorer: str, options: dict[str, Any]
) -> None:
    with pytest.raises(BadOption):
        scorer_named(scorer, options=options)


def test_cases_of_a_ready_made_task_are_scored_as_that_task_says() -> None:
    given = {"name": "summarize", "with": [], "scorer": "suffice.tasks.grading:FormScorer"}
    found = [
        Case(id=str(n), type="t", answers={"m": Answer(text=PROSE)}, meta={"task": given})
        for n in range(3)
    ]
    choice = choose_scorer(found, baseline="m")
    assert (name(choice), choice.reason) == (given["scorer"], "the task's own")
    assert choice.provisional


@pytest.mark.parametrize("said", ["os:system", "json", "", None, 7, ["label"]])
def test_a_file_of_cases_has_nothing_loaded_that_is_no_part_of_suffice(said: Any) -> None:
    found = [
        Case(
            id=str(n),
            type="t",
            answers={"m": Answer(text="yes" if n % 2 else "no")},
            meta={"task": {"scorer": said} if said != 7 else said},
        )
        for n in range(40)
    ]
    assert name(choose_scorer(found, baseline="m")) == "label"
