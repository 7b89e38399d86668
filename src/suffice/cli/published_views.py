"""Checked published figures as text, JSON, Markdown and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from rich.padding import Padding
from rich.table import Table

from suffice.cli.money_text import Page, csv_text, emit, json_text, markdown_table
from suffice.pricing import CheckedClaim, CheckedFigure


def show(claims: Sequence[CheckedClaim], *, form: str, dated: date) -> None:
    """Print the claims in the form asked for."""
    match form:
        case "json":
            emit(json_text(document(claims, dated=dated)))
        case "csv":
            emit(_csv(claims))
        case "md":
            emit(_markdown(claims))
        case _:
            _text(claims)


def document(claims: Sequence[CheckedClaim], *, dated: date) -> dict[str, Any]:
    """The claims as one JSON document."""
    return {
        "schema": "suffice.source_figures",
        "version": 1,
        "prices_dated": dated,
        "claims": claims,
    }


def _csv(claims: Sequence[CheckedClaim]) -> str:
    return csv_text(
        ("id", "what", "claimed", "computed", "matches", "claim_matches", "priced_on", "note"),
        [
            (
                claim.id,
                figure.what,
                figure.claimed,
                _short(figure.computed),
                str(figure.matches).lower(),
                str(claim.matches).lower(),
                claim.priced_on,
                claim.note,
            )
            for claim in claims
            for figure in claim.figures
        ],
    )


def _markdown(claims: Sequence[CheckedClaim]) -> str:
    rows = [
        (claim.id, figure.what, _word(figure), _shown(figure.claimed), _shown(figure.computed))
        for claim in claims
        for figure in claim.figures
    ]
    notes = "".join(f"- **{claim.id}** {claim.claim} {claim.note}\n" for claim in claims)
    return markdown_table(("", "figure", "", "published", "ours"), rows, left=3) + f"\n{notes}"


def _text(claims: Sequence[CheckedClaim]) -> None:
    page = Page()
    holding = sum(claim.matches for claim in claims)
    page.line(
        f"{holding} of {len(claims)} published claims hold at the prices of their day", style="bold"
    )
    for claim in claims:
        page.line()
        mark = "holds" if claim.matches else "wrong"
        page.line(f"{claim.id}  {mark}  {claim.claim}", style="" if claim.matches else "bold red")
        page.block(Padding(_figures(claim), (0, 0, 0, 4), expand=False))
        page.line(claim.note, indent=4, style="dim")
    page.line()
    page.next(
        "suffice cost --requests-per-day 10000 --input 800 --output 50 "
        "--model claude-opus-5-5 --candidate claude-haiku-5-5"
    )


def _figures(claim: CheckedClaim) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    for figure in claim.figures:
        grid.add_row(
            figure.what,
            f"published {_shown(figure.claimed)}",
            f"ours {_shown(figure.computed)}",
            "" if figure.matches else "differs",
        )
    return grid


def _word(figure: CheckedFigure) -> str:
    return "matches" if figure.matches else "differs"


def _shown(value: Decimal) -> str:
    return f"{_short(value):,f}"


def _short(value: Decimal) -> Decimal:
    """Ratios have endless digits; six are more than any figure was published with."""
    return round(value, 6).normalize()
