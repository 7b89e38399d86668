"""A batch says how far it is, on a terminal and in a log."""

from __future__ import annotations

import io
from decimal import Decimal

from rich.console import Console

from suffice.tasks import Batch, Runner, classify, progress_bar, using
from suffice.testing import answering


def shown(*, terminal: bool, texts: list[str]) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, color_system=None)
    models = answering("billing", "nonsense")
    runner = Runner(
        models, ladder=lambda *_: ("claude-haiku-5-5",), price=lambda *_: Decimal("0.5")
    )
    with using(runner), progress_bar(len(texts), label="tickets", console=console) as on_done:
        batch = Batch(concurrency=1, on_done=on_done)
        classify.map(texts, ["billing", "other"], batch=batch)
    return out.getvalue()


def test_a_log_gets_a_line_at_every_tenth() -> None:
    lines = shown(terminal=False, texts=[f"text {n}" for n in range(40)]).splitlines()
    assert len(lines) == 10
    assert lines[-1] == "tickets 40/40  39 without an answer  $39.5000"


def test_a_terminal_gets_a_bar_with_what_was_spent() -> None:
    told = shown(terminal=True, texts=["one", "two"])
    assert "tickets" in told
    assert "2/2" in told
    assert "1 without an answer  $1.5000" in told


def test_equal_inputs_are_counted_each_and_charged_once() -> None:
    lines = shown(terminal=False, texts=["same"] * 10).splitlines()
    assert lines[-1] == "tickets 10/10  $0.5000"
