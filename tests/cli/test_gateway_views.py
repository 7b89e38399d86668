"""The gateway's screen: fits, tells what is not well, and goes on by itself."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from suffice.cli.gateway_views import drawn, show_status, watch_status
from suffice.gateway.status import BudgetLine, Status, TypeLine

BUSY = Status(
    day="2026-11-22",
    requests=48_213,
    attempts=48_419,
    errors=87,
    input_tokens=91_223_114,
    usd="381.2214",
    saved_usd="214.8871",
    types=tuple(
        TypeLine(
            type=name, requests=30_211, candidate_share=share, errors=2, usd="41.1", saved_usd="9"
        )
        for name, share in (("support", 0.95), ("a name that goes on and on and on", 0.0), ("", 0))
    ),
    budgets=(
        BudgetLine(
            name="evals",
            usd="10",
            spent_usd="10.04",
            share=1.004,
            per="day",
            soft=True,
            reached=True,
        ),
    ),
    dropped={"disk_full": 12},
)


def text(status: Status, width: int, *, rate: float | None = None) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(drawn(status, width=width, rate=rate))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 100, 200])
def test_a_busy_day_is_one_screen_without_a_wrapped_line(width: int) -> None:
    lines = text(BUSY, width, rate=12.4)

    assert len(lines) <= 24
    assert not [line for line in lines if len(line) > width]
    assert [
        line
        for line in lines
        if line.startswith("support ") and line.rstrip().endswith("28,700 (95%)")
    ]


def test_what_is_not_well_is_said() -> None:
    said = "\n".join(text(BUSY, 80))

    assert "REACHED" in said
    assert "12 exchanges were not captured: disk_full" in said
    assert "87 errors" in said


def test_a_folder_without_an_account_says_so() -> None:
    assert "No account yet" in "\n".join(text(Status(day="2026-11-22", account_read=False), 80))


def test_it_is_looked_at_again_until_ctrl_c_with_the_rate_in_between() -> None:
    """
    The rate is of what came between two looks.
    """
    looks = iter([Status(day="d", requests=10), Status(day="d", requests=40)])
    out, waited = io.StringIO(), []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            raise KeyboardInterrupt

    watch_status(lambda: next(looks), console=Console(file=out, width=80), wait=wait)

    assert waited == [1.0, 1.0]
    assert "40 requests" in out.getvalue()
    assert "requests/s" in out.getvalue()


def test_a_name_cannot_command_the_terminal() -> None:
    """
    Who may ask names a type, also who is refused by the provider.
    """
    (line, *_) = BUSY.types
    named = msgspec.structs.replace(line, type="\x1b]0;mine\x07\x1b[2J\n\u202ecod")
    (budget,) = BUSY.budgets
    budgets = (msgspec.structs.replace(budget, name="[red]evals[/red]"),)
    lines = text(msgspec.structs.replace(BUSY, types=(named,), budgets=budgets), 100)

    assert not [line for line in lines if not line.isprintable()]
    assert [line for line in lines if line.startswith("⟨U+001B⟩]0;mine")]
    assert [line for line in lines if line.startswith("[red]evals[/red]")]


def test_nor_can_it_where_the_status_is_piped(capsys: pytest.CaptureFixture[str]) -> None:
    (line, *_) = BUSY.types
    named = msgspec.structs.replace(line, type="\x1b[2Ja\nb\u202ecod")
    show_status(msgspec.structs.replace(BUSY, types=(named,)))
    lines = capsys.readouterr().out.splitlines()

    assert not [line for line in lines if not line.isprintable()]
    assert [line for line in lines if line.startswith(("⟨U+001B⟩[2Ja b⟨U+", "<U+001B>[2Ja b<U+"))]
