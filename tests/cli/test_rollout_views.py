"""How one rollout looks: whole lines at 80 and at 100 columns, and nothing lost anywhere."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import msgspec
import pytest
from rich.console import Console

from suffice.adapters.storage.rollouts import Happened
from suffice.cli.rollout_list import listed
from suffice.cli.rollout_views import drawn
from suffice.records.rollout import RolloutEvent, RolloutState
from suffice.reports.rollouts import GuardRow, Money, RolloutView, Served


def row(name: str, now: str, against: str, *, state: str = "holding", of: str = "40") -> GuardRow:
    return GuardRow(
        name=name,
        now=now,
        against=against,
        evidence=f"1.2 of {of}",
        state=state,
        value=1.2,
        limit=40,
        seen=2104,
    )


BUSY = RolloutView(
    type="ticket-triage",
    baseline="claude-opus-5-5",
    candidate="claude-haiku-5-5",
    state=RolloutState.ADVANCING,
    because="",
    stage=2,
    shares=(0.05, 0.25, 0.98),
    plan="standard",
    set_share=0.25,
    wanted_share=0.25,
    shadow=0.2,
    served=Served(hours=24, conversations=1204, at_candidate=299),
    stage_pairs=120,
    stage_needs=150,
    stage_for_s=190_000,
    least_s=86_400,
    stage_left_s=20_000,
    guards=(
        row("agreement (batched)", "97.2 % of 1,204", "fine at 96.5 %", of="182,500"),
        row("errors and refusals", "0.33 % of 2,104", "baseline 0.25 % of 12,104"),
        row("slow answers", "10 % of 2,104", "baseline 9.8 % of 12,104", state="watching"),
        row("disliked answers", "-", "baseline nothing seen", state="too few to say"),
    ),
    money=Money(saved_usd="12.31", watching_usd="1.22", unpriced_pairs=3),
    next="98 % follows once 30 more pairs are scored, which takes about five hours at this pace.",
    run="r1",
    version=3,
    missing="24 of 1,228 pairs have no score",
)
EVENT = Happened(
    id=1,
    number=1,
    event=RolloutEvent(
        at=datetime(2026, 11, 22, 9, tzinfo=UTC),
        type="ticket-triage",
        kind="advanced",
        state=RolloutState.ADVANCING,
        sentence="Moved to 25 %: 150 pairs >= 150 in 1.0 days, agreement 96.7 % (145 of 150).",
    ),
)


def lines(width: int, *, unicode: bool = True, piped: bool = False) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, soft_wrap=piped)
    console.print(drawn(BUSY, [EVENT], unicode=unicode, width=width))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("unicode", [True, False])
def test_every_guard_is_one_line_with_all_its_figures(width: int, unicode: bool) -> None:
    shown = lines(width, unicode=unicode)

    first = next(place for place, line in enumerate(shown) if "guardrail" in line) + 1
    table = shown[first : first + len(BUSY.guards)]
    for guard, line in zip(BUSY.guards, table, strict=True):
        assert line.startswith(f"  {guard.name} ")
        assert guard.now in line
        assert guard.against.removeprefix("baseline ") in line
        assert line.endswith(guard.state.removesuffix(" to say"))
    assert not shown[first + len(BUSY.guards)]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_longer_than_the_screen_nor_begins_at_its_edge(width: int) -> None:
    shown = lines(width)

    assert not [line for line in shown if len(line) > width]
    assert not [line for line in shown if line and not line.startswith("  ")]


def test_nothing_is_cut_off_on_a_small_screen() -> None:
    shown = "\n".join(lines(60))

    assert shown.count("…") == 1
    assert "… too few" in shown
    words = [word for guard in BUSY.guards for word in f"{guard.name} {guard.now}".split()]
    assert not [word for word in words if word not in shown]


def test_a_pipe_gets_each_sentence_as_one_line() -> None:
    shown = lines(80, piped=True)

    assert f"  {BUSY.next}" in shown
    assert f"  2026-11-22 09:00:00  {EVENT.event.sentence}" in shown


LONG = msgspec.structs.replace(
    BUSY, type="invoice-extraction-of-long-names", state=RolloutState.HOLDING_UNDECIDED
)


def rows(width: int, *views: RolloutView) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width)
    console.print(listed(views, console))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("width", [80, 100, 140])
def test_a_list_shows_every_figure_of_every_rollout_uncut(width: int) -> None:
    shown = rows(width, BUSY, LONG)

    assert not [line for line in shown if len(line) > width]
    text = "\n".join(shown)
    for word in (BUSY.type, LONG.type, "Advancing", "Holding (undecided)", "~6 h"):
        assert text.count(word) == 1
    assert text.count("24.8 % of 1,204") == 2
    assert text.count("120 of 150") + text.count("120/150") == 2


def test_a_list_is_a_table_where_one_fits_and_else_two_lines_each() -> None:
    assert len(rows(140, BUSY, LONG)) == 3
    assert len(rows(100, BUSY)) == 2
    assert rows(80, BUSY) == [
        "ticket-triage  opus-5-5 → haiku-5-5   ● Advancing",
        "  stage 2/3 · set 25 % · actual 24.8 % of 1,204 · pairs 120/150 · left ~6 h",
    ]
