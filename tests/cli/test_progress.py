"""A live run is shown as bars on a terminal and as lines elsewhere."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.text import Text

from suffice.cli.progress import Bars, Lines, make_progress
from suffice.comparison.live import Change, State
from suffice.records import Word


def _change(state: State = State.TESTING, **more: Any) -> Change:
    told: dict[str, Any] = {
        "type": "ticket-triage",
        "state": state,
        "done": 0,
        "planned": 600,
        "words": {"small": None},
        "type_usd": Decimal("0.88"),
        "spent_usd": Decimal("3.61"),
        "cap_usd": Decimal(10),
    }
    return Change(**(told | more))


def _console(*, terminal: bool, width: int = 100) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=terminal, width=width, no_color=True, soft_wrap=True
    )


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return Text.from_ansi(console.file.getvalue()).plain


def test_without_a_terminal_a_tenth_of_the_plan_is_a_line() -> None:
    console = _console(terminal=False)
    with make_progress(console) as progress:
        assert isinstance(progress, Lines)
        for done in range(601):
            progress.on_change(_change(done=done))

    lines = _text(console).splitlines()
    assert len(lines) == 11
    assert lines[5] == "ticket-triage  testing 300/600  $0.8800"


def test_the_end_of_a_type_says_how_many_cases_were_not_needed() -> None:
    console = _console(terminal=False)
    Lines(console).on_change(
        _change(State.DECIDED, done=412, not_needed=188, words={"small": Word.SWITCH})
    )

    assert "412/600" in _text(console)
    assert "decided, 188 cases not needed" in _text(console)


def test_a_budget_that_is_reached_is_said() -> None:
    console = _console(terminal=False)
    Lines(console).on_change(_change(State.STOPPED, done=88, why="budget"))

    assert "budget reached; answers are kept" in _text(console)


def test_bars_show_each_type_and_what_was_spent() -> None:
    console = _console(terminal=True)
    seconds = iter([0.0, 5.0, 41.0, 99.0, 99.0])
    bars = Bars(console, resume_hint="suffice compare --resume", clock=lambda: next(seconds))
    bars.on_change(_change(done=20))
    bars.on_change(_change(type="invoice-extract", done=260, planned=340))
    bars.on_change(_change(State.DECIDED, done=412, not_needed=188, words={"small": Word.SWITCH}))

    console.print(bars.drawn())

    shown = _text(console)
    assert "412/412" in shown
    assert "0:41" in shown
    assert "decided, 188 cases not needed" in shown
    assert "260/340" in shown
    assert "spent $3.61 of $10.00" in shown
    assert "suffice compare --resume" in shown


def test_a_terminal_gets_bars_and_keeps_the_last_state() -> None:
    console = _console(terminal=True)
    with make_progress(console) as progress:
        assert isinstance(progress, Bars)
        progress.on_change(_change(done=600))

    assert "600/600" in _text(console)


def test_many_types_show_those_under_way() -> None:
    console = _console(terminal=True)
    bars = Bars(console, clock=lambda: 0.0)
    for number in range(50):
        bars.on_change(_change(State.DECIDED, type=f"done-{number}"))
    bars.on_change(_change(type="under-way"))

    console.print(bars.drawn())

    assert "under-way" in _text(console)
    assert "31 more types" in _text(console)


def test_eighty_columns_hold_a_row() -> None:
    console = _console(terminal=True, width=80)
    bars = Bars(console, clock=lambda: 0.0)
    bars.on_change(_change(done=20, type="a-request-type-with-a-very-long-name-indeed"))

    console.print(bars.drawn())

    assert max(map(len, _text(console).splitlines())) <= 80
    assert "20/600" in _text(console)
