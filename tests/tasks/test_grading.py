"""Answers to a task are compared as the task reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from suffice.records import Answer, Case, FailureKind, Reference, Score
from suffice.scoring import load_scorer
from suffice.tasks.arguments import read_arguments
from suffice.tasks.shelf import FORM_SCORER, OWN_SCORER, task_named


def score(task: str, given: Any, said: str, right: Any, *written: str) -> Score:
    job = task_named(task).job(given, read_arguments(written))
    meta = {"task": {"name": task, "with": list(written)}}
    case = Case(id="1", type=job.type, request=job.request, meta=meta)
    target = Reference(right) if not isinstance(right, Answer) else right
    return load_scorer(OWN_SCORER).score(Answer(text=said), target, case=case)


TEXT = "Corner Shop, 3 May 2026, TOTAL 12.50"


def test_the_fields_a_reference_has_are_compared_and_no_others() -> None:
    said = json.dumps({"seller": "Corner Shop", "total": 12.5, "currency": "EUR"})
    right = {"seller": "Corner Shop", "total": 12.50, "date": None}
    assert score("extract", TEXT, said, right, "schema=Receipt").value == 1
    half = score("extract", TEXT, said, {"seller": "X", "total": 12.5}, "schema=Receipt")
    assert (half.value, half.paths) == (0.5, ("seller",))


def test_two_answers_agree_where_all_their_fields_do() -> None:
    said = json.dumps({"seller": "Corner Shop", "total": 12.5})
    other = Answer(text=json.dumps({"total": 12.5, "seller": "Corner Shop", "tax": None}))
    assert score("extract", TEXT, said, other, "schema=Receipt").value == 1


def test_what_the_task_would_not_take_scores_nothing_for_its_own_reason() -> None:
    found = score("extract", TEXT, '{"total": "much"}', {"total": 1}, "schema=Receipt")
    assert found.failure is not None
    assert (found.value, found.failure.kind) == (0.0, FailureKind.UNPARSEABLE)
    grounded = score(
        "extract", TEXT, '{"total": 99}', {"total": 99}, "schema=Receipt", "grounded=true"
    )
    assert grounded.failure is not None
    assert "does not say" in grounded.reason


@pytest.mark.parametrize(
    ("said", "right", "value"),
    [("a\nb", ["a", "b"], 1.0), ("a\nb", ["b", "c"], 1 / 3), ("-", [], 1.0), ("a", "a", 1.0)],
)
def test_several_labels_score_by_what_they_share(said: str, right: Any, value: float) -> None:
    assert score("classify", "text", said, right, "labels=a,b,c", "multi=true").value == value


def test_a_route_is_the_same_where_the_agent_is() -> None:
    agents = 'agents={"talk": {"description": "chat", "model": "m"}, "code": {"description": "code", "model": "m"}}'
    said = '{"reason": "It asks for code.", "agent": "code"}'
    other = Answer(text='{"reason": "Another reason.", "agent": "code"}')
    assert score("route_request", "Write it.", said, "code", agents).value == 1
    assert score("route_request", "Write it.", said, {"agent": "talk"}, agents).value == 0
    assert score("route_request", "Write it.", said, other, agents).value == 1


def test_a_summary_scores_by_what_its_text_says_of_it() -> None:
    text = "In 2026 Acme sold 500 units in Lyon."
    said = "Sales of Acme were 600 in Lyon."
    assert score("summarize", text, said, {"checked": ""}).value == pytest.approx(2 / 3)
    assert score("summarize", text, "It sold 500.", {"checked": ""}, "words=2").value == 0


def test_what_free_texts_are_scored_by_says_of_itself_that_it_is_provisional() -> None:
    assert getattr(load_scorer(FORM_SCORER), "provisional", "").startswith("only what")
    assert getattr(load_scorer(OWN_SCORER), "provisional", "") == ""


def test_a_picture_is_found_again_in_its_request(tmp_path: Any) -> None:
    from suffice.tasks.grading import given_in

    pdf = b"%PDF-1.7 nothing"
    job = task_named("extract").job(pdf, read_arguments(["schema=Invoice"]))
    assert given_in(job.request) == pdf


def test_a_cleaned_text_scores_by_what_the_model_did_of_it() -> None:
    intents = 'intents=["complaint", "question"]'
    said = '{"intent": "complaint", "text": "It is broken."}'
    given = "it is uhh broken. uhh"
    assert score("clean_text", given, said, "complaint", intents).value == 1
    assert score("clean_text", given, said, "question", intents).value == 0
    right = {"intent": "complaint", "text": "It was broken."}
    found = score("clean_text", given, said, right, intents)
    assert (found.value, found.paths) == (0.5, ("text",))
    assert score("clean_text", given, said, Answer(text=said), intents).value == 1
