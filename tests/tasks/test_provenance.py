"""Where a value stands in the input, however it is written there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.tasks.provenance import find, provenance


@pytest.mark.parametrize(
    ("value", "text", "found"),
    [
        ("Ada Lovelace", "To: ADA\n  LOVELACE, London", "ADA\n  LOVELACE"),
        (1234.5, "Sum 1.234,50 EUR", "1.234,50"),
        (1234.5, "Sum 1,234.50 USD", "1,234.50"),
        (1234567, "1'234'567 CHF", "1'234'567"),
        (-12.5, "credit (12.50)", "12.50"),
        ("2026-03-01", "due on March 1st, 2026", "March 1st, 2026"),
        ("2026-03-01", "due 01/03/2026", "01/03/2026"),
        ("2026-03-01", "due 1. März 2026 or 01.03.2026", "1. März 2026"),
        ("2018-03-15", "15/MAR/18 10:12", "15/MAR/18"),
        ("2018-03-15", "on 15 Mar 18", "15 Mar 18"),
        ("2018-03-15", "18-03-15", "18-03-15"),
        ("+41441234567", "Tel. +41 (44) 123-45-67", "+41 (44) 123-45-67"),
        (
            "DE89370400440532013000",
            "IBAN DE89 3704 0044 0532 0130 00",
            "DE89 3704 0044 0532 0130 00",
        ),
    ],
)
def test_a_value_is_found_however_it_is_written(value: str | float, text: str, found: str) -> None:
    span = find(value, text)
    assert span is not None
    assert span.text == found == text[span.start : span.end]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Grace", "To: Ada"),
        (13, "1,234.50"),
        (1234, "1,234.50"),
        ("2026-03-02", "March 1st, 2026"),
        (5, ""),
    ],
)
def test_a_value_that_stands_nowhere_is_not_found(value: str | float, text: str) -> None:
    assert find(value, text) is None


def test_fields_are_told_apart_by_where_they_came_from() -> None:
    value = {
        "total": 12.5,
        "seller": {"name": "ACME", "vat": None},
        "lines": [{"n": 2}],
        "paid": True,
    }
    found = provenance(value, "acme owes 12.50")
    assert sorted(found.spans) == ["seller.name", "total"]
    assert found.missing == ("seller.vat",)
    assert found.unsupported == ("lines[0].n",)


def test_without_a_text_nothing_is_called_unsupported() -> None:
    found = provenance({"a": 1, "b": None}, None)
    assert (found.checked, found.unsupported, found.missing) == (False, (), ("b",))


@given(st.text(min_size=1).filter(str.strip), st.text(), st.text())
def test_whatever_is_copied_is_found(value: str, before: str, behind: str) -> None:
    span = find(value, before + value + behind)
    assert span is not None


@given(st.integers(0, 10**9), st.text(max_size=30))
def test_no_number_and_no_text_brings_it_down(value: int, text: str) -> None:
    span = find(value, text)
    assert span is None or text[span.start : span.end] == span.text


def test_an_object_without_fields_says_nothing() -> None:
    assert provenance({}, "text").missing == ()
    assert provenance({"buyer": {}}, "text").missing == ("buyer",)


def test_a_date_is_found_behind_a_number_that_ends_the_line_before() -> None:
    assert provenance({"day": "2026-05-03"}, "Mill Lane 4\n03/05/2026").unsupported == ()
