"""The live demo's screen: all of it in view on the smallest terminal, and what is made up is said."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from rich.console import Console

from suffice.adapters.storage.rollouts import Happened
from suffice.cli.demo_live_screen import Frame, Injected, drawn, screen_for
from suffice.monitor import wanted
from suffice.records.rollout import RolloutEvent, RolloutState
from suffice.reports.rollouts import GuardRow, Money, Served, view_of
from suffice.testing.live_world import BASELINE, CANDIDATE, Seen
from suffice.testing.rollout_world import simulated_start

BEGAN = datetime(2026, 11, 22, 7, 54, 39, tzinfo=UTC)
STORY = (
    (
        "started",
        (
            f"Started at 5 % of ticket-triage to {CANDIDATE}: 20261122-075435-605316 says Switch after "
            "400 pairs. Plan default; agreement of 95 % is held to be fine."
        ),
    ),
    ("advanced", "Moved to 25 %: 156 pairs >= 150 in 0 minutes, agreement 97.4 % (152 of 156)."),
    (
        "rolled_back",
        (
            f"Rolled back to {BASELINE}: agreement has fallen. Evidence 200,297 >= 182,500 (false "
            "alarms: at most one in 5 years on average) after 209 pairs; the latest 50: agreement "
            "76.0 % (38 of 50), fine is 95 %."
        ),
    ),
)
AGREEMENT = GuardRow(
    name="agreement (shadow)",
    now="92.3 % of 209",
    against="fine at 95 %",
    evidence="200,297 of 182,500",
    state="raised",
    value=200_297.0,
    limit=182_500.0,
    seen=209,
)
ROLLOUT = simulated_start()
VIEW = msgspec.structs.replace(
    view_of(
        ROLLOUT,
        wanted(ROLLOUT),
        set_share=0.0,
        served=Served(hours=0.1, conversations=123_456, at_candidate=23_456),
        money=Money(saved_usd=None, watching_usd="0"),
        now=BEGAN,
    ),
    type="ticket-triage",
    state=RolloutState.ROLLED_BACK,
    stage=2,
    stage_pairs=53,
    guards=(AGREEMENT,),
)


@pytest.fixture
def frame() -> Frame:
    """The last and longest one."""
    told = [
        RolloutEvent(
            at=BEGAN + timedelta(seconds=26 * place),
            type="ticket-triage",
            kind=kind,
            sentence=sentence,
            state=VIEW.state,
        )
        for place, (kind, sentence) in enumerate(STORY)
    ]
    return Frame(
        view=VIEW,
        events=tuple(Happened(place, 1, event) for place, event in enumerate(told)),
        seen=Seen(requests=98_765, by_model=Counter({BASELINE: 90_000, CANDIDATE: 8_765})),
        injected=Injected(BEGAN + timedelta(seconds=27), 0.97, 0.80),
    )


@pytest.mark.parametrize("unicode", [True, False])
def test_the_longest_frame_fits_the_smallest_terminal(frame: Frame, unicode: bool) -> None:
    lines = shown(frame, width=80, unicode=unicode)

    assert len(lines) <= 24
    assert all(len(line) <= 80 for line in lines)


def shown(frame: Frame, *, width: int, unicode: bool = True) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(drawn(frame, unicode=unicode))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_what_is_made_up_stands_above_and_the_injected_fall_in_the_story(frame: Frame) -> None:
    lines = shown(frame, width=120)

    assert lines[0].startswith("Simulated: both models, the traffic, and a fall")
    [moved, injected, back] = [line for line in lines if line.startswith("  07:5")][1:]
    assert "Moved to 25 %" in moved
    assert "INJECTED by this demo: from now on haiku-5-5 names the right label in 80" in injected
    assert "Rolled back" in back


def test_without_a_terminal_each_thing_is_told_once(
    frame: Frame, capsys: pytest.CaptureFixture[str]
) -> None:
    before = frame._replace(events=frame.events[:1], injected=None)

    with screen_for("text") as screen:
        screen.prepare("Comparing ...")
        for one in (before, before, frame, frame):
            screen.show(one)

    told = capsys.readouterr().err
    assert [told.count(word) for word in ("Comparing", "Started", "INJECTED", "Rolled")] == [1] * 4


def test_json_shows_nothing_on_the_way(frame: Frame, capsys: pytest.CaptureFixture[str]) -> None:
    with screen_for("json") as screen:
        screen.prepare("Comparing ...")
        screen.show(frame)

    assert capsys.readouterr() == ("", "")
