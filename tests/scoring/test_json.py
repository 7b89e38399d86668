"""JSON: read as models write it, of the asked shape, compared field by field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.errors import BadOption
from suffice.records import Answer, Case, FailureKind, Reference, Score
from suffice.scoring import scorer_named
from suffice.scoring.json_compare import JsonRules, compare_json
from suffice.scoring.json_reading import read_json

LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "b", "2018-12-25"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
    ),
    max_leaves=10,
)


def scored(text: str, target: Any, case: Case, **options: Any) -> Score:
    scorer = scorer_named("json", options=options)
    right = Answer(text=target) if isinstance(target, str) else Reference(target)
    return scorer.score(Answer(text=text), right, case=case)


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ('{"a": 1}', ()),
        ('```json\n{"a": 1}\n```', ("fenced",)),
        ('Here it is:\n```\n{"a": 1}\n```\nBye.', ("fenced",)),
        ('Sure! {"a": 1} Anything else?', ("embedded",)),
        ('Values [sic]: {"a": 1}', ("embedded",)),
        ('{"a": 1,}', ("repaired",)),
        ("{'a': 1}", ("repaired",)),
        ('{"a": 1', ("repaired",)),
    ],
)
def test_json_is_found_and_what_had_to_be_done_is_flagged(
    text: str, flags: tuple[str, ...]
) -> None:
    reading = read_json(text)

    assert (reading.value, reading.flags) == ({"a": 1}, flags)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": NaN}', "NaN is no JSON value"),
        ('{"a": Infinity}', "Infinity is no JSON value"),
        ('{"a": 1, "a": 2}', 'the key "a" occurs twice'),
        ("[" * 200 + "]" * 200, "nested deeper than 100 levels"),
        ("[" * 200_000, "nested deeper than 100 levels"),
        ("no json", "no JSON in it"),
    ],
)
def test_what_is_no_json_is_named(text: str, problem: str) -> None:
    assert read_json(text, repair=False).problem == problem


def test_the_share_of_agreeing_fields_is_the_score_and_the_others_are_named(case: Case) -> None:
    score = scored('{"a": 1, "b": {"c": 2, "d": 3}}', {"a": 1, "b": {"c": 9, "d": 3}}, case)

    assert score.value == pytest.approx(2 / 3)
    assert score.paths == ("b.c",)
    assert score.reason == "2 of 3 fields agree; different: b.c"


def test_a_field_on_one_side_only_is_a_difference(case: Case) -> None:
    score = scored('{"a": 1, "extra": [1, 2]}', {"a": 1, "missing": 0}, case)

    assert score.value == pytest.approx(1 / 4)
    assert score.paths == ("extra", "missing")


def test_rows_agree_in_whatever_order_they_stand(case: Case) -> None:
    rows = [{"n": 1, "t": "x"}, {"n": 2, "t": "y"}, {"n": 3, "t": "z"}]
    changed = [{"n": 3, "t": "z"}, {"n": 2, "t": "Y"}, {"n": 1, "t": "x"}]

    score = scored(json.dumps(rows), changed, case)

    assert score.value == pytest.approx(5 / 6)
    assert score.paths == ("[1].t",)


def test_numbers_in_a_row_keep_their_order(case: Case) -> None:
    assert scored('{"point": [1, 2]}', {"point": [2, 1]}, case).value == 0
    assert scored('{"point": [1, 2]}', {"point": [2, 1]}, case, order="ignore").value == 1


def test_order_counts_where_it_is_asked_for(case: Case) -> None:
    assert scored('["a", "b"]', ["b", "a"], case).value == 1
    assert scored('["a", "b"]', ["b", "a"], case, order="keep").value == 0


@pytest.mark.parametrize(
    ("one", "other", "agrees"),
    [
        ("2018-12-25", "25/12/2018", True),
        ("2018-12-25", "Dec 25, 2018", True),
        ("2018-02-01", "01/02/2018", False),
        ("2018-12-25T10:00:00Z", "2018-12-25T11:00:00+01:00", True),
        ("2018-12-25T10:00:00Z", "2018-12-25T10:00:00", False),
        ("2018-12-25", "2018-12-26", False),
        ("Dec 2018", "2018-12-01", False),
        ("10:00 25 Dec 2018 XYZ", "10:00 25 Dec 2018 ABC", False),
        (1, 1.0, True),
        (1, True, False),
        (1, "1", False),
        (0.1 + 0.2, 0.3, True),
        (None, "", False),
        ("a  b", "a b", True),
        ("Berlin", "Merlin", False),
        ("Cafe\u0301", "Café", True),
        (10**400, 1.5, False),
    ],
)
def test_two_single_values_agree_or_not(one: Any, other: Any, agrees: bool) -> None:
    there, back = compare_json(one, other), compare_json(other, one)

    assert there.matched == back.matched == int(agrees)


@pytest.mark.parametrize(
    ("options", "text", "target"),
    [
        ({"abs_tol": 0.5}, '{"a": 1.4}', {"a": 1}),
        ({"string_ratio": 0.8}, '{"a": "Berlin"}', {"a": "Merlin"}),
        ({"ignore_case": True}, '{"a": "X"}', {"a": "x"}),
        ({"number_text": True}, '{"a": "1,234.50"}', {"a": 1234.5}),
        ({"null_is_missing": True}, '{"a": null, "b": 1}', {"b": 1}),
        ({"fields": ["b"]}, '{"a": 1, "b": 1}', {"a": 2, "b": 1}),
        ({"fields": ["rows.n"]}, '{"rows": [{"n": 1, "t": 2}]}', {"rows": [{"n": 1}]}),
        ({"ignore": ["a"]}, '{"a": 1, "b": 1}', {"a": 2, "b": 1}),
        ({"strict": False}, '{"a": 1,}', {"a": 1}),
    ],
)
def test_each_option_makes_agree_what_would_not(
    options: dict[str, Any], text: str, target: dict[str, Any], case: Case
) -> None:
    assert scored(text, target, case).value < 1
    assert scored(text, target, case, **options).value == 1


@pytest.mark.parametrize(
    "options",
    [{"order": "x"}, {"string_ratio": 2}, {"abs_tol": -1}, {"fold": 1}, {"schema": {"type": 3}}],
)
def test_an_option_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        scorer_named("json", options=options)


def test_repaired_json_is_a_failed_answer_since_it_would_fail_in_production(case: Case) -> None:
    score = scored('{"a": 1,}', {"a": 1}, case)

    assert score.failure is not None
    assert score.failure.kind is FailureKind.UNPARSEABLE
    assert score.flags == ("repaired",)


def with_schema(schema: dict[str, Any]) -> Case:
    form = {"type": "json_schema", "schema": schema}
    return Case(id="1", type="t", request={"output_config": {"format": form}})


def test_an_answer_that_does_not_fit_the_requests_schema_fails() -> None:
    case = with_schema({"type": "object", "properties": {"a": {"type": "integer"}}})

    score = scored('{"a": "x"}', {"a": "x"}, case)

    assert score.failure is not None
    assert score.reason.startswith("does not fit the schema at a:")


def test_a_broken_schema_is_the_scorers_failure_not_the_answers() -> None:
    score = scored('{"a": 1}', {"a": 1}, with_schema({"type": "nonsense"}))

    assert score.failure is not None
    assert score.failure.kind is FailureKind.SCORER


def test_a_schema_elsewhere_is_never_fetched() -> None:
    score = scored('{"a": 1}', {"a": 1}, with_schema({"$ref": "http://127.0.0.1:9/schema"}))

    assert score.failure is not None
    assert score.failure.kind is FailureKind.SCORER


def test_a_reference_that_is_no_object_is_held_against_the_answer_field(case: Case) -> None:
    assert scored('{"reasoning": "because", "answer": [1]}', [1], case).value == 1


@given(one=VALUES, other=VALUES)
@settings(max_examples=150, deadline=None)
def test_comparing_is_symmetric_and_in_range(one: Any, other: Any) -> None:
    there, back = compare_json(one, other), compare_json(other, one)

    assert (there.matched, there.total) == (back.matched, back.total)
    assert 0 <= there.score <= 1
    assert (there.score == 1) == (not there.paths)


@given(value=VALUES)
@settings(max_examples=100, deadline=None)
def test_a_value_agrees_with_itself_under_every_order(value: Any) -> None:
    for order in ("auto", "keep", "ignore"):
        assert compare_json(value, value, rules=JsonRules(order=order)).score == 1


@given(rows=st.lists(VALUES, max_size=5), seed=st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_shuffling_an_array_changes_nothing_where_order_is_ignored(
    rows: list[Any], seed: Any
) -> None:
    shuffled = list(rows)
    seed.shuffle(shuffled)

    assert compare_json(rows, shuffled, rules=JsonRules(order="ignore")).score == 1
