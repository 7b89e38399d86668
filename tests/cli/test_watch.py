"""`suffice watch`: a file that grows is watched, each case once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from suffice.adapters.storage.rollouts import Rollouts
from suffice.cli import main
from suffice.monitor import Start, start
from suffice.records.rollout import RolloutBasis
from suffice.records.rollout_evidence import ShadowPair

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
BEGAN = datetime.now(UTC) - timedelta(hours=1)
STORE = ".suffice/rollouts.sqlite"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    wish = Start(
        type="triage",
        baseline=OPUS,
        candidate=HAIKU,
        basis=RolloutBasis(run="r1", verdict="switch", pairs=412),
    )
    stepped = start(wish, now=BEGAN)
    with Rollouts.open(tmp_path / STORE) as store:
        store.begin(stepped.rollout, stepped.events, after=None)
    return tmp_path


def watch(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["watch", *arguments])


def add(path: Path, numbers: Iterable[int], *, agree: bool = True, **more: Any) -> None:
    """Append cases whose answers are one of two labels."""
    with path.open("a") as file:
        for number in numbers:
            said = "billing" if number % 3 else "refund"
            other = said if agree else ("refund" if said == "billing" else "billing")
            case = {
                "id": f"c{number}",
                "type": "triage",
                "request": {"messages": [{"role": "user", "content": f"mail {number}"}]},
                "outputs": {f"{OPUS}@A": said, HAIKU: other},
                **more,
            }
            file.write(json.dumps(case) + "\n")


def pairs() -> list[ShadowPair]:
    with Rollouts.open(Path(STORE), write=False) as store:
        return store.pairs("triage")


def test_what_was_there_first_is_not_counted_and_what_is_new_counts_once(here: Path) -> None:
    log = here / "cases.jsonl"
    add(log, range(60))

    first = watch("cases.jsonl")
    add(log, range(60, 100))
    second = watch("cases.jsonl")
    third = watch("cases.jsonl")

    assert "60 new pairs, 60 of them older than their rollout" in first.stderr
    assert "40 new pairs\n" in second.stderr
    assert "0 new pairs" in third.stderr
    counted = [pair for pair in pairs() if pair.at >= BEGAN]
    assert (len(pairs()), len(counted)) == (100, 40)
    assert {pair.score for pair in counted} == {1.0}


def test_cases_that_say_when_they_were_served_count_at_once(here: Path) -> None:
    log = here / "cases.jsonl"
    add(log, range(30), meta={"ts": (BEGAN + timedelta(minutes=1)).isoformat()})
    add(log, range(30, 50), meta={"ts": (BEGAN - timedelta(days=1)).timestamp()})

    watch("cases.jsonl")

    assert sum(pair.at >= BEGAN for pair in pairs()) == 30


def test_a_fall_in_the_log_takes_the_rollout_back(here: Path) -> None:
    log = here / "cases.jsonl"
    add(log, range(60))
    watch("cases.jsonl")
    add(log, range(60, 140), agree=False)

    result = watch("cases.jsonl", "--no-alerts")

    assert result.exit_code == 0, result.output
    assert "agreement has fallen" in result.stdout
    policy = json.loads(Path(".suffice/policy.json").read_text())
    assert policy["types"]["triage"]["share"] == 0.0


def test_a_session_counts_once(here: Path) -> None:
    log = here / "cases.jsonl"
    add(log, range(40))
    watch("cases.jsonl")
    add(log, range(40, 60), group="one customer")

    assert "1 new pair\n" in watch("cases.jsonl").stderr


def test_other_types_and_cases_one_model_did_not_answer_are_passed_over(here: Path) -> None:
    log = here / "cases.jsonl"
    add(log, range(5), type="mail")
    add(log, range(5, 9), outputs={OPUS: "billing"})

    assert "0 new pairs" in watch("cases.jsonl").stderr


def test_without_a_rollout_there_is_nothing_to_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cases.jsonl").write_text("")

    result = watch("cases.jsonl")

    assert (result.exit_code, "No type is rolled out" in result.output) == (1, True)


def test_a_store_that_fails_for_a_while_is_said_once_and_tried_again(here: Path) -> None:
    """
    A watch in a process of its own: its store goes away, comes back, and a fall is taken back.
    """
    log, store, real = here / "cases.jsonl", here / STORE, here / "real"
    add(log, range(60))
    # Behind a link it goes and comes back in one step, whatever is under way.
    real.mkdir()
    for file in list(store.parent.glob("rollouts.sqlite*")):
        file.rename(real / file.name)
    point(store, real / store.name)
    said, problems = here / "said.txt", here / "problems.txt"
    with said.open("wb") as out, problems.open("wb") as err:
        watching = subprocess.Popen(
            [sys.executable, "-m", "suffice", "watch", "cases.jsonl", "--every", "0.1"],
            stdout=out,
            stderr=err,
        )
    try:
        seconds_until(lambda: "60 new pairs" in problems.read_text())
        point(store, here)
        seconds_until(lambda: "SF601" in problems.read_text())
        add(log, range(60, 140), agree=False)
        time.sleep(0.5)
        point(store, real / store.name)
        seconds_until(lambda: "agreement has fallen" in said.read_text())
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(60) == 0
    finally:
        watching.kill()
        watching.wait()
    assert problems.read_text().count("SF601") == 1


def point(link: Path, target: Path) -> None:
    """Make a link point elsewhere, in one step."""
    new = link.with_name("new")
    new.symlink_to(target)
    new.replace(link)


def test_a_watch_that_cannot_begin_ends(here: Path) -> None:
    (here / STORE).unlink()
    add(here / "cases.jsonl", range(3))

    result = watch("cases.jsonl", "--every", "1")

    assert (result.exit_code, "No type is rolled out" in result.output) == (1, True)
    assert not (here / STORE).exists()


def test_a_watch_that_could_tell_nobody_ends_and_says_so(here: Path) -> None:
    (here / "suffice.toml").write_text('[alerts.t]\nkind = "slack"\nurl_env = "NOT_SET_HERE"\n')
    add(here / "cases.jsonl", range(3))

    result = watch("cases.jsonl", "--every", "1")

    assert (result.exit_code, "NOT_SET_HERE is not set" in result.output) == (2, True)


def seconds_until(holds: Callable[[], bool], *, most: float = 60.0) -> None:
    end = time.monotonic() + most
    while not holds():
        assert time.monotonic() < end, Path("problems.txt").read_text()
        time.sleep(0.05)
