"""Figures and names of a summary are looked up in its source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.tasks.claims import Stated, figures_in, names_in

SOURCE = (
    "Acme Widgets Corp. sold 1,203,441 units in 2025, up 12.5 percent, said Jane Roe in Zürich. "
    "The European Union paid €3bn on 2026-03-01 to twenty-one firms and two million people."
)


@pytest.mark.parametrize(
    "said",
    [
        "Sales were 1203441.",
        "Sales were 1 203 441, or about 1.2 million.",
        "A rise of 12.5 %, nearly 13 %.",
        "The EU paid 3 billion euros on March 1, 2026.",
        "The EU paid 3,000 million euros to 21 firms.",
        "2 million people got money.",
        "Roe spoke in Zurich.",
        "Acme's managers said so.",
        "1. The first point\n2. The second point",
    ],
)
def test_what_the_source_says_in_another_spelling_is_supported(said: str) -> None:
    assert Stated(SOURCE).unsupported(said) == ()


@pytest.mark.parametrize(
    ("said", "made_up"),
    [
        ("Sales were 1,203,442.", ("1,203,442",)),
        ("About 1.3 million were sold.", ("1.3 million",)),
        ("It was in 2026, not 2024.", ("2024",)),
        ("Then John Roe spoke.", ("John",)),
        ("They met in Geneva.", ("Geneva",)),
        ("The UN paid.", ("UN",)),
        ("They paid 3 million.", ("3 million",)),
        ("They paid 12.6 percent.", ("12.6",)),
    ],
)
def test_what_the_source_does_not_say_is_named(said: str, made_up: tuple[str, ...]) -> None:
    assert Stated(SOURCE).unsupported(said) == made_up


def test_words_that_only_begin_a_sentence_are_no_names() -> None:
    assert list(names_in("However, it rained. Nobody came: Everyone stayed with Ann.")) == ["Ann"]


def test_a_heading_in_capitals_holds_no_names() -> None:
    assert list(names_in("Large Firm Reports Another Record")) == []


def test_a_line_of_the_source_may_begin_with_a_date() -> None:
    assert Stated("due on\n15. March 2026").unsupported("It is due on 15 March 2026.") == ()


def test_a_year_is_not_another_year_rounded() -> None:
    assert Stated("in 2023").unsupported("in 2020") == ("2020",)


@given(st.text(max_size=200))
def test_whatever_a_text_states_it_supports_itself(text: str) -> None:
    assert Stated(text).unsupported(text) == ()


@given(st.integers(0, 10**12))
def test_a_figure_is_found_however_it_is_grouped(number: int) -> None:
    for written in (f"{number}", f"{number:,}", f"{number:,}".replace(",", " ")):
        assert Stated(f"It was {number:,}.").unsupported(f"it was {written}") == ()
        assert [figure for figure, _ in figures_in(written)] == [written]
