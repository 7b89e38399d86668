"""The comparison as Markdown."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from suffice.records import Comparison, ShownCase, Verdict
from suffice.reports import render

MakeVerdict = Callable[..., Verdict]
MakeCase = Callable[..., ShownCase]


def test_the_table_has_a_row_per_verdict_with_word_count_and_bounds(
    comparison: Comparison,
) -> None:
    text = render(comparison, "md")

    assert (
        "| ✓ **Switch** | `ticket-triage` | -0.7 points, 412 pairs | -2.3 to +0.8 points"
        " | -3 points | -75% |" in text
    )
    assert "| … **Not yet** (provisional) | `summarise-call` | 94.3%, 83/88 agreed |" in text


@pytest.mark.parametrize("name", ["a|b", "a`b", "a\nb", "<script>", "[x](y)", "``", " "])
def test_whatever_a_type_is_called_its_row_has_six_cells(verdict: MakeVerdict, name: str) -> None:
    text = render(Comparison(types=(verdict(type=name),)), "md")

    row = next(line for line in text.splitlines() if "**Switch**" in line)
    assert row.replace(r"\|", "").count("|") == 7


def test_no_untrusted_text_becomes_html_a_mention_or_a_link(verdict: MakeVerdict) -> None:
    evil = "<img src=x> @everyone [click](https://evil.example) #1"
    text = render(Comparison(types=(verdict(sentence=evil),)), "md")

    assert "<img" not in text
    assert "@everyone" not in text
    assert "[click]" not in text.replace(r"\[", "")
    assert "https://evil" not in text


def test_a_case_cannot_close_its_code_block(keep: MakeVerdict, case: MakeCase) -> None:
    shown = case(type="invoice-extract", prompt="```\n# free\n````", candidate_text="```\nx")
    text = render(Comparison(types=(keep(),), shown=(shown,)), "md")

    assert "`````text\n```\n# free\n````\n`````" in text


def test_lost_cases_come_with_a_diff_and_how_many_there_are(comparison: Comparison) -> None:
    text = render(comparison, "md")

    assert "invoice-extract: 1 of 27 lost cases, worst first" in text
    assert '```diff\n@@ -1 +1 @@\n-{"category":"bug"}\n+{"category":"billing"}\n```' in text


def test_the_text_fits_a_comment_however_many_cases_were_lost(
    keep: MakeVerdict, case: MakeCase
) -> None:
    rows = tuple(keep(type=f"t{number}") for number in range(300))
    shown = tuple(case(type=row.type, prompt="long " * 5000) for row in rows for _ in range(5))

    text = render(Comparison(types=rows, shown=shown), "md")

    assert len(text) < 65_536
    assert "More lost cases than fit here" in text
