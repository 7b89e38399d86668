"""A rollout before real processes, and what goes wrong beside it: no caller sees any of it."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from contextlib import closing, nullcontext
from typing import Any

import pytest

from suffice.testing.live_world import CANDIDATE, Traffic, when

# Many times what it takes on a machine that is free, and far less than where nobody takes it back.
_HARM = 500
_PROMPTLY_S = 8.0


def test_a_monitor_killed_in_the_second_stage_is_back_in_time_for_the_fall(live: Any) -> None:
    live.begin("--plan", "5/25/100", "--pairs", "8")
    log: list[dict[str, Any]] = []
    with live.gateway(log=log) as address, Traffic(live.world, address, per_second=60) as traffic:
        assert live.reaches(stage=1, pairs=1)
        os.kill(monitors(log)[0], signal.SIGKILL)
        live.fall(traffic, to=0.20)
        assert live.is_taken_back()

    assert len(monitors(log)) == 2
    # So few pairs end a stage here that it may be held before the alarm.
    assert [kind for kind in live.told if kind != "held"] == ["started", "advanced", "rolled_back"]
    assert live.policy_version == 3
    found = live.figures(traffic)
    assert found.caller_errors == 0
    assert found.bad_answers_served < _HARM
    assert found.seconds_to_last < _PROMPTLY_S


@pytest.mark.parametrize(
    "others_monitor",
    ["--monitor", pytest.param("--no-monitor", marks=pytest.mark.large)],
    ids=["a monitor each", "one monitor"],
)
def test_two_gateways_on_one_policy_decide_alike_and_both_go_back(
    live: Any, others_monitor: str
) -> None:
    live.begin("--plan", "25/100")
    elsewhere = ("--data", str(live.folder / "there"), others_monitor)
    with (
        live.gateway() as here,
        live.gateway(*elsewhere) as there,
        # The same conversations before both.
        Traffic(live.world, here, per_second=30, turns=2) as one,
        Traffic(live.world, there, per_second=30, turns=2) as other,
    ):
        assert live.reaches(pairs=1)
        assert (one.seen.moved, other.seen.moved) == (0, 0)
        live.fall(one, other, to=0.10)
        assert live.is_taken_back()
        both = list(one.seen.began_on.keys() & other.seen.began_on.keys())[:100]
        assert when(lambda: CANDIDATE not in served_lately(one, other), within_s=60)

    assert [one.seen.began_on[n] for n in both] == [other.seen.began_on[n] for n in both]
    assert live.told == ["started", "rolled_back"]
    assert live.policy_version == 2
    found = live.figures(one, other)
    assert found.caller_errors == 0
    # Each conversation is answered four times here, and makes one pair.
    assert found.bad_answers_served < 4 * _HARM
    assert found.seconds_to_last < _PROMPTLY_S


@pytest.mark.parametrize("monitors", [1, pytest.param(2, marks=pytest.mark.large)])
def test_a_candidate_that_begins_to_fail_is_taken_back_by_its_errors_and_no_caller_sees_one(
    live: Any, monitors: int
) -> None:
    live.begin("--plan", "25/100")
    short = ("--window", "2", "--every", "0.5")
    with (
        live.gateway("--no-monitor") as address,
        live.monitor(*short),
        live.monitor(*short) if monitors > 1 else nullcontext(),
        Traffic(live.world, address, per_second=60) as traffic,
    ):
        time.sleep(1)
        # Not so many that the gateway lets it rest after three in a row.
        live.world.candidate.errors = 0.3
        assert live.is_taken_back()

    assert live.told == ["started", "rolled_back"]
    assert "more sessions with an error on claude-haiku-5-5" in live.last_word
    assert live.figures(traffic).caller_errors == 0


def test_an_edited_prompt_voids_the_evidence_and_all_goes_back(live: Any) -> None:
    live.begin("--plan", "25/100")
    with (
        live.gateway() as address,
        Traffic(live.world, address, per_second=40) as traffic,
    ):
        assert live.reaches(pairs=1)
        assert live.told == ["started"]
        traffic.system += " Say it in German."
        assert live.is_taken_back()

    assert live.told == ["started", "rolled_back"]
    assert "prompt" in live.last_word
    assert live.figures(traffic).caller_errors == 0


def test_a_store_that_is_gone_for_a_while_is_missed_by_nobody_but_the_monitor(live: Any) -> None:
    live.begin("--plan", "25/100")
    log: list[dict[str, Any]] = []
    away = live.folder / "away"
    away.mkdir()
    with live.gateway(log=log) as address, Traffic(live.world, address, per_second=60) as traffic:
        assert live.reaches(pairs=1)
        for path in sorted(live.folder.glob("rollouts.sqlite*")):
            path.rename(away / path.name)
        assert when(lambda: any(line.get("code") == "SF601" for line in log), within_s=60)
        served = traffic.seen.by_model[CANDIDATE]
        assert when(lambda: traffic.seen.by_model[CANDIDATE] > served, within_s=60)
        # What belongs to the database first: it is one as soon as it has its name.
        for path in sorted(away.iterdir(), reverse=True):
            path.rename(live.folder / path.name)
        live.fall(traffic, to=0.40)
        assert live.is_taken_back()

    assert live.told == ["started", "rolled_back"]
    found = live.figures(traffic)
    assert found.caller_errors == 0
    assert found.bad_answers_served < _HARM


@pytest.mark.large
def test_a_store_that_is_locked_holds_up_the_monitor_and_nobody_else(live: Any) -> None:
    live.begin("--plan", "25/100")
    with live.gateway() as address, Traffic(live.world, address, per_second=40) as traffic:
        assert live.reaches(pairs=1)
        live.fall(traffic, to=0.40)
        with closing(sqlite3.connect(live.places.store, isolation_level=None)) as held:
            held.execute("BEGIN EXCLUSIVE")
            before = traffic.seen.requests
            # Longer than the monitor waits for it.
            time.sleep(7)
            assert traffic.seen.requests > before + 200
            held.execute("ROLLBACK")
        assert live.is_taken_back()

    assert live.told == ["started", "rolled_back"]
    found = live.figures(traffic)
    assert found.caller_errors == 0
    assert found.bad_answers_served < _HARM


def monitors(log: list[dict[str, Any]]) -> list[int]:
    """Of each monitor that began to watch, its process."""
    return [line["pid"] for line in list(log) if line["event"] == "watching"]


def served_lately(*callers: Traffic) -> set[str]:
    """The models that answered within the last second."""
    since = time.time() - 1
    return {
        model for traffic in callers for model, at in list(traffic.seen.last.items()) if at > since
    }
