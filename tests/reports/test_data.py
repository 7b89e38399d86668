"""Comparisons as data."""

from __future__ import annotations

import csv
import enum
import io
import json
import math
from collections.abc import Callable
from importlib.resources import files
from typing import Any, get_args, get_origin, get_type_hints

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.records import Comparison, ShownCase, Verdict
from suffice.reports import comparison_schema, parse_json, render, schema_text

MakeVerdict = Callable[..., Verdict]
LEAVES: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    float: st.floats(allow_nan=False, allow_infinity=False),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    type(None): st.none(),
}


def any_of(record: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Any record of this kind: each field drawn by its own annotation."""
    hints = get_type_hints(record)
    drawn = [name for name in record.__struct_fields__ if name not in {"schema", "version"}]
    return st.builds(record, **{name: by_annotation(hints[name]) for name in drawn})


def by_annotation(hint: Any) -> st.SearchStrategy[Any]:
    """Whatever this annotation allows."""
    if hint in LEAVES:
        return LEAVES[hint]
    match get_origin(hint), get_args(hint):
        case (origin, (item, last)) if origin is tuple and last is Ellipsis:
            return st.lists(by_annotation(item), max_size=2).map(tuple)
        case (origin, (key, value)) if origin is dict:
            return st.dictionaries(by_annotation(key), by_annotation(value), max_size=2)
        case (_, options) if options:
            return st.one_of(*(by_annotation(option) for option in options))
        case _:
            is_enum = issubclass(hint, enum.Enum)
            return st.sampled_from(list(hint)) if is_enum else any_of(hint)


@given(any_of(Comparison))
@settings(max_examples=60, deadline=None)
def test_parsing_a_rendered_comparison_gives_the_same_comparison(comparison: Comparison) -> None:
    assert parse_json(render(comparison, "json")) == comparison


def test_the_shipped_schema_is_the_one_the_records_say() -> None:
    shipped = files("suffice.reports") / "schemas" / "comparison.v1.json"

    assert shipped.read_text("utf-8") == schema_text(), "write schema_text() into that file"


@given(any_of(Comparison))
@settings(max_examples=20, deadline=None)
def test_every_rendered_comparison_is_valid_by_the_schema(comparison: Comparison) -> None:
    document = json.loads(render(comparison, "json"))

    jsonschema_rs.validator_for(comparison_schema()).validate(document)


def test_the_schema_refuses_a_word_that_is_no_verdict(comparison: Comparison) -> None:
    document = json.loads(render(comparison, "json"))
    document["types"][0]["verdict"] = "maybe"

    assert not jsonschema_rs.validator_for(comparison_schema()).is_valid(document)


def test_a_figure_that_is_not_finite_is_null_never_nan(verdict: MakeVerdict) -> None:
    text = render(Comparison(types=(verdict(e_value=math.inf, agreement=math.nan),)), "json")

    row = json.loads(text)["types"][0]
    assert (row["e_value"], row["agreement"], "NaN" in text, "Infinity" in text) == (
        None,
        None,
        False,
        False,
    )


def test_half_a_surrogate_pair_costs_its_own_character_alone(
    case: Callable[..., ShownCase],
) -> None:
    text = render(Comparison(shown=(case(candidate_text="a\ud800b"),)), "json")

    assert json.loads(text)["shown"][0]["candidate_text"] == "a?b"


def test_json_lines_hold_one_verdict_each_and_name_the_run(comparison: Comparison) -> None:
    rows = [json.loads(line) for line in render(comparison, "jsonl").splitlines()]

    assert [(row["schema"], row["run_id"], row["verdict"]) for row in rows] == [
        ("suffice.verdict", "runs/r1", "switch"),
        ("suffice.verdict", "runs/r1", "keep"),
        ("suffice.verdict", "runs/r1", "not_yet"),
    ]


def test_csv_has_one_row_per_verdict_with_fractions_and_counts(comparison: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(render(comparison, "csv"))))

    assert [(row["type"], row["lower"], row["pairs"], row["cost_pairs"]) for row in rows] == [
        ("ticket-triage", "-0.023", "412", "412"),
        ("invoice-extract", "-0.113", "260", "412"),
        ("summarise-call", "0.861", "88", ""),
    ]


@pytest.mark.parametrize("name", ["=1+1", "+SUM(A1)", "-2", "@x", "\t=1", " =1", "|calc", "%0A"])
def test_a_type_named_like_a_formula_stays_text_in_a_spreadsheet(
    name: str,
    verdict: MakeVerdict,
) -> None:
    text = render(Comparison(types=(verdict(type=name),)), "csv")

    assert next(iter(csv.DictReader(io.StringIO(text))))["type"] == f"'{name}"


def test_a_type_with_commas_quotes_and_line_ends_keeps_its_row(verdict: MakeVerdict) -> None:
    text = render(Comparison(types=(verdict(type='a,"b"\nc'),)), "csv")

    assert [row["type"] for row in csv.DictReader(io.StringIO(text))] == ['a,"b"\nc']
