"""What a cases file may hold, and what is said of a line that holds none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.records import BrokenCase, Case, FailureKind
from suffice.traffic import CaseReader, Fields, read_cases


def read_one(line: dict[str, Any], fields: Fields | None = None) -> Case:
    [case] = read_cases([json.dumps(line).encode()], fields=fields)
    assert isinstance(case, Case), case
    return case


def test_a_line_with_two_answers_and_a_reference_is_a_case() -> None:
    case = read_one(
        {
            "id": 7,
            "type": "triage",
            "system": "Be brief.",
            "prompt": "Hi",
            "outputs": {"big": "yes", "small": "no"},
            "usage": {"small": {"input_tokens": 3, "output_tokens": 1, "latency_s": 0.5}},
            "reference": "yes",
            "group": "session-1",
        }
    )

    assert (case.id, case.type, case.group, case.reference) == ("7", "triage", "session-1", "yes")
    assert case.request["messages"] == [{"role": "user", "content": "Hi"}]
    assert case.answers["small"].latency_s == 0.5
    assert case.answers["small"].usage is not None
    assert case.answers["small"].usage.input_tokens == 3


def test_content_blocks_and_a_whole_response_give_the_same_text() -> None:
    blocks = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "yes"}]
    case = read_one({"id": "a", "outputs": {"x": blocks, "y": {"content": blocks}, "z": "yes"}})

    assert {answer.text for answer in case.answers.values()} == {"yes"}


@pytest.mark.parametrize(
    ("stop_reason", "kind"),
    [("refusal", FailureKind.REFUSAL), ("max_tokens", FailureKind.CUT)],
)
def test_a_response_that_stopped_short_is_a_failed_answer(
    stop_reason: str, kind: FailureKind
) -> None:
    case = read_one({"id": "a", "outputs": {"x": {"content": [], "stop_reason": stop_reason}}})

    assert case.answers["x"].failure is not None
    assert case.answers["x"].failure.kind is kind


def test_grades_may_stand_elsewhere_and_pass_from_a_least_value_on() -> None:
    line = {"id": "a", "meta": {"factuality": {"big": 0.5, "small": 0.49, "none": None}}}

    assert read_one(line, Fields(outcomes="meta.factuality>=0.5")).outcomes == {
        "big": 1.0,
        "small": 0.0,
    }


def test_graded_runs_are_grades_under_model_and_run() -> None:
    runs = [
        {"run": "A", "model": "big", "correct": True},
        {"run": "B", "model": "big", "correct": None},
    ]

    assert read_one({"id": "a", "runs": runs}).outcomes == {"big@A": 1.0}


def test_the_type_may_stand_in_another_field() -> None:
    assert read_one({"id": "a", "task": "bfcl/simple"}, Fields(type="task")).type == "bfcl/simple"


def test_a_bare_request_and_a_batch_line_are_cases_without_answers() -> None:
    request = {
        "model": "claude-opus-5-5",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "x"}],
    }

    assert read_one(request).request == {"max_tokens": 9, "messages": request["messages"]}
    assert read_one({"custom_id": "c1", "params": request}).id == "c1"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "truncated"),
        (b'{"id": "a", "outcomes": {"m": 1.5}}', "not in 0..1"),
        (b'{"id": "a", "outcomes": {"m": NaN}}', "malformed"),
        (b'{"id": "\xff"}', "UTF-8"),
        (b'{"id": "a", "outputs": {"m": 3}}', "an answer is"),
        (b"[1]", "array"),
        (b'{"id": "a", "meta": ' + b'{"a":' * 200_000, "nested"),
    ],
)
def test_a_broken_line_is_named_with_its_number_and_the_rest_goes_on(
    line: bytes, reason: str
) -> None:
    first, second = read_cases([line, b'{"id": "good"}'])

    assert isinstance(first, BrokenCase)
    assert first.line == 1
    assert reason.lower() in first.reason.lower()
    assert isinstance(second, Case)


def test_the_second_line_with_an_id_is_broken_and_the_first_stands() -> None:
    first, second = read_cases([b'{"id": "a"}', b'{"id": "a"}'])

    assert isinstance(first, Case)
    assert second == BrokenCase(2, "the id 'a' stands on an earlier line already")


def test_a_file_without_types_remembers_which_field_could_have_been_one() -> None:
    reader = CaseReader()
    list(reader.read([b'{"id": "a", "task": "t1"}', b'{"id": "b", "task": "t2"}']))

    assert (reader.untyped, reader.tasks_unused) == (2, {"t1", "t2"})


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_no_bytes_at_all_make_the_reader_raise(lines: list[bytes]) -> None:
    assert all(isinstance(case, Case | BrokenCase) for case in read_cases(lines))
