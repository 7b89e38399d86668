"""The comparison on a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from suffice.records import BrokenCase, Comparison, Measure, Spending, Verdict, Word
from suffice.reports import render

MakeVerdict = Callable[..., Verdict]


def lines_about(text: str, name: str) -> list[str]:
    return [line for line in text.splitlines() if name in line]


def test_a_row_holds_pairs_bounds_cost_and_the_word_with_its_glyph(verdict: MakeVerdict) -> None:
    text = render(Comparison(types=(verdict(),)), "text")

    row = lines_about(text, "ticket-triage")[0]
    assert re.fullmatch(
        r"ticket-triage +412 .*├.*●.*┤.* -2\.3 to \+0\.8 +-75% +✓ SWITCH", row.rstrip()
    )


def test_the_interval_stands_right_of_the_limit_where_the_word_is_switch(
    verdict: MakeVerdict,
) -> None:
    row = lines_about(render(Comparison(types=(verdict(),)), "text"), "ticket-triage")[0]

    assert row.index("┊") < row.index("├") < row.index("●") < row.index("┤")


def test_the_interval_stands_left_of_the_limit_where_the_word_is_keep(keep: MakeVerdict) -> None:
    row = lines_about(render(Comparison(types=(keep(),)), "text"), "invoice-extract")[0]

    assert row.index("├") < row.index("●") < row.index("┤") < row.index("┊")


def test_agreement_shows_how_many_of_how_many_agreed(not_yet: MakeVerdict) -> None:
    text = render(Comparison(types=(not_yet(),)), "text")

    row = lines_about(text, "summarise-call")[0]
    assert "83/88" in row
    assert "86.1% to 98.3%" in row


def test_a_provisional_verdict_is_marked_in_its_row_and_says_why(not_yet: MakeVerdict) -> None:
    text = render(Comparison(types=(not_yet(),)), "text")

    assert "… NOT YET*" in text
    assert "* provisional, cannot ramp by itself: 0 of 200 human labels" in text


def test_agreement_is_told_beside_the_baseline_with_itself_and_both_counts(
    verdict: MakeVerdict,
) -> None:
    text = render(Comparison(types=(verdict(),)), "text")

    assert "agreement 96.1% of 412 pairs, baseline with itself 97.8% of 60 pairs" in text


def test_failed_and_missing_answers_are_told_by_model_and_kind(keep: MakeVerdict) -> None:
    text = render(Comparison(types=(keep(),)), "text")

    assert "failed answers: claude-haiku-4-5 3 cut" in text
    assert "missing pairs: claude-opus-5-5 1 transport" in text


def test_spending_says_what_proving_it_cost_and_of_which_cap(comparison: Comparison) -> None:
    text = render(comparison, "text")

    assert "proving it cost $3.61 of $10.00; 428 calls, 1,052 answers reused" in text


def test_a_recorded_run_says_that_nobody_was_called(verdict: MakeVerdict) -> None:
    text = render(Comparison(types=(verdict(),), recorded=True), "text")

    assert "recorded answers: nobody was called, proving it cost $0.00" in text


def test_broken_lines_are_counted_with_an_example() -> None:
    text = render(Comparison(broken=(BrokenCase(17, "no id"),), broken_total=3), "text")

    assert "3 lines were no case (line 17: no id)" in text


@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_but_the_command_is_wider_than_asked(
    comparison: Comparison,
    width: int,
    unicode: bool,
) -> None:
    lines = render(comparison, "text", width=width, unicode=unicode).splitlines()

    wide = [line for line in lines if cell_len(line) > width and not line.startswith("Next")]
    assert wide == []


@pytest.mark.parametrize("width", [80, 100])
def test_the_axis_is_drawn_at_both_promised_widths(comparison: Comparison, width: int) -> None:
    text = render(comparison, "text", width=width)

    assert len(re.findall("├.*●.*┤", text)) == 3


def test_without_unicode_every_character_is_ascii(comparison: Comparison) -> None:
    text = render(comparison, "text", unicode=False)

    assert text.isascii()
    assert re.search(r"\[.*o.*\]", text)


def test_without_colour_there_is_no_escape_sequence(comparison: Comparison) -> None:
    assert "\x1b" not in render(comparison, "text")


def test_colour_changes_no_letter(comparison: Comparison) -> None:
    coloured = render(comparison, "text", colour=True)

    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == render(comparison, "text")


def test_a_type_cannot_send_commands_to_the_terminal(verdict: MakeVerdict) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07\u202egnp[red]\r"
    text = render(Comparison(types=(verdict(type=evil, sentence=evil),)), "text", colour=True)

    assert not set("\x07\r\u202e") & set(text)
    assert "\x1b[2J" not in text
    assert "\x1b]0" not in text
    assert "⟨U+001B⟩[2J" in text


def test_of_many_types_the_first_of_each_word_are_shown_and_the_rest_counted(
    verdict: MakeVerdict,
    keep: MakeVerdict,
) -> None:
    rows = [verdict(type=f"s-{number}") for number in range(700)]
    rows += [keep(type=f"k-{number}") for number in range(300)]
    text = render(Comparison(types=tuple(rows)), "text")

    assert "and 692 more Switch, 292 more Keep" in text
    assert len(text.splitlines()) < 120


def test_several_candidates_stand_under_their_type(verdict: MakeVerdict) -> None:
    rows = (verdict(), verdict(candidate="claude-sonnet-5-5"))
    text = render(Comparison(types=rows), "text")

    table = text.split("request type")[1].splitlines()
    assert table[1] == "ticket-triage"
    assert table[2].startswith("  claude-haiku-4-5 ")
    assert table[3].startswith("  claude-sonnet-5-5 ")


def test_measures_never_share_an_axis(verdict: MakeVerdict, not_yet: MakeVerdict) -> None:
    text = render(Comparison(types=(verdict(), not_yet())), "text")

    assert "quality change, points (limit -3)" in text
    assert "agreement with the baseline, per cent (limit 90%)" in text


def test_a_comparison_of_nothing_says_so_and_what_to_do() -> None:
    text = render(Comparison(), "text")

    assert "no request type could be compared" in text
    assert text.splitlines()[-1].startswith("Next  suffice compare")


@given(
    estimate=st.floats(-1, 1),
    wide=st.floats(0, 2),
    limit=st.floats(-0.5, 0),
    measure=st.sampled_from([Measure.QUALITY, Measure.AGREEMENT_CEILING]),
)
@settings(max_examples=80, deadline=None)
def test_any_figures_can_be_drawn(
    estimate: float, wide: float, limit: float, measure: Measure
) -> None:
    row = Verdict(
        type="t",
        baseline="b",
        candidate="c",
        pairs=9,
        measure=measure,
        estimate=estimate,
        agreement=None,
        noise_floor=None,
        lower=estimate - wide,
        upper=estimate + wide,
        limit=limit,
        verdict=Word.NOT_YET,
        reason="too_few",
    )
    text = render(Comparison(types=(row,), spending=Spending()), "text")

    assert "●" in lines_about(text, "NOT YET")[0]


@pytest.mark.parametrize(
    ("lower", "shown"),
    [(-0.02996, "-2.996"), (-0.0304, "-3.04"), (-0.03, "-3.0"), (-0.02, "-2.0")],
)
def test_a_bound_near_the_limit_is_told_so_that_its_side_is_seen(
    verdict: MakeVerdict, lower: float, shown: str
) -> None:
    text = render(Comparison(types=(verdict(lower=lower),)), "text")

    assert f"{shown} to +0.8" in text
